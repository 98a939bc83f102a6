// Writing the off-line log. Order for one receipt (numbers used in comments): 1 counter taken, 2 receipt file durable, 3 head and
// its mirror, 4 counter; only then is the receipt printed. A crash can leave head and counter behind by one, never ahead: so a head
// or counter ahead of the files proves that a file is missing.
import type { JsonObject } from '../canonical.js'
import { ZERO_HASH } from '../digest.js'
import { randomBytes } from '#crypto'
import { toHex } from '../bytes.js'
import { isOpen, lastOf, readEpisode, type Episode } from './episode.js'
import {
  ackName,
  fileBytes,
  headerHash,
  parseFile,
  receiptHash,
  receiptName,
  type EpisodeHeader,
  type OfflineReceipt,
  type OfflineSeal,
} from './format.js'
import type { OfflineStore } from './store.js'

/** counter.json: never reset. */
export interface Counter {
  readonly v: 1
  readonly next: number
  readonly lastEpisode: string | null
  readonly lastEpisodeHash: string
  /** Counter that was next when the last episode ended: an episode that vanished leaves a gap up to `next`. */
  readonly settledNext: number
}

type Settled = Pick<Counter, 'lastEpisode' | 'lastEpisodeHash' | 'settledNext'>

/** What a new episode is opened with. */
export interface EpisodeFacts {
  readonly queue: string
  readonly opened: string
  readonly reason: string
  readonly anchorNumber: number
  readonly anchorHash: string
  readonly software: string
}

/** The log of one till, with its open episode. */
export class OfflineLog {
  readonly #store: OfflineStore
  readonly #mirror: OfflineStore | undefined
  readonly #mirrorFailed: ((error: unknown) => void) | undefined
  readonly #till: string
  readonly #kind: string
  readonly #seal: ((hash: string) => Promise<OfflineSeal> | OfflineSeal) | undefined
  #counter: Counter = { v: 1, next: 1, lastEpisode: null, lastEpisodeHash: ZERO_HASH, settledNext: 1 }
  #header: EpisodeHeader | undefined
  #last: { seq: number; hash: string } = { seq: 0, hash: ZERO_HASH }
  readonly #byKey = new Map<string, OfflineReceipt>()
  #ended: Promise<Map<string, OfflineReceipt>> | undefined

  constructor(options: {
    store: OfflineStore
    mirror?: OfflineStore | undefined
    mirrorFailed?: ((error: unknown) => void) | undefined
    till: string
    kind: string
    seal?: ((hash: string) => Promise<OfflineSeal> | OfflineSeal) | undefined
  }) {
    this.#store = options.store
    this.#mirror = options.mirror
    this.#mirrorFailed = options.mirrorFailed
    this.#till = options.till
    this.#kind = options.kind
    this.#seal = options.seal
  }

