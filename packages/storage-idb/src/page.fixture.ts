// What the tests run inside a page: the kit over a database of its own for each case, and the parts of the package by name.
import { judgeEpisode, openTill, readEpisode, zipOffline, type Till } from '@sigillo/core/offline'
import { offlineKit, type OfflinePlace } from '@sigillo/testing'
import { openOfflineDatabase, type OfflineDatabase, type OfflineDatabaseOptions } from './index.js'

declare global {
  interface Window {
    /** Gives this site all the space the browser has; before, a test may have left it little. Set by the test. */
    giveSpace(): Promise<void>
    /** Told of each answered sale. Set by the test. */
    answered(key: string, hash: string): Promise<void>
    page: TestPage
  }
}

/** What a test calls in the page. */
export interface TestPage {
  readonly names: readonly string[]
  runCase(name: string): Promise<string>
  open(name: string, options?: OfflineDatabaseOptions): Promise<OfflineDatabase>
  openTillOver(store: OfflineDatabase): Promise<Till>
  outcomeOf(work: () => Promise<unknown>): Promise<{ readonly value?: unknown; readonly error?: unknown }>
  erase(name: string): Promise<void>
  fillUp(sizeBytes: number): Promise<void>
  readEpisode: typeof readEpisode
  judgeEpisode: typeof judgeEpisode
  /** Sells off line in four lines at once until the page ends, telling of each answer. */
  sell(name: string, prefix: string): Promise<void>
  /** What is wrong with the log, given the answers that were told of; and how many receipts it holds. */
  check(name: string, answers: readonly (readonly [key: string, hash: string])[]): Promise<{ wrong: string[]; receipts: number }>
  /** The log as a ZIP, in base64. */
  zip(store: OfflineDatabase): Promise<string>
}

let places = 0

async function place(): Promise<OfflinePlace> {
  const name = `kit-${places++}`
  const opened: OfflineDatabase[] = []
  const open = async (): Promise<OfflineDatabase> => {
    const store = await openOfflineDatabase(name, { lockWaitMs: 100 })
    opened.push(store)
    return store
  }
  return {
    store: await open(),
    again: open,
    fill: async () => {
      for (const size of [65_536, 8192]) await fillUp(size)
      return () => window.giveSpace()
    },
    dispose: async () => {
      for (const store of opened) store.close()
      await erase(`sigillo-offline/${name}`)
    },
  }
}

// Another database of the same site uses up what the site may hold, in pieces of this size.
async function fillUp(sizeBytes: number): Promise<void> {
  const filler = await openOfflineDatabase('filler')
  for (let n = 0; ; n++) {
    const { error } = await outcomeOf(() => filler.create(`${sizeBytes}/${n}`, crypto.getRandomValues(new Uint8Array(sizeBytes))))
    if (error !== undefined) return filler.close()
  }
}

function erase(name: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.deleteDatabase(name)
    request.addEventListener('success', () => resolve())
    request.addEventListener('error', () => reject(request.error as Error))
  })
}

const cases = offlineKit(place, { full: true })

const openTillOver = (store: OfflineDatabase): Promise<Till> =>
  openTill({
    connect: () => Promise.reject(new Error('refused')),
    till: 'T1',
    queue: 'q',
    rules: {
      kind: 'xx.degraded',
      outage: () => ({}),
      finish: () => ({}),
      unreadable: () => ({}),
      acknowledge: () => ({}),
      print: () => [],
    },
    offline: { store, probeMs: 0, failAfter: 1 },
  })

/** What an attempt came to, as JSON. */
async function outcomeOf(work: () => Promise<unknown>): Promise<{ readonly value?: unknown; readonly error?: unknown }> {
  try {
    return { value: await work() }
  } catch (error) {
    const { code, message, remedy, name } = error as { code?: string; message: string; remedy?: string; name: string }
    return { error: { code, message, remedy, name } }
  }
}

async function sell(name: string, prefix: string): Promise<void> {
  const till = await openTillOver(await openOfflineDatabase(name))
  const line = async (lane: number): Promise<void> => {
    for (let n = 0; ; n++) {
      const key = `${prefix}-${lane}-${n}`
      const outcome = await till.record({ type: 'ticket', key, amount: n, text: 'Café '.repeat(40) })
      if (outcome.outcome !== 'provisional') throw new Error(`${key}: ${outcome.outcome}`)
      void window.answered(key, outcome.hash)
    }
  }
  await Promise.all([0, 1, 2, 3].map(line))
}

const check: TestPage['check'] = async (name, answers) => {
  const store = await openOfflineDatabase(name)
  const till = await openTillOver(store)
  const wrong: string[] = []
  const ids = (await store.list('')).filter((one) => one.length === 36)
  const episodes = await Promise.all(ids.map((id) => readEpisode(store, id, undefined)))
  const born = episodes.filter((episode) => episode.born)
  if (born.length > 1) wrong.push(`${born.length} episodes`)
  const before = { lastHash: '0'.repeat(64), nextCounter: 1 }
  for (const episode of born)
    for (const { kind, seq, message } of judgeEpisode(episode, { before }).breaks) wrong.push(`${kind} ${seq} ${message}`)
  const receipts = born.flatMap((episode) => episode.receipts)
  const hashes = new Map(receipts.map(({ content, hash }) => [(content?.['request'] as { key?: string } | undefined)?.key, hash]))
  for (const [key, hash] of answers)
    if (hashes.get(key) !== hash) wrong.push(`${key} was answered and is ${hashes.has(key) ? 'another' : 'gone'}`)
  if (hashes.size !== receipts.length) wrong.push('a sale stands twice')
  for (const { code, message } of (await store.health()).warnings) if (code === 'DATA_LOST') wrong.push(message)
  await till.close()
  store.close()
  return { wrong, receipts: receipts.length }
}

const page: TestPage = {
  sell,
  check,
  names: cases.map(({ name }) => name),
  runCase: async (name: string): Promise<string> => {
    const { error } = await outcomeOf(async () => cases.find((one) => one.name === name)?.run())
    return error === undefined ? 'passed' : JSON.stringify(error)
  },
  open: (name: string, options?: OfflineDatabaseOptions) => openOfflineDatabase(name, options),
  openTillOver,
  outcomeOf,
  erase,
  fillUp,
  readEpisode,
  judgeEpisode,
  zip: async (store: OfflineDatabase): Promise<string> => btoa(String.fromCharCode(...(await zipOffline(store)))),
}
window.page = page
