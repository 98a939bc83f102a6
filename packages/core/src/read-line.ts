// A line of a journal, read strictly from its bytes, which may come from an attacker (FORMAT 3.5, 5.2).
import { formFault, isClosedSet } from './body-form.js'
import { fromUtf8, utf8 } from './bytes.js'
import { isWellFormed, type Json } from './canonical.js'
import { isCanonicalBytes } from './canonical-scan.js'
import { PAYLOAD_TAG } from './digest.js'
import { MAX_BODY_BYTES, MAX_LINE_BYTES, type Body, type SealedRecord } from './record.js'
import { sha256Hex } from '#crypto'

/** A line taken apart without judging chain or signature. Texts are exactly as they stand in the line. */
export interface ParsedLine extends SealedRecord {
  /** Hash computed from body and signature; equals `hash` in an undamaged line. */
  readonly recomputedHash: string
  /** True when the digest of the payload is the one the body names; false for a blanked one. */
  readonly payloadMatches: boolean
}

/** A line that can be taken apart, and the member of its body that breaks its form, if any (FORMAT 5.2). */
export interface ReadLine {
  readonly record: ParsedLine
  readonly fault: string | undefined
}

/** Reads one line (no line feed). Undefined when it is not canonical, not a record, or too large. */
export function parseLine(bytes: Uint8Array): ParsedLine | undefined {
  const read = readLine(bytes)
  if (read === undefined || read.fault !== undefined) return undefined
  const { ref, req } = read.record.body
  return (ref === undefined) === (req === undefined) ? read.record : undefined
}

/** {@link parseLine} for a line already decoded. */
export function parseLineText(text: string): ParsedLine | undefined {
  return isWellFormed(text) ? parseLine(utf8(text)) : undefined
}

/** Takes a line apart; undefined when it is unreadable: not canonical, not a record, members missing or unknown, too large. */
export function readLine(bytes: Uint8Array): ReadLine | undefined {
  const facts = examine(bytes)
  if (facts === undefined) return undefined
  const record = new LazyRecord(bytes, facts, facts.body, recordHashIn(bytes, facts), facts.payloadMatches)
  return { record: record.kept(), fault: formFault(facts.body) }
}

/** Where the parts of a line stand: positions of its commas, and of the payload's first byte. */
interface Places {
  /** Of `,"hash":"`, right behind the body. */
  readonly hashAt: number
  readonly payloadAt: number
  /** Of `,"sig":"`, right behind the payload. */
  readonly sigAt: number
}

/** What the bytes of a line tell: the work of verification that needs no neighbours. */
export interface LineFacts extends Places {
  readonly body: Body
  readonly payloadMatches: boolean
}

/** Facts about a line; undefined when it is unreadable. The form of the body's members is not judged. */
export function examine(bytes: Uint8Array): LineFacts | undefined {
  const places = bytes.length > MAX_LINE_BYTES ? undefined : placesOf(bytes)
  if (places === undefined || places.hashAt - BODY_AT > MAX_BODY_BYTES) return undefined
  const { hashAt, payloadAt, sigAt } = places
  if (!isCanonicalBytes(bytes, BODY_AT, hashAt) || !isCanonicalBytes(bytes, payloadAt, sigAt)) return undefined
  const body = JSON.parse(textIn(bytes, BODY_AT, hashAt)) as Body
  if (!isClosedSet(body)) return undefined
  return { hashAt, payloadAt, sigAt, body, payloadMatches: payloadDigestIn(bytes, places) === body.pay }
}

/** Canonical bytes of the body, in the memory of the line. */
export function bodyBytesIn(bytes: Uint8Array, { hashAt }: Places): Uint8Array {
  return bytes.subarray(BODY_AT, hashAt)
}

/** The signature as it stands in the line. */
export function sigIn(bytes: Uint8Array, { sigAt }: Places): string {
  return textIn(bytes, sigAt + SIG_START.length, bytes.length - 2)
}

/** The hash the line states. */
function hashIn(bytes: Uint8Array, { hashAt }: Places): string {
  return textIn(bytes, hashAt + HASH_START.length, hashAt + HASH_START.length + 64)
}

/** The hash a line states, found without judging the line; undefined when it states none. */
export function statedHash(bytes: Uint8Array): string | undefined {
  const hashAt = firstHash(bytes)
  return hashAt < 0 ? undefined : fromUtf8(bytes.subarray(hashAt + HASH_START.length, hashAt + HASH_START.length + 64))
}

/**
 * Takes apart a line already known to be a well-formed record. `hashMatches` and `payloadMatches` are what the check found. The record
 * reads its payload from the memory of the line when it is asked for it; `kept()` makes it independent of that memory.
 */
export function readTrusted(bytes: Uint8Array, hashMatches: boolean, payloadMatches: boolean): LazyRecord {
  const places = placesOf(bytes) as Places
  const body = JSON.parse(textIn(bytes, BODY_AT, places.hashAt)) as Body
  const recomputed = hashMatches ? hashIn(bytes, places) : recordHashIn(bytes, places)
  return new LazyRecord(bytes, places, body, recomputed, payloadMatches)
}

