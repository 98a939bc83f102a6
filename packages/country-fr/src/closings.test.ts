import { expect, it } from 'vitest'
import type { FiscalRecord } from '@sigillo/core'
import { line, openShop, printed, type Shop } from './shop.fixture.js'
import type { ClosingPayload } from './payload.js'

const closings = async (shop: Shop): Promise<{ kind: string; total: number; payload: ClosingPayload; record: FiscalRecord }[]> =>
  (await shop.records())
    .filter(({ body }) => body.type === 'closing')
    .map((record) => ({
      kind: (record.payload as unknown as ClosingPayload).kind,
      total: (record.payload as unknown as ClosingPayload).total,
      payload: record.payload as unknown as ClosingPayload,
      record,
    }))

type Levels = Record<string, { totals: { ttc: number }; from: string }>
const levels = (shop: Shop): Levels => (shop.totals() as unknown as { levels: Levels }).levels
const ttc = (shop: Shop): Record<string, number> =>
  Object.fromEntries(Object.entries(levels(shop)).map(([name, { totals }]) => [name, totals.ttc]))
const perpetual = (shop: Shop): { alg: string; abs: string } =>
  (shop.totals() as unknown as { perpetual: { alg: string; abs: string } }).perpetual

it('FR-31 two days of a month: each day, the month, the year and the perpetual total', async () => {
  const shop = await openShop()
  await shop.sell([line(10000, 2000)])
  await shop.ok({ type: 'closing', kind: 'day' })
  shop.clock.set('2026-11-24T10:00:00.000Z')
  await shop.sell([line(5000, 1000)])
  await shop.ok({ type: 'closing', kind: 'day' })
  await shop.ok({ type: 'closing', kind: 'month' })
  await shop.ok({ type: 'closing', kind: 'year' })
  expect((await closings(shop)).map(({ kind, total }) => [kind, total])).toEqual([
    ['start', 0],
    ['day', 10000],
    ['day', 5000],
    ['month', 15000],
    ['year', 15000],
  ])
  expect(perpetual(shop)).toMatchObject({ alg: '15000', abs: '15000' })
})

it('FR-32 month and year closings close what is open below them, lowest first, as one request', async () => {
  const month = await openShop()
  await month.sell([line(100, 2000)])
  const closed = await month.ok({ type: 'closing', kind: 'month' })
  expect(await month.trail(2n)).toEqual(['G:start', 'L:260', 'T:sale', 'L:330', 'G:day', 'L:50', 'L:330', 'G:month', 'L:50'])
  expect(closed.record.payload).toMatchObject({ kind: 'month', total: 100 })
  expect(closed.records.map(({ type }) => type).at(-1)).toBe('sys.checkpoint')
  const year = await openShop()
  await year.sell([line(100, 2000)])
  await year.ok({ type: 'closing', kind: 'year' })
  expect(await year.trail(5n)).toEqual(['L:330', 'G:day', 'L:50', 'L:330', 'G:month', 'L:50', 'L:330', 'G:year', 'L:60'])
})

it('FR-33 and FR-25: a year closing empties the year and leaves the perpetual totals', async () => {
  const shop = await openShop()
  await shop.sell([line(100, 2000)])
  const before = perpetual(shop)
  await shop.ok({ type: 'closing', kind: 'year' })
  expect(ttc(shop)).toMatchObject({ day: 0, month: 0, year: 0 })
  expect(perpetual(shop)).toEqual(before)
  await shop.reopen({ options: { software: { name: 'Sigillo Caisse', version: '3.0.0' } } })
  expect(perpetual(shop)).toEqual(before)
})

it('FR-34 a shift closing resets the shift alone', async () => {
  const shop = await openShop()
  await shop.sell([line(100, 2000)])
  await shop.ok({ type: 'closing', kind: 'shift' })
  expect(ttc(shop)).toEqual({ shift: 0, day: 100, month: 100, year: 100, archive: 100 })
})

