// Keeping the runs of references few (FORMAT 12; docs/adr, "reference runs"): each sealed segment brings one, and a run is merged with
// the one before it until that is four times as long. A miss then costs two or three block reads (measured: 3 µs each).
import { isFenced } from './claim.js'
import { removeFile, writeWhole } from './durable.js'
import type { Folder } from './folder.js'
import { ensureDirectory } from './blobs.js'
import { join, REFS, runName, temporaryName } from './paths.js'
import type { RefIndex } from './refs.js'
import { compareEntries, Run, RunWriter, type Entry } from './run.js'

/** How much longer than the next one a run must be to be left alone. */
const RATIO = 4
/** Entries merged before other work gets its turn. */
const SLICE = 2000
const PART_BYTES: number = 256 * 1024

const otherWork = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** Writes a run that only memory holds. Gives the run that reads from the file. */
export async function saveRun(folder: Folder, run: Run, epoch: number): Promise<Run> {
  const { first, last } = run.facts
  return placeRun(folder, runName(first, last), epoch, async function* () {
    yield* run.unsaved ?? []
  })
}

/** Saves what is only in memory and merges neighbours of like length. */
export async function tidyRuns(folder: Folder, refs: RefIndex, epoch: number): Promise<void> {
  for (const run of await refs.runs()) {
    if (run.unsaved !== undefined) refs.exchange([run], await saveRun(folder, run, epoch))
  }
  for (let pair = pairOf(await refs.runs()); pair !== undefined; pair = pairOf(await refs.runs())) {
    if (isFenced(folder, epoch)) return
    const merged = await mergeRuns(folder, refs, pair, epoch)
    if (merged === undefined) return
    refs.exchange(pair, merged)
    for (const run of pair) {
      await run.close()
      await removeFile(folder.fs, join(folder.path, REFS, runName(run.facts.first, run.facts.last)))
    }
  }
}

// The newest two neighbours of which the older is not long enough.
function pairOf(runs: readonly Run[]): [Run, Run] | undefined {
  const length = ({ facts }: Run): number => facts.last + 1 - facts.first
  for (let at = runs.length - 2; at >= 0; at--) {
    const [older, newer] = [runs[at] as Run, runs[at + 1] as Run]
    if (length(older) < RATIO * length(newer)) return [older, newer]
  }
  return undefined
}

class DamagedRun extends Error {
  readonly run: Run
  constructor(run: Run) {
    super('a run of references is damaged')
    this.run = run
  }
}

async function mergeRuns(folder: Folder, refs: RefIndex, [older, newer]: [Run, Run], epoch: number): Promise<Run | undefined> {
  const facts = { first: older.facts.first, last: newer.facts.last, hash: newer.facts.hash }
  try {
    return await placeRun(folder, runName(facts.first, facts.last), epoch, async function* () {
      const writer = new RunWriter(facts)
      let count = 0
      for (const entry of mergedEntries(older, newer)) {
        const block = writer.add(entry)
        if (block !== undefined) yield block
        if (++count % SLICE === 0) await otherWork()
      }
      yield* writer.finish()
    })
  } catch (error) {
    if (!(error instanceof DamagedRun)) throw error
    await refs.replace(error.run)
    return undefined
  }
}

// Entries of both in order. @throws DamagedRun
function* mergedEntries(older: Run, newer: Run): Generator<Entry> {
  const [left, right] = [older.entries(), newer.entries()]
  let [a, b] = [left.next(), right.next()]
  while (a.done !== true || b.done !== true) {
    if (a.done !== true && a.value === undefined) throw new DamagedRun(older)
    if (b.done !== true && b.value === undefined) throw new DamagedRun(newer)
    const takeLeft = b.done === true || (a.done !== true && compareEntries(a.value as Entry, b.value as Entry) <= 0)
    yield (takeLeft ? a.value : b.value) as Entry
    if (takeLeft) a = left.next()
    else b = right.next()
  }
}

// Runs are synced although they can be rebuilt: rebuilding one of a million references takes the reading of a million records.
async function placeRun(folder: Folder, name: string, epoch: number, parts: () => AsyncGenerator<Uint8Array>): Promise<Run> {
  const { fs, path } = folder
  await ensureDirectory(folder, REFS)
  const directory = join(path, REFS)
  const temporary = join(directory, temporaryName(name, epoch))
  await removeFile(fs, temporary)
  try {
    await writeParts(folder, temporary, parts())
    await fs.rename(temporary, join(directory, name))
  } catch (error) {
    await removeFile(fs, temporary).catch(() => undefined)
    throw error
  }
  await fs.syncDirectory(directory)
  const file = await fs.open(join(directory, name), 'read')
  const run = await Run.open(file)
  if (run !== undefined) return run
  await file.close()
  throw new Error(`${name} cannot be read back`)
}

async function writeParts(folder: Folder, path: string, parts: AsyncGenerator<Uint8Array>): Promise<void> {
  const file = await folder.fs.open(path, 'create')
  try {
    let waiting: Uint8Array[] = []
    let size = 0
    for await (const part of parts) {
      waiting.push(part)
      size += part.length
      if (size < PART_BYTES) continue
      await writeWhole(file, Buffer.concat(waiting))
      waiting = []
      size = 0
    }
    if (size > 0) await writeWhole(file, Buffer.concat(waiting))
    await file.datasync()
  } finally {
    await file.close()
  }
}
