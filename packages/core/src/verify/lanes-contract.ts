// Lanes: where the per-line checks of verification run. Under Node in worker threads, elsewhere in place; chosen by export
// condition behind `#lanes`.
import type { PublicJwk } from '../crypto-contract.js'

/** Checks chunks of whole lines, several at once. */
export interface Lanes {
  /** How many chunks are worth having under way. */
  readonly width: number
  /** One byte of flags for each line (line-check.ts). The bytes must not be changed until it resolves. */
  check(bytes: Uint8Array): Promise<Uint8Array> | Uint8Array
  /** Makes a key known to every chunk handed in from now on. */
  learn(kid: string, jwk: PublicJwk): void
  close(): Promise<void>
}
