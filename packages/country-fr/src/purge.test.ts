import { canonical, type FiscalRecord } from '@sigillo/core'
import { expect, it } from 'vitest'
import { createArchive } from './archive/create.js'
import { isPurgeable } from './purgeable.js'
import { line, openShop, printed, type Shop } from './shop.fixture.js'

async function twoYears(): Promise<{ shop: Shop; to: number; seq: number }> {
  const shop = await openShop()
  const day = async (n: number): Promise<void> => {
    const sale = await shop.sell([line(1200 + n, 2000), line(420, 550)])
    await shop.ok({ type: 'copy', reference: sale.key, reason: 'client' })
    await shop.ok({
      type: 'ticket',
      op: 'refund',
      reference: sale.key,
      lines: [line(-420, 550, { quantity: '-1' })],
      payments: [{ mode: 'ESP', amount: -420 }],
    })
    await shop.ok({ type: 'payment', op: 'cash-in', reason: 'fond', payments: [{ mode: 'ESP', amount: 100 }] })
    await shop.ok({
      type: 'ticket',
      training: { responsible: 'CHEF' },
      lines: [line(100, 2000)],
      payments: [{ mode: 'ESP', amount: 100 }],
    })
    await shop.ok({
      type: 'ticket',
      lateCapture: { pad: 'B', paperNumber: n + 1, paperDate: n < 3 ? '2026-11-20' : '2037-01-31', reason: 'x', capturedBy: 'y' },
      lines: [line(50, 1000)],
      payments: [{ mode: 'ESP', amount: 50 }],
    })
    await shop.ok({ type: 'closing', kind: 'day' })
    shop.clock.step(86_400_000)
  }
  await day(0)
  // Told by event 255, which may be purged.
  await shop.reopen({ options: { software: { name: 'Sigillo Caisse', version: '2.4.0' } } })
  await day(1)
  const { manifest, manifestSha256, record } = await createArchive(shop.queue, shop.country, {
    key: 'A',
    operatorId: 'OP',
    posMoment: new Date(shop.clock.now()).toISOString(),
  })
  await day(2)
  await shop.ok({ type: 'event', code: 440, data: { archive: 1, medium: 'disque', sha256: 'b'.repeat(64) } })
  shop.clock.set('2037-02-01T09:00:00.000Z')
  const partial = await shop.ok({
    type: 'purge',
    scope: 'events',
    archives: [{ number: 1, manifest: manifestSha256 }],
    manager: 'CHEF',
  })
  expect(partial.record.payload).toMatchObject({ code: 205, data: { from: 0, to: manifest.to } })
  await shop.ok({ type: 'purge', archives: [{ number: 1, manifest: manifestSha256 }], manager: 'CHEF' })
  await day(3)
  await shop.sell([line(777, 2000)])
  return { shop, to: manifest.to, seq: record.body.seq }
}

it('FR-68 after a purge closings, archives and kept events remain; totals, the fold and the judge go on', async () => {
  const { shop, to } = await twoYears()
  const whole = await shop.records()
  const kept914 = { type: 'event', x: { ds: '1,914,x,20260101000000,OP,CAISSE,N,' } }
  expect([
    isPurgeable(kept914),
    isPurgeable({ type: 'event', x: { ds: '1,901,x,20260101000000,OP,CAISSE,N,' } }),
    isPurgeable({ type: 'event', x: { ds: '?' } }),
  ]).toEqual([false, true, false])
  const stubs = whole.map((record) =>
    record.body.seq <= to && isPurgeable(record.body)
      ? { body: record.body, payload: null, sig: record.sig, hash: record.hash }
      : record,
  )
  expect(stubs.filter(({ payload }) => payload === null).length).toBeGreaterThan(10)
  const state = shop.country.initial()
  const auditor = shop.country.auditor?.()
  const findings: string[] = []
  for (const record of stubs) {
    findings.push(...(auditor?.next(record) ?? []).map(({ code, seq }) => `${code} ${seq}`))
    shop.country.fold(state, record)
  }
  expect(findings).toEqual([])
  expect(canonical(shop.country.totals(state))).toBe(canonical(shop.totals()))
  const kept = stubs.filter(({ payload, body }) => payload !== null && body.seq <= to).map(({ body }) => body.type)
  expect(new Set(kept)).toEqual(new Set(['sys.genesis', 'sys.open', 'closing', 'event', 'sys.checkpoint']))
  const gone = stubs.find(({ payload }) => payload === null) as FiscalRecord
  expect(
    shop.country
      .print(gone)
      .map(({ text }) => text)
      .join(),
  ).toMatch(/purgé/)
  expect(printed(await shop.sell([line(1, 2000)]))).toContain('TOTAL TTC')
})

it('16 a purged original cannot be refunded or copied', async () => {
  const { shop, to } = await twoYears()
  const state = shop.country.restore(JSON.parse(JSON.stringify(shop.totals())) as never)
  expect(Object.keys(state.marks).every((seq) => Number(seq) > to)).toBe(true)
})
