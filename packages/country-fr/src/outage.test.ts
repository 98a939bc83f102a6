import type { FiscalRecord } from '@sigillo/core'
import { openTill, connectQueue, type Till } from '@sigillo/core/offline'
import { memoryOfflineStore, type MemoryOfflineStore } from '@sigillo/testing'
import { expect, it } from 'vitest'
import { frenchOffline } from './offline.js'
import { cafe, line, openShop, type Shop } from './shop.fixture.js'

const lineOf = (total: number): object => line(total, 2000)

interface Line {
  readonly shop: Shop
  readonly till: Till
  readonly store: MemoryOfflineStore
  down: boolean
  /** Requests of this type or key are lost on the way. */
  lost: string
  sell(key: string, total?: number, more?: object): ReturnType<Till['record']>
  file(seq: number): string
}

async function openLine(options: object = {}): Promise<Line> {
  const shop = await openShop(options)
  const store = memoryOfflineStore()
  const real = connectQueue(shop.queue)
  const setup = { down: false, lost: '' }
  const till = await openTill({
    connect: () =>
      setup.down
        ? Promise.reject(new Error('refused'))
        : Promise.resolve({
            record: (request) =>
              setup.down || request['key'] === setup.lost ? Promise.reject(new Error('reset')) : real.record(request),
            close: () => Promise.resolve(),
          }),
    till: 'CAISSE-01',
    queue: shop.queue.id,
    rules: frenchOffline({ ...cafe, ...options }),
    clock: shop.clock,
    offline: { store, probeMs: 0, timeoutMs: 500 },
  })
  const sell = (key: string, total = 100, more: object = {}): ReturnType<Till['record']> =>
    till.record({
      type: 'ticket',
      key,
      operatorId: 'OP-7',
      posMoment: new Date(shop.clock.now()).toISOString(),
      lines: [line(total, 2000)],
      payments: [{ mode: 'ESP', amount: total }],
      ...more,
    })
  const file = (seq: number): string =>
    [...store.files.keys()].find((path) => path.endsWith(`/${String(seq).padStart(8, '0')}.json`)) as string
  return Object.assign(setup, { shop, till, store, sell, file })
}

async function outage(count = 3, options: object = {}): Promise<Line> {
  const line = await openLine(options)
  line.down = true
  for (let n = 1; n <= count; n++) {
    const outcome = await line.sell(`POS-${n}`, 100 * n)
    expect(outcome.outcome).toBe('provisional')
    line.shop.clock.step(60_000)
  }
  line.down = false
  return line
}

const change = (line: Line, seq: number, edit: (text: string) => string): void => {
  const path = line.file(seq)
  line.store.files.set(path, new TextEncoder().encode(edit(new TextDecoder().decode(line.store.files.get(path)))))
}

it('FR-52 a degraded receipt shows mode, provisional number and eight characters of its hash, no ticket number', async () => {
  const line = await openLine()
  line.down = true
  const outcome = await line.sell('POS-1')
  if (outcome.outcome !== 'provisional') throw new Error('not provisional')
  const text = outcome.print.map((item) => `${item.text} ${item.right ?? ''}`).join('\n')
  expect(outcome.print[0]).toMatchObject({ kind: 'title', text: 'MODE DÉGRADÉ', mandatory: true })
  expect(text).toContain('N° provisoire D-CAISSE-01-')
  expect(text).toContain(`Empreinte ${outcome.hash.slice(0, 8)}`)
  expect(text).toContain('TOTAL TTC 1,00')
  expect(text).not.toMatch(/N° T|Signature/)
})

