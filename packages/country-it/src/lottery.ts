// The receipt lottery (11): which documents take part, what their entries say, and the source of instant codes.
import type { FiscalRecord } from '@sigillo/core'
import { refuse } from './errors.js'
import type { Settings } from './options.js'
import type { DocumentPayload, LotteryDocument, LotteryPart } from './payload.js'
import type { Settlement } from './payments.js'
import { documentOf } from './reference.js'

/** Least total that takes part, cents. */
const LEAST = 100

/** The deferred lottery's part of a sale. @throws FiscalError IT_LOTTERY_CODE */
export function lotteryOf(
  settings: Settings,
  given: string | undefined,
  customer: object | undefined,
  total: number,
  settlement: Settlement,
): LotteryPart | undefined {
  if (given === undefined) return undefined
  const code = lotteryCodeOf(given)
  const reason = excluded(settings, customer, total, settlement)
  return reason === undefined ? { code, queued: true } : { code, queued: false, reason }
}

/** A lottery code in capitals. @throws FiscalError IT_LOTTERY_CODE */
export function lotteryCodeOf(given: string): string {
  const code = given.toUpperCase()
  if (!/^[A-Z0-9]{8}$/.test(code))
    throw refuse('IT_LOTTERY_CODE', 'a lottery code has 8 letters or digits', { path: 'lotteryCode' })
  return code
}

function excluded(
  { lottery }: Settings,
  customer: object | undefined,
  total: number,
  settlement: Settlement,
): string | undefined {
  if (!lottery) return 'lottery-off'
  if (customer !== undefined) return 'tax-identifier'
  if (total < LEAST) return 'below-one-euro'
  if (settlement.ticket > 0 || settlement.tickets > 0) return 'meal-voucher'
  const paid = entries(settlement).reduce((sum, { amount }) => sum + amount, 0)
  return paid === total - settlement.discount ? undefined : 'payments-differ'
}

// Cash rounded up is cash kept, but no part of the amount.
function entries({ cash, rounding, electronic, uncollected }: Settlement): { type: 'PC' | 'PE' | 'NR'; amount: number }[] {
  const open = uncollected.goods + uncollected.services + uncollected.invoice + uncollected.healthService
  const all = [
    { type: 'PC' as const, amount: cash - Math.max(0, rounding) },
    { type: 'PE' as const, amount: electronic },
    { type: 'NR' as const, amount: open },
  ].filter(({ amount }) => amount !== 0)
  // One entry is needed even when everything was given away.
  return all.length === 0 ? [{ type: 'PC', amount: 0 }] : all
}

/** True when a document may carry an instant code: one euro or more, paid wholly by electronic means, no tax identifier (11.3). */
export function instantFits(total: number, { electronic }: Settlement, identified: boolean): boolean {
  return total >= LEAST && electronic === total && !identified
}

/** Document number on paper and in the lottery: `0056-0003`. */
export function documentNumber({ z, n }: { readonly z: number; readonly n: number }): string {
  return `${String(z).padStart(4, '0')}-${String(n).padStart(4, '0')}`
}

/** Entry of one document; of a return or annulment it names the original. */
export function lotteryEntry(record: FiscalRecord): LotteryDocument {
  const document = documentOf(record)
  const { moment, total, discount, lottery, kind, reference } = document
  const common = { seq: record.body.seq, code: lottery?.code ?? '', moment, number: documentNumber(document) }
  if (kind === 'sale') return { ...common, amount: total - discount, sale: entries(document) }
  if (reference === undefined || 'other' in reference) throw refuse('IT_LOTTERY_BATCH', 'the entry has no original')
  const back = {
    kind: kind === 'return' ? ('R' as const) : ('A' as const),
    moment: originalMoment(document),
    number: documentNumber(reference),
    matricola: reference.matricola,
    till: reference.till,
  }
  return { ...common, amount: kind === 'void' ? total - discount : total, back }
}

function originalMoment({ reference }: DocumentPayload): string {
  return (reference !== undefined && 'moment' in reference ? reference.moment : undefined) ?? `${reference?.date ?? ''}T00:00:00`
}

/** Where instant codes come from: a service of the authority behind a stock. Encoding and service are not published (18). */
export interface InstantLotteryCodeSource {
  /** One code for a document, or none when the stock is empty. */
  take(document: { readonly total: number; readonly matricola: string; readonly till: string }): Promise<string | undefined>
}

/** A source that never has one: documents are issued without. */
export const noInstantCodes: InstantLotteryCodeSource = { take: () => Promise.resolve(undefined) }
