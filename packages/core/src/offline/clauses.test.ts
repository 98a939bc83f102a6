// Degraded mode clause by clause (france 13.1 to 13.5): what an accident or a forger leaves behind, and what the till makes of it.
import { fixedClock, memoryOfflineStore, type MemoryOfflineStore } from '@sigillo/testing'
import { describe, expect, it } from 'vitest'
import type { JsonObject } from '../canonical.js'
import { remoteQueue, rules, sale, tillOn as open, word, type Remote } from './remote-queue.fixture.js'
import { openTill, type TillOutcome } from './till.js'

const number = (outcome: TillOutcome): string => (outcome.outcome === 'provisional' ? outcome.number : word(outcome))
const tickets = (remote: Remote): string[] => remote.sales.filter(({ type }) => type === 'ticket').map(({ key }) => String(key))
const idsOf = (store: MemoryOfflineStore): string[] => [
  ...new Set([...store.files.keys()].filter((path) => path.includes('/')).map((path) => path.slice(0, 36))),
]
const text = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value))
const edit = (store: MemoryOfflineStore, path: string, change: (value: JsonObject) => object): void => {
  const value = JSON.parse(new TextDecoder().decode(store.files.get(path))) as JsonObject
  store.files.set(path, text(change(value)))
}

async function outage(
  keys: readonly string[] = ['A', 'B', 'C'],
): Promise<{ remote: Remote; store: MemoryOfflineStore; id: string }> {
  const [remote, store] = [remoteQueue(), memoryOfflineStore()]
  const till = await open(remote, store)
  remote.down = true
  for (const key of keys) expect(word(await till.record(sale(key)))).toBe('provisional')
  await till.close()
  return { remote, store, id: idsOf(store)[0] as string }
}

async function hand(remote: Remote, store: MemoryOfflineStore): Promise<{ kinds: string[]; status: string }> {
  remote.down = false
  const till = await open(remote, store)
  const { breaks, status } = await till.transfer()
  await till.close()
  return { kinds: breaks.map(({ kind }) => kind), status }
}

describe('13.1 when', () => {
  it('FR-50 only failures in a row count: an answer between them, even a refusal, begins anew', async () => {
    const [remote, store] = [remoteQueue(), memoryOfflineStore()]
    const till = await open(remote, store)
    for (let i = 0; i < 4; i++) {
      remote.plan = ['reset', 'refuse']
      expect(word(await till.record(sale(`R${i}`)))).toBe('REQUEST_INVALID')
      expect(till.state).toBe('ONLINE')
    }
    expect(store.files.size).toBe(0)
  })
  it('FR-63 under policy block an outage found after a restart is handed over, and nothing is added to it', async () => {
    const { remote, store } = await outage()
    const till = await open(remote, store, { policy: 'block' })
    const before = store.files.size
    expect(word(await till.record(sale('D')))).toBe('OFFLINE_BLOCKED')
    expect(number(await till.record(sale('B')))).toBe('D-T1-2')
    expect(store.files.size).toBe(before)
    remote.down = false
    expect(await till.transfer()).toMatchObject({ status: 'transferred', handed: 3 })
    expect(word(await till.record(sale('D')))).toBe('registered')
  })
  it('a journal that is damaged sends its till off line instead of refusing its sales', async () => {
    const [remote, store] = [remoteQueue(), memoryOfflineStore()]
    const till = await open(remote, store)
    remote.plan = ['corrupt', 'corrupt']
    expect(word(await till.record(sale('A')))).toBe('provisional')
  })
})

