// The receipt lottery: who takes part, batches, entries of returns and annulments, instant codes.
import { describe, expect, it } from 'vitest'
import { card, cash, line, openDevice, type TestDevice } from './device.fixture.js'
import { nextBatch } from './batches.js'
import { lotteryMessage } from './messages.js'
import type { LotteryPayload } from './payload.js'
import { withInstantCode } from './instant.js'

const code = { lotteryCode: 'abcd1234' }
const batch = async (device: TestDevice, lotteryLimit = 60_000): Promise<LotteryPayload | undefined> => {
  const items = await nextBatch(device.country.settings, device.state(), (seq) => device.queue.find(BigInt(seq)), {
    nowMs: device.clock.now(),
    lotteryLimit,
  })
  if (items === undefined) return undefined
  return (await device.ok({ type: 'lottery', items })).record.payload as unknown as LotteryPayload
}
// Ends the batch under way, as an operator may.
const finish = async (device: TestDevice): Promise<void> => {
  const { source } = device.state().outbox.find(({ lane }) => lane === 'lottery')!
  await device.ok({ type: 'transmission', op: 'made', of: source, sha256: 'a'.repeat(64) })
  const { made } = device.state().outbox.find((one) => one.source === source)!
  await device.ok({ type: 'outcome', of: made, result: 'recordedOutside' })
  device.clock.step(600_000)
}

