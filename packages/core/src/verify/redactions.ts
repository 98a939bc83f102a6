// Blanked payloads and the records that announce them (FORMAT 3.2, 4 `sys.redact`, 5.5 rule 14): a redact names one number with
// its digest, or a range with the types it covers, and comes after what it names.
import type { JsonObject } from '../canonical.js'

/** Collects blanked records until a redact names them. */
export interface Redactions {
  blanked(seq: number, type: string, pay: string): void
  /** A redact at `at` names earlier records. */
  redacted(payload: JsonObject, at: number): void
  /** Blanked records that no redact named. */
  unexplained(): readonly number[]
}

/** An empty collection; only records not yet named take memory. */
export function collectRedactions(): Redactions {
  const open = new Map<number, { readonly type: string; readonly pay: string }>()
  return {
    blanked: (seq, type, pay) => void open.set(seq, { type, pay }),
    redacted: ({ seq, pay, from, to, types }) => {
      if (typeof seq === 'number') {
        if (open.get(seq)?.pay === pay) open.delete(seq)
        return
      }
      const covered = new Set((types as readonly string[]) ?? [])
      for (const [at, { type }] of open) if (at >= (from as number) && at <= (to as number) && covered.has(type)) open.delete(at)
    },
    unexplained: () => [...open.keys()].sort((a, b) => a - b),
  }
}