describe('13.2 store', () => {
  it('a counter file as the law of the format has it, without more, is no break', async () => {
    const [remote, store] = [remoteQueue(), memoryOfflineStore()]
    store.files.set('counter.json', text({ v: 1, next: 7, lastEpisode: null, lastEpisodeHash: '0'.repeat(64) }))
    const till = await open(remote, store)
    remote.down = true
    expect(number(await till.record(sale('A')))).toBe('D-T1-7')
    await till.close()
    expect(await hand(remote, store)).toEqual({ kinds: [], status: 'transferred' })
  })
  it('no provisional number is used twice although the counter file is gone, and the next episode still links', async () => {
    for (const gone of [undefined, text({ v: 1, next: 1 }), Uint8Array.of(0)]) {
      const { remote, store } = await outage()
      expect(await hand(remote, store)).toEqual({ kinds: [], status: 'transferred' })
      if (gone === undefined) store.files.delete('counter.json')
      else store.files.set('counter.json', gone)
      const till = await open(remote, store)
      remote.down = true
      expect(number(await till.record(sale('D')))).toBe('D-T1-4')
      await till.close()
      expect(await hand(remote, store)).toEqual({ kinds: [], status: 'transferred' })
    }
  })
  it('a key whose receipt still lies in a file of an ended episode gives that receipt again, and writes nothing', async () => {
    const { remote, store } = await outage()
    await hand(remote, store)
    const till = await open(remote, store)
    remote.down = true
    await till.record(sale('D'))
    const before = [...store.files.keys()].length
    expect(await till.record(sale('B'))).toMatchObject({ outcome: 'provisional', replayed: true, number: 'D-T1-2' })
    expect(await till.record(sale('B', 9))).toMatchObject({ outcome: 'rejected', error: { code: 'KEY_REUSED', path: 'amount' } })
    expect([...store.files.keys()].length).toBe(before)
  })
  it('an episode without a receipt is ended like any other, and the next links to its header', async () => {
    const [remote, store] = [remoteQueue(), memoryOfflineStore()]
    const till = await open(remote, store)
    remote.down = true
    // The header is durable, then the till's process ends.
    store.failAt(2, 'before')
    await till.record(sale('A'))
    store.failAt(undefined)
    await till.close()
    expect(await hand(remote, store)).toEqual({ kinds: [], status: 'transferred' })
    expect(remote.sales.at(-1)).toMatchObject({ type: 'zero', count: 0 })
    const again = await open(remote, store)
    remote.down = true
    await again.record(sale('B'))
    await again.close()
    expect(await hand(remote, store)).toEqual({ kinds: [], status: 'transferred' })
  })
  it('a log that vanishes under an open till is begun again, and the loss shows', async () => {
    const [remote, store] = [remoteQueue(), memoryOfflineStore()]
    const till = await open(remote, store)
    remote.down = true
    for (const key of ['A', 'B']) await till.record(sale(key))
    store.files.clear()
    const outcome = await till.record(sale('C'))
    expect(['provisional', 'STORAGE_FAILED']).toContain(word(outcome))
    expect(number(await till.record(sale('D')))).toMatch(/^D-T1-[3-9]$/)
    remote.down = false
    const { status, breaks } = await till.transfer()
    expect(status).toBe('transferred-with-breaks')
    expect(breaks.map(({ kind }) => kind).join()).toMatch(/COUNTER_GAP|GAP/)
    expect(tickets(remote)).toContain('D')
  })
})

describe('13.2 mirror', () => {
  it('a second place that fails in every call costs no sale and no certainty, and is told of', async () => {
    const [remote, store] = [remoteQueue(), memoryOfflineStore()]
    const broken = (): Promise<never> => Promise.reject(new Error('device gone'))
    const mirror = { ...memoryOfflineStore(), read: broken, replace: broken, list: broken, create: broken, move: broken }
    const told: string[] = []
    const till = await openTill({
      connect: remote.connect,
      till: 'T1',
      queue: 'q',
      rules,
      clock: fixedClock(),
      offline: { store, mirror, probeMs: 0, timeoutMs: 500 },
      onEvent: (event) => void told.push(event.kind),
    })
    remote.down = true
    for (const key of ['A', 'B', 'C']) expect(number(await till.record(sale(key)))).toMatch(/^D-T1-[123]$/)
    expect(told).toContain('mirror')
    remote.down = false
    expect(await till.transfer()).toMatchObject({ status: 'transferred', handed: 3, breaks: [] })
    await till.close()
  })
})

describe('13.2 anchor', () => {
  it('an outage begins after the newest record the till has seen, also when it was restarted since its last outage', async () => {
    const { remote, store } = await outage()
    await hand(remote, store)
    const first = idsOf(store)[0] as string
    const till = await open(remote, store)
    remote.down = true
    await till.record(sale('D'))
    const id = idsOf(store).find((one) => one !== first) as string
    const header = JSON.parse(new TextDecoder().decode(store.files.get(`${id}/episode.json`))) as JsonObject
    expect(header).toMatchObject({ anchorNumber: 5, anchorHash: '5'.padStart(64, '0') })
  })
})

describe('13.3 states', () => {
  it('FR-60 the permitted time ends also for a till restarted in the midst of a transfer', async () => {
    const clock = fixedClock()
    const [remote, store] = [remoteQueue(), memoryOfflineStore()]
    const till = await open(remote, store, { maxHours: 1 }, clock)
    remote.down = true
    await till.record(sale('A'))
    expect((await till.transfer()).status).toBe('cut-off')
    await till.close()
    clock.step(2 * 3_600_000)
    const again = await open(remote, store, { maxHours: 1 }, clock)
    expect(again.state).toBe('OFFLINE_EXPIRED')
    expect(word(await again.record(sale('B')))).toBe('OFFLINE_TOO_LONG')
    expect(number(await again.record(sale('A')))).toBe('D-T1-1')
    remote.down = false
    expect(await again.transfer()).toMatchObject({ status: 'transferred', handed: 1 })
  })
})

