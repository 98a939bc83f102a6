// The device behind the guard: one key on one token, signing on worker sessions, with the recovery ladder of the signing specification 6.6. A rung is
// climbed once per request; concurrent requests share one climb.
import {
  signerError,
  thumbprint,
  type DeviceSigner,
  type DeviceStatus,
  type FiscalError,
  type PinSafety,
  type SignerCode,
  type SignerDescription,
  type SignRequest,
  type SignResult,
} from '@sigillo/core'
import type { Cryptoki, Handle } from './cryptoki.js'
import { findHandle, findKey, type FoundKey } from './find-key.js'
import { dataFor, type Choice } from './mechanism.js'
import { failureOf, RUNGS, type Rung } from './return-values.js'
import { Sessions } from './sessions.js'
import type { SharedModule } from './shared-module.js'
import { findToken, submitPin, type FoundToken, type PinSource } from './token-login.js'
import type { KeySelector } from './uri.js'

/** What an opened device works with. */
export interface DeviceParts {
  readonly module: SharedModule
  readonly selector: KeySelector
  readonly serial: string
  readonly safety: PinSafety
  readonly pin: PinSource
  readonly choice: Choice
  readonly description: SignerDescription
  readonly accepted: readonly string[]
  readonly maxSessions: number
  readonly vendorCodes: Readonly<Record<number, SignerCode>>
  /** Longest wait for a token that was taken out. */
  readonly recoverMs: number
  readonly token: FoundToken
  readonly anchor: Handle
  readonly key: FoundKey
}

const KEEP_ALIVE_MS = 20_000

/** A signer over an opened token; core's guard goes around it. */
export class Pkcs11Device implements DeviceSigner {
  readonly #parts: DeviceParts
  readonly #cryptoki: Cryptoki
  readonly #sessions: Sessions
  readonly #keepAlive: ReturnType<typeof setInterval>
  #slot: Handle
  #anchor: Handle
  #key: Handle
  #generation = 0
  #epoch: number
  #recovering: Promise<void> | undefined
  #trouble: string | undefined
  #isDown = false
  #closed = false

  constructor(parts: DeviceParts) {
    this.#parts = parts
    this.#cryptoki = parts.module.cryptoki
    this.#sessions = new Sessions(this.#cryptoki, parts.maxSessions)
    this.#slot = parts.token.slot
    this.#anchor = parts.anchor
    this.#key = parts.key.handle
    this.#epoch = parts.module.epoch
    // Some connectors drop sessions idle for half a minute.
    this.#keepAlive = setInterval(() => this.#touch(), KEEP_ALIVE_MS)
    this.#keepAlive.unref()
  }

  describe(): SignerDescription {
    return this.#parts.description
  }

