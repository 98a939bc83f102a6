// The command as a till's companion: answers while the input is open, several requests under way, every way of ending.
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { buildCli, TEST_PASSPHRASE, type CliUnderTest } from './cli.fixture.js'

const settings = {
  name: 'test',
  country: 'fr',
  options: { siret: '12345678900012', legalName: 'Café', address: '1 quai', tillId: 'C1' },
}
const start = { type: 'start', key: 'START', operatorId: 'A', posMoment: '2026-03-14T07:00:00Z' }
const ticket = (n: number): object => ({
  type: 'ticket',
  key: `T-${n}`,
  operatorId: 'A',
  posMoment: '2026-03-14T07:01:00Z',
  lines: [{ label: 'Café', total: 100 + n, rateBp: 1000 }],
  payments: [{ mode: 'ESP', amount: 100 + n }],
})
const jsonLines = (requests: readonly object[]): string => requests.map((request) => `${JSON.stringify(request)}\n`).join('')

interface Answer {
  line: number
  key: string
  outcome: string
  seq: number
  replayed: boolean
}

let cli: CliUnderTest
beforeAll(() => {
  cli = buildCli()
  writeFileSync(join(cli.work, 'cafe.json'), JSON.stringify(settings))
})
afterAll(() => cli?.remove())

async function newTill(name: string): Promise<string> {
  const made = await cli.run(['init', name, '--config', 'cafe.json', '--json'])
  expect(made.stderr).toBe('')
  expect(made.code).toBe(0)
  return join(cli.work, name)
}

function startRecord(name: string): ChildProcessWithoutNullStreams {
  const env = { PATH: process.env['PATH'], SIGILLO_PASSPHRASE: TEST_PASSPHRASE }
  return spawn(process.execPath, [cli.main, 'record', name, '--json'], { cwd: cli.work, env, stdio: ['pipe', 'pipe', 'pipe'] })
}

const answersIn = (text: string): Answer[] =>
  text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Answer)

async function isSound(name: string): Promise<void> {
  const { stdout } = await cli.run(['verify', name, '--json'])
  expect(JSON.parse(stdout)).toMatchObject({ sound: true, findings: [] })
}

