// The worker that sends what the journal owes (9.4 to 9.6, 16.3): make, keep, tell the journal, send, tell the journal. One step at a
// time; after a crash at any point the next step goes on from the journal.
import {
  FiscalError,
  isFiscalError,
  type Clock,
  type Queue,
  type Signer,
  type Transport,
  type TransportResponse,
} from '@sigillo/core'
import { readCertificates, signXml, verifyXml, type X509 } from '@sigillo/documents'
import { batchDue, nextBatch } from './batches.js'
import { classify, type Classified, type RefusalClass } from './classify.js'
import { acceptCertificate } from './enrolment.js'
import type { Italy } from './italy.js'
import { firstOf } from './outbox.js'
import { renderMessage, routeOf } from './render.js'
import type { RequestOf } from './request-types.js'
import { dueAt, isClosed } from './schedule.js'
import type { Lane, Message, State } from './state.js'

/** Where exact bytes are kept: the blobs beside the journal. */
export interface Blobs {
  /** Keeps bytes durably and returns their SHA-256 in hex. */
  put(bytes: Uint8Array): Promise<string>
  get(sha256: string): Promise<Uint8Array | undefined>
}

/** Parts of a transmitter. */
export interface TransmitterParts {
  readonly queue: Queue
  readonly country: Italy
  /** Where files and answers are kept; by default beside the journal. */
  readonly blobs?: Blobs
  readonly transport: Transport
  readonly clock: Clock
  /** The device's key (RSA 2048). Its certificate comes with the signer, or from the enrolment. */
  readonly device: Signer
  /** The manufacturer's key with its certificate, for enrolment. */
  readonly manufacturer?: Signer
  /** Lets go of what was refused for a defect, so that the messages behind it are sent; by default a person decides (9.5). */
  readonly autoSkip?: boolean
  /** Largest lottery message, bytes; 60,000 by default. */
  readonly lotteryLimit?: number
}

/** What a step did. */
export type Step =
  | { readonly did: 'made' | 'batched' | 'recovered' | 'split' | 'skipped'; readonly of: number }
  | Sent
  /** Nothing to do now; `until` is when something becomes due, undefined when nothing will by itself. */
  | { readonly did: 'nothing'; readonly until: number | undefined }

/** A message was sent, and what came of it. */
export interface Sent {
  readonly did: 'sent'
  /** Record that fixed the bytes. */
  readonly of: number
  readonly result: Classified['result']
  readonly lane: Lane
  /** What acceptance brings about: `enrol`, `activate`, or the word of the event. */
  readonly what: string
  readonly progressive: number
  readonly class?: RefusalClass
  readonly codes?: readonly string[]
  readonly operation?: string
  readonly problem?: string
}

/** How to drain. */
export interface DrainOptions {
  /** Try everything once without waiting for schedule and hours; only the lottery keeps its closed hours and its order. */
  readonly now?: boolean
  /** Told of each step. */
  readonly onStep?: (step: Step) => void
  /** Ends between two steps. */
  readonly signal?: AbortSignal
}

/** Sends what is owed. */
export interface Transmitter {
  /** The next thing to do, done. */
  step(): Promise<Step>
  /** Steps until nothing is due; returns what was done. */
  drain(options?: DrainOptions): Promise<Step[]>
  /** Milliseconds when something becomes due by itself: now or later; undefined when nothing will. */
  until(): number | undefined
  /** Lets lanes that wait for a changed state try again once, as after an operator has acted. */
  resume(): void
}

const LANES: readonly Lane[] = ['setup', 'receipts', 'event', 'lottery']
const MAX_ANSWER = 1_048_576
const TIMEOUT_MS = 60_000
const LIMITED_MS = 900_000
/** The name the authority signs under. */
const AUTHORITY = 'Servizio AE Corrispettivi IVA'

