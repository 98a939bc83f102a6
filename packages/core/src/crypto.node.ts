// The platform's cryptography under Node: hashes and signature checks by OpenSSL, keys parsed once (measured against @noble:
// 7 times faster for hashes, 35 times for P-256 checks). One of the few Node files in core; see crypto-contract.ts.
import {
  createHash,
  createPublicKey,
  hash,
  verify,
  constants,
  randomBytes as nodeRandomBytes,
  type KeyObject,
  type VerifyKeyObjectInput,
} from 'node:crypto'
import type { AsideCheck, PublicJwk, RecordAlg, VerifyingKey } from './crypto-contract.js'
import { checkKey, keyFits } from './key-rules.js'

/** SHA-256 in lower-case hex; text is hashed as UTF-8. */
export function sha256Hex(data: string | Uint8Array): string {
  return hash('sha256', data, 'hex')
}

/** An incremental SHA-256. */
export interface Hasher {
  update(data: Uint8Array): void
  hex(): string
}

/** A fresh incremental SHA-256. */
export function sha256Stream(): Hasher {
  const state = createHash('sha256')
  return { update: (data) => void state.update(data), hex: () => state.digest('hex') }
}

/** base64url, without padding, of the UTF-8 of a text. */
export function utf8ToBase64url(text: string): string {
  return Buffer.from(text, 'utf8').toString('base64url')
}

/** base64url, without padding, of bytes. */
export function bytesToBase64url(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64url')
}

/** Bytes of a text that holds ASCII alone. */
export function asciiBytes(text: string): Uint8Array {
  return Buffer.from(text, 'latin1')
}

/** Random bytes from the system. */
export function randomBytes(length: number): Uint8Array {
  return new Uint8Array(nodeRandomBytes(length))
}

const digests = { ES256: 'sha256', ES384: 'sha384', EdDSA: null, RS256: 'sha256', PS256: 'sha256' } as const

function parametersOf(jwk: PublicJwk): Readonly<Record<RecordAlg, VerifyKeyObjectInput | KeyObject>> {
  checkKey(jwk)
  const key = createPublicKey({ key: { ...jwk }, format: 'jwk' })
  return {
    ES256: { key, dsaEncoding: 'ieee-p1363' },
    ES384: { key, dsaEncoding: 'ieee-p1363' },
    EdDSA: key,
    RS256: { key, padding: constants.RSA_PKCS1_PADDING },
    PS256: { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 },
  }
}

/** Parses a public key once. @throws TypeError when it is not a key of its kind */
export function importPublicKey(jwk: PublicJwk): VerifyingKey {
  const parameters = parametersOf(jwk)
  const check = (alg: RecordAlg, message: string | Uint8Array, signature: Uint8Array): boolean => {
    if (!keyFits(jwk, alg)) return false
    const bytes = typeof message === 'string' ? Buffer.from(message, 'utf8') : message
    try {
      return verify(digests[alg], bytes, parameters[alg], signature)
    } catch {
      return false
    }
  }
  return { jwk, verify: check }
}

/** Parses a public key once, for checks on the threads of libuv. @throws TypeError when it is not a key of its kind */
export function importAside(jwk: PublicJwk): AsideCheck {
  const parameters = parametersOf(jwk)
  return (alg, message, signature) =>
    new Promise((resolve) => {
      if (!keyFits(jwk, alg)) return resolve(false)
      try {
        verify(digests[alg], message, parameters[alg], signature, (error, holds) => resolve(error === null && holds))
      } catch {
        resolve(false)
      }
    })
}
