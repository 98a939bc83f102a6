// One sorted run of references (FORMAT 12): entries of 16 bytes, the first 8 bytes of SHA-256(ref) and the number as 8 bytes, in
// blocks of 1 KiB. Each block ends with a digest of itself, because a bit lost in an index would be a sale made twice; a guide of first
// keys at the end finds the block, so that a lookup reads one (measured: 3 µs).
import { canonical, fromUtf8, parseCanonical, sha256Hex, utf8, type JsonObject } from '@sigillo/core'
import { readRange } from './durable.js'
import type { OpenFile } from './file-system.js'

const ENTRY = 16
const BLOCK = 1024
/** Entries of a block; the last 16 bytes are its digest. */
export const PER_BLOCK = 63
const TRAILER_BYTES = 512

/** The key of a reference: two halves of 32 bits, because a comparison of numbers costs less than one of bigints. */
export interface Key {
  readonly high: number
  readonly low: number
}

/** One reference. */
export interface Entry extends Key {
  readonly seq: number
}

export function keyOf(ref: string): Key {
  const hex = sha256Hex(ref)
  return { high: Number.parseInt(hex.slice(0, 8), 16), low: Number.parseInt(hex.slice(8, 16), 16) }
}

/** Order of entries: by key, then number. */
export function compareEntries(a: Entry, b: Entry): number {
  return a.high - b.high || a.low - b.low || a.seq - b.seq
}

/** Which records a run speaks of, and the last of them. */
export interface RunFacts {
  readonly first: number
  readonly last: number
  readonly hash: string
}

/** Builds the bytes of a run block by block, from entries in order. */
export class RunWriter {
  readonly #facts: RunFacts
  readonly #guide: number[] = []
  #block: Uint8Array = new Uint8Array(BLOCK)
  #filled = 0
  #entries = 0

  constructor(facts: RunFacts) {
    this.#facts = facts
  }