/** @throws FiscalError OPTION_INVALID without `baseUrl` or `authorityRoots` */
export function openTransmitter(parts: TransmitterParts): Transmitter {
  const { baseUrl, authorityRoots } = parts.country.settings
  if (baseUrl === undefined) throw new FiscalError('OPTION_INVALID', { message: 'baseUrl: there is no default', path: 'baseUrl' })
  const anchors = authorityRoots === undefined ? [] : readCertificates(authorityRoots)
  if (anchors.length === 0)
    throw new FiscalError('OPTION_INVALID', { message: 'authorityRoots: no certificate', path: 'authorityRoots' })
  return new Worker(parts, baseUrl.replace(/\/+$/, ''), anchors)
}

class Worker implements Transmitter {
  readonly #parts: TransmitterParts
  readonly #blobs: Blobs
  readonly #baseUrl: string
  readonly #anchors: readonly X509[]
  /** Waits the authority asked for, by message; forgotten at a restart, where trying early does no harm. */
  readonly #notBefore = new Map<number, number>()
  #line: Promise<unknown> = Promise.resolve()
  #resumed = false
  /** Messages tried in a drain that waits for nothing; undefined in any other. */
  #tried: Set<number> | undefined

  constructor(parts: TransmitterParts, baseUrl: string, anchors: readonly X509[]) {
    this.#parts = parts
    const { queue, blobs } = parts
    this.#blobs = blobs ?? { put: (bytes) => queue.putBlob(bytes), get: (sha256) => queue.blob(sha256) }
    this.#baseUrl = baseUrl
    this.#anchors = anchors
  }

  resume(): void {
    this.#resumed = true
  }

  async drain({ now = false, onStep, signal }: DrainOptions = {}): Promise<Step[]> {
    const steps: Step[] = []
    if (now) this.#tried = new Set()
    try {
      while (signal?.aborted !== true) {
        const step = await this.step()
        if (step.did === 'nothing') break
        steps.push(step)
        onStep?.(step)
      }
      return steps
    } finally {
      if (now) this.#tried = undefined
    }
  }

  until(): number | undefined {
    const { outbox } = this.#state()
    const now = this.#parts.clock.now()
    const cut = outbox.some(({ state }) => state === 'sending')
    return cut || makeable(this.#state()) !== undefined ? now : this.#until()
  }

  // Steps never overlap: a message found in `sending` is one whose step was cut off.
  step(): Promise<Step> {
    const next = this.#line.then(() => this.#step())
    this.#line = next.catch(() => undefined)
    return next
  }

  async #step(): Promise<Step> {
    const { outbox } = this.#state()
    const cut = outbox.find((one) => one.state === 'sending')
    if (cut !== undefined) return this.#recover(cut)
    const large = outbox.find((one) => one.state === 'rejected' && one.reason === 'split')
    if (large !== undefined) return this.#split(large)
    const refused = this.#parts.autoSkip === true ? outbox.find((one) => one.state === 'rejected') : undefined
    if (refused !== undefined) return this.#skip(refused)
    const owed = makeable(this.#state())
    if (owed !== undefined) return this.#make(owed)
    return (await this.#sendDue()) ?? (await this.#batch()) ?? { did: 'nothing', until: this.#until() }
  }

  #state(): State {
    return this.#parts.queue.totals() as State
  }

  // Whoever was sending is gone: whether the bytes arrived is not known.
  async #recover({ made }: Message): Promise<Step> {
    await this.#tell({ type: 'transmission', op: 'interrupted', of: made })
    return { did: 'recovered', of: made }
  }

