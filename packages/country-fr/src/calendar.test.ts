// Days worked out by hand: the two changes of the clock, leap days, financial years that end anywhere.
import { expect, it } from 'vitest'
import { line, openShop, type Shop } from './shop.fixture.js'
import { yearEndOf } from './time.js'

const dateOf = async (shop: Shop): Promise<string> =>
  ((await shop.sell([line(100, 2000)])).record.payload as { date: string }).date

/** Closings a sale at this instant brings before it. */
async function closedBy(shop: Shop, at: string): Promise<string[]> {
  shop.clock.set(at)
  const from = shop.queue.head().seq + 1n
  await shop.sell([line(100, 2000)])
  return (await shop.trail(from)).filter((name) => name.startsWith('G:'))
}

it('9.1, FR-78 in spring the business day ends at five by the clock on the wall, an hour after four', async () => {
  const shop = await openShop({ dayCutoff: '05:00' }, { at: '2027-03-28T00:59:59.000Z' }) // 01:59:59, then it is three
  expect(await dateOf(shop)).toBe('2027-03-27')
  shop.clock.set('2027-03-28T01:00:00.000Z')
  const sale = await shop.sell([line(100, 2000)])
  expect(sale.record.payload).toMatchObject({ date: '2027-03-27', moment: '20270328030000' })
  expect(await closedBy(shop, '2027-03-28T02:59:59.000Z')).toEqual([])
  expect(await closedBy(shop, '2027-03-28T03:00:00.000Z')).toEqual(['G:day'])
})

it('9.1, FR-73 in autumn a cut-off within the hour that repeats closes the day once', async () => {
  const shop = await openShop({ dayCutoff: '02:30' }, { at: '2026-10-25T00:29:59.000Z' }) // 02:29:59 summer time
  expect(await dateOf(shop)).toBe('2026-10-24')
  expect(await closedBy(shop, '2026-10-25T00:30:00.000Z')).toEqual(['G:day'])
  // Half an hour later the clock shows two again: the new day goes on.
  expect(await closedBy(shop, '2026-10-25T01:10:00.000Z')).toEqual([])
  expect(await closedBy(shop, '2026-10-25T01:40:00.000Z')).toEqual([])
  expect(await closedBy(shop, '2026-10-26T01:30:00.000Z')).toEqual(['G:day'])
  expect((await shop.queue.verify()).findings).toEqual([])
})

it('9.4, FR-39 a financial year that ends with February ends on the 29th where there is one', async () => {
  const options = { fiscalYearEnd: '02-29' }
  const leap = await openShop(options, { at: '2028-02-28T10:00:00.000Z' })
  await leap.sell([line(100, 2000)])
  expect(await closedBy(leap, '2028-02-29T10:00:00.000Z')).toEqual(['G:day'])
  expect(await closedBy(leap, '2028-03-01T10:00:00.000Z')).toEqual(['G:day', 'G:month', 'G:year'])
  const plain = await openShop(options, { at: '2027-02-28T10:00:00.000Z' })
  await plain.sell([line(100, 2000)])
  expect(await closedBy(plain, '2027-03-01T10:00:00.000Z')).toEqual(['G:day', 'G:month', 'G:year'])
  expect(['2027-02-28', '2027-03-01', '2028-02-29', '2028-03-01'].map((date) => yearEndOf(date, '02-29'))).toEqual([
    '2027-02-28',
    '2028-02-29',
    '2028-02-29',
    '2029-02-28',
  ])
})

it('9.4 a financial year that ends within a month closes that month too; the rest of the month is another one', async () => {
  const shop = await openShop({ fiscalYearEnd: '06-15' }, { at: '2027-06-10T10:00:00.000Z' })
  await shop.sell([line(100, 2000)])
  expect(await closedBy(shop, '2027-06-15T21:59:59.000Z')).toEqual(['G:day'])
  expect(await closedBy(shop, '2027-06-15T22:00:00.000Z')).toEqual(['G:day', 'G:month', 'G:year'])
  expect(await closedBy(shop, '2027-07-01T10:00:00.000Z')).toEqual(['G:day', 'G:month'])
  const totals = (await shop.records()).flatMap(({ body, payload }) => {
    const { kind, total } = payload as { kind: string; total: number }
    return body.type === 'closing' && (kind === 'month' || kind === 'year') ? [`${kind} ${total}`] : []
  })
  expect(totals).toEqual(['month 200', 'year 200', 'month 100'])
})

it('9.4, FR-37 a year without a sale is not closed by itself, and one closed a year late says so', async () => {
  const shop = await openShop({}, { at: '2026-12-31T10:00:00.000Z' })
  await shop.sell([line(100, 2000)])
  const from = shop.queue.head().seq + 1n
  expect(await closedBy(shop, '2028-02-29T10:00:00.000Z')).toEqual(['G:day', 'G:month', 'G:year'])
  const closings = (await shop.records()).filter(({ body }) => body.type === 'closing' && body.seq >= Number(from))
  for (const { payload } of closings) expect(payload).toMatchObject({ late: true, days: 1, total: 100, from: '20261231110000' })
  expect((await shop.queue.verify()).findings).toEqual([])
})
