// The two implementations behind `#keys` held together: the same key gives the same public half, and what one signs the other side of
// core's seam accepts.
import { generateKeyPairSync, createPublicKey } from 'node:crypto'
import fc from 'fast-check'
import { concat, FiscalError, fromBase64url, jwkOfSpki, spkiOf, toBase64url, utf8, type RecordAlg } from '@sigillo/core'
import { describe, expect, it } from 'vitest'
import { importPublicKey as verifyByNode } from '../../core/src/crypto.node.js'
import { importPublicKey as verifyByNoble } from '../../core/src/crypto.web.js'
import type { PrivateJwk } from './key-contract.js'
import * as node from './keys.node.js'
import * as web from './keys.web.js'
import { softwareSigner } from './software-signer.js'

const pairOf = {
  ES256: () => generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  ES384: () => generateKeyPairSync('ec', { namedCurve: 'P-384' }),
  EdDSA: () => generateKeyPairSync('ed25519'),
  RS256: () => generateKeyPairSync('rsa', { modulusLength: 2048 }),
  PS256: () => generateKeyPairSync('rsa', { modulusLength: 3072 }),
} as const
const algs = Object.keys(pairOf) as RecordAlg[]
const codeOf = async (work: Promise<unknown>): Promise<string> => {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  return error instanceof FiscalError ? `${error.code} ${String(error.details['reason'])}` : String(error)
}

describe.each(algs)('%s', (alg) => {
  const { privateKey } = pairOf[alg]()
  const jwk = privateKey.export({ format: 'jwk' }) as PrivateJwk
  const pkcs8 = new Uint8Array(privateKey.export({ type: 'pkcs8', format: 'der' }))
  const spki = new Uint8Array(createPublicKey(privateKey).export({ type: 'spki', format: 'der' }))

  it('is read alike from JWK and PKCS#8 on both platforms, with the public half of openssl', async () => {
    const keys = [
      await node.keyFromJwk(jwk, alg),
      await node.keyFromPkcs8(pkcs8, alg),
      await web.keyFromJwk(jwk, alg),
      await web.keyFromPkcs8(pkcs8, alg),
    ]
    for (const key of keys) {
      expect(key.publicJwk).toEqual(keys[0]!.publicJwk)
      expect(key.alg).toBe(alg)
      expect(spkiOf(key.publicJwk)).toEqual(spki)
      expect(jwkOfSpki(spki)).toEqual(key.publicJwk)
      expect(key.signNow !== undefined).toBe(alg === 'ES256' || alg === 'EdDSA')
    }
  })

  it('signs what the other platform accepts, and no other message', async () => {
    const keys = [await node.keyFromJwk(jwk, alg), await web.keyFromPkcs8(pkcs8, alg)]
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (message) => {
        for (const key of keys) {
          const signature = await key.sign(message)
          expect(signature.constructor).toBe(Uint8Array)
          for (const verifier of [verifyByNode(key.publicJwk), verifyByNoble(key.publicJwk)]) {
            expect(verifier.verify(alg, message, signature)).toBe(true)
            expect(verifier.verify(alg, concat(message, Uint8Array.of(1)), signature)).toBe(false)
          }
        }
      }),
      { numRuns: 15 },
    )
  })

  it('gives the same signature twice where it says so, on both platforms when both do', async () => {
    const keys = [await node.keyFromJwk(jwk, alg), await web.keyFromJwk(jwk, alg)]
    const message = utf8('a receipt')
    const signatures = await Promise.all(keys.map((key) => Promise.all([key.sign(message), key.sign(message)])))
    for (const [index, [first, second]] of signatures.entries()) {
      expect(toBase64url(first!) === toBase64url(second!)).toBe(keys[index]!.deterministic)
    }
    if (keys.every((key) => key.deterministic)) expect(signatures[0]![0]).toEqual(signatures[1]![0])
  })

  it('signs nothing once wiped', async () => {
    for (const key of [await node.keyFromJwk(jwk, alg), await web.keyFromPkcs8(pkcs8, alg), await web.keyFromJwk(jwk, alg)]) {
      key.wipe()
      expect(await codeOf((async () => key.sign(utf8('x')))())).toMatch(/^CLOSED/)
    }
    expect(await codeOf(web.keyFromPkcs8(pkcs8, alg))).toBe('undefined')
  })

  it('refuses a key cut short or of another algorithm', async () => {
    for (const platform of [node, web]) {
      expect(await codeOf(platform.keyFromPkcs8(pkcs8.subarray(0, -1), alg))).toMatch(/key-unusable/)
      expect(await codeOf(platform.keyFromPkcs8(new Uint8Array(), alg))).toMatch(/key-unusable/)
      const other = alg === 'ES256' ? 'EdDSA' : 'ES256'
      expect(await codeOf(platform.keyFromPkcs8(pkcs8, other))).toBe('CONFIG_INVALID wrong-algorithm')
      expect(await codeOf(platform.keyFromJwk(jwk, other))).toBe('CONFIG_INVALID wrong-algorithm')
    }
  })
})

