// What a verifier keeps from one record to the next: the table of FORMAT 5.1.
import type { JsonObject } from '../canonical.js'
import type { PublicJwk } from '../crypto-contract.js'
import type { Predecessor } from './predecessor.js'
import { EMPTY_FRONTIER, type Frontier } from '../tree.js'

/** The newest placed record, or what a start says of it; then the hash may be empty for unknown. */
export interface Last {
  hash: string
  readonly recomputed: string
  /** Undefined when it is only known from a start. */
  readonly record:
    | { readonly type: string; readonly epoch: number; readonly base: number; readonly more: number; readonly seq: number }
    | undefined
}

/** The newest record of a type. */
export interface TypeHead {
  readonly tseq: number
  hash: string
  readonly losses: number
}

/** State of verification. Plain data: structured clone keeps it. */
export interface VerifyState {
  g: number
  last: Last | undefined
  queue: string | undefined
  genesis: string | undefined
  profile: string | undefined
  segBits: number | undefined
  /** What genesis names as predecessor. */
  predecessor: Predecessor | undefined
  /** What `sys.close` names as successor. */
  successor: string | undefined
  kid: string | undefined
  key: PublicJwk | undefined
  former: Map<string, PublicJwk>
  doubt: boolean
  heads: Map<string, TypeHead>
  losses: number
  epoch: number | undefined
  /** Highest `ts`, in milliseconds. */
  high: number | undefined
  /** Over the leaves below g; with a start, leaf g included. Undefined when unknown. */
  tree: Frontier | undefined
  /** Leaf g is already in the tree (a start). */
  settled: boolean
  stateKnown: boolean
  /** Totals a start brought along; without a country they stay what they are. */
  startTotals: JsonObject | undefined
  gaps: [number, number][]
  closed: boolean
  count: number
}

/** State before the first record of a queue. */
export function startOfJournal(): VerifyState {
  return {
    g: -1,
    last: undefined,
    queue: undefined,
    genesis: undefined,
    profile: undefined,
    segBits: undefined,
    predecessor: undefined,
    successor: undefined,
    kid: undefined,
    key: undefined,
    former: new Map(),
    doubt: false,
    heads: new Map(),
    losses: 0,
    epoch: undefined,
    high: undefined,
    tree: EMPTY_FRONTIER,
    settled: true,
    stateKnown: true,
    startTotals: undefined,
    gaps: [],
    closed: false,
    count: 0,
  }
}

/** State behind a record that is trusted: a bundle's `start`, a purge's frontier (FORMAT 5.1, 14, 21). */
export interface Start {
  readonly seq: number
  /** Left out when nothing is known of that record: its successor's link is then not judged. */
  readonly hash?: string
  readonly queue?: string
  readonly genesis?: string
  readonly profile?: string
  readonly segBits?: number
  /** The whole state (FORMAT 12), `totals` optional; without it only `frontier` is known (a partial start). */
  readonly state?: JsonObject
  readonly frontier?: readonly string[]
}

/** State of verification behind a start. */
export function stateFromStart(start: Start, offered: ReadonlyMap<string, PublicJwk>): VerifyState {
  const state = startOfJournal()
  const whole = start.state as
    | {
        epoch?: number
        frontier?: string[]
        kid?: string
        lastTs?: string
        totals?: JsonObject
        types?: Record<string, { hash: string; tseq: number }>
      }
    | undefined
  const kid = whole?.kid
  const key = kid === undefined ? undefined : offered.get(kid)
  const high = whole?.lastTs === undefined ? Number.NaN : Date.parse(whole.lastTs)
  const frontier = whole?.frontier ?? start.frontier
  return {
    ...state,
    g: start.seq,
    last: { hash: start.hash ?? '', recomputed: start.hash ?? '', record: undefined },
    queue: start.queue,
    genesis: start.genesis,
    profile: start.profile,
    segBits: start.segBits,
    kid,
    key,
    doubt: key === undefined,
    heads: new Map(Object.entries(whole?.types ?? {}).map(([type, { hash, tseq }]) => [type, { hash, tseq, losses: 0 }])),
    losses: whole === undefined ? 1 : 0,
    epoch: whole?.epoch,
    high: Number.isNaN(high) ? undefined : high,
    tree: frontier === undefined ? undefined : { size: start.seq + 1, roots: frontier },
    startTotals: whole?.totals,
    stateKnown: whole !== undefined && (whole.totals !== undefined || start.profile === 'NONE'),
  }
}
