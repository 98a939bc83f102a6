import { sha256Hex } from '@sigillo/core'
import { expect, it } from 'vitest'
import { createArchive } from './archive/create.js'
import { dataString } from './data-string.js'
import { extractOf } from './documents.js'
import { dueArchive } from './due.js'
import { frenchMessage } from './errors.js'
import { line, openShop, printed, type Shop } from './shop.fixture.js'

const SIG = 'q7Xb0T2mN4kLw9ZsR1yVtE8uPcJhD5aFgO3iBxQfKe6MnAzYvSdWjUrHlTpCoGi_-0123456789abcdefghijk'
const ctx = { profile: 'nf525-1', siret: '12345678900012', till: 'CAISSE-01', perpetual: { alg: 1520, abs: 3920 } } as const
const xOf = (record: { body: { x?: Readonly<Record<string, string | number>> } }): string => String(record.body.x?.['ds'])

const basket = [line(1200, 2000, { label: 'Vin' }), line(1100, 1000, { label: 'Plat' }), line(420, 550, { label: 'Pain' })]

async function refundWine(shop: Shop, key: string): ReturnType<Shop['ok']> {
  return shop.ok({
    type: 'ticket',
    op: 'refund',
    reference: key,
    lines: [{ label: 'Vin', quantity: '-1', total: -1200, rateBp: 2000 }],
    payments: [{ mode: 'ESP', amount: -1200 }],
  })
}

it('FR-13 the data string of the worked ticket, refund and closing, byte for byte', async () => {
  const shop = await openShop()
  const sale = await shop.sell(basket)
  const ds = xOf(sale.record)
  expect(ds).toBe('2000:1200|1000:1100|0550:420,2720,20261123101530,CAISSE-01,1,VENTE,N,')
  expect(sha256Hex(ds)).toBe('89d83635425a6a9e125a3ac2c7a9f82fa56141402cf61d61e9e380a238542db1')
  shop.clock.set('2026-11-23T09:19:02.000Z')
  const refund = await refundWine(shop, sale.key as string)
  expect(xOf(refund.record)).toBe(`2000:-1200,-1200,20261123101902,CAISSE-01,2,AVOIR,Y,${sale.record.sig}`)
  const fixed = dataString('ticket', refund.record.payload as never, ctx, { sig: SIG })
  expect(sha256Hex(fixed)).toBe('9a5a0a0e3a7640bcd9d88570705536671324546dd83f7785e131e46f768f176b')
  shop.clock.set('2026-11-23T21:00:00.000Z')
  const day = await shop.ok({ type: 'closing', kind: 'day' })
  const alone = dataString('closing', { ...(day.record.payload as object), number: 1 }, ctx, undefined)
  expect(alone).toBe('2000:0|1000:1100|0550:420,1520,1520,3920,20261123220000,20261123101530|20261123101902,1,JOUR,N,')
  expect(sha256Hex(alone)).toBe('73d2e1104ea8515368770edc485554ea4e805010d4b4c320afd5ad5834475e36')
})

it('FR-13 the other worked strings', () => {
  const base = { moment: '20261123100000', operator: 'OP-7', number: 1 }
  const strings = [
    dataString('event', { ...base, code: 80, info: 'Ouverture de caisse' }, ctx, undefined),
    dataString(
      'copy',
      { ...base, moment: '20261123103000', copy: 1, till: 'CAISSE-01', original: { type: 'ticket', op: 'sale', number: 1 } },
      ctx,
      undefined,
    ),
    dataString('payment', { ...base, moment: '20261123095500', op: 'cash-in', pay: { ESP: 5000 }, total: 5000 }, ctx, undefined),
    dataString(
      'archive',
      {
        ...base,
        moment: '20261123221500',
        kind: 'period',
        total: 1520,
        vat: { 2000: { ttc: 0 }, 1000: { ttc: 1100 }, 550: { ttc: 420 } },
        manifest: '5d41402abc4b2a76b9719d911017c5925d41402abc4b2a76b9719d911017c592',
      },
      ctx,
      undefined,
    ),
  ]
  expect(strings[0]).toBe('1,80,Ouverture de caisse,20261123100000,OP-7,CAISSE-01,N,')
  expect(strings.map(sha256Hex)).toEqual([
    'efa923741b4e5a9039aac939604245cb9f0451b030f166ba7685ac560b5807f8',
    '3d1bea20249bb9fe999b3139c538c88334ee47dd4aee9fc85cbf942ff2f66460',
    '37af63d7c044124fee80208c69e56f6ebf5851f75cb81548ae183fdd0db58287',
    '3cf6fe933baf78966b9cc6e6cef13c1f48a356ea63c4580571a260d4cf74f072',
  ])
})

