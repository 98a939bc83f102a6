// The till of the page in a real browser: both servers are killed, the page is reloaded with nothing there to load it from, sells on,
// hands over when they are back; in the end the queue holds every sale exactly once and in order.
import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseLine } from '@sigillo/core'
import { verifyChunks } from '@sigillo/core/verify'
import { frenchAuditor } from '@sigillo/country-fr'
import { openFolder } from '@sigillo/storage-fs'
import { chromium, type Browser, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { setStage, type Stage } from '../remote/rehearsal.fixture.js'

const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/google-chrome'].find((path) => existsSync(path))
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-sync',
]

interface Program {
  readonly child: ChildProcess
  /** What follows `ready`. */
  readonly port: string
}

async function start(args: readonly string[]): Promise<Program> {
  const child = spawn(process.execPath, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, SIGILLO_PASSPHRASE: 'example only' },
  })
  let errors = ''
  child.stderr.on('data', (part: Buffer) => (errors += part.toString('utf8')))
  const port = await new Promise<string>((resolve, reject) => {
    let text = ''
    child.stdout.on('data', (part: Buffer) => {
      text += part.toString('utf8')
      const found = /ready (\d+)/.exec(text)
      if (found !== null) resolve(found[1] as string)
    })
    child.on('close', () => reject(new Error(`ended: ${errors}`)))
  })
  return { child, port }
}

async function stop({ child }: Program, signal: NodeJS.Signals): Promise<void> {
  const ended = new Promise((resolve) => child.on('close', resolve))
  child.kill(signal)
  await ended
}

describe.skipIf(CHROMIUM === undefined)('a till in the browser (needs chromium)', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sigillo-till-'))
  let stage: Stage
  let browser: Browser
  beforeAll(async () => {
    stage = await setStage(folder)
    browser = await chromium.launch({ executablePath: CHROMIUM as string, args: FLAGS })
  }, 60_000)
  afterAll(async () => {
    await browser?.close()
    rmSync(folder, { recursive: true, force: true })
  })

  it('FR-51, FR-53, FR-54 sells through an outage and a reload; every sale is in the queue once and in order', async () => {
    const queueFolder = join(folder, 'queue')
    const serve = fileURLToPath(new URL('serve.mjs', import.meta.url))
    const startQueue = (port: string): Promise<Program> =>
      start([join(stage.folder, 'programs', 'server.mjs'), queueFolder, port, stage.cert, stage.key])
    const startPage = (port: string, queuePort: string): Promise<Program> => start([serve, port, queuePort, stage.cert])
    let queue = await startQueue('0')
    let web = await startPage('0', queue.port)
    const page: Page = await (await browser.newContext()).newPage()
    const faults: string[] = []
    page.on('pageerror', (error) => faults.push(error.message))
    await page.goto(`http://localhost:${web.port}/`)
    await page.request.post(`http://localhost:${web.port}/records`, {
      data: { type: 'start', key: 'START', operatorId: 'anna', posMoment: new Date().toISOString() },
    })

    const state = (): Promise<string | null> => page.locator('#state').textContent()
    const sold: string[] = []
    const sell = async (article: string, outcome: string): Promise<void> => {
      const before = await page.locator('#sales li').count()
      await page.getByRole('button', { name: article }).click()
      const line = page.locator('#sales li').nth(before)
      await line.waitFor()
      const [word, key] = (await line.textContent())?.split(' ') as [string, string]
      expect(word).toBe(outcome)
      sold.push(key)
    }
    await expect.poll(state, { timeout: 10_000 }).toBe('ONLINE')
    await page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined))
    await sell('Café', 'registered')
    await sell('Croissant', 'registered')
    expect(await page.locator('#ticket').textContent()).toContain('Café du Port')

    await stop(queue, 'SIGKILL')
    await sell('Café', 'provisional')
    expect(await page.locator('#ticket').textContent()).toContain('MODE DÉGRADÉ')
    await stop(web, 'SIGKILL')
    await sell('Sandwich', 'provisional')
    await page.reload()
    await expect
      .poll(async () => `${await state()} ${faults.join()}`, { timeout: 10_000 })
      .toMatch(/^(DEGRADED|TRANSFERRING|VERIFYING) $/)
    await sell('Croissant', 'provisional')
    await sell('Café', 'provisional')

    queue = await startQueue(queue.port)
    web = await startPage(web.port, queue.port)
    await page.getByRole('button', { name: 'Hand over now' }).click()
    await expect.poll(state, { timeout: 20_000 }).toBe('ONLINE')
    await sell('Sandwich', 'registered')
    await page.close()
    await stop(web, 'SIGTERM')
    await stop(queue, 'SIGTERM')

    const reader = await (await openFolder(queueFolder)).openReader()
    const refs: (string | undefined)[] = []
    for await (const { line } of reader.read(0n)) {
      const record = parseLine(line)
      if (record?.body.type === 'ticket') refs.push(record.body.ref)
    }
    const { findings } = await verifyChunks(reader.chunks(), { auditor: frenchAuditor() })
    await reader.close()
    expect(refs).toEqual(sold)
    expect(findings).toEqual([])
    expect(faults).toEqual([])
  })
})
