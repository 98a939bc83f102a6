import { describe, expect, it } from 'vitest'
import {
  consistencyProof,
  EMPTY_FRONTIER,
  inclusionProof,
  pushLeaf,
  treeRoot,
  verifyConsistency,
  verifyInclusion,
  type Frontier,
} from './tree.js'

const LEAVES = Array.from({ length: 150 }, (_, i) => i.toString(16).padStart(64, '0'))

function frontierOf(size: number): Frontier {
  return LEAVES.slice(0, size).reduce((grown, leaf) => pushLeaf(grown, leaf), EMPTY_FRONTIER)
}

describe('tree: behind a frontier', () => {
  it('J-46 every root and proof from the floor on comes out as with all leaves, whatever floor and size', () => {
    for (const floor of [1, 2, 5, 8, 12, 24, 31, 64, 72, 96, 100]) {
      const before = frontierOf(floor)
      for (const size of [floor, floor + 1, floor + 7, 101, 128, 150].filter((each) => each >= floor)) {
        const [all, rest] = [LEAVES.slice(0, size), LEAVES.slice(floor, size)]
        const root = treeRoot(all)
        expect(treeRoot(rest, before)).toBe(root)
        for (let index = floor; index < size; index++) {
          const proof = inclusionProof(index, rest, before)
          expect(proof).toEqual(inclusionProof(index, all))
          expect(verifyInclusion(LEAVES[index] as string, index, size, proof, root)).toBe(true)
        }
        for (let from = floor; from <= size; from++) {
          const proof = consistencyProof(from, rest, before)
          expect(proof).toEqual(consistencyProof(from, all))
          expect(verifyConsistency({ size: from, root: treeRoot(LEAVES.slice(0, from)) }, { size, root }, proof)).toBe(true)
        }
      }
    }
  })
  it('a proof that needs what is gone is refused by name, and none is given that would not verify', () => {
    const [floor, size] = [96, 150]
    const [before, rest] = [frontierOf(floor), LEAVES.slice(floor, size)]
    for (let index = 0; index < floor; index++)
      expect(() => inclusionProof(index, rest, before)).toThrowError(
        expect.objectContaining({ code: 'RECORD_PURGED', details: expect.objectContaining({ floor }) as object }) as Error,
      )
    // 96 = 64 + 32: the tree of the first 64 is a root of the frontier, so its growth can still be shown.
    expect(consistencyProof(64, rest, before)).toEqual(consistencyProof(64, LEAVES))
    for (let from = 1; from < floor; from++)
      if (from !== 64)
        expect(() => consistencyProof(from, rest, before)).toThrowError(
          expect.objectContaining({ code: 'RECORD_PURGED' }) as Error,
        )
  })
  it('a leaf or size that is not there is refused', () => {
    expect(() => inclusionProof(3, LEAVES.slice(0, 3))).toThrowError(expect.objectContaining({ path: 'index' }) as Error)
    expect(() => consistencyProof(4, LEAVES.slice(0, 3))).toThrowError(expect.objectContaining({ path: 'from' }) as Error)
  })
})
