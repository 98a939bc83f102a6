// Finding the adopted history of a folder (FORMAT 10.1 to 10.3): what is sealed, which epochs follow, where the newest record is, and
// whether what lies behind it is dead or damaged. Reads the newest segment and nothing before it but one line.
import { parseLine, sha256Stream, type FiscalError } from '@sigillo/core'
import { readCatalog, type Catalog } from './catalog.js'
import { readFile, readRange } from './durable.js'
import { corrupt, isMissing } from './faults.js'
import type { Folder } from './folder.js'
import { planLineage, type Plan, type SealedEnd } from './lineage.js'
import { proofOfDurability, type Mark } from './lines.js'
import { join, sealedName } from './paths.js'
import { bySegment, keepLines, newestIntact, scanSegment, type PlannedFile, type Rest, type ScannedSegment } from './scan.js'
import type { LiveSegment } from './segment.js'

/** The newest record of a history. */
export interface HistoryHead {
  readonly seq: number
  readonly hash: string
  readonly epoch: number
  /** First record of its batch: all before it were durable when it was written. */
  readonly base: number
}

/** The adopted history, as far as opening must know it. */
export interface History {
  readonly catalog: Catalog
  /** First numbers of sealed segments, ascending. */
  readonly sealed: readonly number[]
  readonly head: HistoryHead
  /** The newest live segment, when there is one. */
  readonly tail: LiveSegment | undefined
  readonly marks: readonly Mark[]
  /** Complete live segments before it, not read yet. */
  readonly unread: ReadonlyMap<number, readonly PlannedFile[]>
  /** Ignored bytes after the head. */
  readonly dead: { readonly bytes: number; readonly sha256: string } | null
  /** Where they lie. */
  readonly behind: readonly { readonly file: string; readonly offset: number }[]
  /** Only when damage is tolerated: what would stop a writer. */
  readonly damage: FiscalError | undefined
}

/** Tries when files are sealed and removed while they are read. */
const TRIES = 20

/**
 * Loads the history.
 * @param lenient report damage in the result instead of stopping, for readers
 * @throws FiscalError JOURNAL_CORRUPT
 */
export async function loadHistory(folder: Folder, lenient = false): Promise<History> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await loadOnce(folder, lenient)
    } catch (error) {
      // Sealing beside us removes live files it has copied; the next list shows the sealed one.
      if (!isMissing(error) || attempt === TRIES) throw error
    }
  }
}

async function loadOnce(folder: Folder, lenient: boolean): Promise<History> {
  const catalog = await readCatalog(folder.fs, folder.path)
  const { sealed, end } = await sealedPart(folder, catalog)
  const plan = await planLineage(folder, catalog.live, end)
  const segments = bySegment(folder, plan.epochs)
  const { scanned, rests, unread } = await newestSegment(folder, segments, end, lenient)
  const head = headOf(scanned, end)
  if (head === undefined)
    throw corrupt({ file: catalog.live[0]?.name ?? '', offset: 0, firstBad: 0 }, 'the journal has no first record')
  const headEpoch = plan.epochs.at(-1)?.epoch ?? head.epoch
  const damage = scanned?.damage ?? damageIn(folder, rests, headEpoch) ?? (await damageInUnopened(folder, plan, head))
  if (damage !== undefined && !lenient) throw damage
  const found = { catalog, sealed, unread, damage, tail: scanned?.segment, marks: scanned?.marks ?? [] }
  if (damage !== undefined) {
    const newest = keepRest(folder, scanned, rests, headEpoch) ?? (await keepUnopened(folder, scanned, plan)) ?? head
    return { ...found, head: newest, dead: null, behind: [] }
  }
  const behind = [
    ...rests.filter(({ bytes }) => bytes.length > 0).map(({ file, offset }) => ({ file, offset })),
    ...plan.unopened.flatMap(({ files }) => files.map(({ name }) => ({ file: name, offset: 0 }))),
  ]
  return { ...found, head, dead: await deadAfter(folder, rests, plan), behind }
}

// The sealed segments in use. One whose end cannot be read is passed over while its live files still exist (a crash between renaming
// and removing them); otherwise it is damage.
async function sealedPart(folder: Folder, catalog: Catalog): Promise<{ sealed: readonly number[]; end: SealedEnd | undefined }> {
  const sealed = [...catalog.sealed]
  for (let first = sealed.at(-1); first !== undefined; first = sealed.at(-1)) {
    const end = await readSealedEnd(folder, first)
    if (end !== undefined) return { sealed, end }
    const start = first
    if (!catalog.live.some((file) => file.first >= start && file.first < start + folder.segment)) {
      throw corrupt(
        { file: sealedName(first), offset: 0, firstBad: first + folder.segment - 1 },
        'the end of a sealed segment cannot be read',
      )
    }
    sealed.pop()
  }
  return { sealed, end: undefined }
}

async function readSealedEnd(folder: Folder, first: number): Promise<SealedEnd | undefined> {
  const file = await folder.fs.open(join(folder.path, sealedName(first)), 'read')
  try {
    const size = await file.sizeBytes()
    for (let length = 16 * 1024; ; length *= 8) {
      const bytes = await readRange(file, Math.max(0, size - length), size)
      if (bytes.at(-1) !== 0x0a) return undefined
      const feed = bytes.lastIndexOf(0x0a, bytes.length - 2)
      if (feed < 0 && length < size) continue
      const record = parseLine(bytes.subarray(feed + 1, -1))
      const sound = record !== undefined && record.hash === record.recomputedHash && record.body.queue === folder.queue
      if (!sound || record.body.seq !== first + folder.segment - 1) return undefined
      return { seq: record.body.seq, hash: record.hash, epoch: record.body.epoch }
    }
  } finally {
    await file.close()
  }
}

