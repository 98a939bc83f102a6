// Lanes without threads: the check runs where it is asked for.
import type { PublicJwk } from '../crypto-contract.js'
import type { Lanes } from './lanes-contract.js'
import { flagsOf } from './line-check.js'
import { importPublicKey } from '#crypto'
import type { VerifyingKey } from '../crypto-contract.js'

/** One lane, in place. `_bytesExpected` is a hint that only threads need. */
export function openLanes(_bytesExpected?: number): Lanes {
  const ring = new Map<string, VerifyingKey>()
  return {
    width: 1,
    check: (bytes) => flagsOf(bytes, ring),
    learn: (kid: string, jwk: PublicJwk) => {
      if (!ring.has(kid)) ring.set(kid, importPublicKey(jwk))
    },
    close: () => Promise.resolve(),
  }
}
