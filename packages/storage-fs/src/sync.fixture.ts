// Failing writes and syncs, one after the other (FORMAT 9.2, 9.3, 16.1; statements J-19 to J-23), on the simulated disk. `violations…`
// functions say what went wrong, so that tests of deliberate defects can ask the same.
import { isFiscalError, type SealedRecord } from '@sigillo/core'
import { fillSegment, openEpoch, tickets } from '@sigillo/testing'
import { NOTHING, type DiskCall, type DiskFault } from '@sigillo/testing/node'
import {
  closingRequest,
  folderIn,
  fullDay,
  judge,
  newWorld,
  PLACE,
  workDay,
  type Promised,
  type Worker,
  type World,
} from './faults.fixture.js'

/** A day that was stopped by a failure, and the record of it. */
export interface StoppedDay {
  readonly world: World
  readonly offered: readonly SealedRecord[]
  readonly promised: Promised
  /** The failure as the caller saw it; undefined when the day went through. */
  readonly error: unknown
  /** Calls after the one that failed, before anybody reopened. */
  readonly callsAfter: readonly DiskCall[]
  readonly failed: DiskCall | undefined
  readonly worker: Worker | undefined
}

/** Works a day until a failure stops it. Records sealed for a refused batch count as offered: all or a prefix of them may be there. */
export async function dayWith(
  fault: DiskFault | undefined,
  steps: (worker: Worker) => Promise<void> = fullDay,
  change: Partial<World> = {},
): Promise<StoppedDay> {
  const world = newWorld(change)
  if (fault !== undefined) world.disk.fail(fault)
  let worker: Worker | undefined
  let error: unknown
  const { offered, promised } = await workDay(world, async (hand) => {
    worker = hand
    await steps(hand).catch((caught: unknown) => (error = caught))
  })
  const at = world.disk.trace.findIndex(({ failed }) => failed !== undefined)
  world.disk.heal()
  return {
    world,
    offered,
    promised,
    error,
    failed: world.disk.trace[at],
    callsAfter: at < 0 ? [] : world.disk.trace.slice(at + 1),
    worker,
  }
}

/** Whether what follows a stopped day is as it must be: nothing promised is lost, now and after a loss of power. */
export async function violationsAfter({ world, offered, promised, worker }: StoppedDay): Promise<string[]> {
  const faults: string[] = []
  await worker?.end(false).catch(() => undefined)
  world.machine.reboot()
  // Over the warm page cache, as a restarted process finds it; judge then cuts the power and looks again.
  for (const fault of await judge({ ...world, disk: world.disk.copy() }, promised, offered)) faults.push(`warm: ${fault}`)
  for (const disk of world.disk.explore(3, 1)) {
    for (const fault of await judge({ ...world, disk }, promised, offered)) faults.push(`cold: ${fault}`)
  }
  return faults
}

/** J-20: syncs of the file whose sync had failed, before anybody reopened. */
export function syncsAgain({ failed, callsAfter }: StoppedDay): number {
  return callsAfter.filter(({ operation, path }) => path === failed?.path && (operation === 'datasync' || operation === 'sync'))
    .length
}

/** Numbers of calls of these operations in an undisturbed day, on files of these names. */
export async function countCalls(
  operation: DiskFault['operation'],
  path: RegExp,
  steps: (worker: Worker) => Promise<void> = fullDay,
): Promise<number> {
  const { world } = await workDay(newWorld(), steps)
  const wanted = [operation].flat()
  return world.disk.trace.filter((call) => wanted.includes(call.operation) && path.test(call.path)).length
}

/** J-23: every acknowledgement and the calls that had to come before it; the list names those that had not. */
export async function orderViolations(change: Partial<World> = {}): Promise<string[]> {
  const faults: string[] = []
  const world = newWorld(change)
  await workDay(
    world,
    async (worker) => {
      await worker.create()
      await worker.open()
      for (let i = 0; i < 6; i++) {
        const from = world.disk.trace.length
        await worker.append(tickets(`n${i}`, 1))
        faults.push(...missingBefore(world.disk.trace.slice(from), `batch ${i}`))
      }
      await worker.end(true)
      const from = world.disk.trace.length
      await worker.open()
      faults.push(...missingBefore(world.disk.trace.slice(from), 'opening'))
      await worker.end(true)
    },
    2,
  )
  return faults
}

// What happened between asking for a batch and its acknowledgement.
function missingBefore(calls: readonly DiskCall[], what: string): string[] {
  const journal = /\/j-\d+-\d+\.jsonl$/
  const created = calls.findIndex(({ operation, path }) => operation === 'create' && journal.test(path))
  const written = calls.findLastIndex(({ operation, path }) => operation === 'write' && journal.test(path))
  const synced = calls.findIndex(
    ({ operation, path }, i) => i > written && operation === 'datasync' && path === calls[written]?.path,
  )
  const named = calls.findIndex(({ operation, path }, i) => i > created && operation === 'syncDirectory' && path === PLACE)
  const fenced = calls.findIndex(({ operation, path }, i) => i > synced && operation === 'stat' && /\/claims\/\d+$/.test(path))
  const faults: string[] = []
  if (written < 0) faults.push(`${what}: acknowledged without a write`)
  if (synced < 0) faults.push(`${what}: acknowledged before the sync that covers it`)
  if (created >= 0 && named < 0) faults.push(`${what}: acknowledged in a new file before the sync of its directory`)
  if (fenced < 0) faults.push(`${what}: acknowledged without looking for a later writer after the sync`)
  return faults
}

/** The code of a failed append, or what else it was. */
export function codeOf(error: unknown): string {
  return isFiscalError(error) ? error.code : String(error)
}

/** Opens a folder that a failure stopped, as the same process does, and writes a closing. */
export async function closingAfter(
  day: StoppedDay,
  records: readonly SealedRecord[],
): Promise<{ readonly reason: string; readonly emergency: boolean }> {
  const journal = day.worker?.journal.upTo(1)
  if (journal === undefined) throw new Error('the day did not begin')
  journal.keep(records.slice(1))
  const writer = await (await folderIn(day.world)).openWriter({ afterWriteError: true })
  await openEpoch(journal, writer)
  const request = 3
  const left = (): number => 2 ** writer.segBits - (journal.kept.length % 2 ** writer.segBits)
  if (left() <= request) await fillSegment(journal, writer, 'rest', 1)
  const batch = await journal.seal(Number(writer.adoption.epoch), closingRequest(journal, 'z-last', 1))
  await writer.append(journal.head(), batch)
  journal.keep(batch)
  const { reason } = writer.adoption
  const emergency = writer.emergency()
  await writer.close({ clean: false })
  const lost = { ...day.world, disk: day.world.disk.afterPowerLoss(NOTHING) }
  day.world.machine.reboot()
  const faults = await judge(lost, { created: true, records: journal.kept.length, blobs: [] }, journal.kept)
  if (faults.length > 0) throw new Error(faults.join('; '))
  return { reason, emergency }
}
