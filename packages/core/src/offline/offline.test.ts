import { fixedClock, memoryOfflineStore, type MemoryOfflineStore } from '@sigillo/testing'
import { describe, expect, it } from 'vitest'
import type { JsonObject } from '../canonical.js'
import { headerHash, receiptHash } from './format.js'
import { remoteQueue, rules, sale, tillOn as till, word, type Remote } from './remote-queue.fixture.js'
import type { OfflineRules } from './rules.js'
import { openTill, type Till } from './till.js'

const episodeOf = (store: MemoryOfflineStore): string =>
  [...store.files.keys()].find((path) => path.endsWith('/episode.json'))?.slice(0, 36) as string
const typesOf = (remote: Remote): string[] =>
  remote.sales.map(({ type, key }) => (type === 'ticket' ? String(key) : String(type)))

async function threeOffline(): Promise<{ remote: Remote; store: MemoryOfflineStore; open: Till }> {
  const [remote, store] = [remoteQueue(), memoryOfflineStore()]
  const open = await till(remote, store)
  remote.down = true
  for (const key of ['A', 'B', 'C']) expect(word(await open.record(sale(key)))).toBe('provisional')
  return { remote, store, open }
}

describe('offline log', () => {
  it('FR-49 header and receipts of the published example hash to the given values', () => {
    const header = {
      anchorHash: 'a'.repeat(64),
      anchorNumber: 41,
      counterStart: 7,
      episode: '0b0e7a52-6c0c-4a53-9a5f-3d4f7f0a9c11',
      kind: 'fr.degraded.episode',
      opened: '2026-11-23T11:00:00.000+01:00',
      prevEpisodeHash: '0'.repeat(64),
      queue: '4f0d3c1e-2d7b-4a54-8d4e-6a1f5b7c9e10',
      reason: 'timeout',
      software: '2.3.1',
      till: 'CAISSE-01',
      v: 1,
    }
    const one = {
      counter: 7,
      episode: header.episode,
      kind: 'fr.degraded.receipt',
      moment: '2026-11-23T11:00:05.000+01:00',
      prev: headerHash(header),
      seq: 1,
      till: 'CAISSE-01',
      v: 1,
      request: {
        items: [{ label: 'Café', qty: '1', rate: 2000, ttc: 2720 }],
        pays: [{ amount: 2720, mode: 'ESP' }],
        ref: 'POS-1001',
        total: 2720,
        type: 'T',
      },
    }
    const two = {
      ...one,
      counter: 8,
      moment: '2026-11-23T11:03:10.000+01:00',
      prev: receiptHash(one),
      seq: 2,
      request: {
        items: [{ label: 'Pain', qty: '-1', rate: 550, ttc: -420 }],
        pays: [{ amount: -420, mode: 'ESP' }],
        ref: 'POS-1002',
        total: -420,
        type: 'T',
      },
    }
    expect(headerHash(header)).toBe('20a1964f07b8da186f05788c89afc63af179a56d10162ea1cdc6b1bad5d56bf5')
    expect(receiptHash(one)).toBe('9710aa2086c1c52669e64ed815281f2711bd228ca7a3edd75ea272f023110332')
    expect(receiptHash(two)).toBe('d725a51d6b3268b34ebee54e6af448f4a86f9d3c24b089ef51b8b1b125db0a63')
  })
  it('FR-50 two failures in a row begin an outage; a refusal of the sale does not', async () => {
    const [remote, store] = [remoteQueue(), memoryOfflineStore()]
    const open = await till(remote, store)
    for (let i = 0; i < 5; i++) expect(word(await open.record(sale(`W${i}`, 'wrong')))).toBe('REQUEST_INVALID')
    expect(open.state).toBe('ONLINE')
    remote.down = true
    expect(word(await open.record(sale('A')))).toBe('provisional')
    expect(open.state).toBe('DEGRADED')
  })
  it('hands three receipts over in order, between the begin and the end of the outage', async () => {
    const { remote, open } = await threeOffline()
    remote.down = false
    expect(await open.transfer()).toMatchObject({ status: 'transferred', handed: 3, breaks: [] })
    expect(typesOf(remote)).toEqual(['outage', 'A', 'B', 'C', 'zero'])
    expect(remote.sales[2]).toMatchObject({ degraded: { seq: 2, counter: 2, integrity: 'ok' } })
    expect(open.state).toBe('ONLINE')
    expect(word(await open.record(sale('D')))).toBe('registered')
  })
  it('a sale whose answer was lost on line is not sold twice', async () => {
    const [remote, store] = [remoteQueue(), memoryOfflineStore()]
    const open = await till(remote, store, { failAfter: 1 })
    remote.loseNext = true
    expect(word(await open.record(sale('A')))).toBe('provisional')
    await open.transfer()
    expect(typesOf(remote).filter((type) => type === 'A')).toHaveLength(1)
  })
  it('the same request off line gives the stored answer; with other content it is refused', async () => {
    const { open } = await threeOffline()
    expect(await open.record(sale('B'))).toMatchObject({ outcome: 'provisional', replayed: true, number: 'D-T1-2' })
    expect(await open.record(sale('B', 9))).toMatchObject({ outcome: 'rejected', error: { code: 'KEY_REUSED', path: 'amount' } })
  })
  it('one log, one till', async () => {
    const { remote, store } = await threeOffline()
    await expect(till(remote, store)).rejects.toMatchObject({ code: 'OFFLINE_LOCKED' })
  })
  it('policy block writes no file', async () => {
    const [remote, store] = [remoteQueue(), memoryOfflineStore()]
    const open = await till(remote, store, { policy: 'block' })
    remote.down = true
    expect(word(await open.record(sale('A')))).toBe('OFFLINE_BLOCKED')
    expect(store.files.size).toBe(0)
  })
  it('after the permitted time no new sale is made; what is stored goes over', async () => {
    const clock = fixedClock()
    const [remote, store] = [remoteQueue(), memoryOfflineStore()]
    const open = await till(remote, store, { maxHours: 1 }, clock)
    remote.down = true
    await open.record(sale('A'))
    clock.step(2 * 3_600_000)
    expect(word(await open.record(sale('B')))).toBe('OFFLINE_TOO_LONG')
    expect(open.state).toBe('OFFLINE_EXPIRED')
    remote.down = false
    expect(await open.transfer()).toMatchObject({ status: 'transferred', handed: 1 })
  })
})

