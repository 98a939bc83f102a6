// A shop day between a till and the authority, each in a process of its own, with faults and kills on both sides; and what must be
// true in the end: nothing lost, nothing accepted twice, everything else in a state with a name and an alarm.
import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto'
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import fc from 'fast-check'
import { issueCertificate } from './certificates.js'
import type { Fault } from './faults.js'
import { openHierarchy, type Hierarchy } from './hierarchy.js'
import { judgeDay, type AuthorityView } from './schedule-judge.fixture.js'
import { bundleProgram, Child } from './schedule-process.fixture.js'
import type { TillCommand, TillReport, TillSettings } from './schedule-till.test-support.js'

/** One step of a day. Milliseconds after which a side is killed are counted from the command. */
export type Step =
  | { readonly do: 'sale'; readonly lottery: boolean; readonly killMs?: number | undefined }
  | { readonly do: 'void'; readonly pick: number; readonly killMs?: number | undefined }
  | { readonly do: 'close'; readonly killMs?: number | undefined }
  | {
      readonly do: 'drain'
      readonly faults: readonly Fault[]
      readonly killMs?: number | undefined
      readonly killAuthorityMs?: number | undefined
    }
  | { readonly do: 'later'; readonly minutes: number }

/** A day. */
export interface Schedule {
  readonly steps: readonly Step[]
  /** What the authority does with lottery files it has already. */
  readonly lotteryAgain: 'sameAnswer' | 'error'
  readonly receiptsAgain: 'sameAnswer' | 'acceptAgain'
  /** What an operator does in the end with what was refused for good. */
  readonly operator: 'leaves' | 'replaces' | 'releases'
}

const perhaps = (max: number, never: number): fc.Arbitrary<number | undefined> =>
  fc.oneof({ weight: 1, arbitrary: fc.integer({ min: 0, max }) }, { weight: never, arbitrary: fc.constant(undefined) })
const killMs = perhaps(45, 1)
const rarely = perhaps(40, 4)
const fault: fc.Arbitrary<Fault> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('drop' as const),
      where: fc.constantFrom('beforeReading' as const, 'afterReading' as const, 'afterStoring' as const),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('crash' as const),
      where: fc.constantFrom(
        'beforeStoring' as const,
        'whileStoring' as const,
        'afterStoring' as const,
        'afterAnswering' as const,
      ),
    }),
  },
  { weight: 2, arbitrary: fc.constantFrom(429, 500, 503, 403, 409).map((status) => ({ kind: 'status' as const, status })) },
  {
    weight: 2,
    arbitrary: fc
      .constantFrom('00203', '00200', '00209', '00302', '98765')
      .map((code) => ({ kind: 'refuse' as const, codes: [code] })),
  },
  {
    weight: 3,
    arbitrary: fc
      .constantFrom('garbage' as const, 'unsigned' as const, 'wrongSigner' as const, 'altered' as const, 'empty' as const)
      .map((kind) => ({ kind })),
  },
  { weight: 1, arbitrary: fc.constant({ kind: 'truncate' as const }) },
)
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constant('sale' as const), lottery: fc.boolean(), killMs: rarely }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('void' as const), pick: fc.nat(9), killMs: rarely }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('close' as const), killMs: rarely }) },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('drain' as const),
      faults: fc.array(fault, { maxLength: 3 }),
      killMs,
      killAuthorityMs: rarely,
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('later' as const), minutes: fc.constantFrom(2, 7, 20, 45, 130) }) },
)

/** Random schedules. */
export const schedules: fc.Arbitrary<Schedule> = fc.record({
  steps: fc.array(step, { minLength: 6, maxLength: 16 }),
  lotteryAgain: fc.constantFrom('sameAnswer', 'error'),
  receiptsAgain: fc.constantFrom('sameAnswer', 'acceptAgain'),
  operator: fc.constantFrom('leaves', 'replaces', 'releases'),
})

/** How often something happened over all schedules, for the report. */
export interface Tally {
  schedules: number
  tillKills: number
  authorityKills: number
  faults: number
  closings: number
  lotteryDocuments: number
  accepted: number
  named: number
  repeated: number
}

const POLICY_MERCHANT = '01234567897'

/** One authority in a folder, restarted whenever it is dead. */
class AuthorityProcess {
  readonly #program: string
  readonly folder: string
  #child: Child | undefined
  #port = 0
  url = ''
  control = ''
  policies: object = {}

  constructor(program: string, folder: string) {
    this.#program = program
    this.folder = folder
  }

