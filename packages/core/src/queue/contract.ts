// The queue as its callers see it (design 6).
import type { FiscalError } from '../errors.js'
import type { FiscalRecord } from '../record.js'
import type { Head, StorageHealth } from '../storage.js'
import type { Report, VerifyOptions } from '../verify/verify.js'
import type { Anchor, AnchorRequest } from './anchor.js'
import type { Outcome } from './answer.js'
import type { KeyChange } from './key-change.js'
import type { KeyRecord } from './key-records.js'
import type { PurgeRequest } from './purge.js'
import type { Blanking } from './redactions.js'

/** An open queue. Release it with `close` or `await using`. */
export interface Queue extends AsyncDisposable {
  /** The queue's UUID. */
  readonly id: string
  /**
   * Registers one request: durable before it is answered. Never throws for anything that can be expected; the outcome says
   * registered, rejected (nothing happened) or indeterminate.
   */
  record(request: object, options?: { readonly signal?: AbortSignal }): Promise<Outcome>
  /** Newest durable record. */
  head(): Head
  /** Records in order, both ends included; by default all that are durable. */
  records(range?: { readonly from?: bigint; readonly to?: bigint }): AsyncIterable<FiscalRecord>
  /** One record by number. */
  find(seq: bigint): Promise<FiscalRecord | undefined>
  /** The record that answered the request with this key. */
  byKey(key: string): Promise<FiscalRecord | undefined>
  /** The country's totals as they stand. */
  totals(): unknown
  /** Writes a checkpoint now. */
  checkpoint(): Promise<Outcome>
  /** Changes the signing key (FORMAT 4, `sys.key`). The next record is signed with the new one. */
  changeKey(change: KeyChange): Promise<Outcome>
  /**
   * Writes what happened to keys, certificates, policies or approvals (FORMAT 3.1, reserved names). The country's rules do not see it.
   * Refused with OPTION_INVALID for a type or member that is not one of {@link KeyRecord}.
   */
  recordKey(record: KeyRecord): Promise<Outcome>
  /**
   * The tree head up to the newest durable record as a signed note (FORMAT 6), kept beside the journal; with a witness also
   * cosigned. A witness that knows a newer end or another history stops the queue.
   * @throws FiscalError ROLLBACK_SUSPECTED, FORK_SUSPECTED, or of kind transmission when the witness cannot be asked; RECORD_PURGED,
   * before anything is signed, when the witness last cosigned a tree that ends within what was purged
   */
  anchor(request: AnchorRequest): Promise<Anchor>
  /**
   * Verifies what is stored, by the journal's rules and the country's, against the witness. Damage gives findings, never an
   * exception; the queue goes on meanwhile. Of a purged queue what is left is verified, behind the floor its `sys.purge` names.
   */
  verify(options?: Pick<VerifyOptions, 'resume' | 'progress' | 'maxFindings'>): Promise<Report>
  /**
   * Proof that a record is in the tree of the first `size` records; by default of all that are durable. After a purge: for records
   * and sizes from its floor on.
   * @throws FiscalError OPTION_INVALID when there is no such record or size, RECORD_PURGED below the floor
   */
  prove(seq: bigint, size?: bigint): Promise<{ readonly size: number; readonly root: string; readonly proof: readonly string[] }>
  /**
   * Keeps bytes beside the journal, durably, and returns their SHA-256 in hex; done before a record names it (device files, answers,
   * archives).
   * @throws FiscalError QUEUE_CLOSED, QUEUE_STOPPED, QUEUE_ENDED, or of kind storage; no record is concerned
   */
  putBlob(bytes: Uint8Array): Promise<string>
  /** Kept bytes by their SHA-256 in hex, checked on reading; undefined when there are none. */
  blob(sha256: string): Promise<Uint8Array | undefined>
  /**
   * Removes records whose years of keeping are over (FORMAT 14): `sys.purge` first, then whole segments. Ordered again after an
   * interruption it goes on.
   * @throws FiscalError OPTION_INVALID naming what is missing, or of kind storage: nothing was removed then
   */
  purge(request: PurgeRequest): Promise<Outcome>
  /** How far blanking has come (FORMAT 14); waits for what is under way. */
  blankings(): Promise<readonly Blanking[]>
  /** State of queue and store, without touching the signer. */
  health(): Promise<QueueHealth>
  /** Waits for what was accepted, writes a checkpoint when due, releases the store. The signer stays open. */
  close(): Promise<void>
}

/** State of an open queue. */
export interface QueueHealth {
  readonly state: 'open' | 'stopped' | 'closed'
  readonly stoppedBy: FiscalError | undefined
  readonly head: Head
  readonly waiting: number
  readonly warnings: readonly string[]
  readonly storage: StorageHealth
}
