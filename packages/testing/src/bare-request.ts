// Requests of the bare country: what it accepts and the refusal of everything else, with the path.
import { FiscalError } from '@sigillo/core'
import type { RequestEnvelope } from '@sigillo/core'

/** Kinds of request, which are types of record at the same time. */
export type BareKind = 'ticket' | 'invoice' | 'closing'

/** A request of the bare country. Amounts are integer cents, or decimal strings of the unit when they arrive. */
export interface BareRequest extends RequestEnvelope {
  readonly type: BareKind
  /** Integer cents; 0 for a closing. */
  readonly amount: number
  /** Lines; their amounts add up to `amount`. */
  readonly lines: readonly { readonly text: string; readonly amount: number }[]
  /** Further records of type `event` in the same request, 0–190. */
  readonly events: number
  /** Key of the request this one takes back; it must be in the journal. */
  readonly of?: string
  /** A closing only: the queue ends with it. */
  readonly ends: boolean
}

const KINDS: readonly string[] = ['ticket', 'invoice', 'closing']
const MEMBERS: ReadonlySet<string> = new Set(['type', 'key', 'amount', 'lines', 'events', 'of', 'ends'])
const KEY = /^[\u0021-\u007e]{1,128}$/

/**
 * Reads a request.
 * @throws FiscalError REQUEST_INVALID with the path of what is wrong
 */
export function parseBareRequest(input: Readonly<Record<string, unknown>>): BareRequest {
  for (const name of Object.keys(input)) if (!MEMBERS.has(name)) throw wrong(name, 'is not a member of this request')
  const { type, key, events = 0, of, ends = false } = input
  if (typeof type !== 'string' || !KINDS.includes(type)) throw wrong('type', `must be one of ${KINDS.join(', ')}`)
  if (key !== undefined && (typeof key !== 'string' || !KEY.test(key)))
    throw wrong('key', 'must be 1 to 128 characters from ! to ~')
  if (of !== undefined && (typeof of !== 'string' || !KEY.test(of))) throw wrong('of', 'must be the key of an earlier request')
  if (!Number.isInteger(events) || (events as number) < 0 || (events as number) > 190) throw wrong('events', 'must be 0 to 190')
  if (typeof ends !== 'boolean' || (ends && type !== 'closing'))
    throw wrong('ends', 'must be true or false, true only for a closing')
  const amount = amountOf(type as BareKind, input['amount'])
  const lines = linesOf(input['lines'], amount)
  return {
    type: type as BareKind,
    amount,
    lines,
    events: events as number,
    ends,
    ...(key !== undefined && { key }),
    ...(of !== undefined && { of }),
  }
}

function amountOf(type: BareKind, value: unknown): number {
  if (type !== 'closing') return centsOf('amount', value)
  if (value !== undefined) throw wrong('amount', 'a closing has none')
  return 0
}

function linesOf(value: unknown, amount: number): BareRequest['lines'] {
  if (value === undefined) return []
  if (!Array.isArray(value)) throw wrong('lines', 'must be a list')
  const lines = value.map((line: unknown, i) => {
    if (typeof line !== 'object' || line === null || Object.keys(line).sort().join() !== 'amount,text')
      throw wrong(`lines[${i}]`, 'must hold amount and text')
    const { text, amount: cents } = line as { text: unknown; amount: unknown }
    if (typeof text !== 'string') throw wrong(`lines[${i}].text`, 'must be text')
    return { text, amount: centsOf(`lines[${i}].amount`, cents) }
  })
  if (lines.reduce((sum, line) => sum + BigInt(line.amount), 0n) !== BigInt(amount)) throw wrong('lines', 'must add up to amount')
  return lines
}

function centsOf(path: string, value: unknown): number {
  if (typeof value === 'string') {
    const match = /^(-?)(\d{1,13})(?:\.(\d{1,2}))?$/.exec(value)
    if (match === null) throw wrong(path, 'must be a decimal number with at most two decimals')
    const cents = Number(`${match[2]}${(match[3] ?? '').padEnd(2, '0')}`)
    return match[1] === '-' && cents !== 0 ? -cents : cents
  }
  if (!Number.isSafeInteger(value) || Object.is(value, -0)) throw wrong(path, 'must be integer cents or a decimal string')
  return value as number
}

function wrong(path: string, message: string): FiscalError {
  return new FiscalError('REQUEST_INVALID', { message: `${path}: ${message}`, path })
}
