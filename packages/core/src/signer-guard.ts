// The guard around any signer (signing specification 3 and 9.2): waiting line, time-outs, abort, policy, own check of every signature,
// audit, health. Applications hold the guarded signer only; the device inside cannot be reached through it.
import type { Approval } from './approvals.js'
import { memoryAudit, type AuditEntry, type AuditHead, type AuditLog } from './audit.js'
import { systemClock, type Clock } from './clock.js'
import { FiscalError, isFiscalError } from './errors.js'
import type { KeyPolicy } from './key-policy.js'
import { signerCodes, signerError, type SignerCode } from './signer-codes.js'
import { checkRequest, probeMessage, signatureCheck, type CheckedRequest, type SignatureCheck } from './signer-guard-check.js'
import { HealthRecord, type DeviceStatus, type SignerEvents, type SignerHealth } from './signer-guard-health.js'
import { Lanes, type Release } from './signer-guard-lanes.js'
import { PolicyGate } from './signer-guard-policy.js'
import { Replays, type ReplayLimits } from './signer-guard-replay.js'
import type { Signer, SignerDescription, SignRequest, SignResult, SuiteId } from './signer.js'
import { randomBytes } from '#crypto'

/** What a device's author writes: the Signer port, and a status from memory if there is something to tell. */
export interface DeviceSigner extends Signer {
  status?(): DeviceStatus
}

/** How a signer is guarded. */
export interface GuardOptions {
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
  /** Validity of the active certificate, milliseconds since 1970; outside of it nothing is signed. */
  readonly certificate?: { readonly notBeforeMs: number; readonly notAfterMs: number }
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
  /** Accepts nothing more, waits `drainMs` (5,000) for what is at work, then ends the device. Idempotent. */
  close(options?: { readonly drainMs?: number }): Promise<void>
}

const TIMEOUTS = { software: 2_000, pkcs11: 10_000, sam: 15_000, remote: 30_000 } as const
const DAY = 86_400_000

/**
 * A guarded signer around a device or key.
 * @throws FiscalError CONFIG_INVALID, KEY_MISMATCH when the policy does not fit the signer
 */
export function guardSigner(device: DeviceSigner, options: GuardOptions = {}): GuardedSigner {
  return new Guard(device, options)
}

interface Job {
  readonly checked: CheckedRequest
  readonly options: GuardSignOptions
  readonly signal: AbortSignal | undefined
  attempts: number
}

class Guard implements GuardedSigner {
  readonly #device: DeviceSigner
  readonly #options: GuardOptions
  readonly #clock: Clock
  readonly #audit: AuditLog
  readonly #lanes: Lanes
  readonly #replays: Replays<GuardedResult>
  readonly #gate: PolicyGate | undefined
  readonly #check: SignatureCheck
  readonly #checksAlways: boolean
  readonly #health: HealthRecord
  readonly #abandon = new Set<(error: FiscalError) => void>()
  #recounted: Promise<void> | undefined
  #quarantined = 0
  #warnedDays = Infinity
  #closing: Promise<void> | undefined
  readonly signNow?: (message: Uint8Array) => Uint8Array

