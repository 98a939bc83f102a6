// The long comparison of the two verifiers, and sound histories by the thousand: `npm run test:long`. SIGILLO_COUNT cases
// (default 2,000; half as many histories) from SIGILLO_SEED.
import { describe, expect, it } from 'vitest'
import { randomFrom } from '@sigillo/testing/node'
import { compare } from './corpus/compare.js'
import { judgeHere, judgeInPython, python } from './corpus/judge.js'
import { randomLife } from './corpus/sound.js'

const count = Number(process.env['SIGILLO_COUNT'] ?? 2000)
const seed = Number(process.env['SIGILLO_SEED'] ?? 20_260_303)
/** Cases from one set of sound journals. */
const ROUND = 1000
const utf8 = new TextEncoder()

describe.skipIf(python === undefined)('the corpus, at length (needs python3)', () => {
  it(`J-04 J-05 J-06 both verifiers find the same in ${count} damaged journals`, async () => {
    for (let done = 0; done < count; done += ROUND) {
      const outcome = await compare(seed + done, Math.min(ROUND, count - done))
      expect(outcome.differences).toEqual([])
    }
  })

  it(`J-07 J-09 J-33 none of ${Math.ceil(count / 2)} random sound histories raises an alarm in either`, async () => {
    const random = randomFrom(seed)
    for (let done = 0; done < count / 2; done += 50) {
      const cases = await Promise.all(
        Array.from({ length: Math.min(50, Math.ceil(count / 2) - done) }, async (_, n) => {
          const { lines, endorsers } = await randomLife(`life ${done + n}`, random, 2 + random.below(12))
          return {
            label: `seed ${seed} life ${done + n}`,
            chunks: lines.map((line) => utf8.encode(`${line}\n`)),
            told: { endorsers },
          }
        }),
      )
      const there = judgeInPython(cases)
      for (const [i, one] of cases.entries()) {
        const here = await judgeHere(one)
        const alarms = here.findings.filter((finding) => !/^\d+ KEY_RECOVERY warning$/.test(finding))
        expect([one.label, alarms]).toEqual([one.label, []])
        expect([one.label, there[i]]).toEqual([one.label, here])
      }
    }
  })
})
