// The key policy at work in front of one key (signing specification 9.2): counts that survive a restart because they are read back from the
// audit log, approvals used once, suspension after repeated violations.
import { approvalRefusal, type Approval } from './approvals.js'
import type { AuditLog } from './audit.js'
import type { FiscalError } from './errors.js'
import { policyHash, policyRefusal, type KeyPolicy } from './key-policy.js'
import { takenPolicy } from './key-policy-check.js'
import { formatRefusal } from './signed-format.js'
import { signerError } from './signer-codes.js'
import type { CheckedRequest } from './signer-guard-check.js'
import type { SignerDescription } from './signer.js'

const MINUTE = 60_000

/** Signatures or violations per minute, no further back than a day. */
class Tally {
  readonly #minutes = new Map<number, number>()

  add(atMs: number, by = 1): void {
    const minute = Math.floor(atMs / MINUTE)
    this.#minutes.set(minute, (this.#minutes.get(minute) ?? 0) + by)
    // Insertion order is time order, but for a clock that stepped back; what is left over then is dropped a little later.
    for (const old of this.#minutes.keys()) {
      if (old >= minute - 24 * 60) break
      this.#minutes.delete(old)
    }
  }

  within(minutes: number, nowMs: number): number {
    const first = Math.floor(nowMs / MINUTE) - minutes
    let sum = 0
    for (const [minute, count] of this.#minutes) if (minute >= first) sum += count
    return sum
  }
}

/** One caller's request as the policy sees it. */
export interface PolicyAsk {
  readonly checked: CheckedRequest
  readonly caller: string | undefined
  readonly approvals: readonly Approval[]
}

/** A policy, bound to the key it speaks of. */
export class PolicyGate {
  readonly policy: KeyPolicy
  readonly hash: string
  readonly #signer: SignerDescription
  readonly #counts = new Map<string, Tally>()
  /** Signatures by operation and batch, for operations with a limit of that kind. */
  readonly #batches = new Map<string, number>()
  readonly #violations = new Tally()
  readonly #usedNonces = new Set<string>()
  #suspended = false

  /** @throws FiscalError CONFIG_INVALID, KEY_MISMATCH when policy and signer do not fit */
  constructor(policy: KeyPolicy, description: SignerDescription) {
    const { keyId, capabilities } = description
    const taken = takenPolicy(policy)
    if (taken.keyId !== keyId) throw signerError('KEY_MISMATCH', { message: 'the key policy binds another key', keyId })
    if (taken.requireHardware === true && !capabilities.hardwareProtected) throw floor('requireHardware')
    if (taken.requireQualifiedDevice === true && !capabilities.qualifiedDevice) throw floor('requireQualifiedDevice')
    this.policy = taken
    this.#signer = description
    this.hash = policyHash(taken)
  }

  /** Takes the counts of earlier processes from the audit log. */
  async recount(audit: AuditLog): Promise<void> {
    for await (const line of audit.read()) {
      if (line['keyId'] !== this.policy.keyId) continue
      const at = Date.parse(String(line['at']))
      if (line['event'] === 'signed') this.#count(String(line['operation']), at, textIn(line['context'], 'batch'))
      if (line['event'] === 'refused') this.#violations.add(at)
      if (line['event'] === 'suspended' && line['policy'] === this.hash) this.#suspended = true
      const used = line['approvals']
      if (line['event'] === 'signed' && Array.isArray(used)) for (const nonce of used) this.#usedNonces.add(String(nonce))
    }
  }

  get isSuspended(): boolean {
    return this.#suspended
  }

  /** Why nothing at all is signed, or undefined. */
  suspension(): FiscalError | undefined {
    const message = 'the key is suspended after repeated violations'
    return this.#suspended ? signerError('OPERATION_NOT_ALLOWED', { message, reason: 'suspended' }) : undefined
  }

