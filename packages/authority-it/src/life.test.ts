// A device of country-it and the test authority over real HTTPS: the life of a device, each side judging the other.
import { fixedClock } from '@sigillo/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startAuthority, type Authority } from './authority.js'
import { openShop } from './shop.fixture.js'

describe('a device before the authority', () => {
  let authority: Authority
  const clock = fixedClock('2026-11-24T09:00:00.000Z')
  beforeAll(async () => {
    authority = await startAuthority({ now: () => clock.now() })
  })
  afterAll(() => authority.close())

  it('IT-16 IT-19 IT-48 enrolment, activation, first closing: accepted, answered with a signature the client believes', async () => {
    const shop = await openShop(authority, { clock })
    await shop.enrol()
    expect(shop.state().device).toBe('ATTIVATO')
    expect(authority.devices).toMatchObject([
      { matricola: 'ZZITT000001', kind: 'RT', state: 'ATTIVATO', merchant: '01234567897' },
    ])
    await shop.sell()
    await shop.close()
    await shop.transmitter.drain()
    expect(shop.state()).toMatchObject({ device: 'IN_SERVIZIO', outbox: [] })
    expect(authority.devices).toMatchObject([{ state: 'IN_SERVIZIO', progressive: 1n }])
    const [receipts] = authority.entries({ route: 'receipts' })
    expect(receipts).toMatchObject({ status: 200, accepted: true, warnings: [], sender: 'ZZITT000001' })
    expect(shop.blobs.get(receipts!.sha256!)).toEqual(authority.bytes(receipts!.n).request)
  })
})
