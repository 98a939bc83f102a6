// What a guarded signer offers and how it is set up (signing specification 3.1): the names applications see.
import type { Approval } from './approvals.js'
import type { AuditHead, AuditLog, AuditStanding } from './audit.js'
import type { Clock } from './clock.js'
import type { CertificateWatch } from './signer-guard-certificate.js'
import type { KeyPolicy } from './key-policy.js'
import type { DeviceStatus, SignerEvents, SignerHealth } from './signer-guard-health.js'
import type { ReplayLimits } from './signer-guard-replay.js'
import type { Signer, SignRequest, SignResult, SuiteId } from './signer.js'

/** What a device's author writes: the Signer port, and a status from memory if there is something to tell. */
export interface DeviceSigner extends Signer {
  status?(): DeviceStatus
}

/** How a signer is guarded. */
export interface GuardOptions extends CertificateWatch {
  /** Check each signature of a software key, at twice its cost; devices and remote signers are always checked. Default false. */
  readonly selfCheck?: boolean
  readonly policy?: KeyPolicy
  /** Where decisions are written; in memory when left out. */
  readonly audit?: AuditLog
  readonly clock?: Clock
  /** Calls at once and callers waiting; the device's own limits when lower. */
  readonly maxConcurrent?: number
  readonly maxQueue?: number
  /** Longest wait for a turn; 30 s. */
  readonly queueTimeoutMs?: number
  /** Longest operation; 2 s software, 10 s pkcs11, 15 s sam, 30 s remote. */
  readonly timeoutMs?: number
  /** Results remembered by idempotency key; 10,000 for 10 minutes. */
  readonly replay?: ReplayLimits
  /** Called once after the device was closed: for what lives and ends with this signer, as the file of its audit log. */
  readonly afterClose?: () => Promise<void>
}

/** What a caller may say about one signature. */
export interface GuardSignOptions {
  readonly signal?: AbortSignal
  readonly queueTimeoutMs?: number
  readonly timeoutMs?: number
  /** Application identity, as the policy's `callers` name it. */
  readonly caller?: string
  readonly approvals?: readonly Approval[]
}

/** A signature and how it came about. */
export interface GuardedResult extends SignResult {
  readonly suite: SuiteId
  readonly keyId: string
  /** Lower-case hex SHA-256 of the active certificate, where there is one. */
  readonly certificateId?: string
  readonly attempts: number
  readonly queuedMs: number
  readonly signMs: number
  /** Head of the audit log after this signature, where it was written there. */
  readonly audit?: AuditHead
}

/** A signer that may be handed to applications. */
export interface GuardedSigner extends Signer {
  /** @throws FiscalError of kind signer; details.outcome says whether a signature was made */
  sign(request: SignRequest, options?: GuardSignOptions): Promise<GuardedResult>
  /** The state from memory; with `probe` after one signature over random bytes, where policy and device allow it. */
  health(options?: { readonly probe?: boolean }): Promise<SignerHealth>
  /** Listens; the function returned stops it. */
  on<E extends keyof SignerEvents>(event: E, listener: (event: SignerEvents[E]) => void): () => void
  /** Where the audit log stands, for the journal. */
  auditHead(): AuditHead
  /** Whether the log, read anew from where it is kept, still holds the line it was said to have reached, and the newest. */
  auditStanding(known: AuditHead): Promise<AuditStanding>
  /** True when a log was given that outlives this signer: its head then enters the journal at each closing. */
  readonly keepsAudit: boolean
  /** From now on the active certificate counts as revoked: an authority said so. Written to the audit log. */
  revoke(since: { readonly sinceMs: number; readonly reason: string }): Promise<void>
  /** Accepts nothing more, waits `drainMs` (5,000) for what is at work, then ends the device. Idempotent. */
  close(options?: { readonly drainMs?: number }): Promise<void>
}
