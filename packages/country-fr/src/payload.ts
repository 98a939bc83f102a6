// What the records of France hold besides the request: computed figures, numbers and moments. The request itself, as received,
// is added by the queue as member `request` of the record that answers it; nothing of it is stored twice.
import type { Shop } from './print-shop.js'
import type { Totals } from './totals.js'
import type { Level, Perpetual } from './state.js'
import type { Amounts, ByRate } from './vat.js'
import type { Degraded } from './degraded-input.js'

/** Members every payload has. */
export type Common = {
  /** Printed number: tseq plus the offset of numbers lost. */
  number: number
  /** Local moment `YYYYMMDDHHMMSS`. */
  moment: string
  /** Operator as it stands in data strings. */
  operator: string
  /** What paper shows of the shop, on records that answer a request. */
  shop?: Shop
  /** Cutoff of the business day, when it is near: the user is warned. */
  closesAt?: string
  /** Seconds the till's clock differs from the queue's, when more than tolerated. */
  posClockSkew?: number
  clockBack?: true
  /** Integrity alerts not acknowledged when the record was made. */
  alerts?: number
}

/** A document this record refers to. */
export type Original = { seq: number; hash: string; type: string; op: string; number: number } | { external: string }

/** Payload of ticket, invoice and note. */
export type SalePayload = Common & {
  op: string
  /** Business date. */
  date: string
  /** One per line of the request, in order; zero VAT outside turnover. */
  lines: Amounts[]
  vat: ByRate
  /** Turnover including VAT. */
  total: number
  ht: number
  tax: number
  pay: Record<string, number>
  outside?: number
  discounts?: { amount: number; count: number }
  /** False for an invoice that only covers tickets. */
  counted?: false
  original?: Original
  /** Further documents this one comes from. */
  references?: Original[]
  covers?: { seq: number; number: number }[]
  /** Index of the original's line and ten-thousandths refunded. */
  refunded?: [number, number][]
  late?: { pad: string; paperNumber: number; moment: string; outOfOrder?: true }
  degraded?: Degraded & { forced?: { code: string; message: string } }
  notIssued?: true
}

/** Payload of payment. */
export type PaymentPayload = Common & {
  op: string
  date: string
  pay: Record<string, number>
  total: number
  original?: Original
  degraded?: SalePayload['degraded']
}

/** Payload of closing. */
export type ClosingPayload = Common & {
  kind: string
  from: string
  to: string
  vat: ByRate
  total: number
  ht: number
  tax: number
  pay: Record<string, number>
  perpetual: Perpetual
  totals: Totals
  /** Every other level as it stands, this one's reset not yet done. */
  levels: Record<string, Level>
  closed: { days: number; months: number }
  /** First and last record per type of the period: printed number and hash. */
  chains: Record<string, { first: [number, string]; last: [number, string] }>
  /** Newest record of every type before this one. */
  heads: Record<string, { tseq: number; hash: string; seq: number }>
  offsets: Record<string, number>
  /** Signing profile in force. */
  profile: string
  kid: string
  software: string
  /** Business date the closing stands for. */
  date: string
  late?: true
  days?: number
  drawer?: { declared: number; difference: number }
  forced?: true
  config?: Record<string, string | number | boolean>
  episode?: Record<string, unknown>
  /** On stop: number of the first record that is in no archive. */
  unarchived?: number
}

/** Payload of event. */
export type EventPayload = Common & { code: number; info: string; data?: Record<string, unknown> }

/** Payload of copy. */
export type CopyPayload = Common & {
  copy: number
  original: Extract<Original, { seq: number }>
  till: string
  content: Record<string, unknown> | null
}

/** Payload of archive. */
export type ArchivePayload = Common & {
  kind: string
  manifest: string
  from: number
  to: number
  date: string
  previous: { number: number; manifest: string } | null
  vat: ByRate
  total: number
  totals: Totals
  breaks: number
  lastMs: number
}
