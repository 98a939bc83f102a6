// SubjectPublicKeyInfo (RFC 5280 4.1.2.7) to a JWK and the checks of signatures made with such keys under X.509 names of algorithms.
import { importPublicKey, toBase64url, type PublicJwk, type RecordAlg } from '@sigillo/core'
import * as asn1js from 'asn1js'
import { ecdsaFromDer, readDer } from './der.js'

const CURVES: Readonly<Record<string, readonly ['P-256' | 'P-384', number]>> = {
  '1.2.840.10045.3.1.7': ['P-256', 32],
  '1.3.132.0.34': ['P-384', 48],
}

/** Algorithms of signatures in certificates and requests that are accepted: SHA-256 and SHA-384, nothing older. */
export const signatureOids: Readonly<Record<string, RecordAlg>> = {
  '1.2.840.113549.1.1.11': 'RS256',
  '1.2.840.10045.4.3.2': 'ES256',
  '1.2.840.10045.4.3.3': 'ES384',
  // With SHA-256 and a salt of 32 bytes, whatever its parameters say: another choice does not verify.
  '1.2.840.113549.1.1.10': 'PS256',
}

/** The key as JWK, or undefined for a kind we do not know. */
export function jwkOfSpki(spki: Uint8Array): PublicJwk | undefined {
  const value = readDer(spki)
  if (!(value instanceof asn1js.Sequence)) return undefined
  const [algorithm, key] = value.valueBlock.value
  if (!(algorithm instanceof asn1js.Sequence) || !(key instanceof asn1js.BitString)) return undefined
  const [kind, parameter] = algorithm.valueBlock.value.map((part) =>
    part instanceof asn1js.ObjectIdentifier ? part.valueBlock.toString() : '',
  )
  const bits = key.valueBlock.valueHexView
  if (kind === '1.2.840.113549.1.1.1') return rsaJwk(bits)
  return kind === '1.2.840.10045.2.1' ? ecJwk(bits, parameter ?? '') : undefined
}

function rsaJwk(bits: Uint8Array): PublicJwk | undefined {
  const value = readDer(bits)
  if (!(value instanceof asn1js.Sequence)) return undefined
  const [n, e] = value.valueBlock.value.map((part) =>
    part instanceof asn1js.Integer ? unsigned(part.valueBlock.valueHexView) : undefined,
  )
  return n === undefined || e === undefined ? undefined : { kty: 'RSA', n, e }
}

function unsigned(bytes: Uint8Array): string {
  return toBase64url(bytes[0] === 0 ? bytes.subarray(1) : bytes)
}

function ecJwk(bits: Uint8Array, oid: string): PublicJwk | undefined {
  const curve = Object.hasOwn(CURVES, oid) ? CURVES[oid] : undefined
  if (curve === undefined || bits[0] !== 4 || bits.length !== 1 + 2 * curve[1]) return undefined
  return { kty: 'EC', crv: curve[0], x: toBase64url(bits.subarray(1, 1 + curve[1])), y: toBase64url(bits.subarray(1 + curve[1])) }
}

/** Modulus length of an RSA key in bits; undefined for other keys. */
export function rsaBits(jwk: PublicJwk): number | undefined {
  if (jwk.kty !== 'RSA') return undefined
  // Base64url without leading zeros: whole bytes but for the first one.
  return Math.floor((jwk.n.length * 3) / 4) * 8
}

/** True when the signature, as X.509 carries it, is this key's over the bytes; false for anything unknown or malformed. */
export function verifyWithSpki(jwk: PublicJwk | undefined, oid: string, message: Uint8Array, signature: Uint8Array): boolean {
  const alg = Object.hasOwn(signatureOids, oid) ? signatureOids[oid] : undefined
  if (jwk === undefined || alg === undefined) return false
  const raw = alg === 'RS256' || alg === 'PS256' ? signature : ecdsaFromDer(signature, alg === 'ES256' ? 32 : 48)
  if (raw === undefined) return false
  try {
    return importPublicKey(jwk).verify(alg, message, raw)
  } catch {
    // A key whose numbers are no key (a point off the curve).
    return false
  }
}
