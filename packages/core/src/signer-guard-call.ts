// One operation on the device (signing specification 3.3): whoever waits is answered at the time-out or abort; the lane stays taken until the
// device has really returned, and a signature that comes too late is checked, noted and destroyed.
import type { AuditEntry } from './audit.js'
import type { FiscalError } from './errors.js'
import { asSignerError, signerError } from './signer-codes.js'
import type { CheckDepth, CheckedRequest, SignatureCheck } from './signer-guard-check.js'
import type { Release } from './signer-guard-lanes.js'
import type { Signer, SignResult } from './signer.js'

/** What a call is about; `attempts` counts what was sent to the device. */
export interface DeviceCall {
  readonly checked: CheckedRequest
  attempts: number
}

/** The surroundings of one call. */
export interface CallOptions {
  readonly signal: AbortSignal | undefined
  readonly timeoutMs: number
  /** Frees the lane. */
  readonly release: Release
  /** Writes a line to the audit log; never rejects. */
  readonly note: (entry: AuditEntry) => Promise<void>
  readonly mayRetry: () => boolean
}

/** The calls of one device. */
export class DeviceCalls {
  readonly #device: Signer
  readonly #check: SignatureCheck
  readonly #depth: CheckDepth
  readonly #abandon = new Set<(error: FiscalError) => void>()
  /** Calls given up on that have not returned. */
  quarantined = 0

  constructor(device: Signer, check: SignatureCheck, depth: CheckDepth) {
    this.#device = device
    this.#check = check
    this.#depth = depth
  }

  /** Gives up on every call at work. */
  abandonAll(error: FiscalError): void {
    for (const abandon of this.#abandon) abandon(error)
  }

  /** A signature found good. @throws FiscalError of kind signer, or whatever the device threw */
  call(job: DeviceCall, options: CallOptions): Promise<SignResult> {
    const { signal, timeoutMs, release, note } = options
    if (signal?.aborted === true) {
      release()
      return Promise.reject(signerError('ABORTED', { message: 'cancelled; nothing was sent to the signer' }))
    }
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
        this.quarantined++
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
          this.quarantined--
          late()
        } else {
          finish()
          settle()
        }
        release()
      }
      this.#attempts(job, controller.signal, options).then(
        (result) =>
          returned(
            () => resolve(result),
            () => void this.#discard(job, result).then(note, () => {}),
          ),
        (error: unknown) =>
          returned(
            () => reject(error as Error),
            () => {},
          ),
      )
    })
  }

  // A signer that has to recover says so and recovers when called again (signing specification 3.4): once, and never where a signature
  // may have been counted.
  async #attempts(job: DeviceCall, signal: AbortSignal, options: CallOptions): Promise<SignResult> {
    try {
      return await this.#attempt(job, signal, options)
    } catch (error) {
      const { class: name, outcome, exhausted } = asSignerError(error).details
      if (name !== 'recoverable' || outcome !== 'not-signed' || exhausted === true || signal.aborted || !options.mayRetry())
        throw error
      return this.#attempt(job, signal, options)
    }
  }

  async #attempt(job: DeviceCall, signal: AbortSignal, { note }: CallOptions): Promise<SignResult> {
    job.attempts++
    const result: SignResult | undefined = await this.#device.sign(job.checked.forDevice, { signal })
    // Read once: what is found good is what is returned.
    const { signature, deviceCounter } = (result ?? {}) as Partial<SignResult>
    if (signature instanceof Uint8Array) {
      const holds = await this.#check.holds(job.checked, signature, this.#depth)
      if (holds) return { signature, ...(deviceCounter !== undefined && { deviceCounter }) }
      signature.fill(0)
    }
    await note({ event: 'self-check-failed', code: 'SIGN_SELF_CHECK_FAILED' })
    const message = 'the device returned a wrong signature; it was destroyed'
    throw signerError('SIGN_SELF_CHECK_FAILED', { message, outcome: 'signed-discarded' })
  }

  async #discard(job: DeviceCall, { signature }: SignResult): Promise<AuditEntry> {
    const valid = await this.#check.holds(job.checked, signature, this.#depth === 'length' ? 'here' : this.#depth)
    signature.fill(0)
    return { event: 'late-discarded', valid }
  }
}
