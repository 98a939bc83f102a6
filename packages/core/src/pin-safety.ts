// PIN safety (signing specification 3.5): a wrong PIN is destructive, so one failed submission is the last. Intents are durable before a PIN
// leaves, latches outlive the process, and any number of callers cause one submission. Used by every device adapter; knows no device.
import type { AuditLog } from './audit.js'
import type { FiscalError } from './errors.js'
import { asSignerError, signerCodes, signerError, type SignerCode } from './signer-codes.js'

/** What became of a submission the device did not clearly answer. */
export type PinDoubt = 'intact' | 'spent' | 'unknown'

/** One secret for one token. */
export interface PinSafetyOptions {
  /** Serial number of the token or card. */
  readonly token: string
  /** Label of the configured secret's version; a new version lifts a latch. Never the secret itself. */
  readonly secretVersion: string
  /** Must be durable for the promises of this file to survive a crash. */
  readonly audit: AuditLog
}

/** How one submission is made. */
export interface PinSubmission {
  /** Looks at what the device tells for free. @throws FiscalError PIN_TRIES_LOW, PIN_LOCKED; nothing is sent then */
  readonly before: () => void | Promise<void>
  /** Sends the PIN, once. */
  readonly send: () => void | Promise<void>
  /** After a send that failed for no reason of the PIN: whether the device shows all tries intact, as far as it tells for free. */
  readonly doubt: (error: FiscalError) => PinDoubt | Promise<PinDoubt>
}

/** Guards the submissions of one secret to one token. */
export class PinSafety {
  readonly #options: PinSafetyOptions
  #latched = false
  #sent = false
  #succeeded = false
  #single: Promise<void> | undefined

  private constructor(options: PinSafetyOptions) {
    this.#options = options
  }

  /** Reads the audit log: a failure, or an intent whose outcome nobody wrote, latches the pair. */
  static async load(options: PinSafetyOptions): Promise<PinSafety> {
    const safety = new PinSafety(options)
    let open = false
    for await (const line of options.audit.read()) {
      if (line['token'] !== options.token || line['secret'] !== options.secretVersion) continue
      if (line['event'] === 'pin-intent') open = true
      if (line['event'] === 'pin-outcome') {
        open = false
        if (line['outcome'] === 'failed') safety.#latched = true
      }
      if (line['event'] === 'pin-cleared') {
        open = false
        safety.#latched = false
      }
    }
    if (open) safety.#latched = true
    return safety
  }

  /** True when this secret is not submitted to this token any more. */
  get isLatched(): boolean {
    return this.#latched
  }

  /** True when the device accepted this secret in this process and has refused it since never: what an automatic login needs. */
  get hasSucceeded(): boolean {
    return this.#succeeded
  }

  /**
   * Submits the PIN once for all who ask at the same time.
   * @throws FiscalError PIN_LATCHED when a submission failed earlier, else what `before` or the device said
   */
  submit(submission: PinSubmission): Promise<void> {
    this.#single ??= this.#submit(submission).finally(() => {
      this.#single = undefined
    })
    return this.#single
  }

  /** Lifts the latch; the operator's decision, written down with a reason. */
  async clear(actor: string, reason: string): Promise<void> {
    await this.#write('pin-cleared', { actor, reason })
    this.#latched = false
  }

  async #submit({ before, send, doubt }: PinSubmission): Promise<void> {
    // Again only what worked before in this process; a first failure has latched already.
    if (this.#latched || (this.#sent && !this.#succeeded)) throw latched(this.#options.token)
    await before()
    await this.#write('pin-intent', {})
    this.#sent = true
    try {
      await send()
    } catch (error) {
      throw await this.#failed(error, doubt)
    }
    await this.#write('pin-outcome', { outcome: 'accepted' })
    this.#succeeded = true
  }

  async #failed(thrown: unknown, doubt: PinSubmission['doubt']): Promise<unknown> {
    const error = asSignerError(thrown)
    const isPin = signerCodes[error.code as SignerCode].class === 'pin'
    if (!isPin && (await doubt(error)) === 'intact') {
      await this.#write('pin-outcome', { outcome: 'not-spent', code: error.code })
      // Nothing was judged, so nothing speaks against a later try.
      this.#sent = this.#succeeded
      return error
    }
    this.#latched = true
    this.#succeeded = false
    const triesLeft = error.details['triesLeft']
    await this.#write('pin-outcome', { outcome: 'failed', code: error.code, ...(typeof triesLeft === 'number' && { triesLeft }) })
    return error
  }

  async #write(event: string, more: Readonly<Record<string, string | number>>): Promise<void> {
    const { audit, token, secretVersion } = this.#options
    await audit.append({ event, token, secret: secretVersion, ...more })
  }
}

function latched(token: string): Error {
  return signerError('PIN_LATCHED', {
    message: `the configured PIN failed on token ${token} and is not sent again`,
    pinDanger: false,
  })
}
