import fc from 'fast-check'
import { expect, it } from 'vitest'
import { stories, wrongWith } from './random-days.fixture.js'

it('8.2 ten thousand random days agree with a naive recomputation from the stored requests', async () => {
  const wanted = Number(process.env['SIGILLO_COUNT'] ?? 10_000)
  const seed = Number(process.env['SIGILLO_SEED'] ?? Date.now() % 2 ** 31)
  const [began, seen] = [Date.now(), {} as Record<string, number>]
  const days = (): number => seen['closing day'] ?? 0
  const report = (batch: number): void =>
    void process.stderr.write(
      `  seed ${seed}, batch ${batch}: ${days()} days in ${Math.round((Date.now() - began) / 1000)} s ${JSON.stringify(seen)}\n`,
    )
  for (let batch = 0; days() < wanted; batch++) {
    await fc.assert(
      fc.asyncProperty(stories, async (story) => {
        const { wrong, seen: more } = await wrongWith(story)
        for (const [what, count] of Object.entries(more)) seen[what] = (seen[what] ?? 0) + count
        expect(wrong).toBeUndefined()
      }),
      { numRuns: 100, seed: seed + batch },
    )
    if (batch % 5 === 4 || days() >= wanted) report(batch)
  }
})
