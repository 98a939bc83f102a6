// Several tills on one register, none waiting for the other, over a store that fails now and then: what is sold, given back and cancelled adds up
// to the closings, nothing is given back twice, and verification is silent. `npm run test:long` takes --count storms from --seed.
import type { FiscalRecord, Outcome } from '@sigillo/core'
import { faultyStorage, memoryStorage } from '@sigillo/testing'
import { randomFrom, type Random } from '@sigillo/testing/node'
import { expect, it } from 'vitest'
import { cash, card, line, openDevice, type TestDevice } from './device.fixture.js'

const long = process.env['SIGILLO_LONG'] === '1'
const count = long ? Number(process.env['SIGILLO_COUNT'] ?? 2000) : 20
const seed = Number(process.env['SIGILLO_SEED'] ?? 20_261_201)
const RATES = [2200, 1000, 500, 400, 'N4']

interface Sale {
  readonly key: string
  readonly amount: number
  readonly rate: number | string
}

class Storm {
  readonly storage = faultyStorage(memoryStorage())
  readonly sales: Sale[] = []
  readonly codes: Record<string, number> = {}
  readonly #random: Random
  #sent = 0

  constructor(random: Random) {
    this.#random = random
  }

  async run(): Promise<TestDevice> {
    const random = this.#random
    const device = await openDevice({}, { storage: this.storage })
    for (let round = 4 + random.below(16); round > 0; round--) {
      device.clock.step(random.chance(0.1) ? 3_600_000 * (1 + random.below(30)) : 60_000 * random.below(40))
      if (random.chance(0.2)) {
        const method = random.pick(['append', 'append', 'putSnapshot', 'byRef', 'read'] as const)
        this.storage.fail({ method, when: random.pick(['before', 'after']), nth: 1 + random.below(3) })
      }
      const outcomes = await Promise.all(Array.from({ length: 1 + random.below(8) }, () => this.#request(device)))
      this.storage.heal()
      if (outcomes.includes('QUEUE_STOPPED') || random.chance(0.1)) await device.reopen()
    }
    await device.close()
    return device
  }

  async #request(device: TestDevice): Promise<string> {
    const random = this.#random
    const chance = random.below(20)
    const sold = this.sales.length === 0 ? undefined : random.pick(this.sales.slice(-6))
    if (chance < 11 || sold === undefined) return this.#sell(device)
    const reference = { key: sold.key }
    if (chance < 14) return this.#told(device.send({ type: 'void', reference }))
    if (chance < 18) {
      const part = 1 + random.below(sold.amount)
      return this.#told(device.send({ type: 'return', reference, lines: [line(part, sold.rate)] }))
    }
    return this.#told(device.send({ type: 'closing' }))
  }

  async #sell(device: TestDevice): Promise<string> {
    const random = this.#random
    const [key, amount, rate] = [`S-${this.#sent++}`, 100 + random.below(5000), random.pick(RATES)]
    const half = random.below(amount)
    const payments = half === 0 ? [cash(amount)] : [card(half), cash(amount - half)]
    const code = await this.#told(device.send({ type: 'sale', key, lines: [line(amount, rate)], payments }))
    if (code === 'registered') this.sales.push({ key, amount, rate })
    return code
  }

  async #told(answer: Promise<Outcome>): Promise<string> {
    const outcome = await answer
    const code = outcome.outcome === 'registered' ? 'registered' : outcome.error.code
    this.codes[code] = (this.codes[code] ?? 0) + 1
    // A part of the product that failed instead of refusing.
    if (outcome.outcome !== 'registered' && code === 'RECORD_INVALID') throw outcome.error
    return code
  }
}

type Loose = Readonly<Record<string, unknown>>

/** What is wrong with the documents of a journal, summed by somebody who knows nothing of the device. */
function wrongIn(records: readonly FiscalRecord[]): string[] {
  const wrong: string[] = []
  const left = new Map<string, number>()
  const amountOf = (request: Loose): number => (request['lines'] as Loose[]).reduce((sum, one) => sum + Number(one['amount']), 0)
  for (const { body, payload } of records) {
    const request = (payload as { readonly request?: Loose } | null)?.request
    if (request === undefined || request['type'] === 'closing') continue
    const name = String((request['reference'] as Loose | undefined)?.['key'] ?? request['key'])
    if (request['type'] === 'sale') left.set(name, amountOf(request))
    else {
      const before = left.get(name)
      const taken = request['type'] === 'void' ? (before ?? 0) : amountOf(request)
      if (before === undefined || taken > before || before === 0)
        wrong.push(`record ${body.seq} gives back what ${name} has not left`)
      left.set(name, (before ?? 0) - taken)
    }
  }
  return wrong
}

it(`8.1 ${count} storms from seed ${seed}: nothing is given back twice, figures and totals verify`, async () => {
  const codes: Record<string, number> = {}
  for (let n = 0; n < count; n++) {
    const storm = new Storm(randomFrom(seed + n))
    const device = await storm.run()
    const say = `seed ${seed + n}`
    expect([say, (await device.queue.verify()).findings]).toEqual([say, []])
    const records = await device.records()
    expect([say, wrongIn(records)]).toEqual([say, []])
    const keys = records.flatMap(({ body }) => body.ref ?? [])
    expect([say, new Set(keys).size]).toEqual([say, keys.length])
    for (const { key } of storm.sales) expect([say, keys.includes(key)]).toEqual([say, true])
    await device.queue.close()
    for (const [code, times] of Object.entries(storm.codes)) codes[code] = (codes[code] ?? 0) + times
  }
  if (long) console.log(codes)
  expect(codes['registered']).toBeGreaterThan(count)
})
