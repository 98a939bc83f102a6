import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openQueue, sealOf, type Storage } from '@sigillo/core'
import { softwareSigner } from '@sigillo/signer-software'
import { faultySigner, memoryStorage } from '@sigillo/testing'
import { lacking } from '@sigillo/testing/node'
import { expect, it } from 'vitest'
import { france } from './france.js'
import { cafe, line, openShop, type Shop } from './shop.fixture.js'

async function linesIn(storage: Storage): Promise<number> {
  const reader = await storage.openReader()
  let lines = 0
  for await (const _ of reader.read(0n)) lines += 1
  await reader.close()
  return lines
}

const events = async (shop: Shop, code: number): Promise<{ info: string; data: Record<string, unknown>; number: number }[]> =>
  (await shop.records())
    .filter(({ body, payload }) => body.type === 'event' && (payload as { code: number }).code === code)
    .map(({ payload }) => payload as unknown as { info: string; data: Record<string, unknown>; number: number })

it('FR-18 a signer failure consumes nothing; the next success goes on without a gap and tells of it', async () => {
  const signer = faultySigner(await softwareSigner())
  const shop = await openShop({}, { signer })
  await shop.sell([line(100, 2000)])
  const [head, totals] = [shop.queue.head(), shop.totals()]
  signer.fail({ how: 'refuse', times: 2 })
  const ticket = { type: 'ticket', lines: [line(100, 2000)], payments: [{ mode: 'ESP', amount: 100 }] }
  for (let n = 0; n < 2; n++) {
    expect(await shop.send(ticket)).toMatchObject({
      outcome: 'rejected',
      error: { code: 'SIGNER_UNAVAILABLE', national: 'FR_SIGNER_UNAVAILABLE', registered: 'no', retry: 'same-handle' },
    })
  }
  expect({ head: shop.queue.head(), totals: shop.totals() }).toEqual({ head, totals })
  const sale = await shop.ok(ticket)
  expect(sale.answer['number']).toBe(2)
  expect((await shop.trail()).slice(-2)).toEqual(['T:sale', 'L:916'])
})

it('FR-70 a higher major version gives 250, another change 255, a lower one 270; counters go on', async () => {
  const shop = await openShop()
  await shop.sell([line(100, 2000)])
  const version = (name: string): object => ({ options: { software: { name: 'Sigillo Caisse', version: name } } })
  for (const [to, code] of [
    ['2.4.0', 255],
    ['3.0.0', 250],
    ['2.9.9', 270],
    ['2.9.9', 0],
  ] as const) {
    const from = shop.queue.head().seq + 1n
    await shop.reopen(version(to))
    expect(await shop.trail(from)).toEqual(['L:40', 'L:80', ...(code === 0 ? [] : [`L:${code}`])])
  }
  expect((await shop.sell([line(100, 2000)])).answer['number']).toBe(2)
})

it('17.6 changed taxpayer data give 410 with old and new, a changed parameter 270', async () => {
  const shop = await openShop()
  await shop.reopen({ options: { legalName: 'Café du Large', dayCutoff: '05:00' } })
  expect(await events(shop, 410)).toMatchObject([
    { data: { old: { legalName: 'Café du Port' }, new: { legalName: 'Café du Large' } } },
  ])
  expect(await events(shop, 270)).toMatchObject([{ data: { old: { dayCutoff: '00:00' }, new: { dayCutoff: '05:00' } } }])
})

it('8.6, 17.6 a queue is not opened for another SIRET, and not a byte is written; its own opens it as before', async () => {
  const shop = await openShop()
  await shop.sell([line(100, 2000)])
  await shop.queue.close()
  const lines = await linesIn(shop.storage)
  const other = france({ ...cafe, siret: '99999999900015' })
  const opening = openQueue({ country: other, storage: shop.storage, signer: shop.signer, clock: shop.clock })
  await expect(opening).rejects.toMatchObject({ code: 'OPTION_INVALID', path: 'siret', registered: 'no' })
  expect(await linesIn(shop.storage)).toBe(lines)
  const own = await openQueue({ country: shop.country, storage: shop.storage, signer: shop.signer, clock: shop.clock })
  expect(await linesIn(shop.storage)).toBeGreaterThan(lines)
  await own.close()
})

it('FR-71 a key change: L 450 by the old key, the next record by the new', async () => {
  const shop = await openShop()
  await shop.sell([line(100, 2000)])
  const next = await softwareSigner()
  await shop.queue.changeKey({ signer: next, reason: 'renouvellement' })
  const sale = await shop.sell([line(100, 2000)])
  const records = await shop.records()
  const told = records.find(({ body, payload }) => body.type === 'event' && (payload as { code: number }).code === 450)
  expect(told?.body.kid).toBe(shop.signer.describe().keyId)
  expect(told?.payload).toMatchObject({
    data: { kid: next.describe().keyId, prevKid: shop.signer.describe().keyId, oldKeyAvailable: true },
  })
  expect(sale.record.body.kid).toBe(next.describe().keyId)
  expect(sealOf(sale.record)).toBe(sale.seal)
  expect(sale.answer['number']).toBe(2)
})

