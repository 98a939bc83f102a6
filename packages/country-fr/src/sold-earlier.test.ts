// Documents about goods sold earlier: taken back at the rate of then, cancelled to the cent, put on an invoice once.
import { expect, it } from 'vitest'
import { line, openShop, type Shop } from './shop.fixture.js'

const customer = { name: 'Mme Le Goff', address: '3 rue du Phare\n29900 Concarneau' }
const cash = (amount: number): object => ({ payments: [{ mode: 'ESP', amount }] })

// A rate that was in force until the end of November 2026.
const ended = { extraRates: [{ rateBp: 1960, from: '2026-01-01', to: '2026-11-30' }] }

async function soldAtOldRate(): Promise<{ readonly shop: Shop; readonly key: string }> {
  const shop = await openShop(ended)
  const key = 'OLD'
  await shop.sell([line(1196, 1960, { quantity: 2, unitPrice: 598 })], { key })
  shop.clock.set('2026-12-03T10:00:00Z')
  return { shop, key }
}

it('FR-30, 7.7 a rate that has ended is refused in a sale and accepted where goods sold under it are taken back', async () => {
  const { shop, key } = await soldAtOldRate()
  const back = line(-598, 1960, { quantity: -1, unitPrice: 598 })
  expect(await shop.refused({ type: 'ticket', lines: [line(1196, 1960)], ...cash(1196) })).toBe('FR_VAT_RATE_UNKNOWN')
  const refund = await shop.ok({ type: 'ticket', op: 'refund', reference: key, lines: [back], ...cash(-598) })
  expect(refund.record.payload).toMatchObject({ vat: { '1960': { ttc: -598, vat: -98, ht: -500 } } })
  await shop.ok({ type: 'ticket', op: 'refund', reference: 'external:ancienne caisse 12', lines: [back], ...cash(-598) })
  // Brought back and exchanged within one sale; only the line that takes back is of the old rate.
  const exchange = await shop.ok({ type: 'ticket', lines: [line(1200, 2000), line(-598, 1960)], ...cash(602) })
  expect(exchange.record.payload).toMatchObject({ vat: { '1960': { ttc: -598 }, '2000': { ttc: 1200 } }, total: 602 })
  expect(await shop.refused({ type: 'ticket', lines: [line(-100, 2000), line(598, 1960)], ...cash(498) })).toBe(
    'FR_VAT_RATE_UNKNOWN',
  )
})

it('FR-30 a rate that has not begun is refused in a refund as well', async () => {
  const shop = await openShop({ extraRates: [{ rateBp: 2100, from: '2027-01-01' }] })
  const lines = [line(-100, 2100)]
  expect(await shop.refused({ type: 'ticket', op: 'refund', reference: 'external:x', lines, ...cash(-100) })).toBe(
    'FR_VAT_RATE_UNKNOWN',
  )
})

it('FR-27 an invoice made after a change of rates still shows the rate of its tickets', async () => {
  const { shop, key } = await soldAtOldRate()
  const invoice = await shop.ok({ type: 'invoice', customer, covers: [key], lines: [line(1196, 1960)] })
  expect(invoice.record.payload).toMatchObject({ counted: false, vat: { '1960': { ttc: 1196, vat: 196 } } })
})

it('FR-27, FR-44 a ticket refunded in part is put on an invoice together with its refunds, and never given back twice', async () => {
  const shop = await openShop()
  const sold = line(1000, 2000, { quantity: 2, unitPrice: 500 })
  await shop.sell([sold], { key: 'SALE' })
  const lines = [line(-500, 2000, { quantity: -1, unitPrice: 500 })]
  await shop.ok({ type: 'ticket', key: 'BACK', op: 'refund', reference: 'SALE', lines, ...cash(-500) })
  const invoice = { type: 'invoice', customer }
  expect(await shop.refused({ ...invoice, covers: ['SALE'], lines: [sold] })).toBe('FR_SUM_MISMATCH')
  const covering = await shop.ok({ ...invoice, key: 'INV', covers: ['SALE', 'BACK'], lines: [line(500, 2000)] })
  expect(covering.record.payload).toMatchObject({ counted: false, total: 500 })
  const credit = { type: 'invoice', op: 'credit', customer, reference: 'INV', lines: [line(-500, 2000)], ...cash(-500) }
  await shop.ok(credit)
  expect(await shop.refused(credit)).toBe('FR_REFUND_EXCEEDS')
  expect((shop.totals() as unknown as { perpetual: { alg: string } }).perpetual.alg).toBe('0')
})

it('FR-44 a named line is taken back at the rate it was sold at', async () => {
  const shop = await openShop()
  await shop.sell([line(1000, 2000), line(550, 550)], { key: 'SALE' })
  const refund = { type: 'ticket', op: 'refund', reference: 'SALE' }
  const wrong = [line(-1000, 550, { originalLine: 1 })]
  expect(await shop.refused({ ...refund, lines: wrong, ...cash(-1000) })).toBe('FR_REFUND_EXCEEDS')
  expect(await shop.refused({ ...refund, lines: [line(-1000, 2000, { originalLine: 3 })], ...cash(-1000) })).toBe(
    'FR_REFUND_EXCEEDS',
  )
  await shop.ok({ ...refund, lines: [line(-1000, 2000, { originalLine: 1 })], ...cash(-1000) })
})

it('11.4 a cancellation mirrors the VAT of its ticket to the cent, also where the till supplied it', async () => {
  const shop = await openShop()
  const ticket = { type: 'ticket', key: 'SALE', lines: [line(999, 2000)], ...cash(999), vat: [{ rateBp: 2000, amount: 166 }] }
  expect((await shop.ok(ticket)).record.payload).toMatchObject({ tax: 166 })
  const mirror = { type: 'ticket', op: 'cancellation', reference: 'SALE', lines: [line(-999, 2000)], ...cash(-999) }
  expect(await shop.refused(mirror)).toBe('FR_VAT_MISMATCH')
  await shop.ok({ ...mirror, vat: [{ rateBp: 2000, amount: -166 }] })
  const { levels } = shop.totals() as unknown as { levels: { day: { totals: { vat: number; ttc: number; ht: number } } } }
  expect(levels.day.totals).toMatchObject({ ttc: 0, ht: 0, vat: 0 })
})
