// Deliberate defects (statement J-29) and the questions that must find each of them. A defect sits in a file system put over the real
// calls where it can; the two in the reading of bytes are exchanged text in a copy of the package.
import { appendTo, openEpoch, tickets } from '@sigillo/testing'
import type { FileSystem, OpenFile } from './file-system.js'
import { folderIn, fullDay, judge, newWorld, PLACE, workDay, type Spoil, type World } from './faults.fixture.js'
import { dayWith, orderViolations, syncsAgain, violationsAfter } from './sync.fixture.js'
import type { Patch } from './bundle.fixture.js'

function withFiles(spoil: (file: OpenFile, path: string, mode: string) => Partial<OpenFile>): Spoil {
  return (fs) => ({
    ...fs,
    open: async (path, mode) => {
      const file = await fs.open(path, mode)
      // Methods of the file live on its class: bind what is not replaced.
      const whole: OpenFile = {
        writeNow: (bytes) => file.writeNow(bytes),
        write: (bytes) => file.write(bytes),
        writeAt: (bytes, position) => file.writeAt(bytes, position),
        read: (into, position) => file.read(into, position),
        readNow: (into, position) => file.readNow(into, position),
        datasync: () => file.datasync(),
        sync: () => file.sync(),
        sizeBytes: () => file.sizeBytes(),
        close: () => file.close(),
      }
      return { ...whole, ...spoil(whole, path, mode) }
    },
  })
}

/** One defect. */
export interface Defect {
  readonly name: string
  /** The question of {@link QUESTIONS} meant for it; others may find it too. */
  readonly foundBy: string
  readonly spoil?: Spoil
  readonly patches?: readonly Patch[]
}

/** The defects of J-29, in its order. */
export const DEFECTS: readonly Defect[] = [
  {
    name: 'acknowledge before the sync',
    foundBy: 'order of calls',
    spoil: withFiles((file) => ({
      datasync: () =>
        void setTimeout(() => {
          try {
            void file.datasync()
          } catch {
            // Nobody listens any more.
          }
        }, 0),
    })),
  },
  { name: 'no data sync', foundBy: 'loss of power', spoil: withFiles(() => ({ datasync: () => undefined })) },
  {
    name: 'no directory sync for a new file',
    foundBy: 'order of calls',
    spoil: (fs) => ({ ...fs, syncDirectory: (path) => (path === PLACE ? Promise.resolve() : fs.syncDirectory(path)) }),
  },
  {
    name: 'queue.json renamed unsynced',
    foundBy: 'loss of power',
    spoil: withFiles((file, path) => ({ sync: () => (path.endsWith('/queue.json') ? Promise.resolve() : file.sync()) })),
  },
  {
    name: 'the adopted end is not written again',
    foundBy: 'failed syncs',
    spoil: withFiles(() => ({ writeAt: async (bytes) => bytes.length })),
  },
  {
    name: 'a failed sync is tried again',
    foundBy: 'failed syncs',
    spoil: withFiles((file) => ({
      datasync: () => {
        try {
          return file.datasync()
        } catch {
          return file.datasync()
        }
      },
    })),
  },
  {
    name: 'the hash is not checked',
    foundBy: 'damage',
    patches: [{ file: 'lines.ts', from: ' || record.hash !== record.recomputedHash || !record.payloadMatches', to: '' }],
  },
  {
    name: 'the rule of `base` is off',
    foundBy: 'damage',
    patches: [{ file: 'lines.ts', from: 'record.body.base > firstBad', to: 'record.body.base < -1' }],
  },
  { name: 'the fence is not looked at', foundBy: 'a stale writer', spoil: blindToOthers },
  {
    name: 'the written count is ignored',
    foundBy: 'short writes',
    spoil: withFiles((file) => ({ writeNow: (bytes) => (file.writeNow(bytes), bytes.length) })),
  },
]

// Sees no claim above those this process has made itself.
function blindToOthers(fs: FileSystem): FileSystem {
  let own = 0
  return {
    ...fs,
    open: (path, mode) => {
      const claim = /\/claims\/(\d+)$/.exec(path)
      if (claim !== null && mode === 'create') own = Math.max(own, Number(claim[1]))
      return fs.open(path, mode)
    },
    existsNow: (path) => fs.existsNow(path) && !(Number(/\/claims\/(\d+)$/.exec(path)?.[1] ?? 0) > own),
    listNow: (directory) => fs.listNow(directory).filter((name) => !directory.endsWith('/claims') || Number(name) <= own),
  }
}

