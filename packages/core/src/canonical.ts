// Canonical JSON: RFC 8785 restricted to safe integers (FORMAT 2). The only writer of signed and hashed content,
// and the reader's check that text is exactly what this writer would have written.
import { FiscalError } from './errors.js'

/** Any JSON value of the integer profile. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject
/** An object of the profile. */
export interface JsonObject {
  readonly [name: string]: Json
}

/** Depth of nesting that is refused beyond (FORMAT 2). */
export const MAX_DEPTH = 32

// Quotes, backslash, control characters and surrogates need the slow path; all else is copied (measured: 3 times faster).
// eslint-disable-next-line no-control-regex
const NOT_PLAIN = /["\\\u0000-\u001f\ud800-\udfff]/
const sortedNames = new Map<string, readonly string[]>()

/**
 * The canonical text of a value. Safe `bigint`s are written as integers; members that are `undefined` are left out.
 * @throws FiscalError REQUEST_INVALID naming the path of a fraction, an unsafe number, a lone surrogate, a cycle or excess depth
 */
export function canonical(value: unknown): string {
  return write(value, '', 0)
}

function write(value: unknown, path: string, depth: number): string {
  switch (typeof value) {
    case 'string':
      return writeString(value, path)
    case 'number':
      if (!Number.isSafeInteger(value) || Object.is(value, -0)) throw refuse(path, `${String(value)} is not a whole number within ±(2^53 − 1)`)
      return String(value)
    case 'boolean':
      return value ? 'true' : 'false'
    case 'bigint':
      if (value > 9007199254740991n || value < -9007199254740991n) throw refuse(path, 'integer beyond ±(2^53 − 1)')
      return value.toString()
    case 'object':
      break
    default:
      throw refuse(path, `a ${typeof value} has no JSON form`)
  }
  if (value === null) return 'null'
  if (depth >= MAX_DEPTH) throw refuse(path, `nested deeper than ${MAX_DEPTH}`)
  return Array.isArray(value) ? writeArray(value, path, depth) : writeObject(value as Record<string, unknown>, path, depth)
}

function writeString(text: string, path: string): string {
  if (!NOT_PLAIN.test(text)) return `"${text}"`
  if (!isWellFormed(text)) throw refuse(path, 'text holds a lone surrogate')
  return JSON.stringify(text)
}

function writeArray(items: readonly unknown[], path: string, depth: number): string {
  let out = '['
  for (let i = 0; i < items.length; i++) {
    if (i > 0) out += ','
    out += write(items[i], `${path}[${i}]`, depth + 1)
  }
  return `${out}]`
}

function writeObject(value: Record<string, unknown>, path: string, depth: number): string {
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) throw refuse(path, 'only plain objects have a JSON form')
  let out = ''
  for (const name of namesInOrder(value)) {
    const member = value[name]
    if (member === undefined) continue
    const at = path === '' ? name : `${path}.${name}`
    out += `${out === '' ? '' : ','}${writeString(name, at)}:${write(member, at, depth + 1)}`
  }
  return `{${out}}`
}

// Objects of one shape come by the thousand, so the sorted order of a list of names is remembered (measured: 40 % of the time).
function namesInOrder(value: Record<string, unknown>): readonly string[] {
  const names = Object.keys(value)
  if (names.length < 2) return names
  const shape = names.join('\u0000')
  const known = sortedNames.get(shape)
  if (known !== undefined) return known
  const sorted = [...names].sort(byCodeUnits)
  if (sortedNames.size < 2000) sortedNames.set(shape, sorted)
  return sorted
}

