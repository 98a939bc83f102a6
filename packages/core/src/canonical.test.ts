import { describe, expect, it } from 'vitest'
import fc from 'fast-check'
import { canonical, isCanonical } from './canonical.js'
import { isCanonicalBytes } from './canonical-scan.js'
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
  it('J-02 bytes are accepted exactly when decoding, parsing and writing give them back', () => {
    const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
    const naive = (bytes: Uint8Array): boolean => {
      try {
        const text = decoder.decode(bytes)
        return canonical(JSON.parse(text)) === text
      } catch {
        return false
      }
    }
    const name = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 4 }),
      fc.constantFrom('a', 'ab', 'b', '\u007f', 'é', '\ue000', '😀', '"'),
    )
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 3 },
        fc.oneof(fc.maxSafeInteger(), fc.boolean(), fc.constant(null), name),
        fc.array(tie('value'), { maxLength: 3 }),
        fc.dictionary(name, tie('value'), { maxKeys: 4 }),
      ),
    }))
    const byte = fc.oneof(fc.constantFrom(...new TextEncoder().encode('"\\{}[]:,-019eutfn\u0000')), fc.nat(255))
    const change = fc.record({ at: fc.nat(), remove: fc.nat(2), insert: fc.array(byte, { maxLength: 2 }) })
    let accepted = 0
    fc.assert(
      fc.property(value, fc.array(change, { maxLength: 2 }), (content, changes) => {
        let bytes: number[]
        try {
          bytes = [...new TextEncoder().encode(canonical(content))]
        } catch {
          return
        }
        for (const { at, remove, insert } of changes) bytes.splice(at % (bytes.length + 1), remove, ...insert)
        const whole = Uint8Array.from(bytes)
        expect(isCanonicalBytes(whole)).toBe(naive(whole))
        if (isCanonicalBytes(whole)) accepted++
      }),
      { numRuns: 5000 },
    )
    expect(accepted).toBeGreaterThan(500)
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
