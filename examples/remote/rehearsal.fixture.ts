// An outage for real: the queue's server and the till are processes, killed at random moments and started again, over HTTPS on
// loopback; a forger may be at the till's files while it is down. In the end every sale is in the queue exactly once and in order,
// and the breaks reported are the damage done.
import { spawn, type ChildProcess } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { openFolder } from '@sigillo/storage-fs'
import { parseLine } from '@sigillo/core'
import { verifyChunks } from '@sigillo/core/verify'
import { selfSigned } from '@sigillo/testing/node'
import { frenchAuditor } from '@sigillo/country-fr'
import { build } from 'esbuild'
import { forge, reported, type Deed } from './forger.fixture.js'

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

/** Programs and certificate, made once. */
export interface Stage {
  readonly folder: string
  readonly cert: string
  readonly key: string
}

/** Bundles the two examples from source and makes a certificate. */
export async function setStage(folder: string): Promise<Stage> {
  await build({
    entryPoints: [here('server.mjs'), here('till.mjs')],
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    conditions: ['source'],
    outdir: join(folder, 'programs'),
    outExtension: { '.js': '.mjs' },
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
  })
  const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')]
  const names = ['subjectAltName=DNS:localhost,IP:127.0.0.1']
  const { certificatePem, keyPem } = selfSigned({ subject: '/CN=localhost', days: 2, extensions: names })
  writeFileSync(cert, certificatePem)
  writeFileSync(key, keyPem)
  return { folder, cert, key }
}

/** What a rehearsal came to. */
export interface Rehearsal {
  readonly sold: readonly string[]
  /** References of the tickets in the queue, in order. */
  readonly recorded: readonly string[]
  /** References of receipts recorded as altered, and the number of events that tell of a defect (90) or of a missing number (95). */
  readonly altered: readonly string[]
  readonly events: number
  readonly findings: readonly string[]
  readonly deeds: readonly Deed[]
  /** Breaks by episode, as `KIND seq`. */
  readonly reported: ReadonlyMap<string, readonly string[]>
  readonly kills: number
}

interface Program {
  readonly child: ChildProcess
  readonly lines: string[]
  readonly ended: Promise<void>
  until(text: RegExp): Promise<string>
  /** Waits for so many more lines, or for the end. */
  more(lines: number): Promise<void>
}

function start(stage: Stage, name: string, args: readonly string[]): Program {
  const child = spawn(process.execPath, [join(stage.folder, 'programs', name), ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, SIGILLO_PASSPHRASE: 'rehearsal only' },
  })
  const lines: string[] = []
  let rest = ''
  let errors = ''
  const waiting: { readonly text: RegExp; resolve(line: string): void; reject(error: Error): void }[] = []
  child.stdout?.on('data', (part: Buffer) => {
    const all = (rest + part.toString('utf8')).split('\n')
    rest = all.pop() ?? ''
    for (const line of all) {
      lines.push(line)
      for (const one of waiting.filter(({ text }) => text.test(line))) one.resolve(line)
    }
  })
  child.stderr?.on('data', (part: Buffer) => (errors += part.toString('utf8')))
  const ended = new Promise<void>((resolve) => child.on('close', () => resolve()))
  void ended.then(() => waiting.forEach(({ reject }) => reject(new Error(`${name} ended: ${errors}`))))
  const until = (text: RegExp): Promise<string> => {
    const known = lines.find((line) => text.test(line))
    return known === undefined
      ? new Promise((resolve, reject) => waiting.push({ text, resolve, reject }))
      : Promise.resolve(known)
  }
  const more = async (count: number): Promise<void> => {
    const [target, late] = [lines.length + count, Date.now() + 10_000]
    let over = false
    void ended.then(() => (over = true))
    while (lines.length < target && !over && Date.now() < late) await pause(1)
  }
  return { child, lines, ended, until, more }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** One rehearsal. `random` gives numbers from 0 up to 1; with `forger` one deed is done to some of the outages. */
export async function rehearse(
  stage: Stage,
  name: string,
  sales: number,
  random: () => number,
  forger: boolean,
): Promise<Rehearsal> {
  const folder = join(stage.folder, name)
  mkdirSync(folder)
  const [queueFolder, log] = [join(folder, 'queue'), join(folder, 'log')]
  const deeds: Deed[] = []
  let port = '0'
  let kills = 0
  const startServer = async (): Promise<Program> => {
    const server = start(stage, 'server.mjs', [queueFolder, port, stage.cert, stage.key])
    port = (await server.until(/^ready /)).split(' ')[1] as string
    return server
  }
  const kill = async (program: Program): Promise<void> => {
    kills += 1
    program.child.kill('SIGKILL')
    await program.ended
  }
  let server = await startServer()
  await openForSale(stage, port)
  const sold: string[] = []
  for (let attempt = 0; ; attempt++) {
    const till = start(stage, 'till.mjs', [log, port, stage.cert, String(sold.length), String(sales - sold.length), '25'])
    const calm = attempt >= 4
    if (!calm) {
      await till.more(1 + Math.floor(random() * 8))
      if (random() < 0.7) {
        await kill(server)
        await till.more(1 + Math.floor(random() * 8))
        if (random() < 0.6) await kill(till)
        server = await startServer()
        await Promise.race([pause(random() * 150), till.ended])
      }
      if (till.child.exitCode === null && random() < 0.6) await kill(till)
    }
    await till.ended
    for (const line of till.lines) if (/^(registered|provisional) POS-/.test(line)) sold.push(line.split(' ')[1] as string)
    if (till.child.exitCode === 0) break
    if (calm && attempt > 12) throw new Error('the till never came to an end')
    const spared = deeds.map(({ episode }) => episode)
    const deed = forger && random() < 0.9 ? forge(log, sold, spared, random) : undefined
    if (deed !== undefined) deeds.push(deed)
  }
  server.child.kill('SIGTERM')
  await server.ended
  return { sold, ...(await readQueue(queueFolder)), deeds, reported: reported(log), kills }
}

// The queue accepts only `start` first; the till's example does not send it.
async function openForSale(stage: Stage, port: string): Promise<void> {
  const { nodeTransport } = await import('@sigillo/transport-node')
  const { readFileSync } = await import('node:fs')
  const transport = nodeTransport({ ca: readFileSync(stage.cert, 'utf8') })
  const body = new TextEncoder().encode(
    JSON.stringify({ type: 'start', key: 'START', operatorId: 'anna', posMoment: '2026-11-24T09:00:00Z' }),
  )
  await transport.send({ method: 'POST', url: `https://localhost:${port}/records`, body })
  await transport.close?.()
}

async function readQueue(folder: string): Promise<Pick<Rehearsal, 'recorded' | 'altered' | 'events' | 'findings'>> {
  const reader = await (await openFolder(folder)).openReader()
  const [recorded, altered]: [string[], string[]] = [[], []]
  let events = 0
  for await (const { line } of reader.read(0n)) {
    const { body, payload } = parseLine(line) ?? {}
    if (body?.type === 'event' && [90, 95].includes(Number((payload as { code?: unknown }).code))) events += 1
    if (body?.type !== 'ticket') continue
    const { degraded } = payload as { degraded?: { integrity: string; conflictsWith?: string } }
    const sale = degraded?.conflictsWith ?? body.ref ?? ''
    recorded.push(sale)
    if (degraded?.integrity === 'altered') altered.push(sale)
  }
  const { findings } = await verifyChunks(reader.chunks(), { auditor: frenchAuditor() })
  await reader.close()
  return { recorded, altered, events, findings: findings.map(({ seq, code }) => `${String(seq)} ${code}`) }
}
