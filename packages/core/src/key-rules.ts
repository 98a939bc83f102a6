// Which public keys are worth checking a signature with, said once for both providers: they would disagree on the odd ones otherwise
// (measured: OpenSSL accepts Ed25519 points of small order and RSA exponent 1, for which anybody can sign).
import { fromBase64url, toHex } from './bytes.js'
import type { PublicJwk, RecordAlg } from './crypto-contract.js'

const MAX_MODULUS_BYTES = 2048
const MAX_EXPONENT_BYTES = 8

/** True when a key of this kind signs with this algorithm; without asking, OpenSSL would take an RSA key for ES256. */
export function keyFits(jwk: PublicJwk, alg: RecordAlg): boolean {
  if (jwk.kty === 'RSA') return alg === 'RS256' || alg === 'PS256'
  return alg === (jwk.kty === 'OKP' ? 'EdDSA' : jwk.crv === 'P-256' ? 'ES256' : 'ES384')
}

/** Refuses keys for which anybody can sign or that no provider computes with. @throws TypeError */
export function checkKey(jwk: PublicJwk): void {
  if (jwk.kty === 'RSA') checkRsa(jwk.n, jwk.e)
  else if (jwk.kty === 'OKP') checkPoint(jwk.x)
}

function checkRsa(nText: string, eText: string): void {
  const [n, e] = [fromBase64url(nText), fromBase64url(eText)]
  if (!n?.length || !e?.length || n[0] === 0 || e[0] === 0) throw new TypeError('not an RSA key')
  if (n.length > MAX_MODULUS_BYTES || e.length > MAX_EXPONENT_BYTES) throw new TypeError('the RSA key is larger than any in use')
  const isOdd = (bytes: Uint8Array): boolean => ((bytes.at(-1) as number) & 1) === 1
  if (!isOdd(n) || !isOdd(e) || (e.length === 1 && e[0] === 1))
    throw new TypeError('an RSA key needs an odd modulus and an odd exponent above 1')
}

// y coordinates of the points whose order divides 8, the encodings at and above the prime among them; the sign bit is left out.
const SMALL_ORDER: ReadonlySet<string> = new Set([
  '00'.repeat(32),
  `01${'00'.repeat(31)}`,
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  `ec${'ff'.repeat(30)}7f`,
  `ed${'ff'.repeat(30)}7f`,
  `ee${'ff'.repeat(30)}7f`,
])

function checkPoint(text: string): void {
  const x = fromBase64url(text)
  if (x?.length !== 32) throw new TypeError('not an Ed25519 key')
  const unsigned = x.slice()
  unsigned[31] = (unsigned[31] as number) & 0x7f
  if (SMALL_ORDER.has(toHex(unsigned))) throw new TypeError('an Ed25519 key of small order')
}
