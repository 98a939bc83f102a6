// One card in one reader: connecting, telling it from another card, reading what is public, and the sequence of a signature in its transaction
// (signing specification 7.5). What the card remembers between commands is treated as lost after every selection and reset.
import { concat, fromHex, signerError, toHex, type FiscalError, type PinSafety } from '@sigillo/core'
import { readElement, readSequence } from '@sigillo/core/der'
import { send, type Answer, type Command } from './apdu.js'
import { CardFailure, type CardConnection, type CardReaders } from './card-port.js'
import {
  computeSignature,
  endHash,
  getData,
  readBinary,
  restoreEnvironment,
  selectApplication,
  selectFile,
  setEnvironment,
  verifyPin,
  verifyStatus,
} from './commands.js'
import { isCard, type CardKey, type CardProfile } from './profile.js'
import { isSuccess, swError, swMeaning, type Asked, type Remedy } from './status-words.js'

/** The PIN: bytes, which stay the caller's, or a function that fetches them each time and whose bytes are wiped after use. */
export type PinSource = Uint8Array | (() => Uint8Array | Promise<Uint8Array>)

/** How the card is reached. */
export interface CardPlace {
  readonly readers: CardReaders
  /** Part of the reader's name; the only reader when left out. */
  readonly reader: string | undefined
  readonly mode: 'exclusive' | 'shared'
  readonly profile: CardProfile
}

/** How the PIN gets to the card. */
export interface PinPath {
  readonly safety: PinSafety
  readonly source: PinSource
  /** Tries left as a new connection to the same card tells for free; undefined when it does not, or the card stays away. */
  readonly triesLater: () => Promise<number | undefined>
}

/** What a card tells without a PIN. */
export interface CardIdentity {
  readonly serial: string
  readonly counter: number | undefined
  readonly certificate: Uint8Array | undefined
}

const MAX_BEGINS = 20
const SHA256_INFO = fromHex('3031300d060960864801650304020105000420') as Uint8Array

/** An answer that is not success, with what may be tried once. */
export class SwFailure extends Error {
  override readonly name = 'SwFailure'
  readonly failure: FiscalError
  readonly remedy: Remedy | undefined
  constructor(sw: number, asked: Asked) {
    super(asked)
    this.failure = swError(sw, asked)
    this.remedy = swMeaning(sw, asked).remedy
  }
}

/** What is said when the card in the reader is not the one it was, or must be. */
export function strangeCard(): FiscalError {
  return signerError('KEY_MISMATCH', { message: 'another card is in the reader; no PIN was sent', reason: 'card' })
}

// Names of readers are told: whoever has to choose sees from what.
async function readerOf({ readers, reader }: CardPlace): Promise<string> {
  const all = await readers.list()
  const [name, ...others] = all.filter((each) => reader === undefined || each.includes(reader))
  if (name === undefined) {
    const message = all.length === 0 ? 'there is no card reader' : `no such card reader; there are: ${all.join('; ')}`
    throw signerError('CARD_REMOVED', { message, reason: 'reader' })
  }
  if (others.length === 0) return name
  const message = `more than one reader answers to the name: ${[name, ...others].join('; ')}`
  throw signerError('KEY_AMBIGUOUS', { message, reason: 'reader' })
}

/** A connected card. */
export class SamCard {
  readonly #place: CardPlace
  readonly #connection: CardConnection
  readonly atr: Uint8Array
  #isSelected = false
  #environment: CardKey | undefined
  #isVerified = false

  private constructor(place: CardPlace, connection: CardConnection) {
    this.#place = place
    this.#connection = connection
    this.atr = connection.atr
  }

  /** Connects to the card the profile describes. @throws FiscalError CARD_REMOVED, KEY_AMBIGUOUS, KEY_MISMATCH (other card), DEVICE_BUSY */
  static async connect(place: CardPlace): Promise<SamCard> {
    const connection = await place.readers.connect(await readerOf(place), place.mode)
    if (isCard(place.profile, connection.atr)) return new SamCard(place, connection)
    await connection.disconnect('leave').catch(() => {})
    throw signerError('KEY_MISMATCH', {
      message: `the card in the reader is not a ${place.profile.name}; no PIN was sent`,
      reason: 'card',
    })
  }

  /** Runs a sequence nobody may interleave; afterwards a shared card forgets its PIN. */
  async inTransaction<T>(work: () => Promise<T>): Promise<T> {
    if (this.#place.mode === 'exclusive') return work()
    await this.#begin()
    this.#forget()
    try {
      return await this.#runInside(work)
    } finally {
      // A PIN verified on a shared connection could be used by another process.
      await this.#connection.end(this.#isVerified ? 'reset' : 'leave').catch(() => {})
      this.#forget()
    }
  }

  // Whoever had the card before has reset it, which this handle is told once, at the start of the transaction or at its first command.
  async #begin(): Promise<void> {
    for (let round = 0; ; round++) {
      try {
        return await this.#connection.begin()
      } catch (error) {
        if (!isReset(error) || round === MAX_BEGINS) throw error
        await this.#connection.reconnect('leave')
      }
    }
  }

