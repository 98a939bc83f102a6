// Lines of a fixed width: centred, left and right parts, three logical columns, long text wrapped (10.2).
import { printed } from './money.js'

/** One line of paper for one width; never longer than it. */
export interface Paper {
  centre(text: string): void
  left(text: string): void
  /** Left and right part; the left one is wrapped when both do not fit. */
  pair(left: string, right: string): void
  /** Description, VAT code, amount. */
  columns(text: string, code: string, amount: string): void
  money(label: string, amount: number): void
  rule(): void
  blank(): void
  readonly lines: string[]
}

const CODE_WIDTH = 6

/** An empty strip of paper. */
export function openPaper(width: number): Paper {
  const lines: string[] = []
  const pair = (left: string, right: string): void => {
    const room = width - right.length - 1
    const parts = wrap(left, Math.max(room, 1))
    const last = parts.pop() ?? ''
    lines.push(...parts, last.padEnd(width - right.length) + right)
  }
  return {
    lines,
    centre: (text) => {
      for (const part of wrap(text, width)) lines.push((' '.repeat(Math.floor((width - part.length) / 2)) + part).trimEnd())
    },
    left: (text) => void lines.push(...wrap(text, width)),
    pair,
    columns: (text, code, amount) => pair(text, `${code.padEnd(CODE_WIDTH)}${amount.padStart(width - 27 - CODE_WIDTH)}`),
    money: (label, amount) => pair(label, printed(amount)),
    rule: () => void lines.push('-'.repeat(width)),
    blank: () => void lines.push(''),
  }
}

// Breaks at blanks, and inside a word only when the word alone is too long.
function wrap(text: string, width: number): string[] {
  const out: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    let rest = word
    if (line !== '' && line.length + 1 + rest.length > width) {
      out.push(line)
      line = ''
    }
    while (rest.length > width) {
      out.push(rest.slice(0, width))
      rest = rest.slice(width)
    }
    line = line === '' ? rest : `${line} ${rest}`
  }
  return [...out, line]
}
