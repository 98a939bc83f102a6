// Print items as lines of a fixed width, for terminals and the demo. What a paper printer does with them is its driver's business.
import type { PrintItem } from '@sigillo/core'
import { plain } from './output.js'

/** Lines of a receipt `width` characters wide. A QR code is shown as its first characters. */
export function printText(items: readonly PrintItem[], width = 42): readonly string[] {
  return items.flatMap((item) => linesOf(item, width))
}

function linesOf({ kind, text, right }: PrintItem, width: number): readonly string[] {
  const clean = text.split('\n').map(plain)
  switch (kind) {
    case 'rule':
      return ['-'.repeat(width)]
    case 'title':
      return clean.flatMap((line) => wrap(line, width)).map((line) => line.padStart(Math.floor((width + line.length) / 2)))
    case 'pair':
      return pair(clean.join(' '), plain(right ?? ''), width)
    case 'qr':
      return [`[QR] ${clean.join('').slice(0, width - 8)}${clean.join('').length > width - 8 ? '…' : ''}`]
    default:
      return clean.flatMap((line) => wrap(line, width))
  }
}

function pair(left: string, right: string, width: number): readonly string[] {
  if (left.length + 1 + right.length <= width) return [left + right.padStart(width - left.length)]
  return [...wrap(left, width), ...wrap(right, width).map((line) => line.padStart(width))]
}

function wrap(text: string, width: number): readonly string[] {
  if (text.length <= width) return [text]
  const lines: string[] = []
  let rest = text
  while (rest.length > width) {
    const space = rest.lastIndexOf(' ', width)
    const cut = space > 0 ? space : width
    lines.push(rest.slice(0, cut))
    rest = rest.slice(cut).trimStart()
  }
  return rest === '' ? lines : [...lines, rest]
}
