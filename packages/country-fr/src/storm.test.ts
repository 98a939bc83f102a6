// Random days once more, with tills that do not wait for one another and a store that fails now and then: refunds of one ticket at the same moment,
// closings among sales, a queue that stops and is opened again. The books must agree all the same. `npm run test:long` takes --count
// storms from --seed.
import fc from 'fast-check'
import { faultyStorage, memoryStorage } from '@sigillo/testing'
import { randomFrom, type Random } from '@sigillo/testing/node'
import type { Outcome } from '@sigillo/core'
import { expect, it } from 'vitest'
import { stories, wrongWith, type Weather } from './random-days.fixture.js'
import type { Shop } from './shop.fixture.js'

const long = process.env['SIGILLO_LONG'] === '1'
const count = long ? Number(process.env['SIGILLO_COUNT'] ?? 2000) : 15
const seed = Number(process.env['SIGILLO_SEED'] ?? 20_261_201)

/** Requests of up to seven tills at once over a store that fails. */
function storm(random: Random, seen: Record<string, number>): Weather {
  const storage = faultyStorage(memoryStorage())
  let underway: Promise<Outcome>[] = []
  const settle = async (shop: Shop): Promise<void> => {
    const outcomes = await Promise.all(underway)
    underway = []
    let stopped = false
    for (const outcome of outcomes) {
      const code = outcome.outcome === 'registered' ? 'registered' : outcome.error.code
      seen[code] = (seen[code] ?? 0) + 1
      // A part of the product that failed instead of refusing.
      if (code === 'RECORD_INVALID' && outcome.outcome !== 'registered') throw outcome.error
      stopped ||= code === 'QUEUE_STOPPED'
    }
    storage.heal()
    if (stopped || random.chance(0.05)) await shop.reopen()
  }
  return {
    storage,
    sent: async (answer, shop) => {
      underway.push(answer)
      if (random.chance(0.06)) {
        const method = random.pick(['append', 'append', 'putSnapshot', 'byRef', 'read'] as const)
        storage.fail({ method, when: random.pick(['before', 'after']), nth: 1 + random.below(3) })
      }
      if (underway.length >= 1 + random.below(7)) await settle(shop)
    },
    settled: settle,
  }
}

it(`8.2 ${count} stormy days from seed ${seed}: the naive books agree, verify is silent`, async () => {
  const seen: Record<string, number> = {}
  let n = 0
  await fc.assert(
    fc.asyncProperty(stories, async (story) => {
      const { wrong } = await wrongWith(story, storm(randomFrom(seed + n++), seen))
      expect(wrong).toBeUndefined()
    }),
    { numRuns: count, seed },
  )
  if (long) console.log(seen)
  expect(seen['registered']).toBeGreaterThan(count)
})
