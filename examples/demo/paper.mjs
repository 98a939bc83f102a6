// A receipt as the paper shows it: print items in 42 columns inside a frame. The QR code is named, not drawn.
const WIDTH = 42

const wrap = (text) => {
  const lines = []
  let rest = text
  while (rest.length > WIDTH) {
    const space = rest.lastIndexOf(' ', WIDTH)
    const cut = space > 0 ? space : WIDTH
    lines.push(rest.slice(0, cut))
    rest = rest.slice(cut).trimStart()
  }
  return [...lines, rest]
}

const kinds = {
  rule: () => ['-'.repeat(WIDTH)],
  title: ({ text }) => wrap(text).map((line) => line.padStart(Math.floor((WIDTH + line.length) / 2))),
  text: ({ text }) => text.split('\n').flatMap(wrap),
  pair: ({ text, right = '' }) =>
    text.length + right.length < WIDTH ? [text + right.padStart(WIDTH - text.length)] : [...wrap(text), right.padStart(WIDTH)],
  qr: ({ text }) => ['[QR code: the seal of the record,', ` ${text.length} characters, ${text.slice(0, 22)}…]`],
}

/** Lines of a receipt, framed. */
export function paper(print) {
  const lines = print.flatMap((item) => kinds[item.kind](item))
  const edge = '─'.repeat(WIDTH + 2)
  return [`┌${edge}┐`, ...lines.map((line) => `│ ${line.padEnd(WIDTH)} │`), `└${edge}┘`].map((line) => `    ${line}`).join('\n')
}