describe('lottery', () => {
  it('IT-51 who takes part, with the reason kept', async () => {
    const device = await openDevice({ startsAs: 'IN_SERVIZIO', cashRounding: true })
    const of = async (amount: number, payments: readonly object[], more: object = code): Promise<unknown> =>
      (await device.sell([line(amount, 2200)], payments, more)).answer['lottery']
    const queued = { code: 'ABCD1234', queued: true }
    expect(await of(99, [card(99)])).toEqual({ code: 'ABCD1234', queued: false, reason: 'below-one-euro' })
    expect(await of(100, [card(100)])).toEqual(queued)
    expect(await of(500, [cash(500)])).toEqual(queued)
    expect(await of(500, [cash(200), card(300)])).toEqual(queued)
    expect(await of(500, [card(300), { kind: 'uncollected', of: 'goods', amount: 200 }])).toEqual(queued)
    expect(await of(500, [card(300), { kind: 'ticket', amount: 200, count: 1 }])).toEqual({
      code: 'ABCD1234',
      queued: false,
      reason: 'meal-voucher',
    })
    expect(await of(500, [card(500)], {})).toBeUndefined()
    expect(
      await device.refused({
        type: 'sale',
        lines: [line(500, 2200)],
        payments: [card(500)],
        ...code,
        customer: { vat: '01234567897' },
      }),
    ).toMatchObject({ code: 'IT_LOTTERY_EXCLUSIVE' })
    expect(device.state().lottery.counts['']).toMatchObject({ waiting: 4, excluded: 2 })
    const off = await openDevice({ lottery: false })
    expect((await off.sell([line(500, 2200)], [card(500)], code)).answer['lottery']).toEqual({
      code: 'ABCD1234',
      queued: false,
      reason: 'lottery-off',
    })
  })

  it('IT-52 250 documents of two tills and two days make files of at most 100, one till and one day each', async () => {
    const device = await openDevice({
      startsAs: 'IN_SERVIZIO',
      kind: 'serverRt',
      tills: ['00010001', '00010002'],
      matricola: 'ZZSTT000001',
    })
    for (let day = 0; day < 2; day++) {
      for (const [till, count] of [
        ['00010001', 105],
        ['00010002', 20],
      ] as const)
        for (let i = 0; i < count; i++) await device.sell([line(500, 2200)], [card(500)], { ...code, till })
      await device.ok({ type: 'closing' })
      device.clock.step(86_400_000)
    }
    const files: [string, string, number][] = []
    for (;;) {
      const made = await batch(device)
      if (made === undefined) break
      files.push([made.till, made.date, made.documents.length])
      expect(lotteryMessage(made, made.documents).length).toBeLessThanOrEqual(54_000)
      expect(await batch(device)).toBeUndefined()
      await finish(device)
    }
    expect(files).toEqual([
      ['00010001', '2026-11-20', 100],
      ['00010001', '2026-11-20', 5],
      ['00010002', '2026-11-20', 20],
      ['00010001', '2026-11-21', 100],
      ['00010001', '2026-11-21', 5],
      ['00010002', '2026-11-21', 20],
    ])
    expect(files.reduce((sum, [, , count]) => sum + count, 0)).toBe(250)
  })

  it('batches are halved until they fit the size limit', async () => {
    const device = await openDevice({ startsAs: 'IN_SERVIZIO' })
    for (let i = 0; i < 20; i++) await device.sell([line(500, 2200)], [card(500)], code)
    expect((await batch(device, 6000 + 2500))?.documents.length).toBe(5)
    expect(await device.refused({ type: 'lottery', items: [1, 2] })).toMatchObject({ code: 'IT_LOTTERY_BATCH' })
  })

  it('IT-54 an annulment or return of a lottery document is sent with the original’s moment, number, device and till', async () => {
    const device = await openDevice({ startsAs: 'IN_SERVIZIO' })
    const [a, b] = [
      await device.sell([line(500, 2200)], [card(500)], code),
      await device.sell([line(900, 2200)], [card(900)], code),
    ]
    device.clock.step(60_000)
    await device.ok({ type: 'void', reference: { key: a.key } })
    await device.ok({ type: 'return', lines: [line(300, 2200)], reference: { key: b.key } })
    await device.ok({
      type: 'void',
      lines: [line(700, 2200)],
      reference: { matricola: '99SEA004010', till: '00010001', z: 7, n: 8, date: '2026-11-19' },
      ...code,
    })
    const made = await batch(device)
    expect(made!.documents.slice(2)).toMatchObject([
      {
        code: 'ABCD1234',
        number: '0001-0003',
        amount: 500,
        back: { kind: 'A', moment: '2026-11-20T10:12:13+01:00', number: '0001-0001', matricola: 'ZZITT000001', till: '' },
      },
      { code: 'ABCD1234', number: '0001-0004', amount: 300, back: { kind: 'R', number: '0001-0002' } },
      {
        number: '0001-0005',
        amount: 700,
        back: { kind: 'A', moment: '2026-11-19T00:00:00', number: '0007-0008', matricola: '99SEA004010', till: '00010001' },
      },
    ])
  })

  it('IT-55 payments of an entry add up to its amount, discount at payment and rounding taken off', async () => {
    const device = await openDevice({ startsAs: 'IN_SERVIZIO', cashRounding: true })
    await device.sell(
      [line(1000, 2200)],
      [card(400), cash(300), { kind: 'uncollected', of: 'services', amount: 200 }, { kind: 'discountAtPayment', amount: 100 }],
      code,
    )
    await device.sell([line(1002, 2200)], [cash(1000)], code)
    await device.sell([line(1003, 2200)], [cash(1005)], code)
    const documents = (await batch(device))!.documents
    expect(documents.map(({ amount }) => amount)).toEqual([900, 1000, 1003])
    for (const { amount, sale } of documents) expect(sale!.reduce((sum, part) => sum + part.amount, 0)).toBe(amount)
    expect(documents[0]!.sale).toEqual([
      { type: 'PC', amount: 300 },
      { type: 'PE', amount: 400 },
      { type: 'NR', amount: 200 },
    ])
  })

  it('IT-56 an eligible document takes one instant code, prints and keeps it; an empty source gives a document without', async () => {
    const device = await openDevice({ startsAs: 'IN_SERVIZIO' })
    const stock = ['CODE-1', 'CODE-2']
    const source = { take: async () => stock.shift() }
    const sell = async (payments: readonly object[], more: object = {}): Promise<unknown[]> => {
      const request = await withInstantCode(
        device.country,
        { type: 'sale', key: `I-${Math.random()}`, lines: [line(500, 2200)], payments, ...more },
        source,
      )
      return (await device.ok(request)).print.filter(({ kind }) => kind === 'qr').map(({ text }) => text)
    }
    expect(await sell([cash(500)])).toEqual([])
    expect(await sell([card(500)], { customer: { vat: '01234567897' } })).toEqual([])
    expect(stock).toHaveLength(2)
    expect(await sell([card(500)], code)).toEqual(['CODE-1'])
    expect(await sell([card(500)])).toEqual(['CODE-2'])
    expect(await sell([card(500)])).toEqual([])
    expect((await device.records('it.sale')).map(({ payload }) => (payload as { instant?: string }).instant)).toEqual([
      undefined,
      undefined,
      'CODE-1',
      'CODE-2',
      undefined,
    ])
  })
})
