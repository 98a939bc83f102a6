// Requests a French till may send: their shape, no law. Names are English, codes are the French ones of kinds.ts. Unknown
// members are refused. Money: an integer is cents, a string is euros (money.ts).
import { z } from 'zod'
import type { MoneyInput } from './money.js'
import { unions } from './schema-words.js'

/** What every request carries. */
export interface RequestBase {
  /** Idempotency key, unique in the queue for ever; the till's own reference of the document. */
  readonly key: string
  readonly operatorId: string
  readonly operatorName?: string | undefined
  /** The till's clock, ISO 8601 with offset or Z. */
  readonly posMoment: string
  /** School mode: the request becomes one training record and moves nothing. */
  readonly training?: boolean | { readonly responsible?: string | undefined } | undefined
  /** `FR` when given. */
  readonly country?: string | undefined
  /** `EUR` when given. */
  readonly currency?: string | undefined
}

/** One line of a document. `total` is needed unless `unitPrice` is given; a discount is already inside `total`. */
export interface LineInput {
  readonly label: string
  readonly productId?: string | undefined
  /** Units, or a decimal string with at most four decimals; default 1. */
  readonly quantity?: MoneyInput | undefined
  readonly unit?: string | undefined
  /** Including VAT; at most six decimals. Needed when the quantity is neither 1 nor -1. */
  readonly unitPrice?: MoneyInput | undefined
  readonly discount?: MoneyInput | undefined
  readonly total?: MoneyInput | undefined
  /** VAT rate, percent × 100; absent for lines outside turnover. */
  readonly rateBp?: number | undefined
  readonly exemption?: string | undefined
  /** B goods (default), S service, D deposit; V, C, T, O lie outside turnover. */
  readonly nature?: string | undefined
  readonly currency?: string | undefined
  /** In a refund: position of the line of the original, from 1. Without it the line is found by product or label and rate. */
  readonly originalLine?: number | undefined
}

/** One payment. Change given back is a negative ESP. */
export interface PaymentInput {
  readonly mode: string
  readonly amount: MoneyInput
  readonly currency?: string | undefined
  /** Foreign cash taken: its amount as text, with the currency's code. */
  readonly foreignAmount?: { readonly amount: string; readonly currency: string } | undefined
  readonly reference?: string | undefined
}

/** Another document: the key of its request, its record number, or `external:<text>` for one of another system. */
export type ReferenceInput = string | { readonly seq: number }

/** A buyer. Name and address are mandatory on an invoice. */
export interface Customer {
  readonly name: string
  readonly address?: string | undefined
  readonly siren?: string | undefined
  readonly vatId?: string | undefined
}

/** Late capture of a handwritten receipt (14). */
export interface LateCapture {
  readonly pad: string
  readonly paperNumber: number
  /** `YYYY-MM-DD`. */
  readonly paperDate: string
  /** `HH:MM` or `HH:MM:SS`; 12:00:00 when unknown. */
  readonly paperTime?: string | undefined
  readonly reason: string
  readonly capturedBy: string
  /** A manager allows a date more than 400 days ago. */
  readonly force?: string | undefined
}