  async #runInside<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      if (!isReset(error)) throw error
      await this.resume()
      return await work()
    }
  }

  /** What the card tells anybody: serial number in lower-case hex, certificate file, number of signatures. Selects anew, so the PIN is lost. */
  async identify(): Promise<CardIdentity> {
    const { profile } = this.#place
    this.#forget()
    await this.#select()
    const { data } = await this.#ask(getData(profile.serialTag), 'read')
    const counter = await this.counter()
    const certificate = profile.certificateFile === undefined ? undefined : await this.#readFile(profile.certificateFile)
    // Reading a file may have moved the selection.
    this.#forget()
    return { serial: toHex(data), counter, certificate }
  }

  /** Number of signatures the card has made, where it counts them; the application must be selected. */
  async counter(): Promise<number | undefined> {
    const { counterTag } = this.#place.profile
    if (counterTag === undefined) return undefined
    const { data } = await this.#ask(getData(counterTag), 'read')
    return data.reduce((sum, byte) => sum * 256 + byte, 0)
  }

  /** One signature over a digest, or over the message for a card that ends the hash itself: the steps in the card's order, those still in force left out. */
  async sign(key: CardKey, input: Uint8Array, pin: PinPath): Promise<Uint8Array> {
    const { profile } = this.#place
    for (const step of profile.order) {
      if (step === 'select') await this.#select()
      if (step === 'environment' && this.#environment !== key) await this.#setEnvironment(key)
      if (step === 'verify' && !this.#isVerified) await this.#verify(pin)
    }
    const { data } = await this.#ask(await this.#signatureCommand(key, input), 'sign')
    if (profile.pinLifetime === 'once') this.#isVerified = false
    return key.output === 'der' ? rawOf(data, key) : data
  }

  // A card that ends the hash itself is given the message first.
  async #signatureCommand(key: CardKey, input: Uint8Array): Promise<Command> {
    if (key.input === 'digest') return computeSignature(key, input)
    if (key.input === 'digestInfo') return computeSignature(key, concat(SHA256_INFO, input))
    await this.#ask(endHash(input), 'sign')
    return computeSignature(key)
  }

  /** What `remedy` asks for, before the sequence is run again. */
  async mend(remedy: Remedy): Promise<void> {
    if (remedy === 'verify') this.#isVerified = false
    else this.#forget()
    if (remedy === 'reset') await this.#connection.reconnect('reset')
  }

  /** After a reset by another process: the handle is good again, everything the card knew is lost. */
  async resume(): Promise<void> {
    this.#forget()
    await this.#connection.reconnect('leave')
  }

  async disconnect(): Promise<void> {
    const how = this.#isVerified ? 'reset' : 'leave'
    this.#forget()
    await this.#connection.disconnect(how).catch(() => {})
  }

  async #select(): Promise<void> {
    if (this.#isSelected) return
    await this.#ask(selectApplication(this.#place.profile), 'select')
    this.#isSelected = true
    this.#environment = undefined
    this.#isVerified = false
  }

  async #setEnvironment(key: CardKey): Promise<void> {
    const { profile } = this.#place
    if (profile.restoreEnvironment !== undefined) await this.#ask(restoreEnvironment(profile.restoreEnvironment), 'environment')
    await this.#ask(setEnvironment(key, profile), 'environment')
    this.#environment = key
    // On some cards setting the environment drops the PIN; where verifying comes first, the profile says it does not.
    const { order } = profile
    if (order.indexOf('verify') > order.indexOf('environment')) this.#isVerified = false
  }

  async #verify({ safety, source, triesLater }: PinPath): Promise<void> {
    let pin: Uint8Array | undefined
    let block: Uint8Array | undefined
    try {
      await safety.submit({
        before: async () => {
          await this.#checkTries(safety.hasSucceeded)
          pin = typeof source === 'function' ? await source() : source
          block = this.#blockOf(pin)
        },
        send: async () => {
          const { sw } = await this.#exchange(verifyPin(this.#place.profile, block as Uint8Array)).catch((error: unknown) => {
            throw cardError(error)
          })
          if (sw !== 0x9000) throw swError(sw, 'verify')
        },
        // A handle that was reset refuses before anything reaches the card. A card that was lost is asked when it is back, where asking is free.
        doubt: async ({ code, details }) => {
          if (code === 'CARD_RESET') return 'intact'
          const isLost = ['removed', 'lost', 'no-service'].includes(String(details['reason']))
          return isLost && (await triesLater()) === this.#place.profile.pinTries ? 'intact' : 'spent'
        },
      })
      this.#isVerified = true
    } finally {
      block?.fill(0)
      if (typeof source === 'function') pin?.fill(0)
    }
  }

  // A login by itself, after one that worked, needs every try: somebody else has been guessing otherwise.
  async #checkTries(isAgain: boolean): Promise<void> {
    const { statusQueryIsFree, pinTries } = this.#place.profile
    if (!statusQueryIsFree) return
    const triesLeft = await this.#triesLeft()
    if (triesLeft === 0)
      throw signerError('PIN_LOCKED', { message: 'the card says its PIN is locked', triesLeft: 0, pinDanger: false })
    if (triesLeft !== undefined && (triesLeft <= 2 || (isAgain && triesLeft < pinTries)))
      throw signerError('PIN_TRIES_LOW', { message: `${triesLeft} tries are left; no PIN was sent`, triesLeft, pinDanger: false })
  }

  /** Tries left of the PIN on a fresh connection; undefined when the card does not tell. */
  async triesLeftAnew(): Promise<number | undefined> {
    await this.#select()
    return this.#triesLeft()
  }

  // Only where asking is free: some cards count the question as a failed try.
  async #triesLeft(): Promise<number | undefined> {
    if (!this.#place.profile.statusQueryIsFree) return undefined
    const { sw } = await this.#exchange(verifyStatus(this.#place.profile))
    if (sw === 0x6983) return 0
    return (sw & 0xfff0) === 0x63c0 ? sw & 0xf : undefined
  }

  // Cards count a malformed PIN as a try, so its form is checked here first.
  #blockOf(pin: Uint8Array): Uint8Array {
    const { least, most, bytes, padding, digitsOnly } = this.#place.profile.pin
    const isDigit = (byte: number): boolean => byte >= 0x30 && byte <= 0x39
    if (pin.length < least || pin.length > most || !pin.every((byte) => (digitsOnly ? isDigit(byte) : byte >= 0x20))) {
      throw signerError('PIN_FORMAT', {
        message: `the configured PIN has not the form this card takes (${least} to ${most})`,
        pinDanger: false,
      })
    }
    const block = new Uint8Array(bytes).fill(padding)
    block.set(pin)
    return block
  }

  async #readFile(fileId: string): Promise<Uint8Array> {
    await this.#ask(selectFile(fileId), 'read')
    const parts: Uint8Array[] = []
    let size = 0
    for (;;) {
      const { data, sw } = await this.#exchange(readBinary(size))
      if (sw === 0x6b00) break
      if (!isSuccess(sw, 'read')) throw new SwFailure(sw, 'read')
      parts.push(data)
      size += data.length
      if (sw === 0x6282 || data.length === 0 || size > 32_768) break
    }
    const whole = concat(...parts)
    const element = readElement(whole)
    return element === undefined ? whole : whole.subarray(0, element.end)
  }

  async #ask(command: Command, asked: Asked): Promise<Answer> {
    const answer = await this.#exchange(command)
    if (!isSuccess(answer.sw, asked)) throw new SwFailure(answer.sw, asked)
    return answer
  }

  #exchange(command: Command): Promise<Answer> {
    return send(this.#connection, command, this.#place.profile)
  }

  #forget(): void {
    this.#isSelected = false
    this.#environment = undefined
    this.#isVerified = false
  }
}

