// VAT by rate and its exact share per line (rules 7.3 to 7.5). Rates are percent × 100. Sums of lines equal the sum of their
// rate to the cent, and a mirrored refund gets mirrored cents.
import { refuse } from './errors.js'
import { vatInside } from './money.js'

/** An amount with its parts, in cents: including VAT, excluding VAT, VAT. */
export type Amounts = { ht: number; ttc: number; vat: number }
/** Amounts by rate; the key is the rate as decimal text, `"2000"`. */
export type ByRate = Record<string, Amounts>

/** One line that enters the breakdown. */
export interface Taxed {
  readonly ttc: number
  readonly rate: number
}

/** VAT the till gives per rate (7.5). */
export type SuppliedVat = ReadonlyMap<number, number>

/** Result of {@link computeVat}: amounts per line in the order given, and per rate. */
export interface VatResult {
  readonly lines: Amounts[]
  readonly rates: ByRate
}

/**
 * VAT of a receipt.
 * @throws FiscalError FR_VAT_MISMATCH when supplied VAT is further off than one cent per line
 */
export function computeVat(lines: readonly Taxed[], supplied?: SuppliedVat): VatResult {
  const rates: ByRate = {}
  for (const { ttc, rate } of lines) {
    const sum = (rates[rate] ??= { ht: 0, ttc: 0, vat: 0 })
    sum.ttc += ttc
  }
  const out: Amounts[] = new Array<Amounts>(lines.length)
  for (const name in rates) {
    const sum = rates[name] as Amounts
    sum.vat = vatOfRate(Number(name), sum.ttc, lines, supplied)
    sum.ht = sum.ttc - sum.vat
    share(Number(name), sum.vat, lines, out)
  }
  if (supplied !== undefined)
    for (const rate of supplied.keys()) if (rates[rate] === undefined) throw mismatch(rate, supplied.get(rate) as number, 0)
  return { lines: out, rates }
}

function vatOfRate(rate: number, ttc: number, lines: readonly Taxed[], supplied: SuppliedVat | undefined): number {
  const computed = vatInside(ttc, rate)
  const given = supplied?.get(rate)
  if (given === undefined) return computed
  const allowed = Math.max(1, lines.filter((line) => line.rate === rate).length)
  if (Math.abs(given - computed) > allowed) throw mismatch(rate, given, computed)
  return given
}

function mismatch(rate: number, given: number, computed: number): Error {
  return refuse('FR_VAT_MISMATCH', `VAT at rate ${rate} is given as ${given} cents, computed as ${computed}`, {
    rate,
    given,
    computed,
  })
}

// Largest remainder: truncate each share toward zero, then hand out the missing cents, largest fraction first, then by position.
function share(rate: number, vat: number, lines: readonly Taxed[], out: Amounts[]): void {
  const by = 10_000 + rate
  const at: number[] = []
  let left = vat
  for (let i = 0; i < lines.length; i++) {
    const { ttc, rate: own } = lines[i] as Taxed
    if (own !== rate) continue
    const exact = truncated(ttc, rate, by)
    out[i] = { ht: ttc - exact, ttc, vat: exact }
    left -= exact
    at.push(i)
  }
  if (left !== 0) giveOut(left, rate, by, lines, at, out)
}

function truncated(ttc: number, rate: number, by: number): number {
  if (Math.abs(ttc) > 100_000_000_000) return Number((BigInt(ttc) * BigInt(rate)) / BigInt(by))
  const share = Math.trunc((ttc * rate) / by)
  // Division of two exact integers may round up to the next integer: step back when it did.
  const over = Math.abs(share) * by > Math.abs(ttc) * rate
  return over ? share - Math.sign(share) : share + 0
}

function giveOut(left: number, rate: number, by: number, lines: readonly Taxed[], at: readonly number[], out: Amounts[]): void {
  const sign = Math.sign(left)
  const fraction = (i: number): number => Number((BigInt((lines[i] as Taxed).ttc) * BigInt(rate)) % BigInt(by)) * sign
  const order = at.filter((i) => fraction(i) > 0).sort((a, b) => fraction(b) - fraction(a) || a - b)
  let missing = Math.abs(left)
  for (const i of order.slice(0, missing)) {
    give(out[i] as Amounts, sign)
    missing--
  }
  // Only with VAT supplied by the till: the rest goes to the lines of the rate in order, again and again.
  for (let k = 0; missing > 0; k++, missing--) give(out[at[k % at.length] as number] as Amounts, sign)
}

function give(line: Amounts, cent: number): void {
  line.vat += cent
  line.ht -= cent
}

/** Sum of all rates. */
export function sumOf(rates: ByRate): Amounts {
  const sum = { ht: 0, ttc: 0, vat: 0 }
  for (const name in rates) addAmounts(sum, rates[name] as Amounts)
  return sum
}

/** Adds the second to the first. */
export function addAmounts(sum: Amounts, more: Amounts, sign = 1): void {
  sum.ht += sign * more.ht
  sum.ttc += sign * more.ttc
  sum.vat += sign * more.vat
}

/** `RRRR:amount` including VAT, rates descending; `0000:0` when there is none (5.4). */
export function breakdown(rates: Readonly<Record<string, { readonly ttc: number }>>): string {
  const names = Object.keys(rates)
  if (names.length === 0) return '0000:0'
  if (names.length > 1) names.sort((a, b) => Number(b) - Number(a))
  return names.map((name) => `${name.padStart(4, '0')}:${(rates[name] as { ttc: number }).ttc}`).join('|')
}
