// Corners of the rules that a second reading of 8 to 11, 14 and 16.6 asked about: each must hold through the public way in.
import { describe, expect, it } from 'vitest'
import { classify } from './classify.js'
import { card, cash, line, openDevice } from './device.fixture.js'
import { readLines } from './lines.js'
import { statusOf } from './status.js'

const ok = [line(1220, 2200)]
const DAY = 86_400_000

describe('opening a period', () => {
  it('IT-39 after closing 9999 no period opens, not even an empty one', async () => {
    const device = await openDevice({ before: { z: 9999 } })
    expect(await device.refused({ type: 'open' })).toMatchObject({ code: 'IT_Z_EXHAUSTED' })
    expect(device.state().tills['']!.openedDate).toBe('')
  })

  it('a tampered device and a full memory open no period', async () => {
    const device = await openDevice()
    await device.ok({ type: 'memory', percent: 100 })
    expect(await device.refused({ type: 'open' })).toMatchObject({ code: 'IT_MEMORY_FULL' })
    await device.ok({ type: 'memory', percent: 10 })
    await device.ok({ type: 'tamper', reason: 'lid' })
    expect(await device.refused({ type: 'open' })).toMatchObject({ code: 'IT_TAMPERED' })
  })

  it('IT-21 a certificate that ends while the period is open does not stop its first document', async () => {
    const device = await openDevice()
    await device.ok({ type: 'open' })
    device.state().certificate = { notAfter: device.clock.now() + 1000, sha256: '' }
    device.clock.step(60_000)
    await device.sell(ok, [cash(1220)])
    await device.close()
    expect(await device.refused({ type: 'open' })).toMatchObject({ code: 'IT_CERT_EXPIRED' })
    expect(await device.refused({ type: 'sale', lines: ok, payments: [cash(1220)] })).toMatchObject({ code: 'IT_CERT_EXPIRED' })
  })
})

describe('returns', () => {
  const back = (key: string | undefined, amount: number, payments?: object[], more: object[] = []): object => ({
    type: 'return',
    reference: { key },
    lines: [line(amount, 2200), ...more],
    ...(payments && { payments }),
  })

  it('IT-58 what was left open is taken back once, over all returns together', async () => {
    const device = await openDevice()
    const services = (amount: number): object => ({ kind: 'uncollected', of: 'services', amount })
    const sale = await device.sell([line(10_000, 2200)], [services(5000), cash(5000)])
    await device.ok(back(sale.key, 5000, [services(5000)]))
    expect(await device.refused(back(sale.key, 5000, [services(5000)]))).toMatchObject({ code: 'IT_PAYMENTS', path: 'payments' })
    await device.ok(back(sale.key, 5000))
    const { accumulators } = await device.close()
    expect(accumulators['2200']).toMatchObject({ sales: 10_000, returns: 10_000, services: 0 })
  })

  it('IT-58 no more gifts or redemptions come back than the sale had', async () => {
    const device = await openDevice()
    const sale = await device.sell(
      [line(10_000, 2200), line(2000, 2200, { kind: 'gift' }), line(3000, 2200, { kind: 'depositRedeemed' })],
      [cash(5000)],
    )
    for (const kind of ['gift', 'depositRedeemed', 'singleUseVoucherRedeemed']) {
      expect(await device.refused(back(sale.key, 5000, undefined, [line(3001, 2200, { kind })])), kind).toMatchObject({
        code: 'IT_RETURN_EXCEEDS',
        path: 'lines',
      })
    }
    await device.ok(back(sale.key, 4000, undefined, [line(2000, 2200, { kind: 'depositRedeemed' })]))
    expect(await device.refused(back(sale.key, 4000, undefined, [line(1001, 2200, { kind: 'depositRedeemed' })]))).toMatchObject({
      code: 'IT_RETURN_EXCEEDS',
    })
    await device.ok(
      back(sale.key, 6000, undefined, [line(2000, 2200, { kind: 'gift' }), line(1000, 2200, { kind: 'depositRedeemed' })]),
    )
    const { accumulators } = await device.close()
    expect(accumulators['2200']).toMatchObject({ returns: 10_000, gifts: 0, suspended: 0 })
  })
})

it('IT-28 a discount on everything does not depend on the order of lines, with activity codes too', () => {
  const rules = { rates: [2200], activityCodes: true }
  const lines = [101, 202].map((activity) => line(1000, 2200, { activity }))
  const off = line(1, 2200, { kind: 'discount', rateBp: undefined })
  const split = (order: object[]): object => readLines([...order, off] as Parameters<typeof readLines>[0], rules).groups
  expect(split(lines)).toEqual(split([...lines].reverse()))
})

it('IT-32 lines of nothing do not use up the rows of a period', async () => {
  const extraRates = Array.from({ length: 45 }, (_, i) => 3000 + i)
  const device = await openDevice({ extraRates })
  for (const rate of extraRates.slice(0, 5)) await device.sell([line(0, rate)], [])
  await device.sell(
    extraRates.slice(5).map((rate) => line(100, rate)),
    [cash(4000)],
  )
  expect(await device.refused({ type: 'sale', lines: [line(1, 2200)], payments: [cash(1)] })).toMatchObject({
    code: 'IT_TOO_MANY_GROUPS',
  })
  expect((await device.close()).rows).toHaveLength(40)
})

