// Reading the range of an archive from a queue: records in order, as often as needed, and what stands before the range.
import { lineOf, utf8, type FiscalRecord, type JsonObject, type Queue, type SealedRecord } from '@sigillo/core'
import type { Start } from '@sigillo/core/verify'
import type { AuditStart, KnownHead } from '../audit.js'
import { fold } from '../fold.js'
import type { ClosingPayload } from '../payload.js'
import { isProfile } from '../profiles.js'
import { initialState, type State } from '../state.js'
import type { RangeStart } from './manifest.js'

/** The part of a queue that archives read. */
export type RecordSource = Pick<Queue, 'id' | 'records' | 'find' | 'head'>

/** Bytes of a record's line with its line feed. Records of a queue carry the very texts that were hashed. */
export function lineBytes(record: FiscalRecord): Uint8Array {
  return utf8(`${lineOf(record as SealedRecord)}\n`)
}

/** What stands before record `from`; null for the beginning of the journal. */
export async function rangeStart(source: RecordSource, from: number): Promise<RangeStart | null> {
  if (from === 0) return null
  const [genesis, before] = await Promise.all([source.find(0n), source.find(BigInt(from - 1))])
  if (genesis === undefined || before === undefined) return null
  const closing = await closingBefore(source, from)
  const { body, hash } = before
  const after = {
    seq: body.seq,
    hash,
    epoch: body.epoch,
    high: highOf(before),
    genesis: genesis.hash,
    kid: body.kid,
    segBits: Number((genesis.payload as JsonObject)['segBits']),
  }
  if (closing === undefined) return { after, heads: {} }
  const { heads, state } = await standing(source, closing, from - 1)
  const { levels, closed, perpetual, offsets, profile, to, toDate } = state
  return { after, heads, state: { levels, closed, perpetual, offsets, profile, to, toDate } }
}

// Highest time so far: a record whose clock went back says by how much.
function highOf({ body }: FiscalRecord): string {
  return new Date(Date.parse(body.ts) + (body.tsBack ?? 0)).toISOString()
}

async function closingBefore(source: RecordSource, from: number): Promise<FiscalRecord | undefined> {
  for (let seq = from - 1; seq >= Math.max(0, from - 201); seq--) {
    const record = await source.find(BigInt(seq))
    if (record?.body.type === 'closing' && (record.payload as unknown as ClosingPayload).kind === 'day') return record
  }
  return undefined
}

async function standing(
  source: RecordSource,
  closing: FiscalRecord,
  last: number,
): Promise<{ heads: Record<string, KnownHead>; state: State }> {
  const payload = closing.payload as unknown as ClosingPayload
  const heads: Record<string, KnownHead> = {}
  for (const [type, { tseq, hash, seq }] of Object.entries(payload.heads)) {
    const record = await source.find(BigInt(seq))
    if (record !== undefined) heads[type] = { tseq, hash, sig: record.sig }
  }
  const state: State = {
    ...initialState(),
    phase: 'started',
    blind: true,
    offsets: { ...payload.offsets },
    ...(isProfile(payload.profile) && { profile: payload.profile }),
  }
  for (let seq = closing.body.seq; seq <= last; seq++) {
    const record = await source.find(BigInt(seq))
    if (record === undefined) continue
    fold(state, record)
    heads[record.body.type] = { tseq: record.body.tseq, hash: record.hash, sig: record.sig }
  }
  return { heads, state }
}

/** Where an audit of the range begins. */
export function auditStart(start: RangeStart): AuditStart {
  const heads = new Map(Object.entries(start.heads))
  const known = start.state === undefined ? { blind: true } : structuredClone(start.state)
  return { heads, state: { ...initialState(), phase: 'started', ...known } }
}

/** Where the journal's own verification of the range begins. */
export function journalStart(start: RangeStart, queue: string): Start {
  const { seq, hash, epoch, high, genesis, kid, segBits } = start.after
  const types = Object.fromEntries(
    Object.entries(start.heads).map(([type, head]) => [type, { hash: head.hash, tseq: head.tseq }]),
  )
  const state = start.state === undefined ? {} : { state: { epoch, kid, lastTs: high, types } }
  return { seq, hash, queue, genesis, profile: 'FR', segBits, ...state }
}

/** Public key that signs at the start of a range. */
export async function keyAt(
  source: RecordSource,
  from: number,
): Promise<{ kid: string; jwk: JsonObject; x5c: readonly string[] }> {
  const closing = from > 0 ? await closingBefore(source, from) : undefined
  // A closing names the newest record of every type before it: the journal before it need not be read.
  const known = closing === undefined ? undefined : (closing.payload as unknown as ClosingPayload).heads['sys.key']?.seq
  let key = await source.find(BigInt(known ?? 0))
  const rest = { from: BigInt(closing?.body.seq ?? 0), to: BigInt(from - 1) }
  if (from > 0) for await (const record of source.records(rest)) if (record.body.type === 'sys.key') key = record
  return keyOf(key as FiscalRecord)
}

/** Key and certificates a genesis or key record introduces. */
export function keyOf(record: FiscalRecord): { kid: string; jwk: JsonObject; x5c: readonly string[] } {
  const payload = record.payload as JsonObject
  const kid = record.body.type === 'sys.key' ? String(payload['kid']) : record.body.kid
  return { kid, jwk: payload['key'] as JsonObject, x5c: (payload['x5c'] ?? []) as readonly string[] }
}
