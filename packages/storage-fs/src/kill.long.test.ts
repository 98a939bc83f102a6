// The large run. SIGILLO_COUNT kills (default 1,000) and a fifth as many rounds with stopped writers; SIGILLO_SEED the seed.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bundle } from './bundle.fixture.js'
import { killRounds, openYard, stallRounds, type Yard } from './kill.fixture.js'

const count = Number(process.env['SIGILLO_COUNT'] ?? 1000)
const seed = Number(process.env['SIGILLO_SEED'] ?? Date.now() % 1_000_000)
let yard: Yard
beforeAll(async () => {
  yard = await openYard()
})
afterAll(() => yard.clear())

describe('real processes, many times', () => {
  it(`J-18 J-36 J-64 ${count} kills at random moments under load of eight callers`, async () => {
    const report = await killRounds(yard, count, seed, () => 0)
    console.log(`seed ${seed}:`, report)
    expect(report.violations).toEqual([])
  })

  it(`J-18 J-64 ${count} kills before a random file-system call`, async () => {
    const report = await killRounds(yard, count, seed + 1, (_round, random) => 1 + random.below(random.pick([40, 90, 400])))
    console.log(`seed ${seed + 1}:`, report)
    expect(report.violations).toEqual([])
  })

  it(`J-31 ${Math.ceil(count / 5)} rounds with up to three stopped writers`, async () => {
    const report = await stallRounds(yard, Math.ceil(count / 5), seed + 2)
    console.log(`seed ${seed + 2}:`, report)
    expect(report.violations).toEqual([])
  })

  it('J-29 the same runs fail at once when the fence is not looked at, and when answers do not wait for the write', async () => {
    const hasty = 'setTimeout(() => file.writeNow(bytes), 0); const written = bytes.length'
    await bundle('./crash-child.fixture.ts', yard.script, [
      { file: 'writer.ts', from: '    this.#requireUncontested(expect)\n', to: '' },
    ])
    expect((await stallRounds(yard, 20, seed)).violations).not.toEqual([])
    await bundle('./crash-child.fixture.ts', yard.script, [
      { file: 'writer.ts', from: 'const written = file.writeNow(bytes)', to: hasty },
    ])
    expect((await killRounds(yard, 20, seed, () => 0)).violations).not.toEqual([])
  })
})
