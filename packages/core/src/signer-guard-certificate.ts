// The active certificate in front of the key (signing specification 10): outside its validity, and once it is known to be revoked, nothing
// is signed that rests on it; its end is announced 60, 30, 14, 7, 3 and 1 days before.
import type { CertificateValidity } from './certificate.js'
import { validityOf } from './certificate.js'
import type { FiscalError } from './errors.js'
import { toHex } from './bytes.js'
import type { AuditLog } from './audit.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { signerError } from './signer-codes.js'
import type { SignerDescription } from './signer.js'

const DAY = 86_400_000
const WARNING_DAYS = [1, 3, 7, 14, 30, 60]

/**
 * What needs no valid certificate: a request for a new one, proof of holding the key, and looking whether the key still works. Were they
 * refused, an expired certificate could only be replaced together with its key.
 */
const WITHOUT: ReadonlySet<string> = new Set(['csr', 'key-possession', 'probe'])

/** Event of the audit log by which a revocation outlives the process. */
export const REVOKED = 'certificate-revoked'

/** What is known of the active certificate. */
export interface ActiveCertificate extends CertificateValidity {
  /** Known to be revoked since then, milliseconds since 1970. */
  readonly revokedMs?: number
}

/** How a certificate is watched. */
export interface CertificateWatch {
  /** The certificate's facts; those of the signer's first certificate when left out. */
  readonly certificate?: ActiveCertificate
  /** Let journal records be signed after the end of the certificate: they rest on the key, which the journal names. Left out, as the country says. */
  readonly recordsAfterExpiry?: boolean
}

/** Judges each signature by the certificate, and tells once per step how long it still lasts. */
export class CertificateGate {
  readonly active: ActiveCertificate
  /** Lower-case hex SHA-256 of its DER; empty when only its dates are known. */
  readonly certificateId: string
  #recordsAfterExpiry: boolean | undefined
  #warnedDays = Infinity
  #revokedMs: number | undefined

  private constructor(active: ActiveCertificate, certificateId: string, recordsAfterExpiry: boolean | undefined) {
    this.active = active
    this.certificateId = certificateId
    this.#revokedMs = active.revokedMs
    this.#recordsAfterExpiry = recordsAfterExpiry
  }

  /** A gate, or undefined for a key without certificate. */
  static of({ certificates }: SignerDescription, watch: CertificateWatch): CertificateGate | undefined {
    const [first] = certificates
    const active =
      watch.certificate === undefined ? (first === undefined ? undefined : validityOf(first)) : { ...watch.certificate }
    return active === undefined
      ? undefined
      : new CertificateGate(active, first === undefined ? '' : toHex(sha256(first)), watch.recordsAfterExpiry)
  }

  /** Takes what earlier processes learnt from the audit log. */
  async recall(audit: AuditLog): Promise<void> {
    for await (const line of audit.read()) {
      if (line['event'] === REVOKED && line['certificate'] === this.certificateId) this.revoked(Date.parse(String(line['since'])))
    }
  }

  /** Records rest on the key alone, unless the guard was told otherwise. */
  outlived(): void {
    this.#recordsAfterExpiry ??= true
  }

  /** From now on the certificate counts as revoked. */
  revoked(sinceMs: number): void {
    this.#revokedMs = Math.min(sinceMs, this.#revokedMs ?? Infinity)
  }

  /** Why nothing is signed for this operation now, or undefined. */
  refusal(operation: string, nowMs: number): FiscalError | undefined {
    if (WITHOUT.has(operation)) return undefined
    if (this.#revokedMs !== undefined && nowMs >= this.#revokedMs)
      return signerError('CERT_REVOKED', { message: 'the certificate of this key was revoked' })
    if (nowMs < this.active.notBeforeMs)
      return signerError('CERT_NOT_YET_VALID', { message: 'the certificate of this key is not valid yet' })
    if (nowMs <= this.active.notAfterMs || (this.#recordsAfterExpiry === true && operation === 'record')) return undefined
    return signerError('CERT_EXPIRED', { message: 'the certificate of this key has expired' })
  }

  /** Whole days until the end; negative once it is over. */
  daysLeft(nowMs: number): number {
    return Math.floor((this.active.notAfterMs - nowMs) / DAY)
  }

  /** What health says of it: undefined while all is well; `CERT_EXPIRING` in its last 30 days. */
  concern(nowMs: number): { readonly stops: boolean; readonly reason: string } | undefined {
    const refusal = this.refusal('record', nowMs)
    if (refusal !== undefined) return { stops: true, reason: refusal.code }
    const days = this.daysLeft(nowMs)
    if (days > 30) return undefined
    return { stops: false, reason: nowMs > this.active.notAfterMs ? 'CERT_EXPIRED' : 'CERT_EXPIRING' }
  }

  /** Days left, the first time they fall to the next step of warning. */
  warning(nowMs: number): number | undefined {
    const days = this.daysLeft(nowMs)
    const step = WARNING_DAYS.find((limit) => days <= limit)
    if (step === undefined || step >= this.#warnedDays) return undefined
    this.#warnedDays = step
    return days
  }
}
