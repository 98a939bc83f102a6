// Outages played by a seed, in memory: the till's process dies at any write, answers are lost, the queue goes and comes back, and a
// forger may lay hands on the files of each episode once. What must hold afterwards is told beside what did.
import { memoryOfflineStore } from '@sigillo/testing'
import { utf8 } from '../bytes.js'
import type { JsonObject } from '../canonical.js'
import { FiscalError } from '../errors.js'
import type { Connection } from './connection.js'
import type { OfflineBreak } from './judge.js'
import type { OfflineRules } from './rules.js'
import type { OfflineStore } from './store.js'
import { openTill, type Till } from './till.js'

/** Numbers from a seed, the same on every machine (mulberry32). */
export function numbers(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

const rules: OfflineRules = {
  kind: 'xx.degraded',
  outage: ({ episode, reason, opened }) => ({ type: 'outage', episode, reason, opened }),
  finish: ({ header, count, breaks, missing }) => ({
    type: 'zero',
    episode: header.episode,
    opened: header.opened,
    count,
    breaks: breaks.length,
    missing,
  }),
  unreadable: ({ header, name, sha256 }) => ({ type: 'defect', opened: header.opened, name, sha256 }),
  acknowledge: ({ episode }, reason) => ({ type: 'acknowledge', episode, reason }),
  print: ({ counter }) => [{ kind: 'title', text: String(counter) }],
}

/** A queue that knows keys and places of episodes as a real one does; answers may be lost. */
function strictQueue(random: () => number): {
  readonly stored: JsonObject[]
  up: boolean
  calm: boolean
  connection: Connection
} {
  const texts = new Map<string, string>()
  const places = new Set<string>()
  const registered = (seq: number): Awaited<ReturnType<Connection['record']>> => ({
    outcome: 'registered',
    queue: 'q',
    seq,
    hash: seq.toString(16).padStart(64, '0'),
    reply: {},
  })
  const answer = (request: JsonObject): Awaited<ReturnType<Connection['record']>> => {
    const { degraded, ...content } = request as JsonObject & { degraded?: { episode: string; seq: number } }
    const [key, text] = [String(content['key']), JSON.stringify(content)]
    if (texts.has(key)) {
      if (texts.get(key) !== text)
        return { outcome: 'rejected', error: new FiscalError('KEY_REUSED', { message: key, registered: 'no' }) }
      return registered(queue.stored.findIndex((one) => one['key'] === key))
    }
    if (typeof content['amount'] === 'string')
      return { outcome: 'rejected', error: new FiscalError('REQUEST_INVALID', { message: 'amount', registered: 'no' }) }
    const place = degraded === undefined ? undefined : `${degraded.episode}/${degraded.seq}`
    if (place !== undefined && places.has(place))
      return { outcome: 'rejected', error: new FiscalError('OFFLINE_CONFLICT', { message: place, registered: 'no' }) }
    if (place !== undefined) places.add(place)
    texts.set(key, text)
    queue.stored.push(request)
    return registered(queue.stored.length - 1)
  }
  const queue = {
    stored: [] as JsonObject[],
    up: true,
    calm: false,
    connection: {
      record: async (request: JsonObject) => {
        if (!queue.up) throw new Error('connection refused')
        const luck = queue.calm ? 1 : random()
        if (luck < 0.04) throw new Error('lost on the way')
        const reply = answer(request)
        if (luck < 0.08) throw new Error('the answer was lost')
        return reply
      },
      close: () => Promise.resolve(),
    },
  }
  return queue
}

/** A process's view of the files: it dies at a write, before or after its effect, and nothing works any more. */
function mortal(store: OfflineStore, random: () => number, calm: boolean): OfflineStore & { dead: boolean } {
  const dying = (work: () => Promise<void>): Promise<void> => {
    if (view.dead) return Promise.reject(new Error('no process'))
    if (calm || random() > 0.03) return work()
    view.dead = true
    return (random() < 0.5 ? work() : Promise.resolve()).then(() => Promise.reject(new Error('killed')))
  }
  const view = {
    ...store,
    dead: false,
    lock: () => Promise.resolve(() => Promise.resolve()),
    create: (path: string, bytes: Uint8Array) => dying(() => store.create(path, bytes)),
    replace: (path: string, bytes: Uint8Array) => dying(() => store.replace(path, bytes)),
    move: (from: string, to: string) => dying(() => store.move(from, to)),
  }
  return view
}

/** What a rehearsal came to. */
export interface RehearsalReport {
  /** Keys of the sales a customer holds paper of, in order. */
  readonly printed: readonly string[]
  /** Labels of the sales in the queue, in order. */
  readonly recorded: readonly string[]
  /** Sales whose only file a forger destroyed. */
  readonly destroyed: ReadonlySet<string>
  /** Sales whose receipt a forger changed: when their first attempt had reached the queue, both are recorded. */
  readonly changed: ReadonlySet<string>
  /** `KIND seq` of the damage done, by episode. */
  readonly damaged: ReadonlyMap<string, string>
  /** `KIND seq` of the breaks reported, by episode. */
  readonly reported: ReadonlyMap<string, readonly string[]>
  readonly deaths: number
}

type Files = Map<string, Uint8Array>
type Damage = { readonly expected: string; readonly destroyed?: string; readonly changed?: string }

const text = (files: Files, path: string): JsonObject => JSON.parse(new TextDecoder().decode(files.get(path))) as JsonObject
const write = (files: Files, path: string, value: unknown): void => void files.set(path, utf8(`${JSON.stringify(value)}\n`))

/** Does one deed to the open episode's files; undefined when there is nothing to do it to. */
function forge(files: Files, episode: string, printed: readonly string[], random: () => number): Damage | undefined {
  const seqs = [...files.keys()]
    .map((path) => new RegExp(`^${episode}/(\\d{8})\\.json$`).exec(path)?.[1])
    .filter((name) => name !== undefined)
    .map(Number)
    .sort((a, b) => a - b)
  const last = seqs.at(-1)
  if (last === undefined || seqs.length !== last) return undefined
  const seq = seqs[Math.floor(random() * seqs.length)] as number
  const name = (n: number): string => `${episode}/${String(n).padStart(8, '0')}.json`
  const content = text(files, name(seq))
  const request = content['request'] as JsonObject
  const label = String(request['label'])
  // A sale nobody has an answer for will be sent again; against a forged file the till must refuse it, and this story would end.
  if (!printed.includes(label)) return undefined
  switch (Math.floor(random() * 7)) {
    case 0:
      write(files, name(seq), { ...content, request: { ...request, amount: 7 } })
      return { expected: `BAD_HASH ${seq}`, changed: label }
    case 1:
      write(files, name(seq), { ...content, request: { ...request, amount: 'no amount' } })
      return { expected: `BAD_HASH ${seq}`, destroyed: label }
    case 2:
      files.delete(name(seq))
      return { expected: seq === last ? `TAIL ${seq}` : `GAP ${seq}`, destroyed: label }
    case 3:
      files.set(
        name(seq),
        Uint8Array.from({ length: random() < 0.1 ? 300_000 : 40 }, () => random() * 256),
      )
      return { expected: `UNREADABLE ${seq}`, destroyed: label }
    case 4:
      files.set(name(last + 1), files.get(name(seq)) as Uint8Array)
      return { expected: `DUPLICATE ${last + 1}` }
    case 5:
      write(files, `${episode}/episode.json`, { ...text(files, `${episode}/episode.json`), opened: '2020-01-01T00:00:00.000Z' })
      return { expected: 'HEADER_ALTERED 1' }
    default:
      write(files, name(seq), { ...content, request: { ...request, key: label === 'S0' ? 'Z' : 'K0' } })
      return { expected: `BAD_HASH ${seq}`, changed: label }
  }
}

const openEpisode = (files: Files): string | undefined => {
  const ids = new Set([...files.keys()].filter((path) => path.endsWith('/episode.json')).map((path) => path.slice(0, 36)))
  return [...ids].find((id) => !files.has(`${id}/end.json`))
}

/** Plays one rehearsal. */
export async function rehearseInMemory(seed: number, sales: number, damage: boolean): Promise<RehearsalReport> {
  const random = numbers(seed)
  const [store, queue] = [memoryOfflineStore(), strictQueue(random)]
  const printed: string[] = []
  const [destroyed, changed] = [new Set<string>(), new Set<string>()]
  const damaged = new Map<string, string>()
  let [next, deaths] = [0, 0]
  const live = async (calm: boolean): Promise<void> => {
    const view = mortal(store, random, calm)
    const till = await openTill({
      connect: () => Promise.resolve(queue.connection),
      till: 'T1',
      queue: 'q',
      rules,
      offline: { store: view, probeMs: 0, timeoutMs: 500 },
    })
    while (!view.dead && next < sales) {
      if (!calm && random() < 0.15) queue.up = !queue.up
      if (random() < 0.2) await till.transfer().catch(() => undefined)
      const sale = await till.record({ type: 'sale', key: `K${next}`, label: `S${next}`, amount: 1 })
      // Without an answer the sale is sent again; the same key makes it the same sale.
      if (sale.outcome === 'registered' || sale.outcome === 'provisional') printed.push(`S${next++}`)
      else if (!view.dead && sale.error.kind === 'input') throw sale.error
    }
    if (calm) await settle(till)
    await till.close().catch(() => undefined)
    if (view.dead) deaths += 1
  }
  for (let process = 0; process < 400 && next < sales; process++) {
    await live(false).catch(dies)
    const episode = openEpisode(store.files)
    if (!damage || episode === undefined || damaged.has(episode) || random() > 0.3) continue
    const deed = forge(store.files, episode, printed, random)
    if (deed === undefined) continue
    damaged.set(episode, deed.expected)
    if (deed.destroyed !== undefined) destroyed.add(deed.destroyed)
    if (deed.changed !== undefined) changed.add(deed.changed)
  }
  queue.up = queue.calm = true
  await live(true)
  const ends = [...store.files.keys()].filter((path) => path.endsWith('/end.json'))
  const reported = new Map(
    ends.map((path) => [
      path.slice(0, 36),
      (text(store.files, path)['breaks'] as unknown as OfflineBreak[]).map(({ kind, seq }) => `${kind} ${seq}`),
    ]),
  )
  const recorded = queue.stored.filter(({ type }) => type === 'sale').map(({ label }) => String(label))
  return { printed, recorded, destroyed, changed, damaged, reported, deaths }
}

/** What many calls at once came to. */
export interface CrowdReport {
  /** Labels answered with paper, each once. */
  readonly printed: ReadonlySet<string>
  /** Labels of the sales in the queue, in order. */
  readonly recorded: readonly string[]
  /** Breaks reported, although nobody touched a file. */
  readonly breaks: readonly string[]
  readonly deaths: number
}

/** The same without a forger, and with cashiers and hand-overs that do not wait for one another; some sales are sent twice at once. */
export async function crowdInMemory(seed: number, sales: number): Promise<CrowdReport> {
  const random = numbers(seed)
  const [store, queue] = [memoryOfflineStore(), strictQueue(random)]
  const printed = new Set<string>()
  let [waiting, deaths] = [Array.from({ length: sales }, (_, n) => n), 0]
  const pause = async (): Promise<void> => {
    for (let n = Math.floor(random() * 4); n > 0; n--) await new Promise((resolve) => setImmediate(resolve))
  }
  const slow: Connection = {
    record: async (request) => {
      await pause()
      const reply = await queue.connection.record(request)
      await pause()
      return reply
    },
    close: () => Promise.resolve(),
  }
  const live = async (calm: boolean): Promise<void> => {
    const view = mortal(store, random, calm)
    const offline = { store: view, probeMs: 0, timeoutMs: 500 }
    const till = await openTill({ connect: () => Promise.resolve(slow), till: 'T1', queue: 'q', rules, offline })
    const transfers: Promise<unknown>[] = []
    while (!view.dead && waiting.length > 0) {
      if (!calm && random() < 0.25) queue.up = !queue.up
      if (random() < 0.4) transfers.push(till.transfer().catch(() => undefined))
      const some = waiting.slice(0, 1 + Math.floor(random() * 5)).flatMap((n) => (random() < 0.2 ? [n, n] : [n]))
      const answers = await Promise.all(
        some.map(async (n) => ({ n, answer: await till.record({ type: 'sale', key: `K${n}`, label: `S${n}`, amount: 1 }) })),
      )
      for (const { n, answer } of answers) {
        if (answer.outcome === 'registered' || answer.outcome === 'provisional') printed.add(`S${n}`)
        else if (!view.dead && answer.error.kind === 'input') throw answer.error
      }
      waiting = waiting.filter((n) => !printed.has(`S${n}`))
    }
    await Promise.all(transfers)
    if (calm) await settle(till)
    await till.close().catch(() => undefined)
    if (view.dead) deaths += 1
  }
  for (let process = 0; process < 400 && waiting.length > 0; process++) await live(false).catch(dies)
  queue.up = queue.calm = true
  await live(true)
  const breaks = [...store.files.keys()]
    .filter((path) => path.endsWith('/end.json'))
    .flatMap((path) => (text(store.files, path)['breaks'] as unknown as OfflineBreak[]).map(({ kind, seq }) => `${kind} ${seq}`))
  const recorded = queue.stored.filter(({ type }) => type === 'sale').map(({ label }) => String(label))
  return { printed, recorded, breaks, deaths }
}

function dies(error: unknown): void {
  if (!/killed|no process/.test(String((error as Error).message))) throw error
}

async function settle(till: Till): Promise<void> {
  for (let i = 0; i < 20 && till.state !== 'ONLINE'; i++) {
    if (till.state === 'ONLINE_BREAK') await till.acknowledgeBreak('seen', 'OP-1')
    else await till.transfer()
  }
  if (till.state !== 'ONLINE') throw new Error(`the till stays ${till.state}`)
}
