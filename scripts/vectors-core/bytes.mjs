// Bytes for the vector script: canonical JSON, digests and encodings, written a second time and apart from core, so that
// vectors and library can disagree (FORMAT 2, 3.4, 6).
import { createHash } from 'node:crypto'

export const ZERO = '0'.repeat(64)
export const TAGS = {
  payload: 'sigillo/v1/payload\n',
  request: 'sigillo/v1/request\n',
  state: 'sigillo/v1/state\n',
  possession: 'sigillo/v1/key-possession\n',
  endorsement: 'sigillo/v1/key-endorsement\n',
}

/** SHA-256 in hex over parts; text counts as UTF-8. */
export function sha256(...parts) {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest('hex')
}

export const base64url = (data) => Buffer.from(data).toString('base64url')
export const bytesOf = (hex) => Buffer.from(hex, 'hex')

/** Canonical JSON of the integer profile; members that are undefined are left out; throws for what has no such form. */
export function jcs(value) {
  if (value === null || typeof value === 'boolean') return String(value)
  if (typeof value === 'number') {
    if (!Number.isSafeInteger(value) || Object.is(value, -0)) throw new TypeError('not an integer of the profile')
    return String(value)
  }
  if (typeof value === 'string') {
    if (!value.isWellFormed()) throw new TypeError('lone surrogate')
    return JSON.stringify(value)
  }
  if (Array.isArray(value)) return `[${value.map(jcs).join(',')}]`
  const names = Object.keys(value)
    .filter((name) => value[name] !== undefined)
    .sort()
  return `{${names.map((name) => `${jcs(name)}:${jcs(value[name])}`).join(',')}}`
}

export const digest = (tag, value) => sha256(tag, jcs(value))
export const nodeHash = (left, right) => sha256(Buffer.of(1), bytesOf(left), bytesOf(right))

const split = (n) => 2 ** Math.ceil(Math.log2(n) - 1)

/** Root over leaf hashes, by the definition of RFC 9162 2.1.1. */
export function rootOf(leaves) {
  if (leaves.length === 0) return sha256('')
  if (leaves.length === 1) return leaves[0]
  const k = split(leaves.length)
  return nodeHash(rootOf(leaves.slice(0, k)), rootOf(leaves.slice(k)))
}

/** Roots of the perfect subtrees of a tree, largest first. */
export function frontierOf(leaves) {
  const roots = []
  for (let at = 0; at < leaves.length;) {
    const size = 2 ** Math.floor(Math.log2(leaves.length - at))
    roots.push(rootOf(leaves.slice(at, at + size)))
    at += size
  }
  return roots
}

/** RFC 9162 2.1.3.1. */
export function inclusionProof(index, leaves) {
  if (leaves.length === 1) return []
  const k = split(leaves.length)
  return index < k
    ? [...inclusionProof(index, leaves.slice(0, k)), rootOf(leaves.slice(k))]
    : [...inclusionProof(index - k, leaves.slice(k)), rootOf(leaves.slice(0, k))]
}

/** RFC 9162 2.1.4.1. */
export function consistencyProof(first, leaves, whole = true) {
  if (first === leaves.length) return whole ? [] : [rootOf(leaves)]
  const k = split(leaves.length)
  return first <= k
    ? [...consistencyProof(first, leaves.slice(0, k), whole), rootOf(leaves.slice(k))]
    : [...consistencyProof(first - k, leaves.slice(k), false), rootOf(leaves.slice(0, k))]
}
