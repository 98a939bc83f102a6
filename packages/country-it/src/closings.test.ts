// Numbers, closings, clock and crashes.
import { createQueue, openQueue, type Queue } from '@sigillo/core'
import { softwareSigner } from '@sigillo/signer-software'
import { faultyStorage, fixedClock, memoryStorage } from '@sigillo/testing'
import { describe, expect, it } from 'vitest'
import { card, cash, line, openDevice, shop, type TestDevice } from './device.fixture.js'
import { italy } from './italy.js'
import { receiptsMessage } from './messages.js'
import type { ClosingPayload, DocumentPayload } from './payload.js'
import { statusOf } from './status.js'
import { dateTime, instantOf, openZone } from './time.js'

const ok = [line(1000, 2200)]
const sell = (device: TestDevice): Promise<unknown> => device.sell(ok, [cash(1000)])
const rome = openZone('Europe/Rome')

describe('closings', () => {
  it('IT-34 numbers run from 0001 per period and restart; a failure anywhere around the append leaves neither gap nor duplicate', async () => {
    for (const fault of ['before', 'after'] as const) {
      for (let at = 1; at <= 6; at++) {
        const store = memoryStorage()
        const storage = faultyStorage(store)
        const clock = fixedClock('2026-11-20T09:00:00.000Z')
        const signer = await softwareSigner()
        const country = italy(shop)
        let queue: Queue = await createQueue({ country, storage, signer, clock })
        storage.fail({ method: 'append', nth: at, when: fault })
        const requests = [1, 2, 3].flatMap((i) => [
          { type: 'sale', key: `S${i}a`, lines: ok, payments: [cash(1000)] },
          { type: 'sale', key: `S${i}b`, lines: ok, payments: [cash(1000)] },
          { type: 'closing', key: `C${i}` },
        ])
        for (const request of requests) {
          for (let tries = 0; tries < 5; tries++) {
            const outcome = await queue.record(request)
            if (outcome.outcome === 'registered') break
            await queue.close().catch(() => undefined)
            queue = await openQueue({ country, storage: store, signer, clock })
          }
        }
        const numbers: string[] = []
        for await (const { body, payload } of queue.records()) {
          if (body.type === 'it.sale')
            numbers.push(`${(payload as unknown as DocumentPayload).z}-${(payload as unknown as DocumentPayload).n}`)
          if (body.type === 'it.closing')
            numbers.push(`Z${(payload as unknown as ClosingPayload).z}/${(payload as unknown as ClosingPayload).progressive}`)
        }
        expect(numbers, `${fault} ${at}`).toEqual(['1-1', '1-2', 'Z1/1', '2-1', '2-2', 'Z2/2', '3-1', '3-2', 'Z3/3'])
        await queue.close()
      }
    }
  })

  it('IT-35 zero closing, two on one day, one after midnight for the evening, inactivity: consecutive numbers', async () => {
    const device = await openDevice({ graceMinutes: 120 }, { at: '2026-12-30T19:00:00.000Z' })
    await sell(device)
    const first = await device.close()
    const zero = await device.close()
    expect(zero).toMatchObject({ kind: 'zero', rows: [{ group: 'N4', amount: 0, partial: 0 }], totals: { documents: 0 } })
    await sell(device)
    device.clock.set('2026-12-30T23:32:00.000Z')
    await device.sell(ok, [cash(1000)])
    const night = await device.close()
    expect(night).toMatchObject({ moment: '2026-12-31T00:32:00+01:00', totals: { documents: 2 } })
    device.clock.set('2027-01-02T05:26:37.000Z')
    expect(statusOf(device.country.settings, device.state(), device.clock.now()).inactivity).toEqual({
      from: '2027-01-01',
      to: '2027-01-01',
    })
    const idle = (await device.ok({ type: 'inactivity' })).record.payload as unknown as ClosingPayload
    expect(idle).toMatchObject({
      kind: 'inactive',
      moment: '2027-01-02T06:26:37+01:00',
      inactive: { from: '2027-01-01T00:00:00+01:00', to: '2027-01-01T23:59:59+01:00' },
      totals: { documents: 0 },
    })
    expect([first, zero, night, idle].map(({ progressive, z }) => [progressive, z])).toEqual([
      [1, 1],
      [2, 2],
      [3, 3],
      [4, 4],
    ])
    expect(new TextDecoder().decode(receiptsMessage(idle))).toContain(
      '<PeriodoInattivo><Dal>2027-01-01T00:00:00+01:00</Dal><Al>2027-01-01T23:59:59+01:00</Al></PeriodoInattivo><DataOraRilevazione>',
    )
  })

  it('a period still open on another local day is closed before the next document', async () => {
    const device = await openDevice({ graceMinutes: 60 }, { at: '2026-11-20T21:00:00.000Z' })
    await sell(device)
    device.clock.set('2026-11-20T23:59:00.000Z')
    expect(((await device.sell(ok, [cash(1000)])).answer as { document: string }).document).toBe('0001-0002')
    device.clock.set('2026-11-21T00:00:00.000Z')
    const next = await device.sell(ok, [cash(1000)])
    expect(next.answer).toMatchObject({ document: '0002-0001' })
    expect(next.records.map(({ type }) => type)).toEqual(['it.closing', 'it.sale', 'sys.checkpoint'])
    expect((await device.records('it.closing'))[0]!.payload).toMatchObject({
      automatic: true,
      totals: { documents: 2 },
      moment: '2026-11-21T01:00:00+01:00',
    })
  })

  it('IT-36 inactivity over days and over both changes of the clock; overlap, order and open periods are refused', async () => {
    for (const [closed, today, from, to] of [
      ['2026-10-23T18:00:00.000Z', '2026-10-27T08:00:00.000Z', '2026-10-24T00:00:00+02:00', '2026-10-26T23:59:59+01:00'],
      ['2027-03-26T18:00:00.000Z', '2027-03-29T08:00:00.000Z', '2027-03-27T00:00:00+01:00', '2027-03-28T23:59:59+02:00'],
    ] as const) {
      const device = await openDevice({}, { at: closed })
      await sell(device)
      expect(await device.refused({ type: 'inactivity' })).toMatchObject({ code: 'IT_PERIOD_OPEN' })
      await device.close()
      device.clock.set(today)
      const day = today.slice(0, 10)
      for (const bad of [
        { from: closed.slice(0, 10) },
        { to: day },
        { from: day, to: day },
        { from: '2027-01-02', to: '2027-01-01' },
        { from: '2026-02-30', to: day },
      ]) {
        expect(await device.refused({ type: 'inactivity', ...bad })).toMatchObject({ code: 'IT_INACTIVITY' })
      }
      expect((await device.ok({ type: 'inactivity' })).record.payload).toMatchObject({ inactive: { from, to } })
      expect(await device.refused({ type: 'inactivity' })).toMatchObject({ code: 'IT_INACTIVITY' })
    }
  })

  it('IT-37 with 13 days off the event 00608 is offered, with 12 it is not', async () => {
    const device = await openDevice()
    await sell(device)
    await device.close()
    const { made: _none, source } = device.state().outbox[0]!
    await device.ok({ type: 'transmission', op: 'made', of: source, sha256: 'a'.repeat(64) })
    const { made } = device.state().outbox[0]!
    await device.ok({ type: 'transmission', op: 'attempt', of: made })
    await device.ok({ type: 'outcome', of: made, result: 'accepted', operation: 'X' })
    const offered = (days: number): unknown =>
      statusOf(device.country.settings, device.state(), device.clock.now() + (days + 1) * 86_400_000).offeredEvent
    expect([offered(12), offered(13)]).toEqual([undefined, { event: 'FUORI_SERVIZIO', code: '00608' }])
  })

  it('IT-38 a clock set back 3 minutes is refused; 1 minute is tolerated, shown as the last moment and a second, and journalled', async () => {
    const device = await openDevice()
    await sell(device)
    device.clock.step(-180_000)
    expect(await device.refused({ type: 'sale', lines: ok, payments: [cash(1000)] })).toMatchObject({ code: 'IT_CLOCK' })
    expect(await device.refused({ type: 'closing' })).toMatchObject({ code: 'IT_CLOCK' })
    device.clock.step(120_000)
    const late = await device.sell(ok, [cash(1000)])
    expect(late.record.payload).toMatchObject({ moment: '2026-11-20T10:12:14+01:00' })
    expect(late.record.body.tsBack).toBe(60_000)
  })

  it('IT-14 date-times carry the offset of that instant, on both days of the change too', () => {
    expect(dateTime(rome, Date.parse('2026-10-25T00:59:59Z'))).toBe('2026-10-25T02:59:59+02:00')
    expect(dateTime(rome, Date.parse('2026-10-25T01:00:00Z'))).toBe('2026-10-25T02:00:00+01:00')
    expect(dateTime(rome, Date.parse('2027-03-28T00:59:59Z'))).toBe('2027-03-28T01:59:59+01:00')
    expect(dateTime(rome, Date.parse('2027-03-28T01:00:00Z'))).toBe('2027-03-28T03:00:00+02:00')
    for (let ms = Date.parse('2026-10-24T20:00:00Z'); ms < Date.parse('2026-10-25T06:00:00Z'); ms += 600_000)
      expect(Date.parse(dateTime(rome, ms))).toBe(ms)
    expect(instantOf(rome, '2026-10-25T00:00:00')).toBe(Date.parse('2026-10-24T22:00:00Z'))
  })

  it('IT-39 document 9999 forces a closing before the next; Z 9970 warns; Z 9999 stops new periods', async () => {
    const device = await openDevice({ before: { z: 9968, progressive: 12_000 } })
    await sell(device)
    // The period is filled by folding what the journal would hold: nine thousand sales are the long test's.
    ;(device.state().tills[''] as { n: number }).n = 9999
    const forced = await device.sell(ok, [cash(1000)])
    expect(forced.records.map(({ type }) => type)).toEqual(['it.closing', 'it.sale', 'sys.checkpoint'])
    expect(forced.answer).toMatchObject({ document: '9970-0001', warnings: ['IT_Z_NEAR_END'] })
    expect(await device.close()).toMatchObject({ z: 9970, progressive: 12_002, warnings: ['IT_Z_NEAR_END'] })
    const last = await openDevice({ before: { z: 9998 } })
    await sell(last)
    expect(await last.close()).toMatchObject({ z: 9999 })
    expect(await last.refused({ type: 'sale', lines: ok, payments: [cash(1000)] })).toMatchObject({ code: 'IT_Z_EXHAUSTED' })
    expect(await last.refused({ type: 'closing' })).toMatchObject({ code: 'IT_Z_EXHAUSTED' })
  })

  it('IT-80 an undeclared terminal warns; the month’s reconciliation lists differences beyond the tolerance', async () => {
    const { reconcile, posLinksCsv } = await import('./status.js')
    const device = await openDevice()
    const paid = await device.sell(ok, [card(1000, { posId: 'POS-7' })])
    expect(paid.answer).toMatchObject({ warnings: ['IT_POS_UNDECLARED'] })
    await device.ok({ type: 'posLink', posId: 'POS-7', localUnitAddress: 'Via "Roma"; 1', validFrom: '2026-01-01' })
    expect((await device.sell(ok, [card(1000, { posId: 'POS-7' })])).answer).toMatchObject({ warnings: ['IT_POS_UNDECLARED'] })
    await device.ok({
      type: 'posLink',
      posId: 'POS-7',
      localUnitAddress: 'Via "Roma"; 1',
      validFrom: '2026-01-01',
      declaredOnPortalAt: '2026-03-10',
    })
    expect((await device.sell(ok, [card(1000, { posId: 'POS-7' })])).answer['warnings']).toBeUndefined()
    expect(reconcile(device.state(), '2026-11', { 'POS-7': 3150, 'POS-8': 1 })).toEqual([
      { posId: 'POS-7', documents: 3000, terminal: 3150, differs: false },
      { posId: 'POS-8', documents: 0, terminal: 1, differs: true },
    ])
    expect(reconcile(device.state(), '2026-11', { 'POS-7': 3160 })).toMatchObject([{ differs: true }])
    expect(posLinksCsv(device.country.settings, device.state())).toContain(
      'POS-7;;ZZITT000001;;"Via ""Roma""; 1";2026-01-01;;2026-03-10\r\n',
    )
  })

  it('the state restored from a snapshot is the state folded from the journal', async () => {
    const device = await openDevice()
    await sell(device)
    await device.close()
    await sell(device)
    const before = JSON.stringify(device.state())
    await device.reopen()
    expect(JSON.stringify(device.state())).toBe(before)
  })
})
