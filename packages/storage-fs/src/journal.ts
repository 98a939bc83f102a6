// Reading the adopted history: lines by number from sealed segments and live files (FORMAT 8, 12), as ranges, one by one, or in the
// large chunks that verification wants. Bytes are given as they are stored; judging them is the reader's work.
import { FiscalError, type PurgedBeginning, type StoredLine } from '@sigillo/core'
import { readFile, readRange } from './durable.js'
import { corrupt, isMissing } from './faults.js'
import type { OpenFile } from './file-system.js'
import { segmentOf, type Folder } from './folder.js'
import type { History } from './history.js'
import { cutLines } from './lines.js'
import { join, sealedName } from './paths.js'
import { keepLines, scanSegment, type PlannedFile } from './scan.js'
import { readOffsets, type Offsets } from './sealed-index.js'
import type { LinePlace, LiveSegment } from './segment.js'

const CHUNK_BYTES: number = 1024 * 1024
/** From this many lines of a sealed segment on it is read in one go. */
const WHOLE_FROM_LINES = 64
const INDEXES_KEPT = 8

/** Whole lines of the journal in order, as verification takes them. */
export interface Chunk {
  readonly bytes: Uint8Array
  readonly file: string
  /** Offset of the first byte in its file. */
  readonly offset: number
}

/** What a purge has left of the beginning. */
export interface Purged {
  readonly floor: number
  readonly kept: ReadonlyMap<number, Uint8Array>
}

/** The history of one folder, growing at its end. */
export class Journal {
  readonly folder: Folder
  /** First record that was not purged. */
  floor: number
  /** Lines that stayed of the records below. */
  kept: ReadonlyMap<number, Uint8Array>
  head: { seq: number; hash: string }
  readonly #lenient: boolean
  #sealed: Set<number>
  #live: Map<number, LiveSegment>
  #unread: Map<number, readonly PlannedFile[]>
  readonly #offsets = new Map<number, Offsets>()

  constructor(folder: Folder, history: History, purged: Purged, lenient: boolean) {
    this.folder = folder
    this.floor = purged.floor
    this.kept = purged.kept
    this.head = { seq: history.head.seq, hash: history.head.hash }
    this.#lenient = lenient
    this.#sealed = new Set(history.sealed)
    this.#live = new Map(history.tail === undefined ? [] : [[history.tail.first, history.tail]])
    this.#unread = new Map(history.unread)
  }

