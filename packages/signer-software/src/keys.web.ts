// Private keys without a platform of keys: @noble signs for the curves (RFC 6979, deterministic), WebCrypto for RSA. Results
// verify under Node and the other way round.
import { ed25519 } from '@noble/curves/ed25519.js'
import { p256, p384 } from '@noble/curves/nist.js'
import {
  equalBytes,
  fromBase64url,
  parsePublicJwk,
  signerError,
  toBase64url,
  type Json,
  type PublicJwk,
  type RecordAlg,
} from '@sigillo/core'
import type { GenerateOptions, PrivateJwk, SoftwareKey } from './key-contract.js'
import { algorithmOf, rsaBits, unusableKey } from './key-rules.js'
import { readPkcs8 } from './pkcs8.js'

type RsaAlg = 'RS256' | 'PS256'
const CURVES = { 'P-256': { curve: p256, alg: 'ES256', size: 32 }, 'P-384': { curve: p384, alg: 'ES384', size: 48 } } as const

/** A key of the JWK. @throws FiscalError CONFIG_INVALID */
export async function keyFromJwk(jwk: PrivateJwk, alg?: RecordAlg): Promise<SoftwareKey> {
  if (jwk.kty === 'RSA') return importRsa('jwk', { ...jwk }, alg)
  const secret = fromBase64url(String(jwk.d))
  if (secret === undefined) throw unusableKey()
  const key = jwk.kty === 'OKP' ? edwards(secret) : weierstrass(jwk.crv, secret)
  const same = jwk.kty === 'OKP' ? key.publicJwk.kty === 'OKP' && key.publicJwk.x === jwk.x : samePoint(key.publicJwk, jwk)
  if (!same) throw unusableKey()
  algorithmOf(key.publicJwk, alg)
  return key
}

/** A key of PKCS#8 DER in clear, which stays the caller's to wipe. @throws FiscalError CONFIG_INVALID */
export async function keyFromPkcs8(der: Uint8Array, alg?: RecordAlg): Promise<SoftwareKey> {
  const parts = readPkcs8(der)
  if (parts === undefined) throw unusableKey()
  if (parts.kty === 'RSA') return importRsa('pkcs8', der, alg)
  const key = parts.kty === 'OKP' ? edwards(parts.seed.slice()) : weierstrass(parts.crv, parts.scalar.slice())
  if (parts.kty === 'EC' && parts.point !== undefined && !equalBytes(parts.point, pointOf(key.publicJwk))) throw unusableKey()
  algorithmOf(key.publicJwk, alg)
  return key
}

/** A fresh key from the system's random source. @throws FiscalError CONFIG_INVALID for an RSA length out of range */
export async function generateKey(alg: RecordAlg = 'ES256', options: GenerateOptions = {}): Promise<SoftwareKey> {
  if (alg === 'ES256') return weierstrass('P-256', p256.utils.randomSecretKey())
  if (alg === 'ES384') return weierstrass('P-384', p384.utils.randomSecretKey())
  if (alg === 'EdDSA') return edwards(ed25519.utils.randomSecretKey())
  if (alg !== 'RS256' && alg !== 'PS256') throw unusableKey()
  const modulusLength = rsaBits(alg, options.modulusLength)
  const parameters = { ...rsaName(alg), modulusLength, publicExponent: Uint8Array.of(1, 0, 1) }
  const pair = await crypto.subtle.generateKey(parameters, true, ['sign', 'verify'])
  return wrapRsa(pair.privateKey, publicPart(await crypto.subtle.exportKey('jwk', pair.publicKey)), alg)
}

function weierstrass(crv: 'P-256' | 'P-384', secret: Uint8Array): SoftwareKey {
  const { curve, alg, size } = CURVES[crv] ?? none()
  if (!curve.utils.isValidSecretKey(secret)) throw unusableKey()
  const point = curve.getPublicKey(secret, false)
  const half = (from: number): string => toBase64url(point.subarray(from, from + size))
  const signNow = (message: Uint8Array): Uint8Array => curve.sign(message, alive(secret), { lowS: false })
  const made = { publicJwk: { kty: 'EC', crv, x: half(1), y: half(1 + size) }, deterministic: true } as const
  return {
    alg,
    ...made,
    sign: async (message) => signNow(message),
    ...(alg === 'ES256' && { signNow }),
    wipe: () => void secret.fill(0),
  }
}

