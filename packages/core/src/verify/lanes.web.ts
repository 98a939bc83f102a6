// Lanes without threads: the check runs where it is asked for.
import type { PublicJwk } from '../crypto-contract.js'
import type { Lanes } from './lanes-contract.js'
import { flagsOf, learnKeys, type KeyRing } from './line-check.js'

/** One lane, in place. `_bytesExpected` is a hint that only threads need. */
export function openLanes(_bytesExpected?: number): Lanes {
  const ring: KeyRing = new Map()
  return {
    width: 1,
    check: (bytes) => ({ bytes, flags: flagsOf(bytes, ring) }),
    release: () => undefined,
    learn: (kid: string, jwk: PublicJwk) => learnKeys(ring, { [kid]: jwk }),
    close: () => Promise.resolve(),
  }
}
