import fc from 'fast-check'
import { expect, it } from 'vitest'
import { acts, wrongWith } from './random-days.fixture.js'

it('a forced closing does not count the refund behind it twice', async () => {
  const sale = { kind: 'sale', lines: [{ cents: 1, rate: 2000 }], mode: 'ESP' } as const
  expect(await wrongWith([sale, { kind: 'night', hours: 24 }, { kind: 'refund', back: 0 }, sale])).toBeUndefined()
})

it('8.2 random days: closings, VAT and perpetual totals equal a naive recomputation, the judge agrees, the fold repeats', async () => {
  await fc.assert(
    fc.asyncProperty(acts, async (list) => {
      expect(await wrongWith(list)).toBeUndefined()
    }),
    { numRuns: 25 },
  )
})
