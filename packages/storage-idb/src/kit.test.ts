// The kit every off-line store passes, run inside a real Chromium over real IndexedDB and Web Locks.
import { memoryOfflineStore, offlineKit } from '@sigillo/testing'
import { chromium, type Browser, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CHROMIUM, FLAGS, servePage, type PageServer } from './browser.fixture.js'

const namesOf = (full: boolean): string[] =>
  offlineKit(async () => ({ store: memoryOfflineStore() }), { full }).map(({ name }) => name)
const roomy = namesOf(false)
const full = namesOf(true).filter((name) => !roomy.includes(name))

describe.skipIf(CHROMIUM === undefined)('storage-idb in Chromium (needs chromium)', () => {
  let server: PageServer
  let browser: Browser
  let page: Page
  beforeAll(async () => {
    server = await servePage('page.fixture.ts')
    browser = await chromium.launch({ executablePath: CHROMIUM as string, args: [...FLAGS] })
    page = await browser.newPage()
    await page.goto(server.url)
  }, 60_000)
  afterAll(async () => {
    await browser?.close()
    await server?.close()
  })
  it('the page runs the same cases', async () => {
    expect(await page.evaluate(() => window.page.names)).toEqual(namesOf(true))
    expect(full).toHaveLength(1)
  })
  it.each(roomy)('%s', async (name) => {
    expect(await page.evaluate((one) => window.page.runCase(one), name)).toBe('passed')
  })
  it.each(full)('%s', async (name) => {
    const context = await browser.newContext()
    const cramped = await context.newPage()
    const devtools = await context.newCDPSession(cramped)
    const { origin } = new URL(server.url)
    // Before the first write: the browser remembers for a minute how much was left.
    await devtools.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: 1_000_000 })
    await cramped.exposeFunction('giveSpace', () => devtools.send('Storage.overrideQuotaForOrigin', { origin }))
    await cramped.goto(server.url)
    expect(await cramped.evaluate((one) => window.page.runCase(one), name)).toBe('passed')
    await context.close()
  })
})