it('IT-80 a terminal whose link has ended, or has not begun, is not declared', async () => {
  const device = await openDevice()
  const pay = async (posId: string): Promise<readonly string[]> =>
    ((await device.sell(ok, [card(1220, { posId })])).record.payload as { warnings: string[] }).warnings
  const link = { type: 'posLink', localUnitAddress: 'Via Roma 1', declaredOnPortalAt: '2026-03-10' }
  await device.ok({ ...link, posId: 'OLD', validFrom: '2026-01-01', validTo: '2026-11-19' })
  await device.ok({ ...link, posId: 'LAST', validFrom: '2026-01-01', validTo: '2026-11-20' })
  await device.ok({ ...link, posId: 'NEXT', validFrom: '2026-11-21' })
  await device.ok({ ...link, posId: 'PLAIN', validFrom: '2026-01-01', declaredOnPortalAt: undefined })
  expect(await pay('OLD')).toEqual(['IT_POS_UNDECLARED'])
  expect(await pay('LAST')).toEqual([])
  expect(await pay('NEXT')).toEqual(['IT_POS_UNDECLARED'])
  expect(await pay('PLAIN')).toEqual(['IT_POS_UNDECLARED'])
  device.clock.step(DAY)
  expect(await pay('LAST')).toEqual(['IT_POS_UNDECLARED'])
  expect(await pay('NEXT')).toEqual([])
})

it('IT-36 days out of service are not reported as inactivity', async () => {
  const device = await openDevice({ startsAs: 'IN_SERVIZIO' })
  await device.sell(ok, [cash(1220)])
  await device.close()
  device.clock.step(3 * DAY)
  await device.ok({ type: 'life', to: 'FUORI_SERVIZIO', by: 'portal' })
  device.clock.step(4 * DAY)
  expect(statusOf(device.country.settings, device.state(), device.clock.now()).inactivity).toEqual({
    from: '2026-11-21',
    to: '2026-11-22',
  })
  expect(await device.refused({ type: 'inactivity', to: '2026-11-23' })).toMatchObject({ code: 'IT_INACTIVITY' })
  const { record } = await device.ok({ type: 'inactivity' })
  expect(record.payload).toMatchObject({
    inactive: { from: '2026-11-21T00:00:00+01:00', to: '2026-11-22T23:59:59+01:00' },
  })
})

it('IT-20 a new owner is not activated while the former one’s period is open', async () => {
  const device = await openDevice()
  await device.sell(ok, [cash(1220)])
  expect(await device.refused({ type: 'life', to: 'DISATTIVATO', by: 'portal' })).toMatchObject({ code: 'IT_PERIOD_OPEN' })
  await device.close()
  await device.ok({ type: 'life', to: 'DISATTIVATO', by: 'portal' })
})

it('16.3 only what was refused can be released: nothing that may still arrive leaves the outbox unsent', async () => {
  const device = await openDevice()
  await device.sell(ok, [cash(1220)])
  const closing = await device.ok({ type: 'closing' })
  await device.ok({
    type: 'transmission',
    op: 'made',
    of: Number(closing.record.body.seq),
    progressive: 1,
    sha256: 'a'.repeat(64),
  })
  const of = device.state().outbox[0]!.made
  expect(await device.refused({ type: 'outcome', of, result: 'released', operator: 'Anna' })).toMatchObject({
    code: 'IT_MESSAGE',
  })
  await device.ok({ type: 'outcome', of, result: 'recordedOutside', operator: 'Anna' })
})

it('IT-61 an amount that is no number is refused at its path', async () => {
  const device = await openDevice()
  for (const amount of [Number.NaN, Infinity, 12.5, '1.005', 1e15]) {
    const refused = await device.refused({ type: 'sale', lines: [line(amount, 2200)], payments: [cash(100)] })
    expect(refused.path, String(amount)).toBe('lines[0].amount')
  }
})

it('IT-41 an answer whose signature is wrong says nothing, whatever the status beside it', () => {
  const body = new TextEncoder().encode(
    '<n:EsitoOperazione xmlns:n="http://ivaservizi.agenziaentrate.gov.it/docs/xsd/corrispettivi/v1.0"><IdOperazione>1</IdOperazione></n:EsitoOperazione>',
  )
  const verdict = { ok: false, code: 'XML_SIGNATURE', message: 'x' } as never
  const common = { lane: 'receipts', what: '', doubt: false, verdict } as const
  for (const status of [200, 403, 406, 409, 500])
    expect(classify({ ...common, status, body }), String(status)).toMatchObject({ result: 'unknown' })
  expect(classify({ ...common, status: 403, body: new Uint8Array() })).toMatchObject({ result: 'rejected', class: 'state' })
})
