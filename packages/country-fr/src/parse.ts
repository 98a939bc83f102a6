// From a request as received to what the rules work with: amounts in cents, quantities in ten-thousandths, names checked.
// Wrong form is refused here; what depends on the queue's state is refused by `decide`.
import type { FiscalError } from '@sigillo/core'
import { isFiscalError } from '@sigillo/core'
import { parseDegraded, type Degraded } from './degraded-input.js'
import { invalid, refuse } from './errors.js'
import { natures, paymentModes } from './kinds.js'
import { cents, MAX_CENTS, priceOf, quantity, unitPrice } from './money.js'
import { isPlainTicket } from './quick-shape.js'
import { exemptions } from './rates.js'
import { requestSchemas, type FrenchInput, type LineInput, type PaymentInput } from './request.js'
import { schemaFault } from './schema-words.js'
import type { SuppliedVat } from './vat.js'
import type { z } from 'zod'

/** One line, in integers. */
export interface SaleLine {
  readonly ttc: number
  /** VAT rate, or undefined for a line outside turnover. */
  readonly rate: number | undefined
  readonly nature: string
  /** Ten-thousandths of a unit. */
  readonly quantity: number
  readonly discount: number
  readonly input: LineInput
}

/** One payment, in cents. */
export interface SalePayment {
  readonly mode: string
  readonly amount: number
}

/** Lines and payments of a document. */
export interface SaleParts {
  readonly lines: readonly SaleLine[]
  readonly payments: readonly SalePayment[]
  readonly supplied: SuppliedVat | undefined
}

/** A checked request. */
export interface FrenchRequest {
  readonly type: string
  readonly key: string
  readonly input: FrenchInput
  readonly posMs: number
  /** Present for tickets, invoices, notes and payments. */
  readonly sale: SaleParts | undefined
  readonly degraded: Degraded | undefined
  /** A degraded receipt whose form is refused is recorded as printed all the same (13.5); this is why. */
  readonly fault: FiscalError | undefined
}

const SALES = new Set(['ticket', 'invoice', 'note', 'payment'])

/**
 * Reads a request.
 * @throws FiscalError REQUEST_INVALID, FR_AMOUNT_PRECISION, FR_CURRENCY, FR_COUNTRY
 */
export function parseRequest(input: Readonly<Record<string, unknown>>): FrenchRequest {
  if (input['degraded'] === undefined) return parseContent(input, undefined)
  const { degraded: transport, ...content } = input
  const degraded = parseDegraded(transport)
  try {
    return parseContent(content, degraded)
  } catch (error) {
    // A file altered beyond its type is still somebody's receipt; other documents can be made again and are refused as usual.
    const type = String(content['type'])
    if (!isFiscalError(error) || (!SALES.has(type) && Object.hasOwn(requestSchemas, type))) throw error
    return { ...salvage(content), degraded, fault: error }
  }
}

type Content = Omit<FrenchRequest, 'degraded' | 'fault'>

function parseContent(content: Readonly<Record<string, unknown>>, degraded: Degraded | undefined): FrenchRequest {
  const type = String(content['type'])
  if (type === 'ticket' && isPlainTicket(content)) return fromChecked(type, { ...content } as unknown as FrenchInput, degraded)
  if ((content['country'] !== undefined && content['country'] !== 'FR') || /^(?!fr\.)[a-z]{2}\./.test(type)) {
    throw refuse('FR_COUNTRY', `this queue keeps French records; the request says ${String(content['country'] ?? type)}`)
  }
  const schema = Object.hasOwn(requestSchemas, type) ? requestSchemas[type] : undefined
  if (schema === undefined) throw invalid('type', `unknown request type ${type.slice(0, 40)}`)
  const checked = schema.safeParse(content)
  if (!checked.success) throw faultOf(content, checked.error)
  euro(checked.data.currency, 'currency')
  return fromChecked(type, checked.data, degraded)
}

function fromChecked(type: string, request: FrenchInput, degraded: Degraded | undefined): FrenchRequest {
  const sale = SALES.has(type) ? parseSale(request as SaleInput) : undefined
  return { type, key: request.key, input: request, posMs: momentMs(request.posMoment), sale, degraded, fault: undefined }
}

function faultOf(content: unknown, { issues }: z.ZodError): FiscalError {
  const { path, en, fr } = schemaFault(content, issues[0] as z.core.$ZodIssue)
  return invalid(path === '' ? 'request' : path, en, fr)
}

function euro(currency: string | undefined, path: string): void {
  if (currency !== undefined && currency !== 'EUR')
    throw refuse('FR_CURRENCY', `${path}: ${currency.slice(0, 8)} is not EUR`, { path })
}

const MOMENT = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:\d\d)$/

function momentMs(text: string): number {
  const ms = MOMENT.test(text) ? Date.parse(text) : Number.NaN
  if (Number.isNaN(ms)) throw invalid('posMoment', 'must be a moment such as 2026-11-23T10:15:30+01:00')
  return ms
}

interface SaleInput {
  readonly lines?: readonly LineInput[] | undefined
  readonly payments?: readonly PaymentInput[] | undefined
  readonly vat?: readonly { readonly rateBp: number; readonly amount: number | string }[] | undefined
}

/** Lines and payments of a request that has passed its schema. Also used to read a stored request again. */
export function parseSale(input: SaleInput): SaleParts {
  const lines = (input.lines ?? []).map(parseLine)
  const payments = (input.payments ?? []).map(parsePayment)
  const supplied =
    input.vat === undefined
      ? undefined
      : new Map(input.vat.map(({ rateBp, amount }, i) => [rateBp, cents(amount, `vat[${i}].amount`)]))
  return { lines, payments, supplied }
}

