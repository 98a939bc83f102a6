// Sending at a person's word, progress and interruption, and files kept beside the journal without a store of their own.
import { beforeAll, describe, expect, it } from 'vitest'
import { has } from '../../documents/src/pki.fixture.js'
import { makeParties, wire, YEAR, type Parties, type Wired } from './authority.fixture.js'
import { card, cash, line } from './device.fixture.js'
import { openTransmitter, type Step } from './transmitter.js'

describe.skipIf(!has('openssl'))('transmitter', () => {
  let parties: Parties
  beforeAll(async () => {
    parties = await makeParties()
  })
  const day = async (device: Wired): Promise<void> => {
    await device.sell([line(1220, 2200)], [cash(1220)])
    await device.close()
  }

  it('now: what waits by schedule or hours is tried at once, once, in its order', async () => {
    const device = await wire(parties, {}, { at: `${YEAR}-11-20T21:30:00.000Z` })
    await day(device)
    await day(device)
    expect(await device.transmitter.drain()).toMatchObject([{ did: 'made' }, { did: 'made' }])
    device.authority.faults.push({ kind: 'status', status: 500 })
    const tried = await device.transmitter.drain({ now: true })
    expect(tried).toMatchObject([{ did: 'sent', result: 'retry', lane: 'receipts', progressive: 1, problem: 'HTTP 500' }])
    expect(await device.transmitter.step()).toMatchObject({ did: 'nothing' })
    const sent = await device.transmitter.drain({ now: true })
    expect(sent).toMatchObject([
      { did: 'sent', result: 'accepted', progressive: 1, operation: 'OP-1' },
      { did: 'sent', result: 'accepted', progressive: 2, operation: 'OP-2' },
    ])
  })

  it('now: a refusal for the device’s state is tried again; one for a defect is not', async () => {
    const device = await wire(parties)
    await day(device)
    device.authority.faults.push({ kind: 'codes', codes: ['00200'] }, { kind: 'codes', codes: ['00201'] })
    expect(await device.transmitter.drain()).toMatchObject([
      { did: 'made' },
      { result: 'rejected', class: 'state', codes: ['00200'] },
    ])
    expect(await device.transmitter.drain({ now: true })).toMatchObject([{ result: 'rejected', class: 'defect' }])
    expect(await device.transmitter.drain({ now: true })).toEqual([])
  })

  it('IT-44 now: no lottery batch leaves between 22 and 24 o’clock', async () => {
    const device = await wire(parties, { startsAs: 'IN_SERVIZIO' }, { at: `${YEAR}-11-20T12:00:00.000Z` })
    await device.sell([line(1220, 2200)], [card(1220)], { lotteryCode: 'ABCD1234' })
    await device.close()
    device.authority.faults.push({ kind: 'status', status: 500 }, { kind: 'status', status: 500 })
    await device.transmitter.drain()
    expect(device.state().outbox.map(({ lane }) => lane)).toEqual(['receipts', 'lottery'])
    device.clock.set(`${YEAR}-11-20T21:30:00.000Z`)
    expect(await device.transmitter.drain({ now: true })).toMatchObject([{ lane: 'receipts', result: 'accepted' }])
    device.clock.set(`${YEAR}-11-20T23:30:00.000Z`)
    expect(await device.transmitter.drain({ now: true })).toMatchObject([{ lane: 'lottery', result: 'accepted' }])
  })

  it('IT-18 no lottery batch is formed before the device is in service; the first accepted closing lets it go', async () => {
    const device = await wire(parties)
    await device.sell([line(1220, 2200)], [card(1220)], { lotteryCode: 'ABCD1234' })
    expect(await device.transmitter.drain()).toEqual([])
    await device.close()
    expect((await device.transmitter.drain()).map(({ did }) => did)).toEqual(['made', 'sent', 'batched', 'made', 'sent'])
  })

  it('IT-48 without a store of its own the bytes lie beside the journal; steps are told, and a signal ends between two', async () => {
    const device = await wire(parties)
    await day(device)
    await day(device)
    const { queue, country, clock, authority } = device
    const transmitter = openTransmitter({ queue, country, clock, transport: authority, device: parties.deviceSigner })
    const stop = new AbortController()
    const seen: Step[] = []
    const onStep = (step: Step): void => {
      seen.push(step)
      if (step.did === 'sent') stop.abort()
    }
    await transmitter.drain({ onStep, signal: stop.signal })
    expect(seen.map(({ did }) => did)).toEqual(['made', 'made', 'sent'])
    await transmitter.drain()
    const made = (await device.records('it.transmission')).map(({ payload }) => payload as { op: string; blob: string })
    for (const { blob } of made.filter(({ op }) => op === 'made')) expect(authority.seen).toContain(blob)
    const [first] = made
    expect((await queue.blob(first?.blob ?? ''))?.length).toBeGreaterThan(1000)
  })
})
