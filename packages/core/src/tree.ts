// The Merkle tree over record hashes (FORMAT 6; RFC 9162 2.1): frontier, root, inclusion and consistency proofs. Hashes are
// 64 hex digits. The tree is derived, never stored per record. Of a queue whose beginning was purged the frontier of what went stands
// before the leaves that remain (FORMAT 14).
import { writeHex } from './bytes.js'
import { FiscalError } from './errors.js'
import { sha256Hex } from '#crypto'

/** Root of the tree of no records. */
export const EMPTY_ROOT = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'
// Both children behind the node prefix 0x01; one buffer for all, since hashing is synchronous.
const nodeInput = new Uint8Array(65)
nodeInput[0] = 1

/** Hash of an inner node. */
export function nodeHash(left: string, right: string): string {
  writeHex(left, nodeInput, 1)
  writeHex(right, nodeInput, 33)
  return sha256Hex(nodeInput)
}

/** Roots of the perfect subtrees of a tree that grows by one leaf at a time, largest first: at most 24 for ten million. */
export interface Frontier {
  readonly size: number
  readonly roots: readonly string[]
}

/** The frontier of no records. */
export const EMPTY_FRONTIER: Frontier = { size: 0, roots: [] }

/** The frontier with one more leaf. */
export function pushLeaf(frontier: Frontier, leaf: string): Frontier {
  const roots = frontier.roots.slice()
  let node = leaf
  for (let n = frontier.size; n % 2 === 1; n = Math.floor(n / 2)) node = nodeHash(roots.pop() as string, node)
  roots.push(node)
  return { size: frontier.size + 1, roots }
}

/** Root of the tree a frontier stands for. */
export function rootOf(frontier: Frontier): string {
  return foldRight(frontier.roots)
}

function foldRight(roots: readonly string[]): string {
  let root = roots.at(-1)
  if (root === undefined) return EMPTY_ROOT
  for (let i = roots.length - 2; i >= 0; i--) root = nodeHash(roots[i] as string, root)
  return root
}

/** Root over a list of leaves; with `before`, over what that frontier stands for and the leaves behind it. */
export function treeRoot(leaves: readonly string[], before: Frontier = EMPTY_FRONTIER): string {
  return rootOf(leaves.reduce((grown, leaf) => pushLeaf(grown, leaf), before))
}

// Largest power of two smaller than n, for n ≥ 2.
function split(n: number): number {
  let k = 1
  while (k * 2 < n) k *= 2
  return k
}

/**
 * Proof that leaf `index`, counted from the first of all, is in the tree of `before` and `leaves` (RFC 9162 2.1.3.1).
 * @throws FiscalError RECORD_PURGED for a leaf that `before` stands for: its neighbours are gone; OPTION_INVALID when there is no such leaf
 */
export function inclusionProof(index: number, leaves: readonly string[], before: Frontier = EMPTY_FRONTIER): string[] {
  return provenBy(leaves, before).inclusion(index, before.size + leaves.length)
}

/**
 * Proof that the tree of the first `from` leaves is a beginning of the tree of `before` and `leaves` (RFC 9162 2.1.4.1); empty for
 * `from` 0.
 * @throws FiscalError RECORD_PURGED when `from` ends within what `before` stands for; OPTION_INVALID when there are fewer leaves
 */
export function consistencyProof(from: number, leaves: readonly string[], before: Frontier = EMPTY_FRONTIER): string[] {
  return provenBy(leaves, before).consistency(from, before.size + leaves.length)
}

function provenBy(
  leaves: readonly string[],
  before: Frontier,
): {
  inclusion(index: number, size: number): string[]
  consistency(from: number, size: number): string[]
} {
  const rootIn = (first: number, last: number): string =>
    first < before.size
      ? rootAcross(before, first, last, leaves)
      : treeRoot(leaves.slice(first - before.size, last - before.size))
  const include = (index: number, first: number, last: number): string[] => {
    if (last - first <= 1) return []
    const k = split(last - first)
    return index < k
      ? [...include(index, first, first + k), rootIn(first + k, last)]
      : [...include(index - k, first + k, last), rootIn(first, first + k)]
  }
  const extend = (m: number, first: number, last: number, whole: boolean): string[] => {
    if (m === last - first) return whole ? [] : [rootIn(first, last)]
    const k = split(last - first)
    if (m <= k) return [...extend(m, first, first + k, whole), rootIn(first + k, last)]
    return [...extend(m - k, first + k, last, false), rootIn(first, first + k)]
  }
  return {
    inclusion: (index, size) => include(within('index', index, size - 1), 0, size),
    consistency: (from, size) => (from === 0 ? [] : extend(within('from', from, size), 0, size, true)),
  }
}

