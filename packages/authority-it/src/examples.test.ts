// The worked examples, made by nobody here, sent over the wire (IT-76).
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Authority } from './contract.js'
import type { Route } from './tables.js'
import { openAuthority, example, italyFolder, operations, send } from './wire.fixture.js'

const NOON = Date.parse('2026-11-24T12:00:00Z')
const textOf = (name: string): string => Buffer.from(example(name)).toString('utf8')
const certificateIn = (name: string): Uint8Array =>
  new Uint8Array(Buffer.from(/<ds:X509Certificate>([^<]+)</.exec(textOf(name))![1]!.replace(/\s/g, ''), 'base64'))

describe.skipIf(italyFolder === undefined)('worked examples [reference files]', () => {
  let authority: Authority
  beforeAll(async () => {
    const schemas = `${italyFolder as string}/xsd`
    authority = await openAuthority({ now: () => NOON, schemas })
    authority.trust(textOf('test-device-ca.pem'))
  })
  afterAll(() => authority.close())

  it('IT-76 a certification request signed by a manufacturer of a trusted root is granted', async () => {
    const answer = await send(authority, operations.enrol, example('certificate-request.xml'))
    expect([answer.status, answer.codes]).toEqual([201, []])
    expect(authority.devices).toMatchObject([{ matricola: 'ZZITT000001', kind: 'RT', state: 'CENSITO' }])
  })

  it('IT-76 every message of the enrolled devices that is marked valid is accepted, in the order of a life', async () => {
    authority.adopt({ certificate: certificateIn('activation.xml'), kind: 'RT' })
    authority.adopt({
      certificate: certificateIn('lottery-batch.xml'),
      kind: 'MC',
      state: 'ATTIVATO',
      merchant: '01234567897',
    })
    const order: readonly (readonly [Route, string])[] = [
      ['activate', 'activation.xml'],
      ['receipts', 'closing-rt-mixed.xml'],
      ['receipts', 'closing-rt-zero.xml'],
      ['receipts', 'closing-rt-inactive.xml'],
      ['receipts', 'closing-rt-intervention.xml'],
      ['event', 'event-out-of-service.xml'],
      ['receipts', 'closing-server-till-00010001.xml'],
      ['receipts', 'closing-server-till-00010002.xml'],
      ['lottery', 'lottery-batch.xml'],
    ]
    for (const [route, name] of order) {
      const answer = await send(authority, operations[route], example(name))
      expect([name, answer.status, answer.codes]).toEqual([name, 200, []])
    }
    expect(authority.devices.map(({ state }) => state)).toEqual(['FUORI_SERVIZIO', 'IN_SERVIZIO'])
    expect(authority.lottery()).toHaveLength(2)
    const warnings = authority.entries({ route: 'receipts' }).flatMap((one) => one.warnings)
    expect(warnings.filter((one) => !one.startsWith('PROGRESSIVE'))).toEqual([])
  })

  it.each([
    ['bad-amount-changed.xml', '99999'],
    ['bad-digest-value.xml', '99999'],
    ['bad-reformatted.xml', '99999'],
    ['bad-default-namespace.xml', '00000'],
  ])('IT-76 %s is refused at the gateway with %s', async (name, code) => {
    const answer = await send(authority, operations.receipts, example(name))
    expect([answer.status, answer.codes]).toEqual([406, [code]])
  })
})
