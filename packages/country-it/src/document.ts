// The content of a commercial document (10): lines, groups, settlement, customer, lottery, and the original it refers to.
import { canonical, type FiscalRecord } from '@sigillo/core'
import { refuse } from './errors.js'
import { MAX_GROUPS, partsOf } from './groups.js'
import { readLines, type ReadLines } from './lines.js'
import { instantFits, lotteryCodeOf, lotteryOf } from './lottery.js'
import { baseOf, MAX_CENTS } from './money.js'
import type { Settings } from './options.js'
import type { DocumentPayload, RecordedGroup, Reference } from './payload.js'
import { settle, spreadUncollected, type Payment, type Settlement } from './payments.js'
import { checkReturn, checkVoid, documentOf, markOf, referenceOf } from './reference.js'
import type { RequestOf } from './request-types.js'
import { partialOf } from './figures.js'
import { ACCUMULATORS, emptyAccumulators, type Accumulators, type State, type Till } from './state.js'
import { taxCode, vatNumber } from './tax-id.js'

/** A request for a document. */
export type DocumentRequest = RequestOf<'sale'> | RequestOf<'return'> | RequestOf<'void'>
/** Content without number, moment and the like. */
export type Content = Pick<
  DocumentPayload,
  'lines' | 'groups' | 'total' | 'vat' | 'customer' | 'lottery' | 'instant' | 'reference' | 'warnings' | keyof Settlement
>

/** Content of a document. @throws FiscalError with a code of 16.6 */
export function contentOf(
  settings: Settings,
  state: State,
  kind: DocumentPayload['kind'],
  request: DocumentRequest,
  original: FiscalRecord | undefined,
  { till, date }: { readonly till: string; readonly date: string },
): Content {
  const customer = customerOf(request)
  if (kind === 'sale') return saleContent(settings, state, request as RequestOf<'sale'>, customer, date)
  const { reference: named, ...rest } = request as RequestOf<'return'>
  const reference = referenceOf(settings, named, original, till)
  const content =
    kind === 'void' && original !== undefined
      ? voidContent(settings, state, request as RequestOf<'void'>, original)
      : backContent(settings, rest)
  if (kind === 'return' && original !== undefined) {
    checkReturn(markOf(state, original.body.seq), documentOf(original), content)
  }
  const lottery = original === undefined ? foreignLottery(settings, request, reference) : documentOf(original).lottery
  const warnings = [
    ...content.warnings,
    ...dateWarning(named, reference),
    ...('unverified' in reference ? ['IT_REFERENCE_UNVERIFIED'] : []),
  ]
  return { ...content, reference, warnings, ...(customer && { customer }), ...(lottery?.queued === true && { lottery }) }
}

// Whether a document of another device took part only its customer knows: the code given says so.
function foreignLottery(settings: Settings, { lotteryCode }: DocumentRequest, reference: Reference): DocumentPayload['lottery'] {
  if (lotteryCode === undefined || 'other' in reference) return undefined
  const code = lotteryCodeOf(lotteryCode)
  return settings.lottery ? { code, queued: true } : { code, queued: false, reason: 'lottery-off' }
}

function dateWarning(named: RequestOf<'return'>['reference'], reference: Reference): string[] {
  return 'z' in named && named.date !== undefined && named.date !== reference.date ? ['IT_REFERENCE_DATE'] : []
}

function saleContent(
  settings: Settings,
  state: State,
  request: RequestOf<'sale'>,
  customer: DocumentPayload['customer'],
  date: string,
): Content {
  const read = readLines(request.lines, settings)
  const settlement = settle(read.total, request.payments ?? [], {
    cashRounding: settings.cashRounding,
    rounding: request.rounding,
  })
  const lottery = lotteryOf(settings, request.lotteryCode, customer, read.total, settlement)
  const instant =
    request.instantCode !== undefined && instantFits(read.total, settlement, customer !== undefined)
      ? request.instantCode
      : undefined
  const warnings = [
    ...textWarning(read),
    ...posWarnings(state, settlement.payments, date),
    ...(request.instantCode !== undefined && instant === undefined ? ['IT_INSTANT_NOT_ELIGIBLE'] : []),
  ]
  return {
    ...whole(read, settlement),
    warnings,
    ...(customer && { customer }),
    ...(lottery && { lottery }),
    ...(instant !== undefined && { instant }),
  }
}

// Without payments the whole amount goes back in cash.
function backContent(settings: Settings, request: Omit<RequestOf<'return'>, 'reference'>): Content {
  const read = readLines(request.lines ?? [], settings)
  const payments = request.payments ?? [{ kind: 'cash' as const, amount: read.total }]
  return {
    ...whole(read, settle(read.total, payments, { cashRounding: false, rounding: request.rounding })),
    warnings: textWarning(read),
  }
}

