// The open queue: one writer, one path. parse → recall → decide → seal → append → fold → answer (design 3). If a step before
// append fails nothing happened; if append ends in doubt the queue reopens its store, finds out, and only then answers.
import type { Json } from '../canonical.js'
import type { Clock } from '../clock.js'
import type { Country, Draft, Lookup, Notice, RequestEnvelope } from '../country.js'
import { asFiscal, FiscalError, withNational } from '../errors.js'
import { parseLine } from '../read-line.js'
import type { FiscalRecord, SealedRecord } from '../record.js'
import { guarded } from '../signer-guard.js'
import type { Signer } from '../signer.js'
import type { Head, Storage, StorageWriter, Witness } from '../storage.js'
import type { Report, VerifyOptions } from '../verify/verify.js'
import { anchorQueue, type Anchor, type AnchorRequest } from './anchor.js'
import { notStored, principalOf, refused, registered, replayOf, type Outcome } from './answer.js'
import { certificateNotice, LOOK_EVERY_MS, signerFor } from './certificate-notice.js'
import { checkSigner, optionInvalid } from './check-options.js'
import { fillBatch, momentOf, type Batch, type Job, type Moment } from './committer.js'
import type { Queue, QueueHealth } from './contract.js'
import { Echoes } from './echoes.js'
import { changeKey, type KeyChange } from './key-change.js'
import { keyRecordDraft, type KeyRecord } from './key-records.js'
import { keyEnd } from './key-standing.js'
import type { Ledger, Plan } from './ledger.js'
import { recordAt } from './load.js'
import { purgeQueue, type PurgeRequest } from './purge.js'
import { proofOf, recordsOf, verifyStored } from './reading.js'
import { keyReused, recall } from './recall.js'
import { openRedactions, redactionDraft, type Blanking, type Redactions } from './redactions.js'
import { reopenStore } from './reopen.js'
import { keyOf, readRequest, type Incoming } from './request.js'
import type { SealDraft } from './seal.js'
import { QueueSigners } from './signers.js'
import { keepWitness, type WitnessKeeper } from './witness.js'

/** Parts of an open queue, as `openQueue` has put them together. */
export interface QueueParts {
  readonly ledger: Ledger
  readonly writer: StorageWriter
  readonly storage: Storage
  readonly signer: Signer
  readonly clock: Clock
  readonly witness: Witness | undefined
  readonly maxWaiting: number
  readonly software: string
  readonly warnings: readonly string[]
}

/** Records between two checkpoints after which a clean close writes one (FORMAT 4). */
const CHECKPOINT_DUE = 256

/** Starts the single writer over its parts. */
export function startQueue(parts: QueueParts): QueueCore {
  return new QueueCore(parts)
}

/** The queue behind the interface; internal to core. */
export class QueueCore implements Queue {
  readonly #storage: Storage
  readonly #clock: Clock
  readonly #country: Country<RequestEnvelope, unknown, unknown>
  readonly #maxWaiting: number
  readonly #software: string
  readonly #warnings: string[]
  readonly #witness: WitnessKeeper
  readonly #line: Job[] = []
  readonly #underway = new Map<string, { readonly incoming: Incoming; readonly answer: Promise<Outcome> }>()
  readonly #echoes = new Echoes()
  /** Records of the batch being made. */
  readonly #sealed: SealedRecord[] = []
  readonly #signers: QueueSigners
  readonly #redactions: Redactions
  #ledger: Ledger
  #writer: StorageWriter
  #durable: Head
  #pump: Promise<void> | undefined
  #background: Promise<unknown> = Promise.resolve()
  readonly #due = new Map<string, () => Promise<unknown>>()
  #stopped: FiscalError | undefined
  #closing: Promise<void> | undefined
  #certificateLookMs = Infinity

  constructor(parts: QueueParts) {
    this.#ledger = parts.ledger
    this.#country = parts.ledger.country
    this.#writer = parts.writer
    this.#storage = parts.storage
    this.#signers = new QueueSigners(parts.signer)
    this.#clock = parts.clock
    this.#maxWaiting = parts.maxWaiting
    this.#software = parts.software
    this.#warnings = [...parts.warnings]
    this.#witness = keepWitness(parts.witness)
    this.#redactions = openRedactions(parts.ledger.country)
    this.#durable = { seq: BigInt(parts.ledger.chain.seq), hash: parts.ledger.chain.hash }
    this.#witness.write(parts.ledger.chain)
  }

  get id(): string {
    return this.#ledger.chain.queue
  }

