// Compact JWS from outside: good ones by the platform's own crypto, and every way of lying about the algorithm.
import { createHmac, createPublicKey, generateKeyPairSync, sign, constants, type KeyObject } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { toBase64url, utf8 } from './bytes.js'
import { canonical } from './canonical.js'
import type { PublicJwk, RecordAlg } from './crypto-contract.js'
import { checkJws, checkSeal } from './jws.js'
import { parsePublicJwk, thumbprint } from './keys.js'
import { sealOf, signingInput, type Body } from './record.js'

const pairs = {
  ES256: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  ES384: generateKeyPairSync('ec', { namedCurve: 'P-384' }),
  EdDSA: generateKeyPairSync('ed25519'),
  RS256: generateKeyPairSync('rsa', { modulusLength: 2048 }),
  PS256: generateKeyPairSync('rsa', { modulusLength: 3072 }),
}
const algs = Object.keys(pairs) as RecordAlg[]
const jwkOf = (key: KeyObject): PublicJwk => parsePublicJwk(createPublicKey(key).export({ format: 'jwk' }) as never) as PublicJwk
const signatureOf = (alg: RecordAlg, input: string, key: KeyObject): Uint8Array => {
  const bytes = utf8(input)
  if (alg === 'EdDSA') return sign(null, bytes, key)
  if (alg === 'ES256' || alg === 'ES384')
    return sign(alg === 'ES256' ? 'sha256' : 'sha384', bytes, { key, dsaEncoding: 'ieee-p1363' })
  if (alg === 'RS256') return sign('sha256', bytes, key)
  return sign('sha256', bytes, { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 })
}
const part = (value: unknown): string => toBase64url(utf8(typeof value === 'string' ? value : JSON.stringify(value)))
const jws = (header: unknown, payload: string, alg: RecordAlg, key: KeyObject): string => {
  const input = `${part(header)}.${part(payload)}`
  return `${input}.${toBase64url(signatureOf(alg, input, key))}`
}
const problemOf = (text: string, key: PublicJwk, expected = {}): string => {
  const result = checkJws(text, key, expected)
  return 'problem' in result ? result.problem : 'none'
}

