// The guard around any signer (signing specification 3 and 9.2): waiting line, time-outs, abort, policy, own check of every signature,
// audit, health. Applications hold the guarded signer only; the device inside cannot be reached through it.
import { takenApprovals, type Approval } from './approvals.js'
import { auditStanding, memoryAudit, type AuditEntry, type AuditHead, type AuditLog, type AuditStanding } from './audit.js'
import { equalBytes, utf8 } from './bytes.js'
import type { CertificateValidity } from './certificate.js'
import { systemClock, type Clock } from './clock.js'
import type { FiscalError } from './errors.js'
import { isLabel, MOST_LABEL } from './label.js'
import { headerOf } from './record.js'
import { asSignerError, signerError } from './signer-codes.js'
import { CertificateGate, REVOKED } from './signer-guard-certificate.js'
import { checkRequest, probeMessage, signatureCheck, type CheckedRequest } from './signer-guard-check.js'
import { DeviceCalls } from './signer-guard-call.js'
import type { DeviceSigner, GuardedResult, GuardedSigner, GuardOptions, GuardSignOptions } from './signer-guard-contract.js'
import { HealthRecord, type SignerEvents, type SignerHealth } from './signer-guard-health.js'
import { Lanes } from './signer-guard-lanes.js'
import { PolicyGate } from './signer-guard-policy.js'
import { Replays } from './signer-guard-replay.js'
import { suites, type Suite } from './suites.js'
import type { Signer, SignerDescription, SignRequest, SignResult, SuiteId } from './signer.js'
import { randomBytes } from '#crypto'

const TIMEOUTS = { software: 2_000, pkcs11: 10_000, sam: 15_000, remote: 30_000 } as const

/**
 * A guarded signer around a device or key.
 * @throws FiscalError CONFIG_INVALID, KEY_MISMATCH when the policy does not fit the signer
 */
export function guardSigner(device: DeviceSigner, options: GuardOptions = {}): GuardedSigner {
  return new Guard(device, options)
}

const guards = new WeakMap<Signer, GuardedSigner>()

/** The signer as it is when it is guarded already; else behind a guard with the usual settings, always the same one. */
export function guarded(signer: Signer): GuardedSigner {
  if (signer instanceof Guard) return signer
  const guard = guards.get(signer) ?? guardSigner(signer)
  guards.set(signer, guard)
  return guard
}

/**
 * Lets records be signed after the end of the certificate, unless `recordsAfterExpiry` was set for this signer: the country's word, passed on by its
 * queue and by nobody who merely holds the signer.
 */
export function outliveCertificate(guard: GuardedSigner): void {
  Guard.outlive(guard)
}

interface Job {
  readonly checked: CheckedRequest
  readonly options: GuardSignOptions & { readonly approvals: readonly Approval[] }
  readonly signal: AbortSignal | undefined
  attempts: number
}

class Guard implements GuardedSigner {
  readonly #device: DeviceSigner
  readonly #description: SignerDescription
  readonly #told: SignerDescription
  readonly #options: GuardOptions
  readonly #clock: Clock
  readonly #audit: AuditLog
  readonly #lanes: Lanes
  readonly #replays: Replays<GuardedResult>
  readonly #gate: PolicyGate | undefined
  readonly #calls: DeviceCalls
  readonly #health: HealthRecord
  #recounted: Promise<void> | undefined
  readonly #certificate: CertificateGate | undefined
  #recalled: Promise<void> | undefined
  #closing: Promise<void> | undefined
  #hasEnded = false
  readonly signNow?: (message: Uint8Array) => Uint8Array

