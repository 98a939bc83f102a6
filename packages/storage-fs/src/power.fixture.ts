// Loss of power at every moment of a working day (FORMAT 10; statements J-14 to J-18, J-26, J-64), on the simulated disk. A small run
// belongs to every test run, a large one to `npm run test:long`.
import { appendTo, openEpoch, tickets } from '@sigillo/testing'
import { EVERYTHING, NOTHING } from '@sigillo/testing/node'
import { describe, expect, it } from 'vitest'
import {
  closingRequest,
  folderIn,
  fullDay,
  judge,
  newWorld,
  workDay,
  type Day,
  type Moment,
  type World,
} from './faults.fixture.js'

/** How much is explored. */
export interface PowerScale {
  /** Disks explored at each moment. */
  readonly disks: number
  /** Every n-th moment is followed by a second loss of power, … */
  readonly secondEvery: number
  /** … with this many disks first and second. */
  readonly secondDisks: number
  /** Bytes between two cuts of the last request. */
  readonly cutStep: number
  readonly seed: number
}

function after(world: World, disk: World['disk']): World {
  world.machine.reboot()
  return { ...world, disk }
}

async function faultsAt(current: Day, moment: Moment, most: number, seed: number): Promise<string[]> {
  const faults: string[] = []
  for (const disk of moment.disk.explore(most, seed)) {
    for (const fault of await judge(after(current.world, disk), moment.promised, current.offered))
      faults.push(`${moment.call}: ${fault}`)
  }
  return faults
}