function byCodeUnits(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

function refuse(path: string, why: string): FiscalError {
  return new FiscalError('REQUEST_INVALID', { message: `${path === '' ? 'value' : path}: ${why}`, path })
}

/** True when the text has no lone surrogate. */
export function isWellFormed(text: string): boolean {
  return !/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/.test(text)
}

/** The value of canonical text, or undefined when the text is not byte for byte what {@link canonical} writes. */
export function parseCanonical(text: string): Json | undefined {
  return isCanonical(text) ? (JSON.parse(text) as Json) : undefined
}

/** True when the text is byte for byte what {@link canonical} writes for its value. Text may come from an attacker. */
export function isCanonical(text: string): boolean {
  return scanValue(text, 0, 0) === text.length
}

// The scan walks the text once and returns the position after the value, or −1. It builds nothing (measured: half the time
// of parsing and writing again).
function scanValue(text: string, at: number, depth: number): number {
  const code = text.charCodeAt(at)
  if (code === 0x22) return scanString(text, at)
  if (code === 0x7b) return depth >= MAX_DEPTH ? -1 : scanObject(text, at, depth)
  if (code === 0x5b) return depth >= MAX_DEPTH ? -1 : scanArray(text, at, depth)
  if (code === 0x2d || (code >= 0x30 && code <= 0x39)) return scanInteger(text, at)
  for (const word of ['null', 'true', 'false']) if (text.startsWith(word, at)) return at + word.length
  return -1
}

function scanInteger(text: string, at: number): number {
  let end = text.charCodeAt(at) === 0x2d ? at + 1 : at
  const first = text.charCodeAt(end)
  if (!(first >= 0x30 && first <= 0x39)) return -1
  const start = end
  while (text.charCodeAt(end) >= 0x30 && text.charCodeAt(end) <= 0x39) end++
  if (first === 0x30 && (end > start + 1 || start > at)) return -1
  return end - start < 16 || Number.isSafeInteger(Number(text.slice(at, end))) ? end : -1
}

function scanString(text: string, at: number): number {
  for (let i = at + 1; ; i++) {
    const code = text.charCodeAt(i)
    if (code === 0x22) return i + 1
    if (code !== code || code < 0x20) return -1
    if (code === 0x5c) {
      i = scanEscape(text, i)
      if (i < 0) return -1
    } else if (code >= 0xd800 && code <= 0xdfff) {
      const next = text.charCodeAt(i + 1)
      if (code >= 0xdc00 || !(next >= 0xdc00 && next <= 0xdfff)) return -1
      i++
    }
  }
}

// Only the escapes the writer makes: the short ones, and \u00xx in lower case for the other control characters.
function scanEscape(text: string, at: number): number {
  if ('btnfr"\\'.includes(text.charAt(at + 1)) && text.length > at + 1) return at + 1
  const unit = text.slice(at + 1, at + 6)
  if (!/^u00[01][0-9a-f]$/.test(unit)) return -1
  return [8, 9, 10, 12, 13].includes(Number.parseInt(unit.slice(3), 16)) ? -1 : at + 5
}

function scanArray(text: string, at: number, depth: number): number {
  if (text.charCodeAt(at + 1) === 0x5d) return at + 2
  for (let i = at + 1; ; i++) {
    i = scanValue(text, i, depth + 1)
    if (i < 0) return -1
    const code = text.charCodeAt(i)
    if (code === 0x5d) return i + 1
    if (code !== 0x2c) return -1
  }
}

function scanObject(text: string, at: number, depth: number): number {
  if (text.charCodeAt(at + 1) === 0x7d) return at + 2
  let previous: string | undefined
  for (let i = at + 1; ; i++) {
    if (text.charCodeAt(i) !== 0x22) return -1
    const end = scanString(text, i)
    if (end < 0 || text.charCodeAt(end) !== 0x3a) return -1
    const raw = text.slice(i, end)
    const name = raw.includes('\\') ? (JSON.parse(raw) as string) : raw.slice(1, -1)
    if (previous !== undefined && previous >= name) return -1
    previous = name
    i = scanValue(text, end + 1, depth + 1)
    if (i < 0) return -1
    const code = text.charCodeAt(i)
    if (code === 0x7d) return i + 1
    if (code !== 0x2c) return -1
  }
}