it('FR-35 a sale after the cut-off: auto closes first, reject refuses, allow accepts for a day', async () => {
  const auto = await openShop({ dayCutoff: '05:00' })
  await auto.sell([line(100, 2000)])
  auto.clock.set('2026-11-24T03:59:00.000Z') // 04:59 in Paris: still the same business day
  await auto.sell([line(100, 2000)])
  expect((await auto.trail()).filter((name) => name === 'G:day')).toHaveLength(0)
  auto.clock.set('2026-11-24T04:00:00.000Z')
  const from = auto.queue.head().seq + 1n
  const sale = await auto.sell([line(700, 2000)])
  expect(await auto.trail(from)).toEqual(['L:330', 'G:day', 'L:50', 'L:915', 'T:sale'])
  const day = (await closings(auto)).at(-1)
  expect(day?.payload).toMatchObject({ kind: 'day', total: 200, operator: 'SYSTEM', forced: true })
  expect(sale.record.body.x).toMatchObject({ gta: '900' })
  expect(ttc(auto)).toMatchObject({ day: 700, month: 900 })

  const reject = await openShop({ dayRollover: 'reject' })
  await reject.sell([line(100, 2000)])
  reject.clock.set('2026-11-24T09:00:00.000Z')
  const head = reject.queue.head()
  expect(await reject.refused({ type: 'ticket', lines: [line(1, 2000)], payments: [{ mode: 'ESP', amount: 1 }] })).toBe(
    'FR_DAY_NOT_CLOSED',
  )
  expect(reject.queue.head()).toEqual(head)
  await reject.ok({ type: 'closing', kind: 'day' })
  await reject.sell([line(1, 2000)])

  const allow = await openShop({ dayRollover: 'allow' })
  await allow.sell([line(100, 2000)])
  allow.clock.set('2026-11-24T09:15:30.000Z')
  await allow.sell([line(100, 2000)])
  allow.clock.set('2026-11-24T09:15:31.000Z')
  expect(await allow.refused({ type: 'ticket', lines: [line(1, 2000)], payments: [{ mode: 'ESP', amount: 1 }] })).toBe(
    'FR_DAY_NOT_CLOSED',
  )
})

it('FR-36 crossing 31 December closes day, month and year; the sale is the first of the new year', async () => {
  for (const dayRollover of ['auto', 'allow'] as const) {
    const shop = await openShop({ dayRollover }, { at: '2026-12-31T20:00:00.000Z' })
    await shop.sell([line(100, 2000)])
    shop.clock.set('2026-12-31T23:30:00.000Z')
    const from = shop.queue.head().seq + 1n
    await shop.sell([line(300, 2000)])
    expect((await shop.trail(from)).filter((name) => !name.startsWith('L'))).toEqual(['G:day', 'G:month', 'G:year', 'T:sale'])
    expect(ttc(shop)).toMatchObject({ day: 300, month: 300, year: 300 })
    expect(perpetual(shop).alg).toBe('400')
  }
})

it('FR-37 a day closed three days late says so and is not back-dated', async () => {
  const shop = await openShop()
  await shop.sell([line(100, 2000)])
  shop.clock.set('2026-11-23T11:00:00.000Z')
  await shop.sell([line(100, 2000)])
  shop.clock.set('2026-11-26T08:00:00.000Z')
  const { record } = await shop.ok({ type: 'closing', kind: 'day' })
  expect(record.payload).toMatchObject({
    late: true,
    days: 1,
    moment: '20261126090000',
    from: '20261123101530',
    to: '20261123120000',
  })
  const event = (await shop.records()).find(
    ({ body, payload }) => body.type === 'event' && (payload as { code: number }).code === 50,
  )
  expect((event?.payload as { info: string }).info).toMatch(/tardive 1 jour/)
})

it('FR-38 a closed day cannot be changed: a cancellation is refused, a refund lands in the open day', async () => {
  const shop = await openShop()
  const sale = await shop.sell([line(100, 2000)])
  const mirror = { lines: [line(-100, 2000, { quantity: '-1' })], payments: [{ mode: 'ESP', amount: -100 }], reference: sale.key }
  await shop.ok({ type: 'closing', kind: 'day' })
  expect(await shop.refused({ type: 'ticket', op: 'cancellation', ...mirror })).toBe('FR_PERIOD_CLOSED')
  await shop.ok({ type: 'ticket', op: 'refund', ...mirror })
  expect(ttc(shop)).toMatchObject({ day: -100, month: 0 })
  // Also when the day is only about to be closed by the same request.
  const other = await openShop()
  const first = await other.sell([line(100, 2000)])
  other.clock.set('2026-11-24T09:00:00.000Z')
  expect(await other.refused({ type: 'ticket', op: 'cancellation', ...mirror, reference: first.key })).toBe('FR_PERIOD_CLOSED')
})

