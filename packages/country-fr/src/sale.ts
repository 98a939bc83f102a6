// Tickets, invoices and notes (6, 11): what each must and must not have, the record it becomes, the events that go with it.
import type { FiscalRecord } from '@sigillo/core'
import { isFiscalError, type FiscalError } from '@sigillo/core'
import { addEvent } from './events.js'
import { invalid, refuse } from './errors.js'
import { figuresOf, forcedFigures, type Figures } from './figures.js'
import { isCounted } from './kinds.js'
import type { FrenchRequest, SaleParts } from './parse.js'
import type { SalePayload } from './payload.js'
import type { Plan } from './plan.js'
import { checkLate, lateOf } from './late.js'
import { furtherOriginals, maybeOriginal, needOriginal, storedOriginal, storedSale, unknown, type Needs } from './reference.js'
import { checkCancellation, refundLines } from './refund.js'
import type { InvoiceRequest, NoteRequest, TicketRequest } from './request.js'
import { localTime } from './time.js'

/** A document with lines. */
export type SaleInput = TicketRequest | InvoiceRequest | NoteRequest

const defaultOp = { ticket: 'sale', invoice: 'invoice', note: 'note' } as const

const TAKES_BACK: ReadonlySet<string> = new Set(['refund', 'credit', 'cancellation'])

/** True for a document about goods sold earlier: its rates are those of then, though they may have ended since. */
export function soldEarlier(input: { readonly op?: string | undefined; readonly covers?: unknown }): boolean {
  return input.covers !== undefined || (input.op !== undefined && TAKES_BACK.has(input.op))
}

/** Content of a sale before it has a number. */
export type SaleContent = Omit<SalePayload, 'number' | 'moment' | 'operator'>

/**
 * The content of a ticket, invoice or note.
 * @throws FiscalError with the rule that refuses it
 */
export function saleContent(plan: Plan, request: FrenchRequest, needs: Needs, dayEnds: boolean): SaleContent {
  const input = request.input as SaleInput
  const sale = request.sale as SaleParts
  const op = input.op ?? defaultOp[input.type]
  needLines(sale)
  const figures = figuresOf(sale, { settings: plan.settings, date: rateDate(plan, request), once: soldEarlier(input) })
  const content = contentOf(op, plan.at.date, figures)
  if (input.references !== undefined) content.references = furtherOriginals(input.references, needs)
  checkForm(input, sale, figures)
  if (input.type === 'note') return noteContent(content, input, needs)
  if (input.type === 'ticket' && input.lateCapture !== undefined) checkLate(plan, input.lateCapture)
  const linked = linkContent(plan, request, op, figures, needs, dayEnds)
  if (input.type === 'ticket' && input.lateCapture !== undefined) linked.late = lateOf(plan, input.lateCapture)
  if (input.type === 'ticket' && input.issue === 'none') linked.notIssued = true
  return Object.assign(content, linked)
}

function contentOf(op: string, date: string, figures: Figures): SaleContent {
  const { lines, vat, turnover, outside, pay, discounts } = figures
  const content: SaleContent = { date, ht: turnover.ht, lines, op, pay, tax: turnover.vat, total: turnover.ttc, vat }
  if (discounts !== undefined) content.discounts = discounts
  if (outside !== 0) content.outside = outside
  return content
}

// A rate must have been in force when the goods were sold.
function rateDate(plan: Plan, request: FrenchRequest): string {
  const late = (request.input as TicketRequest).lateCapture
  if (late !== undefined) return late.paperDate
  return request.degraded === undefined ? plan.at.date : localTime(plan.settings.zone, request.posMs).slice(0, 10)
}

function sumMismatch({ collected, paid }: Figures): FiscalError {
  const euros = (value: number): string => (value / 100).toFixed(2)
  return refuse('FR_SUM_MISMATCH', `lines sum to ${euros(collected)}, payments to ${euros(paid)}`, {
    lines: collected,
    payments: paid,
  })
}

/** @throws FiscalError FR_ITEMS_REQUIRED */
export function needLines({ lines }: SaleParts): void {
  if (lines.length === 0) throw refuse('FR_ITEMS_REQUIRED', 'at least one line is needed', { path: 'lines' })
}

