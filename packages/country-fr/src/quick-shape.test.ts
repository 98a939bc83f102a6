import fc from 'fast-check'
import { expect, it } from 'vitest'
import { isPlainTicket } from './quick-shape.js'
import { requestSchemas } from './request.js'

const odd = fc.oneof(
  fc.constantFrom<unknown>(
    undefined,
    null,
    '',
    0,
    -1,
    1.5,
    10_000,
    true,
    [],
    {},
    'x'.repeat(201),
    'x'.repeat(129),
    Number.NaN,
    2 ** 53,
  ),
  fc.string(),
  fc.integer(),
)
const sometimes = (value: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> =>
  fc.oneof({ weight: 6, arbitrary: value }, { weight: 1, arbitrary: odd })
const money = fc.oneof(fc.integer(), fc.constantFrom('1.50', '', 'x'))
const line = fc.record(
  {
    label: sometimes(fc.constant('Café')),
    total: sometimes(money),
    rateBp: sometimes(fc.nat(9999)),
    quantity: sometimes(money),
    nature: sometimes(fc.constant('B')),
    unit: sometimes(fc.constant('kg')),
    colour: odd,
  },
  { requiredKeys: [] },
)
const payment = fc.record({ mode: sometimes(fc.constant('CB')), amount: sometimes(money), reference: odd }, { requiredKeys: [] })
const ticket = fc.record(
  {
    type: fc.constant('ticket'),
    key: sometimes(fc.constant('K')),
    operatorId: sometimes(fc.constant('OP')),
    posMoment: sometimes(fc.constant('2026-01-01T00:00:00Z')),
    lines: sometimes(fc.array(line, { maxLength: 3 })),
    payments: sometimes(fc.array(payment, { maxLength: 2 })),
    table: sometimes(fc.constant('12')),
    op: odd,
  },
  { requiredKeys: ['type'] },
)

it('the quick check accepts only what the schema accepts, and then the schema changes nothing', () => {
  let accepted = 0
  fc.assert(
    fc.property(ticket, (content) => {
      if (!isPlainTicket(content)) return
      accepted += 1
      const checked = requestSchemas['ticket']?.safeParse(content)
      expect(checked?.error).toBeUndefined()
      expect(checked?.data).toEqual(content)
    }),
    { numRuns: 3000 },
  )
  expect(accepted).toBeGreaterThan(20)
  expect(
    isPlainTicket({
      type: 'ticket',
      key: 'K',
      operatorId: 'O',
      posMoment: '',
      lines: [{ label: 'x', total: 1, rateBp: 2000 }],
      payments: [{ mode: 'CB', amount: 1 }],
    }),
  ).toBe(true)
})