/** The tests. */
export function powerSuite(scale: PowerScale): void {
  const { disks, secondEvery, secondDisks, cutStep, seed } = scale
  let shared: Promise<Day> | undefined
  const day = (): Promise<Day> => (shared ??= workDay(newWorld(), fullDay))

  describe('loss of power', () => {
    it('J-14 J-17 at every operation and for every explored subset of unsynced effects the folder opens with all that was acknowledged', async () => {
      const current = await day()
      expect(current.moments.length).toBeGreaterThan(60)
      const faults: string[] = []
      for (const [i, moment] of current.moments.entries()) faults.push(...(await faultsAt(current, moment, disks, seed + i)))
      expect(faults).toEqual([])
    })

    it('J-15 a second loss of power at any operation of the recovery loses nothing either', async () => {
      const current = await day()
      const faults: string[] = []
      let cuts = 0
      for (const [i, moment] of current.moments.entries()) {
        if (i % secondEvery !== 0 || !moment.promised.created) continue
        for (const disk of moment.disk.explore(secondDisks, seed + i)) {
          const during: World['disk'][] = []
          disk.onChange = () => void during.push(disk.copy())
          const world = after(current.world, disk)
          const writer = await (await folderIn(world)).openWriter()
          await writer.close({ clean: false })
          disk.onChange = undefined
          for (const second of during) {
            cuts += 1
            for (const again of second.explore(secondDisks, seed + cuts)) {
              for (const fault of await judge(after(world, again), moment.promised, current.offered))
                faults.push(`${moment.call}: ${fault}`)
            }
          }
        }
      }
      expect(cuts).toBeGreaterThan(20)
      expect(faults).toEqual([])
    })

    it('J-18 a process killed at any operation loses nothing acknowledged', async () => {
      const current = await day()
      const faults: string[] = []
      for (const { call, disk, promised } of current.moments) {
        // The page cache outlives a process.
        for (const fault of await judge(after(current.world, disk.copy()), promised, current.offered))
          faults.push(`${call}: ${fault}`)
      }
      expect(faults).toEqual([])
    })

    it('J-16 opening twice without writing gives the same head and hashes', async () => {
      const current = await day()
      for (const [i, { disk, promised }] of current.moments.entries()) {
        if (!promised.created) continue
        for (const left of disk.explore(2, i)) {
          const world = after(current.world, left)
          const heads: unknown[] = []
          for (let time = 0; time < 2; time++) {
            const writer = await (await folderIn(world)).openWriter()
            const { seq, hash } = await writer.head()
            heads.push({ seq, hash })
            await writer.close({ clean: false })
          }
          expect(heads[1]).toEqual(heads[0])
        }
      }
    })

    it('a folder that lost power can be continued, and keeps what is added', async () => {
      const current = await day()
      for (const [i, { disk, promised }] of current.moments.entries()) {
        if (!promised.created || i % 7 !== 0) continue
        const world = after(current.world, disk.afterPowerLoss(i % 2 === 0 ? NOTHING : EVERYTHING))
        const writer = await (await folderIn(world)).openWriter()
        const { seq } = await writer.head()
        const journal = current.journal.upTo(Number(seq) + 1)
        await openEpoch(journal, writer)
        await appendTo(journal, writer, tickets(`late-${i}`, 1))
        await writer.close({ clean: false })
        const lost = after(world, world.disk.afterPowerLoss(NOTHING))
        expect(await judge(lost, { created: true, records: journal.kept.length, blobs: [] }, journal.kept)).toEqual([])
      }
    })
  })

  describe('the end of the journal', () => {
    it('J-26 an intact record behind a hole in the same unsynced batch is not brought back', async () => {
      const world = newWorld()
      const current = await workDay(
        world,
        async (worker) => {
          await worker.create()
          await worker.open()
          await worker.append([
            { type: 'ticket', payload: { text: 'first '.repeat(400) }, ref: 'first' },
            ...tickets('behind', 3),
          ])
        },
        6,
      )
      const write = current.moments.findLast(({ call }) => call.includes('datasync')) as Moment
      // Everything of the batch reached the medium but its first blocks.
      let block = 0
      const holed = write.disk.afterPowerLoss({ ...EVERYTHING, block: () => block++ >= 2 })
      expect(await judge(after(world, holed), write.promised, current.offered)).toEqual([])
      const writer = await (await folderIn(after(world, holed))).openWriter()
      expect(Number((await writer.head()).seq) + 1).toBe(write.promised.records)
      expect(writer.adoption.dead?.bytes).toBeGreaterThan(2000)
      expect(await writer.byRef('behind-0')).toBeUndefined()
      await writer.close()
    })

    it('J-64 J-24 a request of several records cut after any byte is adopted whole or not at all, and nothing is shortened on disk', async () => {
      const world = newWorld()
      const current = await workDay(
        world,
        async (worker) => {
          await worker.create()
          await worker.open()
          await worker.append(tickets('a', 2))
          await worker.append(closingRequest(worker.journal, 'z-1', 2))
        },
        6,
      )
      const path = '/shop/queue/j-000000000001-00000002.jsonl'
      // The batch is written, and nothing after it has happened yet.
      const moment = current.moments.findLast(({ call }) => call.includes(`datasync ${path}`)) as Moment
      moment.disk.settle()
      const batch = current.offered.slice(-4)
      const { sizeBytes } = (await moment.disk.fileSystem.stat(path)) as { sizeBytes: number }
      const length = new TextEncoder().encode(
        batch.map(({ bodyText, payloadText, sig }) => bodyText + payloadText + sig).join(''),
      ).length
      const before = current.offered.length - batch.length
      let whole = 0
      for (let size = sizeBytes - 1; size > sizeBytes - length; size -= cutStep) {
        const disk = moment.disk.copy()
        disk.cut(path, size)
        const cut = after(world, disk)
        expect(await judge(cut, { created: true, records: before, blobs: [] }, current.offered)).toEqual([])
        const reader = await (await folderIn(cut)).openReader()
        const records = Number((await reader.head()).seq) + 1
        expect([before, current.offered.length]).toContain(records)
        if (records > before) whole += 1
        await reader.close()
        expect((await disk.fileSystem.stat(path))?.sizeBytes).toBe(size)
      }
      expect(whole).toBe(0)
    })
  })
}
