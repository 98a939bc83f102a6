// Real processes killed and stopped over a real folder (FORMAT 9; statements J-18, J-31, J-36, J-64). A small run belongs to every test
// run, a thousand kills to `npm run test:long`.
import { writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { verifyChunks } from '@sigillo/core/verify'
import type { PrivateJwk } from '@sigillo/signer-software'
import { bareCountry } from '@sigillo/testing'
import { CrashChild, crashRunner, randomFrom, type Acknowledged, type CrashReport, type Random } from '@sigillo/testing/node'
import { bundle } from './bundle.fixture.js'
import type { ChildSettings } from './crash-child.fixture.js'
import { openFolder } from './open-folder.js'

/** What a run needs. */
export interface Yard {
  readonly directory: string
  readonly script: string
  readonly jwk: PrivateJwk
  clear(): Promise<void>
}

export async function openYard(): Promise<Yard> {
  const directory = await mkdtemp(join(tmpdir(), 'sigillo-kill-'))
  const script = join(directory, 'child.mjs')
  await bundle('./crash-child.fixture.ts', script)
  return { directory, script, jwk: await freshKey(), clear: () => rm(directory, { recursive: true, force: true }) }
}

async function freshKey(): Promise<PrivateJwk> {
  const { privateKey } = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify'])
  const { x, y, d } = (await crypto.subtle.exportKey('jwk', privateKey)) as { x: string; y: string; d: string }
  return { kty: 'EC', crv: 'P-256', x, y, d }
}

let settingsFiles = 0

function settingsFor(yard: Yard, place: string, change: Partial<ChildSettings>): string {
  const settings: ChildSettings = {
    place,
    jwk: yard.jwk,
    prefix: 'k',
    again: [],
    callers: 8,
    takeover: false,
    killAt: 0,
    ...change,
  }
  // A file, not an argument: the key does not belong into the list of processes.
  const path = join(yard.directory, `settings-${settingsFiles++}.json`)
  writeFileSync(path, JSON.stringify(settings), { mode: 0o600 })
  return path
}

/** Every answer is in the journal under its number and hash, found by its key. */
async function answersMissing(place: string, answers: Iterable<readonly [string, Acknowledged]>): Promise<string[]> {
  const faults: string[] = []
  const reader = await (await openFolder(place)).openReader()
  try {
    for (const [key, { seq, hash }] of answers) {
      const hit = await reader.byRef(key)
      const line = hit?.line === undefined ? '' : new TextDecoder().decode(hit.line)
      if (hit?.seq !== seq || !line.includes(`,"hash":"${hash}",`))
        faults.push(`${key} was answered as record ${seq}, found: ${hit?.seq}`)
    }
  } finally {
    await reader.close()
  }
  return faults
}

/** Signatures, both chains, whole requests, each key once, totals: what the verifier and the country have to say. */
async function verdict(place: string): Promise<string[]> {
  const reader = await (await openFolder(place)).openReader()
  try {
    const auditor = bareCountry().auditor?.()
    const report = await verifyChunks(reader.chunks(), { ...(auditor !== undefined && { auditor }) })
    return report.findings
      .filter(({ severity }) => severity === 'error')
      .map(({ seq, code, message }) => `record ${seq}: ${code} ${message}`)
  } finally {
    await reader.close()
  }
}

/** Lives of one queue before a fresh one is begun: opening and verifying stay short. */
const LIVES = 25

/** Kills `rounds` children; `at` says for a life before which file-system call the child kills itself, 0 for a kill from outside. */
export async function killRounds(
  yard: Yard,
  rounds: number,
  seed: number,
  at: (round: number, random: Random) => number,
): Promise<CrashReport> {
  let total: CrashReport = { kills: 0, answers: 0, replayed: 0, violations: [] }
  for (let first = 0; first < rounds && total.violations.length === 0; first += LIVES) {
    const place = join(yard.directory, `queue-${seed}-${first}`)
    const random = randomFrom(seed + first)
    const killAt = new Map<number, number>()
    const lives = Math.min(LIVES, rounds - first)
    let checked = 0
    const report = await crashRunner({
      script: yard.script,
      rounds: lives,
      seed: seed + first,
      killsItself: (round) => (killAt.get(round) ?? 0) > 0,
      settings: (round, again) => {
        killAt.set(round, at(first + round, random))
        return settingsFor(yard, place, { prefix: `k-${first + round}`, again, killAt: killAt.get(round) ?? 0 })
      },
      judge: async (known, round) => {
        if (known.size === 0) return []
        const fresh = [...known].slice(checked)
        checked = known.size
        return [
          ...(await answersMissing(place, fresh)),
          ...(round === lives - 1 ? [...(await answersMissing(place, known)), ...(await verdict(place))] : []),
        ]
      },
    })
    total = {
      kills: total.kills + report.kills,
      answers: total.answers + report.answers,
      replayed: total.replayed + report.replayed,
      violations: report.violations,
    }
    await rm(place, { recursive: true, force: true })
  }
  return total
}

/** What the rounds with stopped writers showed. */
export interface StallReport {
  readonly rounds: number
  readonly answers: number
  /** Children that woke up and found themselves fenced. */
  readonly fenced: number
  readonly violations: readonly string[]
}

/** Writers are stopped at a random moment, others take over, then all run on together (J-31). */
export async function stallRounds(yard: Yard, rounds: number, seed: number): Promise<StallReport> {
  const random = randomFrom(seed)
  const violations: string[] = []
  let [round, answers, fenced] = [0, 0, 0]
  for (; round < rounds && violations.length === 0; round++) {
    const place = join(yard.directory, `stall-${seed}-${round}`)
    const children: CrashChild[] = []
    const stale = 1 + random.below(3)
    for (let i = 0; i <= stale; i++) {
      const child = new CrashChild(yard.script, settingsFor(yard, place, { prefix: `k-${i}`, takeover: i > 0, callers: 4 }))
      children.push(child)
      // Stopped at work, or now and then while still opening.
      if (i === 0 || random.chance(0.8)) await child.ready()
      await wait(random.next() * 30)
      if (i < stale) child.signal('SIGSTOP')
    }
    await children.at(-1)?.ready()
    for (const child of children.slice(0, -1).sort(() => random.next() - 0.5)) {
      child.signal('SIGCONT')
      await wait(random.next() * 20)
    }
    await wait(50)
    for (const child of children) {
      child.signal('SIGKILL')
      await child.ended()
    }
    const found = await judgeStall(place, children).catch((error: unknown) => [`the place cannot be judged: ${String(error)}`])
    violations.push(...found.map((violation) => `round ${round}: ${violation}`))
    for (const child of children) answers += child.acknowledged.size
    fenced += children.slice(0, -1).filter((child) => child.refused.size > 0).length
    await rm(place, { recursive: true, force: true })
  }
  return { rounds: round, answers, fenced, violations }
}

async function judgeStall(place: string, children: readonly CrashChild[]): Promise<string[]> {
  const faults: string[] = []
  const numbers = new Map<bigint, string>()
  for (const child of children) {
    // A child that was stopped while opening may find itself fenced there: that is an error of opening, not a crash.
    if (child.complaint !== '' && !/STORAGE_FENCED|QUEUE_LOCKED/.test(child.complaint))
      faults.push(`a child failed: ${child.complaint.slice(0, 1000)}`)
    for (const [key, { seq }] of child.acknowledged) {
      const other = numbers.get(seq)
      if (other !== undefined) faults.push(`record ${seq} was acknowledged for ${other} and for ${key}`)
      numbers.set(seq, key)
    }
    faults.push(...(await answersMissing(place, child.acknowledged)))
  }
  return [...faults, ...(await verdict(place))]
}