type Change = Partial<World>

/** Questions about a storage; each answers with the violations it saw. */
export const QUESTIONS: Readonly<Record<string, (change: Change) => Promise<readonly string[]>>> = {
  'loss of power': powerViolations,
  'order of calls': orderViolations,
  'failed syncs': syncViolations,
  'short writes': shortWriteViolations,
  'a stale writer': staleViolations,
  damage: damageViolations,
}

async function powerViolations(change: Change): Promise<string[]> {
  const day = await workDay(newWorld(change), fullDay)
  const faults: string[] = []
  for (const [i, { disk, promised, call }] of day.moments.entries()) {
    // Every third moment is enough to see a defect; power.faults.test.ts looks at all of them.
    if (i % 3 !== 0) continue
    for (const left of disk.explore(2, i)) {
      day.world.machine.reboot()
      for (const fault of await judge({ ...day.world, disk: left }, promised, day.offered)) faults.push(`${call}: ${fault}`)
    }
  }
  return faults
}

async function syncViolations(change: Change): Promise<string[]> {
  const faults: string[] = []
  for (let nth = 1; nth <= 6; nth++) {
    const day = await dayWith({ operation: 'datasync', path: /\/j-[^/]+$/, nth }, fullDay, change)
    if (syncsAgain(day) > 0) faults.push(`sync ${nth} was tried again`)
    faults.push(...(await violationsAfter(day)))
  }
  return faults
}

async function shortWriteViolations(change: Change): Promise<string[]> {
  const faults: string[] = []
  for (let nth = 2; nth <= 4; nth++) {
    faults.push(
      ...(await violationsAfter(
        await dayWith({ operation: 'write', path: /\/j-[^/]+$/, nth, bytes: 300, errno: 'none' }, fullDay, change),
      )),
    )
  }
  return faults
}

// A writer that was paused while another took over must not acknowledge what the other does not have.
async function staleViolations(change: Change): Promise<string[]> {
  const world = newWorld(change)
  const faults: string[] = []
  await workDay(world, async (worker) => {
    await worker.create()
    await worker.open()
    await worker.append(tickets('a', 2))
    const stale = worker.writer
    const heir = await (await folderIn(world)).openWriter({ takeover: true })
    const late = await worker.journal.seal(Number(stale.adoption.epoch), tickets('late', 1))
    const answered = await stale.append(worker.journal.head(), late).then(
      () => true,
      () => false,
    )
    await openEpoch(worker.journal, heir)
    await appendTo(worker.journal, heir, tickets('heir', 1))
    if (answered && (await heir.byRef('late-0')) === undefined) faults.push('a fenced writer acknowledged a record that is lost')
    await heir.close({ clean: false })
    await stale.close({ clean: false })
  })
  return faults
}

// A changed letter in any record that a later batch proves durable stops the opening, and names the record.
async function damageViolations(change: Change): Promise<string[]> {
  const world = newWorld(change)
  const faults: string[] = []
  const day = await workDay(
    world,
    async (worker) => {
      await worker.create()
      await worker.open()
      for (let i = 0; i < 3; i++) await worker.append(tickets(`n${i}`, 2))
      await worker.end(false)
    },
    6,
  )
  const path = `${PLACE}/j-000000000001-00000002.jsonl`
  const { sizeBytes } = (await world.disk.fileSystem.stat(path)) as { sizeBytes: number }
  const bytes = new Uint8Array(sizeBytes)
  await (await world.disk.fileSystem.open(path, 'read')).read(bytes, 0)
  const text = new TextDecoder('latin1').decode(bytes)
  // The last batch is the gap of FORMAT 10.3 that nothing can close from inside.
  for (const { body } of day.offered.filter((record) => record.body.epoch === 2 && record.body.seq < day.offered.length - 2)) {
    const start = text
      .split('\n')
      .slice(0, body.seq - 1)
      .join('\n').length
    const disk = world.disk.copy()
    disk.damage(path, text.indexOf('"payload":{', start) + 14)
    world.machine.reboot()
    const found = await (await folderIn({ ...world, disk })).openWriter().then(
      () => 'opened',
      (error: { code?: string; details?: { firstBad?: number } }) => `${error.code} ${error.details?.firstBad}`,
    )
    if (found !== `JOURNAL_CORRUPT ${body.seq}`) faults.push(`record ${body.seq} was changed: ${found}`)
  }
  return faults
}
