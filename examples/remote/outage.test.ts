import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { rehearse, setStage, type Stage } from './rehearsal.fixture.js'

const folder = mkdtempSync(join(tmpdir(), 'sigillo-outage-'))
let stage: Stage
beforeAll(async () => {
  stage = await setStage(folder)
}, 60_000)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Numbers from a seed, the same on every machine (mulberry32). */
function numbers(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

const long = process.env['SIGILLO_LONG'] === '1'
const seed = Number(process.env['SIGILLO_SEED'] ?? 20261124)
const count = long ? Number(process.env['SIGILLO_COUNT'] ?? 500) : 2

it(
  `an outage with kills on both sides, ${count} times from seed ${seed}: every sale once, in order`,
  { timeout: count * 60_000 },
  async () => {
    let kills = 0
    for (let n = 0; n < count; n++) {
      const { sold, recorded, findings, breaks, kills: more } = await rehearse(stage, `run-${n}`, 25, numbers(seed + n))
      kills += more
      const expected = Array.from({ length: 25 }, (_, i) => `POS-${i}`)
      expect([...new Set(sold)], `seed ${seed + n}`).toEqual(expected)
      expect(recorded, `seed ${seed + n}`).toEqual(expected)
      expect(findings, `seed ${seed + n}`).toEqual([])
      expect(breaks, `seed ${seed + n}`).toBe(0)
      rmSync(join(folder, `run-${n}`), { recursive: true, force: true })
    }
    process.stderr.write(`  ${count} outages, ${kills} kills\n`)
  },
)