it('FR-53 after the outage: L 70, three tickets in order, G ZERO, L 120, L 125', async () => {
  const line = await outage()
  const from = line.shop.queue.head().seq + 1n
  expect(await line.till.transfer()).toMatchObject({ status: 'transferred', handed: 3 })
  expect(await line.shop.trail(from)).toEqual(['L:70', 'T:sale', 'T:sale', 'T:sale', 'G:zero', 'L:120', 'L:125'])
  const tickets = (await line.shop.records()).filter(({ body }) => body.type === 'ticket')
  expect(tickets.map(({ payload }) => (payload as { degraded: object }).degraded)).toMatchObject(
    [1, 2, 3].map((seq) => ({ seq, integrity: 'ok', localHash: expect.stringMatching(/^[0-9a-f]{64}$/) as string })),
  )
  expect(tickets.map(({ body }) => body.ref)).toEqual(['POS-1', 'POS-2', 'POS-3'])
  const zero = (await line.shop.records()).filter(({ body }) => body.type === 'closing').at(-1)
  expect(zero?.payload).toMatchObject({ kind: 'zero', episode: { count: 3, firstSeq: 1, lastSeq: 3 } })
  const paper = line.shop.country.print(zero as FiscalRecord).map(({ text, right }) => `${text} ${right ?? ''}`)
  expect(paper).toEqual(expect.arrayContaining(['Fin de mode dégradé 3 reçu(s)', 'Pannes n° 1 à 3']))
})

it('FR-55 an altered file is recorded as altered, with L 90, until the break is acknowledged', async () => {
  const line = await outage()
  change(line, 2, (text) => text.replace('Article', 'Artiste'))
  const report = await line.till.transfer()
  expect(report).toMatchObject({ status: 'transferred-with-breaks', handed: 3 })
  expect(report.breaks.map(({ kind, seq }) => [kind, seq])).toContainEqual(['BAD_HASH', 2])
  const tickets = (await line.shop.records())
    .filter(({ body }) => body.type === 'ticket')
    .map(({ payload }) => (payload as { degraded: { integrity: string } }).degraded.integrity)
  expect(tickets[0]).toBe('ok')
  expect(tickets[1]).toBe('altered')
  expect(await line.shop.trail()).toContain('L:90')
  expect(line.till.state).toBe('ONLINE_BREAK')
  const sale = await line.shop.sell([{ label: 'x', total: 100, rateBp: 2000 }])
  expect(sale.answer['warnings']).toContain('DEFAUT D’INTEGRITE NON ACQUITTE')
  await line.till.acknowledgeBreak('vu', 'CHEF')
  expect((await line.shop.trail()).at(-1)).toBe('L:912')
  expect(line.till.state).toBe('ONLINE')
  expect((await line.shop.sell([{ label: 'x', total: 100, rateBp: 2000 }])).answer['warnings']).toBeUndefined()
})

it('FR-56 a deleted file is listed by L 95, the others are recorded', async () => {
  const line = await outage()
  line.store.files.delete(line.file(2))
  const report = await line.till.transfer()
  expect(report.breaks.map(({ kind, seq }) => [kind, seq])).toContainEqual(['GAP', 2])
  const records = await line.shop.records()
  expect(
    records
      .filter(({ body }) => body.type === 'ticket')
      .map(({ payload }) => (payload as { degraded: { seq: number; integrity: string } }).degraded),
  ).toMatchObject([
    { seq: 1, integrity: 'ok' },
    { seq: 3, integrity: 'unlinked' },
  ])
  const lost = records.find(({ body, payload }) => body.type === 'event' && (payload as { code: number }).code === 95)
  expect(lost?.payload).toMatchObject({ data: { missing: [2] } })
})

it('FR-58 the bytes of an unreadable file are in the journal unchanged', async () => {
  const line = await outage()
  change(line, 2, () => '{not json')
  await line.till.transfer()
  const event = (await line.shop.records()).find(
    ({ body, payload }) => body.type === 'event' && (payload as { code: number }).code === 90,
  )
  const { base64 } = (event?.payload as unknown as { request: { data: { base64: string } } }).request.data
  expect(atob(base64)).toBe('{not json')
})

