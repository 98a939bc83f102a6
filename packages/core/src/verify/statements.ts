// What others say about a journal (FORMAT 5.7, 4 and 5): witnesses name a record, notes name a tree. They alone notice a lost end
// and a history rewritten by whoever holds the key.
import { rootOf } from '../tree.js'
import type { Finding, FindingCode } from './finding.js'
import type { VerifyState } from './state.js'

/** Somebody saw this record. */
export interface HeadStatement {
  readonly queue?: string
  readonly seq: number
  readonly hash: string
  /** Who says so, for the message. */
  readonly source?: string
}

/** Somebody saw this tree. */
export interface TreeStatement {
  readonly size: number
  readonly root: string
  readonly source?: string
}

/** Statements to compare with. */
export interface Statements {
  readonly witnesses?: readonly HeadStatement[]
  readonly notes?: readonly TreeStatement[]
  /** The journal goes on behind the last line given: a statement beyond it proves nothing missing. */
  readonly continues?: boolean
}

/** Watches the walk and reports at its end. */
export function watchStatements(
  { witnesses = [], notes = [], continues = false }: Statements,
  state: VerifyState,
  report: (finding: Finding) => void,
): { settled(seq: number, hash: string): void; grown(): void; end(waiting: number): void } {
  const seen = new Map<number, string>()
  const roots = new Map<number, string>()
  const wanted = new Set(witnesses.map(({ seq }) => seq))
  const sizes = new Set(notes.map(({ size }) => size))
  const grown = (): void => {
    if (state.tree !== undefined && sizes.has(state.tree.size)) roots.set(state.tree.size, rootOf(state.tree))
  }
  grown()
  const tell = (seq: number | null, code: FindingCode, where: string, message: string): void =>
    report({ seq, code, where, message, severity: 'error' })
  return {
    settled: (seq, hash) => {
      if (wanted.has(seq)) seen.set(seq, hash)
      grown()
    },
    grown,
    end: (waiting) => {
      const last = state.g + waiting
      for (const { queue, seq, hash, source = 'witness' } of witnesses) {
        if (queue !== undefined && state.queue !== undefined && queue !== state.queue)
          tell(null, 'QUEUE_WRONG', source, `speaks of queue ${queue}`)
        else if (seq > last) {
          if (!continues) tell(last + 1, 'TAIL_MISSING', source, `saw record ${seq}; the journal ends at ${last}`)
        } else if (seen.has(seq) && seen.get(seq) !== hash) tell(seq, 'FORK', source, 'saw another record under this number')
      }
      for (const { size, root, source = 'note' } of notes) {
        if (size > last + 1) {
          if (!continues) tell(last + 1, 'TAIL_MISSING', source, `saw ${size} records; the journal holds ${last + 1}`)
        } else if (roots.has(size) && roots.get(size) !== root) tell(size - 1, 'FORK', source, 'saw another tree of this size')
      }
    },
  }
}