describe('offline log: damage', () => {
  const damage = async (
    harm: (store: MemoryOfflineStore, id: string) => void,
    mirror?: MemoryOfflineStore,
  ): Promise<{ kinds: string[]; remote: Remote; open: Till }> => {
    const [remote, store] = [remoteQueue(), memoryOfflineStore()]
    const first = await till(remote, store, mirror === undefined ? {} : { mirror })
    remote.down = true
    for (const key of ['A', 'B', 'C']) await first.record(sale(key))
    await first.close()
    harm(store, episodeOf(store))
    remote.down = false
    const open = await till(remote, store, mirror === undefined ? {} : { mirror })
    const report = await open.transfer()
    return { kinds: report.breaks.map(({ kind, seq }) => `${kind} ${seq}`), remote, open }
  }
  const file = (id: string, seq: number): string => `${id}/0000000${seq}.json`

  it('a changed byte is named at its file alone, and every receipt goes over', async () => {
    const { kinds, remote, open } = await damage((store, id) => {
      const text = new TextDecoder().decode(store.files.get(file(id, 2)))
      store.files.set(file(id, 2), new TextEncoder().encode(text.replace('"amount":1', '"amount":7')))
    })
    expect(kinds).toEqual(['BAD_HASH 2'])
    expect(typesOf(remote)).toEqual(['outage', 'A', 'B', 'C', 'zero'])
    expect(remote.sales.map(({ degraded }) => (degraded as JsonObject | undefined)?.['integrity'])).toEqual([
      undefined,
      'ok',
      'altered',
      'ok',
      undefined,
    ])
    expect(open.state).toBe('ONLINE_BREAK')
    expect(word(await open.acknowledgeBreak('seen', 'OP-1'))).toBe('registered')
    expect(open.state).toBe('ONLINE')
  })
  it('a missing file is a gap; the one behind it is unlinked', async () => {
    const { kinds, remote } = await damage((store, id) => store.files.delete(file(id, 2)))
    expect(kinds).toEqual(['GAP 2'])
    expect(remote.sales.at(-1)).toMatchObject({ missing: [2] })
    expect(remote.sales.find(({ key }) => key === 'C')).toMatchObject({ degraded: { integrity: 'unlinked' } })
  })
  it('a missing end is known from the head, or from its mirror', async () => {
    expect((await damage((store, id) => store.files.delete(file(id, 3)))).kinds).toEqual(['TAIL_MISSING 3'])
    const mirrored = await damage((store, id) => {
      store.files.delete(file(id, 3))
      store.files.delete(`${id}/head.json`)
    }, memoryOfflineStore())
    expect(mirrored.kinds).toEqual(['TAIL_MISSING 3'])
  })
  it('a whole missing episode is a gap of counters at the next one', async () => {
    const { remote, store, open } = await threeOffline()
    await open.close()
    for (const path of store.files.keys()) if (path.includes('/')) store.files.delete(path)
    const next = await till(remote, store)
    await next.record(sale('D'))
    remote.down = false
    expect((await next.transfer()).breaks.map(({ kind }) => kind)).toContain('COUNTER_GAP')
  })
  it('an unreadable file is kept whole, in quarantine and in the queue', async () => {
    const junk = Uint8Array.from([0, 255, 10, 7])
    const { kinds, remote } = await damage((store, id) => store.files.set(file(id, 2), junk))
    expect(kinds).toEqual(['UNREADABLE 2'])
    expect(remote.sales.find(({ type }) => type === 'defect')).toMatchObject({ base64: btoa(String.fromCharCode(...junk)) })
  })
  it('a copy of a file is not a second sale', async () => {
    const { kinds, remote } = await damage((store, id) =>
      store.files.set(file(id, 4), store.files.get(file(id, 2)) as Uint8Array),
    )
    expect(kinds).toEqual(['DUPLICATE 4'])
    expect(typesOf(remote).filter((type) => type === 'B')).toHaveLength(1)
  })
  it('a changed header is named', async () => {
    const { kinds } = await damage((store, id) => {
      const text = new TextDecoder().decode(store.files.get(`${id}/episode.json`))
      store.files.set(`${id}/episode.json`, new TextEncoder().encode(text.replace('unreachable', 'maintenance')))
    })
    expect(kinds).toEqual(['HEADER_ALTERED 1'])
  })
})

