// Validity dates read from certificates that openssl makes, at both ends of the two forms of time.
import { execFileSync, spawnSync } from 'node:child_process'
import { selfSigned } from '@sigillo/testing/node'
import { describe, expect, it } from 'vitest'
import { validityOf } from './certificate.js'
import { momentOf } from './der.js'
import { utf8 } from './bytes.js'

const openssl = spawnSync('openssl', ['version']).error === undefined

describe.skipIf(!openssl)('validity of certificates (needs openssl)', () => {
  it.each([
    ['today', 30],
    ['beyond 2050, in the longer form', 12_000],
  ])('reads what openssl says of one that ends %s', (_when, days) => {
    const { certificateDer: der } = selfSigned({ days })
    const said = execFileSync('openssl', ['x509', '-inform', 'DER', '-noout', '-dates'], { input: der, encoding: 'utf8' })
    const date = (name: string): number => Date.parse(new RegExp(`${name}=(.*)`).exec(said)?.[1] as string)
    expect(validityOf(der)).toEqual({ notBeforeMs: date('notBefore'), notAfterMs: date('notAfter') })
    expect(validityOf(der.subarray(0, -1))).toBeUndefined()
    expect(validityOf(new Uint8Array(20))).toBeUndefined()
  })

  it('takes only the two forms RFC 5280 allows', () => {
    const time = (tag: number, text: string): number | undefined => momentOf({ tag, content: utf8(text), end: 0 })
    expect(time(0x17, '491231235959Z')).toBe(Date.parse('2049-12-31T23:59:59Z'))
    expect(time(0x17, '500101000000Z')).toBe(Date.parse('1950-01-01T00:00:00Z'))
    expect(time(0x18, '20500101000000Z')).toBe(Date.parse('2050-01-01T00:00:00Z'))
    for (const [tag, text] of [
      [0x17, '4912312359Z'],
      [0x17, '491231235959+0100'],
      [0x17, '20491231235959Z'],
      [0x18, '491231235959Z'],
      [0x18, '20500101000000.5Z'],
      [0x18, '20500230000000Z'],
      [0x04, '491231235959Z'],
    ] as const)
      expect(time(tag, text), text).toBeUndefined()
  })
})
