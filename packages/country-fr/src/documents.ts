// Documents around the sale: payment documents, duplicates, first issues, events sent by the till (6, 8.7, 10, 11.2).
import { addEvent, checkEventCode, events } from './events.js'
import { invalid, refuse } from './errors.js'
import { figuresOf, type Figures } from './figures.js'
import type { FrenchRequest, SaleParts } from './parse.js'
import type { PaymentPayload } from './payload.js'
import type { Plan } from './plan.js'
import { maybeOriginal, needOriginal, storedOriginal, unknown, type Needs } from './reference.js'
import type { CopyRequest, EventRequest, IssueRequest, PaymentRequest, ReferenceInput } from './request.js'
import { cleanText } from './text.js'

type PaymentContent = Omit<PaymentPayload, 'number' | 'moment' | 'operator'>

/** Content of a payment document. @throws FiscalError with the rule that refuses it */
export function paymentContent(plan: Plan, request: FrenchRequest, needs: Needs): PaymentContent {
  const input = request.input as PaymentRequest
  const { pay, paid } = checkPayment(input, request.sale as SaleParts)
  const linked =
    input.op === 'collection' || input.op === 'transfer' ? { original: needOriginal(input.reference, needs).stored } : {}
  return { date: plan.at.date, op: input.op, pay, total: paid, ...linked }
}

/**
 * What a payment document must be whatever the queue holds; also asked off line.
 * @throws FiscalError REQUEST_INVALID, FR_ITEMS_FORBIDDEN, FR_SUM_MISMATCH
 */
export function checkPayment(input: PaymentRequest, sale: SaleParts): Pick<Figures, 'pay' | 'paid'> {
  if (sale.lines.length > 0) throw refuse('FR_ITEMS_FORBIDDEN', 'a payment document has no lines', { path: 'lines' })
  const { pay, paid } = figuresOf(sale, undefined)
  if (sale.payments.length === 0) throw invalid('payments', 'at least one payment is needed')
  if (input.op === 'cash-in' || input.op === 'cash-out') checkCash(input, sale, paid)
  else if (input.op === 'collection' && paid === 0) throw invalid('payments', 'a collection is not zero')
  else if (input.op === 'transfer') checkTransfer(sale, paid)
  return { pay, paid }
}

function checkCash(input: PaymentRequest, sale: SaleParts, paid: number): void {
  if (sale.payments.length !== 1 || sale.payments[0]?.mode !== 'ESP')
    throw invalid('payments', 'cash in or out is exactly one payment of mode ESP')
  if (input.op === 'cash-in' ? paid <= 0 : paid >= 0)
    throw invalid('payments[0].amount', 'cash in is positive, cash out negative')
  if (input.reason === undefined) throw invalid('reason', 'cash in or out needs a reason')
}

function checkTransfer(sale: SaleParts, paid: number): void {
  if (sale.payments.length < 2) throw invalid('payments', 'a transfer moves between at least two payments')
  if (paid !== 0) throw refuse('FR_SUM_MISMATCH', `a transfer sums to 0, not to ${paid} cents`, { payments: paid })
}

/** Adds a payment document and, for a change of payment after the ticket, its event. */
export function addPayment(plan: Plan, content: PaymentContent): void {
  plan.add('payment', () => ({ ...content }), { principal: true })
  const { original } = content
  if (content.op !== 'transfer') return
  const name = original !== undefined && 'number' in original ? ` du document ${original.number}` : ''
  addEvent(plan, 420, `Changement de règlement${name}`, original === undefined ? {} : { original })
}

const NOT_COPIED: ReadonlySet<string> = new Set(['copy', 'event', 'archive'])

/** Adds a duplicate with its event. @throws FiscalError FR_REFERENCE_REQUIRED, FR_REFERENCE_UNKNOWN, FR_COPY_TARGET */
function addCopy(plan: Plan, reference: ReferenceInput | undefined, needs: Needs): void {
  const { record } = needOriginal(reference, needs)
  if (record === undefined) throw unknown(reference as ReferenceInput, 'only documents of this queue are copied')
  if (NOT_COPIED.has(record.body.type))
    throw refuse('FR_COPY_TARGET', `a record of type ${record.body.type} is not copied`, { path: 'reference' })
  const original = storedOriginal(record)
  const copy = (plan.state.marks[original.seq]?.copies ?? 0) + 1
  const till = String(record.body.x?.['till'] ?? plan.settings.till)
  plan.add(
    'copy',
    () => ({
      content: record.payload,
      copy,
      original,
      originalExtract: extractOf(record.sig),
      originalType: record.body.type,
      till,
    }),
    { principal: true },
  )
  const note = original.type === 'note'
  addEvent(plan, note ? 155 : 156, `Duplicata n° ${copy} ${note ? 'de la note' : 'du document'} ${original.number}`, {
    seq: original.seq,
    copy,
  })
}

/** Adds a copy the till asked for by that name. */
export function addCopyRequest(plan: Plan, request: FrenchRequest, needs: Needs): void {
  addCopy(plan, (request.input as CopyRequest).reference, needs)
}

/** Characters 3, 7, 13 and 19 of a signature: the extract printed on documents. */
export function extractOf(sig: string): string {
  return [2, 6, 12, 18].map((at) => sig.charAt(at)).join('')
}

/** First issue of a document: inside the window the original, later a duplicate (11.2). */
export function addIssue(plan: Plan, request: FrenchRequest, needs: Needs): void {
  const input = request.input as IssueRequest
  const { record } = needOriginal(input.reference, needs)
  if (record === undefined) throw unknown(input.reference as ReferenceInput, 'only documents of this queue are issued')
  const age = plan.at.ms - Date.parse(record.body.ts)
  const copies = plan.state.marks[record.body.seq]?.copies ?? 0
  if (copies > 0 || age > plan.settings.originalWindowMinutes * 60_000) {
    addCopy(plan, input.reference, needs)
    return
  }
  if (input.medium === 'paper')
    throw invalid('medium', 'a first issue on paper within the window is the original and needs no record')
  addEvent(plan, 917, 'Justificatif remis par voie électronique', { seq: record.body.seq }, { principal: true })
}

/** Adds an event of the till. @throws FiscalError REQUEST_INVALID for a code a till may not send */
export function addTillEvent(plan: Plan, request: FrenchRequest, needs: Needs): void {
  const input = request.input as EventRequest
  checkEventCode(input.code)
  const original = maybeOriginal(input.reference, needs)
  const data = input.code === 440 ? movedArchive(input) : original === undefined ? undefined : { original }
  const info = cleanText(input.info ?? events[input.code]?.label ?? `Événement ${input.code}`)
  plan.add('event', () => ({ code: input.code, info, ...(data !== undefined && { data }) }), { principal: true })
}

// An archive on an external medium is what a purge asks for later (16): number, medium and digest of the ZIP.
function movedArchive(input: EventRequest): Record<string, string | number> {
  const { archive, medium, sha256 } = input.data ?? {}
  if (
    typeof archive !== 'number' ||
    typeof medium !== 'string' ||
    medium === '' ||
    typeof sha256 !== 'string' ||
    !/^[0-9a-f]{64}$/.test(sha256)
  ) {
    throw invalid('data', 'event 440 needs archive (number), medium and sha256 of the ZIP')
  }
  return { archive, medium: medium.slice(0, 200), sha256 }
}
