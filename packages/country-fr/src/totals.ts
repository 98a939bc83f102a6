// Accumulators (8.1): what one record adds, and the sums of a period. Every level adds every counted record directly; a higher
// level is never built from closings, so a missing closing loses no money. All numbers are integers, amounts are cents.
import { addAmounts, type Amounts, type ByRate } from './vat.js'

/** Sums of a period. `ttc`, `ht`, `vat` are turnover; `pay` is everything paid, by mode. */
export type Totals = Amounts & {
  rates: ByRate
  pay: Record<string, number>
  /** Lines outside turnover. */
  outside: number
  discounts: number
  counts: Record<string, number>
}

/** What one record adds to totals. */
export interface Delta {
  readonly rates: readonly (readonly [rate: string, amounts: Amounts])[]
  readonly pay: readonly (readonly [mode: string, amount: number])[]
  readonly outside: number
  readonly discounts: number
  readonly counts: readonly (readonly [name: string, count: number])[]
}

/** A delta that only counts something. */
export function counting(...counts: readonly (readonly [name: string, count: number])[]): Delta {
  return { rates: [], pay: [], outside: 0, discounts: 0, counts }
}

/** Totals as something to add or take away. */
export function asDelta({ rates, pay, outside, discounts, counts }: Totals): Delta {
  return { rates: Object.entries(rates), pay: Object.entries(pay), outside, discounts, counts: Object.entries(counts) }
}

/** Nothing at all. */
export function emptyTotals(): Totals {
  return { ht: 0, ttc: 0, vat: 0, rates: {}, pay: {}, outside: 0, discounts: 0, counts: {} }
}

/** Adds what a record brings; with sign -1 takes it away again. Lists, because five levels add the same (measured: half the time). */
export function addDelta(totals: Totals, delta: Delta, sign: 1 | -1 = 1): void {
  const { rates } = totals
  for (const [rate, amounts] of delta.rates) {
    addAmounts((rates[rate] ??= { ht: 0, ttc: 0, vat: 0 }), amounts, sign)
    addAmounts(totals, amounts, sign)
  }
  addNumbers(totals.pay, delta.pay, sign)
  addNumbers(totals.counts, delta.counts, sign)
  totals.outside += sign * delta.outside
  totals.discounts += sign * delta.discounts
}

/** Adds one to a count. */
export function count(totals: Totals, name: string, by = 1): void {
  totals.counts[name] = (totals.counts[name] ?? 0) + by
}

function addNumbers(sums: Record<string, number>, more: Delta['pay'], sign: number): void {
  for (const [name, value] of more) sums[name] = (sums[name] ?? 0) + sign * value
}

/** The totals without rates, modes and counts that are zero; used after a part was taken away. */
export function withoutZeros(totals: Totals): Totals {
  const rates: ByRate = {}
  for (const rate in totals.rates) {
    const amounts = totals.rates[rate] as Amounts
    if (amounts.ttc !== 0 || amounts.ht !== 0 || amounts.vat !== 0) rates[rate] = amounts
  }
  const nonZero = (sums: Record<string, number>): Record<string, number> =>
    Object.fromEntries(Object.entries(sums).filter(([, value]) => value !== 0))
  return { ...totals, rates, pay: nonZero(totals.pay), counts: nonZero(totals.counts) }
}

/** A copy that shares nothing. */
export function copyTotals(totals: Totals): Totals {
  const rates: ByRate = {}
  for (const rate in totals.rates) rates[rate] = { ...(totals.rates[rate] as Amounts) }
  return { ...totals, rates, pay: { ...totals.pay }, counts: { ...totals.counts } }
}
