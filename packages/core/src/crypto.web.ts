// Cryptography without a platform: @noble for hashes and curves, so that core and verification run in a browser and give the
// same results as crypto.node.ts. RSA checks are small-exponent arithmetic done here with BigInt (RFC 8017 8.1.2, 8.2.2).
import { ed25519 } from '@noble/curves/ed25519.js'
import { p256, p384 } from '@noble/curves/nist.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { fromBase64url, toBase64url, toHex, utf8 } from './bytes.js'
import type { AsideCheck, PublicJwk, RecordAlg, VerifyingKey } from './crypto-contract.js'
import { checkKey } from './key-rules.js'
import { importRsaKey } from './rsa.js'

/** SHA-256 in lower-case hex; text is hashed as UTF-8. */
export function sha256Hex(data: string | Uint8Array): string {
  return toHex(sha256(typeof data === 'string' ? utf8(data) : data))
}

/** An incremental SHA-256. */
export interface Hasher {
  update(data: Uint8Array): void
  hex(): string
}

/** A fresh incremental SHA-256. */
export function sha256Stream(): Hasher {
  const state = sha256.create()
  return { update: (data) => void state.update(data), hex: () => toHex(state.digest()) }
}

/** base64url, without padding, of the UTF-8 of a text. */
export function utf8ToBase64url(text: string): string {
  return toBase64url(utf8(text))
}

/** base64url, without padding, of bytes. */
export function bytesToBase64url(bytes: Uint8Array): string {
  return toBase64url(bytes)
}

/** Bytes of a text that holds ASCII alone. */
export function asciiBytes(text: string): Uint8Array {
  return utf8(text)
}

/** Random bytes from the system. */
export function randomBytes(length: number): Uint8Array {
  return globalThis.crypto.getRandomValues(new Uint8Array(length))
}

/** Parses a public key once. @throws TypeError when it is not a key of its kind */
export function importPublicKey(jwk: PublicJwk): VerifyingKey {
  checkKey(jwk)
  const check = checkerOf(jwk)
  const bytesOf = (message: string | Uint8Array): Uint8Array => (typeof message === 'string' ? utf8(message) : message)
  return {
    jwk,
    verify: (alg, message, signature) => {
      try {
        return check(alg, bytesOf(message), signature)
      } catch {
        return false
      }
    },
  }
}

/** The same as a promise: there is no other thread here. @throws TypeError when it is not a key of its kind */
export function importAside(jwk: PublicJwk): AsideCheck {
  const { verify } = importPublicKey(jwk)
  return async (alg, message, signature) => verify(alg, message, signature)
}

type Check = (alg: RecordAlg, message: Uint8Array, signature: Uint8Array) => boolean

function checkerOf(jwk: PublicJwk): Check {
  if (jwk.kty === 'EC') {
    const [curve, alg, size] = jwk.crv === 'P-256' ? [p256, 'ES256', 32] : [p384, 'ES384', 48]
    const point = new Uint8Array(1 + 2 * (size as number))
    point[0] = 4
    point.set(part(jwk.x, size as number), 1)
    point.set(part(jwk.y, size as number), 1 + (size as number))
    curve.Point.fromBytes(point)
    // lowS false: the format accepts any valid signature (FORMAT 3.4); OpenSSL does too.
    return (used, message, signature) => used === alg && curve.verify(signature, message, point, { lowS: false })
  }
  if (jwk.kty === 'OKP') {
    const point = part(jwk.x, 32)
    return (used, message, signature) => used === 'EdDSA' && ed25519.verify(signature, message, point, { zip215: false })
  }
  return importRsaKey(jwk).verify
}

function part(text: string, size: number): Uint8Array {
  const bytes = fromBase64url(text)
  if (bytes?.length !== size) throw new TypeError('a coordinate of the key has the wrong length')
  return bytes
}
