// What a browser can do to the log: other tabs, deleted data, newer versions, stolen locks, no database, no space, no promise; and the
// log handed out as the folder it would be elsewhere.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { judgeEpisode, openTill, readEpisode } from '@sigillo/core/offline'
import { openOfflineFolder } from '@sigillo/storage-fs'
import { unzipSync } from 'fflate'
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { CHROMIUM, FLAGS, servePage, type PageServer } from './browser.fixture.js'

const failed = (code: string): object => ({ error: expect.objectContaining({ code }) as unknown })

describe.skipIf(CHROMIUM === undefined)('storage-idb and its browser (needs chromium)', () => {
  let server: PageServer
  let browser: Browser
  let context: BrowserContext
  let page: Page
  const another = async (): Promise<Page> => {
    const opened = await context.newPage()
    await opened.goto(server.url)
    return opened
  }
  beforeAll(async () => {
    server = await servePage('page.fixture.ts')
    // A name that is not this machine's own is no secure origin over HTTP; it still leads nowhere but here.
    browser = await chromium.launch({
      executablePath: CHROMIUM as string,
      args: [...FLAGS, '--host-resolver-rules=MAP till.example 127.0.0.1'],
    })
  }, 60_000)
  afterAll(async () => {
    await browser?.close()
    await server?.close()
  })
  beforeEach(async () => {
    context = await browser.newContext()
    page = await another()
  })
  afterEach(() => context?.close())

  it('a second tab is kept out, and a reloaded page finds its own log', async () => {
    await page.evaluate(async () => {
      const till = await window.page.openTillOver(await window.page.open('T1'))
      await till.record({ type: 'ticket', key: 'A', amount: 1 })
    })
    const second = await another()
    const open = (): Promise<object> =>
      second.evaluate(() =>
        window.page.outcomeOf(async () => {
          const store = await window.page.open('T1', { lockWaitMs: 200 })
          await window.page.openTillOver(store)
        }),
      )
    expect(await open()).toMatchObject(failed('OFFLINE_LOCKED'))
    await page.reload()
    const again = await page.evaluate(async () => {
      const till = await window.page.openTillOver(await window.page.open('T1'))
      const outcome = await till.record({ type: 'ticket', key: 'A', amount: 1 })
      return { state: till.state, outcome: outcome.outcome, replayed: 'replayed' in outcome && outcome.replayed }
    })
    expect(again).toEqual({ state: 'DEGRADED', outcome: 'provisional', replayed: true })
    // The lock dies with its page.
    await page.close()
    expect(await open()).toEqual({})
  })

  it('a page whose lock was taken by force cannot write any more', async () => {
    await page.evaluate(async () => {
      const store = await window.page.open('T1')
      await store.lock()
      await store.create('e/1.json', Uint8Array.of(1))
      Object.assign(window, { store })
    })
    const second = await another()
    await second.evaluate(async () => {
      await navigator.locks.request('sigillo-offline/T1', { steal: true }, async () => undefined)
      const store = await window.page.open('T1')
      await store.lock()
      await store.create('e/2.json', Uint8Array.of(2))
    })
    const outcomes = await page.evaluate(async () => {
      const { store } = window as unknown as { store: Awaited<ReturnType<typeof window.page.open>> }
      const { outcomeOf } = window.page
      return [
        await outcomeOf(() => store.create('e/3.json', Uint8Array.of(3))),
        await outcomeOf(() => store.replace('e/1.json', Uint8Array.of(3))),
        await outcomeOf(() => store.move('e/1.json', 'e/4.json')),
        await outcomeOf(() => store.list('e')),
      ]
    })
    expect(outcomes.slice(0, 3)).toMatchObject([1, 2, 3].map(() => failed('STORAGE_FENCED')))
    expect(outcomes[3]).toEqual({ value: ['1.json', '2.json'] })
  })

  it('a newer version is not held up, and its database is not touched by the older one', async () => {
    await page.evaluate(async () => {
      const store = await window.page.open('T1')
      await store.create('a.json', Uint8Array.of(1))
      Object.assign(window, { store })
    })
    const second = await another()
    await second.evaluate(
      () =>
        new Promise<void>((resolve, reject) => {
          const request = indexedDB.open('sigillo-offline/T1', 2)
          request.onblocked = () => reject(new Error('blocked'))
          request.onsuccess = () => {
            request.result.close()
            resolve()
          }
        }),
    )
    const outcome = await page.evaluate(() => {
      const { store } = window as unknown as { store: Awaited<ReturnType<typeof window.page.open>> }
      return window.page.outcomeOf(() => store.create('b.json', Uint8Array.of(1)))
    })
    expect(outcome).toMatchObject(failed('FORMAT_UNSUPPORTED'))
  })

  it('a page that keeps the database from opening is named instead of waited for', async () => {
    await page.evaluate(
      () =>
        new Promise<void>((resolve) => {
          const request = indexedDB.open('sigillo-offline/T1', 1)
          request.onsuccess = () => {
            Object.assign(window, { kept: request.result })
            indexedDB.deleteDatabase('sigillo-offline/T1')
            resolve()
          }
        }),
    )
    const second = await another()
    const outcome = await second.evaluate(() => window.page.outcomeOf(() => window.page.open('T1', { openWaitMs: 300 })))
    expect(outcome).toMatchObject(failed('OFFLINE_LOCKED'))
  })

  it('data deleted under an open till end selling, loudly', async () => {
    const outcome = await page.evaluate(async () => {
      const till = await window.page.openTillOver(await window.page.open('T1'))
      const first = await till.record({ type: 'ticket', key: 'A', amount: 1 })
      await window.page.erase('sigillo-offline/T1')
      const second = await till.record({ type: 'ticket', key: 'B', amount: 2 })
      const error =
        'error' in second ? { code: second.error.code, message: second.error.message, kept: second.error.registered } : {}
      return [first.outcome, second.outcome, error]
    })
    expect(outcome).toEqual([
      'provisional',
      'rejected',
      { code: 'STORAGE_FAILED', message: expect.stringContaining('deleted the data of this site') as unknown, kept: 'no' },
    ])
  })

  it('a page without a database, or without locks, is told what to do', async () => {
    await page.evaluate(() => {
      const frame = document.createElement('iframe')
      frame.setAttribute('sandbox', 'allow-scripts')
      frame.src = '/'
      document.body.append(frame)
    })
    await expect.poll(() => page.frames().length).toBe(2)
    const frame = page.frames()[1] as ReturnType<Page['mainFrame']>
    await frame.waitForFunction(() => 'page' in window)
    const boxed = await frame.evaluate(() => window.page.outcomeOf(() => window.page.open('T1')))
    expect(boxed).toMatchObject(failed('STORAGE_UNSUPPORTED'))
    const plain = await context.newPage()
    await plain.goto(server.url.replace('localhost', 'till.example'))
    const insecure = await plain.evaluate(() => window.page.outcomeOf(() => window.page.open('T1')))
    expect(insecure).toMatchObject(failed('STORAGE_UNSUPPORTED'))
    expect(JSON.stringify(insecure)).toContain('HTTPS')
    const without = await page.evaluate(() => {
      Object.defineProperty(window, 'indexedDB', { value: null })
      return window.page.outcomeOf(() => window.page.open('T1'))
    })
    expect(without).toMatchObject(failed('STORAGE_UNSUPPORTED'))
  })

  it('a refused promise to keep the data is a warning of health; a given one is none', async () => {
    const look = (target: Page): Promise<{ told: string[]; persistent: boolean; codes: string[]; used: boolean }> =>
      target.evaluate(async () => {
        const told: string[] = []
        const store = await window.page.open('T1', { onWarning: ({ code }) => void told.push(code) })
        await new Promise((resolve) => setTimeout(resolve, 300))
        const { persistent, warnings, usageBytes } = await store.health()
        return { told, persistent, codes: warnings.map(({ code }) => code), used: usageBytes !== undefined }
      })
    expect(await look(page)).toEqual({ told: ['NOT_PERSISTENT'], persistent: false, codes: ['NOT_PERSISTENT'], used: true })
    const devtools = await context.newCDPSession(page)
    await devtools.send('Browser.grantPermissions', {
      permissions: ['durableStorage'],
      origin: new URL(server.url).origin,
      browserContextId: (await devtools.send('Target.getTargetInfo')).targetInfo.browserContextId as string,
    })
    expect(await look(await another())).toEqual({ told: [], persistent: true, codes: [], used: true })
  })

  it('a full store refuses the sale by name and goes on when there is space', async () => {
    const cramped = await context.newPage()
    const devtools = await context.newCDPSession(cramped)
    const { origin } = new URL(server.url)
    await devtools.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: 400_000 })
    await cramped.goto(server.url)
    const full = await cramped.evaluate(async () => {
      const store = await window.page.open('T1')
      const till = await window.page.openTillOver(store)
      Object.assign(window, { till })
      await till.record({ type: 'ticket', key: 'A', amount: 1 })
      for (const size of [65_536, 4096, 256]) await window.page.fillUp(size)
      const sale = await till.record({ type: 'ticket', key: 'B', amount: 2, text: 'x'.repeat(30_000) })
      return 'error' in sale ? [sale.outcome, sale.error.code, sale.error.registered, sale.error.retry] : [sale.outcome]
    })
    expect(full).toEqual(['rejected', 'STORAGE_FULL', 'no', 'same-handle'])
    await devtools.send('Storage.overrideQuotaForOrigin', { origin })
    const again = await cramped.evaluate(async () => {
      const { till } = window as unknown as { till: Awaited<ReturnType<typeof window.page.openTillOver>> }
      const repeated = await till.record({ type: 'ticket', key: 'A', amount: 1 })
      const sale = await till.record({ type: 'ticket', key: 'B', amount: 2, text: 'x'.repeat(30_000) })
      return [repeated.outcome, sale.outcome]
    })
    expect(again).toEqual(['provisional', 'provisional'])
  })

  it('the log handed out as a ZIP is the folder a till elsewhere goes on with', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'sigillo-idb-zip-'))
    const zip = await page.evaluate(async () => {
      const store = await window.page.open('T1')
      const till = await window.page.openTillOver(store)
      for (let n = 1; n <= 5; n++) await till.record({ type: 'ticket', key: `K${n}`, amount: n, text: 'Café' })
      return window.page.zip(store)
    })
    for (const [name, bytes] of Object.entries(unzipSync(Buffer.from(zip, 'base64')))) {
      mkdirSync(dirname(join(folder, name)), { recursive: true })
      writeFileSync(join(folder, name), bytes)
    }
    const store = openOfflineFolder(folder)
    const id = (await store.list('')).find((name) => name.length === 36) as string
    expect(await store.list(id)).toEqual([
      '00000001.json',
      '00000002.json',
      '00000003.json',
      '00000004.json',
      '00000005.json',
      'episode.json',
      'head.json',
    ])
    const episode = await readEpisode(store, id, undefined)
    expect(judgeEpisode(episode, { before: { lastHash: '0'.repeat(64), nextCounter: 1 } }).breaks).toEqual([])
    const till = await openTill({
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
      offline: { store, probeMs: 0 },
    })
    expect(await till.record({ type: 'ticket', key: 'K5', amount: 5, text: 'Café' })).toMatchObject({
      outcome: 'provisional',
      replayed: true,
      number: 'D-T1-5',
    })
    expect(await till.record({ type: 'ticket', key: 'K6', amount: 6 })).toMatchObject({
      outcome: 'provisional',
      number: 'D-T1-6',
    })
    await till.close()
    rmSync(folder, { recursive: true, force: true })
  })

  it('a database the browser gave up as damaged is not taken for one that was never there', async () => {
    const profile = mkdtempSync(join(tmpdir(), 'sigillo-idb-damage-'))
    const start = (): Promise<BrowserContext> =>
      chromium.launchPersistentContext(profile, { executablePath: CHROMIUM as string, args: [...FLAGS] })
    const visit = async (over: BrowserContext): Promise<Page> => {
      const opened = await over.newPage()
      await opened.goto(server.url)
      return opened
    }
    const first = await start()
    await (
      await visit(first)
    ).evaluate(async () => {
      const till = await window.page.openTillOver(await window.page.open('T1'))
      for (let n = 0; n < 5; n++) await till.record({ type: 'ticket', key: `K${n}`, amount: n })
      await till.close()
    })
    await first.close()
    const folder = join(profile, 'Default', 'IndexedDB')
    const database = readdirSync(folder).find((name) => name.endsWith('.leveldb')) as string
    for (const name of readdirSync(join(folder, database)).filter((one) => one.endsWith('.log'))) {
      const bytes = readFileSync(join(folder, database, name))
      for (let at = 1000; at < bytes.length; at += 500) bytes[at] = (bytes[at] as number) ^ 0x5a
      writeFileSync(join(folder, database, name), bytes)
    }
    const second = await start()
    const found = await (
      await visit(second)
    ).evaluate(async () => {
      const told: string[] = []
      const store = await window.page.open('T1', { onWarning: ({ code }) => void told.push(code) })
      const files = await store.list('')
      const before = (await store.health()).warnings.map(({ code }) => code)
      await store.acknowledgeLoss()
      const after = (await store.health()).warnings.map(({ code }) => code)
      return { told: told[0], files, before, after }
    })
    await second.close()
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 })
    expect(found).toEqual({ told: 'DATA_LOST', files: [], before: ['DATA_LOST', 'NOT_PERSISTENT'], after: ['NOT_PERSISTENT'] })
  })
})