it('FR-72 a clock a minute back is accepted and told, ten minutes back refused until confirmed', async () => {
  const shop = await openShop()
  await shop.sell([line(100, 2000)])
  shop.clock.step(-60_000)
  const sale = await shop.sell([line(100, 2000)])
  expect(sale.records.map(({ type }) => type)).toEqual(['ticket', 'event'])
  expect(sale.record.payload).toMatchObject({ clockBack: true, number: 2 })
  expect(await events(shop, 910)).toMatchObject([{ data: { seconds: 60 } }])
  shop.clock.step(-600_000)
  const head = shop.queue.head()
  const ticket = { type: 'ticket', lines: [line(100, 2000)], payments: [{ mode: 'ESP', amount: 100 }] }
  expect(await shop.refused(ticket)).toBe('FR_CLOCK_BACKWARDS')
  expect(shop.queue.head()).toEqual(head)
  await shop.ok({ type: 'clock', reason: 'pile remplacée' })
  expect((await shop.ok(ticket)).answer['number']).toBe(3)
  expect(await events(shop, 910)).toHaveLength(2)
})

it('FR-72 opening the queue again with a clock set back does not make the clock right', async () => {
  const shop = await openShop()
  await shop.sell([line(100, 2000)])
  shop.clock.step(-600_000)
  await shop.reopen()
  expect(await shop.refused({ type: 'zero' })).toBe('FR_CLOCK_BACKWARDS')
  await shop.ok({ type: 'clock', reason: 'pile remplacée' })
  await shop.sell([line(100, 2000)])
})

it('17.3 a jump of more than a day with an open day gives 911; a till’s clock far off is marked', async () => {
  const shop = await openShop({ dayRollover: 'allow', maxDayHours: 72 })
  await shop.sell([line(100, 2000)])
  shop.clock.step(25 * 3_600_000)
  await shop.sell([line(100, 2000)])
  expect(await events(shop, 911)).toMatchObject([{ data: { seconds: 90_000 } }])
  const skewed = await shop.sell([line(100, 2000)], { posMoment: new Date(shop.clock.now() - 601_000).toISOString() })
  expect(skewed.record.payload).toMatchObject({ posClockSkew: -601 })
})

it('FR-73 and FR-78: at the autumn change local times repeat; overseas shops keep their own time', async () => {
  const shop = await openShop({}, { at: '2026-10-25T00:30:00.000Z' })
  const first = await shop.sell([line(100, 2000)])
  shop.clock.step(3_600_000)
  const second = await shop.sell([line(100, 2000)])
  const moments = [first, second].map(({ record }) => (record.payload as { moment: string }).moment)
  expect(moments).toEqual(['20261025023000', '20261025023000'])
  expect(second.answer['number']).toBe(2)
  const zones = [
    ['GP', '20261124003000', '2026-11-24'],
    ['RE', '20261124083000', '2026-11-24'],
    ['CORSE', '20261124053000', '2026-11-24'],
    ['GF', '20261124013000', '2026-11-24'],
  ] as const
  for (const [region, moment, date] of zones) {
    const overseas = await openShop({ region }, { at: '2026-11-24T04:30:00.000Z' })
    const sale = await overseas.sell([line(100, 0, { exemption: 'TER' })])
    expect(sale.record.payload).toMatchObject({ moment, date })
  }
})

it('FR-74 after a restored backup: 220, 90, 95, and printed numbers above the highest known', async () => {
  const storage = memoryStorage()
  const shop = await openShop({}, { storage })
  const kept: { value?: unknown } = {}
  const witness = {
    read: () => Promise.resolve(kept.value as never),
    write: (statement: unknown) => Promise.resolve(void (kept.value = structuredClone(statement))),
  }
  await shop.reopen({ witness })
  await shop.sell([line(100, 2000)])
  await shop.sell([line(100, 2000)])
  await shop.queue.close()
  const { seq, hash, types } = kept.value as {
    queue: string
    seq: number
    hash: string
    types: Record<string, { tseq: number; hash: string }>
  }
  const lost = {
    ...types,
    ticket: { tseq: (types['ticket'] as { tseq: number }).tseq + 5, hash },
    event: { tseq: (types['event'] as { tseq: number }).tseq + 2, hash },
  }
  kept.value = { queue: shop.queue.id, seq: seq + 20, hash: 'f'.repeat(64), types: lost }
  await expect(shop.reopen({ witness })).rejects.toMatchObject({ code: 'ROLLBACK_SUSPECTED' })
  await shop.reopen({ witness, acknowledge: 'CHEF' })
  const trail = await shop.trail()
  expect(trail.slice(-4)).toEqual(['L:220', 'L:90', 'L:95', 'L:80'])
  expect((await events(shop, 95))[0]?.data).toMatchObject({ lost: { ticket: { from: 3, to: 7, offset: 5 } } })
  const known = (types['event'] as { tseq: number }).tseq
  expect((await events(shop, 220))[0]?.number).toBe(known + 3)
  const sale = await shop.sell([line(100, 2000)])
  expect(sale.answer['number']).toBe(8)
  expect(sale.record.body.tseq).toBe(3)
  expect(String(sale.record.body.x?.['ds'])).toContain(',CAISSE-01,8,VENTE,')
})

