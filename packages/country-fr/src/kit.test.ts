// France passes the kit every country passes.
import { countryKit } from '@sigillo/testing'
import { describe, it } from 'vitest'
import { france } from './france.js'
import { cafe, line } from './shop.fixture.js'

const common = (key: string): object => ({ key, operatorId: 'OP-7', posMoment: '2026-11-23T10:15:30+01:00' })
const requests = [
  { type: 'start', ...common('S-1') },
  {
    type: 'ticket',
    op: 'sale',
    ...common('T-1'),
    lines: [line(1200, 2000, { label: 'Vin' }), line(420, 550)],
    payments: [{ mode: 'ESP', amount: 1620 }],
  },
  {
    type: 'ticket',
    op: 'refund',
    reference: 'T-1',
    ...common('T-2'),
    lines: [{ label: 'Vin', quantity: '-1', total: -1200, rateBp: 2000 }],
    payments: [{ mode: 'ESP', amount: -1200 }],
  },
  { type: 'closing', kind: 'day', ...common('G-1') },
]
describe('france', () => {
  for (const { name, run } of countryKit({
    country: () => france(cafe),
    requests,
    start: '2026-11-23T09:15:30.000Z',
    stepMs: 1000,
    refused: [],
  }))
    it(name, run)
})