function within(path: string, value: number, most: number): number {
  if (Number.isSafeInteger(value) && value >= 0 && value <= most) return value
  throw new FiscalError('OPTION_INVALID', { message: `${path}: ${value} is not from 0 to ${most}`, path })
}

// Subtrees a proof asks for are perfect and aligned, or reach to the end. One that begins before the leaves is therefore one of the
// frontier's, or such of them as follow its beginning together with leaves; anything else lies within one of them and is gone.
function rootAcross(before: Frontier, first: number, last: number, leaves: readonly string[]): string {
  const { size, roots } = before
  let [at, i] = [0, 0]
  for (; at < first; i++) at += split(size - at + 1)
  if (at === first && last >= size) return treeRoot(leaves.slice(0, last - size), { size: size - at, roots: roots.slice(i) })
  if (at === first && last - first === split(size - at + 1)) return roots[i] as string
  throw new FiscalError('RECORD_PURGED', {
    message: `the proof needs records ${first} to ${last - 1}, and records below ${size} were purged`,
    remedy:
      'Prove it from the archive that holds the purged records, or prove another record or size, at or above the floor named.',
    details: { floor: size, from: first, to: last - 1 },
  })
}

/** True when `proof` shows that `leaf` is number `index` of the tree with this size and root (RFC 9162 2.1.3.2). */
export function verifyInclusion(leaf: string, index: number, size: number, proof: readonly string[], root: string): boolean {
  if (index < 0 || index >= size) return false
  let [node, fn, sn] = [leaf, index, size - 1]
  for (const sibling of proof) {
    if (sn === 0 || !isHash(sibling)) return false
    if (fn % 2 === 1 || fn === sn) {
      node = nodeHash(sibling, node)
      while (fn % 2 === 0 && fn !== 0) [fn, sn] = [Math.floor(fn / 2), Math.floor(sn / 2)]
    } else {
      node = nodeHash(node, sibling)
    }
    ;[fn, sn] = [Math.floor(fn / 2), Math.floor(sn / 2)]
  }
  return sn === 0 && node === root
}

/** One tree head. */
export interface TreeHead {
  readonly size: number
  readonly root: string
}

/** True when `proof` shows that the first tree is a beginning of the second (RFC 9162 2.1.4.2). */
export function verifyConsistency(first: TreeHead, second: TreeHead, proof: readonly string[]): boolean {
  if (first.size < 1 || first.size > second.size || !proof.every(isHash)) return false
  if (first.size === second.size) return proof.length === 0 && first.root === second.root
  const path = isPowerOfTwo(first.size) ? [first.root, ...proof] : [...proof]
  const start = path.shift()
  if (start === undefined) return false
  let [fn, sn] = [first.size - 1, second.size - 1]
  while (fn % 2 === 1) [fn, sn] = [Math.floor(fn / 2), Math.floor(sn / 2)]
  let [a, b] = [start, start]
  for (const node of path) {
    if (sn === 0) return false
    if (fn % 2 === 1 || fn === sn) {
      a = nodeHash(node, a)
      b = nodeHash(node, b)
      while (fn % 2 === 0 && fn !== 0) [fn, sn] = [Math.floor(fn / 2), Math.floor(sn / 2)]
    } else {
      b = nodeHash(b, node)
    }
    ;[fn, sn] = [Math.floor(fn / 2), Math.floor(sn / 2)]
  }
  return sn === 0 && a === first.root && b === second.root
}

function isHash(text: string): boolean {
  return /^[0-9a-f]{64}$/.test(text)
}

function isPowerOfTwo(n: number): boolean {
  return Number.isInteger(Math.log2(n))
}
