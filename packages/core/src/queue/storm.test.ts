// Everything a queue can be asked, at once and in random order, over a store and a signer that fail now and then: afterwards the journal
// verifies, and every answer that was given is true. `npm run test:long` takes --count storms from --seed.
import { bareCountry, faultySigner, faultyStorage, fixedClock, memoryStorage } from '@sigillo/testing'
import { randomFrom, type Random } from '@sigillo/testing/node'
import { softwareSigner } from '@sigillo/signer-software'
import { expect, it } from 'vitest'
import { concat } from '../bytes.js'
import { parseLine } from '../read-line.js'
import type { FiscalRecord } from '../record.js'
import type { Signer } from '../signer.js'
import { verifyChunks, type VerifyOptions } from '../verify/verify.js'
import type { Outcome } from './answer.js'
import type { Queue } from './contract.js'
import { createQueue, openQueue } from './open.js'

const long = process.env['SIGILLO_LONG'] === '1'
const count = long ? Number(process.env['SIGILLO_COUNT'] ?? 5000) : 30
const seed = Number(process.env['SIGILLO_SEED'] ?? 20_261_201)
const signers = await Promise.all(Array.from({ length: 6 }, () => softwareSigner()))

interface Told {
  readonly request: { readonly key?: string; readonly amount?: number; readonly type: string }
  readonly outcome: Outcome
}

class Storm {
  readonly told: Told[] = []
  readonly storage = faultyStorage(memoryStorage())
  readonly clock = fixedClock('2026-03-02T08:00:00.000Z', { tickMs: 7 })
  readonly #random: Random
  readonly #refusing: boolean
  #signer: Signer = signers[0] as Signer
  #keys = 0
  #queue: Queue | undefined

  constructor(random: Random) {
    this.#random = random
    this.#refusing = random.chance(0.5)
  }

  #options(): Parameters<typeof openQueue>[0] {
    return { country: bareCountry(), storage: this.storage, signer: this.#faulty(this.#signer), clock: this.clock, segBits: 6 }
  }

