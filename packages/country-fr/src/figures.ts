// Figures of a document: VAT per line and rate, turnover, payments, what lies outside turnover (7). Pure arithmetic over a
// parsed request; which documents are allowed is decided in sale.ts.
import { checkRate, type RateDay } from './rates.js'
import type { Settings } from './options.js'
import type { SaleLine, SaleParts } from './parse.js'
import { computeVat, type Amounts, type ByRate, type Taxed } from './vat.js'

/** Everything computed of a document. Amounts in cents. */
export interface Figures {
  readonly lines: Amounts[]
  readonly vat: ByRate
  /** Turnover: lines that are not outside it. */
  readonly turnover: Amounts
  /** All lines. */
  readonly collected: number
  readonly outside: number
  readonly pay: Record<string, number>
  readonly paid: number
  readonly discounts: { amount: number; count: number } | undefined
}

/** Against which rates a document is held. */
export interface RateCheck extends RateDay {
  readonly settings: Settings
}

/**
 * Computes a document. With `check` the rates must be those of the region on its day, and lines that take back may bear one that
 * has ended; `supplied` says whether VAT given by the till is used.
 * @throws FiscalError FR_VAT_RATE_UNKNOWN, FR_EXEMPTION_REQUIRED, FR_VAT_MISMATCH
 */
export function figuresOf(sale: SaleParts, check: RateCheck | undefined, supplied: boolean = check !== undefined): Figures {
  const { lines: given } = sale
  if (check !== undefined) checkRates(given, check)
  const taxed: Taxed[] = []
  let outside = 0
  for (const { ttc, rate } of given) {
    if (rate === undefined) outside += ttc
    else taxed.push({ ttc, rate })
  }
  const { lines, rates, sum: turnover } = computeVat(taxed, supplied ? sale.supplied : undefined)
  const { pay, paid } = payments(sale)
  return {
    lines: outside === 0 && taxed.length === given.length ? lines : withOutside(given, lines),
    vat: rates,
    turnover,
    collected: turnover.ttc + outside,
    outside,
    pay,
    paid,
    discounts: discounts(given),
  }
}

/** Figures of a receipt that is recorded as printed, whatever a rule says: with the VAT its till supplied, as long as that can be. */
export function forcedFigures(sale: SaleParts): Figures {
  try {
    return figuresOf(sale, undefined, true)
  } catch {
    return figuresOf(sale, undefined)
  }
}

function checkRates(lines: readonly SaleLine[], { settings, date, once = false }: RateCheck): void {
  const { region, extraRates } = settings
  for (let i = 0; i < lines.length; i++) {
    const { rate, ttc, input } = lines[i] as SaleLine
    const day = { date, once: once || ttc < 0 }
    if (rate !== undefined) checkRate(region, rate, input.exemption, day, extraRates, `lines[${i}].rateBp`)
  }
}

function withOutside(given: readonly SaleLine[], taxed: readonly Amounts[]): Amounts[] {
  let at = 0
  return given.map(({ ttc, rate }) => (rate === undefined ? { ht: ttc, ttc, vat: 0 } : (taxed[at++] as Amounts)))
}

function payments(sale: SaleParts): { pay: Record<string, number>; paid: number } {
  const pay: Record<string, number> = {}
  let paid = 0
  for (const { mode, amount } of sale.payments) {
    pay[mode] = (pay[mode] ?? 0) + amount
    paid += amount
  }
  return { pay, paid }
}

function discounts(lines: readonly SaleLine[]): Figures['discounts'] {
  let amount = 0
  let count = 0
  for (const line of lines) {
    if (line.discount === 0) continue
    amount += line.discount
    count++
  }
  return count === 0 ? undefined : { amount, count }
}
