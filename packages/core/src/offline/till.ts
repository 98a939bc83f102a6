// The till's side of a queue that may be out of reach: the same `record` call on line and off. Off line a receipt goes into the
// off-line log; when the queue is back the log is verified and handed over, in order, exactly once.
import type { Json, JsonObject } from '../canonical.js'
import { systemClock, toTimestamp, type Clock } from '../clock.js'
import type { PrintItem } from '../country.js'
import { sha256Hex } from '#crypto'
import { FiscalError, isFiscalError, withNational } from '../errors.js'
import { firstDifference, readRequest } from '../queue/request.js'
import { ask, isOutage, type Connection, type RegisteredReply, type Reply } from './connection.js'
import type { OfflineReceipt, OfflineSeal } from './format.js'
import type { JudgeContext, OfflineBreak } from './judge.js'
import { OfflineLog } from './log.js'
import type { OfflineRules } from './rules.js'
import type { OfflineStore } from './store.js'
import { finishEpisode, notify, resendEpisode, transferEpisode, type TransferTools } from './transfer.js'

/** Where a till stands. Derived from files after a restart. */
export type TillState = 'ONLINE' | 'DEGRADED' | 'OFFLINE_EXPIRED' | 'VERIFYING' | 'TRANSFERRING' | 'FINISHING' | 'ONLINE_BREAK'

/** A receipt made off line: it is in the log, and will be in the queue. */
export interface Provisional {
  readonly outcome: 'provisional'
  readonly key: string | undefined
  /** `D-<till>-<counter>`. */
  readonly number: string
  readonly hash: string
  readonly receipt: OfflineReceipt
  readonly print: readonly PrintItem[]
  /** True when the same request lay in the log already. */
  readonly replayed: boolean
}

/** Answer to a till. */
export type TillOutcome =
  | RegisteredReply
  | Provisional
  | { readonly outcome: 'rejected' | 'indeterminate'; readonly key: string | undefined; readonly error: FiscalError }

/** Something a till's screen may want to show. */
export type TillEvent =
  | { readonly kind: 'state'; readonly state: TillState; readonly reason: string }
  | { readonly kind: 'OFFLINE_CHAIN_BROKEN'; readonly breaks: readonly OfflineBreak[] }
  | { readonly kind: 'refused'; readonly seq: number; readonly error: FiscalError }
  /** The second place of the head could not be written; sales go on without it. */
  | { readonly kind: 'mirror'; readonly error: FiscalError }

/** Behaviour off line. */
export interface OfflineOptions {
  readonly store: OfflineStore
  /** A second place for the head of each episode: notices when the newest files and their head are deleted together. */
  readonly mirror?: OfflineStore
  /** `degraded` (default) goes on selling; `block` refuses with OFFLINE_BLOCKED. */
  readonly policy?: 'degraded' | 'block'
  /** Consecutive failures that begin an outage; 1–100, default 2. */
  readonly failAfter?: number
  /** Milliseconds an attempt may take; default 5,000. */
  readonly timeoutMs?: number
  /** Milliseconds between tries to reach the queue again; default 30,000; 0 tries only by hand. */
  readonly probeMs?: number
  /** Hours after which no new sale is made off line; default 48. */
  readonly maxHours?: number
  /** Signs the hash of each receipt with a key of the till. */
  readonly seal?: (hash: string) => Promise<OfflineSeal> | OfflineSeal
  /** Checks such a seal. */
  readonly sealHolds?: (seal: Json, hash: string) => boolean
}

/** What `openTill` is given. */
export interface TillOptions {
  /** Makes a connection to the queue; called again after it failed. */
  readonly connect: () => Promise<Connection>
  /** Name of the till. */
  readonly till: string
  /** The queue's UUID as the till knows it. */
  readonly queue: string
  /** The country's wording and requests for outages. */
  readonly rules: OfflineRules
  readonly offline: OfflineOptions
  readonly clock?: Clock
  /** Local time with offset of an instant; UTC by default. */
  readonly localMoment?: (ms: number) => string
  readonly software?: string
  readonly onEvent?: (event: TillEvent) => void
}

/** What a transfer came to. */
export interface TransferReport {
  readonly status: 'nothing' | 'transferred' | 'transferred-with-breaks' | 'cut-off' | 'refused'
  readonly handed: number
  readonly breaks: readonly OfflineBreak[]
  readonly error?: FiscalError
}

