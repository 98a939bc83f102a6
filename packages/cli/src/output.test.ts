// What reaches the terminal.
import { describe, expect, it } from 'vitest'
import { columns, paintFor, plain, toJson } from './output.js'
import { printText } from './print-text.js'

describe('output', () => {
  it('shows control characters from outside instead of obeying them', () => {
    expect(plain('a\u001b[31mb\u0007c\u202ed')).toBe('a\\u001b[31mb\\u0007c\\u202ed')
  })
  it('colours only when asked', () => {
    expect(paintFor(false).red('x')).toBe('x')
    expect(paintFor(true).red('x')).toBe('\u001b[31mx\u001b[39m')
  })
  it('writes numbers of records as integers', () => {
    expect(toJson({ seq: 12n, more: [1n] })).toBe('{"seq":12,"more":[1]}')
  })
  it('aligns columns', () => {
    expect(
      columns([
        ['a', 'bb', 'c'],
        ['aaa', 'b', 'c'],
      ]),
    ).toEqual(['a    bb  c', 'aaa  b   c'])
  })
})

describe('printed text', () => {
  it('keeps every line within the width and loses no character', () => {
    const long = 'Un libellé bien trop long pour la largeur du papier'
    const lines = printText(
      [
        { kind: 'title', text: long },
        { kind: 'pair', text: long, right: '12,00' },
        { kind: 'text', text: long },
      ],
      24,
    )
    expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(24)
    expect(lines.join('').replaceAll(' ', '')).toBe(`${long}${long}12,00${long}`.replaceAll(' ', ''))
  })
  it('puts amounts at the right edge', () => {
    expect(printText([{ kind: 'pair', text: 'TOTAL', right: '3,60' }], 12)).toEqual(['TOTAL   3,60'])
  })
})
