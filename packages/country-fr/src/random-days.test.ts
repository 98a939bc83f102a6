import fc from 'fast-check'
import { expect, it } from 'vitest'
import { acts, wrongWith } from './random-days.fixture.js'

it('8.2 random days: closings, VAT and perpetual totals equal a naive recomputation, the judge agrees, the fold repeats', async () => {
  await fc.assert(
    fc.asyncProperty(acts, async (list) => {
      expect(await wrongWith(list)).toBeUndefined()
    }),
    { numRuns: 25 },
  )
})
