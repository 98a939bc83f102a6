import { expect, it } from 'vitest'
import { dueClosings } from './due.js'
import { isPurgeable } from './purgeable.js'
import { jetCsvLine, jetRow } from './jet.js'
import { line, openShop } from './shop.fixture.js'

it.each(['nf525-1', 'lne-1'] as const)(
  '10 an event whose content was purged is still told, from its signed body (%s)',
  async (signingProfile) => {
    const shop = await openShop({ signingProfile })
    await shop.ok({ type: 'event', code: 901, info: 'monnaie' })
    await shop.ok({ type: 'event', code: 995, info: 'à nous', data: { table: '4' } })
    await shop.sell([line(1200, 2000)])
    const records = (await shop.records()).filter(({ body }) => body.type === 'event')
    expect(records.map((record) => jetRow(record)?.code)).toEqual(expect.arrayContaining([260, 901, 995]))
    for (const record of records) {
      const row = jetRow(record)
      const blank = jetRow({ ...record, payload: null })
      expect(row).toMatchObject({ purged: false, keep: !isPurgeable(record.body) })
      expect(blank).toEqual({ ...row, data: undefined, purged: true })
      expect(jetCsvLine(blank as NonNullable<typeof blank>)).toBe(jetCsvLine(row as NonNullable<typeof row>))
    }
    expect(records.map((record) => jetRow(record)).find((row) => row?.code === 995)?.data).toEqual({ table: '4' })
    expect(records.map((record) => jetRow(record)?.label)).toContain('Ouverture du tiroir')
    const [sale] = (await shop.records()).filter(({ body }) => body.type === 'ticket')
    expect(jetRow(sale as NonNullable<typeof sale>)).toBeUndefined()
  },
)

it('9.4 what is due: nothing on the day itself, then the day, the month and the financial year that have ended', async () => {
  const shop = await openShop({ fiscalYearEnd: '11-30', dayCutoff: '05:00' })
  const due = (at: string): readonly string[] => dueClosings(shop.country, shop.totals(), Date.parse(at))
  expect(due('2026-11-24T12:00:00Z')).toEqual([])
  await shop.sell([line(1200, 2000)])
  expect(due('2026-11-24T03:59:59Z')).toEqual([])
  expect(due('2026-11-24T04:00:00Z')).toEqual(['day'])
  expect(due('2026-12-01T12:00:00Z')).toEqual(['day', 'month', 'year'])
  await shop.ok({ type: 'closing', kind: 'day' })
  expect(due('2026-11-30T12:00:00Z')).toEqual([])
  expect(due('2026-12-01T12:00:00Z')).toEqual(['month', 'year'])
})