it('13.4 a file changed after it was handed over is told when the outage ends, and not twice when it was told before', async () => {
  const defects = async (line: Line): Promise<unknown[]> =>
    (await line.shop.records())
      .filter(({ body, payload }) => body.type === 'event' && (payload as { code: number }).code === 90)
      .map(({ payload }) => (payload as { data?: { breaks?: unknown } }).data?.breaks)
  const late = await outage()
  late.lost = 'POS-3'
  expect((await late.till.transfer()).status).toBe('cut-off')
  change(late, 1, (text) => text.replace('Article', 'Artiste'))
  late.lost = ''
  expect((await late.till.transfer()).breaks).toMatchObject([{ kind: 'BAD_HASH', seq: 1 }])
  expect(await defects(late)).toMatchObject([[{ kind: 'BAD_HASH', seq: 1 }]])
  const early = await outage()
  change(early, 1, (text) => text.replace('Article', 'Artiste'))
  await early.till.transfer()
  expect(await defects(early)).toEqual([undefined])
})

it('13.4 a queue that does not hold the record the outage began after says so: ANCHOR_MISMATCH', async () => {
  const line = await openLine()
  const seen = await line.sell('POS-0')
  line.down = true
  await line.sell('POS-1')
  const path = [...line.store.files.keys()].find((name) => name.endsWith('/episode.json')) as string
  const header = JSON.parse(new TextDecoder().decode(line.store.files.get(path))) as { anchorNumber: number; anchorHash: string }
  expect(seen).toMatchObject({ seq: header.anchorNumber, hash: header.anchorHash })
  line.down = false
  expect(await line.till.transfer()).toMatchObject({ status: 'transferred', breaks: [] })
  // The same till before a queue with another history, as after a restore.
  const other = await outage(1)
  const sale = { type: 'outage', episode: 'E-9', reason: 'unreachable', opened: '2026-11-23T10:00:00+01:00' }
  const told = await other.shop.ok({ ...sale, anchor: { seq: header.anchorNumber, hash: header.anchorHash } })
  expect(told.answer).toMatchObject({ anchorKnown: false })
  expect(told.records.map(({ type }) => type)).toEqual(['event', 'event'])
  expect(frenchOffline(cafe).knowsAnchor?.(JSON.parse(JSON.stringify(told)) as never)).toBe(false)
})

it('13.6 an episode sent again on order sells nothing twice, brings back what a restored queue lost, and is told by L 123', async () => {
  const line = await outage()
  await line.till.transfer()
  const episode = [...line.store.files.keys()].find((name) => name.endsWith('/episode.json'))?.slice(0, 36) as string
  const before = (await line.shop.records()).length
  expect(await line.till.resend(episode, 'contrôle', 'CHEF')).toMatchObject({ status: 'transferred', handed: 3, breaks: [] })
  const trail = await line.shop.trail(BigInt(before))
  expect(trail).toEqual(['L:123'])
  expect((await line.shop.records()).at(-1)?.payload).toMatchObject({
    info: 'Renvoi forcé de 3 reçus contrôle',
    operator: 'CHEF',
  })
  expect(await line.till.resend('0b0e7a52-6c0c-4a53-9a5f-3d4f7f0a9c11', 'x', 'CHEF')).toMatchObject({ status: 'refused' })
  // The same till's log before a queue that never saw the outage.
  const restored = await openShop()
  const till = await openTill({
    connect: () => Promise.resolve(connectQueue(restored.queue)),
    till: 'CAISSE-01',
    queue: restored.queue.id,
    rules: frenchOffline(cafe),
    clock: restored.clock,
    offline: { store: { ...line.store, lock: () => Promise.resolve(() => Promise.resolve()) }, probeMs: 0 },
  })
  const from = restored.queue.head().seq + 1n
  expect(await till.resend(episode, 'restauration', 'CHEF')).toMatchObject({ status: 'transferred', handed: 3 })
  expect(await restored.trail(from)).toEqual(['L:70', 'T:sale', 'T:sale', 'T:sale', 'L:123'])
})

