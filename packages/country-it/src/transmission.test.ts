// Sending: order, retries, windows, lost answers, restarts, rejections; over a Transport with real signatures on both sides.
import { sha256Hex } from '@sigillo/core'
import { beforeAll, describe, expect, it } from 'vitest'
import { has } from '../../documents/src/pki.fixture.js'
import { lotteryAnswer, makeParties, wire, YEAR, type Fault, type Parties, type Wired } from './authority.fixture.js'
import { classOf, worstOf } from './classify.js'
import { cash, card, line } from './device.fixture.js'
import { dueAt, isClosed } from './schedule.js'
import { statusOf } from './status.js'

const HOUR = 3_600_000
const DAY = 24 * HOUR

describe.skipIf(!has('openssl'))('transmission (needs openssl)', () => {
  let parties: Parties
  beforeAll(async () => {
    parties = await makeParties()
  })
  const sold = async (device: Wired, days = 1): Promise<void> => {
    for (let i = 0; i < days; i++) {
      await device.sell([line(1220, 2200)], [cash(1220)])
      await device.close()
    }
  }
  const states = (device: Wired): string[] => device.state().outbox.map((one) => one.state)

  it('IT-19 IT-48 a closing is made, kept, sent and accepted; the first one puts the device into service', async () => {
    const device = await wire(parties)
    expect(device.state().device).toBe('ATTIVATO')
    await sold(device)
    const steps = await device.transmitter.drain()
    expect(steps.map(({ did }) => did)).toEqual(['made', 'sent'])
    expect(device.state()).toMatchObject({ device: 'IN_SERVIZIO', outbox: [] })
    const [made] = (await device.records('it.transmission')).map(({ payload }) => payload as { blob: string })
    expect(device.authority.inbox.map(({ sha256 }) => sha256)).toEqual([made!.blob])
    expect(sha256Hex(device.blobs.kept.get(made!.blob)!)).toBe(made!.blob)
    expect(device.authority.inbox[0]!.text).toContain('simulazione="true"')
  })

  it('IT-40 a lost answer: the same bytes again, one message at the other end, accepted', async () => {
    const device = await wire(parties)
    await sold(device)
    device.authority.faults.push({ kind: 'lost' })
    await device.transmitter.drain()
    expect(states(device)).toEqual(['unknown'])
    device.clock.step(2 * 60_000)
    await device.transmitter.drain()
    expect(device.state().outbox).toEqual([])
    expect(device.authority.inbox).toHaveLength(1)
    expect(new Set(device.authority.seen).size).toBe(1)
    expect(device.authority.seen).toHaveLength(2)
    expect((await device.records('it.outcome')).map(({ payload }) => (payload as { result: string }).result)).toEqual([
      'unknown',
      'accepted',
    ])
  })

  const transient: readonly (readonly [string, Fault, string])[] = [
    ['429', { kind: 'status', status: 429 }, 'ready'],
    ['500', { kind: 'status', status: 500 }, 'ready'],
    ['503', { kind: 'status', status: 503 }, 'unknown'],
    ['refused connection', { kind: 'unreachable' }, 'ready'],
    ['TLS failure or time-out', { kind: 'dropped' }, 'unknown'],
    ['garbage', { kind: 'garbage' }, 'unknown'],
    ['unsigned answer', { kind: 'unsigned' }, 'unknown'],
    ['answer with a wrong signature', { kind: 'stranger' }, 'unknown'],
  ]
  it.each(transient)('IT-41 %s: the message stays and is tried again by the schedule', async (_, fault, state) => {
    const device = await wire(parties)
    await sold(device)
    device.authority.faults.push(fault)
    await device.transmitter.drain()
    expect(states(device)).toEqual([state])
    const next = await device.transmitter.step()
    const wait = fault.kind === 'status' && fault.status === 429 ? 15 : 1
    expect(next.did).toBe('nothing')
    const until = (next as { until: number }).until - device.clock.now()
    expect(until).toBeGreaterThanOrEqual(wait === 15 ? 15 * 60_000 : 0.8 * 60_000)
    expect(until).toBeLessThanOrEqual(wait === 15 ? 15 * 60_000 : 1.2 * 60_000)
    device.clock.step(until)
    await device.transmitter.drain()
    expect(device.state().outbox).toEqual([])
    expect(device.authority.inbox).toHaveLength(1)
  })

  it('IT-41 waits grow: 1, 5, 15, 30, 60 minutes, then hourly, within a fifth; Retry-After is honoured', async () => {
    const device = await wire(parties, {}, { at: `${YEAR}-11-20T05:00:00.000Z` })
    await sold(device)
    const waits: number[] = []
    for (let i = 0; i < 7; i++) {
      device.authority.faults.push({ kind: 'status', status: 500 })
      await device.transmitter.drain()
      const step = (await device.transmitter.step()) as { until: number }
      waits.push((step.until - device.clock.now()) / 60_000)
      device.clock.set(step.until)
    }
    for (const [i, base] of [1, 5, 15, 30, 60, 60, 60].entries())
      expect(Math.abs(waits[i]! / base - 1)).toBeLessThanOrEqual(0.2 + 1e-3)
    device.authority.faults.push({ kind: 'status', status: 429, headers: { 'retry-after': '7200' } })
    await device.transmitter.drain()
    expect(((await device.transmitter.step()) as { until: number }).until - device.clock.now()).toBe(7_200_000)
  })

  it('IT-42 classes of codes, and the most severe of several counts', async () => {
    const table: Readonly<Record<string, readonly string[]>> = {
      defect: [
        '00000',
        '99999',
        '00201',
        '00202',
        '00207',
        '00208',
        '00209',
        '00210',
        '00212',
        '00213',
        '00300',
        '00301',
        '00306',
        '00701',
        '00706',
        '00711',
        '12345',
      ],
      state: ['00100', '00200', '00211', '00303', '00700', '00712'],
      clock: ['00203', '00204', '00206', '00214', '00705'],
      retry: ['00302', '00016'],
    }
    for (const [name, codes] of Object.entries(table)) for (const code of codes) expect(classOf(code), code).toBe(name)
    expect([worstOf(['00302', '00203']), worstOf(['00203', '00200']), worstOf(['00200', '00202'])]).toEqual([
      'clock',
      'state',
      'defect',
    ])
    for (const [codes, state] of [
      [['00202'], 'rejected'],
      [['00200'], 'blocked'],
      [['00203'], 'blocked'],
      [['77777'], 'rejected'],
      [['00203', '00209'], 'rejected'],
    ] as const) {
      const device = await wire(parties)
      await sold(device)
      device.authority.faults.push({ kind: 'codes', codes, wrapped: codes.length > 1 })
      await device.transmitter.drain()
      expect(states(device), codes.join()).toEqual([state])
    }
  })

  it.each([403, 409])('IT-42 HTTP %d stops the lane until an operator acts', async (status) => {
    const device = await wire(parties)
    await sold(device)
    device.authority.faults.push({ kind: 'status', status })
    await device.transmitter.drain()
    expect(states(device)).toEqual(['blocked'])
    device.clock.step(3 * DAY)
    expect(await device.transmitter.drain()).toEqual([])
    device.transmitter.resume()
    await device.transmitter.drain()
    expect(device.state().outbox).toEqual([])
  })

  it('IT-43 IT-50 order is kept under failures, with a backlog in which only one message is held at a time', async () => {
    const device = await wire(parties, {}, { at: `${YEAR}-11-20T05:00:00.000Z` })
    await sold(device, 12)
    const faults: Fault[] = [
      { kind: 'lost' },
      { kind: 'status', status: 500 },
      { kind: 'garbage' },
      { kind: 'unreachable' },
      { kind: 'stranger' },
    ]
    for (let i = 0; i < 40 && device.state().outbox.length > 0; i++) {
      const fault = faults[i % 7]
      if (fault !== undefined) device.authority.faults.push(fault)
      await device.transmitter.drain()
      device.clock.step(2 * HOUR)
    }
    expect(device.state().outbox).toEqual([])
    const numbers = device.authority.inbox.map(({ text }) => Number(/<Progressivo>(\d+)</.exec(text)![1]))
    expect(numbers).toEqual(Array.from({ length: 12 }, (_, i) => i + 1))
  })

  it('IT-44 receipts made in the closed hours go between 00:05 and 06:00, lottery batches never leave in them', async () => {
    const device = await wire(parties, { startsAs: 'IN_SERVIZIO' }, { at: `${YEAR}-11-20T21:30:00.000Z` })
    await device.sell([line(1220, 2200)], [card(1220)], { lotteryCode: 'abcd1234' })
    await device.close()
    expect(isClosed(device.country.settings, device.clock.now())).toBe(true)
    await device.transmitter.drain()
    expect(device.authority.seen).toEqual([])
    // The batch at midnight, the receipts later.
    expect(await device.transmitter.step()).toEqual({ did: 'nothing', until: Date.parse(`${YEAR}-11-20T23:00:00Z`) })
    device.clock.set(`${YEAR}-11-20T23:00:00.000Z`)
    await device.transmitter.drain()
    expect(device.authority.inbox.map(({ url }) => url.replace(/.*dispositivi/, ''))).toEqual(['/lotteria/corrispettivi/'])
    const { until } = (await device.transmitter.step()) as { until: number }
    expect(until).toBeGreaterThanOrEqual(Date.parse(`${YEAR}-11-20T23:05:00Z`))
    expect(until).toBeLessThanOrEqual(Date.parse(`${YEAR}-11-21T05:00:00Z`))
    device.clock.set(until)
    await device.transmitter.drain()
    expect(device.authority.inbox).toHaveLength(2)
  })

  it('IT-45 a restart while sending ends in exactly one accepted message', async () => {
    const device = await wire(parties)
    await sold(device)
    await device.transmitter.step()
    const { made } = device.state().outbox[0]!
    await device.ok({ type: 'transmission', op: 'attempt', of: made })
    await device.reopen()
    expect(states(device)).toEqual(['sending'])
    device.restart()
    expect(await device.transmitter.step()).toMatchObject({ did: 'recovered' })
    device.clock.step(2 * 60_000)
    await device.transmitter.drain()
    expect(device.state().outbox).toEqual([])
    expect(device.authority.inbox).toHaveLength(1)
  })

  it('IT-46 after 5 days the alarm for a person, after 12 the late one; an outside acceptance ends it', async () => {
    const device = await wire(parties)
    await sold(device)
    device.authority.faults.push({ kind: 'status', status: 500 })
    await device.transmitter.drain()
    const codes = (days: number): string[] =>
      statusOf(device.country.settings, device.state(), device.clock.now() + days * DAY).alarms.map(({ code }) => code)
    expect([codes(4), codes(5), codes(12)]).toEqual([[], ['IT_MANUAL_INTERVENTION'], ['IT_MANUAL_INTERVENTION', 'IT_LATE']])
    const { made, sha256 } = device.state().outbox[0]!
    expect(device.blobs.kept.has(sha256)).toBe(true)
    await device.ok({ type: 'outcome', of: made, result: 'recordedOutside', operator: 'Anna', operation: 'PORTAL-1' })
    expect(device.state()).toMatchObject({ outbox: [], device: 'IN_SERVIZIO' })
  })

  it('IT-47 a rejected message is replaced by one with equal figures and the next number; the rest waits until then', async () => {
    const device = await wire(parties)
    await sold(device, 2)
    device.authority.faults.push({ kind: 'codes', codes: ['00208'] })
    await device.transmitter.drain()
    expect(states(device)).toEqual(['rejected', 'ready'])
    const { made } = device.state().outbox[0]!
    await device.ok({ type: 'transmission', op: 'replace', of: made })
    await device.transmitter.drain()
    expect(device.state().outbox).toEqual([])
    const [second, third] = device.authority.inbox.map(({ text }) => text)
    expect([second, third].map((text) => /<Progressivo>(\d+)</.exec(text!)![1])).toEqual(['2', '3'])
    const figures = (text: string): string => text.replace(/<ds:Signature.*/s, '').replace(/<Progressivo>\d+/, '')
    const rejected = new TextDecoder().decode(
      device.blobs.kept.get(
        (await device.records('it.transmission'))
          .map(({ payload }) => payload as { op: string; blob: string })
          .find(({ op }) => op === 'made')!.blob,
      ),
    )
    expect(figures(third!)).toBe(figures(rejected))
    const replaced = (await device.records('it.transmission'))
      .map(({ payload }) => payload as { op: string; replaces?: number })
      .filter(({ replaces }) => replaces === made)
    expect(replaced.map(({ op }) => op)).toEqual(['replace', 'made'])
    expect((await device.close()).progressive).toBe(4)
  })

  it('IT-38 a file from the future is refused for the clock and goes with the same bytes once it is right', async () => {
    const device = await wire(parties)
    await sold(device)
    device.authority.skewMs = -20 * 60_000
    device.authority.faults.push({ kind: 'codes', codes: ['00203'] })
    await device.transmitter.drain()
    expect(states(device)).toEqual(['blocked'])
    expect(device.state().skewMs).toBe(20 * 60_000)
    expect(await device.refused({ type: 'closing' })).toMatchObject({ code: 'IT_CLOCK' })
    device.authority.skewMs = 0
    await device.ok({ type: 'clock', reason: 'set by time server' })
    device.transmitter.resume()
    await device.transmitter.drain()
    expect(device.state().outbox).toEqual([])
    expect(new Set(device.authority.seen).size).toBe(1)
    await device.close()
  })

  it('IT-49 transmissions and outcomes stand in the journal, the outcome naming hash and digest of what it answers', async () => {
    const device = await wire(parties)
    await sold(device)
    await device.transmitter.drain()
    const [made] = await device.records('it.transmission')
    const [outcome] = await device.records('it.outcome')
    const payload = outcome!.payload as { transmission: string; answer: { blob: string } }
    expect(payload.transmission).toBe(made!.hash)
    expect(sha256Hex(device.blobs.kept.get(payload.answer.blob)!)).toBe(payload.answer.blob)
  })

  it('IT-53 batches: accepted, remarks by position, temporarily unavailable, duplicates with and without a lost answer', async () => {
    const device = await wire(parties, { startsAs: 'IN_SERVIZIO' })
    const sell = async (count: number): Promise<void> => {
      for (let i = 0; i < count; i++) await device.sell([line(500, 2200)], [card(500)], { lotteryCode: 'ABCD1234' })
    }
    const counts = (): unknown => device.state().lottery.counts['']
    await sell(100)
    const remark = (position: number, wrapped: boolean): string => {
      const error = '<Codice>00308</Codice><Descrizione>Dati</Descrizione>'
      return `<Segnalazione><Posizione>${position}</Posizione><NumeroProgressivo>0001-0001</NumeroProgressivo><DataOra>2026-11-20T10:00:00</DataOra><Errori>${wrapped ? `<Errore>${error}</Errore>` : error}</Errori></Segnalazione>`
    }
    device.authority.faults.push({
      kind: 'answer',
      xml: lotteryAnswer('SE', `<SegnalazioniDocComm>${remark(1, false)}${remark(100, true)}</SegnalazioniDocComm>`, 100),
    })
    await device.transmitter.drain()
    expect(counts()).toEqual({ waiting: 0, sent: 0, accepted: 98, rejected: 2, excluded: 0 })
    const refused = ((await device.records('it.outcome'))[0]!.payload as { refused: { seq: number; codes: string[] }[] }).refused
    const sales = await device.records('it.sale')
    expect(refused.map(({ seq }) => seq)).toEqual([sales[0]!.body.seq, sales[99]!.body.seq])
    expect(refused.map(({ codes }) => codes)).toEqual([['00308'], ['00308']])

    await sell(1)
    expect(await device.transmitter.drain()).toEqual([])
    device.clock.step(10 * 60_000)
    device.authority.faults.push({
      kind: 'answer',
      xml: lotteryAnswer(
        'SC',
        '<ListaErrori><Errore><Codice>00302</Codice><Descrizione>x</Descrizione></Errore></ListaErrori>',
        0,
      ),
    })
    await device.transmitter.drain()
    expect(states(device)).toEqual(['ready'])
    device.clock.step(2 * 60_000)
    const duplicate = lotteryAnswer('SC', '<ListaErrori><Codice>00306</Codice><Descrizione>x</Descrizione></ListaErrori>', 0)
    device.authority.faults.push({ kind: 'answer', xml: duplicate })
    await device.transmitter.drain()
    expect(states(device)).toEqual(['rejected'])
    expect(counts()).toMatchObject({ sent: 0, accepted: 98, rejected: 3 })
    await device.ok({ type: 'outcome', of: device.state().outbox[0]!.made, result: 'released', operator: 'Anna' })

    await sell(1)
    device.clock.step(10 * 60_000)
    device.authority.faults.push({ kind: 'lost' })
    await device.transmitter.drain()
    device.clock.step(2 * 60_000)
    device.authority.faults.push({ kind: 'answer', xml: duplicate })
    await device.transmitter.drain()
    expect(device.state().outbox).toEqual([])
    expect((await device.records('it.outcome')).at(-1)!.payload).toMatchObject({ result: 'acceptedPresumed' })
    expect(counts()).toMatchObject({ sent: 0, accepted: 99, rejected: 3 })
  })

  it('the time a message is due depends on the journal alone', async () => {
    const device = await wire(parties)
    await sold(device)
    await device.transmitter.step()
    const [message] = device.state().outbox
    expect(dueAt(device.country.settings, device.state(), message!, device.clock.now())).toBe(
      dueAt(device.country.settings, device.state(), message!, device.clock.now()),
    )
  })
})