describe('offline log: an anchor the queue does not hold', () => {
  it('is a break of the episode, also when the transfer was cut off after the announcement', async () => {
    const { remote, store, open } = await threeOffline()
    await open.close()
    remote.down = false
    const knowing: OfflineRules = { ...rules, knowsAnchor: () => false }
    const again = await openTill({
      connect: async () => {
        const { record, close } = await remote.connect()
        return {
          record: (request) => (request['key'] === 'C' && !through ? Promise.reject(new Error('reset')) : record(request)),
          close,
        }
      },
      till: 'T1',
      queue: 'q',
      rules: knowing,
      offline: { store, probeMs: 0, timeoutMs: 500 },
    })
    let through = false
    expect((await again.transfer()).status).toBe('cut-off')
    through = true
    expect((await again.transfer()).breaks.map(({ kind, seq }) => `${kind} ${seq}`)).toEqual(['ANCHOR_MISMATCH 0'])
    expect(again.state).toBe('ONLINE_BREAK')
  })
})

describe('offline log: an episode cut off at its birth', () => {
  it('a folder without a header and without a receipt is no episode', async () => {
    const [remote, store] = [remoteQueue(), memoryOfflineStore()]
    store.files.set('0b0e7a52-6c0c-4a53-9a5f-3d4f7f0a9c11/episode.json.0.0.tmp', new Uint8Array())
    const open = await till(remote, store)
    expect(open.state).toBe('ONLINE')
    remote.down = true
    await open.record(sale('A'))
    remote.down = false
    expect(await open.transfer()).toMatchObject({ status: 'transferred', handed: 1, breaks: [] })
  })
  it('a lost header is named, and every receipt still goes over', async () => {
    const { remote, store, open } = await threeOffline()
    await open.close()
    store.files.delete(`${episodeOf(store)}/episode.json`)
    remote.down = false
    const again = await till(remote, store)
    expect(again.state).toBe('DEGRADED')
    const report = await again.transfer()
    expect(report).toMatchObject({ status: 'transferred-with-breaks', handed: 3 })
    expect(report.breaks.map(({ kind }) => kind)).toContain('HEADER_ALTERED')
    expect(typesOf(remote)).toEqual(['outage', 'A', 'B', 'C', 'zero'])
  })
})

describe('offline log: failures at every step', () => {
  it('a write that fails before or after its effect loses no sale and makes none twice', async () => {
    for (const when of ['before', 'after'] as const) {
      for (let nth = 1; nth <= 22; nth++) {
        const [remote, store] = [remoteQueue(), memoryOfflineStore()]
        let open = await till(remote, store)
        remote.down = true
        store.failAt(nth, when)
        const printed: string[] = []
        for (const key of ['A', 'B', 'C']) if (word(await open.record(sale(key))) === 'provisional') printed.push(key)
        remote.down = false
        await open.transfer().catch(() => undefined)
        await open.close().catch(() => undefined)
        store.failAt(undefined)
        open = await till(remote, store)
        await open.transfer()
        await open.close()
        const sold = typesOf(remote).filter((type) => 'ABC'.includes(type))
        expect(new Set(sold).size).toBe(sold.length)
        for (const key of printed) expect(sold).toContain(key)
      }
    }
  })
})