interface SaleBase extends RequestBase {
  readonly lines?: readonly LineInput[] | undefined
  readonly payments?: readonly PaymentInput[] | undefined
  readonly reference?: ReferenceInput | undefined
  /** Further documents this one comes from, as notes that were merged. */
  readonly references?: readonly ReferenceInput[] | undefined
  readonly customer?: Customer | undefined
  readonly table?: string | undefined
  readonly room?: string | undefined
  /** VAT per rate as the till computed it (7.5). */
  readonly vat?: readonly { readonly rateBp: number; readonly amount: MoneyInput }[] | undefined
}
/** A ticket. */
export interface TicketRequest extends SaleBase {
  readonly type: 'ticket'
  /** Default sale. */
  readonly op?: 'sale' | 'refund' | 'cancellation' | undefined
  readonly lateCapture?: LateCapture | undefined
  /** How the receipt reaches the customer; default paper. */
  readonly issue?: 'paper' | 'electronic' | 'none' | undefined
}
/** An invoice or credit note. */
export interface InvoiceRequest extends SaleBase {
  readonly type: 'invoice'
  /** Default invoice. */
  readonly op?: 'invoice' | 'deposit' | 'credit' | undefined
  /** Tickets this invoice puts on one document; it is then not counted (11.5). */
  readonly covers?: readonly ReferenceInput[] | undefined
}
/** A note or delivery note. */
export interface NoteRequest extends SaleBase {
  readonly type: 'note'
  /** Default note. */
  readonly op?: 'note' | 'delivery' | undefined
}
/** A payment document. */
export interface PaymentRequest extends SaleBase {
  readonly type: 'payment'
  readonly op: 'collection' | 'cash-in' | 'cash-out' | 'transfer'
  readonly reason?: string | undefined
}
interface Plain extends RequestBase {
  readonly lines?: readonly unknown[] | undefined
  readonly payments?: readonly unknown[] | undefined
}
/** A closing of a period. */
export interface ClosingRequest extends Plain {
  readonly type: 'closing'
  readonly kind: 'shift' | 'day' | 'month' | 'year'
  /** Cash counted in the drawer. */
  readonly drawer?: MoneyInput | undefined
}
/** First and last act of a queue. */
export interface LifeRequest extends Plain {
  readonly type: 'start' | 'stop'
}
/** What the till reports when an outage is over. */
export interface EpisodeReport {
  readonly episode: string
  readonly count: number
  readonly firstSeq?: number | undefined
  readonly lastSeq?: number | undefined
  readonly firstCounter?: number | undefined
  readonly lastCounter?: number | undefined
  readonly lastHash?: string | undefined
  /** Numbers of missing files. */
  readonly missing?: readonly number[] | undefined
  readonly breaks?: readonly Readonly<Record<string, string | number>>[] | undefined
}
/** A zero receipt; with a report it ends an outage. */
export interface ZeroRequest extends Plain {
  readonly type: 'zero'
  readonly episode?: EpisodeReport | undefined
}
/** Begin of an outage, announced before the first of its receipts. */
export interface OutageRequest extends Plain {
  readonly type: 'outage'
  readonly episode: string
  readonly reason: string
  readonly opened: string
  /** Newest record the till knew when the outage began; the queue says whether it knows it too. */
  readonly anchor?: { readonly seq: number; readonly hash: string } | undefined
}
/** A technical event of the till (JET). */
export interface EventRequest extends Plain {
  readonly type: 'event'
  readonly code: number
  readonly info?: string | undefined
  readonly data?: Readonly<Record<string, unknown>> | undefined
  readonly reference?: ReferenceInput | undefined
}
/** A duplicate. */
export interface CopyRequest extends Plain {
  readonly type: 'copy'
  readonly reference?: ReferenceInput | undefined
  readonly reason: string
}
/** First issue of a document after it was recorded (11.2). */
export interface IssueRequest extends Plain {
  readonly type: 'issue'
  readonly reference?: ReferenceInput | undefined
  readonly medium: 'paper' | 'electronic'
}
/** An archive; `manifest` and `totals` come from `createArchive`. */
export interface ArchiveRequest extends Plain {
  readonly type: 'archive'
  /** Default period; year when it ends with a year closing. */
  readonly kind?: 'period' | 'year' | undefined
  /** Business date of the last closed day to hold; default the newest. */
  readonly until?: string | undefined
  readonly autoClose?: boolean | undefined
  readonly manifest?: string | undefined
  readonly from?: number | undefined
  readonly to?: number | undefined
  readonly breaks?: number | undefined
}
/** School mode for every request until it is switched off. */
export interface TrainingRequest extends Plain {
  readonly type: 'training'
  readonly on: boolean
  readonly responsible?: string | undefined
}
/** A manager's word: the clock is right (17.3), or an integrity alert is known (17.4). */
export interface ConfirmRequest extends Plain {
  readonly type: 'clock' | 'acknowledge'
  readonly reason: string
}
/** Wish to blank archived records (16). */
export interface PurgeRequest extends Plain {
  readonly type: 'purge'
  readonly archives: readonly { readonly number: number; readonly manifest: string }[]
  readonly manager: string
  /** `all` (default), or only the technical events that may be dropped: event 205 instead of 200. */
  readonly scope?: 'all' | 'events' | undefined
}

/** Every request. */
export type FrenchInput =
  | TicketRequest
  | InvoiceRequest
  | NoteRequest
  | PaymentRequest
  | ClosingRequest
  | LifeRequest
  | ZeroRequest
  | OutageRequest
  | EventRequest
  | CopyRequest
  | IssueRequest
  | ArchiveRequest
  | TrainingRequest
  | ConfirmRequest
  | PurgeRequest

const word = z.string().min(1).max(200)
const long = z.string().min(1).max(1000)
const money = z.union([z.int(), z.string()], unions.money)
const reference = z.union([z.string().min(1).max(300), z.strictObject({ seq: z.int().min(0) })], unions.reference)
const base = {
  key: z.string().min(1).max(128),
  operatorId: z.string().min(1).max(64),
  operatorName: word.optional(),
  posMoment: z.string(),
  training: z.union([z.boolean(), z.strictObject({ responsible: z.string().max(64).optional() })], unions.training).optional(),
  country: z.string().optional(),
  currency: z.string().optional(),
}
const line = z.strictObject({
  label: word,
  productId: word.optional(),
  quantity: money.optional(),
  unit: word.optional(),
  unitPrice: money.optional(),
  discount: money.optional(),
  total: money.optional(),
  rateBp: z.int().min(0).max(9999).optional(),
  exemption: z.string().optional(),
  nature: z.string().optional(),
  currency: z.string().optional(),
  originalLine: z.int().min(1).optional(),
})
const payment = z.strictObject({
  mode: z.string(),
  amount: money,
  currency: z.string().optional(),
  foreignAmount: z.strictObject({ amount: z.string().max(40), currency: z.string().length(3) }).optional(),
  reference: word.optional(),
})
const sale = {
  ...base,
  lines: z.array(line).max(1000).optional(),
  payments: z.array(payment).max(100).optional(),
  reference: reference.optional(),
  references: z.array(reference).min(1).max(50).optional(),
  customer: z.strictObject({ name: word, address: long.optional(), siren: word.optional(), vatId: word.optional() }).optional(),
  table: word.optional(),
  room: word.optional(),
  vat: z
    .array(z.strictObject({ rateBp: z.int().min(0).max(9999), amount: money }))
    .max(50)
    .optional(),
}
const plain = { ...base, lines: z.array(z.unknown()).max(1000).optional(), payments: z.array(z.unknown()).max(100).optional() }
const date = z.string().regex(/^\d{4}-\d\d-\d\d$/)
const hex64 = z.string().regex(/^[0-9a-f]{64}$/)

