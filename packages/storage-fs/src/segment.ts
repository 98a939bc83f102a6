// A segment whose records still lie in live files: which bytes of which files are its adopted records, and where each line is.
import { sha256Stream } from '@sigillo/core'
import type { Mark } from './lines.js'

/** The adopted part of one live file: its bytes from 0 to `end`. */
export class Piece {
  readonly file: string
  readonly epoch: number
  readonly first: number
  /** Bytes adopted. */
  end = 0
  /** The whole file as opening read it; let go when the queue is open. */
  kept: Uint8Array | undefined
  readonly #digest: ReturnType<typeof sha256Stream> = sha256Stream()
  #hex: string | undefined

  constructor(file: string, epoch: number, first: number) {
    this.file = file
    this.epoch = epoch
    this.first = first
  }

  /** Adopts the bytes after those adopted so far. */
  extend(bytes: Uint8Array): void {
    this.end += bytes.length
    this.#digest.update(bytes)
  }

  /** Digest of the adopted bytes: sealing knows by it that it copies what was adopted. Nothing can be added afterwards. */
  digest(): string {
    this.#hex ??= this.#digest.hex()
    return this.#hex
  }
}

/** Where a line lies. */
export interface LinePlace {
  readonly file: string
  readonly start: number
  /** Offset of its line feed. */
  readonly end: number
  readonly kept: Uint8Array | undefined
}

/** The records of one live segment, from its first number on, without a gap. */
export class LiveSegment {
  readonly first: number
  readonly pieces: Piece[] = []
  readonly #ends: number[] = []

  constructor(first: number) {
    this.first = first
  }

  /** Number after the newest record. */
  get next(): number {
    return this.first + this.#ends.length
  }

  /** Adds a file. Its records follow those added so far. */
  startPiece(file: string, epoch: number): Piece {
    const piece = new Piece(file, epoch, this.next)
    this.pieces.push(piece)
    return piece
  }

  /** Adds records to the newest file: offsets of their line feeds, and the bytes from the piece's end to the last of them. */
  extend(ends: readonly number[], bytes: Uint8Array): void {
    const piece = this.pieces.at(-1) as Piece
    for (const end of ends) this.#ends.push(end)
    piece.extend(bytes)
  }

  /** Adds a batch behind the newest file's records; offsets count from its first byte. */
  append(ends: readonly number[], bytes: Uint8Array): void {
    const { end: start } = this.pieces.at(-1) as Piece
    this.extend(
      ends.map((end) => start + end),
      bytes,
    )
  }

  /** Leaves out records that are lost, up to but not including `seq`: they have no place. */
  skipTo(seq: number): void {
    const end = (this.pieces.at(-1) as Piece).end - 1
    while (this.next < seq) this.#ends.push(end)
  }

  /** Adds lines taken from a file that was read. */
  take(marks: readonly Mark[], bytes: Uint8Array): void {
    const piece = this.pieces.at(-1) as Piece
    const last = marks.at(-1)
    if (last === undefined) return
    this.extend(
      marks.map(({ end }) => end),
      bytes.subarray(piece.end, last.end + 1),
    )
  }

  place(seq: number): LinePlace | undefined {
    const end = this.#ends[seq - this.first]
    if (end === undefined) return undefined
    const piece = this.pieces.findLast(({ first }) => first <= seq) as Piece
    const start = seq === piece.first ? 0 : (this.#ends[seq - this.first - 1] as number) + 1
    if (end < start) return undefined
    return { file: piece.file, start, end, kept: piece.kept }
  }

  /** Lengths of all lines, line feeds included, in order. */
  lengths(): number[] {
    const lengths: number[] = []
    for (let seq = this.first; seq < this.next; seq++) {
      const place = this.place(seq)
      lengths.push(place === undefined ? 0 : place.end + 1 - place.start)
    }
    return lengths
  }

  letGo(): void {
    for (const piece of this.pieces) piece.kept = undefined
  }
}