interface Newest {
  readonly scanned: ScannedSegment | undefined
  /** Bytes of the head epoch behind the head, oldest first. */
  readonly rests: readonly Rest[]
  readonly unread: ReadonlyMap<number, readonly PlannedFile[]>
}

// From the newest segment backwards until one holds a record: a new file may exist before its first batch is complete.
async function newestSegment(
  folder: Folder,
  segments: ReadonlyMap<number, readonly PlannedFile[]>,
  end: SealedEnd | undefined,
  lenient: boolean,
): Promise<Newest> {
  const rests: Rest[] = []
  const unread = new Map(segments)
  for (const [first, files] of [...segments].reverse()) {
    unread.delete(first)
    const hash = end?.seq === first - 1 ? end.hash : undefined
    const scanned = await scanSegment(folder, first, files, { seq: first - 1, hash }, lenient)
    if (scanned.rest !== undefined) rests.unshift(scanned.rest)
    if (scanned.marks.length > 0) return { scanned, rests, unread }
  }
  return { scanned: undefined, rests, unread }
}

function headOf(scanned: ScannedSegment | undefined, end: SealedEnd | undefined): HistoryHead | undefined {
  const last = scanned?.marks.at(-1)
  if (last === undefined || scanned === undefined) return end === undefined ? undefined : { ...end, base: end.seq + 1 }
  return { seq: last.seq, hash: last.hash, epoch: scanned.epoch, base: last.base }
}

function damageIn(folder: Folder, rests: readonly Rest[], epoch: number): FiscalError | undefined {
  const firstBad = rests[0]?.firstBad
  for (const { bytes } of rests) {
    const provenBy = firstBad === undefined ? undefined : proofOfDurability(bytes, { queue: folder.queue, epoch }, firstBad)
    if (provenBy === undefined) continue
    const { file, offset } = rests[0] as Rest
    return corrupt({ file, offset, firstBad: firstBad as number, provenBy }, `record ${firstBad} was durable and cannot be read`)
  }
  return undefined
}

// An epoch's first record stands alone in its batch. When it cannot be read but a later one of its epoch can, it was durable.
async function damageInUnopened(folder: Folder, plan: Plan, head: HistoryHead): Promise<FiscalError | undefined> {
  for (const { epoch, files } of plan.unopened) {
    for (const { name } of files) {
      const bytes = (await readFile(folder.fs, join(folder.path, name))) ?? new Uint8Array()
      const provenBy = proofOfDurability(bytes, { queue: folder.queue, epoch }, -1)
      if (provenBy === undefined) continue
      const first = files[0] as (typeof files)[number]
      const firstBad = Math.max(first.first, head.seq + 1)
      return corrupt({ file: first.name, offset: 0, firstBad, provenBy }, `the first record of epoch ${epoch} cannot be read`)
    }
  }
  return undefined
}

// For readers of a damaged end: lines up to the newest intact one, damaged ones at their places.
function keepRest(
  folder: Folder,
  scanned: ScannedSegment | undefined,
  rests: readonly Rest[],
  epoch: number,
): HistoryHead | undefined {
  const rest = rests[0]
  const bytes = scanned?.segment.pieces.at(-1)?.kept
  if (scanned === undefined || rest === undefined || bytes === undefined) return undefined
  const newest = newestIntact(bytes, { queue: folder.queue, epoch }, scanned.segment.next, rest.offset)
  if (newest === undefined) return undefined
  keepLines(scanned.segment, bytes, newest.seq)
  return { seq: newest.seq, hash: newest.hash, epoch, base: newest.base }
}

// The same for an epoch whose first record is damaged.
async function keepUnopened(folder: Folder, scanned: ScannedSegment | undefined, plan: Plan): Promise<HistoryHead | undefined> {
  for (const { epoch, files } of [...plan.unopened].reverse()) {
    const file = files[0]
    if (scanned === undefined || file === undefined || file.first !== scanned.segment.next) continue
    const bytes = (await readFile(folder.fs, join(folder.path, file.name))) ?? new Uint8Array()
    const newest = newestIntact(bytes, { queue: folder.queue, epoch }, file.first, 0)
    if (newest === undefined) continue
    scanned.segment.startPiece(file.name, epoch).kept = bytes
    keepLines(scanned.segment, bytes, newest.seq)
    return { seq: newest.seq, hash: newest.hash, epoch, base: newest.base }
  }
  return undefined
}

async function deadAfter(folder: Folder, rests: readonly Rest[], plan: Plan): Promise<History['dead']> {
  const digest = sha256Stream()
  let bytes = 0
  const add = (part: Uint8Array): void => {
    bytes += part.length
    digest.update(part)
  }
  for (const rest of rests) add(rest.bytes)
  for (const { files } of plan.unopened) {
    for (const { name } of files) add((await readFile(folder.fs, join(folder.path, name))) ?? new Uint8Array())
  }
  return bytes === 0 ? null : { bytes, sha256: digest.hex() }
}