  constructor(device: DeviceSigner, given: GuardOptions) {
    // Copies: whoever holds what was given can change nothing of what is decided by it.
    const options = { ...given }
    const description = takenDescription(device.describe())
    const { limits, kind } = description
    this.#device = device
    this.#description = description
    this.#told = toldOf(description)
    this.#options = options
    this.#clock = options.clock ?? systemClock
    this.#audit = options.audit ?? memoryAudit(() => this.#clock.now())
    this.#lanes = new Lanes(
      Math.min(options.maxConcurrent ?? Infinity, limits.maxConcurrent),
      Math.min(options.maxQueue ?? Infinity, limits.maxQueue),
    )
    this.#replays = new Replays(options.replay ?? { entries: 10_000, ttlMs: 600_000 }, () => this.#clock.now())
    this.#gate = options.policy === undefined ? undefined : new PolicyGate(options.policy, description)
    this.#health = new HealthRecord(() => this.#clock.now())
    this.#certificate = CertificateGate.of(description, options)
    // A device's ECDSA signature is checked beside this thread, which goes on meanwhile: on two cores a quarter more of them a second.
    const depth = kind !== 'software' ? 'aside' : options.selfCheck === true ? 'here' : 'length'
    this.#calls = new DeviceCalls(device, signatureCheck(description), depth)
    // Signing at once passes no policy and no own check, so it is only offered where neither is wanted. The certificate costs two comparisons.
    // What the audit log knows of a revocation has to be read first, so that such a key does not sign at once either.
    const bare = depth === 'length' && this.#gate === undefined && (this.#certificate === undefined || !this.keepsAudit)
    if (bare && device.signNow !== undefined) this.signNow = (message) => this.#signNow(message)
  }

  describe(): SignerDescription {
    return this.#told
  }

  on<E extends keyof SignerEvents>(event: E, listener: (event: SignerEvents[E]) => void): () => void {
    return this.#health.on(event, listener)
  }

  auditHead(): AuditHead {
    return this.#audit.head()
  }

  auditStanding(known: AuditHead): Promise<AuditStanding> {
    return auditStanding(this.#audit, known)
  }

  async sign(request: SignRequest, options: GuardSignOptions = {}): Promise<GuardedResult> {
    this.#admit(options.signal)
    const checked = checkRequest(request, this.#description)
    const taken = takenOptions(options)
    const { idempotencyKey: key, operation, suite } = checked.request
    const start = (signal: AbortSignal | undefined): Promise<GuardedResult> =>
      this.#run({ checked, options: taken, signal, attempts: 0 })
    if (key === undefined) return start(taken.signal)
    // What was signed for one caller is not handed to another, whom the policy may not list.
    const fingerprint = [operation, suite, checked.message === undefined, checked.inputDigest, taken.caller].join()
    return this.#replays.share(key, fingerprint, taken.signal, start)
  }

  async health({ probe = false }: { readonly probe?: boolean } = {}): Promise<SignerHealth> {
    const answer = probe ? { probe: await this.#probe() } : {}
    const { state, reasons, sinceMs, lastSuccessMs, lastErrorCode } = this.#health
    const { state: deviceState, reasons: deviceReasons = [], ...rest } = this.#device.status?.() ?? {}
    const daysLeft = this.#certificateDays()
    await this.#recall()
    const concern = this.#certificate?.concern(this.#clock.now())
    const known = state === 'ready' && deviceState !== undefined ? deviceState : state
    return {
      ...rest,
      // The worse of what guard and device know; a closed guard stays closed.
      state: known === 'ready' && concern !== undefined ? (concern.stops ? 'down' : 'degraded') : known,
      reasons: [
        ...new Set([...reasons, ...deviceReasons, ...(concern === undefined ? [] : [concern.reason]), ...this.#suiteConcern()]),
      ],
      sinceMs,
      ...(lastSuccessMs !== undefined && { lastSuccessMs }),
      ...(lastErrorCode !== undefined && { lastErrorCode }),
      waiting: this.#lanes.waiting,
      inFlight: this.#lanes.busy,
      quarantined: this.#calls.quarantined,
      ...(daysLeft !== undefined && { certificateDaysLeft: daysLeft }),
      ...(this.#certificate !== undefined && { certificate: validityIn(this.#certificate.active) }),
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
    const working = this.#lanes.busy > this.#calls.quarantined || this.#lanes.waiting > 0
    if (working) await Promise.race([this.#lanes.idle(), late])
    clearTimeout(timer)
    this.#hasEnded = true
    this.#lanes.refuseAll(closed())
    this.#calls.abandonAll(signerError('CLOSED', { message: 'the signer was closed while signing', outcome: 'unknown' }))
    try {
      await this.#device.close()
    } finally {
      this.#health.move('closed', [])
      await this.#options.afterClose?.()
    }
  }

  #signNow(message: Uint8Array): Uint8Array {
    if (this.#closing !== undefined) throw closed()
    // Only a record is audited by itself: anything else would leave no line.
    if (this.keepsAudit && !isRecordOf(this.#description, message))
      throw signerError('REQUEST_INVALID', { message: 'at once only records are signed; use sign' })
    const refusal = this.#certificateRefusal('record')
    if (refusal !== undefined) throw refusal
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
      const late = this.#refusalByNow(job.checked.request.operation)
      if (late !== undefined) {
        release()
        throw late
      }
      const startedMs = this.#clock.now()
      const { signature, deviceCounter } = await this.#call(job, release)
      counted = false
      const { keyId } = this.#description
      const audit = await this.#auditSigned(job, signature, startedMs, deviceCounter)
      this.#health.succeeded()
      const times = { attempts: job.attempts, queuedMs: startedMs - askedMs, signMs: this.#clock.now() - startedMs }
      return Object.freeze({
        signature,
        suite: job.checked.request.suite,
        keyId,
        ...(this.#certificateId !== undefined && { certificateId: this.#certificateId }),
        ...times,
        ...(deviceCounter !== undefined && { deviceCounter }),
        ...(audit !== undefined && { audit }),
      })
    } catch (error) {
      const failure = asSignerError(error)
      if (counted && failure.details['outcome'] === 'not-signed') this.#gate?.giveBack(job.checked.request, askedMs)
      this.#health.failed(failure)
      const noted = this.#auditFailed(job, failure)
      // Who gave up or ran out of time is answered at once.
      if (failure.details['outcome'] !== 'unknown') await noted
      throw failure
    }
  }

  // What may have happened while the request stood in line: closed, revoked, expired, suspended.
  #refusalByNow(operation: string): FiscalError | undefined {
    return this.#hasEnded ? closed() : (this.#certificateRefusal(operation) ?? this.#gate?.suspension())
  }

  // An allowed request that came to nothing. A record's failure is told by the queue, which is asked again and again meanwhile.
  async #auditFailed(job: Job, { code, details }: FiscalError): Promise<void> {
    if (code === 'SIGN_SELF_CHECK_FAILED' || this.#isAuditedByRecord(job)) return
    await this.#note(job, { event: 'failed', code, outcome: textOf(details['outcome']) })
  }

  // A record's signature is audited by the record itself, which is durable before anything leaves the queue.
  #isAuditedByRecord({ checked: { request } }: Job): boolean {
    return request.operation === 'record' && this.#gate?.mustAudit(request.operation) !== true
  }

  #call(job: Job, release: () => void): Promise<SignResult> {
    const timeoutMs = job.options.timeoutMs ?? this.#options.timeoutMs ?? TIMEOUTS[this.#description.kind]
    const note = (entry: AuditEntry): Promise<void> => this.#note(job, entry)
    return this.#calls.call(job, { signal: job.signal, timeoutMs, release, note, mayRetry: () => this.#closing === undefined })
  }

  async #decide(job: Job): Promise<void> {
    await this.#recall()
    const refusal = this.#certificateRefusal(job.checked.request.operation) ?? (await this.#policyRefusal(job))
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
    return gate.decide({ checked, caller: options.caller, approvals: options.approvals }, this.#clock.now())
  }

  static outlive(guard: GuardedSigner): void {
    if (guard instanceof Guard) guard.#certificate?.outlived()
  }

  #certificateRefusal(operation: string): FiscalError | undefined {
    const now = this.#clock.now()
    this.#certificateDays(now)
    return this.#certificate?.refusal(operation, now)
  }

  // Looking is what warns: at every signature and every health report.
  #certificateDays(now = this.#clock.now()): number | undefined {
    const daysLeft = this.#certificate?.warning(now)
    if (daysLeft !== undefined) this.#health.emit('certificate-expiring', { daysLeft })
    return this.#certificate?.daysLeft(now)
  }

  get keepsAudit(): boolean {
    return this.#options.audit !== undefined
  }

  get #certificateId(): string | undefined {
    const id = this.#certificate?.certificateId
    return id === '' ? undefined : id
  }

  // A suite whose end is set and near: signatures made now will need an older proof of existence then (signing specification 2).
  #suiteConcern(): readonly string[] {
    const [{ warnFrom }, ...others] = this.#description.suites.map((id) => suites[id]) as [Suite, ...Suite[]]
    const ending = warnFrom !== undefined && others.every((one) => one.warnFrom !== undefined)
    return ending && this.#clock.now() >= Date.parse(warnFrom) ? ['SUITE_ENDING'] : []
  }

  #recall(): Promise<void> {
    return (this.#recalled ??= this.#certificate?.recall(this.#audit) ?? Promise.resolve())
  }

  async revoke({ sinceMs, reason }: { readonly sinceMs: number; readonly reason: string }): Promise<void> {
    this.#certificate?.revoked(sinceMs)
    this.#health.move('down', ['CERT_REVOKED'])
    const certificate = this.#certificate?.certificateId ?? ''
    const { keyId } = this.#description
    await this.#audit.append({ event: REVOKED, certificate, keyId, reason, since: new Date(sinceMs).toISOString() })
  }

  async #auditSigned(
    job: Job,
    signature: Uint8Array,
    startedMs: number,
    deviceCounter: number | undefined,
  ): Promise<AuditHead | undefined> {
    if (this.#isAuditedByRecord(job)) return undefined
    const approvals = job.options.approvals.map(({ statement }) => statement.nonce)
    const used = approvals.length > 0 && { approvals }
    try {
      return await this.#audit.append(
        this.#entry(job, { event: 'signed', durationMs: this.#clock.now() - startedMs, deviceCounter, ...used }),
      )
    } catch (cause) {
      signature.fill(0)
      const message = 'the audit log cannot be written; the signature was destroyed'
      throw signerError('CONFIG_INVALID', { message, reason: 'audit-failed', outcome: 'signed-discarded', cause })
    }
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
      keyId: this.#description.keyId,
      input: checked.inputDigest,
      attempts,
      ...(this.#certificateId !== undefined && { certificate: this.#certificateId }),
      ...(context !== undefined && { context }),
      ...(options.caller !== undefined && { caller: options.caller }),
      ...(gate !== undefined && { policy: gate.hash }),
    }
  }

  async #probe(): Promise<string> {
    const { capabilities, suites } = this.#description
    if (capabilities.countsSignatures || capabilities.perUseAuthentication) return 'OPERATION_NOT_ALLOWED'
    try {
      await this.sign({ operation: 'probe', suite: suites[0] as SuiteId, input: { message: probeMessage(randomBytes(32)) } })
      return 'ok'
    } catch (error) {
      return asSignerError(error).code
    }
  }
}

function isRecordOf({ alg, keyId }: SignerDescription, message: Uint8Array): boolean {
  const start = utf8(`${headerOf(alg, keyId)}.`)
  return equalBytes(message.subarray(0, start.length), start)
}

function takenDescription(given: SignerDescription): SignerDescription {
  const { suites: ids, publicJwk, publicKeySpki, certificates, hardware, limits, capabilities } = given
  return Object.freeze({
    ...given,
    suites: Object.freeze([...ids]),
    publicJwk: Object.freeze({ ...publicJwk }),
    publicKeySpki: new Uint8Array(publicKeySpki),
    certificates: Object.freeze(certificates.map((der) => new Uint8Array(der))),
    ...(hardware !== undefined && { hardware: Object.freeze({ ...hardware }) }),
    limits: Object.freeze({ ...limits }),
    capabilities: Object.freeze({ ...capabilities }),
  })
}

// For whoever asks: the same object each time, its bytes copied when they are looked at (measured: a copy of all at each record costs a fortieth of it).
function toldOf(description: SignerDescription): SignerDescription {
  const { publicKeySpki, certificates } = description
  return Object.freeze({
    ...description,
    get publicKeySpki() {
      return new Uint8Array(publicKeySpki)
    },
    get certificates() {
      return Object.freeze(certificates.map((der) => new Uint8Array(der)))
    },
  })
}

function takenOptions({ signal, queueTimeoutMs, timeoutMs, caller, approvals: given }: GuardSignOptions): Job['options'] {
  const refused = (message: string): FiscalError => signerError('REQUEST_INVALID', { message })
  if (caller !== undefined && !isLabel(caller)) throw refused(`caller is a text of 1 to ${MOST_LABEL} characters`)
  const approvals = given === undefined ? [] : takenApprovals(given)
  if (approvals === undefined) throw refused('approvals are not in form')
  return {
    approvals,
    ...(signal !== undefined && { signal }),
    ...(queueTimeoutMs !== undefined && { queueTimeoutMs }),
    ...(timeoutMs !== undefined && { timeoutMs }),
    ...(caller !== undefined && { caller }),
  }
}

function validityIn({ notBeforeMs, notAfterMs }: CertificateValidity): CertificateValidity {
  return { notBeforeMs, notAfterMs }
}

function closed(): FiscalError {
  return signerError('CLOSED', { message: 'the signer is closed' })
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}
