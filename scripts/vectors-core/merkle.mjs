// merkle.json: roots, inclusion and consistency for many sizes, and proofs that must fail (FORMAT 6, RFC 9162 2.1).
import { consistencyProof, frontierOf, inclusionProof, nodeHash, rootOf, sha256 } from './bytes.mjs'
import { numbered } from './canonical.mjs'

const leafAt = (i) => sha256(Buffer.of(0), `leaf ${i}`)
const leaves = Array.from({ length: 300 }, (_, i) => leafAt(i))
const tree = (size) => leaves.slice(0, size)
const SIZES = [1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 16, 17, 31, 32, 33, 64, 65, 100, 255, 256, 257, 300]

/** Content of merkle.json. */
export function merkleVectors() {
  return {
    comment: 'Leaf i is SHA-256(0x00 ‖ "leaf i" in decimal). `roots[n]` is the root over the first n leaves.',
    leaf: { 0: leafAt(0), 1: leafAt(1), 299: leafAt(299) },
    roots: Array.from({ length: 301 }, (_, size) => rootOf(tree(size))),
    frontiers: [0, 1, 7, 8, 100, 300].map((size) => ({ size, frontier: frontierOf(tree(size)) })),
    tests: numbered('merkle', [...inclusions(), ...consistencies()]),
  }
}

function inclusions() {
  const tests = []
  for (const size of SIZES) for (const index of picks(size)) tests.push(...inclusionCases(index, size))
  return tests
}

function picks(size) {
  const wanted = size <= 9 ? Array.from({ length: size }, (_, i) => i) : [0, 1, size >> 1, size - 2, size - 1]
  return [...new Set(wanted)]
}

function inclusionCases(index, size) {
  const input = { leaf: leaves[index], index, size, proof: inclusionProof(index, tree(size)), root: rootOf(tree(size)) }
  const valid = { comment: `leaf ${index} of ${size}`, flags: ['inclusion', 'valid'], input, result: { valid: true } }
  const wrong = wrongInclusions(input).map(([comment, changes]) => ({
    comment: `leaf ${index} of ${size}: ${comment}`,
    flags: ['inclusion', 'invalid'],
    input: { ...input, ...changes },
    result: { valid: false },
  }))
  // Every kind of wrong proof turns up many times over the sizes; two for each proof keep the file small.
  const at = (index * 2 + size) % wrong.length
  return [valid, wrong[at], wrong[(at + 1) % wrong.length]]
}

function wrongInclusions({ leaf, index, size, proof, root }) {
  const all = [
    ['another leaf', { leaf: sha256(leaf) }],
    ['another root', { root: sha256(root) }],
    ['proof too long', { proof: [...proof, sha256('extra')] }],
    ['index beyond the size', { index: size }],
    ['negative index', { index: -1 }],
    ['size 0', { size: 0 }],
  ]
  if (proof.length > 0) {
    all.push(['proof cut', { proof: proof.slice(0, -1) }], ['a hash altered', { proof: [sha256(proof[0]), ...proof.slice(1)] }])
    all.push(
      ['neighbour’s index', { index: index === 0 ? 1 : index - 1 }],
      ['a hash in capitals', { proof: [...proof.slice(0, -1), proof.at(-1).toUpperCase()] }],
    )
  }
  if (proof.length > 1) all.push(['proof the wrong way round', { proof: [...proof].reverse() }])
  return all
}

function consistencies() {
  const pairs = []
  for (let second = 1; second <= 9; second++) for (let first = 1; first <= second; first++) pairs.push([first, second])
  pairs.push(
    [1, 64],
    [63, 64],
    [32, 64],
    [33, 64],
    [64, 65],
    [100, 255],
    [128, 256],
    [255, 257],
    [256, 300],
    [299, 300],
    [300, 300],
  )
  return pairs.flatMap(([first, second]) => consistencyCases(first, second))
}

function consistencyCases(first, second) {
  const proof = consistencyProof(first, tree(second))
  const input = { first, second, firstRoot: rootOf(tree(first)), secondRoot: rootOf(tree(second)), proof }
  const wrong = [
    ['another first root', { firstRoot: sha256(input.firstRoot) }],
    ['another second root', { secondRoot: sha256(input.secondRoot) }],
    ['proof too long', { proof: [...proof, nodeHash(input.firstRoot, input.secondRoot)] }],
    ['the wrong way round', { first: second + 1, firstRoot: input.secondRoot, secondRoot: input.firstRoot }],
    ['first size 0', { first: 0 }],
  ]
  if (proof.length > 0) {
    wrong.push(
      ['proof cut', { proof: proof.slice(0, -1) }],
      ['a hash altered', { proof: [...proof.slice(0, -1), sha256(proof.at(-1))] }],
    )
  }
  const named = wrong.map(([comment, changes]) => ({
    comment: `${first} to ${second}: ${comment}`,
    flags: ['consistency', 'invalid'],
    input: { ...input, ...changes },
    result: { valid: false },
  }))
  const at = (first + second) % named.length
  const valid = { comment: `${first} to ${second}`, flags: ['consistency', 'valid'], input, result: { valid: true } }
  return [valid, named[at], named[(at + 1) % named.length]]
}
