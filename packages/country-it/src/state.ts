// The state of an Italian queue: the fold of its journal, plain JSON. It grows with what is unfinished (outbox, lottery, pending
// reports), one row per closed period, and one mark per original that was annulled or returned; not with the number of documents.
import type { Json, JsonObject } from '@sigillo/core'
import type { Merchant, Settings } from './options.js'

/** Life of a device (2.1). */
export type DeviceState = 'unknown' | 'CENSITO' | 'ATTIVATO' | 'IN_SERVIZIO' | 'FUORI_SERVIZIO' | 'DISATTIVATO' | 'DISMESSO'

/** Accumulators of one VAT group since the last closing, VAT-inclusive cents (8.1). */
export type Accumulators = {
  sales: number
  returns: number
  voids: number
  suspended: number
  services: number
  invoice: number
  health: number
  gifts: number
}

/** Names of the accumulators, in order. */
export const ACCUMULATORS = ['sales', 'returns', 'voids', 'suspended', 'services', 'invoice', 'health', 'gifts'] as const

/** Payments of sale documents since the last closing. */
export type PaymentTotals = { cash: number; electronic: number; discount: number; ticket: number; tickets: number }

/** Totals since birth; none ever decreases. */
export type GrandTotals = { sales: number; returns: number; voids: number }

/** One till, or the register itself under an empty id. */
export type Till = {
  /** Number of the last closing. */
  z: number
  /** Documents since then. */
  n: number
  /** Local date and date-time the open period began; empty while none is open. */
  openedDate: string
  openedAt: string
  firstSeq: number
  lastSeq: number
  groups: Record<string, Accumulators>
  totals: PaymentTotals
  grand: GrandTotals
  /** Closed periods with documents: closing number, first and last record. */
  periods: [number, number, number][]
  /** Last local date a closing or a reported inactivity covers. */
  coveredTo: string
}

/** What happened to one sale. */
export type Mark = {
  voided?: true
  /** Returned gross per group. */
  returned?: Record<string, number>
  /** Gifts and redemptions returned per group; absent for groups without. */
  freed?: Record<string, { gifts: number; suspended: number }>
  /** Uncollected amounts taken back, by reason; absent when none. */
  open?: Record<string, number>
}

/** Lanes of the outbox (9.4). */
export type Lane = 'receipts' | 'lottery' | 'event' | 'setup'

/** One message owed or under way (16.3). Finished ones leave the state; the journal keeps them. */
export type Message = {
  /** Record this message is made from: a closing, a batch, an event. */
  source: number
  lane: Lane
  state: 'owed' | 'ready' | 'sending' | 'unknown' | 'blocked' | 'rejected'
  progressive: number
  till: string
  /** Record that fixed the bytes, and their SHA-256. */
  made: number
  sha256: string
  attempts: number
  /** An attempt ended without an answer to believe. */
  doubt: boolean
  /** Milliseconds: when it became owed, and when it was last tried. */
  sinceMs: number
  lastMs: number
  /** Record of the message this one replaces, 0 for none. */
  replaces: number
  /** Class of the last rejection; `split` for a batch the authority found too large. */
  reason: string
  /** What acceptance brings about: `enrol`, `activate`, or the word of the event. */
  what: string
}

/** One document that takes part in the lottery and is not yet in a batch. */
export type LotteryItem = {
  seq: number
  till: string
  date: string
  /** Documents its next batch may hold: fewer than usual when a batch of more was refused. */
  most?: number
}

/** Statistics of the lottery per till (11.2). */
export type LotteryCounts = { waiting: number; sent: number; accepted: number; rejected: number; excluded: number }

/** A POS terminal and the device it is declared for (14). */
export type PosLink = {
  posId: string
  tillId: string
  acquirerVat: string
  localUnitAddress: string
  validFrom: string
  validTo: string
  declaredOnPortalAt: string
}

/** The whole state. */
export type State = {
  v: 1
  device: DeviceState
  /** Certificate of the device: end of validity in milliseconds, 0 while there is none. */
  certificate: { notAfter: number; sha256: string }
  merchant: Merchant | null
  /** Who the device is for once its activation is accepted. */
  merchantNext: Merchant | null
  seal: 'sealed' | 'open' | 'tampered'
  /** Hardware initialisations counted (12.5). */
  initialisations: number
  memoryPercent: number
  /** Milliseconds the clock is ahead of the authority's, as last seen. */
  skewMs: number
  progressive: number
  tills: Record<string, Till>
  marks: Record<string, Mark>
  /** Milliseconds of the newest moment shown on a document or closing. */
  shownMs: number
  /** Technical interventions and reports the next closing carries. */
  interventions: JsonObject[]
  reports: JsonObject[]
  outbox: Message[]
  lottery: { items: LotteryItem[]; counts: Record<string, LotteryCounts>; lastBatchMs: number }
  pos: PosLink[]
  /** Electronic payments per month and terminal, `YYYY-MM|posId` → cents. */
  posTotals: Record<string, number>
  emergency: number
  /** Last accepted transmission of receipts, milliseconds. */
  acceptedMs: number
  verificationDue: string
  /** Local date of the last event that took the device out of service; empty when there was none. */
  outSince: string
  /** Text of the QR code the portal issued; empty while it is not known. */
  qr: string
}

/** Nothing of a group yet. */
export function emptyAccumulators(): Accumulators {
  return { sales: 0, returns: 0, voids: 0, suspended: 0, services: 0, invoice: 0, health: 0, gifts: 0 }
}

/** A till after a closing with this number, nothing sold since. */
export function newTill(z: number): Till {
  return {
    z,
    n: 0,
    openedDate: '',
    openedAt: '',
    firstSeq: 0,
    lastSeq: 0,
    groups: {},
    totals: { cash: 0, electronic: 0, discount: 0, ticket: 0, tickets: 0 },
    grand: { sales: 0, returns: 0, voids: 0 },
    periods: [],
    coveredTo: '',
  }
}

/** State before the first record. */
export function initialState({
  tills,
  before,
  startsAs,
  merchant,
}: Pick<Settings, 'tills' | 'before' | 'startsAs'> & { readonly merchant: Settings['merchant'] | null }): State {
  return {
    v: 1,
    device: startsAs,
    certificate: { notAfter: 0, sha256: '' },
    merchant: startsAs === 'unknown' ? null : merchant,
    merchantNext: null,
    seal: 'sealed',
    initialisations: 0,
    memoryPercent: 0,
    skewMs: 0,
    progressive: before.progressive,
    tills: Object.fromEntries(tills.map((id) => [id, newTill(before.z)])),
    marks: {},
    shownMs: 0,
    interventions: [],
    reports: [],
    outbox: [],
    lottery: { items: [], counts: {}, lastBatchMs: 0 },
    pos: [],
    posTotals: {},
    emergency: 0,
    acceptedMs: 0,
    verificationDue: '',
    outSince: '',
    qr: '',
  }
}

/** A till after its period was closed: what the next document of the same request sees. */
export function afterClosing(till: Till): Till {
  return { ...newTill(till.z + 1), grand: till.grand, periods: till.periods, coveredTo: till.coveredTo }
}

/** The state as JSON for snapshots and checkpoints. */
export function totalsOf(state: State): JsonObject {
  return state as unknown as JsonObject
}

/** The state a snapshot stands for; tills configured since are added. */
export function restoreState(settings: Settings, totals: Json): State {
  const state = structuredClone(totals) as unknown as State
  for (const id of settings.tills) state.tills[id] ??= newTill(settings.before.z)
  state.outSince ??= ''
  return state
}
