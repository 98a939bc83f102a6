// CSV of the archive (15.2): UTF-8 with BOM, `;`, CRLF, RFC 4180 quoting, decimal comma; cells a spreadsheet would take for a
// formula are made harmless.
import { frenchAmount } from '../money.js'

/** Byte-order mark every table begins with. */
export const BOM = '\ufeff'

/** A cell: text, an amount in cents, a figure already written, or nothing. */
export type Cell = string | number | { readonly figure: string } | undefined

/** One line with its CRLF. Numbers are cents, shown with a decimal comma. */
export function csvLine(cells: readonly Cell[]): string {
  return `${cells.map(cell).join(';')}\r\n`
}

function cell(value: Cell): string {
  if (value === undefined) return ''
  if (typeof value === 'object') return value.figure
  if (typeof value === 'number') return frenchAmount(value)
  const safe = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value
  return /[";\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}

/** A count as text, so that it is not taken for cents. */
export function whole(value: unknown): string {
  return String(value ?? 0)
}

/** A rate in percent with two decimals. */
export function percent(rateBp: number): string {
  return frenchAmount(rateBp)
}