it('13.5 a receipt a rule refuses is recorded as printed, with the refusal', async () => {
  const shop = await openShop()
  const degraded = {
    episode: 'E-1',
    seq: 1,
    counter: 7,
    localMoment: '2026-11-23T10:00:00+01:00',
    localHash: 'a'.repeat(64),
    integrity: 'ok',
  }
  const from = shop.queue.head().seq + 1n
  const forced = await shop.ok({ type: 'ticket', degraded, lines: [line(1000, 1234)], payments: [{ mode: 'CB', amount: 900 }] })
  expect(await shop.trail(from)).toEqual(['L:70', 'T:sale', 'L:90'])
  expect(forced.record.payload).toMatchObject({
    total: 1000,
    pay: { CB: 900 },
    degraded: { forced: { code: 'FR_VAT_RATE_UNKNOWN' } },
  })
  const broken = await shop.ok({
    type: 'ticket',
    degraded: { ...degraded, seq: 2 },
    lines: [{ label: 'x', total: '10.005', rateBp: 2000, colour: 'red' }],
    payments: 'lots',
  })
  expect(broken.record.payload).toMatchObject({ total: 1001, degraded: { forced: { code: 'REQUEST_INVALID' } } })
  // Priced by the piece: the sum the customer paid, not nothing.
  const priced = await shop.ok({
    type: 'ticket',
    key: 'PRICED',
    degraded: { ...degraded, seq: 4 },
    lines: [{ label: 'x', quantity: 3, unitPrice: '4.50', discount: 100, rateBp: 2000, colour: 'red' }],
    payments: [{ mode: 'ESP', amount: 1250 }],
  })
  expect(priced.record.payload).toMatchObject({
    total: 1250,
    pay: { ESP: 1250 },
    degraded: { forced: { code: 'REQUEST_INVALID' } },
  })
  const back = { label: 'x', quantity: -1, unitPrice: '4.50', discount: -33, rateBp: 2000 }
  const refund = { type: 'ticket', op: 'refund', reference: 'PRICED', lines: [back], payments: [{ mode: 'ESP', amount: -417 }] }
  for (let n = 0; n < 3; n++) await shop.ok(refund)
  expect(await shop.refused(refund)).toBe('FR_REFUND_EXCEEDS')
  const conflict = await shop.send({ type: 'ticket', degraded, lines: [line(5, 2000)], payments: [{ mode: 'CB', amount: 5 }] })
  expect(conflict).toMatchObject({ outcome: 'rejected', error: { code: 'OFFLINE_CONFLICT', national: 'FR_DEGRADED_CONFLICT' } })
  const own = await shop.ok({
    type: 'ticket',
    degraded: { ...degraded, seq: 3, conflictsWith: 'POS-9' },
    lines: [line(5, 2000)],
    payments: [{ mode: 'CB', amount: 5 }],
  })
  expect(own.records.map(({ type }) => type)).toEqual(['ticket', 'event'])
  // "Not now" is not overridden.
  const reject = await openShop({ dayRollover: 'reject' })
  await reject.sell([line(100, 2000)])
  reject.clock.set('2026-11-24T09:15:30.000Z')
  expect(await reject.refused({ type: 'ticket', degraded, lines: [line(5, 2000)], payments: [{ mode: 'CB', amount: 5 }] })).toBe(
    'FR_DAY_NOT_CLOSED',
  )
})

it('FR-61 a degraded receipt of a closed day counts in the open day and shows its own moment', async () => {
  const shop = await openShop()
  await shop.sell([line(100, 2000)])
  await shop.ok({ type: 'closing', kind: 'day' })
  shop.clock.set('2026-11-24T08:00:00.000Z')
  const degraded = {
    episode: 'E-1',
    seq: 1,
    counter: 7,
    localMoment: '2026-11-23T17:00:00+01:00',
    localHash: 'a'.repeat(64),
    integrity: 'ok',
  }
  const sale = await shop.ok({
    type: 'ticket',
    degraded,
    posMoment: '2026-11-23T17:00:00+01:00',
    lines: [line(700, 2000)],
    payments: [{ mode: 'CB', amount: 700 }],
  })
  expect((shop.totals() as unknown as { levels: { day: { totals: { ttc: number } } } }).levels.day.totals.ttc).toBe(700)
  expect(sale.print.some(({ text }) => text.includes('2026-11-23T17:00:00+01:00'))).toBe(true)
  expect((sale.record.payload as { request: { posMoment: string } }).request.posMoment).toBe('2026-11-23T17:00:00+01:00')
})

