// A receipt as the paper shows it, inside a frame, and as a picture in the demo's folder. Printers draw the QR code; on the screen it
// is only named.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { receiptLines, receiptSvg } from '@sigillo/country-fr'

const WIDTH = 42

/** Lines of a receipt, framed; folded, its middle is left out. */
function paper(print, folded) {
  const codes = print.filter(({ kind }) => kind === 'qr').map(({ text }) => `[QR code: the seal, ${text.length} characters]`)
  const edge = '─'.repeat(WIDTH + 2)
  const all = [...receiptLines(print, WIDTH), ...codes]
  const lines = folded ? [...all.slice(0, 11), '⋮', ...all.slice(-8)] : all
  return [`┌${edge}┐`, ...lines.map((line) => `│ ${line.padEnd(WIDTH)} │`), `└${edge}┘`].map((line) => `    ${line}`).join('\n')
}

/** Shows a receipt, and keeps its picture, which is always whole. */
export function showPaper(stage, name, print, folded = false) {
  console.log(paper(print, folded))
  keepPicture(stage, name, print)
}

/** Keeps the picture of a receipt. */
export function keepPicture(stage, name, print) {
  writeFileSync(join(stage.folder, `receipt-${name}.svg`), receiptSvg(print))
}

/** Cents as an amount. */
export const euros = (cents) => `${(Number(cents) / 100).toLocaleString('en-GB', { minimumFractionDigits: 2 })} €`
