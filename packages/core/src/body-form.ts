// The form of a body: a closed set of members and one rule for each (FORMAT 3.1).
import { utf8 } from './bytes.js'
import { canonical, type JsonObject } from './canonical.js'
import type { RecordAlg } from './crypto-contract.js'
import { MAX_STATEMENT_BYTES, type Body } from './record.js'

const HEX64 = /^[0-9a-f]{64}$/

/** Algorithms of FORMAT 3.1. */
export const RECORD_ALGS: readonly RecordAlg[] = ['ES256', 'ES384', 'EdDSA', 'PS256', 'RS256']

const isCount = (value: unknown, least: number): boolean => Number.isSafeInteger(value) && (value as number) >= least
const matches =
  (pattern: RegExp) =>
  (value: unknown): boolean =>
    typeof value === 'string' && pattern.test(value)
const isHash = matches(HEX64)

// One rule per member; the third column of FORMAT 3.1.
const memberRules: Readonly<Record<string, (value: unknown) => boolean>> = {
  alg: (value) => RECORD_ALGS.includes(value as RecordAlg),
  base: (value) => isCount(value, 0),
  epoch: (value) => isCount(value, 1),
  kid: matches(/^[A-Za-z0-9_-]{43}$/),
  more: (value) => isCount(value, 1),
  pay: isHash,
  prev: isHash,
  queue: matches(/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/),
  ref: matches(/^[\u0021-\u007e]{1,128}$/),
  req: isHash,
  seq: (value) => isCount(value, 0),
  tprev: isHash,
  ts: isTimestamp,
  tsBack: (value) => isCount(value, 1),
  tseq: (value) => isCount(value, 1),
  type: isType,
  v: (value) => value === 1,
  x: isStatement,
}
const REQUIRED = ['alg', 'base', 'epoch', 'kid', 'pay', 'prev', 'queue', 'seq', 'tprev', 'ts', 'tseq', 'type', 'v']

/** True when a country may use this type for its records, as far as its form goes. */
export const isTypeName: (value: unknown) => boolean = memberRules['type'] as (value: unknown) => boolean

/** True for a signed statement of the permitted form; its size is checked apart. */
export const isSignedStatement: (value: unknown) => boolean = isStatement

/** True when a value is an object with every required member of a body and no unknown one. */
export function isClosedSet(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  return (
    REQUIRED.every((name) => Object.hasOwn(value, name)) && Object.keys(value).every((name) => Object.hasOwn(memberRules, name))
  )
}

/** The first member, in order of names, that breaks its form (FORMAT 3.1). */
export function formFault(body: Body): string | undefined {
  for (const name in body) if (memberRules[name]?.(body[name as keyof Body]) !== true) return name
  return undefined
}

/** True for `YYYY-MM-DDThh:mm:ss.sssZ` naming a real instant. */
export function isTimestamp(value: unknown): boolean {
  if (typeof value !== 'string' || !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(value)) return false
  const ms = Date.parse(value)
  return !Number.isNaN(ms) && new Date(ms).toISOString() === value
}

const SYSTEM_TYPES: ReadonlySet<string> = new Set(
  ['genesis', 'open', 'key', 'checkpoint', 'purge', 'redact', 'incident', 'close'].map((name) => `sys.${name}`),
)

function isType(value: unknown): boolean {
  if (typeof value !== 'string' || !/^[a-z][a-z0-9._-]{0,63}$/.test(value)) return false
  return !value.startsWith('sys.') || SYSTEM_TYPES.has(value)
}

function isStatement(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  // Nothing takes more than six bytes for a UTF-16 unit: the exact size is only asked for near the limit.
  let bound = 2
  for (const name in value) {
    const member = (value as JsonObject)[name]
    if (!/^[a-z][A-Za-z0-9]{0,15}$/.test(name) || name === 'hash' || name === 'sig') return false
    if (typeof member !== 'string' && !Number.isSafeInteger(member)) return false
    bound += name.length + 6 + (typeof member === 'string' ? 6 * member.length : 17)
  }
  return bound <= MAX_STATEMENT_BYTES || utf8(canonical(value)).length <= MAX_STATEMENT_BYTES
}
