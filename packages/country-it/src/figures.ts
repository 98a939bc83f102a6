// From accumulators to the fields of a closing (8.2, 8.3, 8.6), to the cent: the base is taken once per group and closing, the tax
// is what is left of the gross, so base and tax always add up to it.
import { compareGroups, partsOf } from './groups.js'
import { baseOf } from './money.js'
import type { Accumulators, PaymentTotals } from './state.js'

/** One row of a closing, in cents; optional figures are absent when zero. */
export type Row = {
  /** `2200`, `N4`, `VI`, with `:` and the activity code where used. */
  group: string
  /** VAT; only for rates. */
  tax?: number
  amount: number
  partial: number
  returns?: number
  voids?: number
  suspended?: number
  services?: number
  invoice?: number
  health?: number
  gifts?: number
}

/** Totals of a closing. */
export type Totals = { documents: number } & Partial<PaymentTotals>

const OPTIONAL = ['returns', 'voids', 'suspended', 'services', 'invoice', 'health', 'gifts'] as const

/** VAT-inclusive amount the period's tax is due on: gifts are not taken off. */
export function partialOf({ sales, returns, voids, suspended, services, invoice, health }: Accumulators): number {
  return sales - returns - voids - suspended - services - invoice - health
}

/** The row of one group. */
export function rowOf(group: string, accumulators: Accumulators): Row {
  const { rateBp } = partsOf(group)
  const base = (gross: number): number => (rateBp === undefined ? gross : baseOf(gross, rateBp))
  const gross = partialOf(accumulators)
  const partial = base(gross)
  const row: Row = { group, ...(rateBp !== undefined && { tax: gross - partial }), amount: base(accumulators.sales), partial }
  for (const name of OPTIONAL) {
    const value = base(accumulators[name])
    if (value !== 0) row[name] = value
  }
  return row
}

/** All rows of a period in their order; one zero row of the default group when there is none. */
export function rowsOf(groups: Readonly<Record<string, Accumulators>>, defaultGroup: string): Row[] {
  const rows = Object.entries(groups)
    .filter(([, accumulators]) => Object.values(accumulators).some((value) => value !== 0))
    .sort(([a], [b]) => compareGroups(a, b))
    .map(([group, accumulators]) => rowOf(group, accumulators))
  if (rows.length > 0) return rows
  const { rateBp } = partsOf(defaultGroup)
  return [{ group: defaultGroup, ...(rateBp !== undefined && { tax: 0 }), amount: 0, partial: 0 }]
}

/** Totals of a period; zero payments are absent. */
export function closingTotals(documents: number, totals: PaymentTotals): Totals {
  const out: Totals = { documents }
  for (const name of ['cash', 'electronic', 'discount', 'ticket', 'tickets'] as const)
    if (totals[name] !== 0) out[name] = totals[name]
  return out
}