const lateCapture = z.strictObject({
  pad: z.string().min(1).max(40),
  paperNumber: z.int().min(1).max(1_000_000_000),
  paperDate: date,
  paperTime: z
    .string()
    .regex(/^(?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d)?$/)
    .optional(),
  reason: word,
  capturedBy: z.string().min(1).max(64),
  force: z.string().min(1).max(64).optional(),
})
const episodeReport = z.strictObject({
  episode: z.string().min(1).max(64),
  count: z.int().min(0),
  firstSeq: z.int().min(1).optional(),
  lastSeq: z.int().min(1).optional(),
  firstCounter: z.int().min(0).optional(),
  lastCounter: z.int().min(0).optional(),
  lastHash: hex64.optional(),
  missing: z.array(z.int().min(1)).max(10_000).optional(),
  breaks: z
    .array(z.record(z.string(), z.union([z.string(), z.int()])))
    .max(10_000)
    .optional(),
})

/** Schema by request type. */
export const requestSchemas: Readonly<Record<string, z.ZodType<FrenchInput>>> = {
  ticket: z.strictObject({
    type: z.literal('ticket'),
    op: z.enum(['sale', 'refund', 'cancellation']).optional(),
    lateCapture: lateCapture.optional(),
    issue: z.enum(['paper', 'electronic', 'none']).optional(),
    ...sale,
  }),
  invoice: z.strictObject({
    type: z.literal('invoice'),
    op: z.enum(['invoice', 'deposit', 'credit']).optional(),
    covers: z.array(reference).min(1).max(150).optional(),
    ...sale,
  }),
  note: z.strictObject({ type: z.literal('note'), op: z.enum(['note', 'delivery']).optional(), ...sale }),
  payment: z.strictObject({
    type: z.literal('payment'),
    op: z.enum(['collection', 'cash-in', 'cash-out', 'transfer']),
    reason: word.optional(),
    ...sale,
  }),
  closing: z.strictObject({
    type: z.literal('closing'),
    kind: z.enum(['shift', 'day', 'month', 'year']),
    drawer: money.optional(),
    ...plain,
  }),
  start: z.strictObject({ type: z.literal('start'), ...plain }),
  stop: z.strictObject({ type: z.literal('stop'), ...plain }),
  zero: z.strictObject({ type: z.literal('zero'), episode: episodeReport.optional(), ...plain }),
  outage: z.strictObject({
    type: z.literal('outage'),
    episode: z.string().min(1).max(64),
    reason: word,
    opened: z.string().max(40),
    anchor: z.strictObject({ seq: z.int().min(0), hash: hex64 }).optional(),
    ...plain,
  }),
  event: z.strictObject({
    type: z.literal('event'),
    code: z.int(),
    info: z.string().max(2000).optional(),
    data: z.record(z.string(), z.unknown()).optional(),
    reference: reference.optional(),
    ...plain,
  }),
  copy: z.strictObject({ type: z.literal('copy'), reference: reference.optional(), reason: word, ...plain }),
  issue: z.strictObject({
    type: z.literal('issue'),
    reference: reference.optional(),
    medium: z.enum(['paper', 'electronic']),
    ...plain,
  }),
  archive: z.strictObject({
    type: z.literal('archive'),
    kind: z.enum(['period', 'year']).optional(),
    until: date.optional(),
    autoClose: z.boolean().optional(),
    manifest: hex64.optional(),
    from: z.int().min(0).optional(),
    to: z.int().min(0).optional(),
    breaks: z.int().min(0).optional(),
    ...plain,
  }),
  training: z.strictObject({
    type: z.literal('training'),
    on: z.boolean(),
    responsible: z.string().max(64).optional(),
    ...plain,
  }),
  clock: z.strictObject({ type: z.literal('clock'), reason: word, ...plain }),
  acknowledge: z.strictObject({ type: z.literal('acknowledge'), reason: word, ...plain }),
  purge: z.strictObject({
    type: z.literal('purge'),
    archives: z
      .array(z.strictObject({ number: z.int().min(1), manifest: hex64 }))
      .min(1)
      .max(100),
    manager: z.string().max(64),
    scope: z.enum(['all', 'events']).optional(),
    ...plain,
  }),
}
