// Which keys may sign with which algorithm (signing specification 2), said once for both platforms.
import { signerError, type PublicJwk, type RecordAlg } from '@sigillo/core'

/** Fewest bits of an RSA modulus per algorithm. */
export const MIN_RSA_BITS = { RS256: 2048, PS256: 3072 } as const
const MAX_RSA_BITS = 8192

/** Modulus length to generate. @throws FiscalError CONFIG_INVALID (weak-key) outside the range of the algorithm */
export function rsaBits(alg: 'RS256' | 'PS256', wanted = 3072): number {
  if (!Number.isInteger(wanted) || wanted < MIN_RSA_BITS[alg] || wanted > MAX_RSA_BITS || wanted % 8 !== 0) {
    throw weakKey(`a modulus of ${wanted} bits is outside ${MIN_RSA_BITS[alg]} to ${MAX_RSA_BITS} for ${alg}`)
  }
  return wanted
}

/**
 * The algorithm a key signs with: the curve settles it; for RSA the wish, or PS256 from 3072 bits on and RS256 below.
 * @throws FiscalError CONFIG_INVALID (weak-key, wrong-algorithm)
 */
export function algorithmOf(jwk: PublicJwk, wanted: RecordAlg | undefined): RecordAlg {
  if (jwk.kty !== 'RSA') {
    const alg = jwk.kty === 'OKP' ? 'EdDSA' : jwk.crv === 'P-256' ? 'ES256' : 'ES384'
    if (wanted !== undefined && wanted !== alg) throw wrongAlgorithm(wanted)
    return alg
  }
  const bits = modulusBits(jwk.n)
  const alg = wanted ?? (bits >= MIN_RSA_BITS.PS256 ? 'PS256' : 'RS256')
  if (alg !== 'RS256' && alg !== 'PS256') throw wrongAlgorithm(alg)
  if (bits < MIN_RSA_BITS[alg]) throw weakKey(`an RSA key of ${bits} bits is too short for ${alg}`)
  return alg
}

function modulusBits(n: string): number {
  const bytes = Math.floor((n.length * 6) / 8)
  const first = atob(n.slice(0, 4).replace(/-/g, '+').replace(/_/g, '/')).charCodeAt(0)
  return 8 * (bytes - 1) + (32 - Math.clz32(first))
}

function weakKey(message: string): Error {
  return signerError('CONFIG_INVALID', { message, reason: 'weak-key' })
}

function wrongAlgorithm(alg: string): Error {
  return signerError('CONFIG_INVALID', { message: `this key does not sign ${alg}`, reason: 'wrong-algorithm' })
}

/** The error for bytes or members that are no key of a kind this package holds. */
export function unusableKey(): Error {
  return signerError('CONFIG_INVALID', { message: 'not a private key of P-256, P-384, Ed25519 or RSA', reason: 'key-unusable' })
}
