// The page in a real browser, off line: a sound bundle, a damaged one, and no request to anywhere.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { createQueue } from '@sigillo/core'
import { writeBundle } from '@sigillo/core/bundle'
import { softwareSigner } from '@sigillo/signer-software'
import { bareCountry, memoryStorage } from '@sigillo/testing'
import { chromium, type Browser, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/google-chrome'].find((path) => existsSync(path))
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

async function bundle(): Promise<Buffer> {
  const storage = memoryStorage()
  const queue = await createQueue({ country: bareCountry(), storage, signer: await softwareSigner() })
  for (let i = 0; i < 30; i++) await queue.record({ type: 'ticket', key: `K-${i}`, amount: 100 + i })
  await queue.close()
  const parts: Uint8Array[] = []
  for await (const part of writeBundle(await storage.openReader(), {
    format: 'FORMAT',
    created: '2026-01-02T00:00:00.000Z',
    software: 'test',
  }))
    parts.push(part)
  return Buffer.concat(parts)
}

describe.skipIf(CHROMIUM === undefined)('verify in the browser (needs chromium)', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sigillo-page-'))
  let browser: Browser
  let page: Page
  const requests: string[] = []
  beforeAll(async () => {
    const target = join(folder, 'verify.html')
    execFileSync(process.execPath, [fileURLToPath(new URL('build.mjs', import.meta.url)), target], { stdio: 'ignore' })
    browser = await chromium.launch({ executablePath: CHROMIUM as string, args: FLAGS })
    page = await browser.newPage()
    page.on('request', (request) => requests.push(request.url()))
    await page.goto(pathToFileURL(target).href)
  }, 120_000)
  afterAll(async () => {
    await browser?.close()
    rmSync(folder, { recursive: true, force: true })
  })
  const verdict = async (bytes: Buffer): Promise<string | undefined> => {
    const path = join(folder, `${Math.random()}.zip`)
    writeFileSync(path, bytes)
    await page.evaluate(() => (document.body.dataset['state'] = 'busy'))
    await page.setInputFiles('#file', path)
    await page.waitForFunction(() => ['sound', 'unsound'].includes(document.body.dataset['state'] ?? ''))
    return page.evaluate(() => document.body.dataset['state'])
  }
  it('says sound of a sound bundle and unsound of a damaged one, and asks nobody', async () => {
    const good = await bundle()
    expect(await verdict(good)).toBe('sound')
    const bad = Buffer.from(good)
    const at = Math.floor(bad.length / 2)
    bad[at] = (bad[at] as number) ^ 0x10
    expect(await verdict(bad)).toBe('unsound')
    expect(await page.locator('#findings tr').count()).toBeGreaterThan(0)
    expect(requests.filter((url) => !url.startsWith('file:'))).toEqual([])
  })
})
