// A thousand random schedules of faults and kills between till and authority: SIGILLO_COUNT, SIGILLO_SEED and SIGILLO_FROM (the first
// schedule to play) steer it.
import fc from 'fast-check'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { Bench, schedules } from './schedule.fixture.js'

const count = Number(process.env['SIGILLO_COUNT'] ?? 1000)
const seed = Number(process.env['SIGILLO_SEED'] ?? Date.now() % 2 ** 31)
const from = Number(process.env['SIGILLO_FROM'] ?? 0)
const bench = new Bench()
beforeAll(() => bench.open(), 120_000)
afterAll(() => bench.close(), 60_000)

it('IT-40 IT-43 IT-45 IT-53 nothing is lost, nothing is sent twice as new, and what is not accepted has a state and an alarm', async () => {
  const bad: string[] = []
  for (const [i, schedule] of fc.sample(schedules, { numRuns: count, seed }).entries()) {
    if (i < from) continue
    const wrong = await bench.play(schedule).catch((error: unknown) => [String(error)])
    if (wrong.length > 0) {
      bad.push(`schedule ${i} of seed ${seed}: ${wrong.join('; ')}`)
      process.stderr.write(`${bad.at(-1)}\n${JSON.stringify(schedule)}\n`)
    }
    if (i % 20 === 19) process.stderr.write(`${i + 1} schedules, seed ${seed}: ${JSON.stringify(bench.tally)}\n`)
  }
  process.stderr.write(`${JSON.stringify(bench.tally)}\n`)
  expect(bad).toEqual([])
}, 21_600_000)
