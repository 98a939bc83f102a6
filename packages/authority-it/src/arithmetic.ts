// The sums of a file, as far as the file shows them (8.2): base and tax of each group in cents. The authority refuses none of this;
// a vendor wants to know all the same.
import { at, child, childrenNamed, type Element } from './xml.js'

/** Amounts whose bases add up to Ammontare. */
const PARTS = [
  'ImportoParziale',
  'TotaleAmmontareResi',
  'TotaleAmmontareAnnulli',
  'BeniInSospeso',
  'NonRiscossoServizi',
  'NonRiscossoFatture',
  'NonRiscossoDCRaSSN',
] as const

/** Cents of an amount of the wire. */
export const cents = (value: string): number => Number(value.replace('.', ''))

/** What does not come out, as words with the row. */
export function arithmeticWarnings(root: Element): string[] {
  const report = child(root, 'DatiRT')
  if (report === undefined) return []
  const rows = childrenNamed(report, 'Riepilogo').flatMap((row, i) => rowWarnings(row).map((one) => `${one} Riepilogo[${i + 1}]`))
  const totals = child(report, 'Totali')
  if (totals === undefined) return [...rows, 'TOTALS_ABSENT']
  const ticket = child(totals, 'Ticket')
  const unpaid = ticket !== undefined && cents(at(ticket, 'PagatoTicket') ?? '') === 0
  return unpaid ? [...rows, 'TICKETS_WITHOUT_AMOUNT'] : rows
}

function rowWarnings(row: Element): string[] {
  const partial = at(row, 'ImportoParziale')
  // Files of the layout before 2021 have no partial amounts: nothing to compare.
  if (partial === undefined) return []
  const given = PARTS.map((name) => at(row, name)).filter((value) => value !== undefined)
  const off = Math.abs(given.reduce((sum, value) => sum + cents(value), 0) - cents(at(row, 'Ammontare') ?? ''))
  const warnings = off > given.length ? ['AMOUNT_NOT_SUM'] : []
  const rate = at(row, 'IVA/AliquotaIVA')
  if (rate !== undefined) {
    // Twice the tax in ten-thousandths of a cent: whole numbers only.
    const exact = BigInt(cents(partial)) * BigInt(cents(rate))
    const told = BigInt(cents(at(row, 'IVA/Imposta') ?? '')) * 10_000n
    const apart = told > exact ? told - exact : exact - told
    // Half a cent of rounding and one cent of tolerance.
    if (apart > 15_000n) warnings.push('TAX_NOT_RATE')
  }
  return warnings
}