  // A signer that signs at once, or a device that answers later and fails on request.
  #faulty(signer: Signer): Signer {
    if (!this.#refusing) return signer
    const faulty = faultySigner(signer)
    for (let n = this.#random.below(3); n > 0; n--)
      faulty.fail({
        how: this.#random.pick(['refuse', 'lose']),
        nth: 3 + this.#random.below(60),
        times: 1 + this.#random.below(3),
      })
    return faulty
  }

  async run(): Promise<void> {
    const random = this.#random
    this.#queue = await createQueue(this.#options())
    const rounds = 4 + random.below(16)
    for (let round = 0; round < rounds; round++) {
      this.clock.step(random.chance(0.15) ? -random.below(90_000) : random.below(3_600_000))
      if (random.chance(0.15)) this.#failStore()
      const calls = Array.from({ length: 1 + random.below(9) }, () => this.#call())
      if (random.chance(0.25)) await this.#reopen()
      await Promise.all(calls)
    }
    if (random.chance(0.5))
      await Promise.all([this.#call(), this.#record({ type: 'closing', ends: true }), this.#call(), this.#call()])
    this.storage.heal()
    await this.#queue.close()
  }

  #failStore(): void {
    const random = this.#random
    const method = random.pick(['append', 'append', 'putSnapshot', 'maintain', 'byRef'] as const)
    this.storage.fail({ method, when: random.pick(['before', 'after']), nth: 1 + random.below(4) })
  }

  async #reopen(): Promise<void> {
    await this.#queue?.close()
    this.storage.heal()
    // The key is the one the journal names: a change under way may or may not have come through.
    for (const signer of [...signers, ...signers, ...signers]) {
      this.#signer = signer
      const opened = await openQueue(this.#options()).catch((error: unknown) => error as { readonly code: string })
      if (!('code' in opened)) return void (this.#queue = opened)
      expect(['KEY_MISMATCH', 'SIGNER_UNAVAILABLE']).toContain(opened.code)
    }
    throw new Error('no signer opens the queue')
  }

  async #call(): Promise<unknown> {
    const random = this.#random
    const queue = this.#queue as Queue
    const chance = random.below(40)
    if (chance < 26) {
      const key = random.chance(0.8) ? { key: `K-${random.below(12 + this.told.length)}` } : {}
      return this.#record({ type: random.pick(['ticket', 'invoice']), amount: random.below(3), events: random.below(3), ...key })
    }
    if (chance < 30)
      return this.#record({
        type: 'closing',
        events: random.below(4),
        ...(random.chance(0.5) && { key: `Z-${this.told.length}` }),
      })
    if (chance < 33) return queue.checkpoint()
    if (chance < 35 && this.#keys < signers.length - 1) {
      const signer = signers[++this.#keys] as Signer
      const outcome = await queue.changeKey({ signer: this.#faulty(signer), reason: 'scheduled' })
      if (outcome.outcome === 'registered') this.#signer = signer
      return outcome
    }
    if (chance < 37) return queue.recordKey({ type: 'key.suspended', actor: 'chief', reason: 'drill' })
    if (chance < 38) return queue.find(BigInt(random.below(100)))
    const abort = new AbortController()
    const aborted = this.#record({ type: 'ticket', amount: 9, key: `A-${this.told.length}` }, abort.signal)
    for (let turn = random.below(12); turn > 0; turn--) await Promise.resolve()
    abort.abort()
    return aborted
  }

  async #record(
    request: Told['request'] & { readonly ends?: boolean; readonly events?: number },
    signal?: AbortSignal,
  ): Promise<void> {
    const outcome = await (this.#queue as Queue).record(request, signal === undefined ? {} : { signal })
    this.told.push({ request, outcome })
  }
}

async function recordsOf(storage: Storm['storage']): Promise<FiscalRecord[]> {
  const records: FiscalRecord[] = []
  for await (const { line } of (await storage.openReader()).read(0n)) records.push(parseLine(line) as FiscalRecord)
  return records
}

it(`J-36 ${count} storms from seed ${seed}: the journal verifies, and what was answered is true`, async () => {
  const outcomes: Record<string, number> = {}
  for (let n = 0; n < count; n++) {
    const storm = new Storm(randomFrom(seed + n))
    await storm.run()
    const say = `seed ${seed + n}`
    const records = await recordsOf(storm.storage)
    const lines: Uint8Array[] = []
    for await (const { line } of (await storm.storage.openReader()).read(0n)) lines.push(line, Uint8Array.of(10))
    const auditor = bareCountry().auditor?.()
    const options: VerifyOptions = { bytesExpected: 0, ...(auditor !== undefined && { auditor }) }
    const report = await verifyChunks([{ bytes: concat(...lines) }], options)
    expect([say, report.findings]).toEqual([say, []])
    const byKey = new Map(
      records.flatMap((record) => (record.body.ref === undefined ? [] : [[record.body.ref, record] as const])),
    )
    const registeredKeys = new Set<string>()
    for (const { request, outcome } of storm.told) {
      const code = outcome.outcome === 'registered' ? (outcome.replayed ? 'replayed' : 'registered') : outcome.error.code
      outcomes[code] = (outcomes[code] ?? 0) + 1
      if (outcome.outcome !== 'registered') continue
      const stored = records[Number(outcome.seq)]
      expect([say, stored?.hash]).toEqual([say, outcome.hash])
      expect([say, (stored?.payload as { request: unknown }).request]).toEqual([say, expect.objectContaining(request)])
      if (request.key !== undefined) registeredKeys.add(request.key)
    }
    // What is in the journal was answered as registered, or its caller was told that nobody knows.
    for (const { request, outcome } of storm.told) {
      if (request.key === undefined || registeredKeys.has(request.key) || outcome.outcome === 'indeterminate') continue
      const unknown = storm.told.some((other) => other.request.key === request.key && other.outcome.outcome === 'indeterminate')
      if (!unknown) expect([say, request.key, byKey.has(request.key)]).toEqual([say, request.key, false])
    }
  }
  if (long) console.log(outcomes)
  expect(outcomes['registered']).toBeGreaterThan(count)
})