  record(request: object, options: { readonly signal?: AbortSignal } = {}): Promise<Outcome> {
    let incoming: Incoming
    let parsed: RequestEnvelope
    try {
      incoming = readRequest(request)
      const known = incoming.key === undefined ? undefined : this.#underway.get(incoming.key)
      if (known !== undefined) return this.#join(known, incoming)
      const { seen: _seen, ...content } = incoming.input
      parsed = this.#country.parse(content)
    } catch (error) {
      return Promise.resolve(refused(keyOf(request), asFiscal(error)))
    }
    const answer = this.#register(incoming, parsed, options.signal)
    const { key } = incoming
    if (key === undefined) return answer
    this.#underway.set(key, { incoming, answer })
    const forget = (): void => void this.#underway.delete(key)
    answer.then(forget, forget)
    return answer
  }

  async #join(known: { readonly incoming: Incoming; readonly answer: Promise<Outcome> }, incoming: Incoming): Promise<Outcome> {
    if (known.incoming.req !== incoming.req) {
      const stored = { body: { req: known.incoming.req }, payload: { request: JSON.parse(known.incoming.text) as unknown } }
      return refused(incoming.key, keyReused(this.#country, incoming, stored))
    }
    const outcome = await known.answer
    return outcome.outcome === 'registered' ? replayOf(outcome) : outcome
  }

  #register(incoming: Incoming, parsed: RequestEnvelope, signal: AbortSignal | undefined): Promise<Outcome> {
    const closed = this.#refusal()
    if (closed !== undefined) return Promise.resolve(refused(incoming.key, closed))
    if (incoming.key === undefined) return this.#submitRequest(incoming, parsed, signal)
    const hit = this.#writer.byRef(incoming.key)
    if (hit === undefined) return this.#submitRequest(incoming, parsed, signal)
    return this.#recallOrSubmit(incoming, parsed, signal, hit)
  }

