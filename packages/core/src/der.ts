// The little DER keys and certificates need (own entry `@sigillo/core/der`): read one element, list the children of a constructed one, write elements (X.690 8.1, 10.1).
// Definite lengths only; anything else gives undefined, for the bytes come from a file somebody else may have written.
import { concat } from './bytes.js'

/** One element: its tag byte, its content, and where the next element begins. */
export interface Element {
  readonly tag: number
  readonly content: Uint8Array
  readonly end: number
}

export const INTEGER = 0x02
export const BIT_STRING = 0x03
export const OCTET_STRING = 0x04
export const NULL = 0x05
export const OID = 0x06
export const SEQUENCE = 0x30
const UTC_TIME = 0x17
const GENERALIZED_TIME = 0x18

/** The element at `at`, or undefined when the bytes are not one. */
export function readElement(bytes: Uint8Array, at = 0): Element | undefined {
  const tag = bytes[at]
  const first = bytes[at + 1]
  if (tag === undefined || first === undefined || (tag & 0x1f) === 0x1f) return undefined
  const size = first < 0x80 ? 0 : first - 0x80
  if (first === 0x80 || size > 3 || at + 2 + size > bytes.length) return undefined
  let length = size === 0 ? first : 0
  for (let i = 0; i < size; i++) length = length * 256 + (bytes[at + 2 + i] as number)
  const start = at + 2 + size
  return start + length > bytes.length ? undefined : { tag, content: bytes.subarray(start, start + length), end: start + length }
}

/** The elements inside `content`, or undefined when it is not a row of whole elements. */
export function readAll(content: Uint8Array): readonly Element[] | undefined {
  const found: Element[] = []
  for (let at = 0; at < content.length;) {
    const element = readElement(content, at)
    if (element === undefined) return undefined
    found.push(element)
    at = element.end
  }
  return found
}

/** The children of the SEQUENCE that `bytes` is, nothing following it. */
export function readSequence(bytes: Uint8Array): readonly Element[] | undefined {
  const outer = readElement(bytes)
  return outer?.tag === SEQUENCE && outer.end === bytes.length ? readAll(outer.content) : undefined
}

/** Dotted text of an object identifier's content (X.690 8.19). */
export function oidText(content: Uint8Array): string {
  const arcs: number[] = []
  let held = 0
  for (const byte of content) {
    held = held * 128 + (byte & 0x7f)
    if (byte < 0x80) {
      arcs.push(held)
      held = 0
    }
  }
  const [first = 0, ...rest] = arcs
  const top = Math.min(2, Math.floor(first / 40))
  return [top, first - 40 * top, ...rest].join('.')
}

/** A time as certificates write it, seconds included and in UTC (RFC 5280 4.1.2.5.1 and .2); undefined for other forms. */
export function momentOf(element: Element | undefined): number | undefined {
  if (element?.tag !== UTC_TIME && element?.tag !== GENERALIZED_TIME) return undefined
  const text = String.fromCharCode(...element.content)
  const digits = /^(\d{10}|\d{12})(\d\d)Z$/.exec(text)?.[0]?.slice(0, -1)
  if (digits?.length !== (element.tag === UTC_TIME ? 12 : 14)) return undefined
  // Two digits of a year: 50 to 99 are of the last century.
  const full = digits.length === 14 ? digits : `${Number(digits.slice(0, 2)) >= 50 ? '19' : '20'}${digits}`
  const iso = full.replace(/^(....)(..)(..)(..)(..)(..)$/, '$1-$2-$3T$4:$5:$6.000Z')
  const ms = Date.parse(iso)
  return Number.isNaN(ms) || new Date(ms).toISOString() !== iso ? undefined : ms
}

/** A non-negative INTEGER below 2^48, or undefined. */
export function smallInteger(element: Element | undefined): number | undefined {
  if (element?.tag !== INTEGER || element.content.length === 0 || element.content.length > 6) return undefined
  if ((element.content[0] as number) > 0x7f) return undefined
  return element.content.reduce((sum, byte) => sum * 256 + byte, 0)
}

/** An element with this tag over the parts. */
export function writeElement(tag: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const content = concat(...parts)
  return concat(Uint8Array.of(tag, ...lengthBytes(content.length)), content)
}

function lengthBytes(length: number): readonly number[] {
  if (length < 0x80) return [length]
  const bytes: number[] = []
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256)
  return [0x80 + bytes.length, ...bytes]
}

/** An INTEGER of big-endian magnitude bytes, minimally encoded. */
export function writeInteger(magnitude: Uint8Array): Uint8Array {
  let start = 0
  while (start < magnitude.length - 1 && magnitude[start] === 0) start++
  const trimmed = magnitude.subarray(start)
  const positive = trimmed.length === 0 || (trimmed[0] as number) > 0x7f ? Uint8Array.of(0) : new Uint8Array()
  return writeElement(INTEGER, positive, trimmed)
}

/** A small non-negative INTEGER. */
export function writeNumber(value: number): Uint8Array {
  const bytes: number[] = []
  for (let rest = value; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256)
  return writeInteger(Uint8Array.from(bytes))
}

/** An OBJECT IDENTIFIER from dotted text. */
export function writeOid(text: string): Uint8Array {
  const [a = 0, b = 0, ...rest] = text.split('.').map(Number)
  const bytes = [a * 40 + b, ...rest].flatMap((arc) => {
    const groups = [arc % 128]
    for (let left = Math.floor(arc / 128); left > 0; left = Math.floor(left / 128)) groups.unshift((left % 128) | 0x80)
    return groups
  })
  return writeElement(OID, Uint8Array.from(bytes))
}
