// Sending at a person's word, progress and interruption, and files kept beside the journal without a store of their own.
import { beforeAll, describe, expect, it } from 'vitest'
import { has } from '../../documents/src/pki.fixture.js'
import { lotteryAnswer, makeParties, wire, YEAR, type Parties, type Wired } from './authority.fixture.js'
import { card, cash, line } from './device.fixture.js'
import { openTransmitter, type Step } from './transmitter.js'

describe.skipIf(!has('openssl'))('transmitter (needs openssl)', () => {
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

  it('autoSkip lets go of what was refused for a defect, and of nothing else', async () => {
    const device = await wire(parties)
    await day(device)
    await day(device)
    const { queue, country, clock, authority } = device
    const parts = { queue, country, clock, transport: authority, device: parties.deviceSigner }
    authority.faults.push({ kind: 'codes', codes: ['00208'] }, { kind: 'codes', codes: ['00200'] })
    const steps = await openTransmitter({ ...parts, autoSkip: true }).drain()
    expect(steps.map(({ did }) => did)).toEqual(['made', 'made', 'sent', 'skipped', 'sent'])
    expect(device.state().outbox).toMatchObject([{ state: 'blocked', progressive: 2 }])
    const outcomes = (await device.records('it.outcome')).map(({ payload }) => payload as { result: string; operator?: string })
    expect(outcomes.map(({ result }) => result)).toEqual(['rejected', 'released', 'rejected'])
    expect(outcomes[1]?.operator).toBe('autoSkip')
  })

  it('an answer beyond measure is taken in as far as the journal holds it: long codes, many, and of documents there are not', async () => {
    const device = await wire(parties, { startsAs: 'IN_SERVIZIO' })
    await day(device)
    const errors = Array.from({ length: 300 }, (_, i) => `${i}`.padStart(600, 'X'))
    device.authority.faults.push({ kind: 'codes', codes: errors })
    expect(await device.transmitter.drain()).toMatchObject([{ did: 'made' }, { result: 'rejected', class: 'defect' }])
    const [outcome] = (await device.records('it.outcome')).map(({ payload }) => payload as { codes: string[] })
    expect([outcome?.codes.length, outcome?.codes[0]?.length]).toEqual([100, 200])
    await device.ok({ type: 'outcome', of: device.state().outbox[0]?.made, result: 'released' })
    await device.sell([line(500, 2200)], [card(500)], { lotteryCode: 'ABCD1234' })
    const one = (position: string): string =>
      `<Segnalazione><Posizione>${position}</Posizione><NumeroProgressivo>0002-0001</NumeroProgressivo><DataOra>2026-11-20T10:00:00</DataOra><Errori><Errore><Codice>00308</Codice><Descrizione>x</Descrizione></Errore></Errori></Segnalazione>`
    const remarks = ['1', '1', '0', '-1', '2', '101', 'x', ''].map(one).join('')
    device.authority.faults.push({
      kind: 'answer',
      xml: lotteryAnswer('SE', `<SegnalazioniDocComm>${remarks}</SegnalazioniDocComm>`),
    })
    await device.transmitter.drain()
    expect(device.state().lottery.counts['']).toMatchObject({ sent: 0, accepted: 0, rejected: 1 })
  })

  it('until: nothing while nothing is left, now while something is to be made, the batch’s moment, the schedule’s, none for a person', async () => {
    const device = await wire(parties, { startsAs: 'IN_SERVIZIO' })
    const { transmitter, clock, authority } = device
    expect(transmitter.until()).toBeUndefined()
    await device.sell([line(500, 2200)], [card(500)], { lotteryCode: 'ABCD1234' })
    expect(transmitter.until()).toBe(clock.now())
    await transmitter.drain()
    await device.sell([line(500, 2200)], [card(500)], { lotteryCode: 'ABCD1234' })
    expect(transmitter.until()).toBe(clock.now() + 600_000)
    await transmitter.drain()
    clock.set(`${YEAR}-11-20T21:00:00.000Z`)
    expect(transmitter.until()).toBe(Date.parse(`${YEAR}-11-20T23:00:00.000Z`))
    clock.set(`${YEAR}-11-21T09:00:00.000Z`)
    await transmitter.drain()
    await device.close()
    await device.ok({ type: 'event', event: 'FUORI_SERVIZIO', code: '00608' })
    expect(transmitter.until()).toBe(clock.now())
    authority.faults.push({ kind: 'status', status: 500 })
    await transmitter.drain()
    expect(device.state().outbox.map(({ lane, state }) => `${lane} ${state}`)).toEqual(['receipts ready', 'event ready'])
    const until = transmitter.until() as number
    expect(until - clock.now()).toBeGreaterThanOrEqual(48_000)
    clock.set(until)
    authority.faults.push({ kind: 'codes', codes: ['00208'] })
    await transmitter.drain()
    expect(transmitter.until()).toBeUndefined()
  })

  const refusedBatch = (code: string): { kind: 'answer'; xml: string } => ({
    kind: 'answer',
    xml: lotteryAnswer(
      'SC',
      `<ListaErrori><Errore><Codice>${code}</Codice><Descrizione>x</Descrizione></Errore></ListaErrori>`,
      0,
    ),
  })
  const batchSizes = async (device: Wired): Promise<number[]> =>
    (await device.records('it.lottery')).map(({ payload }) => (payload as { documents: unknown[] }).documents.length)

  it('00300 00301 a batch too large goes again in halves, down to single documents, and no document is sent twice or lost', async () => {
    const device = await wire(parties, { startsAs: 'IN_SERVIZIO' })
    for (let i = 0; i < 5; i++) await device.sell([line(500, 2200)], [card(500)], { lotteryCode: `ABCD123${i}` })
    device.authority.faults.push(refusedBatch('00301'))
    expect((await device.transmitter.drain()).map(({ did }) => did)).toEqual(['batched', 'made', 'sent', 'split'])
    expect(device.state().lottery.counts['']).toEqual({ waiting: 5, sent: 0, accepted: 0, rejected: 0, excluded: 0 })
    for (let i = 0; i < 3; i++) {
      device.clock.set(device.transmitter.until() ?? device.clock.now())
      await device.transmitter.drain()
    }
    expect(await batchSizes(device)).toEqual([5, 3, 2])
    expect(device.state()).toMatchObject({
      outbox: [],
      lottery: { items: [], counts: { '': { waiting: 0, sent: 0, accepted: 5, rejected: 0 } } },
    })
    expect(device.authority.inbox).toHaveLength(2)
  })

  it('a single document too large stays refused; other defects wait for a word, which may be halves as well', async () => {
    const device = await wire(parties, { startsAs: 'IN_SERVIZIO' })
    await device.sell([line(500, 2200)], [card(500)], { lotteryCode: 'ABCD1234' })
    device.authority.faults.push(refusedBatch('00301'))
    await device.transmitter.drain()
    const [alone] = device.state().outbox
    expect(alone).toMatchObject({ lane: 'lottery', state: 'rejected', reason: 'defect' })
    expect(await device.refused({ type: 'transmission', op: 'replace', of: alone?.made })).toMatchObject({ code: 'IT_MESSAGE' })
    await device.ok({ type: 'outcome', of: alone?.made, result: 'recordedOutside', operator: 'anna' })
    expect(device.state().lottery.counts['']).toMatchObject({ sent: 0, accepted: 1, rejected: 0 })
    for (const code of ['ABCD1235', 'ABCD1236']) await device.sell([line(500, 2200)], [card(500)], { lotteryCode: code })
    device.clock.step(600_000)
    device.authority.faults.push(refusedBatch('00000'))
    await device.transmitter.drain()
    const [pair] = device.state().outbox
    expect(pair).toMatchObject({ state: 'rejected', reason: 'defect' })
    await device.ok({ type: 'transmission', op: 'replace', of: pair?.made })
    for (let i = 0; i < 2; i++) {
      device.clock.step(600_000)
      await device.transmitter.drain()
    }
    expect(await batchSizes(device)).toEqual([1, 2, 1, 1])
    expect(device.state().lottery.counts['']).toEqual({ waiting: 0, sent: 0, accepted: 3, rejected: 0, excluded: 0 })
  })

  it('a blocked batch that is let go counts as refused', async () => {
    const device = await wire(parties, { startsAs: 'IN_SERVIZIO' })
    await device.sell([line(500, 2200)], [card(500)], { lotteryCode: 'ABCD1234' })
    device.authority.faults.push(refusedBatch('00303'))
    await device.transmitter.drain()
    const [blocked] = device.state().outbox
    expect(blocked).toMatchObject({ state: 'blocked', reason: 'state' })
    await device.ok({ type: 'outcome', of: blocked?.made, result: 'released', operator: 'anna' })
    expect(device.state().lottery.counts['']).toEqual({ waiting: 0, sent: 0, accepted: 0, rejected: 1, excluded: 0 })
  })
})
