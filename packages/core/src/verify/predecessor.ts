// A queue that continues another one (FORMAT 4, 10.6): what the genesis of the successor names of it, and what that states about the old
// journal.
import type { Json } from '../canonical.js'
import { isObject, predecessorFits } from './payload-forms.js'
import type { Statements } from './statements.js'

/** The queue a new one continues, up to its last good record. */
export interface Predecessor {
  /** UUID of that queue. */
  readonly queue: string
  /** Number of its good records, 1 or more. */
  readonly size: number
  /** Root of the tree over them. */
  readonly root: string
  /** Hash of the last of them. */
  readonly hash: string
  /** Why it does not go on itself, in words. */
  readonly reason?: string
}

/** What the payload of a genesis names as predecessor; undefined for none, or for what is not in form. */
export function predecessorIn(payload: Json | undefined): Predecessor | undefined {
  const named = isObject(payload) ? payload['predecessor'] : undefined
  if (!isObject(named) || !predecessorFits(named)) return undefined
  const { queue, size, root, hash, reason } = named as unknown as Predecessor
  return { queue, size, root, hash, ...(reason !== undefined && { reason }) }
}

/** What the payload of a `sys.close` names as successor; undefined for none. */
export function successorIn(payload: Json | undefined): string | undefined {
  const named = isObject(payload) ? payload['successor'] : undefined
  return typeof named === 'string' ? named : undefined
}

/**
 * What a successor states about the journal of its predecessor, for the verification of that one: another queue is QUEUE_WRONG there, a journal
 * that ends before TAIL_MISSING, another history FORK.
 */
export function statementsOn(
  { queue, size, root, hash }: Predecessor,
  source: string = 'successor',
): Required<Omit<Statements, 'continues'>> {
  return { witnesses: [{ queue, seq: size - 1, hash, source }], notes: [{ size, root, source }] }
}