const ONE = 10_000

function parseLine(line: LineInput, i: number): SaleLine {
  const at = `lines[${i}]`
  if (line.currency !== undefined) euro(line.currency, `${at}.currency`)
  const nature = line.nature ?? 'B'
  if (!Object.hasOwn(natures, nature)) throw invalid(`${at}.nature`, 'must be B, S, D, V, C, T or O')
  const units = line.quantity === undefined ? ONE : quantity(line.quantity, `${at}.quantity`)
  const price = line.unitPrice === undefined ? undefined : unitPrice(line.unitPrice, `${at}.unitPrice`)
  const discount = line.discount === undefined ? 0 : cents(line.discount, `${at}.discount`)
  if (price === undefined && Math.abs(units) !== ONE)
    throw invalid(`${at}.unitPrice`, 'a unit price is needed with a quantity other than 1')
  if (price === undefined && line.total === undefined) throw invalid(`${at}.total`, 'a total or a unit price is needed')
  const ttc = line.total === undefined ? priceOf(units, price as number) - discount : cents(line.total, `${at}.total`)
  if (Math.abs(ttc) > MAX_CENTS) throw invalid(`${at}.total`, 'the amount is too large')
  return { ttc, rate: rateOf(line, nature, at), nature, quantity: units, discount, input: line }
}

function rateOf(line: LineInput, nature: string, at: string): number | undefined {
  const { rateBp, exemption } = line
  if (natures[nature]?.turnover === false) {
    if (rateBp !== undefined || exemption !== undefined)
      throw invalid(`${at}.rateBp`, `a line of nature ${nature} lies outside turnover and has no VAT rate`)
    return undefined
  }
  if (rateBp === undefined) throw invalid(`${at}.rateBp`, 'a VAT rate is needed (percent × 100)')
  if (exemption !== undefined && !Object.hasOwn(exemptions, exemption))
    throw invalid(`${at}.exemption`, 'must be EXO, FRB, AUT, EXP, DET, HCH or TER')
  if (exemption !== undefined && rateBp !== 0) throw invalid(`${at}.exemption`, 'an exemption goes with rate 0')
  return rateBp
}

function parsePayment(payment: PaymentInput, i: number): SalePayment {
  const at = `payments[${i}]`
  if (payment.currency !== undefined) euro(payment.currency, `${at}.currency`)
  if (!Object.hasOwn(paymentModes, payment.mode))
    throw invalid(`${at}.mode`, `unknown payment mode; known are ${Object.keys(paymentModes).join(' ')}`)
  return { mode: payment.mode, amount: cents(payment.amount, `${at}.amount`) }
}

// The customer holds this receipt: take what can be read of it, with the till's own figures.
function salvage(content: Readonly<Record<string, unknown>>): Content {
  const posMs = Date.parse(String(content['posMoment']))
  return {
    type: SALES.has(String(content['type'])) ? String(content['type']) : 'ticket',
    key: String(content['key']),
    input: content as unknown as FrenchInput,
    posMs: Number.isNaN(posMs) ? 0 : posMs,
    sale: salvageSale(content),
  }
}

/** Lines and payments of a stored request, also of one that was recorded although its form is wrong. */
export function storedParts(request: Readonly<Record<string, unknown>>): SaleParts {
  try {
    return parseSale(request as SaleInput)
  } catch {
    return salvageSale(request)
  }
}

/** Lines and payments of a receipt whose form is wrong, as far as they can be read. */
function salvageSale(content: Readonly<Record<string, unknown>>): SaleParts {
  const lines = listOf(content['lines']).map(salvageLine)
  const payments = listOf(content['payments']).map((payment) => ({
    mode: typeof payment['mode'] === 'string' && Object.hasOwn(paymentModes, payment['mode']) ? payment['mode'] : 'AUT',
    amount: centsOrZero(payment['amount']),
  }))
  return { lines, payments, supplied: undefined }
}

function salvageLine(line: Readonly<Record<string, unknown>>): SaleLine {
  const nature = typeof line['nature'] === 'string' && Object.hasOwn(natures, line['nature']) ? line['nature'] : 'B'
  const rateBp =
    Number.isInteger(line['rateBp']) && (line['rateBp'] as number) >= 0 && (line['rateBp'] as number) <= 9999
      ? (line['rateBp'] as number)
      : 0
  const rate = natures[nature]?.turnover === false ? undefined : rateBp
  const units = readOr(ONE, () => quantity((line['quantity'] ?? 1) as string, 'quantity'))
  const discount = readOr(0, () => cents((line['discount'] ?? 0) as string, 'discount'))
  const ttc =
    line['total'] === undefined
      ? readOr(0, () => priceOf(units, unitPrice(line['unitPrice'] as string, 'unitPrice')) - discount)
      : centsOrZero(line['total'])
  const sold = Math.abs(ttc) <= MAX_CENTS ? ttc : 0
  return { ttc: sold, rate, nature, quantity: units, discount, input: { label: String(line['label'] ?? '?') } }
}

function readOr<T>(otherwise: T, read: () => T): T {
  try {
    return read()
  } catch {
    return otherwise
  }
}

/** The objects of a list in a request nobody has checked; none when it is no list. */
export function listOf(value: unknown): readonly Readonly<Record<string, unknown>>[] {
  return Array.isArray(value)
    ? value.filter((item): item is Record<string, unknown> => typeof item === 'object' && item !== null)
    : []
}

function centsOrZero(value: unknown): number {
  try {
    return cents(value as string, 'amount')
  } catch {
    const number = Math.round(Number(value) * (typeof value === 'string' ? 100 : 1))
    return Number.isSafeInteger(number) && Math.abs(number) < 100_000_000_000 ? number : 0
  }
}
