import { expect, it } from 'vitest'
import { openShop } from './shop.fixture.js'
import { parseIncumbentJson, translateReceipt } from './translate.js'

const BASE = 0x4652000000000000n
const receipt = (low: bigint, more: object = {}): Record<string, unknown> => ({
  ftReceiptCase: BASE + low,
  cbReceiptReference: 'R-1',
  cbReceiptMoment: '2026-11-23T09:15:30Z',
  cbUser: 'Chef',
  cbChargeItems: [
    { Quantity: 2, Description: 'Café', Amount: 3.6, VATRate: 10, ftChargeItemCase: BASE + 0x0en, UnitPrice: 1.8 },
    { Quantity: 1, Description: 'Vin', Amount: 12.3, VATRate: 20, ftChargeItemCase: BASE + 0x03n },
  ],
  cbPayItems: [{ Quantity: 1, Description: 'Carte', Amount: 15.9, ftPayItemCase: BASE + 0x05n }],
  ...more,
})

it('3.1 a ticket, exactly: decimals as shown, nature by case, and it can be recorded', async () => {
  const { request, report } = translateReceipt(receipt(1n))
  expect(report.filter(({ level }) => level === 'error')).toEqual([])
  expect(request).toMatchObject({
    type: 'ticket',
    op: 'sale',
    key: 'R-1',
    lines: [
      { label: 'Café', quantity: '2', unitPrice: '1.8', total: '3.6', rateBp: 1000, nature: 'S' },
      { label: 'Vin', total: '12.3', rateBp: 2000, nature: 'B' },
    ],
    payments: [{ mode: 'CB', amount: '15.9' }],
  })
  const shop = await openShop()
  expect((await shop.ok(request as object)).answer).toMatchObject({ total: 1590 })
})

it('3.1 64-bit codes are read exactly from JSON, and inexact ones are refused', () => {
  const text =
    '{"ftReceiptCase":5067112530745229317,"cbReceiptReference":"Z-1","cbReceiptMoment":"2026-11-23T09:15:30Z","cbUser":"C"}'
  expect(translateReceipt(parseIncumbentJson(text)).request).toMatchObject({ type: 'closing', kind: 'day' })
  expect(translateReceipt(JSON.parse(text) as Record<string, unknown>).report.at(-1)).toMatchObject({
    level: 'error',
    path: 'ftReceiptCase',
  })
  expect(translateReceipt(receipt(-BASE + 0x4954000000000001n)).report.at(-1)?.message).toContain('FR_COUNTRY')
})

it.each([
  [0x03n, { type: 'invoice', op: 'invoice' }],
  [0x04n, { type: 'closing', kind: 'shift' }],
  [0x08n, { type: 'note' }],
  [0x0an, { type: 'payment', op: 'cash-in', reason: 'Carte' }],
  [0x0fn, { type: 'zero' }],
  [0x10n, { type: 'start' }],
  [0x13n, { type: 'event', code: 160 }],
  [0x16n, { type: 'copy', reason: 'Duplicata' }],
  [0x40001n, { type: 'ticket', op: 'refund' }],
  [0x20001n, { type: 'ticket', training: true }],
])('3.1 receipt case %d', (low, expected) => {
  expect(translateReceipt(receipt(low)).request).toMatchObject(expected)
})

it('3.1 payment proofs and cash movements lose the internal item that balances them; a transfer keeps its own', async () => {
  const shop = await openShop()
  const sale = await shop.ok({
    type: 'invoice',
    customer: { name: 'A', address: 'B' },
    lines: [{ label: 'x', total: 5000, rateBp: 2000 }],
    payments: [{ mode: 'CRE', amount: 5000 }],
  })
  const item = (low: bigint, amount: number): object => ({
    Quantity: 1,
    Description: 'Fond',
    Amount: amount,
    ftPayItemCase: BASE + low,
  })
  const of = (low: bigint, reference: string, ...cbPayItems: object[]): object => {
    const { request, report } = translateReceipt(
      receipt(low, { cbReceiptReference: reference, cbChargeItems: [], cbPayItems, cbPreviousReceiptReference: sale.key }),
    )
    expect(report.filter(({ level }) => level === 'error')).toEqual([])
    return request as object
  }
  const proof = of(2n, 'P-1', item(5n, 50), item(0x11n, -50))
  expect(proof).toMatchObject({ op: 'collection', payments: [{ mode: 'CB', amount: '50' }] })
  expect((await shop.ok(proof)).answer).toMatchObject({ chain: 'P', total: 5000 })
  const cash = of(0x0an, 'P-2', item(1n, 20), item(0x0fn, -20))
  expect(cash).toMatchObject({ op: 'cash-in', payments: [{ mode: 'ESP', amount: '20' }] })
  await shop.ok(cash)
  expect(of(0x0cn, 'P-3', item(5n, -10), item(0x10n, 10))).toMatchObject({
    op: 'transfer',
    payments: [{ mode: 'CB' }, { mode: 'INT' }],
  })
})

it('3.1 what has no place here is reported, not invented', () => {
  for (const low of [0x0dn, 0x14n, 0x15n]) {
    const { request, report } = translateReceipt(receipt(low))
    expect(request).toBeUndefined()
    expect(report.some(({ level }) => level === 'lost')).toBe(true)
  }
  expect(translateReceipt(receipt(0x99n)).report.at(-1)?.level).toBe('error')
  const inexact = translateReceipt(receipt(1n, { cbPayItems: [{ Amount: 0.1 + 0.2, ftPayItemCase: BASE }] }))
  expect(inexact.report.at(-1)?.message).toContain('FR_AMOUNT_PRECISION')
  expect(translateReceipt(receipt(0x80001n, { cbReceiptReference: 'BLOC 12' })).request).toMatchObject({
    lateCapture: { paperNumber: 12, paperDate: '2026-11-23' },
  })
})
