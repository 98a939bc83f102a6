// The device behind the guard: one key on one card, one signature at a time, with what may be recovered from: a reset by another process, a card
// taken out and put back, a PIN the card forgot. Another card never gets the PIN.
import {
  signerError,
  type AuditLog,
  type DeviceSigner,
  type DeviceStatus,
  type FiscalError,
  type PinSafety,
  type SignerCode,
  type SignerDescription,
  type SignRequest,
  type SignResult,
} from '@sigillo/core'
import type { CardKey } from './profile.js'
import { cardError, SamCard, strangeCard, SwFailure, type CardPlace, type PinSource } from './sam-card.js'
import type { Remedy } from './status-words.js'

/** What an opened device works with. */
export interface SamParts {
  readonly place: CardPlace
  readonly card: SamCard
  readonly serial: string
  readonly key: CardKey
  readonly description: SignerDescription
  readonly safety: PinSafety
  readonly pin: PinSource
  readonly audit: AuditLog
  readonly counter: number | undefined
  /** Longest wait for a card that was taken out. */
  readonly recoverMs: number
  readonly closeReaders: boolean
}

const MAX_RESUMES = 3

interface Attempt {
  readonly used: Set<Remedy>
  readonly deadline: number
  resumes: number
}

/** A signer over a connected card; core's guard goes around it. */
export class SamDevice implements DeviceSigner {
  readonly #parts: SamParts
  #card: SamCard | undefined
  #counter: number | undefined
  #trouble: string | undefined
  #isJumpSeen = false
  #isClosed = false

  constructor(parts: SamParts) {
    this.#parts = parts
    this.#card = parts.card
    this.#counter = parts.counter
  }

  describe(): SignerDescription {
    return this.#parts.description
  }