function isReset(error: unknown): boolean {
  return error instanceof CardFailure && error.trouble === 'reset'
}

// r‖s of fixed length from a DER signature; what is no DER is left to the guard's own check.
function rawOf(der: Uint8Array, { suite }: CardKey): Uint8Array {
  const size = suite === 'es384' ? 48 : 32
  const halves = readSequence(der) ?? []
  const raw = new Uint8Array(2 * size)
  for (const [index, { content }] of halves.slice(0, 2).entries()) {
    const trimmed = content[0] === 0 ? content.subarray(1) : content
    if (trimmed.length > size) return der
    raw.set(trimmed, (index + 1) * size - trimmed.length)
  }
  return raw
}

/** The signer's error for whatever a card or reader threw. */
export function cardError(error: unknown): FiscalError {
  if (error instanceof SwFailure) return error.failure
  if (!(error instanceof CardFailure)) {
    if (error instanceof Error && error.name === 'FiscalError') return error as FiscalError
    return signerError('LIBRARY_FAULT', { message: 'the card reader failed without a reason' })
  }
  const codes = {
    removed: 'CARD_REMOVED',
    reset: 'CARD_RESET',
    busy: 'DEVICE_BUSY',
    'no-service': 'DEVICE_FAULT',
    lost: 'SESSION_LOST',
    other: 'DEVICE_FAULT',
  } as const
  const { trouble, code = trouble } = error
  return signerError(codes[trouble], { message: `the card reader reports: ${code}`, reason: trouble, nativeCode: code })
}
