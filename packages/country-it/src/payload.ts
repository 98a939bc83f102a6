// What the Italian records hold. Amounts are cents, moments local date-times with offset.
import type { DocumentGroup, Line } from './lines.js'
import type { Merchant } from './options.js'
import type { Payment, Uncollected } from './payments.js'
import type { Row, Totals } from './figures.js'
import type { Accumulators, GrandTotals, Lane } from './state.js'

/** One group of a document with what of it is not collected. */
export type RecordedGroup = DocumentGroup & { services: number; invoice: number; health: number }

/** The document a return or an annulment is about. */
export type Reference =
  | { matricola: string; till: string; z: number; n: number; date: string; moment?: string; seq?: number; unverified?: true }
  | { other: 'ND' | 'POS' | 'VR'; date: string; unverified: true }

/** Part of a document in the lottery (11.1). */
export type LotteryPart = { code: string; queued: boolean; reason?: string }

/** `it.sale`, `it.return`, `it.void`. */
export type DocumentPayload = {
  kind: 'sale' | 'return' | 'void'
  matricola: string
  till: string
  z: number
  n: number
  moment: string
  issuer: Merchant
  lines: Line[]
  groups: RecordedGroup[]
  total: number
  /** VAT inside the total. */
  vat: number
  payments: Payment[]
  cash: number
  electronic: number
  ticket: number
  tickets: number
  discount: number
  rounding: number
  tendered: number
  change: number
  uncollected: Uncollected
  customer?: { taxCode?: string; vat?: string }
  lottery?: LotteryPart
  instant?: string
  reference?: Reference
  warnings: string[]
  simulation: boolean
  operator?: string
}

/** `it.closing`: every figure of the file that will be rendered from it. */
export type ClosingPayload = {
  kind: 'closing' | 'zero' | 'inactive'
  matricola: string
  device: 'rt' | 'serverRt'
  till: string
  z: number
  progressive: number
  moment: string
  opened: string
  rows: Row[]
  totals: Totals
  accumulators: Record<string, Accumulators>
  /** Totals since birth after this closing, and of this period alone. */
  grand: GrandTotals
  inactive?: { from: string; to: string }
  interventions: object[]
  reports: object[]
  automatic?: true
  warnings: string[]
  simulation: boolean
}

/** One document of a lottery batch, as sent (5.6). */
export type LotteryDocument = {
  seq: number
  code: string
  moment: string
  number: string
  amount: number
  sale?: { type: 'PC' | 'PE' | 'NR'; amount: number }[]
  back?: { kind: 'R' | 'A'; moment: string; number: string; matricola: string; till: string }
}

/** `it.lottery`. */
export type LotteryPayload = {
  batch: number
  till: string
  date: string
  name: string
  documents: LotteryDocument[]
  simulation: boolean
}

/** `it.transmission`. */
export type TransmissionPayload = {
  op: 'made' | 'attempt' | 'replace' | 'interrupted'
  lane: Lane
  source: number
  /** Record that fixed the bytes; 0 in `replace`. */
  made: number
  progressive: number
  till: string
  /** SHA-256 of the sealed bytes, kept beside the journal (FORMAT 3.2); absent in `replace`, where they are not made yet. */
  blob?: string
  bytes?: number
  replaces?: number
  attempt?: number
  /** Of a refused lottery batch: its documents, which wait again, for batches of at most so many. */
  again?: { seqs: number[]; date: string; most: number }
}

/** `it.outcome`. */
export type OutcomePayload = {
  result: string
  lane: Lane
  source: number
  made: number
  /** Hash of the record that fixed the bytes: the answer is chained to what it answers. */
  transmission: string
  /** Lottery documents refused, by record, with what the authority said of each. */
  refused?: { seq: number; codes: string[] }[]
  documents?: number
  class?: string
  codes?: string[]
  operation?: string
  status?: number
  /** The answer as it came, kept beside the journal. */
  answer?: { blob: string }
  problem?: string
  skewMs?: number
  certificate?: { notAfter: number; blob: string }
  operator?: string
}
