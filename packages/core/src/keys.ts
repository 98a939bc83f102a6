// Public keys as records know them: strict JWK, RFC 7638 thumbprint, the algorithms a key may be used with (FORMAT 3.1, 4).
import { canonical, type Json } from './canonical.js'
import type { PublicJwk, RecordAlg } from './crypto-contract.js'
import { fromBase64url, fromHex, toBase64url } from './bytes.js'
import { importPublicKey, sha256Hex } from '#crypto'

const MEMBERS: Readonly<Record<string, readonly string[]>> = {
  EC: ['crv', 'kty', 'x', 'y'],
  OKP: ['crv', 'kty', 'x'],
  RSA: ['e', 'kty', 'n'],
}

/** The key a JSON value stands for: exactly the members RFC 7638 needs, in known curves; undefined otherwise. */
export function parsePublicJwk(value: Json | undefined): PublicJwk | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  const jwk = value as Record<string, Json>
  const members = typeof jwk['kty'] === 'string' ? MEMBERS[jwk['kty']] : undefined
  if (members === undefined || Object.keys(jwk).sort().join() !== members.join()) return undefined
  if (!members.every((name) => typeof jwk[name] === 'string' && /^[A-Za-z0-9_-]+$/.test(jwk[name]))) return undefined
  return algsOf(jwk as unknown as PublicJwk).length > 0 ? (jwk as unknown as PublicJwk) : undefined
}

/** RFC 7638 SHA-256 thumbprint, base64url, 43 characters: the `kid` of a key. */
export function thumbprint(jwk: PublicJwk): string {
  const members = Object.fromEntries(
    (MEMBERS[jwk.kty] as readonly string[]).map((name) => [name, (jwk as unknown as Record<string, string>)[name]]),
  )
  return toBase64url(fromHex(sha256Hex(canonical(members))) as Uint8Array)
}

/** Algorithms the key implies; RSA leaves a choice of two, which the record's `alg` settles. */
export function algsOf(jwk: PublicJwk): readonly RecordAlg[] {
  if (jwk.kty === 'RSA') return ['PS256', 'RS256']
  const byCurve: Readonly<Record<string, RecordAlg>> = { 'P-256': 'ES256', 'P-384': 'ES384', Ed25519: 'EdDSA' }
  const alg = byCurve[jwk.crv]
  return alg === undefined || (jwk.kty === 'OKP') !== (alg === 'EdDSA') ? [] : [alg]
}

const COORDINATE_BYTES: Readonly<Record<string, number>> = { 'P-256': 32, 'P-384': 48, Ed25519: 32 }

/** A key that can check signatures (FORMAT 3.4): right members, right sizes, a point of its curve; RSA of at least 2,048 bits. */
export function usableJwk(value: Json | undefined): PublicJwk | undefined {
  const jwk = parsePublicJwk(value)
  if (jwk === undefined || !sizesFit(jwk)) return undefined
  try {
    importPublicKey(jwk)
    return jwk
  } catch {
    return undefined
  }
}

function sizesFit(jwk: PublicJwk): boolean {
  if (jwk.kty === 'RSA') {
    const [n, e] = [fromBase64url(jwk.n), fromBase64url(jwk.e)]
    return (
      n !== undefined &&
      e !== undefined &&
      e.length > 0 &&
      (n[0] ?? 0) > 0 &&
      n.length * 8 - Math.clz32(n[0] as number) + 24 >= 2048
    )
  }
  const coordinates = jwk.kty === 'EC' ? [jwk.x, jwk.y] : [jwk.x]
  return coordinates.every((text) => fromBase64url(text)?.length === COORDINATE_BYTES[jwk.crv])
}
