// Where the next record goes: heads of both chains, tree, clock and key, folded from the records (FORMAT 3.1, 5, 12).
import type { JsonObject } from '../canonical.js'
import type { ChainHead } from '../country.js'
import type { PublicJwk } from '../crypto-contract.js'
import { ZERO_HASH } from '../digest.js'
import { parsePublicJwk } from '../keys.js'
import type { FiscalRecord } from '../record.js'
import { EMPTY_FRONTIER, pushLeaf, type Frontier } from '../tree.js'

/** The journal's side of a queue's state. One record is folded at a time; nothing else changes it. */
export interface ChainState {
  queue: string
  profile: string
  segBits: number
  genesis: string
  seq: number
  hash: string
  epoch: number
  /** Highest `ts` so far. */
  lastTs: string
  kid: string
  key: PublicJwk
  types: Map<string, ChainHead>
  frontier: Frontier
  /** Records since the last checkpoint. */
  unchecked: number
  ended: boolean
}

/** State before the first record. */
export function emptyChain(): ChainState {
  return {
    queue: '',
    profile: '',
    segBits: 12,
    genesis: ZERO_HASH,
    seq: -1,
    hash: ZERO_HASH,
    epoch: 0,
    lastTs: '',
    kid: '',
    key: { kty: 'OKP', crv: 'Ed25519', x: '' },
    types: new Map(),
    frontier: EMPTY_FRONTIER,
    unchecked: 0,
    ended: false,
  }
}

/** A copy that can be folded further without touching the original. */
export function copyChain(state: ChainState): ChainState {
  return { ...state, types: new Map(state.types) }
}

/** Free places in the segment the next record falls into; the last one is a checkpoint's (FORMAT 4). */
export function placesLeft({ segBits, seq }: Pick<ChainState, 'segBits' | 'seq'>): number {
  const size = 2 ** segBits
  return size - ((seq + 1) % size)
}

/** Takes the next record in. The record has been sealed by us or verified. */
export function foldChain(state: ChainState, record: FiscalRecord): void {
  const { body, hash, sig } = record
  state.seq = body.seq
  state.hash = hash
  state.epoch = body.epoch
  if (body.ts > state.lastTs) state.lastTs = body.ts
  state.types.set(body.type, { seq: BigInt(body.seq), tseq: body.tseq, hash, sig })
  state.frontier = pushLeaf(state.frontier, hash)
  state.unchecked = body.type === 'sys.checkpoint' ? 0 : state.unchecked + 1
  if (body.type.startsWith('sys.')) foldSystem(state, record)
}

function foldSystem(state: ChainState, record: FiscalRecord): void {
  const payload = record.payload as JsonObject
  if (record.body.type === 'sys.genesis') {
    state.queue = record.body.queue
    state.genesis = record.hash
    state.profile = String(payload['profile'])
    state.segBits = Number(payload['segBits'])
    adoptKey(state, payload, record.body.kid)
  }
  if (record.body.type === 'sys.key') adoptKey(state, payload, String(payload['kid']))
  if (record.body.type === 'sys.close') state.ended = true
}

function adoptKey(state: ChainState, payload: JsonObject, kid: string): void {
  const jwk = parsePublicJwk(payload['key'])
  if (jwk === undefined) return
  state.key = jwk
  state.kid = kid
}

/** The state a checkpoint commits to and a snapshot keeps (FORMAT 12), with the country's totals. */
export function stateOf(state: ChainState, totals: JsonObject): JsonObject {
  const types: Record<string, JsonObject> = {}
  for (const [type, head] of state.types) types[type] = { hash: head.hash, tseq: head.tseq }
  return {
    epoch: state.epoch,
    frontier: [...state.frontier.roots],
    head: { hash: state.hash, seq: state.seq },
    kid: state.kid,
    lastTs: state.lastTs,
    totals,
    types,
  }
}