describe.each(algs)('%s', (alg) => {
  const { privateKey } = pairs[alg]
  const key = jwkOf(privateKey)

  it('S-85 accepts its own, and refuses any changed character', () => {
    const good = jws({ alg, kid: thumbprint(key) }, 'content', alg, privateKey)
    expect(checkJws(good, key)).toMatchObject({ payload: utf8('content') })
    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.constantFrom(...'Aa0_.-='), (at, character) => {
        const changed = good.slice(0, at) + character + good.slice(at + 1)
        expect(problemOf(changed, key) === 'none').toBe(changed === good)
      }),
      { numRuns: 60 },
    )
  })

  it('S-85 rejects none, HMAC and mismatching algorithms, whatever is signed', () => {
    const other = algs.filter((name) => name !== alg && !(key.kty === 'RSA' && name.endsWith('S256') && name !== 'ES256'))
    for (const lie of ['none', 'None', 'NONE', 'nOnE', '', 'HS256', 'HS384', 'HS512', undefined, null, 0, ['ES256'], ...other]) {
      expect(problemOf(jws({ alg: lie }, 'content', alg, privateKey), key)).toBe('algorithm')
    }
    const input = `${part({ alg: 'none' })}.${part('content')}`
    expect(problemOf(`${input}.`, key)).toBe('algorithm')
    // The public key as an HMAC secret, the classic confusion.
    for (const secret of [createPublicKey(privateKey).export({ type: 'spki', format: 'pem' }), JSON.stringify(key)]) {
      const confused = `${part({ alg: 'HS256' })}.${part('content')}`
      expect(problemOf(`${confused}.${createHmac('sha256', secret).update(confused).digest('base64url')}`, key)).toBe('algorithm')
    }
    const unsigned = `${part({ alg })}.${part('content')}`
    expect(problemOf(`${unsigned}.`, key)).toBe('signature')
    expect(problemOf(`${unsigned}.AA`, key)).toBe('signature')
  })

  it('refuses crit, b64, other key ids, other types, and what is no JWS', () => {
    expect(problemOf(jws({ alg, crit: ['exp'], exp: 1 }, 'x', alg, privateKey), key)).toBe('critical')
    expect(problemOf(jws({ alg, crit: [] }, 'x', alg, privateKey), key)).toBe('critical')
    expect(problemOf(jws({ alg, b64: false }, 'x', alg, privateKey), key)).toBe('critical')
    expect(problemOf(jws({ alg, kid: 'another' }, 'x', alg, privateKey), key)).toBe('key')
    expect(problemOf(jws({ alg, typ: 'JWT' }, 'x', alg, privateKey), key, { typ: 'sigillo-record+jws' })).toBe('type')
    for (const text of ['', '.', '..', 'a.b', 'a.b.c.d', `${part('{')}.AA.AA`, `${part('[]')}.AA.AA`, `${part('null')}.AA.AA`]) {
      expect(problemOf(text, key)).toBe('malformed')
    }
    fc.assert(fc.property(fc.string(), (text) => problemOf(text, key) !== 'none'))
  })

  it('checks the seal of a record by the key and body.alg', () => {
    const zeros = '0'.repeat(64)
    const kid = thumbprint(key)
    const body: Body = {
      alg,
      base: 0,
      epoch: 1,
      kid,
      pay: zeros,
      prev: zeros,
      queue: '01234567-89ab-cdef-0123-456789abcdef',
      seq: 5,
      tprev: zeros,
      ts: '2026-01-01T00:00:00.000Z',
      tseq: 1,
      type: 'ticket',
      v: 1,
    }
    const seal = (of: Body): string => {
      const input = signingInput(of.alg, of.kid, canonical(of))
      return `${input}.${toBase64url(signatureOf(alg, input, privateKey))}`
    }
    expect(checkSeal(seal(body), key)).toEqual({ body })
    expect(checkSeal(sealOf({ body, sig: seal(body).split('.')[2] as string }), key)).toEqual({ body })
    for (const wrong of [
      { ...body, kid: 'A'.repeat(43) },
      { ...body, alg: alg === 'ES256' ? ('EdDSA' as const) : ('ES256' as const) },
    ]) {
      expect(checkSeal(seal(wrong), key)).toHaveProperty('problem')
      // The header says what the key wants to hear, the body something else.
      expect(
        checkSeal(jws(canonical({ alg, kid, typ: 'sigillo-record+jws' }), canonical(wrong), alg, privateKey), key),
      ).toHaveProperty('problem')
    }
    expect(checkSeal(jws({ typ: 'sigillo-record+jws', kid, alg }, canonical(body), alg, privateKey), key)).toEqual({
      problem: 'algorithm',
    })
    expect(
      checkSeal(jws(canonical({ alg, kid, typ: 'sigillo-record+jws' }), `${canonical(body)} `, alg, privateKey), key),
    ).toEqual({ problem: 'malformed' })
  })
})

it('S-85 ES256 carries r‖s: the same signature as DER is refused', () => {
  const { privateKey } = pairs.ES256
  const input = `${part({ alg: 'ES256' })}.${part('content')}`
  const der = sign('sha256', utf8(input), privateKey)
  expect(problemOf(`${input}.${toBase64url(der)}`, jwkOf(privateKey))).toBe('signature')
  const parts = jws({ alg: 'ES256' }, 'content', 'ES256', privateKey).split('.')
  expect(Buffer.from(parts[2] as string, 'base64url')).toHaveLength(64)
})

it('an RSA key accepts the one scheme expected of it', () => {
  const { privateKey } = pairs.PS256
  const key = jwkOf(privateKey)
  const [ps, rs] = (['PS256', 'RS256'] as const).map((alg) => jws({ alg }, 'x', alg, privateKey)) as [string, string]
  expect([problemOf(ps, key), problemOf(rs, key)]).toEqual(['none', 'none'])
  expect([problemOf(ps, key, { alg: 'RS256' }), problemOf(rs, key, { alg: 'RS256' })]).toEqual(['algorithm', 'none'])
  expect(problemOf(jws({ alg: 'RS256' }, 'x', 'PS256', privateKey), key)).toBe('signature')
})
