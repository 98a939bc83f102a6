// The Storage port: one place where one queue lives. It sees opaque records (number, head, bytes, index key) and no country.
// Pre- and postconditions are FORMAT 18; the kit in @sigillo/testing checks them on every implementation.
import type { JsonObject } from './canonical.js'
import type { Body, SealedRecord } from './record.js'

/** A value or a promise of it: a store that knows the answer gives it without a turn of the event loop. */
export type Awaitable<T> = T | Promise<T>

/** A head: the newest record. */
export interface Head {
  readonly seq: bigint
  readonly hash: string
}

/** A head and the mark up to which records are known to survive a loss of power. */
export interface ReadHead extends Head {
  readonly durableThrough: bigint
}

/** Exact bytes of one record, without the line feed. */
export interface StoredLine {
  readonly seq: bigint
  readonly line: Uint8Array
}

/** A kept state (FORMAT 12): the state after record `seq`, vouched for by the checkpoint at `seq + 1`. */
export interface StoredSnapshot {
  readonly seq: bigint
  readonly hash: string
  readonly state: JsonObject
  /** Number of the newest record of each type: where to find what the state only names by hash. A hint, checked when used. */
  readonly heads?: Readonly<Record<string, number>>
}

/** What an operator allows when opening would otherwise stop (FORMAT 9.1, 10.5). */
export interface OpenWriterOptions {
  /** Take the queue from a holder that cannot be reached. */
  readonly takeover?: boolean
  /** The folder was restored from a backup, and the original will not run again. */
  readonly restore?: boolean
  /** The folder was moved to another machine or disk. */
  readonly moved?: boolean
  /** Who continues in spite of a suspected rollback; written into the journal as `sys.incident`. */
  readonly acknowledge?: string
  /** Opened again by the queue itself after a write failed. */
  readonly afterWriteError?: boolean
}

/** How the writer came to be; core writes it into `sys.open`. */
export interface Adoption {
  readonly epoch: bigint
  readonly adopted: { readonly epoch: number; readonly seq: number; readonly hash: string }
  /** Bytes found after the adopted history and ignored. */
  readonly dead: { readonly bytes: number; readonly sha256: string } | null
  readonly reason: 'start' | 'takeover' | 'write-error' | 'restore' | 'moved'
  /** Suspicion an operator overrode; core records it as `sys.incident`. */
  readonly overridden?: { readonly code: string; readonly by: string; readonly details: JsonObject }
  /** Name of this machine for `sys.open.host`. */
  readonly host: string
}

/** State of a store for `health` and `doctor`. */
export interface StorageHealth {
  readonly kind: string
  readonly state: 'good' | 'degraded' | 'emergency' | 'failed' | 'closed'
  readonly warnings: readonly string[]
  readonly freeBytes?: number
  readonly details: JsonObject
}

/** What a purge has left of the records below its floor (FORMAT 14). */
export interface PurgedBeginning {
  /** First record that is still there in full. */
  readonly floor: bigint
  /** Lines kept of those below, ascending: genesis and every change of key among them. Unverified. */
  readonly kept: readonly StoredLine[]
}

/** Reading, also beside a live writer. */
export interface StorageReader {
  readonly queue: string
  /** A segment holds 2^segBits records. */
  readonly segBits: number
  head(): Promise<ReadHead>
  /**
   * Records `from` … `to` (both included; `to` beyond the head ends there), ascending, exact bytes, no gap.
   * @throws FiscalError RECORD_PURGED, JOURNAL_CORRUPT at the position
   */
  read(from: bigint, to?: bigint): AsyncIterable<StoredLine>
  /**
   * Whole lines from `from` to the head in large pieces, exactly as stored, damaged ones included: what verification reads. The bytes
   * of a piece hold until the next one is asked for. Optional; without it verification reads record by record.
   */
  chunks?(from?: bigint): AsyncIterable<{ readonly bytes: Uint8Array; readonly file?: string; readonly offset?: number }>
  /** The record with this reference, at any age; without `line` when it was purged. */
  byRef(ref: string): Awaitable<{ readonly seq: bigint; readonly line?: Uint8Array } | undefined>
  /** What a purge has left; undefined when nothing was purged. Optional for a store that removes nothing. */
  purged?(): Promise<PurgedBeginning | undefined>
  /** Kept states, newest first; unverified. */
  snapshots(): Promise<readonly StoredSnapshot[]>
  /** Kept bytes by their SHA-256 in hex, checked on reading. */
  blob(sha256: string): Promise<Uint8Array | undefined>
  /** Notes, acknowledgements and receipts held beside the journal. */
  anchors(): Promise<readonly { readonly size: bigint; readonly source: string; readonly note: string }[]>
  health(): Promise<StorageHealth>
  close(): Promise<void>
}

