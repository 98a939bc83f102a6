// Public keys as records know them: strict JWK, RFC 7638 thumbprint, the algorithms a key may be used with (FORMAT 3.1, 4).
import { canonical, type Json } from './canonical.js'
import type { PublicJwk, RecordAlg } from './crypto-contract.js'
import { fromHex, toBase64url } from './bytes.js'
import { sha256Hex } from '#crypto'

const MEMBERS: Readonly<Record<string, readonly string[]>> = { EC: ['crv', 'kty', 'x', 'y'], OKP: ['crv', 'kty', 'x'], RSA: ['e', 'kty', 'n'] }

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
  const members = Object.fromEntries((MEMBERS[jwk.kty] as readonly string[]).map((name) => [name, (jwk as unknown as Record<string, string>)[name]]))
  return toBase64url(fromHex(sha256Hex(canonical(members))) as Uint8Array)
}

/** Algorithms the key implies; RSA leaves a choice of two, which the record's `alg` settles. */
export function algsOf(jwk: PublicJwk): readonly RecordAlg[] {
  if (jwk.kty === 'RSA') return ['PS256', 'RS256']
  const byCurve: Readonly<Record<string, RecordAlg>> = { 'P-256': 'ES256', 'P-384': 'ES384', Ed25519: 'EdDSA' }
  const alg = byCurve[jwk.crv]
  return alg === undefined || (jwk.kty === 'OKP') !== (alg === 'EdDSA') ? [] : [alg]
}