describe.skipIf(process.platform === 'win32')('record', () => {
  it('answers each line as soon as it is durable while the input stays open', async () => {
    const folder = await newTill('open')
    const child = startRecord('open')
    const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
    for (const request of [start, ticket(1), ticket(2)]) {
      child.stdin.write(`${JSON.stringify(request)}\n`)
      const answer = JSON.parse((await answers.next()).value as string) as Answer
      expect(answer).toMatchObject({ key: (request as { key: string }).key, outcome: 'registered' })
      expect(journal(folder)).toContain(`"ref":"${answer.key}"`)
    }
    child.stdin.end()
    expect((await once(child, 'close'))[0]).toBe(0)
  })

  it('has several requests under way, which share a batch, and answers in the order of the input', async () => {
    const folder = await newTill('many')
    const input = jsonLines([start, ...Array.from({ length: 300 }, (_, n) => ticket(n))])
    const ran = await cli.run(['record', 'many', '--json'], { input })
    expect(ran.code).toBe(0)
    const answers = answersIn(ran.stdout)
    expect(answers.map(({ line }) => line)).toEqual(Array.from({ length: 301 }, (_, i) => i + 1))
    expect(answers.slice(1).map(({ key }) => key)).toEqual(Array.from({ length: 300 }, (_, n) => `T-${n}`))
    const bases = new Set([...journal(folder).matchAll(/"base":(\d+)/g)].map(([, base]) => base))
    expect(bases.size).toBeLessThan(150)
    await isSound('many')
  })

  it('ends cleanly when asked to: what was answered is recorded, nothing else is', async () => {
    const folder = await newTill('asked')
    const child = startRecord('asked')
    const chunks: string[] = []
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => chunks.push(chunk))
    child.stdin.on('error', () => undefined)
    child.stdin.write(jsonLines([start, ...Array.from({ length: 50 }, (_, n) => ticket(n))]))
    await once(child.stdout, 'data')
    child.kill('SIGTERM')
    await once(child, 'close')
    const answered = new Set(answersIn(chunks.join('')).map(({ key }) => key))
    const stored = new Set([...journal(folder).matchAll(/"ref":"([^"]+)"/g)].map(([, ref]) => ref as string))
    expect(stored).toEqual(answered)
    await isSound('asked')
  })

  it('takes in nothing further when nobody reads the answers any more, and leaves a sound queue', async () => {
    await newTill('unread')
    writeFileSync(join(cli.work, 'many.jsonl'), jsonLines([start, ...Array.from({ length: 2000 }, (_, n) => ticket(n))]))
    const ran = await cli.shell('sigillo record unread many.jsonl --json | head -n 1')
    expect(answersIn(ran.stdout)[0]).toMatchObject({ key: 'START', outcome: 'registered' })
    await isSound('unread')
  })

  it('keeps every answered request when the process is killed, and a second run replays it', async () => {
    await newTill('killed')
    const requests = [start, ...Array.from({ length: 400 }, (_, n) => ticket(n))]
    const child = startRecord('killed')
    const chunks: string[] = []
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => chunks.push(chunk))
    child.stdin.on('error', () => undefined)
    child.stdin.write(jsonLines(requests))
    await once(child.stdout, 'data')
    child.kill('SIGKILL')
    await once(child, 'close')
    const answered = answersIn(chunks.join('').replace(/[^\n]*$/, ''))
    expect(answered.length).toBeGreaterThan(0)
    const again = answersIn((await cli.run(['record', 'killed', '--json'], { input: jsonLines(requests) })).stdout)
    const seqOf = new Map(again.map(({ key, seq }) => [key, seq]))
    for (const { key, seq } of answered) expect(seqOf.get(key)).toBe(seq)
    for (const { key } of answered) expect(again.find((each) => each.key === key)?.replayed).toBe(true)
    expect(again.every(({ outcome }) => outcome === 'registered')).toBe(true)
    await isSound('killed')
  })

  it('lets every reading command find a till well that sells meanwhile', { timeout: 120_000 }, async () => {
    const dir = await newTill('busy')
    const child = startRecord('busy')
    const over = once(child, 'close')
    child.stdout.resume()
    child.stdin.write(jsonLines([start]))
    let [selling, n] = [true, 0]
    const sell = async (): Promise<void> => {
      while (selling) {
        child.stdin.write(jsonLines([ticket(n++), ticket(n++)]))
        await new Promise((resolve) => setTimeout(resolve, 2))
      }
      child.stdin.end()
      await over
    }
    const read = async (): Promise<void> => {
      for (const command of ['doctor', 'verify', 'inspect', 'doctor', 'export', 'doctor']) {
        const { code, stdout, stderr } = await cli.run([command, dir, ...(command === 'export' ? ['busy.zip'] : [])])
        expect([command, code, code === 0 ? '' : stdout + stderr]).toEqual([command, 0, ''])
      }
      selling = false
    }
    await Promise.all([sell(), read().finally(() => (selling = false))])
    expect(n).toBeGreaterThan(100)
  })

  it('never shows the passphrase', async () => {
    await newTill('secret')
    const outputs = await Promise.all([
      cli.run(['record', 'secret', '--json', '--print'], { input: jsonLines([start]) }),
      cli.run(['doctor', 'secret', '--json']),
      cli.run(['inspect', 'secret']),
    ])
    for (const { stdout, stderr } of outputs) expect(stdout + stderr).not.toContain(TEST_PASSPHRASE)
    const { stdout } = await cli.shell(`grep -rl '${TEST_PASSPHRASE}' secret secret.keys secret.witness.json || true`)
    expect(stdout).toBe('')
  })
})

function journal(folder: string): string {
  const names = readdirSync(folder).filter((name) => /^[js]-.*\.jsonl$/.test(name))
  return names.map((name) => readFileSync(join(folder, name), 'utf8')).join('')
}