it('FR-62 late capture: a number once, lower numbers later are marked, unknown time is noon', async () => {
  const shop = await openShop()
  const late = (paperNumber: number, more: object = {}): object => ({
    type: 'ticket',
    lateCapture: { pad: 'BLOC-1', paperNumber, paperDate: '2026-11-20', reason: 'panne', capturedBy: 'OP-7', ...more },
    lines: [line(100, 2000)],
    payments: [{ mode: 'ESP', amount: 100 }],
  })
  const first = await shop.ok(late(12))
  expect(first.record.payload).toMatchObject({ late: { moment: '20261120120000' } })
  expect(first.print.some(({ text }) => text === 'SAISIE A POSTERIORI — ticket manuscrit BLOC-1/12 du 20/11/2026')).toBe(true)
  expect(await shop.refused(late(12))).toBe('FR_LATE_DUPLICATE')
  const lower = await shop.ok(late(11, { paperTime: '18:30' }))
  expect(lower.record.payload).toMatchObject({ late: { moment: '20261120183000', outOfOrder: true } })
  const events = (await shop.records()).filter(
    ({ body, payload }) => body.type === 'event' && (payload as { code: number }).code === 913,
  )
  expect(events.map(({ payload }) => (payload as { info: string }).info)).toEqual([
    'Saisie a posteriori du ticket BLOC-1/12',
    'Saisie a posteriori du ticket BLOC-1/11 hors ordre',
  ])
  expect(await shop.refused(late(13, { paperDate: '2026-11-24' }))).toBe('REQUEST_INVALID')
  expect(await shop.refused(late(13, { paperDate: '2025-10-01' }))).toBe('REQUEST_INVALID')
  await shop.ok(late(13, { paperDate: '2025-10-01', force: 'CHEF' }))
})

it('FR-46, FR-47 school mode off line neither begins an outage, nor spends its counter, nor prints a paper without FACTICE', async () => {
  const line = await openLine()
  line.down = true
  const training = { training: { responsible: 'CHEF' } }
  expect(await line.sell('X-1', 100, training)).toMatchObject({
    error: { code: 'OFFLINE_BLOCKED', national: 'FR_OFFLINE_BLOCKED' },
  })
  expect(line.store.files.size).toBe(0)
  expect(line.till.state).toBe('ONLINE')
  expect(await line.sell('POS-1')).toMatchObject({ outcome: 'provisional', number: 'D-CAISSE-01-1' })
  expect(await line.sell('X-2', 100, training)).toMatchObject({ outcome: 'rejected', error: { code: 'OFFLINE_BLOCKED' } })
  expect(await line.sell('POS-2')).toMatchObject({ outcome: 'provisional', number: 'D-CAISSE-01-2' })
})

it('FR-53, 12 sales made off line are real, though the queue stands in school mode when they come', async () => {
  const line = await outage(2)
  await line.shop.ok({ type: 'training', on: true, responsible: 'CHEF' })
  const from = line.shop.queue.head().seq + 1n
  expect(await line.till.transfer()).toMatchObject({ status: 'transferred', handed: 2 })
  expect(await line.shop.trail(from)).toEqual(['L:70', 'T:sale', 'T:sale', 'G:zero', 'L:120', 'L:125'])
  expect((line.shop.totals() as unknown as { perpetual: { alg: string } }).perpetual.alg).toBe('300')
  // Made on line it is a simulation again.
  await line.sell('POS-9')
  expect((await line.shop.trail(from)).length).toBe(7)
  expect((await line.shop.records()).at(-1)?.body.type).toBe('training')
})