  /** First numbers of the segments not sealed yet, ascending. */
  liveFirsts(): readonly number[] {
    return [...new Set([...this.#unread.keys(), ...this.#live.keys()])].sort((a, b) => a - b)
  }

  /** First numbers of sealed segments, ascending. */
  sealedFirsts(): readonly number[] {
    return [...this.#sealed].sort((a, b) => a - b)
  }

  isSealed(first: number): boolean {
    return this.#sealed.has(first)
  }

  /** The live segment with this first number, read if it was not. */
  async live(first: number): Promise<LiveSegment | undefined> {
    const files = this.#unread.get(first)
    if (files === undefined) return this.#live.get(first)
    const before = { seq: first - 1, hash: undefined }
    const { segment } = await scanSegment(this.folder, first, files, before, this.#lenient)
    // Later segments were begun only after this one was durable in full.
    const piece = segment.pieces.at(-1)
    if (segment.next !== first + this.folder.segment) {
      if (!this.#lenient || piece?.kept === undefined) {
        const damage = { file: piece?.file ?? '', offset: piece?.end ?? 0, firstBad: segment.next }
        throw corrupt(damage, `record ${segment.next} was durable and cannot be read`)
      }
      keepLines(segment, piece.kept, first + this.folder.segment - 1)
    }
    this.#live.set(first, segment)
    this.#unread.delete(first)
    return segment
  }

  /** Adds a segment the writer begins. */
  addLive(segment: LiveSegment): void {
    this.#live.set(segment.first, segment)
  }

  /** A segment lies in its sealed file from now on. */
  becameSealed(first: number, offsets: Offsets): void {
    this.#sealed.add(first)
    this.#live.delete(first)
    this.#keep(first, offsets)
  }

  /** A sealed segment was written anew with other lengths. */
  changedSealed(first: number): void {
    this.#offsets.delete(first)
  }

  removedSealed(first: number): void {
    this.#sealed.delete(first)
    this.#offsets.delete(first)
  }

  /** Lets go of what opening kept in memory. */
  letGo(): void {
    for (const segment of this.#live.values()) segment.letGo()
  }

  /**
   * Lines `from` … `to`, both included, ascending, without a gap.
   * @throws FiscalError RECORD_PURGED, JOURNAL_CORRUPT at the position
   */
  async *lines(from: number, to: number): AsyncGenerator<StoredLine> {
    if (from < this.floor && from <= to) {
      const kept = from === to ? this.kept.get(from) : undefined
      if (kept === undefined) throw purgedError(from, this.floor)
      yield { seq: BigInt(from), line: kept.slice() }
      return
    }
    for (let seq = from; seq <= to;) {
      const first = segmentOf(this.folder, seq)
      const last = Math.min(to, first + this.folder.segment - 1)
      const wasLive = !this.#sealed.has(first)
      try {
        for await (const line of this.#linesOf(first, seq, last)) {
          if (line.seq !== BigInt(seq)) throw unreadable(this.#nameOf(first), seq)
          yield line
          seq += 1
        }
      } catch (error) {
        if (!wasLive || !(await this.#sealedSince(first, error))) throw error
        continue
      }
      if (seq <= last) throw unreadable(this.#nameOf(first), seq)
    }
  }

  // A live file that is gone was sealed since we began to read it, by this writer or by the one beside us: the same bytes now lie in the
  // sealed file.
  async #sealedSince(first: number, error: unknown): Promise<boolean> {
    if (!isMissing(error)) return false
    if (this.#sealed.has(first)) return true
    if ((await this.folder.fs.stat(join(this.folder.path, sealedName(first)))) === undefined) return false
    this.#sealed.add(first)
    this.#live.delete(first)
    this.#unread.delete(first)
    return true
  }

  /** One line, or undefined when the history does not reach it or it was purged. A few purged ones are kept. */
  async line(seq: number): Promise<Uint8Array | undefined> {
    if (seq < this.floor) return this.kept.get(seq)?.slice()
    if (seq > this.head.seq) return undefined
    for await (const { line } of this.lines(seq, seq)) return line
    return undefined
  }

  /** What a purge has left; undefined when nothing was purged. */
  purged(): PurgedBeginning | undefined {
    if (this.floor === 0) return undefined
    const kept = [...this.kept].filter(([seq]) => seq < this.floor).sort(([a], [b]) => a - b)
    return { floor: BigInt(this.floor), kept: kept.map(([seq, line]) => ({ seq: BigInt(seq), line: line.slice() })) }
  }

  #nameOf(first: number): string {
    return this.#sealed.has(first) ? sealedName(first) : (this.#live.get(first)?.pieces.at(-1)?.file ?? sealedName(first))
  }

  async *#linesOf(first: number, from: number, to: number): AsyncGenerator<StoredLine> {
    if (this.#sealed.has(first)) {
      yield* to - from + 1 >= WHOLE_FROM_LINES ? this.#wholeSealed(first, from, to) : this.#pointsSealed(first, from, to)
      return
    }
    const segment = await this.live(first)
    if (segment !== undefined) yield* this.#liveLines(segment, from, to)
  }

  async *#liveLines(segment: LiveSegment, from: number, to: number): AsyncGenerator<StoredLine> {
    for (let seq = from; seq <= to;) {
      const run: LinePlace[] = []
      for (let bytes = 0; seq + run.length <= to && bytes < CHUNK_BYTES;) {
        const place = segment.place(seq + run.length)
        if (place === undefined || place.file !== (run[0] ?? place).file) break
        run.push(place)
        bytes += place.end - place.start
      }
      const [start, end] = [run[0]?.start, run.at(-1)?.end]
      if (start === undefined || end === undefined) return
      const bytes = await this.#bytesOf(run[0] as LinePlace, start, end)
      for (const place of run) yield { seq: BigInt(seq++), line: bytes.subarray(place.start - start, place.end - start) }
    }
  }

  async #bytesOf(place: LinePlace, start: number, end: number): Promise<Uint8Array> {
    if (place.kept !== undefined) return place.kept.slice(start, end)
    return this.#withFile(place.file, (file) => readRange(file, start, end))
  }

  async *#wholeSealed(first: number, from: number, to: number): AsyncGenerator<StoredLine> {
    const bytes = await readFile(this.folder.fs, join(this.folder.path, sealedName(first)))
    if (bytes === undefined) throw unreadable(sealedName(first), from)
    for (const { seq, start, end } of cutLines(bytes, first)) {
      if (seq > to) return
      if (seq >= from) yield { seq: BigInt(seq), line: bytes.subarray(start, end) }
    }
  }

  async *#pointsSealed(first: number, from: number, to: number): AsyncGenerator<StoredLine> {
    const name = sealedName(first)
    const found = await this.#withFile(name, async (file) => {
      const offsets = await this.#offsetsOf(first, await file.sizeBytes())
      if (offsets === undefined) return undefined
      const [start, end] = [offsets[from - first] as number, offsets[to - first + 1] as number]
      // One byte before shows that the place is a beginning; the last byte of each line must be a line feed.
      const lead = start === 0 ? 0 : 1
      const bytes = await readRange(file, start - lead, end)
      const lines: StoredLine[] = []
      for (let seq = from; seq <= to; seq++) {
        const [a, b] = [offsets[seq - first] as number, offsets[seq - first + 1] as number].map((at) => at - start + lead) as [
          number,
          number,
        ]
        if (bytes[b - 1] !== 0x0a || (a > 0 && bytes[a - 1] !== 0x0a)) return undefined
        lines.push({ seq: BigInt(seq), line: bytes.subarray(a, b - 1) })
      }
      return lines
    })
    if (found === undefined) yield* this.#wholeSealed(first, from, to)
    else yield* found
  }

  async #offsetsOf(first: number, sizeBytes: number): Promise<Offsets | undefined> {
    const known = this.#offsets.get(first)
    if (known?.at(-1) === sizeBytes) return known
    const read = await readOffsets(this.folder, first, sizeBytes)
    if (read !== undefined) this.#keep(first, read)
    return read
  }

  #keep(first: number, offsets: Offsets): void {
    this.#offsets.delete(first)
    this.#offsets.set(first, offsets)
    const oldest = this.#offsets.keys().next()
    if (this.#offsets.size > INDEXES_KEPT && oldest.done !== true) this.#offsets.delete(oldest.value)
  }

  async #withFile<T>(name: string, work: (file: OpenFile) => Promise<T>): Promise<T> {
    const file = await this.folder.fs.open(join(this.folder.path, name), 'read')
    try {
      return await work(file)
    } finally {
      await file.close()
    }
  }

