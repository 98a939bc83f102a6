// The two cryptography providers held together: same hashes, same verdicts on good, damaged and hostile signatures and keys.
import { constants, createPublicKey, generateKeyPairSync, sign, type KeyObject } from 'node:crypto'
import { ed25519 } from '@noble/curves/ed25519.js'
import { p256 } from '@noble/curves/nist.js'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fromBase64url, toBase64url, utf8 } from './bytes.js'
import * as node from './crypto.node.js'
import * as web from './crypto.web.js'
import type { PublicJwk, RecordAlg } from './crypto-contract.js'
import { parsePublicJwk, thumbprint } from './keys.js'

const runs = Number(process.env['SIGILLO_COUNT'] ?? (process.env['SIGILLO_LONG'] === undefined ? 40 : 2000))
const ORDER = p256.Point.Fn.ORDER
const pairs: Readonly<Record<RecordAlg, KeyObject>> = {
  ES256: generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey,
  ES384: generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey,
  EdDSA: generateKeyPairSync('ed25519').privateKey,
  RS256: generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey,
  PS256: generateKeyPairSync('rsa', { modulusLength: 2056 }).privateKey,
}
const algs = Object.keys(pairs) as RecordAlg[]
const jwkOf = (key: KeyObject): PublicJwk => parsePublicJwk(createPublicKey(key).export({ format: 'jwk' }) as never) as PublicJwk
const signatureOf = (alg: RecordAlg, message: Uint8Array, saltLength = 32): Uint8Array => {
  const key = pairs[alg]
  if (alg === 'EdDSA') return new Uint8Array(sign(null, message, key))
  if (alg === 'RS256') return new Uint8Array(sign('sha256', message, key))
  if (alg === 'PS256')
    return new Uint8Array(sign('sha256', message, { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength }))
  return new Uint8Array(sign(alg === 'ES256' ? 'sha256' : 'sha384', message, { key, dsaEncoding: 'ieee-p1363' }))
}
/** Both verdicts, which must agree. */
const verdict = (jwk: PublicJwk, alg: RecordAlg, message: string | Uint8Array, signature: Uint8Array): boolean => {
  const [one, two] = [node.importPublicKey(jwk), web.importPublicKey(jwk)].map((key) => key.verify(alg, message, signature))
  expect(two, `${alg} over ${message.length} with ${Buffer.from(signature).toString('hex')}`).toBe(one)
  return one as boolean
}

/** Whether each side takes the key. */
const importable = (jwk: unknown): boolean[] =>
  [node, web].map((side) => {
    try {
      side.importPublicKey(jwk as PublicJwk)
      return true
    } catch (error) {
      expect(error).toBeInstanceOf(Error)
      return false
    }
  })

describe('hashes', () => {
  it('are the same on both sides, at once and in pieces, for text and bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(300), fc.string({ unit: 'grapheme' }), (bytes, cut, text) => {
        expect(web.sha256Hex(bytes)).toBe(node.sha256Hex(bytes))
        expect(web.sha256Hex(text)).toBe(node.sha256Hex(text))
        expect(web.utf8ToBase64url(text)).toBe(node.utf8ToBase64url(text))
        for (const side of [node, web]) {
          const state = side.sha256Stream()
          state.update(bytes.subarray(0, cut))
          state.update(bytes.subarray(cut))
          expect(state.hex()).toBe(node.sha256Hex(bytes))
        }
      }),
    )
    expect(web.sha256Hex('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
  })

  it('random bytes have the length asked and differ', () => {
    for (const side of [node, web]) {
      expect(side.randomBytes(32)).toHaveLength(32)
      expect(side.randomBytes(32).constructor).toBe(Uint8Array)
      expect(side.randomBytes(32)).not.toEqual(side.randomBytes(32))
    }
  })
})

