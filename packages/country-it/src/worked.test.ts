// The published worked closings (8.5), field by field, recorded through the public API.
import { describe, expect, it } from 'vitest'
import { card, cash, line, openDevice, type TestDevice } from './device.fixture.js'
import type { Row, Totals } from './figures.js'

const A = [line(15000, 2200), line(5000, 400), line(10000, 'N4')]
const B = [line(25000, 2200), line(5000, 400)]
const open = (of: string, amount: number): object => ({ kind: 'uncollected', of, amount })
const row = (group: string, tax: number, amount: number, partial: number, more: Partial<Row> = {}): Row => ({
  group,
  tax,
  amount,
  partial,
  ...more,
})
const free = (group: string, amount: number, partial = amount, more: Partial<Row> = {}): Row => ({
  group,
  amount,
  partial,
  ...more,
})
const four = row('400', 192, 4808, 4808)

interface Case {
  readonly name: string
  readonly run: (device: TestDevice) => Promise<unknown>
  readonly totals: Totals
  readonly rows: readonly Row[]
}

const cases: readonly Case[] = [
  {
    name: 'goods deposit redeemed',
    run: (d) =>
      d.sell(
        [line(10000, 2200), line(5000, 2200, { kind: 'depositRedeemed' }), line(1000, 400), line(10000, 'N4')],
        [cash(10000), card(6000)],
      ),
    totals: { documents: 1, cash: 10000, electronic: 6000 },
    rows: [row('2200', 902, 8197, 4098, { suspended: 4098 }), row('400', 38, 962, 962), free('N4', 10000)],
  },
  {
    name: 'generic deposit sold and used',
    run: async (d) => {
      await d.sell([line(2200, 'N2')], [cash(2200)])
      await d.sell([line(12200, 2200), line(5000, 400)], [cash(15000), { kind: 'discountAtPayment', amount: 2200 }])
    },
    totals: { documents: 2, cash: 17200, discount: 2200 },
    rows: [row('2200', 2200, 10000, 10000), four, free('N2', 2200)],
  },
  {
    name: 'goods delivered, 10 uncollected',
    run: (d) => d.sell(A, [cash(21000), card(8000), open('goods', 1000)]),
    totals: { documents: 1, cash: 21000, electronic: 8000 },
    rows: [row('2200', 2705, 12295, 12295), four, free('N4', 10000)],
  },
  {
    name: 'services, 10 uncollected',
    run: (d) => d.sell(A, [cash(21000), card(8000), open('services', 1000)]),
    totals: { documents: 1, cash: 21000, electronic: 8000 },
    rows: [
      row('2200', 2615, 12295, 11885, { services: 410 }),
      row('400', 186, 4808, 4647, { services: 161 }),
      free('N4', 10000, 9667, { services: 333 }),
    ],
  },
  {
    name: 'invoice follows',
    run: (d) => d.sell(A, [open('invoice', 30000)]),
    totals: { documents: 1 },
    rows: [
      row('2200', 0, 12295, 0, { invoice: 12295 }),
      row('400', 0, 4808, 0, { invoice: 4808 }),
      free('N4', 10000, 0, { invoice: 10000 }),
    ],
  },
  {
    name: 'health service',
    run: (d) => d.sell(A, [open('healthService', 30000)]),
    totals: { documents: 1 },
    rows: [
      row('2200', 0, 12295, 0, { health: 12295 }),
      row('400', 0, 4808, 0, { health: 4808 }),
      free('N4', 10000, 0, { health: 10000 }),
    ],
  },
  {
    name: 'a gift of 100 at 22 %',
    run: (d) => d.sell([...B, line(10000, 2200, { kind: 'gift' })], [cash(20000)]),
    totals: { documents: 1, cash: 20000 },
    rows: [row('2200', 4508, 20492, 20492, { gifts: 8197 }), four],
  },
  {
    name: 'discount at payment 0.04',
    run: (d) => d.sell([line(25004, 2200), line(5000, 400)], [cash(30000), { kind: 'discountAtPayment', amount: 4 }]),
    totals: { documents: 1, cash: 30000, discount: 4 },
    rows: [row('2200', 4509, 20495, 20495), four],
  },
  {
    name: 'cash rounded down',
    run: (d) => d.sell([line(25002, 2200), line(5000, 400)], [cash(30000)]),
    totals: { documents: 1, cash: 30000, discount: 2 },
    rows: [row('2200', 4509, 20493, 20493), four],
  },
  {
    name: 'cash rounded up',
    run: (d) => d.sell([line(25009, 2200), line(5000, 400)], [cash(30010)]),
    totals: { documents: 1, cash: 30010 },
    rows: [row('2200', 4510, 20499, 20499), four],
  },
  {
    name: 'basket B, and 300 apportioned',
    run: async (d) => {
      await d.sell(B, [cash(30000)])
      await d.sell([line(30000, 'VI')], [cash(30000)])
    },
    totals: { documents: 2, cash: 60000 },
    rows: [row('2200', 4508, 20492, 20492), four, free('VI', 30000)],
  },
  {
    name: 'IT-25 sold and annulled the same day',
    run: async (d) => {
      const sale = await d.sell(B, [cash(30000)])
      await d.ok({ type: 'void', reference: { key: sale.key } })
    },
    totals: { documents: 2, cash: 30000 },
    rows: [row('2200', 0, 20492, 0, { voids: 20492 }), row('400', 0, 4808, 0, { voids: 4808 })],
  },
  {
    name: 'IT-26 annulment of an earlier day alone',
    run: async (d) => {
      await d.sell(B, [cash(30000)])
      await d.close()
      d.clock.step(86_400_000)
      await d.ok({ type: 'void', reference: { z: 1, n: 1 } })
    },
    totals: { documents: 1 },
    rows: [row('2200', -4508, 0, -20492, { voids: 20492 }), row('400', -192, 0, -4808, { voids: 4808 })],
  },
  {
    name: 'IT-31 single-use voucher sold',
    run: (d) => d.sell([line(12200, 2200, { kind: 'singleUseVoucher' })], [cash(12200)]),
    totals: { documents: 1, cash: 12200 },
    rows: [row('2200', 2200, 10000, 10000)],
  },
  {
    name: 'IT-31 single-use voucher redeemed',
    run: (d) => d.sell([line(12200, 2200), line(12200, 2200, { kind: 'singleUseVoucherRedeemed' })], []),
    totals: { documents: 1 },
    rows: [row('2200', 0, 10000, 0, { suspended: 10000 })],
  },
  {
    name: 'IT-31 multi-use voucher sold',
    run: (d) => d.sell([line(12200, 'N2')], [cash(12200)]),
    totals: { documents: 1, cash: 12200 },
    rows: [free('N2', 12200)],
  },
  {
    name: 'IT-31 multi-use voucher redeemed',
    run: (d) => d.sell([line(12200, 2200)], [{ kind: 'multiUseVoucher', amount: 12200 }]),
    totals: { documents: 1, discount: 12200 },
    rows: [row('2200', 2200, 10000, 10000)],
  },
  {
    name: 'meal voucher 10',
    run: (d) => d.sell(A, [cash(21000), card(8000), { kind: 'ticket', amount: 1000, count: 1 }]),
    totals: { documents: 1, cash: 21000, electronic: 8000, ticket: 1000, tickets: 1 },
    rows: [row('2200', 2705, 12295, 12295), four, free('N4', 10000)],
  },
  {
    name: 'return of a service deposit of an earlier day',
    run: (d) => d.ok({ type: 'return', lines: [line(5000, 2200)], reference: { other: 'ND', date: '2026-11-10' } }),
    totals: { documents: 1 },
    rows: [row('2200', -902, 0, -4098, { returns: 4098 })],
  },
]

describe('IT-23 worked closings', () => {
  it.each(cases)('IT-23 $name', async ({ run, totals, rows }) => {
    const device = await openDevice({ cashRounding: true })
    await run(device)
    const closing = await device.close()
    expect(closing.rows).toEqual(rows)
    expect(closing.totals).toEqual(totals)
    const report = []
    const auditor = device.country.auditor!()
    for (const record of await device.records()) report.push(...auditor.next(record))
    expect(report).toEqual([])
  })
})
