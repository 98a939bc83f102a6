// A few kills and a few stopped writers with every test run; a thousand and two hundred in kill.long.test.ts.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { killRounds, openYard, stallRounds, type Yard } from './kill.fixture.js'

let yard: Yard
beforeAll(async () => {
  yard = await openYard()
})
afterAll(() => yard.clear())

describe('real processes', () => {
  it('J-18 J-36 J-64 killed at random moments under load: every answered sale is there once, no other in part, no number missing', async () => {
    const { kills, answers, violations } = await killRounds(yard, 4, 1, () => 0)
    expect(violations).toEqual([])
    expect(kills).toBe(4)
    expect(answers).toBeGreaterThan(20)
  })

  it('J-18 J-64 killed before the n-th file-system call, while opening and while selling', async () => {
    const { kills, violations } = await killRounds(yard, 5, 2, (round) => [3, 40, 60, 85, 150][round] ?? 1)
    expect(violations).toEqual([])
    expect(kills).toBe(5)
  })

  it('J-31 writers stopped and resumed after a takeover acknowledge nothing twice and lose nothing', async () => {
    const { rounds, answers, fenced, violations } = await stallRounds(yard, 2, 3)
    expect(violations).toEqual([])
    expect(rounds).toBe(2)
    expect(answers).toBeGreaterThan(20)
    expect(fenced).toBeGreaterThan(0)
  })
})