// An annulment is the original once more; what the request says may only agree with it.
function voidContent(settings: Settings, state: State, request: RequestOf<'void'>, original: FiscalRecord): Content {
  checkVoid(markOf(state, original.body.seq))
  const sold = documentOf(original)
  if (request.lines !== undefined) {
    const read = readLines(request.lines, settings)
    if (!same(read.lines, sold.lines))
      throw refuse('IT_VOID_MISMATCH', 'the lines are not those of the original', { path: 'lines' })
  }
  if (request.payments !== undefined) {
    const settled = settle(sold.total, request.payments, { cashRounding: settings.cashRounding, rounding: request.rounding })
    if (!same(paidOf(settled), paidOf(sold)))
      throw refuse('IT_VOID_MISMATCH', 'the payments are not those of the original', { path: 'payments' })
  }
  const {
    lines,
    groups,
    total,
    vat,
    payments,
    cash,
    electronic,
    ticket,
    tickets,
    discount,
    rounding,
    tendered,
    change,
    uncollected,
  } = sold
  return {
    lines,
    groups,
    total,
    vat,
    payments,
    cash,
    electronic,
    ticket,
    tickets,
    discount,
    rounding,
    tendered,
    change,
    uncollected,
    warnings: [],
  }
}

// A record read back has its members in another order.
function same(a: object, b: object): boolean {
  return canonical(a) === canonical(b)
}

function paidOf({ cash, electronic, ticket, discount, uncollected }: Settlement): object {
  return { cash, electronic, ticket, discount, uncollected }
}

function whole(read: ReadLines, settlement: Settlement): Omit<Content, 'warnings'> {
  const open = spreadUncollected(read.groups, settlement.uncollected)
  const groups = read.groups.map((group, i): RecordedGroup => ({ ...group, ...(open[i] as (typeof open)[number]) }))
  return { lines: read.lines, groups, total: read.total, vat: vatOf(groups), ...settlement }
}

function vatOf(groups: readonly RecordedGroup[]): number {
  return groups.reduce((sum, { group, gross }) => {
    const { rateBp } = partsOf(group)
    return rateBp === undefined ? sum : sum + gross - baseOf(gross, rateBp)
  }, 0)
}

function textWarning({ replaced }: ReadLines): string[] {
  return replaced ? ['IT_TEXT_REPLACED'] : []
}

// A terminal counts as declared on the portal when a link valid on that date says so.
function posWarnings(state: State, payments: readonly Payment[], date: string): string[] {
  const declared = state.pos.filter(
    ({ declaredOnPortalAt, validFrom, validTo }) =>
      declaredOnPortalAt !== '' && validFrom <= date && (validTo === '' || date <= validTo),
  )
  const undeclared = payments.filter(({ posId }) => posId !== undefined && !declared.some((link) => link.posId === posId))
  return undeclared.length > 0 ? ['IT_POS_UNDECLARED'] : []
}

function customerOf({ customer, lotteryCode }: DocumentRequest): DocumentPayload['customer'] {
  if (customer === undefined || (customer.taxCode === undefined && customer.vat === undefined)) return undefined
  if (lotteryCode !== undefined)
    throw refuse('IT_LOTTERY_EXCLUSIVE', 'a tax identifier and a lottery code exclude each other', { path: 'lotteryCode' })
  const code = customer.taxCode === undefined ? undefined : taxCode(customer.taxCode)
  const vat = customer.vat === undefined ? undefined : vatNumber(customer.vat)
  if (customer.taxCode !== undefined && code === undefined)
    throw refuse('IT_CUSTOMER_ID', 'not a tax code', { path: 'customer.taxCode' })
  if (customer.vat !== undefined && vat === undefined)
    throw refuse('IT_CUSTOMER_ID', 'not an Italian VAT number', { path: 'customer.vat' })
  return { ...(code !== undefined && { taxCode: code }), ...(vat !== undefined && { vat }) }
}

/** A period's accumulators with a document added (8.1). */
export function accumulate(
  groups: Readonly<Record<string, Accumulators>>,
  kind: DocumentPayload['kind'],
  added: readonly RecordedGroup[],
): Record<string, Accumulators> {
  const out = { ...groups }
  const name = ({ sale: 'sales', return: 'returns', void: 'voids' } as const)[kind]
  const sign = kind === 'sale' ? 1 : -1
  for (const { group, sales, gifts, suspended, services, invoice, health } of added) {
    const to = { ...(out[group] ?? emptyAccumulators()) }
    to[name] += sales
    to.gifts += sign * gifts
    to.suspended += sign * suspended
    to.services += sign * services
    to.invoice += sign * invoice
    to.health += sign * health
    out[group] = to
  }
  return out
}

/** Refuses a document that the closing could not hold. @throws FiscalError IT_TOO_MANY_GROUPS, IT_AMOUNT */
export function checkPeriod(till: Till, kind: DocumentPayload['kind'], groups: readonly RecordedGroup[]): void {
  const after = accumulate(till.groups, kind, groups)
  const rows = Object.values(after).filter((accumulators) => ACCUMULATORS.some((name) => accumulators[name] !== 0))
  if (rows.length > MAX_GROUPS) throw refuse('IT_TOO_MANY_GROUPS', 'the period has 40 VAT groups already', { path: 'lines' })
  for (const [group, accumulators] of Object.entries(after)) {
    const high = Math.max(...ACCUMULATORS.map((name) => Math.abs(accumulators[name])), Math.abs(partialOf(accumulators)))
    if (high > MAX_CENTS)
      throw refuse('IT_AMOUNT', `the period’s total of group ${group} would be out of range`, { path: 'lines' })
  }
}
