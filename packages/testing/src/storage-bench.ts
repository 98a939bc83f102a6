// What a case of the storage kit works with, and the comparison of a store with what was put into it.
import { lineOf } from '@sigillo/core'
import type { SealedRecord, Storage, StorageReader, StorageWriter } from '@sigillo/core'
import { check, checkSame } from './check.js'
import { kitJournal, openEpoch, type KitJournal, type KitKey } from './kit-journal.js'

/** A fresh, empty place and the ways to it. */
export interface KitPlace {
  readonly storage: Storage
  /** The same place through a new object, as another process would see it; by default the same object. */
  readonly again?: () => Promise<Storage>
  /** Removes the place. */
  readonly dispose?: () => Promise<void>
}

/** What a case works with. */
export interface StorageBench {
  readonly place: KitPlace
  readonly storage: Storage
  readonly again: () => Promise<Storage>
  readonly key: KitKey
  /** A queue is created and open; its first record after genesis is `sys.open`. */
  started(segBits?: number): Promise<{ readonly journal: KitJournal; readonly writer: StorageWriter }>
}

/** A case before it has a place. */
export interface StorageCase {
  readonly name: string
  readonly run: (bench: StorageBench) => Promise<void>
}

/** Puts a case's tools together. */
export function benchOf(place: KitPlace, key: KitKey): StorageBench {
  const { storage } = place
  const again = place.again ?? (async () => storage)
  const started = async (segBits: number = 6): Promise<{ journal: KitJournal; writer: StorageWriter }> => {
    const journal = await kitJournal(key, { segBits })
    await storage.create(journal.genesis)
    const writer = await storage.openWriter()
    await openEpoch(journal, writer)
    return { journal, writer }
  }
  return { place, storage, again, key, started }
}

/** Fails unless the reader holds exactly these records, byte for byte, and their last as head. */
export async function checkHolds(reader: StorageReader, records: readonly SealedRecord[], what: string): Promise<void> {
  const { seq, hash, durableThrough } = await reader.head()
  const last = records.at(-1) as SealedRecord
  checkSame({ seq, hash }, { seq: BigInt(last.body.seq), hash: last.hash }, `${what}: head`)
  check(durableThrough <= seq, `${what}: durableThrough lies beyond the head`)
  let next = 0
  for await (const { seq: at, line } of reader.read(0n)) {
    check(at === BigInt(next), `${what}: read gave record ${at} where ${next} was due`)
    checkSame(new TextDecoder().decode(line), lineOf(records[next] as SealedRecord), `${what}: record ${next}`)
    next += 1
  }
  check(next === records.length, `${what}: ${next} records are readable, ${records.length} were stored`)
}
