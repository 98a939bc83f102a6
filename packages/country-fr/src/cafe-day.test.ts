import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Outcome } from '@sigillo/core'
import { expect, it } from 'vitest'
import { openShop, type Shop } from './shop.fixture.js'

const at = (name: string): string => fileURLToPath(new URL(`../../../examples/data/${name}`, import.meta.url))
const requests = readFileSync(at('cafe-day.jsonl'), 'utf8')
  .trimEnd()
  .split('\n')
  .map((text) => JSON.parse(text) as { key: string; type: string; op?: string })

async function openCafe(): Promise<Shop> {
  const { options } = JSON.parse(readFileSync(at('cafe.json'), 'utf8')) as { options: object }
  return openShop(options, { start: false, at: '2026-11-23T14:00:00.000Z' })
}

function check(outcomes: readonly Outcome[]): void {
  const refused = outcomes.filter(({ outcome }) => outcome !== 'registered')
  expect(refused.map(({ key }) => key)).toEqual(['POS-FAUX'])
  expect((refused[0] as { error: { code: string } }).error.code).toBe('FR_SUM_MISMATCH')
  expect(outcomes.filter((outcome) => outcome.outcome === 'registered' && outcome.replayed)).toHaveLength(1)
}

it('the café day holds what it promises', () => {
  expect(requests.filter(({ type, op }) => type === 'ticket' && op === undefined).length).toBeGreaterThanOrEqual(200)
  expect(requests[0]?.type).toBe('start')
  expect(requests.at(-1)).toMatchObject({ type: 'closing', kind: 'day' })
})

it('the café day runs one by one, and all at once to the same totals', async () => {
  const [slow, fast] = [await openCafe(), await openCafe()]
  const outcomes: Outcome[] = []
  for (const request of requests) outcomes.push(await slow.queue.record(request))
  check(outcomes)
  check(await Promise.all(requests.map((request) => fast.queue.record(request))))
  const sums = (shop: Shop): unknown => {
    const { perpetual, levels, closed } = shop.totals() as unknown as {
      perpetual: object
      closed: object
      levels: { month: { totals: object }; day: { totals: object } }
    }
    return { perpetual, closed, month: levels.month.totals, day: levels.day.totals }
  }
  expect(sums(fast)).toEqual(sums(slow))
  expect(
    (await slow.records()).filter(({ body }) => body.type === 'event').map(({ payload }) => (payload as { code: number }).code),
  ).toContain(190)
  const day = outcomes.at(-1) as Extract<Outcome, { outcome: 'registered' }>
  expect(day.record.payload).toMatchObject({
    kind: 'day',
    totals: { counts: { sales: 230, refunds: 3, cancellations: 1, copies: 1, notes: 12 } },
  })
})
