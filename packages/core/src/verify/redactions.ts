// Blanked payloads and the records that announce them (FORMAT 3.2, 4 `sys.redact`, 5.5 rule 14): a redact names one number with
// its digest, or a range with the types it covers, and comes after what it names.
import type { JsonObject } from '../canonical.js'

/** Contents that a redact answers for. */
export interface Purged {
  /** Number of the redact. */
  readonly at: number
  readonly count: number
  /** First and last of the blanked records. */
  readonly from: number
  readonly to: number
  /** What keeps the contents, as the redact names it. */
  readonly archive: string
}

/** Collects blanked records until a redact names them. */
export interface Redactions {
  blanked(seq: number, type: string, pay: string): void
  /** A redact at `at` names earlier records. */
  redacted(payload: JsonObject, at: number): void
  /** Blanked records that no redact named. */
  unexplained(): readonly number[]
  /** What was blanked by rule, in order of the redacts. */
  explained(): readonly Purged[]
}

/** An empty collection; only records not yet named take memory. */
export function collectRedactions(): Redactions {
  const open = new Map<number, { readonly type: string; readonly pay: string }>()
  const purged: Purged[] = []
  const explain = (seqs: readonly number[], at: number, archive: unknown): void => {
    const [from, to] = [seqs[0], seqs.at(-1)]
    if (from === undefined || to === undefined) return
    for (const seq of seqs) open.delete(seq)
    purged.push({ at, count: seqs.length, from, to, archive: typeof archive === 'string' ? archive : '' })
  }
  return {
    blanked: (seq, type, pay) => void open.set(seq, { type, pay }),
    redacted: ({ seq, pay, from, to, types, archive }, at) => {
      if (typeof seq === 'number') return explain(open.get(seq)?.pay === pay ? [seq] : [], at, archive)
      const covered = new Set((types as readonly string[]) ?? [])
      const named = [...open].filter(([n, { type }]) => n >= (from as number) && n <= (to as number) && covered.has(type))
      explain(
        named.map(([n]) => n),
        at,
        archive,
      )
    },
    unexplained: () => [...open.keys()].sort((a, b) => a - b),
    explained: () => purged,
  }
}
