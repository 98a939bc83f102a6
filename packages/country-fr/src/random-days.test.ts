import fc from 'fast-check'
import { expect, it } from 'vitest'
import { stories, wrongWith } from './random-days.fixture.js'

it('8.2 random days: figures, closings, grand and perpetual totals equal a naive recomputation, verify is silent, the fold repeats', async () => {
  const seen = new Set<string>()
  await fc.assert(
    fc.asyncProperty(stories, async (story) => {
      const { wrong, seen: more } = await wrongWith(story)
      for (const what of Object.keys(more)) seen.add(what)
      expect(wrong).toBeUndefined()
    }),
    { numRuns: 25, seed: 1 },
  )
  expect([...seen]).toEqual(
    expect.arrayContaining(['ticket', 'invoice', 'note', 'payment', 'archive', 'closing day', 'closing month']),
  )
})
