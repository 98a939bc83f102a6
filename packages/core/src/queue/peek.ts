// A look at a queue without becoming its writer: heads, key and totals as the journal gives them, from the newest snapshot on.
import type { ChainHead, Country, RequestEnvelope } from '../country.js'
import type { JsonObject } from '../canonical.js'
import type { Head, StorageReader } from '../storage.js'
import { keyEnd, type KeyEnd } from './key-standing.js'
import { loadLedger } from './load.js'

/** A queue as it stands. */
export interface QueueView {
  readonly queue: string
  readonly profile: string
  readonly head: Head
  /** Newest record of each type. */
  readonly heads: ReadonlyMap<string, ChainHead>
  readonly epoch: number
  /** Highest time so far, UTC. */
  readonly lastTs: string
  /** Thumbprint of the key that signs the next record. */
  readonly kid: string
  /** What the journal says became of that key; undefined while it may sign. */
  readonly keyEnd: KeyEnd | undefined
  /** The queue has ended for ever. */
  readonly ended: boolean
  /** The country's totals. */
  readonly totals: JsonObject
  readonly warnings: readonly string[]
}

/**
 * Reads a queue up to its newest record, also beside a live writer. Checks links and hashes on the way, no signatures: that is
 * verification.
 * @throws FiscalError JOURNAL_CORRUPT when a record that must be there cannot be read
 */
export async function viewQueue(reader: StorageReader, country: Country<RequestEnvelope, unknown, unknown>): Promise<QueueView> {
  const { ledger, warnings } = await loadLedger(reader, country)
  const { queue, profile, seq, hash, types, epoch, lastTs, kid, ended } = ledger.chain
  const totals = country.totals(ledger.state)
  const end = keyEnd(ledger.chain)
  return {
    queue,
    profile,
    head: { seq: BigInt(seq), hash },
    heads: types,
    epoch,
    lastTs,
    kid,
    keyEnd: end,
    ended,
    totals,
    warnings,
  }
}