it('FR-21 the extract is characters 3, 7, 13 and 19 of the signature', async () => {
  expect(extractOf(SIG)).toBe('X2wy')
  const shop = await openShop()
  const sale = await shop.sell(basket)
  expect(sale.answer['extract']).toBe(extractOf(sale.record.sig))
  expect(printed(sale)).toContain(`Signature ${extractOf(sale.record.sig)}`)
})

it('FR-01 a new queue accepts only start and keeps its head otherwise', async () => {
  const shop = await openShop({}, { start: false })
  const head = shop.queue.head()
  const sale = { type: 'ticket', lines: [line(100, 2000)], payments: [{ mode: 'ESP', amount: 100 }] }
  for (const request of [
    sale,
    { type: 'closing', kind: 'day' },
    { type: 'zero' },
    { type: 'event', code: 80 },
    { type: 'archive' },
    { type: 'stop' },
  ]) {
    expect(await shop.refused(request)).toBe('FR_NOT_STARTED')
  }
  expect(shop.queue.head()).toEqual(head)
})

it('FR-02 start gives G 1 START and then L 1 code 260, both signed and linked', async () => {
  const shop = await openShop()
  expect(await shop.trail()).toEqual(['G:start', 'L:260'])
  const [start, init] = (await shop.records()).filter(({ body }) => !body.type.startsWith('sys.'))
  expect(xOf(start as never)).toMatch(/^0000:0,0,0,0,20261123101530,20261123101530\|20261123101530,1,START,N,$/)
  expect(xOf(init as never)).toMatch(/^1,260,/)
  expect(init?.body.prev).toBe(start?.hash)
  expect(init?.body.tseq).toBe(1)
})

it('FR-03 closings, zero, start, stop, archive and copy take no lines and no payments', async () => {
  const shop = await openShop()
  const before = { head: shop.queue.head(), totals: shop.totals() }
  for (const type of [
    { type: 'closing', kind: 'day' },
    { type: 'zero' },
    { type: 'stop' },
    { type: 'archive' },
    { type: 'copy', reason: 'x', reference: 'y' },
  ]) {
    expect(await shop.refused({ ...type, lines: [line(1, 2000)] })).toBe('FR_ITEMS_FORBIDDEN')
    expect(await shop.refused({ ...type, payments: [{ mode: 'ESP', amount: 1 }] })).toBe('FR_PAYMENTS_FORBIDDEN')
  }
  const fresh = await openShop({}, { start: false })
  expect(await fresh.refused({ type: 'start', lines: [line(1, 2000)] })).toBe('FR_ITEMS_FORBIDDEN')
  expect({ head: shop.queue.head(), totals: shop.totals() }).toEqual(before)
})

it('FR-04 lines of 40.00 and payments of 30.00 are refused, naming both', async () => {
  const shop = await openShop()
  const outcome = await shop.send({ type: 'ticket', lines: [line('40.00', 2000)], payments: [{ mode: 'CB', amount: '30.00' }] })
  expect(outcome).toMatchObject({ outcome: 'rejected', error: { code: 'FR_SUM_MISMATCH', registered: 'no' } })
  const { message, details } = (outcome as { error: Error & { details: object } }).error
  expect(message).toMatch(/40\.00.*30\.00/)
  expect(details).toMatchObject({ lines: 4000, payments: 3000, messageFr: expect.stringContaining('sommes') as string })
})

it('FR-05 after stop everything is refused; day, month and year are closed', async () => {
  const shop = await openShop()
  await shop.sell(basket)
  await shop.ok({ type: 'stop' })
  expect((await shop.trail()).filter((name) => name.startsWith('G'))).toEqual([
    'G:start',
    'G:shift',
    'G:day',
    'G:month',
    'G:year',
    'G:stop',
  ])
  for (const request of [{ type: 'stop' }, { type: 'zero' }, { type: 'start' }]) {
    const outcome = await shop.send(request)
    expect((outcome as { error: { national: string } }).error).toMatchObject({ code: 'QUEUE_ENDED', national: 'FR_STOPPED' })
  }
  const totals = shop.totals() as unknown as { phase: string; levels: Record<string, { from: string }> }
  expect(totals.phase).toBe('stopped')
  expect(['day', 'month', 'year'].map((level) => totals.levels[level]?.from)).toEqual(['', '', ''])
})

