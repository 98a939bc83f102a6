// Which references were seen, in 16 bytes each instead of their text: verification of a million records stays small.
import { sha256Hex } from '#crypto'
import type { ReferenceMemory } from './walk.js'

/** A memory of references: an open-addressed table of 128-bit digests, two words hashed apart. */
export function rememberReferences(): ReferenceMemory {
  let table = new Uint32Array(4 * 1024)
  let used = 0
  const find = (words: Uint32Array, digest: readonly number[]): number => {
    const slots = words.length / 4
    let slot = (digest[0] as number) & (slots - 1)
    for (;;) {
      const at = slot * 4
      const free = words[at] === 0 && words[at + 1] === 0 && words[at + 2] === 0 && words[at + 3] === 0
      if (free || digest.every((word, i) => words[at + i] === word)) return at
      slot = (slot + 1) & (slots - 1)
    }
  }
  const grow = (): void => {
    const larger = new Uint32Array(table.length * 2)
    for (let at = 0; at < table.length; at += 4) {
      const digest = [...table.subarray(at, at + 4)]
      if (digest.some((word) => word !== 0)) larger.set(digest, find(larger, digest))
    }
    table = larger
  }
  return {
    seen: (ref) => {
      const hex = sha256Hex(ref)
      const digest = [0, 8, 16, 24].map((i) => Number.parseInt(hex.slice(i, i + 8), 16))
      const at = find(table, digest)
      if (table[at] === digest[0] && table[at + 1] === digest[1] && table[at + 2] === digest[2] && table[at + 3] === digest[3])
        return true
      table.set(digest, at)
      if (++used * 4 * 3 > table.length * 2) grow()
      return false
    },
  }
}
