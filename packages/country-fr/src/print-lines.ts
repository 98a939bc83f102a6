// Print items as lines for receipt printers of 32, 42 or 48 columns. Nothing mandatory is ever cut: what does not fit is wrapped.
import type { PrintItem } from '@sigillo/core'

/** Width of a receipt printer. */
export type Columns = 32 | 42 | 48

/** Lines of a document, none wider than `columns`. QR codes are left to the printer's own command or to {@link qrSvg}. */
export function receiptLines(items: readonly PrintItem[], columns: Columns = 42): string[] {
  return items.flatMap((item) => linesOf(item, columns))
}

function linesOf({ kind, text, right }: PrintItem, columns: number): string[] {
  const lines = text.split('\n').map(plain)
  switch (kind) {
    case 'qr':
      return []
    case 'rule':
      return ['-'.repeat(columns)]
    case 'title':
      return lines
        .flatMap((line) => wrap(line, columns))
        .map((line) => ' '.repeat(Math.floor((columns - width(line)) / 2)) + line)
    case 'pair':
      return pair(lines.join(' '), plain(right ?? ''), columns)
    case 'text':
      return lines.flatMap((line) => wrap(line, columns))
  }
}

// Control characters would reach the printer as commands.
function plain(text: string): string {
  // eslint-disable-next-line no-control-regex
  return text.normalize('NFC').replaceAll(/[\u0000-\u001f\u007f-\u009f]/g, ' ')
}

const width = (text: string): number => Array.from(text).length

function pair(left: string, right: string, columns: number): string[] {
  const gap = columns - width(left) - width(right)
  if (gap >= 1) return [left + ' '.repeat(gap) + right]
  const rightLines = wrap(right, columns).map((line) => ' '.repeat(columns - width(line)) + line)
  return [...wrap(left, columns), ...rightLines]
}

function wrap(text: string, columns: number): string[] {
  const lines: string[] = []
  let rest = Array.from(text)
  while (rest.length > columns) {
    const space = rest.lastIndexOf(' ', columns)
    const cut = space > 0 ? space : columns
    lines.push(rest.slice(0, cut).join(''))
    rest = rest.slice(space > 0 ? cut + 1 : cut)
  }
  return [...lines, rest.join('')]
}