// Contents are decoded and parsed only when asked for: chain checks over a million records never look inside (measured: a third of the time).
class LazyRecord implements ParsedLine {
  readonly body: Body
  readonly bodyText: string
  readonly sig: string
  readonly hash: string
  readonly recomputedHash: string
  readonly payloadMatches: boolean
  #bytes: Uint8Array | undefined
  #payloadText: string | undefined
  #payload: Json | undefined
  constructor(bytes: Uint8Array, places: Places, body: Body, recomputed: string, matches: boolean) {
    this.body = body
    this.bodyText = textIn(bytes, BODY_AT, places.hashAt)
    this.sig = sigIn(bytes, places)
    this.hash = hashIn(bytes, places)
    this.recomputedHash = recomputed
    this.payloadMatches = matches
    this.#bytes = bytes.subarray(places.payloadAt, places.sigAt)
  }
  get payloadText(): string {
    this.#payloadText ??= fromUtf8(this.#bytes as Uint8Array) as string
    return this.#payloadText
  }
  get payload(): Json {
    this.#payload ??= JSON.parse(this.payloadText) as Json
    return this.#payload
  }
  /** The same record, independent of the memory it was read from. */
  kept(): this {
    this.#payloadText = this.payloadText
    this.#bytes = undefined
    return this
  }
}

const BODY_AT = '{"body":'.length
const [BODY_START, HASH_START, PAYLOAD_START, SIG_START] = ['{"body":', ',"hash":"', '","payload":', ',"sig":"'].map(utf8) as [
  Uint8Array,
  Uint8Array,
  Uint8Array,
  Uint8Array,
]

// The body holds no `,"hash":"` (quotes in strings are escaped and x has no member of that name), so the first one ends it; the signature
// starts at the last `,"sig":"` (FORMAT 3.5): going back over its characters from the end finds it.
function placesOf(bytes: Uint8Array): Places | undefined {
  const end = bytes.length
  if (!standsAt(bytes, 0, BODY_START) || bytes[end - 1] !== 0x7d || bytes[end - 2] !== 0x22) return undefined
  const hashAt = firstHash(bytes)
  const payloadAt = hashAt + HASH_START.length + 64 + PAYLOAD_START.length
  if (
    hashAt < 0 ||
    !isHex(bytes, hashAt + HASH_START.length) ||
    !standsAt(bytes, payloadAt - PAYLOAD_START.length, PAYLOAD_START)
  )
    return undefined
  let sigFrom = end - 2
  while (isSigChar(bytes[sigFrom - 1] as number)) sigFrom--
  const sigAt = sigFrom - SIG_START.length
  return sigAt >= payloadAt && standsAt(bytes, sigAt, SIG_START) ? { hashAt, payloadAt, sigAt } : undefined
}

function firstHash(bytes: Uint8Array): number {
  for (let at = bytes.indexOf(0x2c, BODY_AT); at >= 0; at = bytes.indexOf(0x2c, at + 1))
    if (standsAt(bytes, at, HASH_START)) return at
  return -1
}

function standsAt(bytes: Uint8Array, at: number, what: Uint8Array): boolean {
  for (let i = 0; i < what.length; i++) if (bytes[at + i] !== what[i]) return false
  return true
}

function isHex(bytes: Uint8Array, at: number): boolean {
  for (let i = at; i < at + 64; i++) {
    const byte = bytes[i] as number
    if (!((byte >= 0x30 && byte <= 0x39) || (byte >= 0x61 && byte <= 0x66))) return false
  }
  return true
}

function isSigChar(byte: number): boolean {
  const letter = byte | 0x20
  return (letter >= 0x61 && letter <= 0x7a) || (byte >= 0x30 && byte <= 0x39) || byte === 0x2d || byte === 0x5f
}

function textIn(bytes: Uint8Array, from: number, to: number): string {
  return fromUtf8(bytes.subarray(from, to)) as string
}

// What is hashed is put together from pieces of the line, in memory that is used again: hashing is synchronous.
let scratch = new Uint8Array(16 * 1024)
const payloadTag = utf8(PAYLOAD_TAG)

function hashOf(head: Uint8Array, ...pieces: readonly Uint8Array[]): string {
  const size = pieces.reduce((sum, piece) => sum + piece.length, head.length)
  if (size > scratch.length) scratch = new Uint8Array(2 * size)
  scratch.set(head)
  let at = head.length
  for (const piece of pieces) {
    scratch.set(piece, at)
    at += piece.length
  }
  return sha256Hex(scratch.subarray(0, size))
}

const LEAF_PREFIX = Uint8Array.of(0)

function recordHashIn(bytes: Uint8Array, { hashAt, sigAt }: Places): string {
  return hashOf(LEAF_PREFIX, bytes.subarray(0, hashAt), bytes.subarray(sigAt))
}

function payloadDigestIn(bytes: Uint8Array, { payloadAt, sigAt }: Places): string {
  return hashOf(payloadTag, bytes.subarray(payloadAt, sigAt))
}

/** True when the line's own hash is that of its body and signature. */
export function hashHolds(bytes: Uint8Array, places: Places): boolean {
  return recordHashIn(bytes, places) === hashIn(bytes, places)
}
