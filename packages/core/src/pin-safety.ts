// PIN safety (signing specification 3.5): a wrong PIN is destructive, so one failed submission is the last. Intents are durable before a PIN
// leaves, latches outlive the process, and any number of callers cause one submission. Used by every device adapter; knows no device.
import type { AuditHead, AuditLog } from './audit.js'
import { toHex } from './bytes.js'
import type { JsonObject } from './canonical.js'
import type { FiscalError } from './errors.js'
import { asSignerError, signerCodes, signerError, type SignerCode } from './signer-codes.js'
import { randomBytes } from '#crypto'

/**
 * What became of a submission the device did not clearly answer: no try was spent, for certain; none by flags that some devices never set, which is
 * believed once in a row; a try was spent; not known.
 */
export type PinDoubt = 'intact' | 'seems-intact' | 'spent' | 'unknown'

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

/** What the audit log knows of one secret and one token, line by line. */
class PinHistory {
  #failed = false
  /** Intents without an outcome. */
  readonly #open = new Set<unknown>()
  /** The last outcome was one the token only seems to have left intact. */
  doubted = false
  /** Number of the last line read, of whatever it speaks. */
  count = 0

  take({ event, outcome, attempt, doubt }: JsonObject): void {
    if (event === 'pin-intent') this.#open.add(attempt)
    if (event === 'pin-cleared') {
      this.#failed = this.doubted = false
      this.#open.clear()
    }
    if (event !== 'pin-outcome') return
    this.#open.delete(attempt)
    this.#failed ||= outcome === 'failed'
    if (outcome !== 'not-sent') this.doubted = doubt === 'seems-intact'
  }

  get hasFailed(): boolean {
    return this.#failed
  }
  /** A failure, or an intent whose outcome nobody wrote. */
  get isLatched(): boolean {
    return this.#failed || this.#open.size > 0
  }
}

// Up to the intent of this attempt, or to the end.
async function historyOf({ audit, token, secretVersion }: PinSafetyOptions, attempt?: string): Promise<PinHistory> {
  const history = new PinHistory()
  for await (const line of audit.read()) {
    history.count = Number(line['n'])
    if (line['token'] !== token || line['secret'] !== secretVersion) continue
    if (attempt !== undefined && line['event'] === 'pin-intent' && line['attempt'] === attempt) break
    history.take(line)
  }
  return history
}

/** The pairs of token and secret version a log latches: what an operator is asked to clear. */
export async function latchedPins(audit: AuditLog): Promise<readonly { readonly token: string; readonly secret: string }[]> {
  const pairs = new Map<string, { readonly token: string; readonly secret: string; readonly history: PinHistory }>()
  for await (const line of audit.read()) {
    const { token, secret } = line
    if (typeof token !== 'string' || typeof secret !== 'string') continue
    const name = JSON.stringify([token, secret])
    const pair = pairs.get(name) ?? { token, secret, history: new PinHistory() }
    pairs.set(name, pair)
    pair.history.take(line)
  }
  return [...pairs.values()].filter(({ history }) => history.isLatched).map(({ token, secret }) => ({ token, secret }))
}

// One submission at a time for each token in this process, whichever signer makes it: two keys of one token have one PIN.
const turns = new Map<string, Promise<void>>()

function inTurn<T>(token: string, work: () => Promise<T>): Promise<T> {
  const turn = (turns.get(token) ?? Promise.resolve()).then(work, work)
  const forget = (): void => {
    if (turns.get(token) === ended) turns.delete(token)
  }
  const ended = turn.then(forget, forget)
  turns.set(token, ended)
  return turn
}

/** Guards the submissions of one secret to one token. */
export class PinSafety {
  readonly #options: PinSafetyOptions
  #latched: boolean
  #doubted: boolean
  /** Lines of the log this object knows of. */
  #known: number
  #sent = false
  #succeeded = false
  #single: Promise<void> | undefined