  status(): DeviceStatus {
    const sessions = { open: this.#sessions.open, quarantined: 0 }
    if (this.#parts.safety.isLatched) return { state: 'locked', reasons: ['PIN_LATCHED'], sessions }
    if (this.#trouble === undefined) return { sessions }
    if (this.#isDown) return { state: 'down', reasons: [this.#trouble, 'RESTART_PROCESS'], sessions }
    return { state: 'degraded', reasons: [this.#trouble], sessions }
  }

  async sign(request: SignRequest, { signal }: { readonly signal?: AbortSignal } = {}): Promise<SignResult> {
    const deadline = Date.now() + this.#parts.recoverMs
    const climbed: Rung[] = []
    let rung: Rung | undefined
    let failedAt = this.#generation
    for (let waits = 0; ;) {
      try {
        if (rung !== undefined && failedAt === this.#generation) {
          climbed.push(rung)
          await this.#recover(rung)
        }
        failedAt = this.#generation
        const signature = await this.#signOnce(request)
        this.#trouble = undefined
        this.#isDown = false
        return { signature }
      } catch (thrown) {
        const { error, from } = this.#failure(thrown)
        this.#trouble = error.code
        if (this.#closed || signal?.aborted === true) throw error
        rung = nextRung(from, climbed)
        if (rung !== undefined) continue
        if (error.code === 'DEVICE_MEMORY') this.#sessions.shrink()
        // The whole ladder was climbed for nothing: what is left is another process.
        this.#isDown = from !== undefined && error.code !== 'TOKEN_REMOVED'
        if (error.code !== 'TOKEN_REMOVED' || Date.now() >= deadline) throw exhausted(error)
        await delay(Math.min(250 * 2 ** waits, 1000))
        waits++
        // Some modules look for tokens only when they are initialised.
        rung = this.#parts.module.mayRestart ? 'reinitialise' : 'login'
      }
    }
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    clearInterval(this.#keepAlive)
    this.#sessions.end()
    this.#closeAnchor()
    this.#parts.module.release()
  }

  async #signOnce(request: SignRequest): Promise<Uint8Array> {
    const { module, choice } = this.#parts
    return module.run(async () => {
      if (this.#epoch !== module.epoch) throw signerError('SESSION_LOST', { message: 'the module was initialised again' })
      const generation = this.#generation
      const worker = await this.#sessions.take(this.#slot, generation)
      try {
        this.#cryptoki.signInit(worker.session, choice.mechanism, this.#key)
        if (this.#parts.key.alwaysAuthenticate) await this.#submit('context', worker.session)
        const signature = await this.#cryptoki.sign(worker.session, dataFor(choice, request), 1024)
        this.#sessions.give(worker, this.#generation)
        return signature
      } catch (error) {
        this.#sessions.drop(worker)
        throw error
      }
    })
  }

  #recover(rung: Rung): Promise<void> {
    this.#recovering ??= this.#climb(rung).finally(() => {
      this.#recovering = undefined
    })
    return this.#recovering
  }

  async #climb(rung: Rung): Promise<void> {
    this.#sessions.clear()
    if (rung === 'find') await this.#findAgain()
    if (rung === 'reinitialise') await this.#parts.module.restart(this.#epoch)
    if (rung === 'login' || rung === 'reinitialise') await this.#loginAgain()
    this.#generation++
  }

  async #findAgain(): Promise<void> {
    if (!this.#cryptoki.isLoggedIn(this.#anchor)) await this.#submit('user', this.#anchor)
    try {
      this.#key = findHandle(this.#cryptoki, this.#anchor, this.#parts.selector)
    } catch (error) {
      // Only after a fresh login is it known that the key is not there.
      if (failureOf(error).error.code !== 'KEY_NOT_FOUND') throw error
      await this.#loginAgain()
    }
  }

  async #loginAgain(): Promise<void> {
    const { module, selector, serial, accepted, description } = this.#parts
    this.#closeAnchor()
    this.#epoch = module.epoch
    this.#slot = findToken(this.#cryptoki, selector, serial).slot
    this.#anchor = this.#cryptoki.openSession(this.#slot)
    if (!this.#cryptoki.isLoggedIn(this.#anchor)) await this.#submit('user', this.#anchor)
    const key = findKey(this.#cryptoki, this.#anchor, selector, accepted)
    if (thumbprint(key.jwk) !== description.keyId)
      throw signerError('KEY_MISMATCH', { message: 'the token came back with another key' })
    this.#key = key.handle
  }

  #submit(kind: 'user' | 'context', session: Handle): Promise<void> {
    const { safety, pin, serial } = this.#parts
    return submitPin(safety, pin, { cryptoki: this.#cryptoki, slot: this.#slot, session, kind, serial })
  }

  #failure(thrown: unknown): { readonly error: FiscalError; readonly from: Rung | undefined } {
    const { error, from } = failureOf(thrown, this.#parts.vendorCodes)
    if (from !== undefined) return { error, from }
    // Our own findings on the way up: a token that is gone, a module that was initialised again by somebody else.
    if (error.code === 'TOKEN_REMOVED') return { error, from: 'login' }
    if (error.code === 'SESSION_LOST') return { error, from: 'login' }
    return { error, from: undefined }
  }

  #closeAnchor(): void {
    try {
      this.#cryptoki.closeSession(this.#anchor)
    } catch {
      // Gone already.
    }
  }

  #touch(): void {
    try {
      this.#cryptoki.isLoggedIn(this.#anchor)
    } catch {
      // The next signature recovers; a probe never submits a PIN.
    }
    this.#sessions.touch()
  }
}

// The rung to climb next, or undefined when the failure has none or all have been climbed.
function nextRung(from: Rung | undefined, climbed: readonly Rung[]): Rung | undefined {
  if (from === undefined) return undefined
  const highest = Math.max(-1, ...climbed.map((rung) => RUNGS.indexOf(rung)))
  return RUNGS[Math.max(RUNGS.indexOf(from), highest + 1)]
}

function exhausted(error: FiscalError): FiscalError {
  const { nativeCode, reason, outcome, pinDanger, triesLeft } = error.details
  return signerError(error.code as SignerCode, {
    message: error.message,
    exhausted: true,
    ...(typeof nativeCode === 'string' && { nativeCode }),
    ...(typeof reason === 'string' && { reason }),
    ...(typeof triesLeft === 'number' && { triesLeft }),
    ...(typeof pinDanger === 'boolean' && { pinDanger }),
    ...(outcome === 'unknown' && { outcome }),
  })
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