  /** Why the request is refused; when it is not, it is counted and its approvals are used up. */
  decide({ checked, caller, approvals }: PolicyAsk, nowMs: number): FiscalError | undefined {
    const { operation, suite } = checked.request
    const suspension = this.suspension()
    if (suspension !== undefined) return suspension
    const tally = this.#counts.get(operation)
    const [lastHour, lastDay] = [tally?.within(60, nowMs) ?? 0, tally?.within(24 * 60, nowMs) ?? 0]
    const { context } = checked.request
    const [documentClass, batch] = [textIn(context, 'documentClass'), textIn(context, 'batch')]
    const inBatch = this.#batches.get(batchName(operation, batch)) ?? 0
    const counts = { lastHour, lastDay, inBatch }
    const facts = { operation, suite, messageBytes: checked.message?.length, caller, documentClass, batch, nowMs, ...counts }
    const refusal =
      policyRefusal(this.policy, facts) ??
      this.#formatRefusal(checked) ??
      this.#approvalRefusal(checked, caller, approvals, nowMs)
    if (refusal !== undefined) return refusal
    this.#count(operation, nowMs, batch)
    for (const { statement } of approvals) this.#usedNonces.add(statement.nonce)
    return undefined
  }

  /** Gives back what {@link decide} counted, for a request that was never signed. Approvals stay used. */
  giveBack({ operation, context }: CheckedRequest['request'], nowMs: number): void {
    this.#counts.get(operation)?.add(nowMs, -1)
    this.#countBatch(operation, textIn(context, 'batch'), -1)
  }

  /** Notes a refusal; true when it suspends the key. */
  violated(nowMs: number): boolean {
    this.#violations.add(nowMs)
    const rule = this.policy.suspend
    if (rule === undefined || this.#suspended || this.#violations.within(rule.minutes, nowMs) < rule.violations) return false
    this.#suspended = true
    return true
  }

  /** True when each signature of this operation must be in the audit log for its limits to hold after a restart. */
  mustAudit(operation: string): boolean {
    const rule = this.policy.operations[operation]
    const { maxPerHour, maxPerDay, maxPerBatch, approvals } = rule ?? {}
    return [maxPerHour, maxPerDay, maxPerBatch, approvals].some((limit) => limit !== undefined)
  }

  // What would really be signed decides, not what the caller calls it.
  #formatRefusal({ request: { operation }, message }: CheckedRequest): FiscalError | undefined {
    const formats = this.policy.operations[operation]?.formats
    const why = message === undefined ? undefined : formatRefusal(operation, formats, message, this.#signer)
    return why === undefined ? undefined : signerError('OPERATION_NOT_ALLOWED', { message: why, reason: 'structure' })
  }

  #approvalRefusal(
    checked: CheckedRequest,
    requester: string | undefined,
    approvals: readonly Approval[],
    nowMs: number,
  ): FiscalError | undefined {
    const { operation } = checked.request
    const count = this.policy.operations[operation]?.approvals
    if (count === undefined) return undefined
    const isUsed = (nonce: string): boolean => this.#usedNonces.has(nonce)
    const { policy, hash } = this
    return approvalRefusal(approvals, {
      policy,
      policyHash: hash,
      operation,
      digest: checked.inputDigest,
      requester,
      count,
      nowMs,
      isUsed,
    })
  }

  #count(operation: string, atMs: number, batch: string | undefined): void {
    this.#countBatch(operation, batch, 1)
    const tally = this.#counts.get(operation) ?? new Tally()
    this.#counts.set(operation, tally)
    tally.add(atMs)
  }

  #countBatch(operation: string, batch: string | undefined, by: number): void {
    if (batch === undefined || this.policy.operations[operation]?.maxPerBatch === undefined) return
    const name = batchName(operation, batch)
    this.#batches.set(name, (this.#batches.get(name) ?? 0) + by)
  }
}

function batchName(operation: string, batch: string | undefined): string {
  return `${operation} ${batch ?? ''}`
}

// A number names no batch and no class: only texts are compared.
function textIn(context: unknown, name: string): string | undefined {
  const value = (context as Readonly<Record<string, unknown>> | undefined)?.[name]
  return typeof value === 'string' ? value : undefined
}

function floor(name: string): Error {
  return signerError('CONFIG_INVALID', {
    message: `the key policy asks for ${name}, which this signer does not offer`,
    reason: name,
  })
}