describe.each(algs)('%s', (alg) => {
  const jwk = jwkOf(pairs[alg])

  it('S-03 good signatures are accepted by both, over bytes and text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 200 }), (text) => {
        const signature = signatureOf(alg, utf8(text))
        expect(verdict(jwk, alg, text, signature)).toBe(true)
        expect(verdict(jwk, alg, utf8(text), signature)).toBe(true)
      }),
      { numRuns: runs },
    )
  })

  it('J-06 a signature over another domain tag, queue, seq or message is refused by both', () => {
    const text = 'eyJhbGciOiJFUzI1NiJ9.{"queue":"a","seq":1}'
    const signature = signatureOf(alg, utf8(text))
    for (const other of [
      text.replace('"a"', '"b"'),
      text.replace('1}', '2}'),
      `sigillo/v1/key-possession\n${text}`,
      '',
      `${text}\n`,
    ]) {
      expect(verdict(jwk, alg, other, signature)).toBe(false)
    }
  })

  it('any damaged signature gets the same verdict from both', () => {
    const message = utf8('a receipt')
    const good = signatureOf(alg, message)
    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.integer({ min: 1, max: 255 }), (at, mask) => {
        expect(
          verdict(
            jwk,
            alg,
            message,
            good.map((byte, index) => (index === at ? byte ^ mask : byte)),
          ),
        ).toBe(false)
      }),
      { numRuns: runs },
    )
    const lengths = [0, 1, good.length - 1, good.length + 1, 2 * good.length]
    for (const length of lengths) {
      const cut = new Uint8Array(length)
      cut.set(good.subarray(0, length))
      expect(verdict(jwk, alg, message, cut)).toBe(false)
    }
    for (const byte of [0, 1, 255]) expect(verdict(jwk, alg, message, new Uint8Array(good.length).fill(byte))).toBe(false)
  })

  it('checks beside the thread say the same on both sides, many at once, and never reject', async () => {
    const message = utf8('a receipt')
    const good = signatureOf(alg, message)
    const bad = Array.from({ length: 40 }, (_, i) =>
      good.map((byte, at) => (at === i % good.length ? byte ^ (1 << (i % 8)) : byte)),
    )
    const odd = [new Uint8Array(), good.subarray(1), new Uint8Array(good.length), new Uint8Array(good.length).fill(255)]
    for (const { importAside } of [node, web]) {
      const check = importAside(jwk)
      const verdicts = await Promise.all([good, ...bad, ...odd, good].map((signature) => check(alg, message, signature)))
      expect(verdicts).toEqual([true, ...[...bad, ...odd].map(() => false), true])
      expect(await check(alg, utf8('another receipt'), good)).toBe(false)
      for (const other of algs) {
        if (other === alg) continue
        expect(await check(other, message, good)).toBe(false)
        expect(await importAside(jwkOf(pairs[other]))(alg, message, good)).toBe(false)
      }
      // What was handed over is checked, whatever becomes of it meanwhile.
      const [text, signature] = [message.slice(), good.slice()]
      const later = check(alg, text, signature)
      text.fill(0)
      signature.fill(0)
      expect(await later).toBe(true)
    }
  })

  it('another key and another algorithm are refused by both', () => {
    const message = utf8('a receipt')
    const good = signatureOf(alg, message)
    for (const other of algs) {
      if (other !== alg) expect(verdict(jwk, other, message, good)).toBe(false)
      if (other !== alg) expect(verdict(jwkOf(pairs[other]), alg, message, good)).toBe(false)
    }
  })
})

