import { describe, expect, it } from 'vitest'
import fc from 'fast-check'
import { canonical, isCanonical } from './canonical.js'
import { importPublicKey, sha256Hex } from '#crypto'

describe('canonical', () => {
  it('writes members in code-unit order and the shortest escapes', () => {
    expect(canonical({ b: 1, a: 'é"\u0001\n', '\ue000': null, '\ud83d\ude00': [true, -5n] })).toBe(
      '{"a":"é\\"\\u0001\\n","b":1,"\ud83d\ude00":[true,-5],"\ue000":null}',
    )
  })
  it('J-02 accepts exactly what the writer writes', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const integers = JSON.parse(JSON.stringify(value), (_, v: unknown) =>
          typeof v === 'number' ? Math.trunc(v % 1e6) + 0 : v,
        ) as unknown
        try {
          expect(isCanonical(canonical(integers))).toBe(true)
        } catch (error) {
          expect(String(error)).toMatch(/surrogate|deeper/)
        }
      }),
    )
  })
  it.each([
    '{"b":1,"a":2}',
    '{"a":1,"a":2}',
    '{ "a":1}',
    '1.0',
    '1e2',
    '-0',
    '01',
    '"\\u0041"',
    '"\\/"',
    '"\\u000A"',
    '9007199254740992',
    '"\ud800"',
    '[1,]',
    '',
    'nul',
    '{"a":1',
  ])('J-02 refuses %s', (text) => {
    expect(isCanonical(text)).toBe(false)
  })
  it.each([1.5, Number.NaN, 2 ** 53, -0, '\udc00', 2n ** 53n, new Date(0), () => 1])('J-03 refuses to write %s', (value) => {
    expect(() => canonical({ deep: [value] })).toThrow(/deep\[0\]/)
  })
})

it('the crypto seam answers under test', () => {
  expect(sha256Hex('')).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855')
  expect(importPublicKey).toBeTypeOf('function')
})