function edwards(seed: Uint8Array): SoftwareKey {
  if (seed.length !== 32) throw unusableKey()
  const publicJwk = { kty: 'OKP', crv: 'Ed25519', x: toBase64url(ed25519.getPublicKey(seed)) } as const
  const signNow = (message: Uint8Array): Uint8Array => ed25519.sign(message, alive(seed))
  return {
    alg: 'EdDSA',
    publicJwk,
    deterministic: true,
    sign: async (message) => signNow(message),
    signNow,
    wipe: () => void seed.fill(0),
  }
}

// A wiped key is all zeros, which no valid one is (an Ed25519 seed of zeros would come from no random source).
function alive(secret: Uint8Array): Uint8Array {
  if (secret.every((byte) => byte === 0)) throw signerError('CLOSED', { message: 'the key was wiped' })
  return secret
}

async function importRsa(format: 'jwk' | 'pkcs8', source: JsonWebKey | Uint8Array, wanted?: RecordAlg): Promise<SoftwareKey> {
  const read = (alg: RsaAlg, extractable: boolean): Promise<CryptoKey> =>
    format === 'jwk'
      ? crypto.subtle.importKey('jwk', stripped(source as JsonWebKey), rsaName(alg), extractable, ['sign'])
      : crypto.subtle.importKey('pkcs8', source as Uint8Array<ArrayBuffer>, rsaName(alg), extractable, ['sign'])
  try {
    const publicJwk = publicPart(await crypto.subtle.exportKey('jwk', await read('RS256', true)))
    const alg = algorithmOf(publicJwk, wanted) as RsaAlg
    return wrapRsa(await read(alg, false), publicJwk, alg)
  } catch (error) {
    throw error instanceof Error && error.name === 'FiscalError' ? error : unusableKey()
  }
}

// The members alg, use and key_ops of a JWK would make WebCrypto refuse one of the two schemes.
function stripped({ kty, n, e, d, p, q, dp, dq, qi }: JsonWebKey): JsonWebKey {
  return Object.fromEntries(Object.entries({ kty, n, e, d, p, q, dp, dq, qi }).filter(([, value]) => value !== undefined))
}

function wrapRsa(key: CryptoKey, publicJwk: PublicJwk, alg: RsaAlg): SoftwareKey {
  let current: CryptoKey | undefined = key
  const sign = async (message: Uint8Array): Promise<Uint8Array> => {
    if (current === undefined) throw signerError('CLOSED', { message: 'the key was wiped' })
    return new Uint8Array(
      await crypto.subtle.sign(
        { name: current.algorithm.name, saltLength: 32 } as RsaPssParams,
        current,
        message as Uint8Array<ArrayBuffer>,
      ),
    )
  }
  return { alg, publicJwk, deterministic: alg === 'RS256', sign, wipe: () => void (current = undefined) }
}

function rsaName(alg: RsaAlg): { readonly name: string; readonly hash: string } {
  return { name: alg === 'RS256' ? 'RSASSA-PKCS1-v1_5' : 'RSA-PSS', hash: 'SHA-256' }
}

function publicPart({ kty, n, e }: JsonWebKey): PublicJwk {
  return parsePublicJwk({ kty, n, e } as Record<string, Json>) ?? none()
}

function samePoint(a: PublicJwk, b: PublicJwk): boolean {
  return a.kty === 'EC' && b.kty === 'EC' && a.x === b.x && a.y === b.y
}

function pointOf(jwk: PublicJwk): Uint8Array {
  if (jwk.kty !== 'EC') return none()
  const [x, y] = [fromBase64url(jwk.x) ?? none(), fromBase64url(jwk.y) ?? none()]
  return Uint8Array.of(4, ...x, ...y)
}

function none(): never {
  throw unusableKey()
}