it('FR-75 events a till may send, events it may not', async () => {
  const shop = await openShop()
  for (const code of [
    10, 40, 80, 100, 105, 110, 126, 127, 128, 130, 140, 150, 160, 170, 180, 210, 230, 240, 280, 290, 295, 300, 320, 323, 324, 325,
    326, 327, 328, 329, 430, 901, 902, 950, 999,
  ]) {
    expect((await shop.ok({ type: 'event', code })).record.payload).toMatchObject({ code })
  }
  for (const code of [
    0, 11, 55, 129, 899, 1000, -1, 50, 60, 70, 120, 125, 156, 190, 200, 220, 250, 260, 330, 400, 410, 420, 450, 910, 913,
  ]) {
    expect(await shop.refused({ type: 'event', code })).toBe('REQUEST_INVALID')
  }
})

it('11.2 electronic issue, no issue, and a late first issue', async () => {
  const shop = await openShop()
  await shop.sell([line(100, 2000)], { issue: 'electronic' })
  const sale = await shop.sell([line(100, 2000)], { issue: 'none' })
  expect((await shop.trail()).slice(2)).toEqual(['T:sale', 'L:917', 'T:sale'])
  await shop.ok({ type: 'issue', reference: sale.key, medium: 'electronic' })
  shop.clock.step(11 * 60_000)
  const late = await shop.ok({ type: 'issue', reference: sale.key, medium: 'paper' })
  expect(late.type).toBe('copy')
  await shop.ok({ type: 'closing', kind: 'day' })
  expect(await events(shop, 918)).toMatchObject([{ data: { count: 1 } }])
  const traced = await openShop({ traceNonIssue: true })
  await traced.sell([line(100, 2000)], { issue: 'none' })
  expect((await traced.trail()).at(-1)).toBe('L:918')
})

it('options are checked and named', async () => {
  const wrong: [object, string][] = [
    [{ siret: '1' }, 'siret'],
    [{ retentionYears: 5 }, 'retentionYears'],
    [{ dayCutoff: '09:00' }, 'dayCutoff'],
    [{ fiscalYearEnd: '02-30' }, 'fiscalYearEnd'],
    [{ timeZone: 'Europe/Atlantis' }, 'timeZone'],
    [{ colour: 'red' }, 'colour'],
    [{ conformity: { mode: 'certificate' } }, 'conformity'],
  ]
  for (const [options, path] of wrong) await expect(openShop(options)).rejects.toMatchObject({ code: 'OPTION_INVALID', path })
})

it.skipIf(lacking('openssl') !== undefined)(
  '17.2 a certificate near its end and one past it are told by 270 once each, and block nothing (needs openssl)',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'sigillo-certificate-'))
    const [key, certificate] = [join(folder, 'k.pem'), join(folder, 'c.pem')]
    const wanted = 'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=till -days 40'.split(' ')
    execFileSync('openssl', [...wanted, '-keyout', key, '-out', certificate], { stdio: 'ignore' })
    const pkcs8 = new Uint8Array(execFileSync('openssl', ['pkcs8', '-topk8', '-nocrypt', '-outform', 'DER', '-in', key]))
    const certificates = readFileSync(certificate, 'utf8')
    rmSync(folder, { recursive: true })
    const day = (n: number): string => new Date(Date.now() + n * 86_400_000).toISOString()
    let shop: Shop | undefined
    const clock = { now: (): number => shop?.clock.now() ?? Date.now() }
    const signer = await softwareSigner({ pkcs8: pkcs8.slice(), certificates, guard: { clock } })
    shop = await openShop({}, { signer, at: day(0) })
    const told = async (): Promise<unknown[]> =>
      (await events(shop as Shop, 270)).map(({ data }) => (data['certificate'] as { step: string }).step)
    expect(await told()).toEqual([])
    // While the queue stays open it looks every hour.
    shop.clock.set(day(12))
    await shop.sell([line(100, 2000)])
    await shop.sell([line(100, 2000)])
    expect(await told()).toEqual(['expiring'])
    await shop.reopen()
    shop.clock.set(day(20))
    await shop.sell([line(100, 2000)])
    expect(await told()).toEqual(['expiring'])
    shop.clock.set(day(41))
    await shop.reopen()
    for (const n of [42, 43, 50]) {
      shop.clock.set(day(n))
      await shop.sell([line(100, 2000)])
    }
    expect(await told()).toEqual(['expiring', 'expired'])
    const [, expired] = await events(shop, 270)
    expect(expired?.info).toMatch(/^Certificat [0-9a-f]{8} expiré depuis le \d\d\/\d\d\/\d{4}$/)
    expect((await shop.queue.verify()).findings).toEqual([])
    // Whoever wants it strict says so to the guard.
    const strict = await softwareSigner({ pkcs8, certificates, guard: { clock, recordsAfterExpiry: false } })
    await expect(shop.reopen({ signer: strict })).rejects.toMatchObject({ code: 'CERT_EXPIRED' })
  },
)
