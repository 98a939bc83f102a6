// Baskets worked out by hand, to the cent: shared discounts, vouchers, deposits, odd quantities, change.
import type { Registered } from '@sigillo/core'
import { expect, it } from 'vitest'
import { line, openShop, printed } from './shop.fixture.js'

const customer = { name: 'A', address: 'B' }
const vatOf = ({ record }: Registered): object => (record.payload as unknown as { vat: object }).vat

it('7.3, 7.6 a discount shared over two rates, paid by credit voucher and cash with change', async () => {
  const shop = await openShop()
  const lines = [line(3333, 2000), line(3333, 1000), line(-667, 2000), line(-333, 1000)]
  const payments = [
    { mode: 'AVO', amount: 5000 },
    { mode: 'ESP', amount: 1000 },
    { mode: 'ESP', amount: -334 },
  ]
  const sale = await shop.ok({ type: 'ticket', lines, payments })
  // 26.66 ÷ 6 = 4.4433; 30.00 ÷ 11 = 2.7272
  expect(vatOf(sale)).toEqual({ '2000': { ttc: 2666, vat: 444, ht: 2222 }, '1000': { ttc: 3000, vat: 273, ht: 2727 } })
  expect(sale.record.payload).toMatchObject({ pay: { AVO: 5000, ESP: 666 }, total: 5666, ht: 4949, tax: 717 })
  expect(printed(sale)).toContain('Rendu -3,34')
})

it('7.9, FR-26 a voucher and a tip are paid for and stand outside turnover; paper tells what is to be paid in all', async () => {
  const shop = await openShop()
  const lines = [
    line(1200, 2000),
    { label: 'Bon cadeau', nature: 'V', total: 5000 },
    { label: 'Pourboire', nature: 'T', total: 150 },
  ]
  const sale = await shop.ok({ type: 'ticket', lines, payments: [{ mode: 'CB', amount: 6350 }] })
  expect(sale.record.payload).toMatchObject({ total: 1200, outside: 5150, tax: 200 })
  expect(printed(sale)).toMatch(/TOTAL TTC 12,00\nHors chiffre d’affaires 51,50\nTOTAL À PAYER 63,50\n/)
  expect(printed(await shop.sell([line(1200, 2000)]))).not.toContain('À PAYER')
})

it('1.12, 7.9 a deposit is taxed when it is paid, and taken off the invoice at its rate', async () => {
  const shop = await openShop()
  const paid = { lines: [line(10000, 2000, { nature: 'D' })], payments: [{ mode: 'VIR', amount: 10000 }] }
  const deposit = await shop.ok({ type: 'invoice', op: 'deposit', customer, ...paid })
  expect(vatOf(deposit)).toEqual({ '2000': { ttc: 10000, vat: 1667, ht: 8333 } })
  const lines = [line(30000, 2000), line(-10000, 2000, { nature: 'D' })]
  const rest = { reference: deposit.key, lines, payments: [{ mode: 'CRE', amount: 20000 }] }
  expect(vatOf(await shop.ok({ type: 'invoice', customer, ...rest }))).toEqual({ '2000': { ttc: 20000, vat: 3333, ht: 16667 } })
  const day = await shop.ok({ type: 'closing', kind: 'day' })
  expect(vatOf(day)).toEqual({ '2000': { ttc: 30000, vat: 5000, ht: 25000 } })
})

it('7.1, 11.3 apples by weight: price of six decimals, refunds down to the last gram', async () => {
  const shop = await openShop()
  const apples = (quantity: string): object => ({ label: 'Pommes', quantity, unit: 'kg', unitPrice: '2.999999', rateBp: 550 })
  const cash = (amount: number): object => ({ payments: [{ mode: 'ESP', amount }] })
  // 1.2345 × 2.999999 = 3.70349…; 3.70 × 5.5 ÷ 105.5 = 0.1928…
  const sale = await shop.ok({ type: 'ticket', key: 'Q', lines: [apples('1.2345')], ...cash(370) })
  expect(vatOf(sale)).toEqual({ '550': { ttc: 370, vat: 19, ht: 351 } })
  const back = (quantity: string, amount: number): object => ({
    type: 'ticket',
    op: 'refund',
    reference: 'Q',
    lines: [apples(quantity)],
    ...cash(amount),
  })
  await shop.ok(back('-0.2345', -70))
  expect(await shop.refused(back('-1.0001', -300))).toBe('FR_REFUND_EXCEEDS')
  await shop.ok(back('-1', -300))
  expect(await shop.refused(back('-0.0001', 0))).toBe('FR_REFUND_EXCEEDS')
  expect((shop.totals() as unknown as { perpetual: object }).perpetual).toMatchObject({ alg: '0', abs: '740' })
})

it('6, 8.1 given away whole: nothing is paid, the line, its rate and the discount stand', async () => {
  const shop = await openShop()
  const gift = await shop.ok({ type: 'ticket', lines: [line('0', 2000, { unitPrice: '9.90', discount: '9.90' })] })
  expect(gift.record.payload).toMatchObject({ total: 0, pay: {}, discounts: { amount: 990, count: 1 } })
  expect(String(gift.record.body.x?.['ds'])).toMatch(/^2000:0,0,/)
  expect(printed(gift)).toContain('dont remise -9,90')
})
