// Money and quantities: integer cents, exact division, half away from zero; splitting an amount over groups to the cent (8.2, 8.4).
import { refuse } from './errors.js'

/** Largest amount of a message, in cents: eleven digits before the point. */
export const MAX_CENTS = 9_999_999_999_999

/** An integer is cents, a string is euros. */
export type MoneyInput = number | string

const DECIMAL = /^(-)?(\d{1,11})(?:\.(\d{1,2}))?$/

/** Integer cents. @throws FiscalError IT_AMOUNT with the path */
export function cents(value: MoneyInput, path: string): number {
  if (typeof value === 'number') {
    if (!Number.isSafeInteger(value) || Math.abs(value) > MAX_CENTS)
      throw refuse('IT_AMOUNT', `${path}: not whole cents within range`, { path })
    return value + 0
  }
  const parts = DECIMAL.exec(value)
  if (parts === null) throw refuse('IT_AMOUNT', `${path}: not an amount with at most two decimals`, { path })
  const amount = Number(parts[2]) * 100 + Number((parts[3] ?? '').padEnd(2, '0'))
  return parts[1] === undefined || amount === 0 ? amount : -amount
}

const QUANTITY = /^(\d{1,9})(?:\.(\d{1,3}))?$/

/** Quantity in thousandths, above zero: an integer is units, a string may have three decimals. @throws FiscalError IT_LINE_TOTAL */
export function thousandths(value: MoneyInput, path: string): number {
  const parts = QUANTITY.exec(String(value))
  const amount = parts === null ? 0 : Number(parts[1]) * 1000 + Number((parts[2] ?? '').padEnd(3, '0'))
  if (amount === 0) throw refuse('IT_LINE_TOTAL', `${path}: not a quantity above zero with at most three decimals`, { path })
  return amount
}

/** numerator ÷ denominator to the nearest integer, half away from zero. Denominator > 0. */
export function roundDiv(numerator: bigint, denominator: bigint): number {
  const magnitude = numerator < 0n ? -numerator : numerator
  const rounded = (2n * magnitude + denominator) / (2n * denominator)
  return rounded === 0n ? 0 : Number(numerator < 0n ? -rounded : rounded)
}

/** Part of a VAT-inclusive amount that is no VAT: amount ÷ (1 + rate), rate in hundredths of a percent. */
export function baseOf(gross: number, rateBp: number): number {
  return roundDiv(BigInt(gross) * 10_000n, BigInt(10_000 + rateBp))
}

/** One group to split over: its weight, and its place when weights are equal. */
export interface Share {
  readonly weight: number
  readonly rank: number
}

/**
 * An amount split in proportion to weights: largest remainder first, ties to the larger group, then to the lower rank.
 * Groups with a weight of zero or less get nothing; the parts add up to the amount when any weight is above zero.
 */
export function split(amount: number, shares: readonly Share[]): number[] {
  const whole = shares.reduce((sum, { weight }) => sum + BigInt(Math.max(weight, 0)), 0n)
  const parts = shares.map(() => 0)
  if (whole === 0n) return parts
  const sign = amount < 0 ? -1 : 1
  const rests = shares.map(({ weight, rank }, i) => {
    const product = BigInt(Math.abs(amount)) * BigInt(Math.max(weight, 0))
    parts[i] = Number(product / whole)
    return { i, rest: product % whole, weight, rank }
  })
  rests.sort((a, b) => Number(b.rest > a.rest) - Number(b.rest < a.rest) || b.weight - a.weight || a.rank - b.rank)
  let left = Math.abs(amount) - parts.reduce((sum, part) => sum + part, 0)
  for (const { i } of rests) if (left > 0) [parts[i], left] = [(parts[i] as number) + 1, left - 1]
  return parts.map((part) => part * sign + 0)
}

/** Cents with comma as printed: `-1234` → `-12,34`. */
export function printed(value: number): string {
  return wire(value).replace('.', ',')
}

/** Cents as a message carries them: point, two decimals, no negative zero. */
export function wire(value: number): string {
  const digits = String(Math.abs(value)).padStart(3, '0')
  return `${value < 0 ? '-' : ''}${digits.slice(0, -2)}.${digits.slice(-2)}`
}
