// What `createQueue` and `openQueue` are given.
import type { Country } from '../country.js'
import type { Clock } from '../clock.js'
import type { Signer } from '../signer.js'
import type { Predecessor } from '../verify/predecessor.js'
import type { OpenWriterOptions, Storage, Witness } from '../storage.js'

/** Parts of a queue. */
export interface QueueOptions extends OpenWriterOptions {
  /** The queue's UUID, or the name it was created with; compared at opening. */
  readonly id?: string
  // Countries differ in their requests and states; a queue hands them back to the country that made them and never looks inside.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  readonly country: Country<any, any, any>
  readonly storage: Storage
  /** Signs the records. One without core's guard is put behind it. */
  readonly signer: Signer
  /** Time; the machine's clock when absent. */
  readonly clock?: Clock
  /** A head kept outside the queue's storage: the only thing that notices a lost end of the journal. */
  readonly witness?: Witness
  /** What to do when nothing is stored at the place: `never` (default) refuses, `if-missing` creates the queue. */
  readonly create?: 'never' | 'if-missing'
  /** Requests that may wait; one more is refused with QUEUE_FULL. 1–1,000,000, default 4,096. */
  readonly maxWaiting?: number
  /** A new queue's segment holds 2^segBits records; 6–16, default 12. */
  readonly segBits?: number
  /** Name and version of the till software, written into `sys.*` records. */
  readonly software?: string
  /**
   * The queue this new one continues, written into its genesis (FORMAT 4, 10.6): `lastGood` of `@sigillo/core/verify` reads it from the
   * old journal. Numbers and totals begin anew.
   */
  readonly predecessor?: Predecessor
}