/** A till in front of a queue. */
export interface Till extends AsyncDisposable {
  readonly state: TillState
  /** Breaks nobody has acknowledged; shown with every answer while there are any. */
  readonly breaks: readonly OfflineBreak[]
  record(request: object): Promise<TillOutcome>
  /** Tries to reach the queue now and hands over what waits. */
  transfer(): Promise<TransferReport>
  /**
   * Sends the receipts of an ended episode again, on a person's order, and tells the queue of it: for a queue restored from a backup.
   * What it still holds is answered again, what it lost is recorded.
   */
  resend(episode: string, reason: string, operator: string): Promise<TransferReport>
  /** A person has seen the breaks. */
  acknowledgeBreak(reason: string, operator: string): Promise<TillOutcome>
  close(): Promise<void>
}

const HOUR_MS = 3_600_000

/**
 * Opens a till. What an earlier process left in the log is found again.
 * @throws FiscalError OFFLINE_LOCKED when another process holds the log
 */
export async function openTill(options: TillOptions): Promise<Till> {
  const { store, mirror, seal } = options.offline
  const unlock = await store.lock()
  const mirrorFailed = (error: unknown): void => options.onEvent?.({ kind: 'mirror', error: storeFailed(error, 'yes') })
  const log = new OfflineLog({ store, mirror, mirrorFailed, till: options.till, kind: options.rules.kind, seal })
  try {
    await log.load()
    return await OfflineTill.start(options, log, unlock)
  } catch (error) {
    await unlock()
    throw error
  }
}

class OfflineTill implements Till {
  readonly #options: TillOptions
  readonly #log: OfflineLog
  readonly #unlock: () => Promise<void>
  readonly #clock: Clock
  #state: TillState = 'ONLINE'
  #breaks: readonly OfflineBreak[] = []
  #connection: Promise<Connection> | undefined
  #failures = 0
  #anchor = { seq: 0, hash: '0'.repeat(64) }
  #turn: Promise<unknown> = Promise.resolve()
  #transfer: Promise<TransferReport> | undefined
  #probe: ReturnType<typeof setTimeout> | undefined
  #closed = false

  private constructor(options: TillOptions, log: OfflineLog, unlock: () => Promise<void>) {
    this.#options = options
    this.#log = log
    this.#unlock = unlock
    this.#clock = options.clock ?? systemClock
  }

  static async start(options: TillOptions, log: OfflineLog, unlock: () => Promise<void>): Promise<OfflineTill> {
    const till = new OfflineTill(options, log, unlock)
    till.#anchor = (await log.lastTold()) ?? till.#anchor
    const episode = await log.openEpisode()
    if (episode !== undefined) {
      const waiting = episode.receipts.some(({ acknowledged }) => !acknowledged)
      till.#enter(!episode.closing ? 'DEGRADED' : waiting ? 'TRANSFERRING' : 'FINISHING', 'found after a restart')
      till.#scheduleProbe()
      return till
    }
    const broken = await log.unacknowledged()
    if (broken !== undefined) {
      till.#breaks = (broken.end?.['breaks'] ?? []) as unknown as OfflineBreak[]
      till.#enter('ONLINE_BREAK', 'breaks nobody has acknowledged')
    }
    return till
  }

  get state(): TillState {
    // Found in the midst of a transfer it waits for the queue like any other; only a transfer under way has it at hand.
    if (this.#isOffline() && this.#transfer === undefined && this.#expired()) return 'OFFLINE_EXPIRED'
    return this.#state
  }

  get breaks(): readonly OfflineBreak[] {
    return this.#breaks
  }

  record(request: object): Promise<TillOutcome> {
    return this.#inTurn(async () => {
      const outcome = await this.#record(request)
      return 'error' in outcome
        ? { ...outcome, error: withNational(outcome.error, this.#options.rules.nationalCode?.(outcome.error.code)) }
        : outcome
    })
  }

  // One receipt at a time: the log has one end.
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(work)
    this.#turn = result.catch(() => undefined)
    return result
  }

