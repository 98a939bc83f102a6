import fc from 'fast-check'
import { expect, it } from 'vitest'
import { acts, wrongWith } from './random-days.fixture.js'

it('8.2 ten thousand random days agree with a naive recomputation', async () => {
  const numRuns = Number(process.env['SIGILLO_COUNT'] ?? 10_000)
  const seed = Number(process.env['SIGILLO_SEED'] ?? Date.now() % 2 ** 31)
  await fc.assert(
    fc.asyncProperty(acts, async (list) => {
      expect(await wrongWith(list)).toBeUndefined()
    }),
    { numRuns, seed },
  )
})