describe.each([
  ['Node', node],
  ['elsewhere', web],
] as const)('generateKey (%s)', (_name, platform) => {
  it.each(algs)('makes a key that signs %s', async (alg) => {
    const key = await platform.generateKey(alg)
    const signature = await key.sign(utf8('a receipt'))
    expect(verifyByNode(key.publicJwk).verify(alg, utf8('a receipt'), signature)).toBe(true)
    expect(verifyByNoble(key.publicJwk).verify(alg, utf8('a receipt'), signature)).toBe(true)
  })

  it('refuses moduli out of range and algorithms it does not know', async () => {
    for (const [alg, modulusLength] of [
      ['RS256', 2047],
      ['RS256', 1024],
      ['PS256', 2048],
      ['RS256', 16384],
      ['RS256', Number.NaN],
    ] as const) {
      expect(await codeOf(platform.generateKey(alg, { modulusLength }))).toBe('CONFIG_INVALID weak-key')
    }
    expect(await codeOf(platform.generateKey('HS256' as RecordAlg))).toBe('CONFIG_INVALID key-unusable')
    expect(await codeOf(platform.generateKey('none' as RecordAlg))).toBe('CONFIG_INVALID key-unusable')
  })

  it('refuses keys whose public half is another one, and weak RSA keys', async () => {
    const [one, two] = [pairOf.ES256(), pairOf.ES256()].map(
      ({ privateKey }) => privateKey.export({ format: 'jwk' }) as Extract<PrivateJwk, { kty: 'EC' }>,
    )
    const refuse = async (jwk: PrivateJwk): Promise<string> =>
      codeOf(platform.keyFromJwk(jwk).then((key) => softwareSigner({ key })))
    expect(await refuse({ ...one!, x: two!.x, y: two!.y })).toMatch(/key-unusable|key-inconsistent/)
    const ed = pairOf.EdDSA().privateKey.export({ format: 'jwk' }) as Extract<PrivateJwk, { kty: 'OKP' }>
    expect(await refuse({ ...ed, x: toBase64url(fromBase64url(ed.x)!.map((byte) => byte ^ 1)) })).toMatch(
      /key-unusable|key-inconsistent/,
    )
    const weak = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey.export({ format: 'jwk' }) as PrivateJwk
    expect(await refuse(weak)).toBe('CONFIG_INVALID weak-key')
    const k1 = generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).privateKey
    expect(await codeOf(platform.keyFromPkcs8(new Uint8Array(k1.export({ type: 'pkcs8', format: 'der' }))))).toMatch(
      /key-unusable/,
    )
  })
})

describe('softwareSigner', () => {
  it('S-02 describes itself with the same data before and after 1,000 signatures', async () => {
    const signer = await softwareSigner()
    const before = structuredClone(signer.describe())
    for (let i = 0; i < 1000; i++)
      await signer.sign({ operation: 'record', suite: 'es256', input: { message: utf8(`receipt ${i}`) } })
    expect(signer.describe()).toEqual(before)
    expect(Object.isFrozen(signer.describe())).toBe(true)
    await signer.close()
  })

  it('S-03 gives exactly 64 bytes for P-256, leading zeros included, accepted by an independent implementation', async () => {
    const count = Number(process.env['SIGILLO_COUNT'] ?? (process.env['SIGILLO_LONG'] === undefined ? 5000 : 100_000))
    const signer = await softwareSigner()
    const check = verifyByNoble(signer.describe().publicJwk)
    let zeros = 0
    for (let i = 0; i < count; i++) {
      const message = utf8(`receipt ${i}`)
      const signature = signer.signNow!(message)
      expect(signature.length).toBe(64)
      const leading = signature[0] === 0 || signature[32] === 0
      zeros += leading ? 1 : 0
      if (leading || i % 100 === 0) expect(check.verify('ES256', message, signature)).toBe(true)
    }
    expect(zeros).toBeGreaterThan(0)
  })

  it('refuses a digest, another suite and a cancelled call', async () => {
    const signer = await softwareSigner({ alg: 'EdDSA' })
    const sign = (request: object, signal?: AbortSignal): Promise<string> =>
      codeOf(signer.sign({ operation: 'record', suite: 'ed25519', ...request } as never, signal === undefined ? {} : { signal }))
    expect(await sign({ input: { digest: new Uint8Array(32) } })).toMatch(/^REQUEST_INVALID/)
    expect(await sign({ suite: 'es256', input: { message: utf8('x') } })).toMatch(/^SUITE_NOT_ALLOWED/)
    expect(await sign({ input: { message: utf8('x') } }, AbortSignal.abort())).toMatch(/^ABORTED/)
  })
})
