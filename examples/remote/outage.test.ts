import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { lacking } from '@sigillo/testing/node'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { rehearse, setStage, type Rehearsal, type Stage } from './rehearsal.fixture.js'

const folder = mkdtempSync(join(tmpdir(), 'sigillo-outage-'))
let stage: Stage
const noOpenssl = lacking('openssl') !== undefined
beforeAll(async () => {
  if (noOpenssl) return
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
const SALES = Array.from({ length: 25 }, (_, i) => `POS-${i}`)

// Every sale once and in order; breaks where damage was done, and nowhere else.
function judge(n: number, { sold, recorded, altered, events, findings, deeds, reported }: Rehearsal): void {
  const say = `seed ${seed + n}`
  const [destroyed, changed] = [deeds.map((deed) => deed.destroyed), deeds.map((deed) => deed.changed)]
  expect([...new Set(sold)], say).toEqual(SALES)
  // A sale whose answer was lost and whose file was then changed stands twice, the second time as a conflict.
  const once = recorded.filter((sale, i) => !changed.includes(sale) || recorded.indexOf(sale) === i)
  expect(once, say).toEqual(SALES.filter((sale) => recorded.includes(sale) || !destroyed.includes(sale)))
  expect(
    altered.filter((sale) => !changed.includes(sale)),
    say,
  ).toEqual([])
  expect(findings, say).toEqual([])
  expect([...reported.keys()], say).toEqual(expect.arrayContaining(deeds.map(({ episode }) => episode)))
  for (const [episode, breaks] of reported) {
    const deed = deeds.find((one) => one.episode === episode)?.expected
    const told = breaks[0]?.startsWith('GAP') === true ? 'GAP' : 'TAIL_MISSING'
    expect(breaks, `${say}, outage ${episode}`).toEqual(deed === undefined ? [] : [deed.replace('TAIL', told)])
  }
  if (deeds.length === 0) expect(events, say).toBe(0)
  else expect(events, say).toBeGreaterThanOrEqual(deeds.length)
}

it.skipIf(noOpenssl)(
  `FR-54 to FR-58 an outage with kills on both sides and a forger at three of four, ${count} times from seed ${seed} (needs openssl)`,
  { timeout: count * 60_000 },
  async () => {
    const [began, told] = [Date.now(), { kills: 0, outages: 0, deeds: {} as Record<string, number> }]
    for (let n = 0; n < count; n++) {
      const done = await rehearse(stage, `run-${n}`, SALES.length, numbers(seed + n), n % 4 !== 0)
      judge(n, done)
      told.kills += done.kills
      told.outages += done.reported.size
      for (const { expected } of done.deeds) {
        const [kind = ''] = expected.split(' ')
        told.deeds[kind] = (told.deeds[kind] ?? 0) + 1
      }
      rmSync(join(folder, `run-${n}`), { recursive: true, force: true })
      if (long && (n + 1) % 25 === 0) report(n + 1, began, told)
    }
    report(count, began, told)
  },
)

const report = (n: number, began: number, told: object): void =>
  void process.stderr.write(`  ${n} rehearsals in ${Math.round((Date.now() - began) / 1000)} s: ${JSON.stringify(told)}\n`)
