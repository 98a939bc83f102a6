// Reading the live files of one segment in the order of the lineage (FORMAT 10.1 to 10.3).
import type { FiscalError } from '@sigillo/core'
import { readFile } from './durable.js'
import { corrupt, type Damage } from './faults.js'
import type { Folder } from './folder.js'
import type { PlannedEpoch } from './lineage.js'
import { cutLines, intact, takeLines, wholeRequests, type Link, type Mark, type Owner } from './lines.js'
import { join, type LiveFile } from './paths.js'
import { LiveSegment, type Piece } from './segment.js'

/** One file of the plan: which records of it are taken. */
export interface PlannedFile extends LiveFile {
  readonly limit: number
  /** Hash of the record at the limit, where an opener names it. */
  readonly limitHash: string | undefined
  /** A file of the head epoch: it ends where it ends. Others must reach their limit. */
  readonly ofHead: boolean
}

/** What scanning a segment gave. */
export interface ScannedSegment {
  readonly segment: LiveSegment
  readonly marks: readonly Mark[]
  /** Epoch of the newest record. */
  readonly epoch: number
  /** Bytes of the head epoch after the last record taken, in this segment. */
  readonly rest: Rest | undefined
  /** Only when damage is tolerated: the first damage. */
  readonly damage: FiscalError | undefined
}

/** What remains of a file after the records taken from it. */
export interface Rest {
  readonly file: string
  readonly offset: number
  readonly bytes: Uint8Array
  /** First record that is not there, complete requests or not: what a proof of damage must exceed. */
  readonly firstBad: number
}

/** Files of the plan by segment, ascending. */
export function bySegment(folder: Folder, epochs: readonly PlannedEpoch[]): ReadonlyMap<number, readonly PlannedFile[]> {
  const segments = new Map<number, PlannedFile[]>()
  for (const [at, { epoch, files, limit, limitHash }] of epochs.entries()) {
    for (const file of files) {
      const first = file.first - (file.first % folder.segment)
      const last = first + folder.segment - 1
      const planned = {
        ...file,
        epoch,
        limit: Math.min(limit, last),
        limitHash: limit <= last ? limitHash : undefined,
        ofHead: at === epochs.length - 1,
      }
      const known = segments.get(first)
      if (known === undefined) segments.set(first, [planned])
      else known.push(planned)
    }
  }
  return new Map([...segments].sort(([a], [b]) => a - b))
}

/**
 * Reads the files of one segment.
 * @param lenient keep damaged lines at their places instead of stopping: for readers that report damage
 * @throws FiscalError JOURNAL_CORRUPT
 */
export async function scanSegment(
  folder: Folder,
  first: number,
  files: readonly PlannedFile[],
  before: Link,
  lenient: boolean,
): Promise<ScannedSegment> {
  const segment = new LiveSegment(first)
  const all: Mark[] = []
  let link = before
  let epoch = 0
  let rest: Rest | undefined
  let damage: FiscalError | undefined
  for (const file of files) {
    const bytes = (await readFile(folder.fs, join(folder.path, file.name))) ?? missing(file, link)
    const piece = segment.startPiece(file.name, file.epoch)
    piece.kept = bytes
    const owner = { queue: folder.queue, epoch: file.epoch }
    const taken = takeLines(bytes, owner, link, file.limit)
    const firstBad = link.seq + taken.marks.length + 1
    const whole = file.ofHead ? taken.marks.slice(0, wholeRequests(taken.marks)) : taken.marks
    segment.take(whole, bytes)
    all.push(...whole)
    if (whole.length > 0) epoch = file.epoch
    const last = whole.at(-1)
    if (last !== undefined) link = { seq: last.seq, hash: last.hash }
    if (file.ofHead) rest = { file: file.name, offset: piece.end, bytes: bytes.subarray(piece.end), firstBad }
    const fault = faultOf(file, taken.marks, taken.brokenRequest, taken.end, firstBad)
    if (fault === undefined) continue
    if (!lenient) throw fault
    damage ??= fault
    if (file.ofHead) continue
    keepLines(segment, bytes, file.limit)
    segment.skipTo(file.limit + 1)
    link = { seq: file.limit, hash: file.limitHash }
  }
  return { segment, marks: all, epoch, rest, damage }
}

function missing(file: PlannedFile, link: Link): never {
  // Read again from a fresh list: the file may have been sealed meanwhile.
  throw Object.assign(new Error(`${file.name} is gone; record ${link.seq + 1} was expected in it`), { code: 'ENOENT' })
}

function faultOf(
  file: PlannedFile,
  marks: readonly Mark[],
  broken: number | undefined,
  offset: number,
  firstBad: number,
): FiscalError | undefined {
  const last = marks.at(-1)
  const at = (bad: number, provenBy?: number): Damage => ({
    file: file.name,
    offset,
    firstBad: bad,
    ...(provenBy !== undefined && { provenBy }),
  })
  if (broken !== undefined) return corrupt(at(broken), `the request before record ${broken} is incomplete`)
  if (file.ofHead) return undefined
  if (firstBad <= file.limit) return corrupt(at(firstBad, file.limit + 1), `record ${firstBad} was durable and cannot be read`)
  if (file.limitHash !== undefined && last?.hash !== file.limitHash) {
    return corrupt(at(file.limit, file.limit + 1), `record ${file.limit} is not the one that was continued`)
  }
  return undefined
}

/**
 * Adds lines as they stand, up to record `limit`, to the newest piece of a segment: damaged lines keep their places, so that what
 * follows them is read and they can be reported.
 */
export function keepLines(segment: LiveSegment, bytes: Uint8Array, limit: number): void {
  const from = (segment.pieces.at(-1) as Piece).end
  for (const { seq, end } of cutLines(bytes, segment.next, from)) {
    if (seq > limit) break
    segment.skipTo(seq)
    segment.extend([end], bytes.subarray((segment.pieces.at(-1) as Piece).end, Math.min(end + 1, bytes.length)))
  }
}

/** The newest record that is intact among the lines of a region, or undefined. */
export function newestIntact(bytes: Uint8Array, owner: Owner, first: number, from: number): Mark | undefined {
  let newest: Mark | undefined
  for (const { seq, start, end } of cutLines(bytes, first, from)) {
    const record = end < bytes.length ? intact(bytes.subarray(start, end), owner) : undefined
    if (record?.body.seq !== seq) continue
    const { base, more, prev, type, ref } = record.body
    newest = { seq, end, base, more: more ?? 0, hash: record.hash, prev, type, ref }
  }
  return newest
}
