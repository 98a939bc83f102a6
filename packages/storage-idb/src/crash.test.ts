// A sample of the crashes of crash.long.test.ts in every test run.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CHROMIUM, servePage, type PageServer } from './browser.fixture.js'
import { crashWhileSelling } from './crash.fixture.js'

describe.skipIf(CHROMIUM === undefined)('a browser killed while it sells off line (needs chromium)', () => {
  let server: PageServer
  beforeAll(async () => {
    server = await servePage('page.fixture.ts')
  })
  afterAll(() => server?.close())
  it('FR-51 3 kills at random moments: every answered receipt is there, the chain holds, the till goes on', async () => {
    const { kills, answered, receipts, wrong } = await crashWhileSelling(server.url, 3, 3, 20261124)
    expect(wrong).toEqual([])
    expect(kills).toBe(3)
    expect(receipts).toBeGreaterThanOrEqual(answered)
    expect(answered).toBeGreaterThan(10)
  })
})
