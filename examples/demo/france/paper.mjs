// A receipt as the paper shows it, inside a frame. Printers draw the QR code; here it is only named.
import { receiptLines } from '@sigillo/country-fr'

const WIDTH = 42

/** Lines of a receipt, framed. */
export function paper(print) {
  const codes = print.filter(({ kind }) => kind === 'qr').map(({ text }) => `[QR code: the seal, ${text.length} characters]`)
  const edge = '─'.repeat(WIDTH + 2)
  const lines = [...receiptLines(print, WIDTH), ...codes].map((line) => `│ ${line.padEnd(WIDTH)} │`)
  return [`┌${edge}┐`, ...lines, `└${edge}┘`].map((line) => `    ${line}`).join('\n')
}