/**
 * What a ticket, invoice or note must be whatever the queue holds; also asked off line, before the customer takes it home.
 * @throws FiscalError REQUEST_INVALID, FR_PAYMENTS_FORBIDDEN, FR_SUM_MISMATCH
 */
export function checkForm(input: SaleInput, sale: SaleParts, figures: Figures): void {
  if (input.type === 'note') {
    if (sale.payments.length > 0) throw refuse('FR_PAYMENTS_FORBIDDEN', 'a note is made before payment', { path: 'payments' })
    return
  }
  const op = input.op ?? defaultOp[input.type]
  if (input.type === 'invoice') checkInvoice(input, op, figures)
  else checkTicket(input, op, figures)
  const covering = input.type === 'invoice' && input.covers !== undefined
  if (figures.paid !== figures.collected && !(covering && sale.payments.length === 0)) throw sumMismatch(figures)
}

function noteContent(content: SaleContent, input: NoteRequest, needs: Needs): SaleContent {
  const original = maybeOriginal(input.reference, needs)
  return original === undefined ? content : { ...content, original }
}

function checkInvoice(input: InvoiceRequest, op: string, figures: Figures): void {
  if (input.customer?.name === undefined || input.customer.address === undefined)
    throw invalid('customer', 'an invoice names its customer with address')
  if (op === 'credit' && figures.collected > 0) throw invalid('lines', 'the total of a credit note is not positive')
  if (op !== 'credit' && figures.collected < 0)
    throw invalid('lines', 'the total of an invoice is not negative; use a credit note')
}

function checkTicket(input: TicketRequest, op: string, figures: Figures): void {
  if (op === 'sale' && figures.collected < 0) throw invalid('lines', 'the total of a sale is not negative; use a refund')
  if (op === 'refund' && figures.collected > 0) throw invalid('lines', 'the total of a refund is not positive')
  if (op === 'cancellation' && input.lateCapture !== undefined)
    throw invalid('lateCapture', 'a handwritten receipt is a sale or a refund')
}

type Linked = Partial<Pick<SaleContent, 'original' | 'refunded' | 'covers' | 'counted' | 'late' | 'notIssued'>>

function linkContent(plan: Plan, request: FrenchRequest, op: string, figures: Figures, needs: Needs, dayEnds: boolean): Linked {
  const input = request.input as TicketRequest | InvoiceRequest
  const sale = request.sale as SaleParts
  if (op === 'refund' || op === 'credit') {
    const { record, stored } = needOriginal(input.reference, needs)
    return record === undefined
      ? { original: stored }
      : { original: stored, refunded: refundLines(plan.state, input.reference as string, record, sale) }
  }
  if (op === 'cancellation') {
    const { record, stored } = needOriginal(input.reference, needs)
    if (record === undefined) throw unknown(input.reference as string, 'a cancellation names a ticket of this queue')
    checkCancellation(plan.state, input.reference as string, record, sale, figures, dayEnds)
    return { original: stored }
  }
  const original = maybeOriginal(input.reference, needs)
  const linked: Linked = original === undefined ? {} : { original }
  if (input.type !== 'invoice' || input.covers === undefined) return linked
  return { ...linked, covers: coveredBy(plan, figures, needs.covers ?? [], input.covers.length), counted: false }
}

// 11.5: an invoice for tickets already counted shows the same amounts per rate and is not counted again.
function coveredBy(
  plan: Plan,
  figures: Figures,
  records: readonly FiscalRecord[],
  wanted: number,
): { seq: number; number: number }[] {
  if (records.length !== wanted) throw refuse('FR_REFERENCE_UNKNOWN', 'a covered ticket is not in this queue', { path: 'covers' })
  const seen = new Set<number>()
  const covers = records.map((record, i) => {
    const { seq, number, type } = storedOriginal(record)
    const path = `covers[${i}]`
    if (type !== 'ticket' || record.payload === null)
      throw refuse('FR_REFERENCE_UNKNOWN', 'only tickets can be covered', { path })
    const mark = plan.state.marks[seq]
    if (mark?.covered === true || seen.has(seq))
      throw refuse('FR_ALREADY_COVERED', `ticket ${number} is on an invoice already`, { path })
    if (mark?.cancelled === true) throw refuse('FR_ALREADY_CANCELLED', `ticket ${number} was cancelled`, { path })
    seen.add(seq)
    return { seq, number }
  })
  checkRefundsCovered(plan, records)
  checkCoveredSums(figures, records)
  return covers
}