  async #record(request: object): Promise<TillOutcome> {
    const key = keyOf(request)
    let content: JsonObject
    try {
      if (this.#closed) throw new FiscalError('QUEUE_CLOSED', { message: 'the till is closed' })
      content = JSON.parse(readRequest(request).text) as JsonObject
    } catch (error) {
      return { outcome: 'rejected', key, error: error as FiscalError }
    }
    if (this.#isOffline()) return this.#recordOffline(content)
    for (;;) {
      const reply = await this.#ask(content)
      if (reply.outcome === 'registered') return this.#answered(reply)
      if (!isOutage(reply.error)) {
        // It answered, if only to refuse: failures in a row begin anew.
        this.#failures = 0
        return { ...reply, key }
      }
      this.#failures += 1
      if (this.#failures >= (this.#options.offline.failAfter ?? 2)) return this.#beginOutage(content, reply.error)
    }
  }

  #isOffline(): boolean {
    return this.#state !== 'ONLINE' && this.#state !== 'ONLINE_BREAK'
  }

  #answered(reply: RegisteredReply): RegisteredReply {
    this.#failures = 0
    this.#anchor = { seq: reply.seq, hash: reply.hash }
    return reply
  }

  async #ask(request: JsonObject): Promise<Reply> {
    this.#connection ??= this.#options.connect()
    const connection = this.#connection
    const reply = await ask(() => connection, request, this.#options.offline.timeoutMs ?? 5000)
    if (reply.outcome !== 'registered' && isOutage(reply.error)) {
      this.#connection = undefined
      connection.then((one) => one.close()).catch(() => undefined)
    }
    return reply
  }

