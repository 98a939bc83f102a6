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

const page: TestPage = {
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