it('17.7 a queue stopped before its days are archived says so; one whose days are archived says nothing', async () => {
  const shop = await openShop()
  expect(dueArchive(shop.totals())).toBeUndefined()
  await shop.sell(basket)
  expect(dueArchive(shop.totals())).toEqual({ from: 0, since: '2026-11-23', dayOpen: true })
  const posMoment = new Date(shop.clock.now()).toISOString()
  const archive = { key: 'A', operatorId: 'OP-7', posMoment, autoClose: true }
  const { manifest } = await createArchive(shop.queue, shop.country, archive)
  expect(dueArchive(shop.totals())).toBeUndefined()
  shop.clock.step(1000)
  await shop.sell(basket)
  await shop.ok({ type: 'closing', kind: 'day' })
  expect(dueArchive(shop.totals())).toEqual({ from: manifest.to + 1, since: '2026-11-23', dayOpen: false })
  const stop = await shop.ok({ type: 'stop' })
  expect(stop.record.payload).toMatchObject({ unarchived: manifest.to + 1 })
  expect(stop.answer['warnings']).toEqual([`NON ARCHIVE DEPUIS LE N° ${manifest.to + 1}`])
  expect(printed(stop)).toContain(`Non archivé à partir de l’enregistrement n° ${manifest.to + 1}`)
  const other = await openShop()
  await other.sell(basket)
  await createArchive(other.queue, other.country, archive)
  const quiet = await other.ok({ type: 'stop' })
  expect(quiet.record.payload).not.toHaveProperty('unarchived')
  expect(quiet.answer).not.toHaveProperty('warnings')
})

it('FR-06 the same key and content gives the same answer once more; other content is refused', async () => {
  const shop = await openShop()
  const request = {
    type: 'ticket',
    key: 'POS-1',
    posMoment: '2026-11-23T10:15:30+01:00',
    lines: [line(100, 2000)],
    payments: [{ mode: 'ESP', amount: 100 }],
  }
  const first = await shop.ok(request)
  const again = await shop.ok(request)
  expect(again).toMatchObject({
    replayed: true,
    seq: first.seq,
    hash: first.hash,
    seal: first.seal,
    print: first.print,
    answer: first.answer,
  })
  const other = await shop.send({ ...request, lines: [line(101, 2000)], payments: [{ mode: 'ESP', amount: 101 }] })
  expect(other).toMatchObject({ outcome: 'rejected', error: { code: 'KEY_REUSED', national: 'FR_REFERENCE_REUSED' } })
  expect(await shop.trail()).toEqual(['G:start', 'L:260', 'T:sale'])
})

it('FR-07 amounts at the border of a queue', async () => {
  const shop = await openShop()
  const ticket = (amount: unknown): object => ({
    type: 'ticket',
    lines: [line(amount as string, 2000)],
    payments: [{ mode: 'ESP', amount }],
  })
  expect(await shop.refused(ticket('10.005'))).toBe('FR_AMOUNT_PRECISION')
  const fraction = await shop.send(ticket(0.1 + 0.2))
  if (fraction.outcome === 'registered') throw new Error('a fraction was taken for cents')
  expect(fraction.error.code).toBe('REQUEST_INVALID')
  expect(frenchMessage(fraction.error)).toBe('Demande incorrecte : lines[0].total.')
  expect((await shop.ok(ticket('0.30'))).answer['total']).toBe(30)
})

it('7.1 a line whose price and quantity give more than an amount may be is refused at the line', async () => {
  const shop = await openShop()
  const lines = [line(1, 2000), { label: 'x', rateBp: 2000, quantity: 1_000_000_000, unitPrice: 99_999_999_999 }]
  const error = { code: 'REQUEST_INVALID', path: 'lines[1].total' }
  expect(await shop.send({ type: 'note', lines })).toMatchObject({ outcome: 'rejected', error })
})

it('FR-08 and FR-09: currency, and what notes and payment documents may hold', async () => {
  const shop = await openShop()
  const pay = [{ mode: 'ESP', amount: 100 }]
  expect(await shop.refused({ type: 'ticket', lines: [line(100, 2000, { currency: 'USD' })], payments: pay })).toBe('FR_CURRENCY')
  expect(await shop.refused({ type: 'ticket', currency: 'CHF', lines: [line(100, 2000)], payments: pay })).toBe('FR_CURRENCY')
  expect(await shop.refused({ type: 'note', lines: [line(100, 2000)], payments: pay })).toBe('FR_PAYMENTS_FORBIDDEN')
  expect(await shop.refused({ type: 'payment', op: 'cash-in', reason: 'fond', lines: [line(100, 2000)], payments: pay })).toBe(
    'FR_ITEMS_FORBIDDEN',
  )
  expect(await shop.refused({ type: 'it.sale', lines: [], payments: [] })).toBe('FR_COUNTRY')
  expect(await shop.refused({ type: 'ticket', country: 'IT', lines: [line(100, 2000)], payments: pay })).toBe('FR_COUNTRY')
})