describe('ECDSA', () => {
  const jwk = jwkOf(pairs.ES256)
  const message = utf8('a receipt')
  const halves = (signature: Uint8Array): [bigint, bigint] =>
    [0, 32].map((at) => BigInt(`0x${Buffer.from(signature.subarray(at, at + 32)).toString('hex')}`)) as [bigint, bigint]
  const joined = (r: bigint, s: bigint): Uint8Array =>
    new Uint8Array(Buffer.from(r.toString(16).padStart(64, '0') + s.toString(16).padStart(64, '0'), 'hex'))

  it('J-06 the twin (r, n − s) is the same verdict on both sides, so the hash must refuse it', () => {
    for (let i = 0; i < runs; i++) {
      const [r, s] = halves(signatureOf('ES256', message))
      expect(verdict(jwk, 'ES256', message, joined(r, ORDER - s))).toBe(true)
    }
  })

  it('values at and beyond the edges of the group are refused by both', () => {
    const [r, s] = halves(signatureOf('ES256', message))
    const edges = [0n, 1n, ORDER - 1n, ORDER, ORDER + 1n, 2n ** 256n - 1n]
    for (const edge of edges) {
      expect(verdict(jwk, 'ES256', message, joined(edge, s))).toBe(false)
      expect(verdict(jwk, 'ES256', message, joined(r, edge))).toBe(false)
      for (const both of edges) verdict(jwk, 'ES256', message, joined(edge, both))
    }
    if (s + ORDER < 2n ** 256n) expect(verdict(jwk, 'ES256', message, joined(r, s + ORDER))).toBe(false)
  })

  it('DER is not a signature here', () => {
    expect(verdict(jwk, 'ES256', message, new Uint8Array(sign('sha256', message, pairs.ES256)))).toBe(false)
  })

  it('signatures whose halves begin with zeros are accepted by both', () => {
    let found = 0
    for (let i = 0; found < 4; i++) {
      const text = utf8(`receipt ${i}`)
      const signature = signatureOf('ES256', text)
      if (signature[0] !== 0 && signature[32] !== 0) continue
      found += 1
      expect(verdict(jwk, 'ES256', text, signature)).toBe(true)
    }
  })
})

describe('Ed25519', () => {
  const jwk = jwkOf(pairs.EdDSA)
  const message = utf8('a receipt')

  it('J-06 the twin with s + L is refused by both', () => {
    const L = 2n ** 252n + 27742317777372353535851937790883648493n
    const good = signatureOf('EdDSA', message)
    const s = BigInt(`0x${Buffer.from(good.subarray(32).toReversed()).toString('hex')}`)
    const twin = good.slice()
    twin.set(Uint8Array.from(Buffer.from((s + L).toString(16).padStart(64, '0'), 'hex')).toReversed(), 32)
    expect(verdict(jwk, 'EdDSA', message, twin)).toBe(false)
  })

  it('keys of small order are refused by both: anybody can sign for them', () => {
    const torsion = ed25519.Point.fromHex('c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa')
    const points = Array.from({ length: 8 }, (_, index) => torsion.multiplyUnsafe(BigInt(index)).toBytes())
    expect(new Set(points.map((point) => Buffer.from(point).toString('hex'))).size).toBe(8)
    for (const above of [0xed, 0xee])
      points.push(...[0x7f, 0xff].map((top) => Uint8Array.of(above, ...new Uint8Array(30).fill(255), top)))
    for (const point of points) {
      const weak = { kty: 'OKP', crv: 'Ed25519', x: toBase64url(point) }
      expect(importable(weak), Buffer.from(point).toString('hex')).toEqual([false, false])
    }
    for (const r of points) {
      const signature = new Uint8Array(64)
      signature.set(r)
      expect(verdict(jwk, 'EdDSA', message, signature)).toBe(false)
    }
  })

  it('any 32 bytes as a key get the same verdict from both', () => {
    const good = signatureOf('EdDSA', message)
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (bytes) => {
        const odd = { kty: 'OKP', crv: 'Ed25519', x: toBase64url(bytes) } as const
        const [one, two] = importable(odd)
        expect(one).toBe(two)
        if (one === true) expect(verdict(odd, 'EdDSA', message, good)).toBe(false)
      }),
    )
  })
})

