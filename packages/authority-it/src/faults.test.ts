// Faults asked for: what the client sees of each, and what the authority has afterwards. At the end a shop of country-it goes
// through all of them and is left with one accepted message each.
import { fixedClock } from '@sigillo/testing'
import { readCertificates, verifyXml } from '@sigillo/documents'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { Authority } from './contract.js'
import type { Fault } from './faults.js'
import { bend, inner, openDevice, openManufacturer, type Party } from './messages.fixture.js'
import { openShop } from './shop.fixture.js'
import type { WireAnswer } from './wire.fixture.js'
import { openAuthority } from './wire.fixture.js'

const NOW = Date.parse('2026-11-24T12:00:00Z')

describe('faults', () => {
  let authority: Authority
  let device: Party
  let now = NOW
  let n = 0
  beforeAll(async () => {
    authority = await openAuthority({ now: () => now })
    device = await openDevice(authority, await openManufacturer(authority), 'ZZITT000001', {
      state: 'IN_SERVIZIO',
      merchant: '01234567897',
    })
  })
  afterAll(() => authority.close())
  afterEach(() => authority.clearFaults())
  const next = (): string => bend(inner.receipts, ['>1<', `>${++n}<`])
  const stored = (): number => authority.entries({ route: 'receipts', accepted: true }).length
  const believed = (body: Uint8Array): boolean => {
    const trust = { anchors: readCertificates(authority.roots.answers), at: NOW, commonName: 'Servizio AE Corrispettivi IVA' }
    return verifyXml(new Uint8Array(body), { trust }).ok
  }
  /** What a fault did: the answer or how it failed, and whether the message was stored. */
  async function meet(fault: Fault): Promise<{ answer?: WireAnswer; failed: boolean; storedOne: boolean }> {
    const before = stored()
    authority.inject({ fault })
    const answer = await device.say('receipts', next()).catch(() => undefined)
    return { ...(answer && { answer }), failed: answer === undefined, storedOne: stored() === before + 1 }
  }

  it.each<[Fault, boolean]>([
    [{ kind: 'drop', where: 'beforeReading' }, false],
    [{ kind: 'drop', where: 'afterReading' }, false],
    [{ kind: 'drop', where: 'afterStoring' }, true],
    [{ kind: 'truncate' }, true],
    [{ kind: 'truncate', bytes: 0 }, true],
  ])('IT-40 %o: no whole answer; stored: %s', async (fault, storedOne) => {
    expect(await meet(fault)).toEqual({ failed: true, storedOne })
  })

  it.each<[Fault, number, boolean]>([
    [{ kind: 'status', status: 503 }, 503, false],
    [{ kind: 'status', status: 429, headers: { 'retry-after': '7' } }, 429, false],
    [{ kind: 'garbage' }, 200, true],
    [{ kind: 'garbage', store: false }, 200, false],
    [{ kind: 'empty' }, 200, true],
    [{ kind: 'unsigned' }, 200, true],
    [{ kind: 'wrongSigner' }, 200, true],
    [{ kind: 'wrongSigner', store: false }, 200, false],
    [{ kind: 'altered' }, 200, true],
  ])('IT-41 %o: status %d and nothing to believe; stored: %s', async (fault, status, storedOne) => {
    const met = await meet(fault)
    expect([met.answer!.status, met.storedOne, believed(met.answer!.body)]).toEqual([status, storedOne, false])
    if (fault.kind === 'status' && fault.headers !== undefined) expect(met.answer!.headers['retry-after']).toBe('7')
  })

  it('IT-42 a refusal with chosen codes is signed, and nothing stands behind it', async () => {
    const met = await meet({ kind: 'refuse', codes: ['00203', '12345'] })
    expect([met.answer!.codes, met.storedOne, believed(met.answer!.body)]).toEqual([['00203', '12345'], false, true])
  })

  it('a delay and a trickle end in the whole answer', async () => {
    for (const fault of [
      { kind: 'delay', ms: 20 },
      { kind: 'delay', ms: 20, where: 'after' },
      { kind: 'trickle', bytes: 500, everyMs: 2 },
    ] as const) {
      const met = await meet(fault)
      expect([met.answer!.status, met.storedOne, believed(met.answer!.body)]).toEqual([200, true, true])
    }
  })

  it('faults are for one operation, so many times, after so many exchanges', async () => {
    authority.inject({ fault: { kind: 'status', status: 503 }, route: 'receipts', times: 2, after: 1 })
    expect((await device.say('event', bend(inner.event, ['00600', '00699']))).status).toBe(200)
    const seen = []
    for (let i = 0; i < 4; i++) seen.push((await device.say('receipts', next())).status)
    expect(seen).toEqual([200, 503, 503, 200])
    expect(authority.faults).toEqual([])
  })

  it('IT-40 the same bytes again: the same answer by default, a refusal or a second acceptance when told so', async () => {
    const message = next()
    const first = await device.say('receipts', message)
    const second = await device.say('receipts', message)
    expect(second.body.equals(first.body)).toBe(true)
    authority.setPolicies({ duplicates: { error: '00209' }, duplicatesOf: { lottery: { error: '00306' } } })
    expect((await device.say('receipts', message)).codes).toEqual(['00209'])
    const batch = bend(inner.lottery, ['0001-0001', '0001-7001'])
    expect((await device.say('lottery', batch)).codes).toEqual([])
    const again = await device.say('lottery', batch)
    expect([again.codes, again.text.includes('<Esito>SC</Esito>')]).toEqual([['00306'], true])
    authority.setPolicies({ duplicates: 'acceptAgain', duplicatesOf: {} })
    const third = await device.say('receipts', message)
    expect([third.codes, third.body.equals(first.body)]).toEqual([[], false])
    authority.setPolicies({ duplicates: 'sameAnswer' })
  })

  it('IT-40 a refused message is judged anew when it comes again', async () => {
    const early = bend(next(), ['2026-11-24T12:00:00+01:00', '2026-11-24T14:00:00+01:00'])
    expect((await device.say('receipts', early)).codes).toEqual(['00203'])
    now += 2 * 3_600_000
    expect((await device.say('receipts', early)).codes).toEqual([])
    now = NOW
  })

  it('numbers: gaps and steps back are noted, and refused when told so', async () => {
    const say = async (progressive: number): Promise<readonly string[]> =>
      (await device.say('receipts', bend(inner.receipts, ['>1<', `>${progressive}<`]))).codes
    const last = (): readonly string[] => authority.entries({ route: 'receipts' }).at(-1)!.warnings
    n = 1000
    await say(n)
    expect(last()).toEqual(['PROGRESSIVE_GAP'])
    await say(n + 1)
    expect(last()).toEqual([])
    await say(500)
    expect(last()).toEqual(['PROGRESSIVE_REGRESSION'])
    authority.setPolicies({ progressive: 'refuseGap' })
    expect([await say(1003), await say(499), await say(1002)]).toEqual([['00299'], [], []])
    authority.setPolicies({ progressive: 'refuseRegression' })
    expect([await say(498), await say(1010)]).toEqual([['00299'], []])
    authority.setPolicies({ progressive: 'log' })
    n = 1010
  })

  it('sums that do not come out are noted and accepted', async () => {
    const say = async (...changes: readonly (readonly [string, string])[]): Promise<readonly string[]> => {
      const { codes } = await device.say('receipts', bend(next(), ...changes))
      expect(codes).toEqual([])
      return authority.entries({ route: 'receipts' }).at(-1)!.warnings
    }
    expect(await say()).toEqual([])
    expect(await say(['<Imposta>22.00', '<Imposta>22.01'])).toEqual([])
    expect(await say(['<Imposta>22.00', '<Imposta>22.02'])).toEqual(['TAX_NOT_RATE Riepilogo[1]'])
    expect(await say(['<Ammontare>100.00', '<Ammontare>100.01'])).toEqual([])
    expect(await say(['<Ammontare>100.00', '<Ammontare>100.02'])).toEqual(['AMOUNT_NOT_SUM Riepilogo[1]'])
    expect(await say([/<Totali>.*<\/Totali>/.exec(inner.receipts)![0], ''])).toEqual(['TOTALS_ABSENT'])
    const ticket = '</PagatoContanti><Ticket><PagatoTicket>0.00</PagatoTicket><NumeroTicket>2</NumeroTicket></Ticket>'
    expect(await say(['</PagatoContanti>', ticket])).toEqual(['TICKETS_WITHOUT_AMOUNT'])
    expect(await say(['<ImportoParziale>100.00</ImportoParziale>', ''])).toEqual([])
    const negative = await say(
      ['<Imposta>22.00', '<Imposta>-22.00'],
      ['<ImportoParziale>100.00', '<ImportoParziale>-100.00'],
      ['</ImportoParziale>', '</ImportoParziale><TotaleAmmontareAnnulli>200.00</TotaleAmmontareAnnulli>'],
    )
    expect(negative).toEqual([])
  })

  it('IT-44 in genuine hours nothing is served from 22:00 to 24:00', async () => {
    authority.setPolicies({ hours: 'genuine' })
    const at = async (time: string): Promise<number> => {
      now = Date.parse(time)
      return (await device.say('receipts', next())).status
    }
    const seen = [
      await at('2026-11-24T20:59:59Z'),
      await at('2026-11-24T21:00:00Z'),
      await at('2026-11-24T22:59:59Z'),
      await at('2026-11-24T23:00:00Z'),
    ]
    expect(seen).toEqual([200, 500, 500, 200])
    authority.setPolicies({ hours: 'always' })
    now = NOW
  })
})