describe('13.4 hostile files', () => {
  it('a head that knows of millions is a break and neither hangs the till nor loses a later sale', async () => {
    for (const seq of [99_999_999, 5e15, 1e300, -3, 2.5]) {
      const { remote, store, id } = await outage()
      edit(store, `${id}/head.json`, (head) => ({ ...head, seq }))
      const till = await open(remote, store)
      expect(word(await till.record(sale('D')))).toBe('provisional')
      await till.close()
      await hand(remote, store)
      expect(tickets(remote)).toEqual(['A', 'B', 'C', 'D'])
    }
  }, 20_000)
  it('a file planted with the highest number is a break and neither hangs the till nor loses a later sale', async () => {
    const { remote, store, id } = await outage()
    store.files.set(`${id}/99999999.json`, Uint8Array.of(1))
    store.files.set(`${id}/00000000.json`, Uint8Array.of(1))
    const till = await open(remote, store)
    for (const key of ['D', 'E']) expect(word(await till.record(sale(key)))).toBe('provisional')
    await till.close()
    const { kinds, status } = await hand(remote, store)
    expect(status).toBe('transferred-with-breaks')
    expect(kinds).toContain('GAP')
    expect(kinds).toContain('UNREADABLE')
    expect(kinds).toContain('FOREIGN_FILE')
    expect(kinds.length).toBeLessThan(20_000)
    expect(tickets(remote)).toEqual(['A', 'B', 'C', 'D', 'E'])
  }, 20_000)
  it('a header with any member changed to anything is a break, and every receipt goes over', async () => {
    const { store: before, id } = await outage()
    const header = JSON.parse(new TextDecoder().decode(before.files.get(`${id}/episode.json`))) as JsonObject
    for (const member of Object.keys(header)) {
      for (const value of [null, 'x'.repeat(300), 3.5, -1, [], {}, '../../x', 'T00:00']) {
        const { remote, store, id: mine } = await outage()
        edit(store, `${mine}/episode.json`, (content) => ({ ...content, [member]: value }))
        const { kinds, status } = await hand(remote, store)
        expect([member, value, status]).toEqual([member, value, 'transferred-with-breaks'])
        expect(kinds).toContain('HEADER_ALTERED')
        expect(tickets(remote)).toEqual(['A', 'B', 'C'])
        expect(idsOf(store)).toEqual([mine])
      }
    }
  }, 30_000)
  it('a receipt with any member changed to anything is a break and goes over, or its bytes do; it holds up none', async () => {
    const { store: before, id } = await outage()
    const receipt = JSON.parse(new TextDecoder().decode(before.files.get(`${id}/00000002.json`))) as JsonObject
    for (const member of Object.keys(receipt)) {
      for (const value of [null, 'x'.repeat(300), 3.5, -1, 1e308, [], {}]) {
        const { remote, store, id: mine } = await outage()
        edit(store, `${mine}/00000002.json`, (content) => ({ ...content, [member]: value }))
        const { kinds, status } = await hand(remote, store)
        expect([member, value, status]).toEqual([member, value, 'transferred-with-breaks'])
        expect(kinds.length).toBeGreaterThan(0)
        expect(tickets(remote)).toContain('A')
        expect(tickets(remote)).toContain('C')
        // A number that is no whole one has no canonical form: the file is unreadable, and its bytes are told.
        const readable = typeof value !== 'number' || Number.isSafeInteger(value)
        if (member !== 'request' && readable) expect(tickets(remote)).toEqual(['A', 'B', 'C'])
        else expect(remote.sales.length).toBe(5)
      }
    }
  }, 30_000)
  it('an acknowledgement that cannot be read is none: the receipt is sent, and harms nobody if it was', async () => {
    const { remote, store, id } = await outage()
    store.files.set(`${id}/00000002.ack.json`, new Uint8Array())
    expect((await hand(remote, store)).status).toBe('transferred')
    expect(tickets(remote)).toEqual(['A', 'B', 'C'])
  })
})

describe('13.5 transfer', () => {
  it('a receipt the queue can record in no way is told of with its bytes and holds up none', async () => {
    const { remote, store } = await outage(['A'])
    const till = await open(remote, store)
    expect(word(await till.record(sale('B', 'wrong')))).toBe('provisional')
    expect(word(await till.record(sale('C')))).toBe('provisional')
    await till.close()
    const { status } = await hand(remote, store)
    expect(status).toMatch(/^transferred/)
    expect(tickets(remote)).toEqual(['A', 'C'])
    expect(remote.sales.filter(({ type }) => type === 'defect')).toMatchObject([{ name: '00000002.json' }])
  })
})
