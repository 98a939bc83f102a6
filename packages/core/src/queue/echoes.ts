// The echo of a till (FORMAT 15): the newest record it saw proves a newer end than ours, or another history; then nothing is signed.
import { FiscalError } from '../errors.js'
import type { FiscalRecord } from '../record.js'
import type { StorageReader } from '../storage.js'
import { recordAt } from './load.js'

/** Hashes of newest records kept to check an echo without reading. */
const MEMORY = 4096

/** What a till saw last. */
export interface Echo {
  readonly seq: bigint
  readonly hash: string
}

/** Newest records of this queue, to compare echoes with. */
export class Echoes {
  readonly #slots: { seq: number; hash: string }[] = []

  /** Takes in records that are durable. */
  remember(records: readonly FiscalRecord[]): void {
    for (const { body, hash } of records) this.#slots[body.seq % MEMORY] = { seq: body.seq, hash }
  }

  /** Forgets all: the journal was read anew. */
  clear(): void {
    this.#slots.length = 0
  }

  /**
   * The suspicion an echo raises against a journal that ends at `end`; undefined when it fits. A value at once when nothing has to
   * be read.
   */
  suspicion(seen: Echo, end: number, reader: StorageReader): FiscalError | undefined | Promise<FiscalError | undefined> {
    if (seen.seq > BigInt(end)) {
      const message = `a till saw record ${seen.seq}, the journal ends at ${end}`
      return new FiscalError('ROLLBACK_SUSPECTED', { message })
    }
    const slot = this.#slots[Number(seen.seq) % MEMORY]
    if (slot?.seq === Number(seen.seq)) return slot.hash === seen.hash ? undefined : fork(seen)
    return recordAt(reader, seen.seq).then((record) => (record?.hash === seen.hash ? undefined : fork(seen)))
  }
}

function fork({ seq }: Echo): FiscalError {
  return new FiscalError('FORK_SUSPECTED', { message: `a till saw record ${seq} with another hash` })
}