  async #beginOutage(content: JsonObject, error: FiscalError): Promise<TillOutcome> {
    if (this.#options.offline.policy === 'block') {
      this.#failures = 0
      const blocked = new FiscalError('OFFLINE_BLOCKED', {
        message: `the queue cannot be reached and this till may not sell off line: ${error.message}`,
        registered: error.registered,
        cause: error,
      })
      return { outcome: blocked.registered === 'unknown' ? 'indeterminate' : 'rejected', key: keyOf(content), error: blocked }
    }
    const refusal = this.#refusalOf(content)
    if (refusal !== undefined) {
      // Nothing can go into the log, so none is begun. What the queue would refuse too was not stored; of the rest nothing is known.
      const { code, message, kind } = refusal
      if (kind === 'input' || error.registered === 'no') return { outcome: 'rejected', key: keyOf(content), error: refusal }
      const unsure = new FiscalError(code, { message, kind, registered: error.registered, retry: 'same-handle', cause: error })
      return { outcome: 'indeterminate', key: keyOf(content), error: unsure }
    }
    try {
      await this.#openEpisode(error)
    } catch (failure) {
      await this.#log.load().catch(() => undefined)
      return {
        outcome: error.registered === 'no' ? 'rejected' : 'indeterminate',
        key: keyOf(content),
        error: storeFailed(failure, error.registered),
      }
    }
    this.#failures = 0
    this.#enter('DEGRADED', error.message)
    this.#scheduleProbe()
    return this.#recordOffline(content)
  }

  #refusalOf(content: JsonObject): FiscalError | undefined {
    try {
      this.#options.rules.check?.(content)
      return undefined
    } catch (refusal) {
      if (isFiscalError(refusal)) return refusal
      throw refusal
    }
  }

  async #openEpisode(error: FiscalError): Promise<void> {
    if (this.#log.header === undefined) await this.#begin(error.code === 'UNREACHABLE' ? 'unreachable' : error.code)
  }

  #begin(reason: string): Promise<void> {
    return this.#log.begin({
      queue: this.#options.queue,
      opened: this.#moment(),
      reason,
      anchorNumber: this.#anchor.seq,
      anchorHash: this.#anchor.hash,
      software: this.#options.software ?? 'sigillo',
    })
  }

  async #recordOffline(content: JsonObject): Promise<TillOutcome> {
    const key = keyOf(content)
    let known: OfflineReceipt | undefined
    try {
      known = key === undefined ? undefined : (this.#log.find(key) ?? (await this.#log.findEnded(key)))
    } catch (error) {
      return { outcome: 'rejected', key, error: storeFailed(error, 'no') }
    }
    if (known !== undefined) {
      const path = firstDifference(known.request, content)
      if (path === undefined) return this.#provisional(known, true)
      return {
        outcome: 'rejected',
        key,
        error: new FiscalError('KEY_REUSED', {
          message: `key ${key as string} already names another request; they differ at ${path}`,
          path,
        }),
      }
    }
    try {
      if (this.#options.offline.policy === 'block')
        throw new FiscalError('OFFLINE_BLOCKED', { message: 'the queue cannot be reached and this till may not sell off line' })
      if (this.state === 'OFFLINE_EXPIRED')
        throw new FiscalError('OFFLINE_TOO_LONG', { message: `selling off line is permitted for ${this.#maxHours()} hours` })
      this.#options.rules.check?.(content)
      // The log vanished under the till: it goes on with a new episode, whose counter shows the loss.
      if (this.#log.header === undefined) await this.#begin('log vanished')
      return this.#provisional(await this.#log.append(content, this.#moment()), false)
    } catch (error) {
      if (isFiscalError(error) && error.kind !== 'storage') return { outcome: 'rejected', key, error }
      return this.#findOut(content, error)
    }
  }

  // A write failed: whether the receipt is in the log is decided by its files, and by nothing else.
  async #findOut(content: JsonObject, error: unknown): Promise<TillOutcome> {
    const key = keyOf(content)
    try {
      await this.#log.load()
    } catch (failure) {
      return { outcome: 'indeterminate', key, error: storeFailed(failure, 'unknown') }
    }
    const stored = key === undefined ? undefined : this.#log.find(key)
    return stored === undefined ? { outcome: 'rejected', key, error: storeFailed(error, 'no') } : this.#provisional(stored, false)
  }

  #provisional(receipt: OfflineReceipt, replayed: boolean): Provisional {
    const number = `D-${this.#options.till}-${receipt.counter}`
    return {
      outcome: 'provisional',
      key: keyOf(receipt.request),
      number,
      hash: receipt.hash,
      receipt,
      print: this.#options.rules.print(receipt),
      replayed,
    }
  }

  transfer(): Promise<TransferReport> {
    return (this.#transfer ??= this.#runTransfer().finally(() => {
      this.#transfer = undefined
    }))
  }

  async #runTransfer(): Promise<TransferReport> {
    if (this.#log.header === undefined) {
      if (this.#isOffline()) this.#enter('ONLINE', 'nothing is left to hand over')
      return { status: 'nothing', handed: 0, breaks: [] }
    }
    const tools = this.#tools()
    let handed = 0
    for (;;) {
      this.#enter('VERIFYING', 'trying to hand over')
      const result = await transferEpisode(tools)
      if (result.status !== 'drained') return this.#stuck(result, handed)
      handed += result.handed
      // Selling stands still only for the last look: what came meanwhile goes with the same episode.
      const done = await this.#inTurn(() => this.#finish(tools, result.breaks, result.judgement.missing, handed))
      if (done !== undefined) return done
    }
  }

  async #finish(
    tools: TransferTools,
    breaks: readonly OfflineBreak[],
    missing: readonly number[],
    handed: number,
  ): Promise<TransferReport | undefined> {
    const episode = await this.#log.openEpisode()
    if (episode?.receipts.some(({ acknowledged }) => !acknowledged) === true) return undefined
    this.#enter('FINISHING', 'everything is handed over')
    const failure = await finishEpisode(tools, breaks, missing)
    if (failure !== undefined && failure.status !== 'drained') return this.#stuck(failure, handed)
    this.#breaks = breaks
    if (breaks.length === 0) {
      this.#enter('ONLINE', 'the outage is over')
      return { status: 'transferred', handed, breaks }
    }
    this.#enter('ONLINE_BREAK', 'the off-line log had breaks')
    this.#options.onEvent?.({ kind: 'OFFLINE_CHAIN_BROKEN', breaks })
    return { status: 'transferred-with-breaks', handed, breaks }
  }

  #stuck(
    result: { readonly status: 'cut-off' | 'refused'; readonly error: FiscalError; readonly seq?: number },
    handed: number,
  ): TransferReport {
    if (result.status === 'refused') this.#options.onEvent?.({ kind: 'refused', seq: result.seq ?? 0, error: result.error })
    else this.#enter('DEGRADED', result.error.message)
    this.#scheduleProbe()
    return { status: result.status, handed, breaks: [], error: result.error }
  }

  #tools(): TransferTools {
    const { rules, offline } = this.#options
    const { lastEpisodeHash, settledNext } = this.#log.counter
    const judge: JudgeContext = {
      before: { lastHash: lastEpisodeHash, nextCounter: settledNext },
      ...(offline.sealHolds !== undefined && { sealHolds: offline.sealHolds }),
      sealed: offline.seal !== undefined,
    }
    return {
      log: this.#log,
      rules,
      judge,
      expired: this.#expired(),
      now: () => this.#moment(),
      ask: (request) => this.#ask(request),
      verified: () => this.#enter('TRANSFERRING', 'handing over'),
      refused: (seq, error) => this.#options.onEvent?.({ kind: 'refused', seq, error }),
    }
  }

  resend(id: string, reason: string, operator: string): Promise<TransferReport> {
    return this.#inTurn(async () => {
      const episode = await this.#log.endedEpisode(id)
      if (episode?.header === undefined)
        return refusedReport(new FiscalError('REQUEST_INVALID', { message: `${id} is no episode of this till that has ended` }))
      const result = await resendEpisode(episode, episode.header, this.#tools())
      if (result.status !== 'drained') return { status: result.status, handed: 0, breaks: [], error: result.error }
      const { handed, breaks } = result
      const moment = this.#moment()
      const told = this.#options.rules.resent?.(episode.header, { count: handed, moment, reason, operator })
      const key = `SND-${id}-${sha256Hex(`${moment} ${reason}`).slice(0, 16)}`
      const reply = told === undefined ? undefined : await notify(told, key, (one) => this.#ask(one))
      if (reply !== undefined && reply.outcome !== 'registered') return { ...refusedReport(reply.error), handed }
      return { status: breaks.length === 0 ? 'transferred' : 'transferred-with-breaks', handed, breaks }
    })
  }

  async acknowledgeBreak(reason: string, operator: string): Promise<TillOutcome> {
    const episode = await this.#log.unacknowledged()
    if (episode?.header === undefined)
      return {
        outcome: 'rejected',
        key: undefined,
        error: new FiscalError('REQUEST_INVALID', { message: 'there is no break to acknowledge' }),
      }
    const request = this.#options.rules.acknowledge(episode.header, reason, operator)
    const reply = await notify(request, `ACK-${episode.id}`, (one) => this.#ask(one))
    if (reply.outcome !== 'registered') return { ...reply, key: `ACK-${episode.id}` }
    await this.#log.markSeen(episode, { reason, operator })
    this.#breaks = []
    this.#enter('ONLINE', 'the breaks were acknowledged')
    return this.#answered(reply)
  }

  #maxHours(): number {
    return this.#options.offline.maxHours ?? 48
  }

  #expired(): boolean {
    const opened = Date.parse(this.#log.header?.opened ?? '')
    return !Number.isNaN(opened) && this.#clock.now() - opened > this.#maxHours() * HOUR_MS
  }

  #moment(): string {
    const ms = this.#clock.now()
    return this.#options.localMoment?.(ms) ?? toTimestamp(ms)
  }

  #enter(state: TillState, reason: string): void {
    if (state === this.#state) return
    this.#state = state
    this.#options.onEvent?.({ kind: 'state', state, reason })
  }

  #scheduleProbe(): void {
    const wait = this.#options.offline.probeMs ?? 30_000
    if (wait === 0 || this.#closed || this.#probe !== undefined) return
    this.#probe = setTimeout(() => {
      this.#probe = undefined
      void this.transfer().catch(() => undefined)
    }, wait)
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    clearTimeout(this.#probe)
    await this.#transfer?.catch(() => undefined)
    await this.#turn
    await this.#connection?.then((connection) => connection.close()).catch(() => undefined)
    await this.#unlock()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}

function refusedReport(error: FiscalError): TransferReport {
  return { status: isOutage(error) ? 'cut-off' : 'refused', handed: 0, breaks: [], error }
}

// What the store says by name (no space, taken over by another page) is passed on by name.
function storeFailed(cause: unknown, registered: FiscalError['registered']): FiscalError {
  const text = cause instanceof Error ? cause.message : String(cause)
  const named = isFiscalError(cause) && cause.kind === 'storage' ? cause : undefined
  return new FiscalError(named?.code ?? 'STORAGE_FAILED', {
    message: `the off-line log cannot be written: ${text}`,
    registered,
    retry: 'same-handle',
    ...(named !== undefined && { remedy: named.remedy, details: named.details }),
    cause,
  })
}

function keyOf(request: object): string | undefined {
  const { key } = request as { key?: unknown }
  return typeof key === 'string' ? key : undefined
}