  private constructor(options: PinSafetyOptions, { isLatched, doubted, count }: PinHistory) {
    this.#options = options
    this.#latched = isLatched
    this.#doubted = doubted
    this.#known = count
  }

  /** Reads the audit log: a failure, or an intent whose outcome nobody wrote, latches the pair. */
  static load(options: PinSafetyOptions): Promise<PinSafety> {
    // After whatever another signer of this token is submitting now.
    return inTurn(options.token, async () => new PinSafety(options, await historyOf(options)))
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
   * @throws FiscalError PIN_LATCHED when a submission failed earlier, by this signer or another one that writes the same log; DEVICE_BUSY while
   * another process submits it; else what `before` or the device said
   */
  submit(submission: PinSubmission): Promise<void> {
    this.#single ??= inTurn(this.#options.token, () => this.#submit(submission)).finally(() => {
      this.#single = undefined
    })
    return this.#single
  }

  /** Lifts the latch; the operator's decision, written down with a reason. */
  async clear(actor: string, reason: string): Promise<void> {
    await this.#write('pin-cleared', { actor, reason })
    this.#latched = false
    this.#doubted = false
  }

  async #submit({ before, send, doubt }: PinSubmission): Promise<void> {
    // Again only what worked before in this process; a first failure has latched already.
    if (this.#latched || (this.#sent && !this.#succeeded)) throw latched(this.#options.token)
    await before()
    const attempt = toHex(randomBytes(8))
    await this.#announce(attempt)
    this.#sent = true
    try {
      await send()
    } catch (error) {
      throw await this.#failed(attempt, error, doubt)
    }
    await this.#write('pin-outcome', { attempt, outcome: 'accepted' })
    this.#succeeded = true
    this.#doubted = false
  }

  // The order of the lines decides between several who want to submit: whoever finds an intent before its own, or a failure, steps back.
  async #announce(attempt: string): Promise<void> {
    const known = this.#known
    const { count } = await this.#write('pin-intent', { attempt })
    if (count === known + 1) return
    const { hasFailed, isLatched, doubted } = await historyOf(this.#options, attempt)
    this.#known = count
    this.#doubted = doubted
    if (!isLatched) return
    await this.#write('pin-outcome', { attempt, outcome: 'not-sent' })
    this.#latched ||= hasFailed
    if (hasFailed) throw latched(this.#options.token)
    throw signerError('DEVICE_BUSY', { message: 'another signer is submitting the PIN of this token', retryAfterMs: 1_000 })
  }

  async #failed(attempt: string, thrown: unknown, doubt: PinSubmission['doubt']): Promise<unknown> {
    const error = asSignerError(thrown)
    const isPin = signerCodes[error.code as SignerCode].class === 'pin'
    const found = isPin ? 'spent' : await doubt(error)
    if (found === 'intact' || (found === 'seems-intact' && !this.#doubted)) {
      await this.#write('pin-outcome', { attempt, outcome: 'not-spent', doubt: found, code: error.code })
      // Nothing was judged, so nothing speaks against a later try.
      this.#sent = this.#succeeded
      this.#doubted = found === 'seems-intact'
      return error
    }
    this.#latched = true
    this.#succeeded = false
    const triesLeft = error.details['triesLeft']
    const told = { attempt, outcome: 'failed', code: error.code, ...(typeof triesLeft === 'number' && { triesLeft }) }
    await this.#write('pin-outcome', told)
    return error
  }

  async #write(event: string, more: Readonly<Record<string, string | number>>): Promise<AuditHead> {
    const { audit, token, secretVersion } = this.#options
    const head = await audit.append({ event, token, secret: secretVersion, ...more })
    // Lines of others before this one are not known by it.
    if (head.count === this.#known + 1) this.#known = head.count
    return head
  }
}

function latched(token: string): Error {
  return signerError('PIN_LATCHED', {
    message: `the configured PIN failed on token ${token} and is not sent again`,
    pinDanger: false,
  })
}