/** Which payloads are to be blanked (FORMAT 3.2, 14). */
export interface BlankOrder {
  readonly from: bigint
  /** Included. */
  readonly to: bigint
  /** Chooses by the signed body alone. The journal's own records are never blanked. */
  readonly select: (body: Body) => boolean
  /** Number of the `sys.redact` record that says so. */
  readonly record: bigint
}

/** What was done. */
export interface BlankResult {
  /** Payloads that are blank now and were not before. */
  readonly blanked: number
  /** First record of the range that cannot be blanked yet, because its segment is not complete: begin there again later. */
  readonly remainingFrom?: bigint
}

/** What is to be purged (FORMAT 14). */
export interface PurgeOrder {
  /** Records below go: the first number of a segment. */
  readonly floor: bigint
  /** Number of the `sys.purge` record that says so. */
  readonly record: bigint
  /** Source of the archive's receipt among the anchors. */
  readonly archive: string
}

/** The one writer of a queue. */
export interface StorageWriter extends StorageReader {
  readonly adoption: Adoption
  /**
   * Makes a batch durable: contiguous, `base` = its first number, the handle's epoch, inside one segment. Resolves only when
   * every byte is on stable storage and no later writer has appeared.
   * @throws FiscalError STORAGE_CONFLICT, STORAGE_FENCED, RECORD_INVALID, STORAGE_FULL: nothing of the batch is or will be
   *   in the journal; STORAGE_UNCERTAIN: all of a prefix of it may be, and the handle is dead
   */
  append(expect: Head, batch: readonly SealedRecord[]): Promise<void>
  /** Keeps a state. Never needed for correctness; may be lost. */
  putSnapshot(snapshot: StoredSnapshot): Promise<void>
  /** Keeps bytes durably and returns their SHA-256 in hex; done before a record names it. */
  putBlob(bytes: Uint8Array): Promise<string>
  /**
   * Keeps a note beside the journal.
   * @throws FiscalError FORK_SUSPECTED when another root is known for this size
   */
  putAnchor(size: bigint, source: string, note: string): Promise<void>
  /**
   * Blanks payloads; may be interrupted and repeated. Optional: without it contents stay where they are.
   * @throws FiscalError OPTION_INVALID when the record does not say so, JOURNAL_CORRUPT, STORAGE_FENCED
   */
  blank?(order: BlankOrder): Promise<BlankResult>
  /** Numbers of `sys.redact` records whose blanking has not ended; `newest` is among them unless it is known to have. */
  unfinishedBlanks?(newest: bigint): Promise<readonly bigint[]>
  /**
   * Removes sealed segments below a floor; ordered again after an interruption it goes on. Optional.
   * @throws FiscalError OPTION_INVALID naming what is missing: nothing was removed then. STORAGE_FENCED
   */
  purge?(order: PurgeOrder): Promise<void>
  /** Seals complete segments, merges indexes, drops what is covered; safe to leave out or to interrupt. */
  maintain(): Promise<void>
  /** True while only closings and the journal's own records are accepted (full disk, FORMAT 16.1). */
  emergency(): boolean
  close(options?: { readonly clean?: boolean }): Promise<void>
}

/** A place for one queue. */
export interface Storage {
  /** Human name of the place, for messages: last component only, no secret. */
  readonly name: string
  /** @throws FiscalError QUEUE_EXISTS */
  create(genesis: SealedRecord): Promise<void>
  /** True when a queue is stored here. */
  exists(): Promise<boolean>
  /**
   * Becomes the writer with an epoch above every earlier one. The caller's first append is `sys.open`.
   * @throws FiscalError QUEUE_MISSING, QUEUE_LOCKED, JOURNAL_CORRUPT, ROLLBACK_SUSPECTED, FORK_SUSPECTED, MOVED_SUSPECTED
   */
  openWriter(options?: OpenWriterOptions): Promise<StorageWriter>
  /** @throws FiscalError QUEUE_MISSING */
  openReader(): Promise<StorageReader>
}

/** The last head kept outside the queue's own storage (FORMAT 10.5, 15): the witness that notices a lost end. */
export interface Witness {
  /** Newest statement, or undefined when there is none yet. @throws when it exists and cannot be read */
  read(): Promise<WitnessStatement | undefined>
  /** Replaces the statement; need not be durable when it returns. */
  write(statement: WitnessStatement): Promise<void>
}

/** What a witness holds. */
export interface WitnessStatement {
  readonly queue: string
  readonly seq: number
  readonly hash: string
  readonly types: Readonly<Record<string, { readonly tseq: number; readonly hash: string }>>
}