  /** Adds an entry; gives a finished block when one is full. */
  add({ high, low, seq }: Entry): Uint8Array | undefined {
    if (this.#filled === 0) this.#guide.push(high, low)
    const view = new DataView(this.#block.buffer)
    const at = this.#filled * ENTRY
    view.setUint32(at, high)
    view.setUint32(at + 4, low)
    view.setUint32(at + 8, Math.floor(seq / 2 ** 32))
    view.setUint32(at + 12, seq >>> 0)
    this.#filled += 1
    this.#entries += 1
    return this.#filled === PER_BLOCK ? this.#finishBlock() : undefined
  }

  #finishBlock(): Uint8Array {
    const block = this.#block
    const digest = blockDigest(block, this.#guide.length / 2 - 1, this.#facts)
    for (let i = 0; i < 16; i++) block[BLOCK - 16 + i] = Number.parseInt(digest.slice(i * 2, i * 2 + 2), 16)
    this.#block = new Uint8Array(BLOCK)
    this.#filled = 0
    return block
  }

  /** What follows the last full block: the last one, the guide and the trailer. */
  finish(): readonly Uint8Array[] {
    const block = this.#filled > 0 ? [this.#finishBlock()] : []
    const guide = new Uint8Array(this.#guide.length * 4)
    const view = new DataView(guide.buffer)
    for (const [at, half] of this.#guide.entries()) view.setUint32(at * 4, half)
    const facts = { ...this.#facts, digest: sha256Hex(guide), entries: this.#entries }
    const trailer = utf8(`${canonical(facts).padEnd(TRAILER_BYTES - 1)}\n`)
    return [...block, guide, trailer]
  }
}

// The place and the run stand in the digest, so that a block that strayed is not taken for another.
function blockDigest(block: Uint8Array, number: number, { first, last }: Pick<RunFacts, 'first' | 'last'>): string {
  const bytes = block.slice()
  const view = new DataView(bytes.buffer)
  view.setUint32(BLOCK - 16, number)
  view.setFloat64(BLOCK - 12, first)
  view.setUint32(BLOCK - 4, last >>> 0)
  return sha256Hex(bytes).slice(0, 32)
}

/** A run whose guide has been read and found good. */
export class Run {
  readonly facts: RunFacts & { readonly entries: number }
  /** Its bytes while no file holds them. */
  readonly unsaved: readonly Uint8Array[] | undefined
  readonly #source: Pick<OpenFile, 'readNow' | 'close'>
  readonly #guide: DataView
  readonly #block: Uint8Array = new Uint8Array(BLOCK)

  private constructor(
    source: Pick<OpenFile, 'readNow' | 'close'>,
    facts: RunFacts & { readonly entries: number },
    guide: Uint8Array,
    unsaved?: readonly Uint8Array[],
  ) {
    this.#source = source
    this.unsaved = unsaved
    this.facts = facts
    this.#guide = new DataView(guide.buffer, guide.byteOffset, guide.length)
  }

  /** Reads the guide; undefined when the run is damaged. The run keeps the file open. */
  static async open(file: OpenFile): Promise<Run | undefined> {
    const size = await file.sizeBytes()
    const facts = factsIn(await readRange(file, Math.max(0, size - TRAILER_BYTES), size))
    if (facts === undefined) return undefined
    const blocks = Math.ceil(facts.entries / PER_BLOCK)
    if (size !== blocks * (BLOCK + 8) + TRAILER_BYTES) return undefined
    const guide = await readRange(file, blocks * BLOCK, blocks * (BLOCK + 8))
    return sha256Hex(guide) === facts.digest ? new Run(file, facts, guide) : undefined
  }

  /** A run in memory, for readers that may not write and while the file is being made. */
  static of(parts: readonly Uint8Array[]): Run {
    const size = parts.reduce((sum, part) => sum + part.length, 0)
    const bytes = new Uint8Array(size)
    let at = 0
    for (const part of parts) {
      bytes.set(part, at)
      at += part.length
    }
    const facts = factsIn(bytes.subarray(size - TRAILER_BYTES)) as RunFacts & { entries: number }
    const blocks = Math.ceil(facts.entries / PER_BLOCK)
    const source = {
      readNow: (into: Uint8Array, position: number) => {
        into.set(bytes.subarray(position, position + into.length))
        return into.length
      },
      close: () => Promise.resolve(),
    }
    return new Run(source, facts, bytes.subarray(blocks * BLOCK, blocks * (BLOCK + 8)), parts)
  }

  /** Numbers filed under a key, nearly always none or one. Undefined when a block is damaged: the run must be rebuilt. */
  find(key: Key): readonly number[] | undefined {
    const found: number[] = []
    for (let number = this.#blockBefore(key); number < this.#blocks; number++) {
      if (number >= 0) {
        const block = this.#read(number)
        if (block === undefined) return undefined
        this.#collect(block, number, key, found)
      }
      if (number + 1 < this.#blocks && this.#compareGuide(number + 1, key) > 0) break
    }
    return found
  }

  /** Every entry in order. Undefined in place of an entry marks damage; nothing follows it. */
  *entries(): Generator<Entry | undefined> {
    for (let number = 0; number < this.#blocks; number++) {
      const bytes = this.#read(number)
      if (bytes === undefined) {
        yield undefined
        return
      }
      // A copy: a lookup may use the block's memory between two entries.
      const block = new DataView(bytes.slice().buffer)
      for (let at = 0; at < this.#entriesOf(number); at++) yield entryAt(block, at)
    }
  }

  close(): Promise<void> {
    return this.#source.close()
  }

  get #blocks(): number {
    return this.#guide.byteLength / 8
  }

  #entriesOf(block: number): number {
    return Math.min(PER_BLOCK, this.facts.entries - block * PER_BLOCK)
  }

  // The last block whose first key is below the wanted one: an equal first key may have begun in the block before.
  #blockBefore(key: Key): number {
    let low = 0
    let high = this.#blocks
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.#compareGuide(middle, key) < 0) low = middle + 1
      else high = middle
    }
    return low - 1
  }

  #compareGuide(block: number, key: Key): number {
    return this.#guide.getUint32(block * 8) - key.high || this.#guide.getUint32(block * 8 + 4) - key.low
  }

  #read(number: number): Uint8Array | undefined {
    const block = this.#block
    if (this.#source.readNow(block, number * BLOCK) !== BLOCK) return undefined
    const digest = Buffer.from(block.buffer, block.byteOffset + BLOCK - 16, 16).toString('hex')
    return blockDigest(block, number, this.facts) === digest ? block : undefined
  }

  #collect(block: Uint8Array, number: number, key: Key, found: number[]): void {
    const view = new DataView(block.buffer, block.byteOffset, BLOCK)
    let low = 0
    const count = this.#entriesOf(number)
    for (let high = count; low < high;) {
      const middle = (low + high) >> 1
      const order = view.getUint32(middle * ENTRY) - key.high || view.getUint32(middle * ENTRY + 4) - key.low
      if (order < 0) low = middle + 1
      else high = middle
    }
    for (; low < count; low++) {
      const entry = entryAt(view, low)
      if (entry.high !== key.high || entry.low !== key.low) return
      found.push(entry.seq)
    }
  }
}

function entryAt(view: DataView, at: number): Entry {
  const offset = at * ENTRY
  return {
    high: view.getUint32(offset),
    low: view.getUint32(offset + 4),
    seq: view.getUint32(offset + 8) * 2 ** 32 + view.getUint32(offset + 12),
  }
}

function factsIn(trailer: Uint8Array): (RunFacts & { readonly entries: number; readonly digest: string }) | undefined {
  const text = fromUtf8(trailer)
  const value = text === undefined ? undefined : (parseCanonical(text.trimEnd()) as JsonObject | undefined)
  const [first, last, entries, digest, hash] = ['first', 'last', 'entries', 'digest', 'hash'].map((name) => value?.[name])
  const sound =
    Number.isSafeInteger(first) && Number.isSafeInteger(last) && Number.isSafeInteger(entries) && typeof digest === 'string'
  if (!sound || typeof hash !== 'string') return undefined
  return { first: first as number, last: last as number, entries: entries as number, digest, hash }
}