  async up(): Promise<void> {
    if (this.#child !== undefined && !this.#child.dead) return
    for (let i = 0; i < 20; i++) {
      this.#child = new Child(this.#program, [this.folder, String(this.#port)])
      const said = await this.#child.hear<{ event: string; url: string; controlUrl: string }>()
      if (said?.event === 'listening') {
        this.url = said.url
        this.control = said.controlUrl
        this.#port = Number(new URL(said.url).port)
        // Policies live in the process.
        await this.#once('PUT', '/policies', this.policies)
        return
      }
      await wait(100)
    }
    throw new Error('the authority does not start')
  }

  get dead(): boolean {
    return this.#child?.dead ?? true
  }
  async kill(): Promise<void> {
    await this.#child?.kill()
  }

  /** Asks the control interface; a process that dies meanwhile is started again and asked again. */
  async ask<T>(method: string, path: string, body?: unknown): Promise<T> {
    for (let tries = 0; ; tries++) {
      await this.up()
      try {
        return await this.#once<T>(method, path, body)
      } catch (error) {
        if (tries === 5 || !(error instanceof TypeError)) throw error
        await wait(100)
      }
    }
  }

  async #once<T>(method: string, path: string, body?: unknown): Promise<T> {
    const response = await fetch(`${this.control}${path}`, {
      method,
      ...(body !== undefined && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    })
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`)
    return (await response.json()) as T
  }
}

/** The bench: programs bundled once, keys made once. */
export class Bench {
  readonly tally: Tally = {
    schedules: 0,
    tillKills: 0,
    authorityKills: 0,
    faults: 0,
    closings: 0,
    lotteryDocuments: 0,
    accepted: 0,
    named: 0,
    repeated: 0,
  }
  readonly #folder: string = mkdtempSync(join(tmpdir(), 'sigillo-schedules-'))
  #programs = { till: '', authority: '' }
  #hierarchy: Hierarchy | undefined
  #authority: AuthorityProcess | undefined
  #keys = { record: '', device: '' }
  #count = 0

  async open(): Promise<void> {
    const [till, authority] = await Promise.all([
      bundleProgram('schedule-till.test-support'),
      bundleProgram('authority.test-support'),
    ])
    this.#programs = { till, authority }
    this.#hierarchy = await openHierarchy(join(this.#folder, 'keys-only'), undefined)
    const der = { type: 'pkcs8', format: 'der' } as const
    const record = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
    const device = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
    this.#keys = { record: record.export(der).toString('base64'), device: device.export(der).toString('base64') }
  }

  async close(): Promise<void> {
    await this.#authority?.kill()
    for (const program of Object.values(this.#programs)) rmSync(program, { force: true })
    rmSync(this.#folder, { recursive: true, force: true })
  }

  // A fresh ledger now and then: it grows with every message and is read at every start.
  async #authorityFor(): Promise<AuthorityProcess> {
    if (this.#authority !== undefined && this.#count % 20 !== 0) return this.#authority
    await this.#authority?.kill()
    const folder = join(this.#folder, `authority-${this.#count}`)
    cpSync(join(this.#folder, 'keys-only', 'keys'), join(folder, 'keys'), { recursive: true })
    this.#authority = new AuthorityProcess(this.#programs.authority, folder)
    await this.#authority.up()
    return this.#authority
  }

  #certificate(matricola: string): string {
    const { device } = this.#hierarchy as Hierarchy
    const key = createPrivateKey({ key: Buffer.from(this.#keys.device, 'base64'), format: 'der', type: 'pkcs8' })
    const publicKey = new Uint8Array(createPublicKey(key).export({ type: 'spki', format: 'der' }))
    const der = issueCertificate({
      subject: [
        ['C', 'IT'],
        ['O', 'Agenzia delle Entrate'],
        ['OU', 'Servizio AE Corrispettivi IVA'],
        ['CN', matricola],
      ],
      publicKey,
      issuer: { name: device.name, key: device.key, publicKey: device.publicKey },
      notBefore: new Date(Date.now() - 3_600_000),
      notAfter: new Date(Date.now() + 900 * 86_400_000),
      usage: ['nonRepudiation'],
    })
    return Buffer.from(der).toString('base64')
  }

  /** Plays a schedule; what is wrong in the end, empty when nothing is. */
  async play(schedule: Schedule): Promise<string[]> {
    const authority = await this.#authorityFor()
    const matricola = `ZZSCH${String(++this.#count).padStart(6, '0')}`
    const certificate = this.#certificate(matricola)
    const pemText = `-----BEGIN CERTIFICATE-----\n${certificate.replace(/(.{64})/g, '$1\n')}\n-----END CERTIFICATE-----\n`
    await authority.ask('POST', '/devices', { certificate: pemText, kind: 'RT', state: 'ATTIVATO', merchant: POLICY_MERCHANT })
    const { authority: answers, tls } = this.#hierarchy as Hierarchy
    const settings: TillSettings = {
      folder: join(this.#folder, matricola),
      url: authority.url,
      answers: answers.certificate.toString(),
      tls: tls.certificate.toString(),
      matricola,
      recordKey: this.#keys.record,
      deviceKey: this.#keys.device,
      certificate,
      offsetMs: 0,
    }
    const day = new Day(this.#programs.till, settings, authority, schedule, this.tally)
    const wrong = await day.run()
    this.tally.schedules += 1
    if (wrong.length === 0) rmSync(settings.folder, { recursive: true, force: true })
    return wrong
  }
}

class Day {
  readonly #program: string
  readonly #settings: TillSettings
  readonly #authority: AuthorityProcess
  readonly #schedule: Schedule
  readonly #tally: Tally
  /** Requests the till has acknowledged, and all that were made. */
  readonly #acknowledged: string[] = []
  readonly #sales: string[] = []
  readonly #notes: string[] = []
  #till: Child | undefined
  #offsetMs = 0
  #serial = 0

  constructor(program: string, settings: TillSettings, authority: AuthorityProcess, schedule: Schedule, tally: Tally) {
    this.#program = program
    this.#settings = settings
    this.#authority = authority
    this.#schedule = schedule
    this.#tally = tally
  }

  async run(): Promise<string[]> {
    const { steps, lotteryAgain, receiptsAgain } = this.#schedule
    await this.#policies(lotteryAgain, receiptsAgain)
    await this.#authority.ask('PUT', '/clock', { offsetMs: 0 })
    for (const one of steps) await this.#step(one)
    await this.#heal()
    const report = await this.#report()
    await this.#till?.kill()
    const messages = await this.#authority.ask<AuthorityView['messages']>('GET', `/messages?sender=${this.#settings.matricola}`)
    const lottery = (await this.#authority.ask<AuthorityView['lottery']>('GET', '/lottery')).filter(
      ({ matricola }) => matricola === this.#settings.matricola,
    )
    return [
      ...this.#notes,
      ...judgeDay({ report, acknowledged: this.#acknowledged, view: { messages, lottery }, tally: this.#tally }),
    ]
  }

  async #policies(lottery: string, receipts: string): Promise<void> {
    this.#authority.policies = {
      duplicates: 'sameAnswer',
      duplicatesOf: {
        ...(lottery === 'error' && { lottery: { error: '00306' } }),
        ...(receipts === 'acceptAgain' && { receipts: 'acceptAgain' }),
      },
    }
    await this.#authority.ask('PUT', '/policies', this.#authority.policies)
  }

  async #tillUp(): Promise<Child> {
    for (let i = 0; this.#till === undefined || this.#till.dead; i++) {
      if (i === 10) throw new Error('the till does not start')
      this.#till = new Child(this.#program, [JSON.stringify({ ...this.#settings, offsetMs: this.#offsetMs })])
      await this.#till.hear()
    }
    return this.#till
  }

  /** Says a command; kills the till after so long. Undefined when it was gone before it answered. */
  async #tell<T>(command: TillCommand, afterMs?: number): Promise<T | undefined> {
    const till = await this.#tillUp()
    till.say(command)
    const heard = till.hear<{ ok?: T; error?: { code?: string; message?: string } }>()
    if (afterMs !== undefined) {
      const first = await Promise.race([heard, wait(afterMs)])
      if (first === undefined) {
        this.#tally.tillKills += 1
        await till.kill()
      }
    }
    const answer = await heard
    if (answer?.error !== undefined) this.#notes.push(`${command.do}: ${answer.error.code} ${answer.error.message}`)
    return answer?.ok
  }

  async #report(): Promise<TillReport> {
    const report = await this.#tell<TillReport>({ do: 'report' })
    if (report === undefined) throw new Error('the till gives no report')
    return report
  }

  async #state(): Promise<Pick<TillReport, 'outbox' | 'lottery' | 'device'>> {
    const state = await this.#tell<Pick<TillReport, 'outbox' | 'lottery' | 'device'>>({ do: 'state' })
    if (state === undefined) throw new Error('the till does not tell its state')
    return state
  }

  // As a shop would: until the till has said yes, the same request again.
  async #record(request: Readonly<Record<string, unknown>>, afterMs?: number): Promise<void> {
    const key = `P-${++this.#serial}`
    let kill = afterMs
    for (;;) {
      const said = await this.#tell<{ registered: boolean; code?: string; message?: string }>(
        { do: 'record', request: { ...request, key } },
        kill,
      )
      kill = undefined
      if (said === undefined) continue
      if (said.registered) this.#acknowledged.push(key)
      else if (!['IT_ALREADY_VOIDED'].includes(said.code ?? '')) this.#notes.push(`${key}: ${said.code} ${said.message}`)
      if (said.registered && request['type'] === 'sale') this.#sales.push(key)
      return
    }
  }

  async #step(one: Step): Promise<void> {
    switch (one.do) {
      case 'sale': {
        const amount = 500 + this.#serial
        await this.#record(
          {
            type: 'sale',
            lines: [{ description: 'Articolo', amount, rateBp: 2200 }],
            payments: [{ kind: one.lottery ? 'electronic' : 'cash', amount }],
            ...(one.lottery && { lotteryCode: 'ABCD1234' }),
          },
          one.killMs,
        )
        return
      }
      case 'void': {
        const key = this.#sales[one.pick % Math.max(1, this.#sales.length)]
        if (key !== undefined) await this.#record({ type: 'void', reference: { key } }, one.killMs)
        return
      }
      case 'close':
        return this.#record({ type: 'closing' }, one.killMs)
      case 'later':
        return this.#later(one.minutes)
      case 'drain':
        return this.#drain(one)
    }
  }