it('cancellations mirror their ticket, once, with event 190', async () => {
  const shop = await openShop()
  const sale = await shop.sell([line(100, 2000), line(250, 1000, { label: 'Autre' })])
  const cancellation = (lines: object[], amount: number): object => ({
    type: 'ticket',
    op: 'cancellation',
    reference: sale.key,
    lines,
    payments: [{ mode: 'ESP', amount }],
  })
  const mirror = [line(-100, 2000), line(-250, 1000, { label: 'Autre' })]
  expect(await shop.refused(cancellation([line(-100, 2000)], -100))).toBe('FR_SUM_MISMATCH')
  const from = shop.queue.head().seq + 1n
  await shop.ok(cancellation(mirror, -350))
  expect(await shop.trail(from)).toEqual(['T:cancellation', 'L:190'])
  expect(await shop.refused(cancellation(mirror, -350))).toBe('FR_ALREADY_CANCELLED')
  expect(await shop.refused({ ...cancellation(mirror, -350), op: 'refund' })).toBe('FR_ALREADY_CANCELLED')
  expect(perpetual(shop)).toMatchObject({ alg: '0', abs: '700' })
})

it('FR-39 a financial year that ends in June; changing it gives event 400', async () => {
  const shop = await openShop({ fiscalYearEnd: '06-30' }, { at: '2026-12-31T10:00:00.000Z' })
  await shop.sell([line(100, 2000)])
  shop.clock.set('2027-01-01T10:00:00.000Z')
  await shop.sell([line(100, 2000)])
  expect((await closings(shop)).map(({ kind }) => kind)).toEqual(['start', 'day', 'month'])
  shop.clock.set('2027-06-30T10:00:00.000Z')
  await shop.sell([line(100, 2000)])
  expect((await closings(shop)).some(({ kind }) => kind === 'year')).toBe(false)
  shop.clock.set('2027-07-01T10:00:00.000Z')
  await shop.sell([line(100, 2000)])
  expect((await closings(shop)).at(-1)).toMatchObject({ kind: 'year', total: 300 })
  const from = shop.queue.head().seq + 1n
  await shop.reopen({ options: { fiscalYearEnd: '12-31' } })
  expect(await shop.trail(from)).toEqual(['L:40', 'L:80', 'L:400'])
})

it('FR-40 a closing states the heads of all chains', async () => {
  const shop = await openShop()
  await shop.sell([line(100, 2000)])
  await shop.ok({ type: 'note', lines: [line(100, 2000)] })
  const { record } = await shop.ok({ type: 'closing', kind: 'day' })
  const heads = new Map<string, { tseq: number; hash: string; seq: number }>()
  for await (const before of shop.queue.records({ to: BigInt(record.body.seq - 1) }))
    heads.set(before.body.type, { tseq: before.body.tseq, hash: before.hash, seq: before.body.seq })
  const payload = record.payload as unknown as ClosingPayload
  expect(payload.heads).toEqual(Object.fromEntries(heads))
  const tickets = (await shop.records()).find(({ body }) => body.type === 'ticket')
  expect(payload.chains['ticket']).toEqual({ first: [1, tickets?.hash], last: [1, tickets?.hash] })
})