// What was given back on a ticket would otherwise stand on the invoice, and could be given back once more from there.
function checkRefundsCovered({ state }: Plan, records: readonly FiscalRecord[]): void {
  const given = new Map<string, number>()
  for (const record of records) {
    const { original, refunded = [] } = storedSale(record).payload
    if (original === undefined || !('seq' in original)) continue
    for (const [line, quantity] of refunded) {
      const at = `${original.seq}/${line}`
      given.set(at, (given.get(at) ?? 0) + quantity)
    }
  }
  records.forEach((record, i) => {
    const { seq, number } = storedOriginal(record)
    for (const [line, quantity] of Object.entries(state.marks[seq]?.refunded ?? {}))
      if (quantity !== given.get(`${seq}/${line}`))
        throw refuse('FR_SUM_MISMATCH', `ticket ${number} was refunded in part: name its refunds in covers too`, {
          path: `covers[${i}]`,
        })
  })
}

function checkCoveredSums(figures: Figures, records: readonly FiscalRecord[]): void {
  const sums = new Map<string, number>()
  for (const record of records)
    for (const [rate, { ttc }] of Object.entries(storedSale(record).payload.vat)) sums.set(rate, (sums.get(rate) ?? 0) + ttc)
  for (const rate of new Set([...sums.keys(), ...Object.keys(figures.vat)])) {
    const [tickets, invoice] = [sums.get(rate) ?? 0, figures.vat[rate]?.ttc ?? 0]
    if (tickets !== invoice)
      throw refuse('FR_SUM_MISMATCH', `at rate ${rate} the tickets sum to ${tickets} cents, the invoice to ${invoice}`, {
        rate,
        tickets,
        invoice,
      })
  }
}

/**
 * Content of a degraded receipt a rule refuses: the customer holds it, so it is recorded as printed, and the refusal with it.
 */
export function forcedContent(plan: Plan, request: FrenchRequest, error: unknown): SaleContent {
  if (!isFiscalError(error)) throw error
  const figures = forcedFigures(request.sale as SaleParts)
  const input = request.input as Partial<SaleInput>
  const op = typeof input.op === 'string' ? input.op : defaultOp[request.type as keyof typeof defaultOp]
  const content = contentOf(op, plan.at.date, figures)
  // What it says it covers was counted when it was sold.
  const covers = request.type === 'invoice' && (input as Partial<InvoiceRequest>).covers !== undefined
  return covers ? { ...content, counted: false } : content
}

/** Adds the record of a sale. */
export function addSale(plan: Plan, request: FrenchRequest, content: SaleContent): void {
  const type = request.type as SaleInput['type']
  const { alg, abs } = plan.state.perpetual
  const counts = isCounted(type) && content.counted !== false
  const grand = counts ? { alg: alg + content.total, abs: abs + Math.abs(content.total) } : { alg, abs }
  plan.add(type, () => content, { principal: true, grand })
}

/** Adds the events a sale brings: cancellation, late capture, way of issue (10, 11.2, 14). */
export function addSaleEvents(plan: Plan, request: FrenchRequest, content: SaleContent): void {
  const { original, late } = content
  if (content.op === 'cancellation' && original !== undefined && 'number' in original) {
    addEvent(plan, 190, `Annulation du ticket ${original.number}`, { seq: original.seq })
  }
  if (late !== undefined) {
    const order = late.outOfOrder === true ? ' hors ordre' : ''
    addEvent(plan, 913, `Saisie a posteriori du ticket ${late.pad}/${late.paperNumber}${order}`, { ...late })
  }
  const issue = (request.input as TicketRequest).issue
  if (issue === 'electronic') addEvent(plan, 917, 'Justificatif remis par voie électronique')
  if (issue === 'none' && plan.settings.traceNonIssue) addEvent(plan, 918, 'Justificatif non remis')
}
