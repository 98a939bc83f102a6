// Is this text canonical? Asked of the bytes themselves, so that lines of a journal are judged without making strings of them. The scan walks
// once, builds nothing, and takes UTF-8 strictly (measured: half the time of decoding and scanning the text).
import { fromUtf8 } from './bytes.js'

/** Arrays and objects inside one another, the outermost counted (FORMAT 2). */
export const MAX_DEPTH = 32

const [QUOTE, BACKSLASH, COMMA, COLON, MINUS, ZERO, NINE] = [0x22, 0x5c, 0x2c, 0x3a, 0x2d, 0x30, 0x39]
const codesOf = (text: string): number[] => Array.from(text, (letter) => letter.charCodeAt(0))
const WORDS = ['null', 'true', 'false'].map(codesOf)
const [SHORT, UNICODE, HEX] = [new Set(codesOf('btnfr"\\')), codesOf('u00'), codesOf('0123456789abcdef')]
/** Control characters that have a short escape. */
const SHORTER = new Set(codesOf('\b\t\n\f\r'))

/** True when the bytes from `from` up to `to` are exactly one value in canonical form (FORMAT 2). */
export function isCanonicalBytes(bytes: Uint8Array, from: number = 0, to: number = bytes.length): boolean {
  return scanValue(bytes, from, 0) === to
}

// Each scan returns the position after what it read, or −1. A position past the end reads as undefined, which no comparison accepts.
function scanValue(bytes: Uint8Array, at: number, depth: number): number {
  const byte = bytes[at] as number
  if (byte === QUOTE) return scanString(bytes, at)
  if (byte === 0x7b) return depth >= MAX_DEPTH ? -1 : scanObject(bytes, at, depth)
  if (byte === 0x5b) return depth >= MAX_DEPTH ? -1 : scanArray(bytes, at, depth)
  if (byte === MINUS || isDigit(byte)) return scanInteger(bytes, at)
  for (const word of WORDS) if (word.every((letter, i) => bytes[at + i] === letter)) return at + word.length
  return -1
}

function isDigit(byte: number): boolean {
  return byte >= ZERO && byte <= NINE
}

function scanInteger(bytes: Uint8Array, at: number): number {
  const start = bytes[at] === MINUS ? at + 1 : at
  let end = start
  while (isDigit(bytes[end] as number)) end++
  if (end === start || (bytes[start] === ZERO && (end > start + 1 || start > at))) return -1
  return end - start < 16 || Number.isSafeInteger(Number(textOf(bytes, at, end))) ? end : -1
}

function scanString(bytes: Uint8Array, at: number): number {
  for (let i = at + 1; ;) {
    const byte = bytes[i] as number
    if (byte === QUOTE) return i + 1
    if (byte === BACKSLASH) i = scanEscape(bytes, i)
    else if (byte < 0x80) i = byte < 0x20 ? -1 : i + 1
    else i = scanSequence(bytes, i)
    if (i < 0) return -1
  }
}

// Only the escapes the writer makes: the short ones, and \u00xx in lower case for the other control characters.
function scanEscape(bytes: Uint8Array, at: number): number {
  if (SHORT.has(bytes[at + 1] as number)) return at + 2
  if (!UNICODE.every((letter, i) => bytes[at + 1 + i] === letter)) return -1
  const [high, low] = [(bytes[at + 4] as number) - ZERO, HEX.indexOf(bytes[at + 5] as number)]
  if (!(high === 0 || high === 1) || low < 0) return -1
  return SHORTER.has(16 * high + low) ? -1 : at + 6
}

// One character beyond ASCII, as RFC 3629 allows it: no overlong form, no surrogate, nothing above U+10FFFF.
function scanSequence(bytes: Uint8Array, at: number): number {
  const lead = bytes[at] as number
  const second = bytes[at + 1] as number
  if (lead >= 0xc2 && lead <= 0xdf) return isTail(second) ? at + 2 : -1
  if (lead >= 0xe0 && lead <= 0xef) {
    const [least, most] = [lead === 0xe0 ? 0xa0 : 0x80, lead === 0xed ? 0x9f : 0xbf]
    return second >= least && second <= most && isTail(bytes[at + 2] as number) ? at + 3 : -1
  }
  if (!(lead >= 0xf0 && lead <= 0xf4)) return -1
  const [least, most] = [lead === 0xf0 ? 0x90 : 0x80, lead === 0xf4 ? 0x8f : 0xbf]
  const whole = second >= least && second <= most && isTail(bytes[at + 2] as number) && isTail(bytes[at + 3] as number)
  return whole ? at + 4 : -1
}

function isTail(byte: number): boolean {
  return byte >= 0x80 && byte <= 0xbf
}

function scanArray(bytes: Uint8Array, at: number, depth: number): number {
  if (bytes[at + 1] === 0x5d) return at + 2
  for (let i = at + 1; ; i++) {
    i = scanValue(bytes, i, depth + 1)
    if (i < 0) return -1
    const byte = bytes[i]
    if (byte === 0x5d) return i + 1
    if (byte !== COMMA) return -1
  }
}

function scanObject(bytes: Uint8Array, at: number, depth: number): number {
  if (bytes[at + 1] === 0x7d) return at + 2
  let [before, beforeEnd] = [-1, -1]
  for (let i = at + 1; ; i++) {
    if (bytes[i] !== QUOTE) return -1
    const end = scanString(bytes, i)
    if (end < 0 || bytes[end] !== COLON) return -1
    if (before >= 0 && !isAscending(bytes, before, beforeEnd, i, end)) return -1
    ;[before, beforeEnd] = [i, end]
    i = scanValue(bytes, end + 1, depth + 1)
    if (i < 0) return -1
    const byte = bytes[i]
    if (byte === 0x7d) return i + 1
    if (byte !== COMMA) return -1
  }
}

// Two names with their quotes. Plain ASCII is compared as it stands; others as the strings they mean, by UTF-16 code units.
function isAscending(bytes: Uint8Array, a: number, aEnd: number, b: number, bEnd: number): boolean {
  const shorter = Math.min(aEnd - a, bEnd - b) - 1
  for (let i = 1; i < shorter; i++) {
    const [left, right] = [bytes[a + i] as number, bytes[b + i] as number]
    if (left === right) continue
    return isPlain(bytes, a, aEnd) && isPlain(bytes, b, bEnd) ? left < right : nameOf(bytes, a, aEnd) < nameOf(bytes, b, bEnd)
  }
  return aEnd - a < bEnd - b
}

function isPlain(bytes: Uint8Array, from: number, to: number): boolean {
  for (let i = from; i < to; i++) if ((bytes[i] as number) >= 0x80 || bytes[i] === BACKSLASH) return false
  return true
}

function nameOf(bytes: Uint8Array, from: number, to: number): string {
  return JSON.parse(textOf(bytes, from, to)) as string
}

function textOf(bytes: Uint8Array, from: number, to: number): string {
  return fromUtf8(bytes.subarray(from, to)) ?? ''
}
