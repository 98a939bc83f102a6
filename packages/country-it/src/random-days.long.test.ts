// Ten thousand random Italian days: SIGILLO_COUNT and SIGILLO_SEED steer it.
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { days, wrongWith } from './random-days.fixture.js'

it('8.1 8.2 8.3 8.4 ten thousand random days equal a naive recomputation in exact fractions', async () => {
  const numRuns = Number(process.env['SIGILLO_COUNT'] ?? 10_000)
  const seed = Number(process.env['SIGILLO_SEED'] ?? Date.now() % 2 ** 31)
  process.stderr.write(`random Italian days: ${numRuns}, seed ${seed}\n`)
  await fc.assert(
    fc.asyncProperty(days, async (day) => {
      expect(await wrongWith(day)).toBeUndefined()
    }),
    { numRuns, seed },
  )
})
