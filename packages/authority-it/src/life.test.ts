// A device of country-it and the test authority over real HTTPS: the life of a device, each side judging the other.
import { fixedClock } from '@sigillo/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Authority } from './contract.js'
import { openAuthority } from './wire.fixture.js'
import type { DeviceState } from './effects.js'
import { bend, inner, openDevice, openManufacturer, type Party } from './messages.fixture.js'
import type { Route } from './tables.js'
import { openShop } from './shop.fixture.js'

describe('a device before the authority', () => {
  let authority: Authority
  const clock = fixedClock('2026-11-24T09:00:00.000Z')
  beforeAll(async () => {
    authority = await openAuthority({ now: () => clock.now() })
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

describe('IT-18 the life of a device as the authority keeps it', () => {
  const NOW = Date.parse('2026-11-24T12:00:00Z')
  let authority: Authority
  let manufacturer: Party
  let device: Party
  beforeAll(async () => {
    authority = await openAuthority({ now: () => NOW, duplicates: 'acceptAgain' })
    manufacturer = await openManufacturer(authority)
    device = await openDevice(authority, manufacturer, 'ZZLIF000001')
  })
  afterAll(() => authority.close())

  const steps: Readonly<Record<'activate' | 'closing' | 'fault' | 'deactivation' | 'lottery', readonly [Route, string]>> = {
    activate: ['activate', inner.activate],
    closing: ['receipts', inner.receipts],
    fault: ['event', inner.event],
    deactivation: ['event', bend(inner.event, ['FUORI_SERVIZIO', 'DISATTIVAZIONE'], ['00600', '00603'])],
    lottery: ['lottery', inner.lottery],
  }
  // What each message does in each state: the state after it, or the code it gets.
  const table: Readonly<Record<Exclude<DeviceState, 'DISMESSO'>, Readonly<Record<keyof typeof steps, string>>>> = {
    CENSITO: { activate: 'ATTIVATO', closing: '00200', fault: '00700', deactivation: '00700', lottery: '00303' },
    ATTIVATO: { activate: '00100', closing: 'IN_SERVIZIO', fault: '00700', deactivation: 'DISATTIVATO', lottery: '00303' },
    IN_SERVIZIO: {
      activate: '00100',
      closing: 'IN_SERVIZIO',
      fault: 'FUORI_SERVIZIO',
      deactivation: 'DISATTIVATO',
      lottery: 'IN_SERVIZIO',
    },
    FUORI_SERVIZIO: { activate: '00100', closing: 'IN_SERVIZIO', fault: '00712', deactivation: '00712', lottery: '00303' },
    DISATTIVATO: { activate: 'ATTIVATO', closing: '00200', fault: '00700', deactivation: '00700', lottery: '00303' },
  }
  const cases = Object.entries(table).flatMap(([state, row]) =>
    Object.entries(row).map(([step, result]) => [state as DeviceState, step as keyof typeof steps, result] as const),
  )
  it.each(cases)('IT-18 %s, %s: %s', async (state, step, result) => {
    const certificate = device.signer.describe().certificates[0] as Uint8Array
    authority.adopt({ certificate, kind: 'RT', state, merchant: '01234567897' })
    const { codes } = await device.say(...steps[step])
    const after = authority.devices[0]!.state
    expect([after, codes]).toEqual(/^\d/.test(result) ? [state, [result]] : [result, []])
  })

  it('IT-18 a retired device says nothing any more, and is never enrolled again', async () => {
    const device = await openDevice(authority, manufacturer, 'ZZLIF900001', { state: 'DISMESSO' })
    for (const step of Object.values(steps)) expect((await device.say(...step)).status).toBe(403)
    expect(authority.devices.find(({ matricola }) => matricola === 'ZZLIF900001')!.state).toBe('DISMESSO')
  })

  it('IT-20 a new owner: bound to another merchant, numbers go on', async () => {
    const device = await openDevice(authority, manufacturer, 'ZZLIF900002', { state: 'ATTIVATO', merchant: '01234567897' })
    await device.say('receipts')
    await device.say(...steps.deactivation)
    expect((await device.say('activate', bend(inner.activate, ['01234567897', '09876543217']))).codes).toEqual([])
    expect((await device.say('receipts', bend(inner.receipts, ['>1<', '>2<']))).codes).toEqual([])
    const [known] = authority.devices.filter(({ matricola }) => matricola === 'ZZLIF900002')
    expect(known).toMatchObject({ state: 'IN_SERVIZIO', merchant: '09876543217', progressive: 2n })
    expect(authority.entries({ sender: 'ZZLIF900002' }).flatMap(({ warnings }) => warnings)).toEqual([])
  })
})

describe('files of a server, and the lottery', () => {
  it('a server sends one file per till under one sequence of numbers, each with its till', async () => {
    const clock = fixedClock('2026-11-24T09:00:00.000Z')
    await using authority = await openAuthority({ now: () => clock.now() })
    const tills = ['00010001', '00010002', '00010003']
    const shop = await openShop(authority, { clock, matricola: 'ZZSTT000001', options: { kind: 'serverRt', tills } })
    await shop.enrol()
    const line = { description: 'Articolo', amount: 1220, rateBp: 2200 }
    for (const till of tills) await shop.send({ type: 'sale', till, lines: [line], payments: [{ kind: 'cash', amount: 1220 }] })
    for (const till of tills) await shop.send({ type: 'closing', till })
    await shop.transmitter.drain()
    const files = authority.entries({ route: 'receipts' })
    expect(files.map(({ accepted, warnings }) => [accepted, warnings])).toEqual(tills.map(() => [true, []]))
    expect(files.map(({ effects }) => (effects[0] as { till: string }).till)).toEqual(tills)
    expect(authority.devices).toMatchObject([{ kind: 'MC', state: 'IN_SERVIZIO', progressive: 3n }])
  })

  it('IT-53 IT-54 IT-55 documents of the lottery arrive in a batch, with their payments; an annulment follows', async () => {
    const clock = fixedClock('2026-11-24T09:00:00.000Z')
    await using authority = await openAuthority({ now: () => clock.now() })
    const shop = await openShop(authority, { clock })
    await shop.enrol()
    await shop.sell()
    await shop.close()
    await shop.transmitter.drain()
    const sale = await shop.send({
      type: 'sale',
      lines: [{ description: 'Articolo', amount: 2440, rateBp: 2200 }],
      payments: [{ kind: 'electronic', amount: 2440 }],
      lotteryCode: 'abcd1234',
    })
    clock.step(11 * 60_000)
    await shop.transmitter.drain()
    await shop.send({ type: 'void', reference: { key: (sale as { key: string }).key } })
    clock.step(11 * 60_000)
    await shop.transmitter.drain()
    expect(shop.state().outbox).toEqual([])
    expect(authority.lottery().map(({ row }) => row)).toMatchObject([
      { code: 'ABCD1234', number: '0002-0001', amount: 2440, kind: 'sale', codes: [] },
      { code: 'ABCD1234', number: '0002-0002', amount: 2440, kind: 'annulment', codes: [] },
    ])
  })
})

describe('the client before an authority that says no', () => {
  it('IT-38 a closing from the future gets 00203; when the clock is right the same bytes are accepted', async () => {
    const clock = fixedClock('2026-11-24T09:00:00.000Z')
    let behind = 0
    await using authority = await openAuthority({ now: () => clock.now() - behind })
    const shop = await openShop(authority, { clock })
    await shop.enrol()
    await shop.sell()
    behind = 4 * 60_000
    await shop.close()
    await shop.transmitter.drain()
    expect(authority.entries({ route: 'receipts' })).toMatchObject([{ codes: ['00203'], accepted: false }])
    expect(shop.state().outbox).toMatchObject([{ state: 'blocked' }])
    behind = 0
    for (let i = 0; i < 12 && shop.state().outbox.length > 0; i++) {
      clock.step(60 * 60_000)
      shop.transmitter.resume()
      await shop.transmitter.drain()
    }
    const [first, second] = authority.entries({ route: 'receipts' })
    expect([shop.state().outbox, second!.accepted, second!.sha256]).toEqual([[], true, first!.sha256])
  })

  it('IT-37 IT-19 twelve days off: event 00608 puts both sides out of service, the next accepted file back into it', async () => {
    const clock = fixedClock('2026-11-24T09:00:00.000Z')
    await using authority = await openAuthority({ now: () => clock.now() })
    const shop = await openShop(authority, { clock })
    await shop.enrol()
    await shop.sell()
    await shop.close()
    await shop.transmitter.drain()
    // The device was simply off; back on, it says so before anything else, and the days before that are its inactivity.
    clock.step(14 * 86_400_000)
    await shop.send({ type: 'event', event: 'FUORI_SERVIZIO', code: '00608' })
    await shop.transmitter.drain()
    expect([shop.state().device, authority.devices[0]!.state]).toEqual(['FUORI_SERVIZIO', 'FUORI_SERVIZIO'])
    await shop.send({ type: 'inactivity' })
    await shop.transmitter.drain()
    expect([shop.state().device, authority.devices[0]!.state]).toEqual(['IN_SERVIZIO', 'IN_SERVIZIO'])
    expect(authority.devices[0]!.inactive).toHaveLength(1)
  })
})
