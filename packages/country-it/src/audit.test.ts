// The judge of a journal, with settings and without: nothing to find in what a device wrote, and every figure or number somebody changed.
import type { CountryAuditor, FiscalRecord, JsonObject } from '@sigillo/core'
import { describe, expect, it } from 'vitest'
import { italianAuditor } from './audit.js'
import { cash, line, openDevice, type TestDevice } from './device.fixture.js'

async function days(device: TestDevice, tills: readonly (string | undefined)[]): Promise<void> {
  for (const till of tills) {
    const where = till === undefined ? {} : { till }
    const sale = await device.sell([line(1220, 2200), line(300, 'N4')], [cash(1520)], where)
    await device.ok({ type: 'return', lines: [line(300, 'N4')], reference: { key: sale.key as string }, ...where })
  }
  await device.close()
  device.clock.step(86_400_000)
  await device.close()
  await device.sell([line(500, 400)], [cash(500)], tills[0] === undefined ? {} : { till: tills[0] })
  await device.close()
}

const judge = (auditor: CountryAuditor, records: readonly FiscalRecord[]): string[] =>
  records.flatMap((record) => auditor.next(record).map(({ seq, code, where }) => `#${seq} ${code} ${where}`))

// The record at `at` with its payload changed.
function changed(records: readonly FiscalRecord[], at: number, change: (payload: JsonObject) => JsonObject): FiscalRecord[] {
  return records.map((record, i) => (i === at ? { ...record, payload: change(record.payload as JsonObject) } : record))
}

describe('audit', () => {
  const shops = [
    ['a register', {}, [undefined]],
    ['a register with a past', { before: { z: 411, progressive: 900 }, defaultGroup: 2200 }, [undefined]],
    [
      'a server',
      { kind: 'serverRt', matricola: 'ZZSTT000001', tills: ['00010001', '00010002', '00010003'] },
      ['00010002', '00010001'],
    ],
  ] as const

  it.each(shops)('IT-33 %s: nothing is found in its journal, with its settings and without', async (_, options, tills) => {
    const device = await openDevice(options)
    await days(device, tills)
    const records = await device.records()
    const own = device.country.auditor?.() as CountryAuditor
    expect(judge(own, records)).toEqual([])
    expect(own.totals()).toEqual(device.queue.totals())
    expect(judge(italianAuditor(), records)).toEqual([])
  })

  it('IT-33 IT-34 without settings too a changed figure, a number left out and a document taken away are found', async () => {
    const device = await openDevice({ before: { z: 7, progressive: 3 } })
    await days(device, [undefined])
    const records = await device.records()
    const at = (type: string, n: number): number =>
      records.findIndex((one) => one === records.filter(({ body }) => body.type === type)[n])
    const closing = at('it.closing', 0)
    const seq = records[closing]?.body.seq
    const rows = (payload: JsonObject): JsonObject => ({ ...payload, rows: [] })
    expect(judge(italianAuditor(), changed(records, closing, rows))).toEqual([`#${seq} IT_FIGURES payload.rows`])
    const z = (payload: JsonObject): JsonObject => ({ ...payload, z: Number(payload['z']) + 1 })
    expect(judge(italianAuditor(), changed(records, closing, z))).toContain(`#${seq} IT_NUMBER payload.z`)
    const later = at('it.closing', 1)
    const skipped = (payload: JsonObject): JsonObject => ({ ...payload, progressive: Number(payload['progressive']) + 1 })
    expect(judge(italianAuditor(), changed(records, later, skipped))).toContain(
      `#${records[later]?.body.seq} IT_NUMBER payload.progressive`,
    )
    const without = records.filter((_, i) => i !== at('it.sale', 0))
    expect(judge(italianAuditor(), without)).toContain(`#${seq} IT_FIGURES payload.rows`)
  })

  it('names no device writes reach neither the state nor what every object has', async () => {
    const device = await openDevice()
    await days(device, [undefined])
    const records = await device.records()
    const sale = records.findIndex(({ body }) => body.type === 'it.sale')
    const hostile: ((payload: JsonObject) => JsonObject)[] = [
      (payload) => ({ ...payload, till: '__proto__' }),
      (payload) => ({ ...payload, groups: [{ group: '__proto__', gross: 1, sales: 1 }] as never }),
      (payload) => ({ ...payload, reference: { seq: '__proto__' } as never }),
    ]
    for (const change of hostile)
      for (const auditor of [italianAuditor(), device.country.auditor?.() as CountryAuditor])
        judge(auditor, changed(records, sale, change))
    expect(Object.keys(Object.prototype)).toEqual([])
    expect(({} as Record<string, unknown>)['n'] ?? ({} as Record<string, unknown>)['voided']).toBeUndefined()
  })
})
