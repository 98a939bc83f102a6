// The emergency register on its way to the portal.
import { createHash } from 'node:crypto'
import { expect, it } from 'vitest'
import { cash, line, openDevice } from './device.fixture.js'
import { emergencyCsv } from './emergency.js'

it('IT-82 the register is exported row by row, ends with its own digest, and is in no closing', async () => {
  const device = await openDevice({ startsAs: 'IN_SERVIZIO' })
  await device.sell([line(100, 2200)], [cash(100)])
  await device.ok({ type: 'life', to: 'FUORI_SERVIZIO', by: 'portal' })
  await device.ok({
    type: 'emergency',
    lines: [line(1220, 2200, { description: '=SUM("a";b)' }), line('-1.00', 2200, { kind: 'discount' }), line(300, 'N4')],
    payments: [cash(1000), { kind: 'uncollected', of: 'services', amount: 420 }],
    paper: '12',
    date: '2026-11-19',
  })
  const text = await emergencyCsv(device.queue.records())
  const rows = text.split('\r\n')
  expect(rows.slice(1, -2).map((row) => row.split(';').slice(5).join(';'))).toEqual([
    expect.stringContaining('sale;"\'=SUM(""a"";b)";12,20;22,00;;;'),
    '2;discount;Articolo;-1,00;22,00;;;',
    '3;sale;Articolo;3,00;;N4;;',
    '4;pagamento;;10,00;;;;cash',
    '5;pagamento;;4,20;;;;uncollected:services',
  ])
  expect(rows[1]).toMatch(/^1;2026-11-20T10:12:1\d\+01:00;2026-11-19;;12;1;/)
  const end = text.lastIndexOf('#sha256=')
  expect(text.slice(end)).toBe(`#sha256=${createHash('sha256').update(text.slice(0, end)).digest('hex')}\r\n`)
  expect((await device.close()).totals).toEqual({ documents: 1, cash: 100 })
})
