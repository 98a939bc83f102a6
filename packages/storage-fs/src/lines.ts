// Reading bytes of a live file: which lines are intact, which of them come next, and whether what remains was ever durable
// (FORMAT 10.2, 10.3). Pure; the bytes may hold anything.
import { parseLine, type ParsedLine } from '@sigillo/core'

const LF = 0x0a
/** Most records a stretch of damage is assumed to hide: a segment's. */
const MAX_GAP = 65_536
/** What every line begins with. */
const OPENING: Uint8Array = new TextEncoder().encode('{"body":{')

/** What is kept of a line that was taken. */
export interface Mark {
  readonly seq: number
  /** Offset of the line feed. */
  readonly end: number
  readonly base: number
  readonly more: number
  readonly hash: string
  readonly prev: string
  readonly type: string
  readonly ref: string | undefined
}

/** Whose file it is. */
export interface Owner {
  readonly queue: string
  readonly epoch: number
}

/** The record before; its hash may be unknown when it lies in a file that is not read. */
export interface Link {
  readonly seq: number
  readonly hash: string | undefined
}

/** Lines taken from the beginning of a file. */
export interface Taken {
  readonly marks: readonly Mark[]
  /** Offset behind the last line taken. */
  readonly end: number
  /** First record whose `more` is not followed by what it announces, although records follow. */
  readonly brokenRequest: number | undefined
}

/** Takes lines while they are intact and next, up to record `limit`. */
export function takeLines(
  bytes: Uint8Array,
  owner: Owner,
  after: Link,
  limit: number = Number.POSITIVE_INFINITY,
  from = 0,
): Taken {
  const marks: Mark[] = []
  let last: Link = after
  let start = from
  let brokenRequest: number | undefined
  let owed = 0
  let base = -1
  while (last.seq < limit) {
    const end = bytes.indexOf(LF, start)
    if (end < 0) break
    const record = intact(bytes.subarray(start, end), owner)
    if (record === undefined || record.body.seq !== last.seq + 1) break
    if (last.hash !== undefined && record.body.prev !== last.hash) break
    const more = record.body.more ?? 0
    if (owed > 0 && (more !== owed - 1 || record.body.base !== base)) brokenRequest ??= record.body.seq
    owed = more
    base = record.body.base
    marks.push(markOf(record, end))
    last = { seq: record.body.seq, hash: record.hash }
    start = end + 1
  }
  return { marks, end: start, brokenRequest }
}

function markOf({ body, hash }: ParsedLine, end: number): Mark {
  const { seq, base, more, prev, type, ref } = body
  return { seq, end, base, more: more ?? 0, hash, prev, type, ref }
}

/** The record in a line (no line feed) when it is intact: canonical, hash and payload right, of this queue and epoch. */
export function intact(line: Uint8Array, owner: Owner): ParsedLine | undefined {
  const record = parseLine(line)
  if (record === undefined || record.hash !== record.recomputedHash || !record.payloadMatches) return undefined
  return record.body.queue === owner.queue && record.body.epoch === owner.epoch ? record : undefined
}

/**
 * An intact record with `base` above `firstBad`, anywhere in the bytes: proof that record `firstBad` was durable and is now damaged.
 * Every place where a line could begin is tried, because a hole may have swallowed a line feed.
 */
export function proofOfDurability(bytes: Uint8Array, owner: Owner, firstBad: number): number | undefined {
  for (let at = indexOfBytes(bytes, OPENING, 0); at >= 0; at = indexOfBytes(bytes, OPENING, at + 1)) {
    const end = bytes.indexOf(LF, at)
    if (end < 0) return undefined
    const record = intact(bytes.subarray(at, end), owner)
    if (record !== undefined && record.body.base > firstBad) return record.body.seq
  }
  return undefined
}

function indexOfBytes(bytes: Uint8Array, wanted: Uint8Array, from: number): number {
  // Uint8Array has no search for a sequence; Buffer's is native (a view, no copy).
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).indexOf(wanted, from)
}

/** How many of the marks stand when an incomplete request at the end is left out (FORMAT 10.3, whole requests). */
export function wholeRequests(marks: readonly Mark[]): number {
  let count = marks.length
  while (count > 0 && (marks[count - 1] as Mark).more > 0) count -= 1
  return count
}

/** A line of a region in which lines cannot all be trusted, at its place in the journal. */
export interface PlacedLine {
  readonly seq: number
  readonly start: number
  readonly end: number
}

/**
 * Cuts bytes into numbered lines, damaged ones included, for readers that report damage. A line without a readable number takes the
 * next one; a number further on leaves a gap; a smaller one (a repeated line) is left in front of the next line. Where a line feed was
 * lost, lines are told apart by how they begin.
 */
export function* cutLines(bytes: Uint8Array, first: number, from = 0, to: number = bytes.length): Generator<PlacedLine> {
  let seq = first
  let start = from
  for (let at = from; at < to;) {
    const feed = bytes.indexOf(LF, at)
    const end = feed < 0 || feed >= to ? to : feed
    const stated = statedSeq(bytes, at)
    at = end + 1
    if (stated !== undefined && stated < seq) continue
    if (stated !== undefined && stated - seq < MAX_GAP) seq = stated
    for (const next of swallowedLines(bytes, start, end, seq, to)) {
      yield { seq, start, end: next - 1 }
      seq += 1
      start = next
    }
    yield { seq, start, end }
    seq += 1
    start = at
  }
}

// Beginnings of lines whose line feed before them is lost: only looked for when the numbers around show that some are.
function swallowedLines(bytes: Uint8Array, start: number, end: number, seq: number, to: number): number[] {
  const following = end + 1 < to ? statedSeq(bytes, end + 1) : undefined
  const lost = following === undefined ? MAX_GAP : following - seq - 1
  return lost > 0 && lost <= MAX_GAP ? beginnings(bytes, start + 1, end, seq + 1, seq + lost) : []
}

// Places inside one stretch where records `from` … `to` begin, in order.
function beginnings(bytes: Uint8Array, start: number, end: number, from: number, to: number): number[] {
  const found: number[] = []
  for (let at = indexOfBytes(bytes, OPENING, start); at >= 0 && at < end; at = indexOfBytes(bytes, OPENING, at + 1)) {
    if (from + found.length <= to && statedSeq(bytes, at) === from + found.length) found.push(at)
  }
  return found
}

// The number a line names, without judging the line.
function statedSeq(bytes: Uint8Array, start: number): number | undefined {
  const head = Buffer.from(bytes.buffer, bytes.byteOffset + start, Math.min(2048, bytes.length - start)).toString('latin1')
  const found = head.startsWith('{"body":{') ? /"seq":(\d{1,15}),/.exec(head) : null
  return found === null ? undefined : Number(found[1])
}