  /** Large chunks of whole lines from record `from` to the head, damaged ones included; each holds until the next is asked for. */
  async *chunks(from: number): AsyncGenerator<Chunk> {
    const room = new Uint8Array(CHUNK_BYTES)
    for (let first = segmentOf(this.folder, Math.max(from, this.floor)); first <= this.head.seq; first += this.folder.segment) {
      if (this.#sealed.has(first)) yield* this.#chunksOfSealed(first, from, room)
      else yield* this.#chunksOfLive(first, from, room)
    }
  }

  async *#chunksOfSealed(first: number, from: number, room: Uint8Array): AsyncGenerator<Chunk> {
    yield* this.#chunksOfFile(sealedName(first), await this.#startIn(first, from), undefined, room)
  }

  async *#chunksOfLive(first: number, from: number, room: Uint8Array): AsyncGenerator<Chunk> {
    const segment = await this.live(first)
    for (const [at, piece] of segment?.pieces.entries() ?? []) {
      const next = segment?.pieces[at + 1]?.first ?? segment?.next ?? 0
      if (from >= next) continue
      const start = from > piece.first ? (segment?.place(from)?.start ?? 0) : 0
      try {
        yield* this.#chunksOfFile(piece.file, start, piece.end, room)
      } catch (error) {
        // Only opening a file finds it gone, so nothing of this piece was given yet.
        if (!(await this.#sealedSince(first, error))) throw error
        yield* this.#chunksOfSealed(first, Math.max(from, piece.first), room)
        return
      }
    }
  }

  async #startIn(first: number, from: number): Promise<number> {
    if (from <= first) return 0
    return this.#withFile(
      sealedName(first),
      async (file) => (await this.#offsetsOf(first, await file.sizeBytes()))?.[from - first] ?? 0,
    )
  }

  async *#chunksOfFile(name: string, start: number, end: number | undefined, room: Uint8Array): AsyncGenerator<Chunk> {
    const file = await this.folder.fs.open(join(this.folder.path, name), 'read')
    try {
      const last = end ?? (await file.sizeBytes())
      for (let at = start; at < last;) {
        const bytes = await wholeLines(file, at, last, room)
        yield { bytes, file: name, offset: at }
        at += bytes.length
      }
    } finally {
      await file.close()
    }
  }
}

// About a megabyte that ends with a line feed, or more when a line is longer, or the end of the region.
async function wholeLines(file: OpenFile, start: number, end: number, room: Uint8Array): Promise<Uint8Array> {
  for (let size = CHUNK_BYTES; ; size *= 4) {
    const bytes = await readRange(file, start, Math.min(end, start + size), room)
    const feed = bytes.lastIndexOf(0x0a)
    if (feed >= 0 && start + bytes.length < end) return bytes.subarray(0, feed + 1)
    if (start + bytes.length >= end || bytes.length < size) return bytes
  }
}

function purgedError(seq: number, floor: number): FiscalError {
  return new FiscalError('RECORD_PURGED', {
    message: `record ${seq} was archived and purged; records from ${floor} on are here`,
    details: { seq, floor },
  })
}

function unreadable(file: string, seq: number): FiscalError {
  return corrupt({ file, offset: 0, firstBad: seq }, `record ${seq} cannot be found`)
}