describe('a shop through all faults', () => {
  it('IT-40 IT-41 IT-43 whatever happens on the way, each closing is accepted once, in order, with the bytes first made', async () => {
    const clock = fixedClock('2026-11-24T05:00:00.000Z')
    await using authority = await openAuthority({ now: () => clock.now() })
    const shop = await openShop(authority, { clock })
    await shop.enrol()
    const faults: readonly Fault[] = [
      { kind: 'drop', where: 'beforeReading' },
      { kind: 'drop', where: 'afterReading' },
      { kind: 'drop', where: 'afterStoring' },
      { kind: 'status', status: 429 },
      { kind: 'status', status: 500 },
      { kind: 'status', status: 503 },
      { kind: 'garbage' },
      { kind: 'empty' },
      { kind: 'unsigned' },
      { kind: 'wrongSigner' },
      { kind: 'altered' },
      { kind: 'truncate' },
      { kind: 'delay', ms: 5 },
      { kind: 'trickle', bytes: 800, everyMs: 1 },
    ]
    for (const fault of faults) {
      await shop.sell()
      await shop.close()
      authority.inject({ fault })
      for (let i = 0; i < 5 && shop.state().outbox.length > 0; i++) {
        await shop.transmitter.drain()
        clock.step(16 * 60_000)
      }
      expect(shop.state().outbox, fault.kind).toEqual([])
    }
    const accepted = authority.entries({ route: 'receipts', accepted: true })
    const numbers = accepted.map(({ effects }) => (effects[0] as { progressive: string }).progressive)
    expect(numbers).toEqual(faults.map((_, i) => String(i + 1)))
    for (const { n, sha256 } of accepted) expect(shop.blobs.get(sha256!)).toEqual(authority.bytes(n).request)
    expect(accepted.flatMap(({ warnings }) => warnings)).toEqual([])
  })
})
