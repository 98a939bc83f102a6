// Chromium killed many times while it sells off line. SIGILLO_COUNT kills from SIGILLO_SEED; 100 by default.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CHROMIUM, servePage, type PageServer } from './browser.fixture.js'
import { crashWhileSelling } from './crash.fixture.js'

const count = Number(process.env['SIGILLO_COUNT'] ?? 100)
const seed = Number(process.env['SIGILLO_SEED'] ?? 20261124)

describe.skipIf(CHROMIUM === undefined)('a browser killed while it sells off line, at length (needs chromium)', () => {
  let server: PageServer
  beforeAll(async () => {
    server = await servePage('page.fixture.ts')
  })
  afterAll(() => server?.close())
  it(`FR-51 ${count} kills from seed ${seed}: every answered receipt is there, the chain holds, the till goes on`, async () => {
    const done = await crashWhileSelling(server.url, count, 5, seed, ({ kills, answered, receipts, wrong }) =>
      process.stderr.write(`  ${kills} kills, ${answered} answered, ${receipts} receipts, ${wrong.length} wrong\n`),
    )
    expect(done.wrong).toEqual([])
    expect(done.kills).toBe(count)
    expect(done.receipts).toBeGreaterThanOrEqual(done.answered)
  })
})