it('11.5, 13.5 an invoice made off line for tickets it may not cover is recorded as printed and counts nothing twice', async () => {
  const line = await openLine()
  await line.sell('SALE', 1000)
  const customer = { name: 'A', address: 'B' }
  const invoice = { type: 'invoice', customer, covers: ['SALE'], payments: [] }
  await line.shop.ok({ ...invoice, lines: [lineOf(1000)] })
  line.down = true
  expect((await line.sell('INV', 1000, invoice)).outcome).toBe('provisional')
  line.down = false
  expect(await line.till.transfer()).toMatchObject({ status: 'transferred', handed: 1 })
  const [record] = (await line.shop.records()).filter(({ body }) => body.ref === 'INV')
  expect(record?.payload).toMatchObject({ counted: false, total: 1000, degraded: { forced: { code: 'FR_ALREADY_COVERED' } } })
  expect((line.shop.totals() as unknown as { perpetual: { alg: string; abs: string } }).perpetual).toMatchObject({
    alg: '1000',
    abs: '1000',
  })
  expect((await line.shop.queue.verify()).findings).toEqual([])
})

it('FR-50 a sale that breaks the rules begins no outage', async () => {
  const line = await openLine()
  line.down = true
  const outcome = await line.sell('POS-1', 100, { payments: [{ mode: 'ESP', amount: 90 }] })
  expect(outcome).toMatchObject({ outcome: 'rejected', error: { code: 'FR_SUM_MISMATCH' } })
  expect(line.store.files.size).toBe(0)
  expect(line.till.state).toBe('ONLINE')
})

it('13.5 what the queue would refuse for its form is refused off line too, before anybody takes it home', async () => {
  const line = await openLine()
  line.down = true
  expect((await line.sell('POS-1')).outcome).toBe('provisional')
  const customer = { name: 'A', address: 'B' }
  const refused: [string, object][] = [
    ['FR_SUM_MISMATCH', { type: 'invoice', customer, payments: [{ mode: 'CB', amount: 90 }] }],
    ['REQUEST_INVALID', { type: 'invoice', customer: { name: 'A' } }],
    ['REQUEST_INVALID', { op: 'refund', reference: 'POS-1' }],
    ['FR_PAYMENTS_FORBIDDEN', { type: 'note' }],
    ['FR_ITEMS_FORBIDDEN', { type: 'payment', op: 'cash-in', reason: 'x' }],
    ['REQUEST_INVALID', { type: 'payment', op: 'cash-out', reason: 'x', lines: [] }],
    ['REQUEST_INVALID', { type: 'payment', op: 'cash-in', lines: [] }],
  ]
  for (const [i, [code, more]] of refused.entries())
    expect(await line.sell(`BAD-${i}`, 100, more), code).toMatchObject({ outcome: 'rejected', error: { code } })
  const covering = { type: 'invoice', customer, covers: ['POS-1'], payments: [] }
  expect((await line.sell('INV', 100, covering)).outcome).toBe('provisional')
  line.down = false
  expect(await line.till.transfer()).toMatchObject({ status: 'transferred', handed: 2 })
  expect((await line.shop.trail()).filter((name) => name === 'L:90')).toEqual([])
})

it('7.5, 13.5 VAT the till supplied is printed off line and recorded, also where another rule is overridden', async () => {
  const line = await openLine()
  line.down = true
  const vat = [{ rateBp: 2000, amount: 166 }]
  const kept = await line.sell('POS-1', 999, { vat })
  const refund = { op: 'refund', reference: 'NOWHERE', vat: [{ rateBp: 2000, amount: -166 }] }
  const forced = await line.sell('POS-2', -999, refund)
  for (const outcome of [kept, forced])
    expect(outcome.outcome === 'provisional' && outcome.print.map(({ right }) => right)).toContain(
      outcome === kept ? '1,66' : '-1,66',
    )
  line.down = false
  expect(await line.till.transfer()).toMatchObject({ status: 'transferred', handed: 2 })
  const taxes = (await line.shop.records()).filter(({ body }) => body.type === 'ticket').map(({ payload }) => payload)
  expect(taxes).toMatchObject([{ tax: 166 }, { tax: -166, degraded: { forced: { code: 'FR_REFERENCE_UNKNOWN' } } }])
  expect((await line.shop.queue.verify()).findings).toEqual([])
})

