// The state of a signer as the guard has seen it (signing specification 3.6): answered from memory, so that asking never waits for the
// device and never touches it.
import type { CertificateValidity } from './certificate.js'
import type { FiscalError } from './errors.js'
import { signerCodes, type SignerCode } from './signer-codes.js'

/** `locked` needs an operator, `down` a replacement or restart; `degraded` works, with a stated reason. */
export type SignerState = 'starting' | 'ready' | 'degraded' | 'locked' | 'down' | 'closed'

/** What a signer's author may add to the report; answered from memory, never from the device. */
export interface DeviceStatus {
  readonly state?: SignerState
  readonly reasons?: readonly string[]
  readonly triesLeft?: number
  readonly deviceCounter?: number
  readonly sessions?: { readonly open: number; readonly quarantined: number }
}

/** A health report. */
export interface SignerHealth {
  readonly state: SignerState
  readonly reasons: readonly string[]
  /** Wall-clock milliseconds since when this state holds. */
  readonly sinceMs: number
  readonly lastSuccessMs?: number
  readonly lastErrorCode?: string
  readonly waiting: number
  /** Calls at work, those given up on but not returned included. */
  readonly inFlight: number
  readonly quarantined: number
  readonly certificateDaysLeft?: number
  /** Validity of the active certificate, milliseconds since 1970. */
  readonly certificate?: CertificateValidity
  readonly triesLeft?: number
  readonly deviceCounter?: number
  readonly sessions?: { readonly open: number; readonly quarantined: number }
  /** The answer to a probe, where one was asked for: `ok` or the code of its failure. */
  readonly probe?: string
}

/** What a guarded signer tells its listeners. */
export interface SignerEvents {
  state: { readonly from: SignerState; readonly to: SignerState; readonly reasons: readonly string[] }
  'certificate-expiring': { readonly daysLeft: number }
  'pin-warning': { readonly code: string; readonly triesLeft?: number }
  latched: { readonly code: string }
}

const STUCK: ReadonlySet<string> = new Set(['SIGN_SELF_CHECK_FAILED', 'SUSPENDED', 'CERT_REVOKED'])

type Listener<E extends keyof SignerEvents> = (event: SignerEvents[E]) => void

/** State and listeners of one guarded signer. */
export class HealthRecord {
  readonly #listeners = new Map<keyof SignerEvents, Set<Listener<keyof SignerEvents>>>()
  readonly #now: () => number
  state: SignerState = 'ready'
  reasons: readonly string[] = []
  sinceMs: number
  lastSuccessMs: number | undefined
  lastErrorCode: string | undefined

  constructor(now: () => number) {
    this.#now = now
    this.sinceMs = now()
  }

  on<E extends keyof SignerEvents>(event: E, listener: Listener<E>): () => void {
    const set = this.#listeners.get(event) ?? new Set()
    this.#listeners.set(event, set.add(listener as Listener<keyof SignerEvents>))
    return () => void set.delete(listener as Listener<keyof SignerEvents>)
  }

  emit<E extends keyof SignerEvents>(event: E, value: SignerEvents[E]): void {
    for (const listener of this.#listeners.get(event) ?? []) {
      try {
        listener(value)
      } catch {
        // A listener is a bystander: what it throws must not fail a signature that succeeded.
      }
    }
  }

  move(to: SignerState, reasons: readonly string[]): void {
    const from = this.state
    if (from === 'closed' || (from === to && reasons.join() === this.reasons.join())) return
    this.state = to
    this.reasons = reasons
    this.sinceMs = this.#now()
    this.emit('state', { from, to, reasons })
    if (to === 'closed') this.#listeners.clear()
  }

  succeeded(): void {
    this.lastSuccessMs = this.#now()
    if (!this.isStuck) this.move('ready', [])
  }

  /** Wrong signatures, suspensions and revocations are not cured by a later success. */
  get isStuck(): boolean {
    return this.reasons.some((reason) => STUCK.has(reason))
  }

  failed(error: FiscalError): void {
    const known = signerCodes[error.code as SignerCode]?.class
    if (known === 'input' || known === 'policy' || known === 'cancelled' || error.code === 'SIGNER_BUSY') return
    this.lastErrorCode = error.code
    const to = error.code === 'SIGN_SELF_CHECK_FAILED' || known === 'permanent' ? 'down' : known === 'pin' ? 'locked' : 'degraded'
    if (!this.isStuck) this.move(to, [error.code])
    if (known !== 'pin') return
    const triesLeft = error.details['triesLeft']
    this.emit('pin-warning', { code: error.code, ...(typeof triesLeft === 'number' && { triesLeft }) })
    if (error.code !== 'PIN_TRIES_LOW') this.emit('latched', { code: error.code })
  }
}
