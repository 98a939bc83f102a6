// Offline kit: a till over the store. What it answered is in the log after every failure, is judged sound, and goes over once.
import type { JsonObject } from '@sigillo/core'
import {
  judgeEpisode,
  offlineFiles,
  openTill,
  readEpisode,
  type Connection,
  type OfflineRules,
  type OfflineStore,
  type Till,
} from '@sigillo/core/offline'
import { check, checkSame } from './check.js'
import { fixedClock } from './fixed-clock.js'
import type { OfflineCase } from './offline-kit.js'

const rules: OfflineRules = {
  kind: 'xx.degraded',
  outage: ({ episode }) => ({ type: 'outage', episode }),
  finish: ({ header, count, breaks }) => ({ type: 'finish', episode: header.episode, count, breaks: breaks.length }),
  unreadable: ({ name, base64 }) => ({ type: 'unreadable', name, base64 }),
  acknowledge: ({ episode }, reason) => ({ type: 'acknowledge', episode, reason }),
  print: ({ counter, hash }) => [{ kind: 'title', text: `${counter} ${hash.slice(0, 8)}` }],
}

/** A queue that remembers keys and nothing else. */
interface Remote {
  readonly keys: string[]
  up: boolean
  connect(): Promise<Connection>
}

function remoteQueue(): Remote {
  const known = new Map<string, number>()
  const record: Connection['record'] = async (request: JsonObject) => {
    const key = String(request['key'])
    if (!known.has(key)) known.set(key, known.size + 1)
    const seq = known.get(key) as number
    if (request['type'] === 'ticket' && !remote.keys.includes(key)) remote.keys.push(key)
    return { outcome: 'registered', queue: 'q', seq, hash: seq.toString(16).padStart(64, '0'), reply: {} }
  }
  const remote: Remote = {
    keys: [],
    up: false,
    connect: async () => {
      if (!remote.up) throw new Error('connection refused')
      return { record, close: async () => undefined }
    },
  }
  return remote
}

const till = (store: OfflineStore, remote: Remote): Promise<Till> =>
  openTill({
    connect: remote.connect,
    till: 'T1',
    queue: 'q',
    rules,
    clock: fixedClock(),
    offline: { store, probeMs: 0, timeoutMs: 5000, failAfter: 1 },
  })
const sale = (n: number): object => ({ type: 'ticket', key: `K${n}`, amount: n })

async function sell(open: Till, from: number, to: number): Promise<Map<string, string>> {
  const printed = new Map<string, string>()
  for (let n = from; n <= to; n++) {
    const outcome = await open.record(sale(n))
    if (outcome.outcome === 'provisional') printed.set(`K${n}`, outcome.hash)
  }
  return printed
}

async function checkSound(store: OfflineStore, printed: ReadonlyMap<string, string>): Promise<void> {
  const id = (await store.list('')).find((name) => name.length === 36) as string
  const episode = await readEpisode(store, id, undefined)
  checkSame(judgeEpisode(episode, { before: undefined }).breaks, [], 'breaks')
  const hashes = new Map(
    episode.receipts.map(({ content, hash }) => [(content?.['request'] as JsonObject | undefined)?.['key'], hash]),
  )
  for (const [key, hash] of printed) checkSame(hashes.get(key), hash, `the receipt of ${key}`)
}

/** A store whose n-th writing call fails, before or after its effect. */
function failing(store: OfflineStore, nth: number, when: 'before' | 'after'): OfflineStore {
  let left = nth
  const write = async (effect: () => Promise<void>): Promise<void> => {
    const due = --left === 0
    if (due && when === 'before') throw new Error('the disk failed')
    await effect()
    if (due) throw new Error('the power went')
  }
  return {
    ...store,
    create: (path, bytes) => write(() => store.create(path, bytes)),
    replace: (path, bytes) => write(() => store.replace(path, bytes)),
    move: (from, to) => write(() => store.move(from, to)),
  }
}

/** Cases about a till over the store. */
export const tillCases: readonly OfflineCase[] = [
  {
    name: 'FR-51 a till over the store: what was answered is found by the next process, sound, and goes over once and in order',
    run: async ({ store, again }) => {
      const remote = remoteQueue()
      const first = await till(store, remote)
      const printed = await sell(first, 1, 12)
      checkSame(printed.size, 12, 'sales off line')
      await first.close()
      const place = await again()
      await checkSound(place, printed)
      const second = await till(place, remote)
      checkSame(second.state, 'DEGRADED', 'state after the restart')
      const repeated = await second.record(sale(5))
      check(repeated.outcome === 'provisional' && repeated.replayed, 'a repeated sale is the one in the log')
      checkSame(repeated.hash, printed.get('K5'), 'its hash')
      remote.up = true
      const { status, handed } = await second.transfer()
      checkSame({ status, handed }, { status: 'transferred', handed: 12 }, 'transfer')
      checkSame(remote.keys, [...printed.keys()], 'sales in the queue')
      await second.close()
      const third = await till(await again(), remote)
      checkSame(third.state, 'ONLINE', 'state after it all')
      await third.close()
    },
  },
  {
    name: 'FR-51 a till over the store: a write that fails before or after its effect loses no sale and makes none twice',
    run: async ({ store, again }) => {
      const remote = remoteQueue()
      let n = 0
      const printed: string[] = []
      // Twenty writing calls make an outage of three sales: each fails once, by turns before and after its effect.
      for (let nth = 1; nth <= 20; nth++) {
        remote.up = false
        const hurt = await till(failing(await again(), nth, nth % 2 === 0 ? 'before' : 'after'), remote)
        printed.push(...(await sell(hurt, n + 1, n + 3)).keys())
        n += 3
        remote.up = true
        await hurt.transfer().catch(() => undefined)
        await hurt.close()
      }
      const healed = await till(store, remote)
      await healed.transfer()
      await healed.close()
      checkSame(new Set(remote.keys).size, remote.keys.length, 'sales made twice')
      const missing = printed.filter((key) => !remote.keys.includes(key))
      checkSame(missing, [], 'answered sales that are not in the queue')
      check(printed.length > 40, `${printed.length} of 60 sales were answered`)
    },
  },
  {
    name: 'offline store: an episode can be handed to an inspector file by file, while the till sells',
    run: async ({ store }) => {
      const open = await till(store, remoteQueue())
      await sell(open, 1, 3)
      const [selling, paths] = [sell(open, 4, 8), [] as string[]]
      for await (const { path, bytes } of offlineFiles(store)) {
        check(bytes.length > 0, `${path} is empty`)
        paths.push(path)
      }
      await selling
      await open.close()
      const id = paths.find((path) => path.endsWith('/episode.json'))?.slice(0, 36) as string
      const named = paths.map((path) => path.replace(id, 'E'))
      for (const name of ['counter.json', 'E/00000001.json', 'E/00000002.json', 'E/00000003.json', 'E/head.json'])
        check(named.includes(name), `${name} is among the files`)
    },
  },
]
