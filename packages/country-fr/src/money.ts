// Money and quantities at the border, exact rounding inside. Amounts are integer cents; an integer in a request is cents, a
// string is euros, anything else is refused (rules 7.1, 7.2: to the nearest cent, half away from zero, on exact rationals).
import { invalid, refuse } from './errors.js'

/** Largest amount accepted in a request, in cents: sums of a year stay far below 2^53. */
export const MAX_CENTS = 99_999_999_999

/** What a request may give for an amount of money. */
export type MoneyInput = number | string

const DECIMAL = /^(-)?(\d{1,12})(?:\.(\d+))?$/

/**
 * Integer cents of an amount.
 * @throws FiscalError FR_AMOUNT_PRECISION, REQUEST_INVALID with the path
 */
export function cents(value: MoneyInput, path: string): number {
  if (typeof value === 'number') {
    if (!Number.isSafeInteger(value) || Math.abs(value) > MAX_CENTS)
      throw invalid(path, 'an amount is an integer of cents or a string of euros')
    return value + 0
  }
  const scaled = decimal(value, 2, path)
  if (Math.abs(scaled) > MAX_CENTS) throw invalid(path, 'the amount is too large')
  return scaled
}

/**
 * A decimal string as an integer of 10^-`places`.
 * @throws FiscalError FR_AMOUNT_PRECISION when it has more decimals than that
 */
export function decimal(text: string, places: number, path: string): number {
  const parts = DECIMAL.exec(text)
  if (parts === null) throw invalid(path, 'must be a decimal number such as "12.50"')
  const fraction = parts[3] ?? ''
  if (fraction.length > places) throw refuse('FR_AMOUNT_PRECISION', `${path}: more than ${places} decimals`, { path })
  const value = Number(parts[2]) * 10 ** places + Number(fraction.padEnd(places, '0') || '0')
  if (!Number.isSafeInteger(value)) throw invalid(path, 'the number is too large')
  return parts[1] === undefined || value === 0 ? value : -value
}

/** Quantity in ten-thousandths: an integer is units, a string may have four decimals. */
export function quantity(value: MoneyInput, path: string): number {
  if (typeof value === 'string') return decimal(value, 4, path)
  if (!Number.isSafeInteger(value) || Math.abs(value) > 1_000_000_000)
    throw invalid(path, 'a quantity is an integer or a decimal string')
  return value * 10_000
}

/** Unit price in millionths of a euro: an integer is cents, a string of euros may have six decimals. */
export function unitPrice(value: MoneyInput, path: string): number {
  if (typeof value === 'string') return decimal(value, 6, path)
  return cents(value, path) * 10_000
}

/** numerator ÷ denominator to the nearest integer, half away from zero. Denominator > 0. */
export function roundDiv(numerator: bigint, denominator: bigint): number {
  const magnitude = numerator < 0n ? -numerator : numerator
  const rounded = (2n * magnitude + denominator) / (2n * denominator)
  return rounded === 0n ? 0 : Number(numerator < 0n ? -rounded : rounded)
}

/** cents × rate ÷ (10000 + rate), to the nearest cent, half away from zero: the VAT inside an amount that includes it. */
export function vatInside(ttc: number, rateBp: number): number {
  if (Math.abs(ttc) > 100_000_000_000) return roundDiv(BigInt(ttc) * BigInt(rateBp), BigInt(10_000 + rateBp))
  const whole = Math.abs(ttc) * rateBp
  const by = 10_000 + rateBp
  const vat = Math.floor((2 * whole + by) / (2 * by))
  return ttc < 0 && vat !== 0 ? -vat : vat
}

/** Price of a quantity in cents: ten-thousandths × millionths of a euro. */
export function priceOf(quantityE4: number, priceE6: number): number {
  return roundDiv(BigInt(quantityE4) * BigInt(priceE6), 100_000_000n)
}

/** Cents as a French amount, `-1234` → `-12,34`. */
export function frenchAmount(value: number): string {
  const digits = String(Math.abs(value)).padStart(3, '0')
  return `${value < 0 ? '-' : ''}${digits.slice(0, -2)},${digits.slice(-2)}`
}
