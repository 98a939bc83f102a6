// Blanked payloads and the records that announce them (FORMAT 3.2 c, 4 `sys.redact`). A redact names one number, or a range
// with the types it covers; either may stand before or after it in the journal, so both are collected and matched at the end.
import type { JsonObject } from '../canonical.js'

/** Collects both sides; `unexplained` gives the blanked records no redact names. */
export interface Redactions {
  blanked(seq: number, type: string): void
  redacted(payload: JsonObject): void
  unexplained(): readonly number[]
}

interface Run {
  readonly type: string
  readonly first: number
  last: number
}

/** An empty collection. Runs of neighbouring blanked records of one type take one entry. */
export function collectRedactions(): Redactions {
  const runs: Run[] = []
  const last = new Map<string, Run>()
  const singles = new Set<number>()
  const ranges: { readonly from: number; readonly to: number; readonly types: readonly string[] }[] = []
  const explained = (seq: number, type: string): boolean =>
    singles.has(seq) || ranges.some(({ from, to, types }) => seq >= from && seq <= to && types.includes(type))
  return {
    blanked: (seq, type) => {
      const run = last.get(type)
      if (run !== undefined && run.last === seq - 1) {
        run.last = seq
        return
      }
      const fresh = { type, first: seq, last: seq }
      runs.push(fresh)
      last.set(type, fresh)
    },
    redacted: ({ seq, from, to, types }) => {
      if (typeof seq === 'number') singles.add(seq)
      if (typeof from === 'number' && typeof to === 'number' && Array.isArray(types)) ranges.push({ from, to, types: types.map(String) })
    },
    unexplained: () => {
      const open: number[] = []
      for (const { type, first, last: end } of runs) for (let seq = first; seq <= end; seq++) if (!explained(seq, type)) open.push(seq)
      return open
    },
  }
}
