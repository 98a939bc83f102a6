// Italy passes the kit every country passes: documents, closings and events in one sample.
import { countryKit } from '@sigillo/testing'
import { describe, it } from 'vitest'
import { card, cash, line, shop } from './device.fixture.js'
import { italianAuditor } from './audit.js'
import { italy, type Italy } from './italy.js'

const technician = { taxCode: 'RSSMRA80A01H501U', firm: { country: 'IT', code: '09876543217' } }
const digest = 'ab'.repeat(32)

// Steps of the outbox name records by number, which differs between the kit's own journal and a queue's: transmission.test.ts and
// lottery.test.ts have them.
const requests = [
  { type: 'open', key: 'O-1' },
  { type: 'sale', key: 'S-1', lines: [line(1220, 2200), line(500, 'N4')], payments: [cash(2000)] },
  { type: 'sale', key: 'S-2', lines: [line(1100, 1000)], payments: [card(1100)], lotteryCode: 'ABCD1234' },
  { type: 'return', key: 'R-1', lines: [line(500, 'N4')], reference: { key: 'S-1' } },
  { type: 'void', key: 'V-1', reference: { key: 'S-2' } },
  { type: 'intervention', key: 'I-1', ...technician, code: '06' },
  { type: 'posLink', key: 'P-1', posId: 'POS-1', localUnitAddress: 'Via Roma 1', validFrom: '2026-01-01' },
  { type: 'event', key: 'E-1', event: 'FUORI_SERVIZIO_DI_PROVA', code: '00600', description: 'prova' },
  { type: 'closing', key: 'C-1' },
]

const refused = [
  { request: { type: 'void', key: 'V-2', reference: { key: 'S-2' } }, code: 'IT_ALREADY_VOIDED' },
  { request: { type: 'transmission', key: 'X-1', op: 'made', of: 2, sha256: digest }, code: 'IT_MESSAGE' },
  { request: { type: 'sale', key: 'S-9', lines: [line(100, 2200)], payments: [] }, code: 'IT_PAYMENTS' },
]
const sample = { requests, refused, start: '2026-11-23T09:15:30.000Z', stepMs: 1000 }
const country = (): Italy => italy({ ...shop, startsAs: 'ATTIVATO' })

describe('italy', () => {
  for (const { name, run } of countryKit({ country, ...sample })) it(name, run)
})

describe('italy, judged without its settings', () => {
  const judged = (): Italy => ({ ...country(), auditor: italianAuditor })
  for (const { name, run } of countryKit({ country: judged, ...sample }).filter(({ name: one }) => one.includes('auditor')))
    it(name, run)
})
