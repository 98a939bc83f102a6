// RSA signature checks with BigInt, for places without a platform (RFC 8017 8.1.2 PSS and 8.2.2 PKCS#1 v1.5, SHA-256).
// Public-key operations only: nothing here is secret, so nothing needs constant time.
import { sha256 } from '@noble/hashes/sha2.js'
import { concat, equalBytes, fromBase64url, fromHex, toHex } from './bytes.js'
import type { PublicJwk, RecordAlg } from './crypto-contract.js'

const SHA256_INFO = fromHex('3031300d060960864801650304020105000420') as Uint8Array
const SALT_BYTES = 32
const HASH_BYTES = 32

/** Checks for one RSA key, by message or by its SHA-256 digest. */
export interface RsaChecks {
  verify(alg: RecordAlg, message: Uint8Array, signature: Uint8Array): boolean
  verifyDigest(alg: RecordAlg, digest: Uint8Array, signature: Uint8Array): boolean
}

/** The checks of one RSA key. @throws TypeError when modulus or exponent is unusable */
export function importRsaKey(jwk: Extract<PublicJwk, { kty: 'RSA' }>): RsaChecks {
  const [modulus, exponent] = [fromBase64url(jwk.n), fromBase64url(jwk.e)]
  if (!modulus?.length || !exponent?.length || modulus[0] === 0) throw new TypeError('not an RSA key')
  const [n, e] = [toBigInt(modulus), toBigInt(exponent)]
  const bits = n.toString(2).length
  const verifyDigest = (alg: RecordAlg, digest: Uint8Array, signature: Uint8Array): boolean => {
    if (signature.length !== modulus.length || toBigInt(signature) >= n) return false
    const encoded = toBytes(power(toBigInt(signature), e, n), modulus.length)
    if (alg === 'RS256') return equalBytes(encoded, pkcs1(digest, modulus.length))
    return alg === 'PS256' && pssMatches(encoded, digest, bits)
  }
  return { verify: (alg, message, signature) => verifyDigest(alg, sha256(message), signature), verifyDigest }
}

function pkcs1(digest: Uint8Array, length: number): Uint8Array {
  const info = concat(SHA256_INFO, digest)
  const fill = new Uint8Array(length - info.length - 3).fill(255)
  return concat(Uint8Array.of(0, 1), fill, Uint8Array.of(0), info)
}

function pssMatches(encoded: Uint8Array, digest: Uint8Array, bits: number): boolean {
  const length = Math.ceil((bits - 1) / 8)
  const block = encoded.subarray(encoded.length - length)
  if (encoded.length > length && encoded[0] !== 0) return false
  if (block.at(-1) !== 0xbc) return false
  const hash = block.subarray(length - HASH_BYTES - 1, length - 1)
  const masked = block.subarray(0, length - HASH_BYTES - 1)
  const topMask = 0xff >> (8 * length - (bits - 1))
  if (((masked[0] as number) & ~topMask & 0xff) !== 0) return false
  const mask = mgf1(hash, masked.length)
  const data = masked.map((byte, i) => byte ^ (mask[i] as number))
  data[0] = (data[0] as number) & topMask
  const zeros = data.length - SALT_BYTES - 1
  if (zeros < 0 || data[zeros] !== 1 || data.subarray(0, zeros).some((byte) => byte !== 0)) return false
  return equalBytes(hash, sha256(concat(new Uint8Array(8), digest, data.subarray(zeros + 1))))
}

function mgf1(seed: Uint8Array, length: number): Uint8Array {
  const blocks: Uint8Array[] = []
  for (let i = 0; i * HASH_BYTES < length; i++) blocks.push(sha256(concat(seed, Uint8Array.of(i >>> 24, i >>> 16, i >>> 8, i))))
  return concat(...blocks).subarray(0, length)
}

function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let [result, square] = [1n, base % modulus]
  for (let e = exponent; e > 0n; e >>= 1n) {
    if (e & 1n) result = (result * square) % modulus
    square = (square * square) % modulus
  }
  return result
}

function toBigInt(bytes: Uint8Array): bigint {
  return BigInt(`0x${toHex(bytes)}`)
}

function toBytes(value: bigint, length: number): Uint8Array {
  return fromHex(value.toString(16).padStart(2 * length, '0')) as Uint8Array
}
