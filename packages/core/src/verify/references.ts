// Which references were seen, in 16 bytes each instead of their text: verification of a million records stays small.
import { sha256Hex } from '#crypto'
import type { ReferenceMemory } from './walk.js'

/** A memory of references: an open-addressed table of 128-bit digests, two words hashed apart. */
export function rememberReferences(): ReferenceMemory {
  let table = new Uint32Array(4 * 1024)
  let used = 0
  const digest = new Uint32Array(4)
  return {
    seen: (ref) => {
      const hex = sha256Hex(ref)
      for (let i = 0; i < 4; i++) digest[i] = Number.parseInt(hex.slice(8 * i, 8 * i + 8), 16)
      const at = placeOf(table, digest, 0)
      if (isSame(table, at, digest, 0)) return true
      table.set(digest, at)
      if (++used * 4 * 3 > table.length * 2) table = twice(table)
      return false
    },
  }
}

// Where four words stand in the table, or the free place for them. All zero means free.
function placeOf(table: Uint32Array, words: Uint32Array, from: number): number {
  const mask = table.length / 4 - 1
  for (let slot = (words[from] as number) & mask; ; slot = (slot + 1) & mask)
    if (isFree(table, slot * 4) || isSame(table, slot * 4, words, from)) return slot * 4
}

function isFree(table: Uint32Array, at: number): boolean {
  return table[at] === 0 && table[at + 1] === 0 && table[at + 2] === 0 && table[at + 3] === 0
}

function isSame(table: Uint32Array, at: number, words: Uint32Array, from: number): boolean {
  for (let i = 0; i < 4; i++) if (table[at + i] !== words[from + i]) return false
  return true
}

function twice(table: Uint32Array): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(table.length * 2)
  for (let from = 0; from < table.length; from += 4) {
    if (isFree(table, from)) continue
    const at = placeOf(larger, table, from)
    for (let i = 0; i < 4; i++) larger[at + i] = table[from + i] as number
  }
  return larger
}