  async #recallOrSubmit(
    incoming: Incoming,
    parsed: RequestEnvelope,
    signal: AbortSignal | undefined,
    hit: ReturnType<StorageWriter['byRef']>,
  ): Promise<Outcome> {
    try {
      const found = await hit
      if (found !== undefined) return await recall(this.#writer, this.#country, incoming, found)
    } catch (error) {
      return refused(incoming.key, asFiscal(error))
    }
    return this.#submitRequest(incoming, parsed, signal)
  }

  #submitRequest(incoming: Incoming, parsed: RequestEnvelope, signal: AbortSignal | undefined): Promise<Outcome> {
    const { key } = incoming
    const request = { ref: key, req: key === undefined ? undefined : incoming.req, text: incoming.text }
    return this.#submit(key, signal, (moment) => {
      const { seen } = incoming
      const suspicion = seen && this.#echoes.suspicion(seen, this.#ledger.chain.seq, this.#writer)
      const decide = (suspected: FiscalError | undefined): Plan | Promise<Plan> => {
        if (suspected !== undefined) throw this.#stop(suspected)
        return this.#decide(parsed, moment, request)
      }
      return suspicion instanceof Promise ? suspicion.then(decide) : decide(suspicion)
    })
  }

  #decide(
    parsed: RequestEnvelope,
    moment: Moment,
    request: NonNullable<Plan['drafts'][number]['request']>,
  ): Plan | Promise<Plan> {
    const { state } = this.#ledger
    const context = { ...moment, queue: this.id }
    const decide = (needs: unknown): Plan => {
      const decision = this.#country.decide(state, parsed, { ...context, needs })
      const { closing, ends, redacts } = decision
      const principal = Math.max(
        0,
        decision.drafts.findIndex((draft) => draft.principal === true),
      )
      const drafts: SealDraft[] = decision.drafts.slice()
      const draft = decision.drafts[principal] as Draft
      drafts[principal] = { type: draft.type, write: (place) => draft.write(place), request }
      drafts.push(...this.#afterSignerFailure(moment))
      if (redacts !== undefined) drafts.push(redactionDraft(redacts))
      return { drafts, closing, ends }
    }
    if (this.#country.gather === undefined) return decide(undefined)
    const needs = this.#country.gather(state, parsed, this.#lookup)
    return needs instanceof Promise ? needs.then(decide) : decide(needs)
  }

  // A request may refer to one of its own batch: sealed and folded, but not stored yet. They become durable together or not at all.
  readonly #lookup: Lookup = {
    bySeq: async (seq) => this.#sealed.find(({ body }) => BigInt(body.seq) === seq) ?? (await this.find(seq)),
    byKey: async (key) => this.#sealed.find(({ body }) => body.ref === key) ?? (await this.byKey(key)),
  }

  #afterSignerFailure(moment: Moment): Plan['drafts'] {
    const { failures } = this.#signers
    if (failures === undefined) return []
    const { count, since, code } = failures
    return this.#reaction({ kind: 'signer-back', failures: count, since, code }, moment)?.drafts ?? []
  }

  #reaction(notice: Notice, moment: Moment): Plan | undefined {
    return this.#country.react?.(this.#ledger.state, notice, { ...moment, queue: this.id })
  }

  #submit(key: string | undefined, signal: AbortSignal | undefined, plan: Job['plan']): Promise<Outcome> {
    return new Promise((resolve) => {
      if (this.#line.length >= this.#maxWaiting) {
        resolve(
          refused(
            key,
            new FiscalError('QUEUE_FULL', { message: `${this.#line.length} requests are waiting`, retryAfterMs: 100 }),
          ),
        )
        return
      }
      this.#line.push({
        plan,
        signal,
        sealed: (records) => void this.#sealed.push(...records),
        done: (records) => resolve(registered(this.#country, principalOf(records, key), records, false)),
        failed: (error) => resolve(refused(key, this.#nationalised(error))),
      })
      this.#wake()
    })
  }

  #nationalised(error: FiscalError): FiscalError {
    return withNational(error, this.#country.nationalCode?.(error.code))
  }

  #wake(): void {
    // Everything asked for in this turn of the event loop comes into one batch.
    this.#pump ??= Promise.resolve().then(() => this.#run())
  }

  async #run(): Promise<void> {
    try {
      while (this.#line.length > 0 && this.#stopped === undefined) {
        await this.#commit()
        // Beside the requests, which must not wait for it.
        if (this.#closing === undefined && this.#clock.now() >= this.#certificateLookMs) void this.noticeCertificate()
        // Callers that were just answered ask again within a few microtasks: let them into the next batch.
        // oxlint-disable-next-line typescript/await-thenable
        for (let turn = 0; turn < 8; turn++) await undefined
      }
    } finally {
      this.#pump = undefined
    }
    for (const job of this.#line.splice(0)) job.failed(this.#refusal() as FiscalError)
  }

  async #commit(): Promise<void> {
    this.#sealed.length = 0
    const batch = await fillBatch(this.#line, {
      ledger: this.#ledger,
      signer: () => this.#signer(),
      clock: this.#clock,
      epoch: Number(this.#writer.adoption.epoch),
      emergency: this.#writer.emergency(),
      auditTold: () => this.#newestPayload('signer.audit'),
      warn: (text) => this.#warn(text),
      signed: (error) => this.#noteSigner(error),
    })
    if (batch.records.length === 0) return
    try {
      await this.#writer.append(batch.expect, batch.records)
    } catch (error) {
      await this.#findOut(batch, asFiscal(error))
      return
    }
    this.#committed(batch)
  }

  async #newestPayload(type: string): Promise<Json | undefined> {
    const seq = this.#ledger.chain.types.get(type)?.seq
    const found = seq === undefined ? undefined : await this.#lookup.bySeq(seq).catch(() => undefined)
    return found?.payload
  }

  #signer(): Signer {
    return this.#signers.of(this.#ledger.chain.kid)
  }

  #noteSigner(error: FiscalError | undefined): void {
    this.#signers.note(error, () => momentOf({ clock: this.#clock, ledger: this.#ledger }).now)
    if (error?.code === 'SIGN_SELF_CHECK_FAILED') this.#stop(error)
  }

  #committed(batch: Batch): void {
    const last = batch.records.at(-1) as SealedRecord
    this.#durable = { seq: BigInt(last.body.seq), hash: last.hash }
    this.#echoes.remember(batch.records)
    this.#witness.write(this.#ledger.chain)
    for (const { job, records } of batch.requests) job.done(records)
    const snapshot = batch.snapshots.at(-1)
    if (snapshot !== undefined) this.#soon('snapshot', () => this.#writer.putSnapshot(snapshot))
    if (batch.segment) this.#soon('maintain', () => this.#writer.maintain())
    if (this.#redactions.noticed(batch.records) || (batch.segment && this.#redactions.pending()))
      this.#later(() => this.#redactions.work(this.#writer))
  }

  // Of work that makes earlier work of its kind needless only the newest waits: a store slower than the sales is not buried under it.
  #soon(kind: string, work: () => Promise<unknown>): void {
    const waits = this.#due.has(kind)
    this.#due.set(kind, work)
    if (waits) return
    this.#later(() => {
      const newest = this.#due.get(kind)
      this.#due.delete(kind)
      return newest?.() ?? Promise.resolve()
    })
  }

  // Caches and sealing never decide an answer; their failure is a warning.
  #later(work: () => Promise<unknown>): void {
    this.#background = this.#background.then(work).catch((error: unknown) => this.#warn(asFiscal(error).message))
  }

  #warn(text: string): void {
    if (this.#warnings.length < 100) this.#warnings.push(text)
  }

  // Append failed. What of the batch is in the journal is decided by the reopened store and by nothing else.
  async #findOut(batch: Batch, error: FiscalError): Promise<void> {
    const settled = await this.#reopen(error)
    if (settled !== undefined) {
      this.#stop(settled)
      for (const { job } of batch.requests) job.failed(error)
      return
    }
    for (const { job, records } of batch.requests) {
      const last = records.at(-1) as SealedRecord
      const stored = await recordAt(this.#writer, BigInt(last.body.seq)).catch(() => undefined)
      if (stored?.hash === last.hash) job.done(records)
      else job.failed(notStored(error))
    }
  }

  async #reopen(cause: FiscalError): Promise<FiscalError | undefined> {
    const reopened = await reopenStore(cause, this.#writer, {
      storage: this.#storage,
      country: this.#country,
      signer: (kid) => this.#signers.of(kid),
      clock: this.#clock,
      software: this.#software,
      adopt: (writer) => void (this.#writer = writer),
    })
    if (reopened instanceof FiscalError) return reopened
    this.#ledger = reopened
    this.#durable = { seq: BigInt(reopened.chain.seq), hash: reopened.chain.hash }
    this.#echoes.clear()
    this.resumeRedactions()
    return undefined
  }

  #refusal(): FiscalError | undefined {
    if (this.#closing !== undefined) return new FiscalError('QUEUE_CLOSED', { message: 'the queue is closed' })
    if (this.#ledger.chain.ended) {
      const national = this.#country.nationalCode?.('QUEUE_ENDED')
      return new FiscalError('QUEUE_ENDED', { message: 'the queue has ended', ...(national !== undefined && { national }) })
    }
    if (this.#stopped === undefined) return undefined
    const { code, message } = this.#stopped
    return new FiscalError('QUEUE_STOPPED', {
      message: `the queue stopped: ${message}`,
      details: { stoppedBy: code },
      cause: this.#stopped,
    })
  }

  #stop(error: FiscalError): FiscalError {
    this.#stopped ??= error
    return error
  }

  head(): Head {
    return this.#durable
  }

  records({ from = 0n, to }: { readonly from?: bigint; readonly to?: bigint } = {}): AsyncIterable<FiscalRecord> {
    const last = this.#durable.seq
    return recordsOf(this.#writer, from, to === undefined || to > last ? last : to)
  }

  find(seq: bigint): Promise<FiscalRecord | undefined> {
    return seq < 0n || seq > this.#durable.seq ? Promise.resolve(undefined) : recordAt(this.#writer, seq)
  }

  async byKey(key: string): Promise<FiscalRecord | undefined> {
    const hit = await this.#writer.byRef(key)
    return hit?.line === undefined ? undefined : parseLine(hit.line)
  }

  totals(): unknown {
    return this.#country.totals(this.#ledger.state)
  }

  checkpoint(): Promise<Outcome> {
    const closed = this.#refusal()
    return closed === undefined
      ? this.#submit(undefined, undefined, () => ({ drafts: [], closing: true, reason: 'manual' }))
      : Promise.resolve(refused(undefined, closed))
  }

  recordKey(record: KeyRecord): Promise<Outcome> {
    const closed = this.#refusal()
    if (closed !== undefined) return Promise.resolve(refused(undefined, closed))
    return this.#submit(undefined, undefined, () => ({ drafts: [keyRecordDraft(record, guarded(this.#signer()))] }))
  }

  async changeKey(change: KeyChange): Promise<Outcome> {
    const closed = this.#refusal()
    if (closed !== undefined) return refused(undefined, closed)
    checkSigner((change as KeyChange | undefined)?.signer, 'signer')
    signerFor(change.signer, this.#country)
    return changeKey(change, {
      chain: () => this.#ledger.chain,
      reaction: (notice, moment) => this.#reaction(notice, moment)?.drafts ?? [],
      submit: (plan) => this.#submit(undefined, undefined, plan),
      know: (signer) => this.#signers.know(signer),
      warn: (text) => this.#warn(text),
    })
  }

  async anchor(request: AnchorRequest): Promise<Anchor> {
    try {
      return await anchorQueue(request, { chain: this.#ledger.chain, size: Number(this.#durable.seq) + 1, writer: this.#writer })
    } catch (error) {
      const failure = asFiscal(error)
      throw failure.kind === 'integrity' ? this.#stop(failure) : failure
    }
  }

  prove(seq: bigint, size: bigint = this.#durable.seq + 1n): ReturnType<Queue['prove']> {
    return proofOf({ reader: this.#writer, chain: this.#ledger.chain, durable: this.#durable.seq + 1n }, seq, size)
  }

  async verify(options: Pick<VerifyOptions, 'resume' | 'progress' | 'maxFindings'> = {}): Promise<Report> {
    if (typeof options !== 'object' || options === null) throw optionInvalid('options', 'must be an object')
    const [writer, durable] = [this.#writer, this.#durable.seq]
    return verifyStored({ writer, durable, country: this.#country, witness: this.#witness }, options)
  }

  /** Lets the country journal something that happened to the queue itself. */
  notice(notice: Notice): Promise<Outcome> | undefined {
    if (this.#reaction(notice, momentOf({ clock: this.#clock, ledger: this.#ledger })) === undefined) return undefined
    return this.#submit(undefined, undefined, (moment) => this.#reaction(notice, moment) as Plan)
  }

  /** Goes on with blanking that an earlier process did not end. */
  resumeRedactions(): void {
    const newest = this.#ledger.chain.types.get('sys.redact')?.seq
    if (newest === undefined) return
    this.#later(async () => {
      if (await this.#redactions.resume(this.#writer, newest)) await this.#redactions.work(this.#writer)
    })
  }

  async purge(request: PurgeRequest): Promise<Outcome> {
    const closed = this.#refusal()
    if (closed !== undefined) return refused(undefined, closed)
    if (typeof request !== 'object' || request === null) throw optionInvalid('request', 'must be an object')
    await this.#background
    return purgeQueue(request, {
      writer: this.#writer,
      chain: this.#ledger.chain,
      durable: this.#durable.seq,
      submit: (plan) => this.#submit(undefined, undefined, () => plan),
      answer: (record) => registered(this.#country, record, [record], true),
    })
  }

  async blankings(): Promise<readonly Blanking[]> {
    await this.#background
    return this.#redactions.standing()
  }

  putBlob(bytes: Uint8Array): Promise<string> {
    const closed = this.#refusal()
    if (closed !== undefined) return Promise.reject(closed)
    if (!(bytes instanceof Uint8Array)) return Promise.reject(optionInvalid('bytes', 'must be bytes'))
    return this.#writer.putBlob(bytes)
  }

  blob(sha256: string): Promise<Uint8Array | undefined> {
    return this.#writer.blob(sha256)
  }

  /** Tells the country how long the certificate of the signing key still lasts; what it says of it becomes a request of its own. */
  async noticeCertificate(): Promise<void> {
    const nowMs = this.#clock.now()
    this.#certificateLookMs = nowMs + LOOK_EVERY_MS
    const notice = certificateNotice(this.#signer(), nowMs)
    if (notice !== undefined) await this.notice(notice)
  }

  /** Submits records core itself wants. */
  submitPlan(plan: Job['plan']): Promise<Outcome> {
    return this.#submit(undefined, undefined, plan)
  }

  async health(): Promise<QueueHealth> {
    const storage = await this.#writer.health()
    const end = keyEnd(this.#ledger.chain)
    const ended = end === undefined ? [] : [`the journal says that its key is ${end}: nothing is sealed until it is changed`]
    const anchored = this.#witness.configured ? [] : ['no witness is configured: loss of the newest records would go unnoticed']
    return {
      state: this.#closing !== undefined ? 'closed' : this.#stopped !== undefined ? 'stopped' : 'open',
      stoppedBy: this.#stopped,
      head: this.#durable,
      waiting: this.#line.length,
      warnings: [...this.#warnings, ...ended, ...this.#witness.warnings(), ...anchored, ...storage.warnings],
      storage,
    }
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#shut())
  }

  async #shut(): Promise<void> {
    // `#closing` is set once this returns its promise: nothing new comes in, what is in line is finished first.
    await this.#pump
    if (this.#stopped === undefined && !this.#ledger.chain.ended) await this.#lastWords()
    await this.#background
    await this.#witness.flush()
    await this.#writer.close({ clean: this.#stopped === undefined })
  }

  async #lastWords(): Promise<void> {
    await this.notice({ kind: 'closing' })
    if (this.#ledger.chain.unchecked >= CHECKPOINT_DUE && this.#stopped === undefined) {
      await this.submitPlan(() => ({ drafts: [], closing: true, reason: 'manual' }))
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}