describe('RSA', () => {
  it('PSS accepts a salt of 32 bytes only, on both sides', () => {
    const jwk = jwkOf(pairs.PS256)
    const message = utf8('a receipt')
    for (const salt of [0, 20, 31, 32, 33, 48])
      expect(verdict(jwk, 'PS256', message, signatureOf('PS256', message, salt))).toBe(salt === 32)
  })

  it('moduli of every length around a byte give the same verdicts', { timeout: 60_000 }, () => {
    for (const bits of [2048, 2049, 2050, 2055, 2056, 2057]) {
      const { privateKey } = generateKeyPairSync('rsa', { modulusLength: bits })
      const jwk = jwkOf(privateKey)
      const message = utf8(`receipt of ${bits}`)
      const rs = new Uint8Array(sign('sha256', message, privateKey))
      const ps = new Uint8Array(
        sign('sha256', message, { key: privateKey, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 }),
      )
      expect([verdict(jwk, 'RS256', message, rs), verdict(jwk, 'PS256', message, ps)]).toEqual([true, true])
      expect([verdict(jwk, 'PS256', message, rs), verdict(jwk, 'RS256', message, ps)]).toEqual([false, false])
    }
  })

  it('keys for which anybody can sign, and those no provider takes, are refused by both', () => {
    const good = jwkOf(pairs.RS256) as Extract<PublicJwk, { kty: 'RSA' }>
    expect(importable(good)).toEqual([true, true])
    const base64url = (hex: string): string => Buffer.from(hex, 'hex').toString('base64url')
    for (const e of ['', '00', '01', '02', '0003', '010000000000000001'])
      expect(importable({ ...good, e: base64url(e) })).toEqual([false, false])
    const n = Buffer.from(good.n, 'base64url')
    const even = Buffer.from(n)
    even[255]! &= 0xfe
    for (const bad of [
      '',
      base64url(even.toString('hex')),
      base64url(`00${n.toString('hex')}`),
      base64url(`c3${'ff'.repeat(2048)}`),
    ]) {
      expect(importable({ ...good, n: bad })).toEqual([false, false])
    }
    const small = jwkOf(generateKeyPairSync('rsa', { modulusLength: 512 }).privateKey)
    expect(verdict(small, 'PS256', utf8('x'), new Uint8Array(64))).toBe(false)
  })

  it('other hashes and paddings are refused by both', () => {
    const jwk = jwkOf(pairs.RS256)
    const message = utf8('a receipt')
    for (const digest of ['sha1', 'sha384', 'sha512']) {
      expect(verdict(jwk, 'RS256', message, new Uint8Array(sign(digest, message, pairs.RS256)))).toBe(false)
    }
    const mixed = { key: pairs.RS256, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 }
    expect(verdict(jwk, 'PS256', message, new Uint8Array(sign('sha512', message, mixed)))).toBe(false)
  })

  it('a signature as large as the modulus or larger is refused by both', () => {
    const jwk = jwkOf(pairs.RS256) as Extract<PublicJwk, { kty: 'RSA' }>
    const message = utf8('a receipt')
    const n = BigInt(`0x${Buffer.from(fromBase64url(jwk.n) as Uint8Array).toString('hex')}`)
    const good = BigInt(`0x${Buffer.from(signatureOf('RS256', message)).toString('hex')}`)
    const bytes = (value: bigint): Uint8Array => new Uint8Array(Buffer.from(value.toString(16).padStart(512, '0'), 'hex'))
    for (const value of [n, n + 1n, n - 1n, 0n, 1n]) expect(verdict(jwk, 'RS256', message, bytes(value))).toBe(false)
    if (good + n < 2n ** 2048n) expect(verdict(jwk, 'RS256', message, bytes(good + n))).toBe(false)
  })
})

describe('keys', () => {
  it('points off the curve, of wrong length or at infinity are refused by both', () => {
    const good = jwkOf(pairs.ES256) as Extract<PublicJwk, { kty: 'EC' }>
    expect(importable(good)).toEqual([true, true])
    const off = toBase64url((fromBase64url(good.y) as Uint8Array).map((byte, index) => (index === 31 ? byte ^ 1 : byte)))
    for (const bad of [
      { ...good, y: off },
      { ...good, x: '' },
      { ...good, x: good.y, y: good.x },
      { ...good, x: 'AA', y: 'AA' },
      { ...good, x: toBase64url(new Uint8Array(32)), y: toBase64url(new Uint8Array(32)) },
    ]) {
      expect(importable(bad)).toEqual([false, false])
    }
  })

  it('RFC 7638: the thumbprint of its example', () => {
    const n =
      '0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw'
    expect(thumbprint({ kty: 'RSA', n, e: 'AQAB' })).toBe('NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs')
  })
})
