// What a queue tells its country about the certificate of the key that signs: how long it still lasts, once its end is near.
import { sha256 } from '@noble/hashes/sha2.js'
import { toHex } from '../bytes.js'
import { validityOf } from '../certificate.js'
import { toTimestamp } from '../clock.js'
import type { Country, Notice } from '../country.js'
import type { GuardedSigner } from '../signer-guard-contract.js'
import { guarded, outliveCertificate } from '../signer-guard.js'
import type { Signer } from '../signer.js'

const DAY_MS = 86_400_000
const NEAR_DAYS = 60

/** How often an open queue looks. */
export const LOOK_EVERY_MS = 3_600_000

/** The notice, or undefined for a key without certificate and one that lasts. */
export function certificateNotice(signer: Signer, nowMs: number): Extract<Notice, { kind: 'certificate' }> | undefined {
  const { keyId: kid, certificates } = signer.describe()
  const [certificate] = certificates
  const validity = certificate === undefined ? undefined : validityOf(certificate)
  if (certificate === undefined || validity === undefined) return undefined
  const daysLeft = Math.floor((validity.notAfterMs - nowMs) / DAY_MS)
  if (daysLeft > NEAR_DAYS) return undefined
  const certificateId = toHex(sha256(certificate))
  return { kind: 'certificate', kid, certificateId, notAfter: toTimestamp(validity.notAfterMs), daysLeft }
}

/** The signer behind its guard, told whether this country's records outlive certificates. */
export function signerFor(signer: Signer, { recordsAfterExpiry }: Pick<Country, 'recordsAfterExpiry'>): GuardedSigner {
  const guard = guarded(signer)
  if (recordsAfterExpiry === true) outliveCertificate(guard)
  return guard
}
