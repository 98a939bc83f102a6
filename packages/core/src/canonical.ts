// Canonical JSON: RFC 8785 restricted to safe integers (FORMAT 2). The only writer of signed and hashed content,
// and the reader's check that text is exactly what this writer would have written.
import { utf8 } from './bytes.js'
import { isCanonicalBytes, MAX_DEPTH } from './canonical-scan.js'
import { FiscalError } from './errors.js'

/** Any JSON value of the integer profile. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject
/** An object of the profile. */
export interface JsonObject {
  readonly [name: string]: Json
}

// Quotes, backslash, control characters and surrogates need the slow path; all else is copied (measured: 3 times faster).
// eslint-disable-next-line no-control-regex
const NOT_PLAIN = /["\\\u0000-\u001f\ud800-\udfff]/

/**
 * The canonical text of a value. Safe `bigint`s are written as integers; members that are `undefined` are left out.
 * @throws FiscalError REQUEST_INVALID naming the path of a fraction, an unsafe number, a lone surrogate, a cycle or excess depth
 */
export function canonical(value: unknown): string {
  try {
    return write(value, 0)
  } catch (error) {
    if (!(error instanceof NoJsonForm)) throw error
    const path = pathOf(value, error, 0) ?? ''
    throw new FiscalError('REQUEST_INVALID', { message: `${path === '' ? 'value' : path}: ${error.message}`, path })
  }
}

// Thrown at the culprit; its path is looked for afterwards, so that the usual case carries no path (measured: a third of the time).
class NoJsonForm extends Error {
  readonly culprit: unknown
  constructor(culprit: unknown, why: string) {
    super(why)
    this.culprit = culprit
  }
}

function write(value: unknown, depth: number): string {
  switch (typeof value) {
    case 'string':
      return writeString(value)
    case 'number':
      if (!Number.isSafeInteger(value) || Object.is(value, -0))
        throw new NoJsonForm(value, `${String(value)} is not a whole number within ±(2^53 − 1)`)
      return String(value)
    case 'boolean':
      return value ? 'true' : 'false'
    case 'bigint':
      if (value > 9007199254740991n || value < -9007199254740991n) throw new NoJsonForm(value, 'integer beyond ±(2^53 − 1)')
      return value.toString()
    case 'object':
      break
    default:
      throw new NoJsonForm(value, `a ${typeof value} has no JSON form`)
  }
  if (value === null) return 'null'
  if (depth >= MAX_DEPTH) throw new NoJsonForm(value, `nested deeper than ${MAX_DEPTH}`)
  return Array.isArray(value) ? writeArray(value, depth) : writeObject(value as Record<string, unknown>, depth)
}

function writeString(text: string): string {
  if (!NOT_PLAIN.test(text)) return `"${text}"`
  if (!isWellFormed(text)) throw new NoJsonForm(text, 'text holds a lone surrogate')
  return JSON.stringify(text)
}

function writeArray(items: readonly unknown[], depth: number): string {
  let out = '['
  for (let i = 0; i < items.length; i++) {
    if (i > 0) out += ','
    out += write(items[i], depth + 1)
  }
  return `${out}]`
}

function writeObject(value: Record<string, unknown>, depth: number): string {
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) throw new NoJsonForm(value, 'only plain objects have a JSON form')
  const shape = shapeOf(value)
  let out = '{'
  for (let i = 0; i < shape.names.length; i++) {
    const member = value[shape.names[i] as string]
    if (member === undefined) continue
    out += out === '{' ? (shape.heads[i] as string) : `,${shape.heads[i] as string}`
    out += write(member, depth + 1)
  }
  return `${out}}`
}

// Objects of one shape come by the thousand: the sorted names and their written form are remembered in a tree that is walked
// name by name, without making a key (measured: 40 % of the time).
interface Shape {
  readonly next: Map<string, Shape>
  names: readonly string[]
  heads: readonly string[]
}
const newShape = (): Shape => ({ next: new Map(), names: [], heads: [] })
let shapes = newShape()
let shapeCount = 0
const MAX_SHAPES = 5000

function shapeOf(value: Record<string, unknown>): Shape {
  const names = Object.keys(value)
  let shape = shapes
  for (let i = 0; i < names.length; i++) {
    const name = names[i] as string
    let next = shape.next.get(name)
    if (next === undefined) {
      if (++shapeCount > MAX_SHAPES) return forgetShapes(names)
      next = newShape()
      shape.next.set(name, next)
    }
    shape = next
  }
  if (shape.names.length !== names.length) sortInto(shape, names)
  return shape
}

// An attacker may send ever new names; the memory starts afresh rather than grow.
function forgetShapes(names: readonly string[]): Shape {
  shapes = newShape()
  shapeCount = 0
  const shape = newShape()
  sortInto(shape, names)
  return shape
}

function sortInto(shape: Shape, names: readonly string[]): void {
  const sorted = [...names].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))
  shape.heads = sorted.map((name) => `${writeString(name)}:`)
  shape.names = sorted
}

function pathOf(value: unknown, error: NoJsonForm, depth: number): string | undefined {
  const { culprit } = error
  if (Object.is(value, culprit)) return ''
  if (typeof value !== 'object' || value === null || depth > MAX_DEPTH) return undefined
  for (const [name, member] of Object.entries(value)) {
    if (!Array.isArray(value) && name === culprit) return name
    const rest = pathOf(member, error, depth + 1)
    if (rest === undefined) continue
    const here = Array.isArray(value) ? `[${name}]` : name
    return rest === '' || rest.startsWith('[') ? here + rest : `${here}.${rest}`
  }
  return undefined
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
  return isWellFormed(text) && isCanonicalBytes(utf8(text))
}