  async #later(minutes: number): Promise<void> {
    this.#offsetMs += minutes * 60_000
    await this.#authority.up()
    // The authority first: a file may not come from the future.
    await this.#authority.ask('PUT', '/clock', { offsetMs: this.#offsetMs })
    await this.#tell({ do: 'clock', offsetMs: this.#offsetMs })
  }

  async #drain({ faults, killMs: afterMs, killAuthorityMs }: Step & { do: 'drain' }): Promise<void> {
    await this.#authority.up()
    await this.#authority.ask('DELETE', '/faults')
    // A refusal made up for a file that has arrived already would contradict what the authority holds.
    const { outbox } = faults.some(({ kind }) => kind === 'refuse' || kind === 'status') ? await this.#state() : { outbox: [] }
    const doubtful = outbox.some(({ doubt, state }) => doubt || state === 'sending')
    for (const one of faults) {
      if (doubtful && (one.kind === 'refuse' || (one.kind === 'status' && [403, 409].includes(one.status)))) continue
      await this.#authority.ask('POST', '/faults', { fault: one })
      this.#tally.faults += 1
    }
    const killing =
      killAuthorityMs === undefined
        ? Promise.resolve()
        : wait(killAuthorityMs).then(() => {
            this.#tally.authorityKills += 1
            return this.#authority.kill()
          })
    await Promise.all([this.#tell({ do: 'drain' }, afterMs), killing])
    if (this.#authority.dead && killAuthorityMs === undefined) this.#tally.authorityKills += 1
  }

  // Everything works again; an operator has seen what was refused.
  async #heal(): Promise<void> {
    await this.#authority.up()
    await this.#authority.ask('DELETE', '/faults')
    await this.#authority.ask('PUT', '/devices/' + this.#settings.matricola + '/state', { state: await this.#believed() })
    await this.#record({ type: 'clock', reason: 'set right' })
    for (let round = 0; round < 40; round++) {
      await this.#tell({ do: 'resume' })
      await this.#tell({ do: 'drain' })
      const { outbox, lottery, device } = await this.#state()
      await this.#operate(outbox)
      // What was refused for good holds its lane up as long as nobody acts.
      const stopped = new Set(outbox.filter(({ state }) => state === 'rejected').map(({ lane }) => lane))
      const still = outbox.every(({ lane }) => stopped.has(lane))
      const batched = lottery.items.length === 0 || device !== 'IN_SERVIZIO' || stopped.has('lottery')
      if (still && batched && (outbox.length === 0 || this.#schedule.operator === 'leaves')) return
      await this.#later(65)
    }
  }

  // A device whose first file was accepted is in service on both sides.
  async #believed(): Promise<string> {
    const entries = await this.#authority.ask<AuthorityView['messages']>(
      'GET',
      `/messages?sender=${this.#settings.matricola}&route=receipts&accepted=true`,
    )
    return entries.length > 0 ? 'IN_SERVIZIO' : 'ATTIVATO'
  }

  async #operate(outbox: TillReport['outbox']): Promise<void> {
    const { operator } = this.#schedule
    for (const { made, state, lane } of outbox) {
      if (state !== 'rejected' || operator === 'leaves') continue
      if (operator === 'replaces' && lane === 'receipts') await this.#record({ type: 'transmission', op: 'replace', of: made })
      else await this.#record({ type: 'outcome', of: made, result: 'released', operator: 'Anna' })
    }
  }
}
