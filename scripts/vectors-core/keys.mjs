// Test keys of the vectors, each derived from a label, and deterministic signatures by them (FORMAT 3.4, 7). TEST KEYS ONLY.
import { createHash, createPrivateKey, createPublicKey, sign as nodeSign } from 'node:crypto'
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'
import { base64url, bytesOf, jcs, sha256 } from './bytes.mjs'

const fromCore = createRequire(new URL('../../packages/core/package.json', import.meta.url))
const { p256, p384 } = await import(pathToFileURL(fromCore.resolve('@noble/curves/nist.js')).href)

/** RFC 7638 thumbprint. */
export const thumbprint = (jwk) => base64url(bytesOf(sha256(jcs(jwk))))

/** A key on P-256 or P-384: `sign` is RFC 6979, r‖s, base64url. */
export function ecKey(label, crv = 'P-256') {
  const [curve, size] = crv === 'P-256' ? [p256, 32] : [p384, 48]
  const d = crv === 'P-256' ? createHash('sha256').update(label).digest() : createHash('sha384').update(label).digest()
  const point = curve.getPublicKey(d, false)
  const jwk = { crv, kty: 'EC', x: base64url(point.subarray(1, 1 + size)), y: base64url(point.subarray(1 + size)) }
  const sign = (message) => base64url(curve.sign(Buffer.from(message), d, { lowS: false, prehash: true }))
  return { label, alg: crv === 'P-256' ? 'ES256' : 'ES384', jwk, kid: thumbprint(jwk), sign, d: d.toString('hex') }
}

const ED25519_PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex')

/** An Ed25519 key whose seed is the SHA-256 of the label. */
export function edKey(label) {
  const seed = createHash('sha256').update(label).digest()
  const key = createPrivateKey({ key: Buffer.concat([ED25519_PKCS8, seed]), format: 'der', type: 'pkcs8' })
  const publicKey = createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(-32)
  const jwk = { crv: 'Ed25519', kty: 'OKP', x: base64url(publicKey) }
  const sign = (message) => base64url(nodeSign(null, Buffer.from(message), key))
  return { label, alg: 'EdDSA', jwk, kid: thumbprint(jwk), sign, seed: seed.toString('hex'), publicKey }
}

/** An RSA key of 2,048 bits whose primes are searched from the label. PS256 takes SHA-256 of the message and label as salt. */
export function rsaKey(label) {
  if (!rsaKeys.has(label)) rsaKeys.set(label, makeRsaKey(label))
  return rsaKeys.get(label)
}

const rsaKeys = new Map()

function makeRsaKey(label) {
  const [p, q, e] = [prime(`${label} p`), prime(`${label} q`), 65537n]
  const n = p * q
  const d = inverse(e, (p - 1n) * (q - 1n))
  const jwk = { e: base64url(Buffer.of(1, 0, 1)), kty: 'RSA', n: base64url(bytes(n, 256)) }
  const raw = (encoded) => base64url(bytes(power(BigInt(`0x${encoded.toString('hex')}`), d, n), 256))
  const signers = { RS256: (message) => raw(pkcs1(message)), PS256: (message) => raw(pss(message, label)) }
  return { label, alg: 'RS256', jwk, kid: thumbprint(jwk), sign: signers.RS256, signers }
}

const bytes = (value, size) => Buffer.from(value.toString(16).padStart(size * 2, '0'), 'hex')

function power(base, exponent, modulus) {
  let [result, square] = [1n, base % modulus]
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * square) % modulus
    square = (square * square) % modulus
  }
  return result
}

function inverse(value, modulus) {
  let [r, next, s, t] = [modulus, value, 0n, 1n]
  while (next > 0n) [r, next, s, t] = [next, r % next, t, s - (r / next) * t]
  return ((s % modulus) + modulus) % modulus
}

// The first prime above a 1,024-bit number spelt by hashes of the label, both top bits set.
function prime(label) {
  const seed = [0, 1, 2, 3].map((i) => sha256(`${label} ${i}`)).join('')
  let candidate = BigInt(`0x${seed}`) | (3n << 1022n) | 1n
  while (!isProbablePrime(candidate)) candidate += 2n
  return candidate
}

const SMALL = [
  3n,
  5n,
  7n,
  11n,
  13n,
  17n,
  19n,
  23n,
  29n,
  31n,
  37n,
  41n,
  43n,
  47n,
  53n,
  59n,
  61n,
  67n,
  71n,
  73n,
  79n,
  83n,
  89n,
  97n,
]

function isProbablePrime(n) {
  if (SMALL.some((p) => n % p === 0n)) return false
  let [odd, twos] = [n - 1n, 0]
  while (odd % 2n === 0n) [odd, twos] = [odd / 2n, twos + 1]
  return SMALL.slice(0, 16).every((base) => {
    let x = power(base, odd, n)
    for (let i = 0; i < twos; i++) {
      if (x === n - 1n || (i === 0 && x === 1n)) return true
      x = (x * x) % n
    }
    return false
  })
}

// RFC 8017 9.2: 00 01 FF… 00 DigestInfo.
function pkcs1(message) {
  const info = Buffer.concat([
    Buffer.from('3031300d060960864801650304020105000420', 'hex'),
    createHash('sha256').update(message).digest(),
  ])
  return Buffer.concat([Buffer.of(0, 1), Buffer.alloc(256 - 3 - info.length, 0xff), Buffer.of(0), info])
}

// RFC 8017 9.1.1 with a salt of 32 bytes.
function pss(message, label) {
  const salt = bytesOf(sha256(message, label))
  const hash = bytesOf(sha256(Buffer.alloc(8), bytesOf(sha256(message)), salt))
  const block = Buffer.concat([Buffer.alloc(256 - 32 - 32 - 2), Buffer.of(1), salt])
  const masked = block.map((byte, i) => byte ^ mask(hash, block.length)[i])
  masked[0] &= 0x7f
  return Buffer.concat([masked, hash, Buffer.of(0xbc)])
}

const masks = new Map()
function mask(seed, length) {
  const key = seed.toString('hex')
  if (!masks.has(key)) {
    const parts = []
    for (let i = 0; parts.length * 32 < length; i++) parts.push(bytesOf(sha256(seed, Buffer.of(0, 0, 0, i))))
    masks.set(key, Buffer.concat(parts).subarray(0, length))
  }
  return masks.get(key)
}

export const K1 = ecKey('sigillo test key 1')
export const K2 = ecKey('sigillo test key 2')