  status(): DeviceStatus {
    const counter = this.#counter === undefined ? {} : { deviceCounter: this.#counter }
    if (this.#parts.safety.isLatched) return { state: 'locked', reasons: ['PIN_LATCHED'], ...counter }
    const reasons = [...(this.#trouble === undefined ? [] : [this.#trouble]), ...(this.#isJumpSeen ? ['COUNTER_JUMP'] : [])]
    return reasons.length === 0 ? counter : { state: 'degraded', reasons, ...counter }
  }

  async sign({ input }: SignRequest, { signal }: { readonly signal?: AbortSignal } = {}): Promise<SignResult> {
    const onCard = this.#parts.key.input === 'onCardHash'
    const given = 'digest' in input ? (onCard ? undefined : input.digest) : onCard ? input.message : undefined
    if (given === undefined)
      throw signerError('REQUEST_INVALID', { message: `this signer takes ${onCard ? 'messages' : 'digests'}` })
    const attempt: Attempt = { used: new Set(), deadline: Date.now() + this.#parts.recoverMs, resumes: 0 }
    for (;;) {
      try {
        this.#card ??= await this.#connectAgain()
        const result = await this.#signOnce(this.#card, given)
        this.#trouble = undefined
        return result
      } catch (thrown) {
        const error = cardError(thrown)
        this.#trouble = error.code
        if (this.#isClosed || signal?.aborted === true) throw error
        await this.#prepare(attempt, thrown, error)
      }
    }
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    await this.#card?.disconnect()
    if (this.#parts.closeReaders) await this.#parts.place.readers.close()
  }

  async #signOnce(card: SamCard, given: Uint8Array): Promise<SignResult> {
    const { safety, pin, place } = this.#parts
    // A transaction without traffic gets the card reset, and whoever gives the PIN may take their time: it is fetched before.
    const early = place.mode === 'shared' && typeof pin === 'function' && !safety.isLatched ? await pin() : undefined
    try {
      return await card.inTransaction(() => this.#sequence(card, given, early ?? pin))
    } finally {
      early?.fill(0)
    }
  }

  async #sequence(card: SamCard, given: Uint8Array, source: PinSource): Promise<SignResult> {
    const { key, safety, place } = this.#parts
    const signature = await card.sign(key, given, { safety, source, triesLater: () => this.#triesLater() })
    if (place.profile.counterTag === undefined) return { signature }
    const counter = await card.counter()
    if (counter === undefined) return { signature }
    await this.#noteCounter(counter, 1)
    return { signature, deviceCounter: counter }
  }

  // What makes another round sensible; otherwise the error stands.
  async #prepare(attempt: Attempt, thrown: unknown, error: FiscalError): Promise<void> {
    const card = this.#card
    if (isAway(error)) {
      await card?.disconnect()
      this.#card = undefined
      if (Date.now() >= attempt.deadline) throw exhausted(error)
      await delay(Math.min(100, this.#parts.recoverMs))
    } else if (error.code === 'CARD_RESET' && card !== undefined && attempt.resumes < MAX_RESUMES) {
      attempt.resumes++
      await this.#resume(card)
    } else {
      const remedy = thrown instanceof SwFailure ? thrown.remedy : undefined
      if (card === undefined || remedy === undefined || attempt.used.has(remedy)) throw exhausted(error)
      attempt.used.add(remedy)
      await this.#mend(card, remedy)
    }
    await this.#checkCounter()
  }

  async #resume(card: SamCard): Promise<void> {
    try {
      await card.resume()
    } catch (error) {
      if (!isAway(cardError(error))) throw cardError(error)
      await card.disconnect()
      this.#card = undefined
    }
  }

  async #mend(card: SamCard, remedy: Remedy): Promise<void> {
    try {
      await card.mend(remedy)
    } catch (error) {
      throw cardError(error)
    }
  }

  async #connectAgain(): Promise<SamCard> {
    const card = await SamCard.connect(this.#parts.place)
    try {
      const { serial } = await card.inTransaction(() => identified(card))
      if (serial === this.#parts.serial) return card
      throw strangeCard()
    } catch (error) {
      await card.disconnect()
      throw error
    }
  }

  // A card that counts may have signed before it was lost: only an unmoved counter makes signing again safe.
  async #checkCounter(): Promise<void> {
    const { place } = this.#parts
    if (place.profile.counterTag === undefined || this.#counter === undefined) return
    this.#card ??= await this.#connectWithin()
    const card = this.#card
    const { counter } = await card.inTransaction(() => card.identify())
    if (counter === undefined || counter === this.#counter) return
    await this.#noteCounter(counter, 0)
    throw signerError('DEVICE_FAULT', {
      message: 'the card may have signed without answering; its counter has moved',
      outcome: 'unknown',
      reason: 'counter',
      exhausted: true,
    })
  }

  // A PIN was on its way when the card was lost: the same card, put back, tells whether it has cost a try.
  async #triesLater(): Promise<number | undefined> {
    if (!this.#parts.place.profile.statusQueryIsFree || this.#isClosed) return undefined
    await this.#card?.disconnect()
    this.#card = undefined
    try {
      const card = await this.#connectWithin()
      try {
        return await card.inTransaction(() => card.triesLeftAnew())
      } finally {
        await card.disconnect()
      }
    } catch {
      return undefined
    }
  }

  async #connectWithin(): Promise<SamCard> {
    const deadline = Date.now() + this.#parts.recoverMs
    for (;;) {
      try {
        return await this.#connectAgain()
      } catch (error) {
        const failure = cardError(error)
        if (!isAway(failure) || Date.now() >= deadline) throw failure
        await delay(100)
      }
    }
  }

  async #noteCounter(counter: number, own: number): Promise<void> {
    const before = this.#counter
    this.#counter = counter
    if (before === undefined || counter === before + own) return
    this.#isJumpSeen = true
    const { audit, serial, description } = this.#parts
    await audit.append({ event: 'counter-jump', token: serial, keyId: description.keyId, before, after: counter })
  }
}

// A card just put in may be reset once more while the service looks at it, and forgets what was selected without a word. No PIN is in play here.
async function identified(card: SamCard): ReturnType<SamCard['identify']> {
  try {
    return await card.identify()
  } catch (error) {
    if (!(error instanceof SwFailure) || error.remedy === undefined) throw error
    return card.identify()
  }
}

// The card, the connection or the service is gone and may come back: only a new connection helps.
function isAway({ code, details }: FiscalError): boolean {
  return code === 'CARD_REMOVED' || details['reason'] === 'lost' || details['reason'] === 'no-service'
}

function exhausted(error: FiscalError): FiscalError {
  const { nativeCode, reason, triesLeft, pinDanger, outcome } = error.details
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
