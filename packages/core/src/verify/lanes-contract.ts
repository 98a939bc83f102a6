// Lanes: where the per-line checks of verification run. Under Node in worker threads, elsewhere in place; chosen by export
// condition behind `#lanes`.
import type { PublicJwk } from '../crypto-contract.js'

/** A checked chunk. */
export interface Checked {
  /** What was checked: the caller's bytes, or a copy of them. */
  readonly bytes: Uint8Array
  /** One byte for each line (line-check.ts). */
  readonly flags: Uint8Array
}

/** Checks chunks of whole lines, several at once. */
export interface Lanes {
  /** How many chunks are worth having under way. */
  readonly width: number
  /** Checks a chunk. The caller may change its bytes as soon as this returns. */
  check(bytes: Uint8Array): Promise<Checked> | Checked
  /** The bytes of a checked chunk are no longer needed. */
  release(bytes: Uint8Array): void
  /** Makes a key known to every chunk handed in from now on. */
  learn(kid: string, jwk: PublicJwk): void
  close(): Promise<void>
}
