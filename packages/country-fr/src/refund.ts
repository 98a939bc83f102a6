// Refunds and cancellations against their original (11.3, 11.4): no line is refunded beyond its quantity, a cancellation is the
// exact mirror, within the open day, once.
import type { FiscalRecord } from '@sigillo/core'
import { refuse } from './errors.js'
import type { Figures } from './figures.js'
import type { SaleLine, SaleParts } from './parse.js'
import { storedOriginal, storedSale, unknown } from './reference.js'
import type { ReferenceInput } from './request.js'
import type { Mark, State } from './state.js'
import type { ByRate } from './vat.js'

/**
 * Which lines of the original a refund takes back: index and ten-thousandths.
 * @throws FiscalError FR_REFERENCE_UNKNOWN, FR_ALREADY_CANCELLED, FR_ALREADY_COVERED, FR_REFUND_EXCEEDS
 */
export function refundLines(state: State, reference: ReferenceInput, record: FiscalRecord, sale: SaleParts): [number, number][] {
  const { op } = storedOriginal(record)
  if (op !== 'sale' && op !== 'invoice' && op !== 'deposit') throw unknown(reference, 'only a sale or an invoice can be refunded')
  const mark = state.marks[record.body.seq] ?? {}
  if (mark.cancelled === true) throw refuse('FR_ALREADY_CANCELLED', 'the original was cancelled', { path: 'reference' })
  if (mark.covered === true)
    throw refuse('FR_ALREADY_COVERED', 'the original is on an invoice; refund that by a credit note', { path: 'reference' })
  return matchLines(storedSale(record).sale.lines, mark, sale.lines)
}

function matchLines(originals: readonly SaleLine[], mark: Mark, lines: readonly SaleLine[]): [number, number][] {
  const left = originals.map((line, i) => Math.abs(line.quantity) - (mark.refunded?.[i] ?? 0))
  const taken = new Map<number, number>()
  lines.forEach((line, i) => {
    // What was given away is taken back for nothing, and not more of it than was given.
    if (line.ttc > 0 || (line.ttc === 0 && line.quantity >= 0)) return
    let wanted = Math.abs(line.quantity)
    for (const at of candidates(originals, line)) {
      const part = Math.min(wanted, left[at] as number)
      if (part <= 0) continue
      left[at] = (left[at] as number) - part
      wanted -= part
      taken.set(at, (taken.get(at) ?? 0) + part)
    }
    if (wanted > 0)
      throw refuse('FR_REFUND_EXCEEDS', `lines[${i}]: the original has no such quantity left to refund at this rate`, {
        path: `lines[${i}]`,
      })
  })
  return [...taken].sort(([a], [b]) => a - b)
}

function candidates(originals: readonly SaleLine[], line: SaleLine): number[] {
  const named = line.input.originalLine
  const all = originals.map((_, at) => at)
  // VAT is given back at the rate it was charged at, whichever line is named.
  if (named !== undefined) return sameTax(originals[named - 1], line) ? [named - 1] : []
  return all.filter((at) => sameGoods(originals[at] as SaleLine, line))
}

function sameTax(a: SaleLine | undefined, b: SaleLine): boolean {
  return a !== undefined && a.rate === b.rate && a.nature === b.nature
}

function sameGoods(a: SaleLine, b: SaleLine): boolean {
  if (!sameTax(a, b) || a.ttc < 0) return false
  const [one, other] = [a.input.productId, b.input.productId]
  return one !== undefined && other !== undefined ? one === other : a.input.label === b.input.label
}

/**
 * Checks that a cancellation mirrors its original.
 * @throws FiscalError FR_REFERENCE_UNKNOWN, FR_ALREADY_CANCELLED, FR_ALREADY_COVERED, FR_REFUND_EXCEEDS, FR_PERIOD_CLOSED, FR_SUM_MISMATCH,
 *   FR_VAT_MISMATCH
 */
export function checkCancellation(
  state: State,
  reference: ReferenceInput,
  record: FiscalRecord,
  sale: SaleParts,
  figures: Figures,
  dayEnds: boolean,
): void {
  const { type, op, seq } = storedOriginal(record)
  if (type !== 'ticket' || op !== 'sale') throw unknown(reference, 'only a sale on a ticket can be cancelled')
  const mark = state.marks[seq] ?? {}
  if (mark.cancelled === true) throw refuse('FR_ALREADY_CANCELLED', 'the ticket was cancelled before', { path: 'reference' })
  if (seq < state.dayClosedAt || dayEnds)
    throw refuse('FR_PERIOD_CLOSED', 'the day of the ticket is closed; record a refund', { path: 'reference' })
  if (mark.covered === true) throw refuse('FR_ALREADY_COVERED', 'the ticket is on an invoice', { path: 'reference' })
  if (mark.refunded !== undefined) throw refuse('FR_REFUND_EXCEEDS', 'part of the ticket was refunded', { path: 'reference' })
  const original = storedSale(record)
  if (!mirrors(original.sale.lines, sale.lines) || !samePayments(original.payload.pay, figures.pay)) {
    throw refuse(
      'FR_SUM_MISMATCH',
      `a cancellation is the exact negative of its ticket: ${original.payload.total} cents and ${figures.turnover.ttc} cents`,
      { path: 'lines' },
    )
  }
  if (!mirrorsVat(original.payload.vat, figures.vat))
    throw refuse(
      'FR_VAT_MISMATCH',
      'the VAT of a cancellation is the exact negative of its ticket’s: supply it as the ticket did',
      {
        path: 'vat',
      },
    )
}

// Where the till supplied the VAT, its mirror must be supplied too: computed anew it could be a cent off, and the day with it.
function mirrorsVat(original: ByRate, mirror: ByRate): boolean {
  return Object.entries(original).every(([rate, { vat }]) => vat + (mirror[rate]?.vat ?? 0) === 0)
}

function mirrors(originals: readonly SaleLine[], lines: readonly SaleLine[]): boolean {
  return (
    originals.length === lines.length &&
    originals.every((line, i) => {
      const other = lines[i] as SaleLine
      return (
        other.ttc === -line.ttc &&
        other.rate === line.rate &&
        other.nature === line.nature &&
        Math.abs(other.quantity) === Math.abs(line.quantity)
      )
    })
  )
}

function samePayments(original: Readonly<Record<string, number>>, mirror: Readonly<Record<string, number>>): boolean {
  const modes = new Set([...Object.keys(original), ...Object.keys(mirror)])
  return [...modes].every((mode) => (original[mode] ?? 0) + (mirror[mode] ?? 0) === 0)
}
