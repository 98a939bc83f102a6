// Killing a browser that sells off line: SIGKILL to Chromium with all its processes at a random moment, the profile opened again,
// every answered receipt looked for.
import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { randomFrom } from '@sigillo/testing/node'
import { chromium, type Browser, type Page } from 'playwright-core'
import { CHROMIUM, FLAGS } from './browser.fixture.js'

/** What the rounds came to. */
export interface Crashes {
  readonly kills: number
  /** Answers the test heard of; each must be found again. */
  readonly answered: number
  /** Receipts in the logs at the end: the answered, and those made whose answer was lost with the browser. */
  readonly receipts: number
  readonly wrong: readonly string[]
}

interface Running {
  readonly child: ChildProcess
  readonly browser: Browser
  readonly page: Page
  kill(): Promise<void>
}

async function start(profile: string, url: string, answered: (key: string, hash: string) => void): Promise<Running> {
  const child = spawn(
    CHROMIUM as string,
    [...FLAGS, '--headless=new', '--remote-debugging-port=0', `--user-data-dir=${profile}`, 'about:blank'],
    // A group of its own: all its processes die at once.
    { detached: true, stdio: ['ignore', 'ignore', 'pipe'] },
  )
  const ended = new Promise<void>((resolve) => child.on('close', () => resolve()))
  const address = await new Promise<string>((resolve, reject) => {
    let text = ''
    child.stderr?.on('data', (part: Buffer) => {
      text += part.toString('utf8')
      const found = /DevTools listening on (ws:\S+)/.exec(text)
      if (found !== null) resolve(found[1] as string)
    })
    void ended.then(() => reject(new Error(`Chromium ended: ${text}`)))
  })
  const browser = await chromium.connectOverCDP(address)
  const page = await (browser.contexts()[0] as ReturnType<Browser['contexts']>[number]).newPage()
  await page.exposeFunction('answered', answered)
  await page.goto(url)
  const kill = async (): Promise<void> => {
    process.kill(-(child.pid as number), 'SIGKILL')
    await ended
    while (isAlive(child.pid as number)) await pause(5)
    await browser.close().catch(() => undefined)
  }
  return { child, browser, page, kill }
}

// Any process of the group: one that is still going down must not meet the next browser over the same files.
function isAlive(group: number): boolean {
  try {
    process.kill(-group, 0)
    return true
  } catch {
    return false
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** Kills `kills` times, with a new profile every `perProfile`. */
export async function crashWhileSelling(
  url: string,
  kills: number,
  perProfile: number,
  seed: number,
  progress?: (done: Crashes) => void,
): Promise<Crashes> {
  const random = randomFrom(seed)
  const wrong: string[] = []
  const total = { kills: 0, answered: 0, receipts: 0 }
  while (total.kills < kills) {
    const profile = mkdtempSync(join(tmpdir(), 'sigillo-crash-'))
    const answers: (readonly [string, string])[] = []
    let receipts = 0
    const look = async (page: Page, when: string): Promise<void> => {
      const found = await page.evaluate(([told]) => window.page.check('T1', told), [answers] as const)
      wrong.push(...found.wrong.map((text) => `seed ${seed}, ${when}: ${text}`))
      receipts = found.receipts
    }
    try {
      for (let round = 0; round < perProfile && total.kills < kills; round++) {
        const running = await start(profile, url, (key, hash) => void answers.push([key, hash]))
        try {
          await look(running.page, `before kill ${total.kills + 1}`)
          const selling = running.page.evaluate(([prefix]) => window.page.sell('T1', prefix), [`R${round}`] as const)
          const failed = selling.then(
            () => undefined,
            (error: Error) => (/closed|crashed/i.test(error.message) ? undefined : wrong.push(error.message)),
          )
          // Mostly in the midst of selling, after so many answers however slow the machine; now and then while the log is being opened.
          const target = answers.length + (random.chance(0.25) ? 0 : 5 + random.below(60))
          while (answers.length < target && running.child.exitCode === null && wrong.length === 0) await pause(2)
          await pause(random.below(30))
          total.kills += 1
          await running.kill()
          await failed
        } finally {
          if (running.child.exitCode === null && running.child.signalCode === null) await running.kill()
        }
      }
      const last = await start(profile, url, () => undefined)
      await look(last.page, `after kill ${total.kills}`)
      await last.kill()
    } finally {
      rmSync(profile, { recursive: true, force: true, maxRetries: 5 })
    }
    total.answered += answers.length
    total.receipts += receipts
    progress?.({ ...total, wrong })
  }
  return { ...total, wrong }
}