  constructor(device: DeviceSigner, options: GuardOptions) {
    const description = device.describe()
    const { limits, kind } = description
    this.#device = device
    this.#options = options
    this.#clock = options.clock ?? systemClock
    this.#audit = options.audit ?? memoryAudit(() => this.#clock.now())
    this.#lanes = new Lanes(
      Math.min(options.maxConcurrent ?? Infinity, limits.maxConcurrent),
      Math.min(options.maxQueue ?? Infinity, limits.maxQueue),
    )
    this.#replays = new Replays(options.replay ?? { entries: 10_000, ttlMs: 600_000 }, () => this.#clock.now())
    this.#gate = options.policy === undefined ? undefined : new PolicyGate(options.policy, description)
    this.#check = signatureCheck(description)
    this.#checksAlways = kind !== 'software' || options.selfCheck === true
    this.#health = new HealthRecord(() => this.#clock.now())
    const bare = kind === 'software' && !this.#checksAlways && this.#gate === undefined && options.certificate === undefined
    if (bare && device.signNow !== undefined) this.signNow = (message) => this.#signNow(message)
  }

  describe(): SignerDescription {
    return this.#device.describe()
  }

  on<E extends keyof SignerEvents>(event: E, listener: (event: SignerEvents[E]) => void): () => void {
    return this.#health.on(event, listener)
  }

  auditHead(): AuditHead {
    return this.#audit.head()
  }

  async sign(request: SignRequest, options: GuardSignOptions = {}): Promise<GuardedResult> {
    this.#admit(options.signal)
    const checked = checkRequest(request, this.describe())
    const { idempotencyKey: key, operation, suite } = request
    const start = (signal: AbortSignal | undefined): Promise<GuardedResult> =>
      this.#run({ checked, options, signal, attempts: 0 })
    if (key === undefined) return start(options.signal)
    const fingerprint = [operation, suite, 'digest' in request.input, checked.inputDigest].join()
    return this.#replays.share(key, fingerprint, options.signal, start)
  }

  async health({ probe = false }: { readonly probe?: boolean } = {}): Promise<SignerHealth> {
    const answer = probe ? { probe: await this.#probe() } : {}
    const { state, reasons, sinceMs, lastSuccessMs, lastErrorCode } = this.#health
    const { state: deviceState, reasons: deviceReasons = [], ...rest } = this.#device.status?.() ?? {}
    const daysLeft = this.#certificateDays()
    return {
      ...rest,
      // The worse of what guard and device know; a closed guard stays closed.
      state: state === 'ready' && deviceState !== undefined ? deviceState : state,
      reasons: [...reasons, ...deviceReasons],
      sinceMs,
      ...(lastSuccessMs !== undefined && { lastSuccessMs }),
      ...(lastErrorCode !== undefined && { lastErrorCode }),
      waiting: this.#lanes.waiting,
      inFlight: this.#lanes.busy,
      quarantined: this.#quarantined,
      ...(daysLeft !== undefined && { certificateDaysLeft: daysLeft }),
      ...answer,
    }
  }

  close({ drainMs = 5_000 }: { readonly drainMs?: number } = {}): Promise<void> {
    this.#closing ??= this.#close(drainMs)
    return this.#closing
  }

  async #close(drainMs: number): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, drainMs)
    })
    // Calls already given up on are not waited for: they may never return.
    const working = this.#lanes.busy > this.#quarantined || this.#lanes.waiting > 0
    if (working) await Promise.race([this.#lanes.idle(), late])
    clearTimeout(timer)
    this.#lanes.refuseAll(closed())
    for (const abandon of this.#abandon)
      abandon(signerError('CLOSED', { message: 'the signer was closed while signing', outcome: 'unknown' }))
    await this.#device.close()
    this.#health.move('closed', [])
  }

  #signNow(message: Uint8Array): Uint8Array {
    if (this.#closing !== undefined) throw closed()
    return (this.#device.signNow as (message: Uint8Array) => Uint8Array).call(this.#device, message)
  }

  #admit(signal: AbortSignal | undefined): void {
    if (this.#closing !== undefined) throw closed()
    if (signal?.aborted === true) throw signerError('ABORTED', { message: 'cancelled; nothing was sent to the signer' })
    if (this.#health.reasons.includes('SIGN_SELF_CHECK_FAILED')) {
      throw signerError('SIGN_SELF_CHECK_FAILED', { message: 'this signer returned a wrong signature earlier and is down' })
    }
  }

  async #run(job: Job): Promise<GuardedResult> {
    const askedMs = this.#clock.now()
    await this.#decide(job)
    let counted = this.#gate !== undefined
    try {
      const release = await this.#lanes.enter({
        signal: job.signal,
        queueTimeoutMs: job.options.queueTimeoutMs ?? this.#options.queueTimeoutMs ?? 30_000,
      })
      const startedMs = this.#clock.now()
      const { signature, deviceCounter } = await this.#operate(job, release)
      counted = false
      const { keyId } = this.describe()
      const audit = await this.#auditSigned(job, signature, startedMs)
      this.#health.succeeded()
      const times = { attempts: job.attempts, queuedMs: startedMs - askedMs, signMs: this.#clock.now() - startedMs }
      return Object.freeze({
        signature,
        suite: job.checked.request.suite,
        keyId,
        ...times,
        ...(deviceCounter !== undefined && { deviceCounter }),
        ...(audit !== undefined && { audit }),
      })
    } catch (error) {
      const failure = asSignerError(error)
      if (counted && failure.details['outcome'] === 'not-signed') this.#gate?.giveBack(job.checked.request.operation, askedMs)
      this.#health.failed(failure)
      throw failure
    }
  }

  async #decide(job: Job): Promise<void> {
    const refusal = this.#certificateRefusal() ?? (await this.#policyRefusal(job))
    if (refusal === undefined) return
    await this.#note(job, { event: 'refused', code: refusal.code, reason: textOf(refusal.details['reason']) })
    if (this.#gate?.violated(this.#clock.now()) === true) {
      await this.#note(job, { event: 'suspended' })
      this.#health.move('locked', ['SUSPENDED'])
    }
    throw refusal
  }

  async #policyRefusal({ checked, options }: Job): Promise<FiscalError | undefined> {
    const gate = this.#gate
    if (gate === undefined) return undefined
    this.#recounted ??= gate.recount(this.#audit)
    await this.#recounted
    if (gate.isSuspended) this.#health.move('locked', ['SUSPENDED'])
    return gate.decide({ checked, caller: options.caller, approvals: options.approvals ?? [] }, this.#clock.now())
  }

  #certificateRefusal(): FiscalError | undefined {
    const { certificate } = this.#options
    const days = this.#certificateDays()
    if (certificate === undefined || days === undefined) return undefined
    const now = this.#clock.now()
    if (now < certificate.notBeforeMs)
      return signerError('CERT_NOT_YET_VALID', { message: 'the certificate of this key is not valid yet' })
    if (now > certificate.notAfterMs) return signerError('CERT_EXPIRED', { message: 'the certificate of this key has expired' })
    return undefined
  }

  #certificateDays(): number | undefined {
    const { certificate } = this.#options
    if (certificate === undefined) return undefined
    const days = Math.floor((certificate.notAfterMs - this.#clock.now()) / DAY)
    const step = [1, 3, 7, 14, 30, 60].find((limit) => days <= limit)
    if (step !== undefined && step < this.#warnedDays) {
      this.#warnedDays = step
      this.#health.emit('certificate-expiring', { daysLeft: days })
    }
    return days
  }

  // One operation in its lane. Whoever waits is answered at the time-out or abort; the lane is freed only when the device returns.
  #operate(job: Job, release: Release): Promise<SignResult> {
    const { signal } = job
    const timeoutMs = job.options.timeoutMs ?? this.#options.timeoutMs ?? TIMEOUTS[this.describe().kind]
    const controller = new AbortController()
    return new Promise((resolve, reject) => {
      let abandoned = false
      const finish = (): void => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', onAbort)
        this.#abandon.delete(abandon)
      }
      const abandon = (error: FiscalError): void => {
        abandoned = true
        this.#quarantined++
        finish()
        controller.abort()
        reject(error)
      }
      const onAbort = (): void =>
        abandon(signerError('ABORTED', { message: 'cancelled while the device was signing', outcome: 'unknown' }))
      const onTime = (): void =>
        abandon(signerError('TIMEOUT', { message: `no answer within ${timeoutMs} ms`, outcome: 'unknown' }))
      const timer = setTimeout(onTime, timeoutMs)
      signal?.addEventListener('abort', onAbort)
      this.#abandon.add(abandon)
      const returned = (settle: () => void, late: () => void): void => {
        if (abandoned) {
          this.#quarantined--
          late()
        } else {
          finish()
          settle()
        }
        release()
      }
      this.#attempts(job, controller.signal).then(
        (result) =>
          returned(
            () => resolve(result),
            () => void this.#discard(job, result),
          ),
        (error: unknown) =>
          returned(
            () => reject(error as Error),
            () => {},
          ),
      )
    })
  }

  // A signer that has to recover says so and recovers when called again (signing specification 3.4): once, and never where a signature may
  // have been counted.
  async #attempts(job: Job, signal: AbortSignal): Promise<SignResult> {
    try {
      return await this.#attempt(job, signal)
    } catch (error) {
      const { class: name, outcome } = asSignerError(error).details
      if (name !== 'recoverable' || outcome !== 'not-signed' || signal.aborted || this.#closing !== undefined) throw error
      return this.#attempt(job, signal)
    }
  }

  async #attempt(job: Job, signal: AbortSignal): Promise<SignResult> {
    job.attempts++
    const result = await this.#device.sign(job.checked.forDevice, { signal })
    if (this.#check.holds(job.checked, result?.signature, this.#checksAlways)) return result
    if (result?.signature instanceof Uint8Array) result.signature.fill(0)
    const error = signerError('SIGN_SELF_CHECK_FAILED', {
      message: 'the device returned a wrong signature; it was destroyed',
      outcome: 'signed-discarded',
    })
    this.#health.failed(error)
    await this.#note(job, { event: 'self-check-failed', code: error.code })
    throw error
  }

  async #auditSigned(job: Job, signature: Uint8Array, startedMs: number): Promise<AuditHead | undefined> {
    const { operation } = job.checked.request
    // A record's signature is audited by the record itself, which is durable before anything leaves the queue.
    if (operation === 'record' && this.#gate?.mustAudit(operation) !== true) return undefined
    const approvals = job.options.approvals?.map(({ statement }) => statement.nonce)
    try {
      return await this.#audit.append(
        this.#entry(job, { event: 'signed', durationMs: this.#clock.now() - startedMs, ...(approvals && { approvals }) }),
      )
    } catch (cause) {
      signature.fill(0)
      const message = 'the audit log cannot be written; the signature was destroyed'
      throw signerError('CONFIG_INVALID', { message, reason: 'audit-failed', outcome: 'signed-discarded', cause })
    }
  }

  async #discard(job: Job, { signature }: SignResult): Promise<void> {
    const valid = this.#check.holds(job.checked, signature, true)
    if (signature instanceof Uint8Array) signature.fill(0)
    await this.#note(job, { event: 'late-discarded', valid })
  }

  // For events that explain a failure already on its way: a log that fails as well only adds a reason.
  async #note(job: Job, entry: AuditEntry): Promise<void> {
    try {
      await this.#audit.append(this.#entry(job, entry))
    } catch {
      if (this.#health.state === 'ready') this.#health.move('degraded', ['AUDIT_FAILED'])
    }
  }

  #entry({ checked, options, attempts }: Job, entry: AuditEntry): AuditEntry {
    const { operation, suite, context } = checked.request
    const gate = this.#gate
    return {
      ...entry,
      operation,
      suite,
      keyId: this.describe().keyId,
      input: checked.inputDigest,
      attempts,
      ...(context !== undefined && { context }),
      ...(options.caller !== undefined && { caller: options.caller }),
      ...(gate !== undefined && { policy: gate.hash }),
    }
  }

  async #probe(): Promise<string> {
    const { capabilities, suites } = this.describe()
    if (capabilities.countsSignatures || capabilities.perUseAuthentication) return 'OPERATION_NOT_ALLOWED'
    try {
      await this.sign({ operation: 'probe', suite: suites[0] as SuiteId, input: { message: probeMessage(randomBytes(32)) } })
      return 'ok'
    } catch (error) {
      return asSignerError(error).code
    }
  }
}

function closed(): FiscalError {
  return signerError('CLOSED', { message: 'the signer is closed' })
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

// Whatever a device throws becomes an error of the table. Its own text is left out: nobody knows what it quotes.
function asSignerError(error: unknown): FiscalError {
  if (isFiscalError(error) && error.kind === 'signer' && Object.hasOwn(signerCodes, error.code as SignerCode)) return error
  const code = (error as { readonly code?: unknown } | null | undefined)?.code
  const nativeCode = typeof code === 'string' && /^[A-Z0-9_]{1,64}$/.test(code) ? code : undefined
  const message = 'the signer failed in a way it does not explain'
  return signerError('DEVICE_FAULT', { message, outcome: 'unknown', ...(nativeCode !== undefined && { nativeCode }) })
}
