// Repeatable chance: the same seed gives the same run, so that a failure found at night can be looked at in the morning.

/** A stream of numbers that a seed decides. */
export interface Random {
  /** 0 ≤ x < 1. */
  next(): number
  /** A whole number, 0 ≤ n < below. */
  below(below: number): number
  /** True with this chance. */
  chance(p: number): boolean
  /** One of a list, which must not be empty. */
  pick<T>(list: readonly T[]): T
}

/** The stream of a seed (mulberry32). */
export function randomFrom(seed: number): Random {
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
  const below = (limit: number): number => Math.floor(next() * limit)
  return { next, below, chance: (p) => next() < p, pick: (list) => list[below(list.length)] as (typeof list)[number] }
}