it('13.2 an outage without a receipt is told like any other, with counts of nothing', async () => {
  const line = await openLine()
  line.down = true
  // The header is durable, the receipt is not.
  line.store.failAt(2, 'before')
  expect((await line.sell('POS-1')).outcome).not.toBe('provisional')
  line.store.failAt(undefined)
  line.down = false
  const from = line.shop.queue.head().seq + 1n
  expect(await line.till.transfer()).toMatchObject({ status: 'transferred', handed: 0, breaks: [] })
  expect(await line.shop.trail(from)).toEqual(['L:70', 'G:zero', 'L:120', 'L:125'])
  const zero = (await line.shop.records()).filter(({ body }) => body.type === 'closing').at(-1)
  expect(zero?.payload).toMatchObject({
    kind: 'zero',
    episode: { count: 0, lastHash: expect.stringMatching(/^[0-9a-f]{64}$/) as string },
  })
})

it('14 a number beyond the last of its pad is in order however early its date, one below is not; pads do not mix', async () => {
  const shop = await openShop()
  const late = async (pad: string, paperNumber: number, paperDate: string): Promise<boolean> => {
    const { record } = await shop.ok({
      type: 'ticket',
      lateCapture: { pad, paperNumber, paperDate, reason: 'panne', capturedBy: 'OP-7' },
      lines: [line(100, 2000)],
      payments: [{ mode: 'ESP', amount: 100 }],
    })
    return (record.payload as { late: { outOfOrder?: boolean } }).late.outOfOrder === true
  }
  expect(await late('A', 10, '2026-11-20')).toBe(false)
  expect(await late('A', 11, '2026-11-19')).toBe(false)
  expect(await late('B', 3, '2026-11-20')).toBe(false)
  expect(await late('A', 9, '2026-11-20')).toBe(true)
  expect(await late('B', 4, '2026-11-20')).toBe(false)
  expect(await late('A', 12, '2026-11-20')).toBe(false)
})

it('13.4 whatever member of a header, a receipt or its request is changed to whatever: the transfer ends, the others are sold', async () => {
  const values: readonly unknown[] = [null, 'x'.repeat(300), -1, [], {}, '2026-13-45T99:00:00Z', 1e12]
  const at = (line: Line, name: string): string => [...line.store.files.keys()].find((path) => path.endsWith(name)) as string
  const edit = (line: Line, path: string, work: (content: Record<string, unknown>) => void): void => {
    const content = JSON.parse(new TextDecoder().decode(line.store.files.get(path))) as Record<string, unknown>
    work(content)
    line.store.files.set(path, new TextEncoder().encode(JSON.stringify(content)))
  }
  const members = {
    header: ['opened', 'reason', 'counterStart', 'episode', 'till', 'anchorNumber', 'anchorHash', 'prevEpisodeHash'],
    receipt: ['counter', 'moment', 'seq', 'prev', 'hash', 'episode', 'seal'],
    request: ['type', 'key', 'lines', 'payments', 'posMoment', 'operatorId', 'degraded', 'op', 'training', 'seen'],
  }
  const bad: string[] = []
  for (const [where, names] of Object.entries(members)) {
    for (const [i, name] of names.entries()) {
      const value = values[i % values.length]
      for (const changed of [
        value,
        values[(i + 3) % values.length],
        ...(where === 'request' ? [values[(i + 5) % values.length]] : []),
      ]) {
        const line = await outage()
        edit(line, where === 'header' ? at(line, '/episode.json') : line.file(2), (content) => {
          if (where === 'request') (content['request'] as Record<string, unknown>)[name] = changed
          else content[name] = changed
        })
        const report = await line.till.transfer()
        const keys = (await line.shop.records()).filter(({ body }) => body.type === 'ticket').map(({ body }) => body.ref)
        if (report.status !== 'transferred-with-breaks' || !keys.includes('POS-1') || !keys.includes('POS-3'))
          bad.push(
            `${where}.${name} = ${JSON.stringify(changed).slice(0, 30)}: ${report.status} ${report.error?.code ?? ''} ${report.error?.message ?? ''} ${keys.join()}`,
          )
        await line.till.close()
        await line.shop.queue.close()
      }
    }
  }
  expect(bad).toEqual([])
}, 60_000)
