// The arithmetic of a file of daily receipts (8.2, 8.3, 8.6): what a reader can check from the figures alone. The authority refuses
// none of this, so it warns. Kinds of payment are not added up: what was not collected for goods leaves no trace in a file.
import { childOf, elementsOf, textOf, type XmlElement } from '@sigillo/documents'
import type { Problem } from './problem.js'

const COMPONENTS = [
  'ImportoParziale',
  'TotaleAmmontareResi',
  'TotaleAmmontareAnnulli',
  'BeniInSospeso',
  'NonRiscossoServizi',
  'NonRiscossoFatture',
  'NonRiscossoDCRaSSN',
] as const

/** Warnings about the figures of a file whose structure is right. */
export function checkArithmetic(root: XmlElement): Problem[] {
  const data = childOf(root, 'DatiRT')
  if (data === undefined) return []
  const rows = elementsOf(data).filter(({ local }) => local === 'Riepilogo')
  const totals = childOf(data, 'Totali')
  return [
    ...rows.flatMap((row, i) => checkRow(row, `DatiRT/Riepilogo[${i + 1}]`)),
    ...checkTogether(rows),
    ...(totals === undefined ? [older('DatiRT/Totali', 'is missing: a layout from before 2021')] : checkTotals(totals)),
    ...checkInactive(root, rows, totals),
  ]
}

const warning = (path: string, message: string): Problem => ({ severity: 'warning', area: 'arithmetic', path, message })
const older = (path: string, message: string): Problem => ({ severity: 'remark', area: 'arithmetic', path, message })

function checkRow(row: XmlElement, path: string): Problem[] {
  return [...checkTax(row, path), ...checkComponents(row, path)]
}

// The tax is what is left of the gross, so it may differ from base times rate by one cent.
function checkTax(row: XmlElement, path: string): Problem[] {
  const iva = childOf(row, 'IVA')
  const partial = cents(row, 'ImportoParziale') ?? cents(row, 'Ammontare')
  if (iva === undefined || partial === undefined) return []
  const [rateBp, tax] = [cents(iva, 'AliquotaIVA'), cents(iva, 'Imposta')]
  if (rateBp === undefined || tax === undefined) return []
  const due = rounded(partial * rateBp, 10_000n)
  if (within(tax, due, 1n)) return []
  const of = childOf(row, 'ImportoParziale') === undefined ? 'Ammontare' : 'ImportoParziale'
  return [
    warning(
      `${path}/IVA/Imposta`,
      `is ${euros(tax)}; ${euros(rateBp)} % of ${of} ${euros(partial)} is ${euros(due)}, give or take a cent`,
    ),
  ]
}

// Sales are what is left plus what was taken off, a cent of rounding for each part.
function checkComponents(row: XmlElement, path: string): Problem[] {
  const amount = cents(row, 'Ammontare')
  if (amount === undefined || childOf(row, 'ImportoParziale') === undefined) return []
  const present = COMPONENTS.map((name) => cents(row, name)).filter((value) => value !== undefined)
  const sum = present.reduce((all, value) => all + value, 0n)
  if (within(sum, amount, BigInt(present.length))) return []
  return [
    warning(
      `${path}/Ammontare`,
      `is ${euros(amount)}; ImportoParziale and what was taken off it come to ${euros(sum)}, give or take ${present.length} cent`,
    ),
  ]
}

function checkTogether(rows: readonly XmlElement[]): Problem[] {
  const problems: Problem[] = []
  const seen = new Map<string, number>()
  for (const [i, row] of rows.entries()) {
    const path = `DatiRT/Riepilogo[${i + 1}]`
    const group = groupOf(row)
    const first = seen.get(group)
    if (first !== undefined) problems.push(warning(path, `is of the same VAT group and activity as Riepilogo[${first}]`))
    seen.set(group, first ?? i + 1)
    if (group.startsWith('0.00|'))
      problems.push(warning(`${path}/IVA/AliquotaIVA`, 'is 0.00, which is no rate: a nature is meant'))
  }
  const coded = rows.filter((row) => childOf(row, 'CodiceAttivita') !== undefined).length
  if (coded > 0 && coded < rows.length) problems.push(warning('DatiRT', 'some rows have CodiceAttivita and some have none'))
  return problems
}

function groupOf(row: XmlElement): string {
  const iva = childOf(row, 'IVA')
  const kind =
    iva === undefined ? at(row, 'Natura') || at(row, 'VentilazioneIVA') : at(iva, 'AliquotaIVA').replace(/^0+(?=\d)/, '')
  return `${kind}|${at(row, 'CodiceAttivita').replace(/^0+/, '')}`
}

function checkTotals(totals: XmlElement): Problem[] {
  const ticket = childOf(totals, 'Ticket')
  const count = Number(at(totals, 'NumeroDocCommerciali'))
  const paid = ['PagatoContanti', 'PagatoElettronico', 'ScontoApagare'].some((name) => (cents(totals, name) ?? 0n) !== 0n)
  if (count === 0 && (paid || ticket !== undefined))
    return [warning('DatiRT/Totali/NumeroDocCommerciali', 'is 0, and yet something was paid')]
  return []
}

function checkInactive(root: XmlElement, rows: readonly XmlElement[], totals: XmlElement | undefined): Problem[] {
  if (childOf(root, 'PeriodoInattivo') === undefined) return []
  const sold = rows.some((row) => (cents(row, 'Ammontare') ?? 0n) !== 0n || (cents(row, 'ImportoParziale') ?? 0n) !== 0n)
  const documents = totals === undefined ? 0 : Number(at(totals, 'NumeroDocCommerciali'))
  return sold || documents > 0 ? [warning('PeriodoInattivo', 'stands in a file that reports sales')] : []
}

/** An amount in cents, or a rate in hundredths of a percent; undefined where there is none. */
export function cents(element: XmlElement, name: string): bigint | undefined {
  const text = at(element, name)
  return /^-?\d{1,11}\.\d{2}$/.test(text) ? BigInt(text.replace('.', '')) : undefined
}

/** Text of a child, white space around it cut off. */
export function at(element: XmlElement, name: string): string {
  const child = childOf(element, name)
  return child === undefined ? '' : textOf(child).trim()
}

/** Cents as the file writes them. */
export function euros(value: bigint): string {
  const digits = String(value < 0n ? -value : value).padStart(3, '0')
  return `${value < 0n ? '-' : ''}${digits.slice(0, -2)}.${digits.slice(-2)}`
}

// Half a cent away from zero.
function rounded(value: bigint, by: bigint): bigint {
  const half = value < 0n ? -by / 2n : by / 2n
  return (value + half) / by
}

function within(a: bigint, b: bigint, most: bigint): boolean {
  return (a > b ? a - b : b - a) <= most
}
