// The verifier of core against the one in Python (FORMAT 5, 19): same verdict and same findings on the same damaged journals. The
// long run (corpus.long.test.ts) takes thousands.
import { describe, expect, it } from 'vitest'
import { randomFrom } from '@sigillo/testing/node'
import { compare } from './corpus/compare.js'
import { judgeHere, judgeInPython, python } from './corpus/judge.js'
import { randomLife, soundJournals } from './corpus/sound.js'

const utf8 = new TextEncoder()
const chunks = (lines: readonly string[]): Uint8Array[] => lines.map((line) => utf8.encode(`${line}\n`))

describe.skipIf(python === undefined)('the corpus (needs python3)', () => {
  it('the journals it starts from are sound, and both verifiers say so', async () => {
    const journals = await soundJournals(randomFrom(1))
    const cases = journals.map(({ name, lines, endorsers }) => ({ label: name, chunks: chunks(lines), told: { endorsers } }))
    const there = judgeInPython(cases)
    for (const [i, one] of cases.entries()) {
      expect([one.label, (await judgeHere(one)).sound]).toEqual([one.label, true])
      expect([one.label, there[i]]).toEqual([one.label, await judgeHere(one)])
    }
  })

  it('J-04 J-05 J-06 both verifiers find the same in a sample of damaged journals', async () => {
    const outcome = await compare(20_260_301, 160)
    expect(outcome.differences).toEqual([])
    expect(outcome.unsound).toBeGreaterThan(100)
    expect(outcome.codes.size).toBeGreaterThan(12)
  })

  it('J-07 J-09 J-33 no random sound history raises an alarm in either', async () => {
    const random = randomFrom(20_260_302)
    const lives = await Promise.all(Array.from({ length: 12 }, (_, n) => randomLife(`life ${n}`, random, 6)))
    const cases = lives.map(({ name, lines, endorsers }) => ({ label: name, chunks: chunks(lines), told: { endorsers } }))
    const there = judgeInPython(cases)
    for (const [i, one] of cases.entries()) {
      const here = await judgeHere(one)
      expect(here.findings.filter((finding) => !/^\d+ KEY_RECOVERY warning$/.test(finding))).toEqual([])
      expect(there[i]).toEqual(here)
    }
  })
})