it('9.5 a closing counts what happened beside sales, and shows it', async () => {
  const shop = await openShop()
  const sale = await shop.sell([line(100, 2000)])
  const note = await shop.ok({ type: 'note', lines: [line(100, 2000)] })
  await shop.ok({ type: 'event', code: 324, reference: note.key })
  await shop.ok({ type: 'copy', reference: sale.key, reason: 'client' })
  const payments = (amount: number): object => ({ reason: 'fond', payments: [{ mode: 'ESP', amount }] })
  await shop.ok({ type: 'payment', op: 'cash-in', ...payments(5000) })
  await shop.ok({ type: 'payment', op: 'cash-out', ...payments(-1500) })
  await shop.ok({
    type: 'ticket',
    training: { responsible: 'CHEF' },
    lines: [line(100, 2000)],
    payments: [{ mode: 'ESP', amount: 100 }],
  })
  await shop.ok({ type: 'event', code: 90 })
  const closing = await shop.ok({ type: 'closing', kind: 'day', drawer: '35.00' })
  expect(closing.record.payload).toMatchObject({
    totals: { counts: { notes: 1, notesAbandoned: 1, copies: 1, training: 1, breaks: 1, cashIn: 5000, cashOut: -1500 } },
    drawer: { declared: 3500, difference: -100 },
  })
  for (const text of [
    'Notes abandonnées 1',
    'Duplicatas 1',
    'Mode école 1',
    'Entrées de caisse 50,00',
    'Sorties de caisse -15,00',
    'Écart de caisse -1,00',
  ])
    expect(printed(closing)).toContain(text)
  expect((await shop.queue.verify()).findings).toEqual([])
})

it('FR-22 tickets and invoices move the totals, nothing else does', async () => {
  const shop = await openShop()
  const sale = await shop.sell([line(100, 2000)])
  await shop.ok({
    type: 'invoice',
    customer: { name: 'SARL', address: 'Rue' },
    lines: [line(50, 2000)],
    payments: [{ mode: 'CRE', amount: 50 }],
  })
  const moved = { ...ttc(shop), ...perpetual(shop) }
  expect(moved).toMatchObject({ shift: 150, day: 150, month: 150, year: 150, archive: 150, alg: '150' })
  await shop.ok({ type: 'note', lines: [line(100, 2000)] })
  await shop.ok({ type: 'payment', op: 'cash-in', reason: 'fond', payments: [{ mode: 'ESP', amount: 100 }] })
  await shop.ok({ type: 'payment', op: 'collection', reference: sale.key, payments: [{ mode: 'CHQ', amount: 50 }] })
  await shop.ok({
    type: 'payment',
    op: 'transfer',
    reference: sale.key,
    payments: [
      { mode: 'ESP', amount: -100 },
      { mode: 'CB', amount: 100 },
    ],
  })
  await shop.ok({ type: 'copy', reference: sale.key, reason: 'client' })
  await shop.ok({ type: 'event', code: 901 })
  await shop.ok({ type: 'zero' })
  await shop.ok({
    type: 'ticket',
    training: { responsible: 'CHEF' },
    lines: [line(100, 2000)],
    payments: [{ mode: 'ESP', amount: 100 }],
  })
  expect({ ...ttc(shop), ...perpetual(shop) }).toEqual(moved)
})

it('FR-24 gta and gtp in each signed body equal the running totals', async () => {
  const shop = await openShop()
  for (const amount of [100, 250, 75]) await shop.sell([line(amount, 2000)])
  await shop.ok({
    type: 'ticket',
    op: 'refund',
    reference: 'external:avant',
    lines: [line(-500, 1000)],
    payments: [{ mode: 'ESP', amount: -500 }],
  })
  await shop.ok({ type: 'closing', kind: 'day' })
  let [alg, abs] = [0, 0]
  for (const record of await shop.records()) {
    if (record.body.type === 'ticket') {
      const { total } = record.payload as { total: number }
      alg += total
      abs += Math.abs(total)
    }
    if (record.body.type === 'ticket' || record.body.type === 'closing')
      expect(record.body.x).toMatchObject({ gta: String(alg), gtp: String(abs) })
  }
  expect(alg).toBe(-75)
})

it('a snapshot restores the very state a full fold gives', async () => {
  const shop = await openShop({}, { queue: { segBits: 6 } })
  for (let day = 24; day < 28; day++) {
    for (let n = 0; n < 12; n++) await shop.sell([line(100 + n, n % 2 === 0 ? 2000 : 550)])
    await shop.ok({ type: 'closing', kind: day === 26 ? 'month' : 'day' })
    shop.clock.set(`2026-11-${day}T09:00:00.000Z`)
  }
  const state = shop.country.initial()
  for (const record of await shop.records()) shop.country.fold(state, record)
  expect(shop.country.totals(state)).toEqual(shop.totals())
  expect(shop.country.totals(shop.country.restore(JSON.parse(JSON.stringify(shop.totals())) as never))).toEqual(shop.totals())
})
