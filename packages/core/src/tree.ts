// The Merkle tree over record hashes (FORMAT 6; RFC 9162 2.1): frontier, root, inclusion and consistency proofs. Hashes are
// 64 hex digits. The tree is derived, never stored per record.
import { writeHex } from './bytes.js'
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

/** Root over a list of leaves. */
export function treeRoot(leaves: readonly string[]): string {
  return rootOf(leaves.reduce(pushLeaf, EMPTY_FRONTIER))
}

// Largest power of two smaller than n, for n ≥ 2.
function split(n: number): number {
  let k = 1
  while (k * 2 < n) k *= 2
  return k
}

/** Proof that leaf `index` is in the tree of `leaves` (RFC 9162 2.1.3.1). */
export function inclusionProof(index: number, leaves: readonly string[]): string[] {
  return provenBy(leaves).inclusion(index, leaves.length)
}

/** Proof that the tree of the first `from` leaves is a beginning of the tree of all (RFC 9162 2.1.4.1); empty for `from` 0. */
export function consistencyProof(from: number, leaves: readonly string[]): string[] {
  return provenBy(leaves).consistency(from, leaves.length)
}

function provenBy(leaves: readonly string[]): {
  inclusion(index: number, size: number): string[]
  consistency(from: number, size: number): string[]
} {
  const rootIn = (first: number, last: number): string => treeRoot(leaves.slice(first, last))
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
    inclusion: (index, size) => include(index, 0, size),
    consistency: (from, size) => (from === 0 ? [] : extend(from, 0, size, true)),
  }
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