  /** Reads what is there, and repairs what a crash left behind by one. */
  async load(): Promise<void> {
    this.#header = undefined
    this.#byKey.clear()
    const counter = parseFile(await this.#store.read('counter.json'))
    const stored = isCounter(counter) ? counter : undefined
    if (stored !== undefined) this.#counter = { ...stored, settledNext: stored.settledNext ?? stored.next }
    await this.#settle()
    const open = await this.openEpisode()
    if (open === undefined) return
    this.#header = open.header ?? this.#placeholder(open)
    this.#last = lastOf(open)
    if (stored !== undefined && stored.settledNext === undefined)
      this.#counter = { ...this.#counter, settledNext: this.#header.counterStart }
    let highest = this.#counter.next - 1
    for (const { content } of open.receipts) {
      const key = (content?.['request'] as JsonObject | undefined)?.['key']
      if (typeof key === 'string') this.#byKey.set(key, content as unknown as OfflineReceipt)
      const counter = content?.['counter']
      if (Number.isSafeInteger(counter) && (counter as number) <= highest + PLAUSIBLE)
        highest = Math.max(highest, counter as number)
    }
    const head = open.heads.find(({ source }) => source === 'head.json')
    const claimed = Math.max(0, ...open.heads.map(({ seq }) => seq))
    const known = claimed > this.#last.seq + PLAUSIBLE ? 0 : claimed
    // One that claims what no till can have sold is put aside as evidence; no number is spent on it.
    if (known < claimed) await this.#putHeadAside()
    // A head that knows more than the files is evidence, and stays.
    if (known <= this.#last.seq && (head?.seq ?? 0) < this.#last.seq) await this.#writeHead()
    // Numbers a head knows are used up, even when their files are gone.
    this.#last = { ...this.#last, seq: Math.max(this.#last.seq, known) }
    if (highest >= this.#counter.next) await this.#setCounter({ ...this.#counter, next: highest + 1 })
  }

  // An episode's end is written before the counter that settles it: what a crash left in between is done now.
  async #settle(): Promise<void> {
    const ends: JsonObject[] = []
    for (const id of await this.#episodes()) ends.push(parseFile(await this.#store.read(`${id}/end.json`)) ?? {})
    for (let step = 0; step < ends.length; step++) {
      const { settles } = (ends.find(({ after }) => after === this.#counter.lastEpisode) ?? {}) as { readonly settles?: Settled }
      if (typeof settles?.lastEpisode !== 'string' || !Number.isSafeInteger(settles.settledNext)) return
      const next = Math.max(this.#counter.next, settles.settledNext)
      await this.#setCounter({ ...this.#counter, ...settles, next })
    }
  }

  // A header that is lost must not end selling or handing over: what is needed of it is taken from the first receipt.
  #placeholder(open: Episode): EpisodeHeader {
    const first = open.receipts.find(({ content }) => content !== undefined)?.content
    const { moment, counter } = (first ?? {}) as { readonly moment?: unknown; readonly counter?: unknown }
    return {
      v: 1,
      kind: `${this.#kind}.episode`,
      episode: open.id,
      till: this.#till,
      queue: '',
      opened: typeof moment === 'string' && !Number.isNaN(Date.parse(moment)) ? moment.slice(0, 200) : '1970-01-01T00:00:00.000Z',
      reason: 'header unreadable',
      counterStart: Number.isSafeInteger(counter) ? (counter as number) : this.#counter.settledNext,
      anchorNumber: 0,
      anchorHash: ZERO_HASH,
      prevEpisodeHash: ZERO_HASH,
      software: '',
    }
  }

  /** The episode that has not ended, as its files stand. */
  async openEpisode(): Promise<Episode | undefined> {
    for (const id of await this.#episodes()) {
      // Ended ones are passed over without reading their receipts: they stay for years.
      if (parseFile(await this.#store.read(`${id}/end.json`)) !== undefined) continue
      const episode = await readEpisode(this.#store, id, this.#mirror)
      if (isOpen(episode)) return episode
    }
    return undefined
  }

  /** An episode that has ended, by its id. */
  async endedEpisode(id: string): Promise<Episode | undefined> {
    if (!(await this.#episodes()).includes(id)) return undefined
    const episode = await readEpisode(this.#store, id, this.#mirror)
    return episode.end === undefined ? undefined : episode
  }

  /** An episode that ended with breaks nobody has acknowledged. */
  async unacknowledged(): Promise<Episode | undefined> {
    for (const id of await this.#episodes()) {
      const end = parseFile(await this.#store.read(`${id}/end.json`))
      if (end?.['acknowledged'] === false) return readEpisode(this.#store, id, this.#mirror)
    }
    return undefined
  }

  async #episodes(): Promise<string[]> {
    return (await this.#store.list('')).filter((name) => EPISODE.test(name))
  }

  get header(): EpisodeHeader | undefined {
    return this.#header
  }

  get counter(): Counter {
    return this.#counter
  }

  /** A receipt of the open episode by its request's key. */
  find(key: string): OfflineReceipt | undefined {
    return this.#byKey.get(key)
  }

  /** A receipt of an episode that has ended, by its request's key: its file still lies here. Read once, when first asked for. */
  async findEnded(key: string): Promise<OfflineReceipt | undefined> {
    this.#ended ??= this.#readEnded()
    return (await this.#ended).get(key)
  }

  async #readEnded(): Promise<Map<string, OfflineReceipt>> {
    const found = new Map<string, OfflineReceipt>()
    for (const id of await this.#episodes()) {
      if (parseFile(await this.#store.read(`${id}/end.json`)) === undefined) continue
      const { receipts } = await readEpisode(this.#store, id, undefined)
      for (const { content } of receipts) {
        const key = (content?.['request'] as JsonObject | undefined)?.['key']
        if (typeof key === 'string') found.set(key, content as unknown as OfflineReceipt)
      }
    }
    return found
  }

  /** Opens an episode. */
  async begin(facts: EpisodeFacts): Promise<void> {
    const episode = uuid4()
    const header: EpisodeHeader = {
      v: 1,
      kind: `${this.#kind}.episode`,
      episode,
      till: this.#till,
      counterStart: this.#counter.next,
      prevEpisodeHash: this.#counter.lastEpisodeHash,
      ...facts,
    }
    await this.#store.create(`${episode}/episode.json`, fileBytes(header))
    this.#header = header
    this.#last = { seq: 0, hash: headerHash(header) }
    this.#byKey.clear()
  }

  /** Appends a receipt; durable when this returns. */
  async append(request: JsonObject, moment: string): Promise<OfflineReceipt> {
    const header = this.#header as EpisodeHeader
    const [seq, counter] = [this.#last.seq + 1, this.#counter.next] // 1
    const content = {
      v: 1 as const,
      kind: `${this.#kind}.receipt`,
      episode: header.episode,
      till: this.#till,
      seq,
      counter,
      moment,
      request,
      prev: this.#last.hash,
    }
    const hash = receiptHash(content)
    const seal = await this.#seal?.(hash)
    const receipt: OfflineReceipt = { ...content, hash, ...(seal !== undefined && { seal }) }
    await this.#store.create(`${header.episode}/${receiptName(seq)}`, fileBytes(receipt)) // 2
    this.#last = { seq, hash }
    await this.#writeHead() // 3
    await this.#setCounter({ ...this.#counter, next: counter + 1 }) // 4
    if (typeof request['key'] === 'string') this.#byKey.set(request['key'], receipt)
    return receipt
  }

  async #putHeadAside(): Promise<void> {
    const id = (this.#header as EpisodeHeader).episode
    const bytes = await this.#store.read(`${id}/head.json`)
    if (bytes !== undefined) await this.quarantineCopy('head.json', bytes)
  }

  async #writeHead(): Promise<void> {
    const id = (this.#header as EpisodeHeader).episode
    const bytes = fileBytes({ v: 1, ...this.#last })
    await this.#store.replace(`${id}/head.json`, bytes)
    // The receipt is durable where it belongs: a second place that fails is told of and stops no sale.
    await this.#mirror?.replace(`${id}.head.json`, bytes).catch((error: unknown) => this.#mirrorFailed?.(error))
  }

  async #setCounter(counter: Counter): Promise<void> {
    await this.#store.replace('counter.json', fileBytes(counter))
    this.#counter = counter
  }

  /** Marks that transfer has begun: what must be there from now on. */
  async markClosing(closed: string): Promise<void> {
    const id = (this.#header as EpisodeHeader).episode
    await this.#store.replace(
      `${id}/closing.json`,
      fileBytes({ v: 1, closed, lastSeq: this.#last.seq, lastHash: this.#last.hash }),
    )
  }

  /** Marks that the queue knows of the outage. */
  async markAnnounced(reply: JsonObject): Promise<void> {
    await this.#store.replace(`${(this.#header as EpisodeHeader).episode}/announced.json`, fileBytes(reply))
  }

  /** Keeps the queue's answer for a receipt. */
  async acknowledge(seq: number, reply: JsonObject): Promise<void> {
    await this.#store.replace(`${(this.#header as EpisodeHeader).episode}/${ackName(seq)}`, fileBytes(reply))
  }

  /** What was kept of the queue's answer for a receipt. */
  async acknowledgement(seq: number): Promise<JsonObject | undefined> {
    return parseFile(await this.#store.read(`${(this.#header as EpisodeHeader).episode}/${ackName(seq)}`))
  }

  /** Puts a file aside, bytes untouched. */
  async quarantine(name: string): Promise<void> {
    const id = (this.#header as EpisodeHeader).episode
    await this.#store.move(`${id}/${name}`, `${id}/quarantine/${name}`)
  }

  /** Puts a copy of bytes aside under a new name; the same bytes twice are kept once. */
  async quarantineCopy(name: string, bytes: Uint8Array): Promise<void> {
    const path = `${(this.#header as EpisodeHeader).episode}/quarantine/${name}`
    if ((await this.#store.read(path)) === undefined) await this.#store.create(path, bytes)
  }

  /** Ends the episode. `told` is the record by which the queue knows it: the newest this till has seen. */
  async end(ended: string, breaks: readonly JsonObject[], told: { readonly seq: number; readonly hash: string }): Promise<void> {
    const header = this.#header as EpisodeHeader
    const acknowledged = breaks.length === 0
    const settles = { lastEpisode: header.episode, lastEpisodeHash: this.#last.hash, settledNext: this.#counter.next }
    const after = this.#counter.lastEpisode
    const { seq, hash } = told
    const end = { v: 1, ended, breaks, acknowledged, after, settles, told: { seq, hash } }
    await this.#store.replace(`${header.episode}/end.json`, fileBytes(end))
    await this.#setCounter({ ...this.#counter, ...settles })
    this.#header = undefined
    this.#byKey.clear()
    this.#ended = undefined
  }

  /** The record of the queue the last episode ended with: what a till has seen for certain, though it was restarted since. */
  async lastTold(): Promise<{ readonly seq: number; readonly hash: string } | undefined> {
    const { lastEpisode } = this.#counter
    const end = lastEpisode === null ? undefined : parseFile(await this.#store.read(`${lastEpisode}/end.json`))
    const { seq, hash } = (end?.['told'] ?? {}) as JsonObject
    return Number.isSafeInteger(seq) && typeof hash === 'string' && /^[0-9a-f]{64}$/.test(hash)
      ? { seq: seq as number, hash }
      : undefined
  }

  /** A person has seen the breaks of an ended episode. */
  async markSeen(episode: Episode, by: JsonObject): Promise<void> {
    await this.#store.replace(`${episode.id}/end.json`, fileBytes({ ...episode.end, acknowledged: true, by }))
  }
}

const EPISODE = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
/** More receipts than any outage has: what claims to lie further on was not written by a till. */
const PLAUSIBLE = 1_000_000

type StoredCounter = Omit<Counter, 'settledNext'> & { readonly settledNext?: number }

function isCounter(value: JsonObject | undefined): value is JsonObject & StoredCounter {
  const { next, lastEpisode, lastEpisodeHash, settledNext = 1 } = value ?? {}
  return (
    [next, settledNext].every((number) => Number.isSafeInteger(number) && (number as number) >= 1) &&
    (lastEpisode === null || (typeof lastEpisode === 'string' && EPISODE.test(lastEpisode))) &&
    typeof lastEpisodeHash === 'string' &&
    /^[0-9a-f]{64}$/.test(lastEpisodeHash)
  )
}

function uuid4(): string {
  const bytes = randomBytes(16)
  bytes[6] = 0x40 | ((bytes[6] as number) & 15)
  bytes[8] = 0x80 | ((bytes[8] as number) & 63)
  const hex = toHex(bytes)
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}
