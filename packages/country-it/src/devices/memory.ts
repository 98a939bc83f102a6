// What a till remembers between two sales and over a restart: where it stands, what has not arrived, what became of the last
// documents. Kept as lines, each a change; folded when the till opens. The lines hold the device's sealing secret: keep them private.
import type { Position, Prepared } from './dialect.js'

/** Where a till keeps its lines. Not the journal: a device and its till share nothing else. */
export interface TillMemory {
  /** All lines, oldest first. A last line cut off by a crash may be there or not. */
  load(): Promise<readonly string[]>
  /** Adds a line; durable when it returns. */
  append(line: string): Promise<void>
  /** Puts these lines in place of all others, whole or not at all. */
  replace(lines: readonly string[]): Promise<void>
}

/** A document on its way. */
export interface Pending extends Prepared {
  /** Digest of the document as it was given. */
  readonly digest: string
  readonly atMs: number
  /** Bytes have left and no answer came that can be believed. */
  readonly doubt: boolean
  /** It was sealed again because the device stood elsewhere: paper printed before shows another seal. */
  readonly resealed: boolean
}

/** What became of a document. */
export interface Done {
  readonly key: string
  readonly digest: string
  readonly state: 'registered' | 'refused'
  readonly z: number
  readonly n: number
  readonly seal: string
  readonly code: string
  readonly warnings: readonly string[]
}

/** Why a till cannot go on by itself. */
export interface Stuck {
  readonly key: string
  readonly code: string
  readonly message: string
}

/** Everything remembered. */
export interface Remembered {
  readonly position: Position | null
  readonly pending: readonly Pending[]
  readonly done: readonly Done[]
  /** Number of a closing asked for, until it is known to be done. */
  readonly closing: number | null
  readonly stuck: Stuck | null
}

/** One change; absent members stay as they are. */
export interface Change {
  readonly position?: Position | null
  readonly add?: Pending
  /** In place of the pending document of the same key. */
  readonly put?: Pending
  readonly pending?: readonly Pending[]
  /** A document that is finished leaves the pending ones. */
  readonly finish?: Done
  readonly drop?: string
  readonly done?: readonly Done[]
  readonly closing?: number | null
  readonly stuck?: Stuck | null
}

/** Nothing yet. */
export const NOTHING: Remembered = { position: null, pending: [], done: [], closing: null, stuck: null }

/** A change taken in. */
export function changed(before: Remembered, change: Change): Remembered {
  const { add, put, finish, drop } = change
  const gone = finish?.key ?? drop
  let pending = change.pending ?? before.pending
  if (add !== undefined) pending = [...pending, add]
  if (put !== undefined) pending = pending.map((one) => (one.key === put.key ? put : one))
  if (gone !== undefined) pending = pending.filter(({ key }) => key !== gone)
  const done = change.done ?? before.done
  return {
    position: change.position === undefined ? before.position : change.position,
    pending,
    done: finish === undefined ? done : [...done, finish],
    closing: change.closing === undefined ? before.closing : change.closing,
    stuck: change.stuck === undefined ? before.stuck : change.stuck,
  }
}

/** What lines say. A last line that is not whole was never acknowledged and counts for nothing. */
export function recall(lines: readonly string[]): Remembered {
  let state = NOTHING
  for (const [i, line] of lines.entries()) {
    let change: Change
    try {
      change = JSON.parse(line) as Change
    } catch (error) {
      if (i === lines.length - 1) return state
      throw error
    }
    state = changed(state, change)
  }
  return state
}

/** A memory that forgets with the process: for tests, and for tills that ask the device at every start. */
export function openVolatileMemory(): TillMemory {
  let kept: string[] = []
  return {
    load: () => Promise.resolve([...kept]),
    append: (line) => {
      kept.push(line)
      return Promise.resolve()
    },
    replace: (lines) => {
      kept = [...lines]
      return Promise.resolve()
    },
  }
}
