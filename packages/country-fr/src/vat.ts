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

/** Result of {@link computeVat}: amounts per line in the order given, per rate, and their sum. */
export interface VatResult {
  readonly lines: Amounts[]
  readonly rates: ByRate
  readonly sum: Amounts
}

/**
 * VAT of a receipt.
 * @throws FiscalError FR_VAT_MISMATCH when supplied VAT is further off than one cent per line
 */
export function computeVat(lines: readonly Taxed[], supplied?: SuppliedVat): VatResult {
  const out: Amounts[] = new Array<Amounts>(lines.length)
  const rates: ByRate = {}
  const sum = { ht: 0, ttc: 0, vat: 0 }
  for (const [rate, ttc] of grossByRate(lines)) {
    const vat = vatOfRate(rate, ttc, lines, supplied)
    const amounts = { ht: ttc - vat, ttc, vat }
    rates[rate] = amounts
    addAmounts(sum, amounts)
    share(rate, vat, lines, out)
  }
  if (supplied !== undefined)
    for (const rate of supplied.keys()) if (rates[rate] === undefined) throw mismatch(rate, supplied.get(rate) as number, 0)
  return { lines: out, rates, sum }
}

// A map, not an object: names that are numbers make objects slow, and every line looks here.
function grossByRate(lines: readonly Taxed[]): Map<number, number> {
  const gross = new Map<number, number>()
  for (const { ttc, rate } of lines) gross.set(rate, (gross.get(rate) ?? 0) + ttc)
  return gross
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
  const open: Share[] = []
  let left = vat
  for (let i = 0; i < lines.length; i++) {
    const { ttc, rate: own } = lines[i] as Taxed
    if (own !== rate) continue
    const rest = remainder(ttc, rate, by)
    const exact = quotient(ttc, rate, by, rest)
    const line = { ht: ttc - exact, ttc, vat: exact }
    out[i] = line
    left -= exact
    open.push({ line, rest })
  }
  if (left !== 0) giveOut(left, open)
}

/** A line with what truncation left of its share, in parts of a cent over the common divisor, with its sign. */
interface Share {
  readonly line: Amounts
  readonly rest: number
}

// Below this the product of an amount and a rate of at most 100 % is a safe integer.
const SAFE_TTC = 100_000_000_000

function remainder(ttc: number, rate: number, by: number): number {
  return Math.abs(ttc) <= SAFE_TTC ? (ttc * rate) % by : Number((BigInt(ttc) * BigInt(rate)) % BigInt(by))
}

// Without its remainder the division is exact; + 0 makes −0 a 0.
function quotient(ttc: number, rate: number, by: number, rest: number): number {
  if (Math.abs(ttc) <= SAFE_TTC) return (ttc * rate - rest) / by + 0
  return Number((BigInt(ttc) * BigInt(rate)) / BigInt(by))
}

function giveOut(left: number, open: readonly Share[]): void {
  const sign = Math.sign(left)
  const order = open.filter(({ rest }) => rest * sign > 0).sort((a, b) => (b.rest - a.rest) * sign)
  let missing = Math.abs(left)
  for (const { line } of order.slice(0, missing)) {
    give(line, sign)
    missing--
  }
  // Only with VAT supplied by the till: the rest goes to the lines of the rate in order, again and again.
  for (let k = 0; missing > 0; k++, missing--) give((open[k % open.length] as Share).line, sign)
}

function give(line: Amounts, cent: number): void {
  line.vat += cent
  line.ht -= cent
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