it('FR-30 rates by region and exemption codes', async () => {
  const metro = await openShop()
  const reunion = await openShop({ region: 'RE' })
  const sale = (rateBp: number, more: object = {}): object => ({
    type: 'ticket',
    lines: [line(100, rateBp, more)],
    payments: [{ mode: 'ESP', amount: 100 }],
  })
  expect(await metro.refused(sale(850))).toBe('FR_VAT_RATE_UNKNOWN')
  expect(await metro.refused(sale(0))).toBe('FR_EXEMPTION_REQUIRED')
  expect((await metro.ok(sale(0, { exemption: 'FRB' }))).type).toBe('ticket')
  expect((await reunion.ok(sale(850))).type).toBe('ticket')
  expect(await reunion.refused(sale(2000))).toBe('FR_VAT_RATE_UNKNOWN')
  const extra = await openShop({
    extraRates: [
      { rateBp: 1960, from: '2000-01-01', to: '2013-12-31' },
      { rateBp: 2100, from: '2026-01-01' },
    ],
  })
  expect(await extra.refused(sale(1960))).toBe('FR_VAT_RATE_UNKNOWN')
  expect((await extra.ok(sale(2100))).type).toBe('ticket')
})

it('FR-23 sale 27.20 and refund 12.00: perpetual 15.20 and 39.20, rows per rate', async () => {
  const shop = await openShop()
  const sale = await shop.sell(basket)
  await refundWine(shop, sale.key as string)
  const day = (await shop.ok({ type: 'closing', kind: 'day' })).record
  expect(day.body.x).toMatchObject({ gta: '1520', gtp: '3920' })
  const { total, vat } = day.payload as unknown as { total: number; vat: Record<string, { ttc: number }> }
  expect(total).toBe(1520)
  expect(Object.fromEntries(Object.entries(vat).map(([rate, { ttc }]) => [rate, ttc]))).toEqual({ 2000: 0, 1000: 1100, 550: 420 })
})

it('FR-26 vouchers, account top-ups and tips stay outside turnover', async () => {
  const shop = await openShop()
  const sale = await shop.sell([
    line(1000, 1000),
    { label: 'Chèque cadeau', total: 5000, nature: 'V' },
    { label: 'Pourboire', total: 200, nature: 'T' },
    { label: 'Compte', total: 300, nature: 'C' },
  ])
  expect(xOf(sale.record)).toMatch(/^1000:1000,1000,/)
  expect(sale.record.payload).toMatchObject({ total: 1000, outside: 5500, pay: { ESP: 6500 } })
  const { perpetual, levels } = shop.totals() as unknown as {
    perpetual: { alg: string }
    levels: { day: { totals: { ttc: number; outside: number; pay: object } } }
  }
  expect(perpetual.alg).toBe('1000')
  expect(levels.day.totals).toMatchObject({ ttc: 1000, outside: 5500, pay: { ESP: 6500 } })
})

it('FR-44 refunds over several documents cannot exceed the line', async () => {
  const shop = await openShop()
  const sale = await shop.ok({
    type: 'ticket',
    lines: [{ label: 'Verre', quantity: 3, unitPrice: '4.00', rateBp: 2000 }, line(500, 1000, { label: 'Plat' })],
    payments: [{ mode: 'CB', amount: 1700 }],
  })
  const refund = (quantity: string, total: number, more: object = {}): object => ({
    type: 'ticket',
    op: 'refund',
    reference: sale.key,
    lines: [{ label: 'Verre', quantity, unitPrice: '4.00', total, rateBp: 2000, ...more }],
    payments: [{ mode: 'CB', amount: total }],
  })
  await shop.ok(refund('-1', -400))
  expect(await shop.refused(refund('-2.5', -1000))).toBe('FR_REFUND_EXCEEDS')
  await shop.ok(refund('-2', -800, { originalLine: 1 }))
  expect(await shop.refused(refund('-0.0001', -1))).toBe('FR_REFUND_EXCEEDS')
  expect(await shop.refused({ ...refund('-1', -400), reference: undefined })).toBe('FR_REFERENCE_REQUIRED')
  expect(await shop.refused({ ...refund('-1', -400), reference: 'no-such' })).toBe('FR_REFERENCE_UNKNOWN')
  expect((await shop.ok({ ...refund('-9', -3600), reference: 'external:ancienne caisse 12' })).type).toBe('ticket')
})