  // Too large for the authority: its documents wait again, for batches half as long (7).
  async #split({ made }: Message): Promise<Step> {
    await this.#tell({ type: 'transmission', op: 'replace', of: made })
    return { did: 'split', of: made }
  }

  async #skip({ made }: Message): Promise<Step> {
    await this.#tell({ type: 'outcome', of: made, result: 'released', operator: 'autoSkip' })
    return { did: 'skipped', of: made }
  }

  async #make({ source, progressive, what }: Message): Promise<Step> {
    const { queue, country } = this.#parts
    const record = await queue.find(BigInt(source))
    if (record === undefined) throw new FiscalError('JOURNAL_CORRUPT', { message: `record ${source} is missing` })
    const bytes = await this.#sign(renderMessage(record, progressive, country.settings.kind), what)
    const sha256 = await this.#blobs.put(bytes)
    await this.#tell({ type: 'transmission', op: 'made', of: source, progressive, sha256, bytes: bytes.length })
    return { did: 'made', of: source }
  }

  async #sign(xml: Uint8Array, what: string): Promise<Uint8Array> {
    const { device, manufacturer } = this.#parts
    const signer = what === 'enrol' ? manufacturer : device
    if (signer === undefined)
      throw new FiscalError('OPTION_INVALID', {
        message: 'manufacturer: enrolment is signed by the manufacturer',
        path: 'manufacturer',
      })
    const own = signer.describe().certificates[0]
    const certificate = own ?? (what === 'enrol' ? undefined : await this.#blobs.get(this.#state().certificate.sha256))
    if (certificate === undefined)
      throw new FiscalError('OPTION_INVALID', { message: 'device: the key has no certificate yet', path: 'device' })
    const operation = what === 'enrol' ? 'it.manufacturer' : 'it.device'
    return signXml(xml, {
      certificate,
      sign: async (message) => (await signer.sign({ operation, suite: 'rs256', input: { message } })).signature,
    })
  }

  async #sendDue(): Promise<Step | undefined> {
    const now = this.#parts.clock.now()
    for (const lane of LANES) {
      const message = sendable(this.#state(), lane)
      if (message === undefined) continue
      const due = this.#dueOf(message, now)
      if (due !== undefined && due <= now) return this.#send(message)
    }
    this.#resumed = false
    return undefined
  }

  #dueOf(message: Message, now: number): number | undefined {
    if (this.#forced(message, now)) return now
    if (message.state === 'blocked' && this.#resumed) return now
    const due = dueAt(this.#parts.country.settings, this.#state(), message, now)
    return due === undefined ? undefined : Math.max(due, this.#notBefore.get(message.made) ?? 0)
  }

  // What a person sends now does not wait, but is tried once; no lottery batch leaves in the closed hours, whoever asks (9.4).
  #forced({ made, state, lane }: Message, now: number): boolean {
    if (this.#tried === undefined || this.#tried.has(made) || !['ready', 'unknown', 'blocked'].includes(state)) return false
    return lane !== 'lottery' || !isClosed(this.#parts.country.settings, now)
  }

  #until(): number | undefined {
    const now = this.#parts.clock.now()
    const due = LANES.map((lane) => sendable(this.#state(), lane)).map((message) =>
      message === undefined ? undefined : this.#dueOf(message, now),
    )
    const batch = batchDue(this.#parts.country.settings, this.#state(), now)
    const known = [...due, batch].filter((one) => one !== undefined)
    return known.length === 0 ? undefined : Math.min(...known)
  }

  async #send(message: Message): Promise<Step> {
    const { transport } = this.#parts
    const { made, sha256, lane, what, doubt, progressive } = message
    this.#tried?.add(made)
    const body = await this.#blobs.get(sha256)
    if (body === undefined) throw new FiscalError('JOURNAL_CORRUPT', { message: `blob ${sha256} of message ${made} is missing` })
    await this.#tell({ type: 'transmission', op: 'attempt', of: made })
    const { method, path } = routeOf(lane, what)
    let outcome: Omit<RequestOf<'outcome'>, 'key'>
    try {
      const response = await transport.send({
        method,
        url: this.#baseUrl + path,
        headers: { 'content-type': 'application/xml' },
        body,
        timeoutMs: TIMEOUT_MS,
      })
      outcome = await this.#judge(made, { lane, what, doubt }, response)
    } catch (error) {
      if (!isFiscalError(error)) throw error
      // When no byte can have left, nothing is in doubt.
      outcome = { type: 'outcome', of: made, result: error.registered === 'no' ? 'retry' : 'unknown', problem: error.code }
    }
    await this.#tell(outcome)
    const { class: of, codes, operation, problem } = outcome
    return {
      did: 'sent',
      of: made,
      result: outcome.result as Classified['result'],
      lane,
      what,
      progressive,
      ...(of && { class: of }),
      ...(codes && { codes }),
      ...(operation && { operation }),
      ...(problem && { problem }),
    }
  }

  async #judge(
    made: number,
    known: Pick<Message, 'lane' | 'what' | 'doubt'>,
    response: TransportResponse,
  ): Promise<Omit<RequestOf<'outcome'>, 'key'>> {
    const { clock, country, device } = this.#parts
    const { status, headers, body } = response
    const now = clock.now()
    const skewMs = skewOf(headers['date'], now)
    const base = { type: 'outcome', of: made, status, ...(skewMs !== undefined && { skewMs }) }
    if (body.length > MAX_ANSWER) return { ...base, result: 'unknown', problem: 'ANSWER_TOO_LARGE' }
    const answer = body.length === 0 ? {} : { answer: await this.#blobs.put(body) }
    const verdict = verifyXml(body, {
      trust: { anchors: this.#anchors, at: now, usage: ['nonRepudiation'], commonName: AUTHORITY },
    })
    const { certificate, ...said } = classify({ ...known, status, verdict, body })
    if (status === 429 || said.result === 'retry') this.#wait(made, status, headers['retry-after'], now)
    if (certificate === undefined) return { ...base, ...answer, ...said }
    const judged = acceptCertificate(country.settings, certificate, device.describe().publicJwk, now)
    if (!judged.ok) return { ...base, ...answer, result: 'rejected', class: 'defect', problem: judged.problem }
    return { ...base, ...answer, ...said, certificate: { notAfter: judged.notAfter, sha256: await this.#blobs.put(certificate) } }
  }

  #wait(made: number, status: number, retryAfter: string | undefined, now: number): void {
    const seconds = retryAfter !== undefined && /^\d{1,7}$/.test(retryAfter) ? Number(retryAfter) * 1000 : undefined
    const until =
      seconds ?? (retryAfter === undefined || Number.isNaN(Date.parse(retryAfter)) ? undefined : Date.parse(retryAfter) - now)
    if (until !== undefined || status === 429) this.#notBefore.set(made, now + (until ?? LIMITED_MS))
  }

  async #batch(): Promise<Step | undefined> {
    const { queue, country, clock, lotteryLimit = 60_000 } = this.#parts
    const items = await nextBatch(country.settings, this.#state(), (seq) => queue.find(BigInt(seq)), {
      nowMs: clock.now(),
      lotteryLimit,
    })
    if (items === undefined) return undefined
    await this.#tell({ type: 'lottery', items })
    return { did: 'batched', of: items[0] as number }
  }

  // Keys name the step, so that a step taken twice around a crash is recorded once.
  async #tell(request: object): Promise<void> {
    const { queue } = this.#parts
    const outcome = await queue.record({ key: `it-${queue.head().seq}-${queue.head().hash.slice(0, 16)}`, ...request })
    if (outcome.outcome !== 'registered') throw outcome.error
  }
}

// Sealed as soon as it is owed, so that a person can take the file out whatever holds the lane up (9.2, 9.4). An activation waits
// for the certificate of the enrolment before it.
function makeable(state: State): Message | undefined {
  const owed = state.outbox.filter((one) => one.state === 'owed')
  return LANES.map((lane) => owed.find((one) => one.lane === lane)).find(
    (one) => one !== undefined && (one.lane !== 'setup' || one === firstOf(state, 'setup')),
  )
}

// The message a lane would send next; an event waits for outstanding receipts (9.4).
function sendable(state: State, lane: Lane): Message | undefined {
  return lane === 'event' && firstOf(state, 'receipts') !== undefined ? undefined : firstOf(state, lane)
}

function skewOf(date: string | undefined, now: number): number | undefined {
  const theirs = date === undefined ? Number.NaN : Date.parse(date)
  // The header has whole seconds: within one there is no difference.
  return Number.isNaN(theirs) ? undefined : Math.abs(now - theirs) < 1500 ? 0 : now - theirs
}
