import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { NaiveBooks } from './naive.fixture.js'
import { openShop } from './shop.fixture.js'

const at = (name: string): string =>
  readFileSync(fileURLToPath(new URL(`../../../examples/data/${name}`, import.meta.url)), 'utf8')
const requests = at('restaurant-week.jsonl')
  .trimEnd()
  .split('\n')
  .map((text) => JSON.parse(text) as { key: string; type: string; posMoment: string; operatorId: string })
const { options } = JSON.parse(at('restaurant.json')) as { options: object }

it('the restaurant’s week is registered whole, and its closings and perpetual totals are those of naive books', async () => {
  const shop = await openShop(options, {
    start: false,
    at: new Date(Date.parse(requests[0]?.posMoment ?? '') - 1000).toISOString(),
  })
  for (const request of requests) {
    shop.clock.step(Date.parse(request.posMoment) - shop.clock.now())
    expect((await shop.queue.record(request)).outcome, request.key).toBe('registered')
  }
  const books = new NaiveBooks({ zone: 'Europe/Paris', cutoffMinutes: 300, fiscalYearEnd: '12-31' })
  for (const record of await shop.records()) expect(books.next(record)).toBeUndefined()
  expect(books.seen).toMatchObject({ 'closing day': 6, 'closing month': 1, 'closing shift': 6, note: 149, invoice: 3 })
  expect((await shop.queue.verify()).findings).toEqual([])
})
