import { execFileSync } from 'node:child_process'
import { mkdtempSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { concat, sha256Hex, utf8 } from '@sigillo/core'
import { softwareSigner } from '@sigillo/signer-software'
import { lacking } from '@sigillo/testing/node'
import { unzipSync, zipSync } from 'fflate'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { line, openShop, type Shop } from '../shop.fixture.js'
import { createArchive, recreateArchive, type Archive } from './create.js'
import { establishmentTotals, exportFiscal } from './export.js'
import { requireRoom } from './zip.js'
import { verifyArchive } from './verify.js'

const customer = { name: '=SARL "Dupont"; fils', address: '3 rue des Lilas' }
const operator = { operatorId: 'OP-7' }
const archive = (shop: Shop, key: string, more: object = {}): Promise<Archive> =>
  createArchive(shop.queue, shop.country, { ...operator, key, posMoment: new Date(shop.clock.now()).toISOString(), ...more })

async function bytesOf({ stream }: Pick<Archive, 'stream'>): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  for await (const part of stream()) parts.push(part)
  return concat(...parts)
}

async function busyDay(shop: Shop): Promise<void> {
  const sale = await shop.sell([
    line(1200, 2000, { label: '=1+1' }),
    line(1100, 1000, { label: 'Plat; "maison"' }),
    line(420, 550),
    { label: 'Pourboire', total: 100, nature: 'T' },
  ])
  await shop.ok({
    type: 'ticket',
    op: 'refund',
    reference: sale.key,
    lines: [line(-420, 550, { quantity: '-1' })],
    payments: [{ mode: 'ESP', amount: -420 }],
  })
  await shop.ok({ type: 'invoice', customer, lines: [line(5000, 2000)], payments: [{ mode: 'CRE', amount: 5000 }] })
  await shop.ok({ type: 'invoice', customer, covers: [(await shop.sell([line(999, 2000)])).key], lines: [line(999, 2000)] })
  await shop.ok({ type: 'note', lines: [line(1500, 1000)] })
  await shop.ok({ type: 'payment', op: 'cash-in', reason: 'fond', payments: [{ mode: 'ESP', amount: 5000 }] })
  await shop.ok({ type: 'copy', reference: sale.key, reason: 'client' })
  await shop.ok({
    type: 'ticket',
    training: { responsible: 'CHEF' },
    lines: [line(100, 2000)],
    payments: [{ mode: 'ESP', amount: 100 }],
  })
  const degraded = {
    episode: 'E-1',
    seq: 1,
    counter: 7,
    localMoment: '2026-11-23T10:00:00+01:00',
    localHash: 'a'.repeat(64),
    integrity: 'ok',
  }
  await shop.ok({
    type: 'ticket',
    degraded: { ...degraded, seq: shop.clock.now() % 1_000_000_000 },
    lines: [line(300, 2000)],
    payments: [{ mode: 'CB', amount: 300 }],
  })
}

interface Two {
  readonly shop: Shop
  readonly one: Archive
  readonly two: Archive
}

async function twoArchives(): Promise<Two> {
  const shop = await openShop()
  await busyDay(shop)
  await shop.ok({ type: 'closing', kind: 'day' })
  const one = await archive(shop, 'ARCHIVE-1')
  shop.clock.set('2026-11-24T09:00:00.000Z')
  await busyDay(shop)
  shop.clock.set('2026-11-25T09:00:00.000Z')
  await shop.sell([line(777, 2000)]) // closes the 24th by force, in the same request
  shop.clock.set('2026-11-25T20:00:00.000Z')
  const two = await archive(shop, 'ARCHIVE-2', { until: '2026-11-24' })
  return { shop, one, two }
}

let made: Two
let zips: Uint8Array[]
let folder: string
beforeAll(async () => {
  made = await twoArchives()
  zips = [await bytesOf(made.one), await bytesOf(made.two)]
  folder = mkdtempSync(join(tmpdir(), 'archive-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

it('FR-64 nothing to archive, an open day, more than twelve months', async () => {
  const shop = await openShop()
  await expect(archive(shop, 'A')).rejects.toMatchObject({ code: 'FR_NOTHING_TO_ARCHIVE' })
  expect(await shop.refused({ type: 'archive' })).toBe('FR_NOTHING_TO_ARCHIVE')
  await shop.sell([line(100, 2000)])
  await expect(archive(shop, 'A')).rejects.toMatchObject({ code: 'FR_DAY_OPEN' })
  expect(await shop.refused({ type: 'archive' })).toBe('FR_DAY_OPEN')
  expect((await archive(shop, 'A', { autoClose: true })).manifest.totals.ttc).toBe(100)
  const old = await openShop({ fiscalYearEnd: '06-30' })
  await old.ok({ type: 'closing', kind: 'day' })
  old.clock.set('2027-11-24T09:00:00.000Z')
  await old.ok({ type: 'closing', kind: 'day' })
  await expect(archive(old, 'A')).rejects.toMatchObject({ code: 'FR_ARCHIVE_TOO_LONG' })
  expect(await old.refused({ type: 'archive' })).toBe('FR_ARCHIVE_TOO_LONG')
  expect((await archive(old, 'B', { until: '2026-11-23' })).manifest.kind).toBe('period')
  // Nor is what no ZIP could hold.
  requireRoom([{ bytes: 4_000_000_000 }, { bytes: 294_967_295 }])
  expect(() => requireRoom([{ bytes: 4_000_000_000 }, { bytes: 294_967_296 }])).toThrow(/4 GiB/)
})

it('FR-65 an archive is sound with nothing but its bytes', async () => {
  for (const [zip, { manifest }] of [
    [zips[0], made.one],
    [zips[1], made.two],
  ] as const) {
    const report = await verifyArchive(zip as Uint8Array)
    expect(report.faults).toEqual([])
    expect(report.sound).toBe(true)
    expect(report.manifest).toEqual(manifest)
    expect(report.unchecked[0]).toMatch(/whose key/)
  }
  const { record } = made.one
  expect((await verifyArchive(zips[0] as Uint8Array, { trustedKeys: [record.body.kid] })).faults).toEqual([])
  expect((await verifyArchive(zips[0] as Uint8Array, { trustedKeys: ['x'] })).faults).toMatchObject([{ code: 'KEY' }])
})

it('FR-65 a flipped byte in any file is found and names the file or the record', async () => {
  const files = unzipSync(zips[0] as Uint8Array)
  for (const [name, bytes] of Object.entries(files)) {
    for (const at of [Math.floor(bytes.length / 2), bytes.length - 1]) {
      const flipped = bytes.slice()
      flipped[at] = (flipped[at] as number) ^ 1
      const report = await verifyArchive(zipSync({ ...files, [name]: flipped }))
      expect(report.sound, `${name} ${at}`).toBe(false)
      expect(
        report.faults.some(({ file }) => file === name || (name === 'manifest.json' && file === 'manifest.jws')),
        `${name} ${at}`,
      ).toBe(true)
    }
  }
  const records = files['records.ndjson'] as Uint8Array
  const at = Buffer.from(records).indexOf('=1+1')
  const flipped = records.slice()
  flipped[at + 1] = (flipped[at + 1] as number) ^ 1
  const report = await verifyArchive(zipSync({ ...files, 'records.ndjson': flipped }))
  expect(report.faults).toContainEqual(
    expect.objectContaining({ code: 'RECORD', detail: 'PAY_WRONG payload', seq: expect.any(Number) as number }),
  )
})

it('FR-65 removed, added and swapped files, a foreign signature and a cut container are found', async () => {
  const [files, other] = [unzipSync(zips[0] as Uint8Array), unzipSync(zips[1] as Uint8Array)]
  const { 'csv/jet.csv': _jet, ...without } = files
  const codes = async (zip: Uint8Array): Promise<string[]> =>
    (await verifyArchive(zip)).faults.map(({ code, file }) => `${code} ${file}`)
  expect(await codes(zipSync(without))).toContain('FILE_MISSING csv/jet.csv')
  expect(await codes(zipSync({ ...files, 'note.txt': utf8('x') }))).toContain('FILE_FOREIGN note.txt')
  expect(await codes(zipSync({ ...files, 'manifest.jws': other['manifest.jws'] as Uint8Array }))).toContain(
    'SIGNATURE manifest.jws',
  )
  expect(await codes((zips[0] as Uint8Array).subarray(0, 5000))).not.toEqual([])
  expect(await codes(new Uint8Array([1, 2, 3]))).toContain('MANIFEST manifest.json')
})

it('FR-66 the signed digest is that of manifest.json; two archives join without gap or overlap', async () => {
  const { one, two } = made
  const [a, b] = zips.map((zip) => unzipSync(zip)) as [Record<string, Uint8Array>, Record<string, Uint8Array>]
  expect(String(one.record.body.x?.['ds']).split(',')[5]).toBe(sha256Hex(a['manifest.json'] as Uint8Array))
  expect(two.manifest.from).toBe(one.manifest.to + 1)
  expect(two.manifest.previous).toEqual({ number: 1, manifest: one.manifestSha256 })
  expect((await verifyArchive(zips[1] as Uint8Array, { previous: a['manifest.json'] as Uint8Array })).faults).toEqual([])
  expect(
    (await verifyArchive(zips[1] as Uint8Array, { previous: b['manifest.json'] as Uint8Array })).faults.map(({ code }) => code),
  ).toContain('CONTINUITY')
  const records = await made.shop.records()
  expect(records[one.manifest.to]?.body.type).toBe('sys.checkpoint')
  expect(records[two.manifest.to]?.body.type).toBe('sys.checkpoint')
  // The sale that closed the 24th stands before that checkpoint and is in the range; what follows is not.
  const level = (made.shop.totals() as unknown as { levels: { archive: { totals: { ttc: number; counts: object } } } }).levels
    .archive.totals
  const sum = one.manifest.totals.ttc + two.manifest.totals.ttc + level.ttc
  expect(sum).toBe(Number((made.shop.totals() as unknown as { perpetual: { alg: string } }).perpetual.alg))
  expect(made.shop.queue.head().seq).toBeGreaterThan(two.manifest.to)
})

const rows = (bytes: Uint8Array): Record<string, string>[] => {
  const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes)
  const cells = text
    .slice(1)
    .trimEnd()
    .split('\r\n')
    .map((row) =>
      [...row.matchAll(/("(?:[^"]|"")*"|[^;]*)(;|$)/g)].map((match) =>
        (match[1] as string).replace(/^"|"$/g, '').replaceAll('""', '"'),
      ),
    )
  return cells.slice(1).map((row) => Object.fromEntries((cells[0] as string[]).map((name, i) => [name, row[i] as string])))
}
const sumOf = (table: Record<string, string>[], column: string): number =>
  table.reduce((sum, row) => sum + Math.round(Number((row[column] as string).replace(',', '.')) * 100), 0)

it('FR-67 sums of the tables equal the manifest, and the tables open in a spreadsheet', async () => {
  for (const [zip, { manifest }] of [
    [zips[0], made.one],
    [zips[1], made.two],
  ] as const) {
    const files = unzipSync(zip as Uint8Array)
    const table = (name: string): Record<string, string>[] => rows(files[`csv/${name}.csv`] as Uint8Array)
    const invoices = table('factures').filter(({ comptee }) => comptee === 'oui')
    expect(sumOf(table('tickets'), 'total_ttc') + sumOf(invoices, 'total_ttc')).toBe(manifest.totals.ttc)
    expect(sumOf(table('tickets'), 'total_ht') + sumOf(invoices, 'total_ht')).toBe(manifest.totals.ht)
    expect(sumOf(table('tva'), 'ttc')).toBe(manifest.totals.ttc)
    expect(sumOf(table('tva'), 'tva')).toBe(manifest.totals.vat)
    expect(sumOf(table('reglements'), 'montant')).toBe(
      Object.values(manifest.totals.pay).reduce((sum, amount) => sum + amount, 0),
    )
    expect(table('tickets')[0]).toMatchObject({ nb_duplicatas: '1', total_ttc: '27,20', type: 'VENTE' })
  }
  const files = unzipSync(zips[0] as Uint8Array)
  const lines = files['csv/lignes.csv'] as Uint8Array
  expect([...lines.subarray(0, 3)]).toEqual([0xef, 0xbb, 0xbf])
  const text = new TextDecoder().decode(lines)
  expect(text).toContain(";'=1+1;")
  expect(text).toContain(';"Plat; ""maison""";')
  expect(text).toMatch(/\r\n$/)
  expect(rows(lines).find(({ quantite }) => quantite === '-1')).toBeDefined()
  expect(rows(files['csv/tickets.csv'] as Uint8Array)[0]?.['date_heure']).toBe('23/11/2026 10:15:30')
})

it('FR-69 the same archive made again is the same bytes', async () => {
  const { shop, one, two } = made
  for (const [i, was] of [one, two].entries()) {
    const now = await recreateArchive(shop.queue, shop.country, was.record)
    expect(sha256Hex(await bytesOf(now))).toBe(sha256Hex(zips[i] as Uint8Array))
  }
  const repeated = await archive(shop, 'ARCHIVE-1')
  expect(repeated.record.hash).toBe(one.record.hash)
})

it('FR-68 a purge is refused until archive, external medium, verification and retention are all there', async () => {
  const { shop, one } = made
  const purge = (more: object = {}): object => ({
    type: 'purge',
    archives: [{ number: 1, manifest: one.manifestSha256 }],
    manager: 'CHEF',
    ...more,
  })
  const why = async (request: object): Promise<string> => {
    const outcome = await shop.send(request)
    if (outcome.outcome === 'registered') return 'registered'
    expect(outcome.error.code).toBe('FR_PURGE_NOT_ALLOWED')
    return outcome.error.message
  }
  expect(await why(purge({ archives: [{ number: 9, manifest: one.manifestSha256 }] }))).toMatch(/does not exist/)
  expect(await why(purge({ archives: [{ number: 1, manifest: 'a'.repeat(64) }] }))).toMatch(/another manifest/)
  expect(await why(purge())).toMatch(/external medium/)
  await shop.ok({ type: 'event', code: 440, data: { archive: 1, medium: 'disque 7', sha256: 'b'.repeat(64) } })
  expect(await why(purge())).toMatch(/kept on line until 2036-12-31/)
  expect(await why(purge({ manager: ' ' }))).toMatch(/manager/)
  shop.clock.set('2037-01-01T09:00:00.000Z')
  expect(await why(purge({ archives: [{ number: 2, manifest: made.two.manifestSha256 }] }))).toMatch(/external medium/)
  const done = await shop.ok(purge())
  expect(done.record.payload).toMatchObject({ code: 200, data: { from: 0, to: one.manifest.to } })
  await shop.queue.blankings()
  await expect(recreateArchive(shop.queue, shop.country, one.record)).rejects.toMatchObject({ code: 'RECORD_PURGED' })
})

it('15.4 an export is the same container, told by event 295 or 110, and moves no counter', async () => {
  const shop = await openShop()
  await busyDay(shop)
  const before = (shop.totals() as unknown as { archive: object }).archive
  const whole = await exportFiscal(shop.queue, shop.country, {
    ...operator,
    key: 'EXP-1',
    posMoment: '2026-11-23T21:00:00Z',
    officer: 'DGFiP 42',
  })
  expect((await verifyArchive(await bytesOf(whole))).faults).toEqual([])
  expect(whole.record.payload).toMatchObject({ code: 295 })
  const part = await exportFiscal(shop.queue, shop.country, {
    ...operator,
    key: 'EXP-2',
    posMoment: '2026-11-23T21:00:00Z',
    from: 7,
    to: 12,
  })
  expect((await verifyArchive(await bytesOf(part))).faults).toEqual([])
  expect(part.record.payload).toMatchObject({ code: 110 })
  expect((shop.totals() as unknown as { archive: object }).archive).toEqual(before)
})

it('12 while the queue is in school mode nothing is archived or exported, and nothing closed for it', async () => {
  const shop = await openShop()
  await busyDay(shop)
  await shop.ok({ type: 'training', on: true, responsible: 'CHEF' })
  const head = shop.queue.head().seq
  const error = { code: 'REQUEST_INVALID', registered: 'no', message: expect.stringContaining('school mode') as string }
  await expect(archive(shop, 'A', { autoClose: true })).rejects.toMatchObject(error)
  const exporting = exportFiscal(shop.queue, shop.country, { ...operator, key: 'E', posMoment: '2026-11-23T21:00:00Z' })
  await expect(exporting).rejects.toMatchObject(error)
  expect(shop.queue.head().seq).toBe(head)
  await shop.ok({ type: 'training', on: false })
  expect((await verifyArchive(await bytesOf(await archive(shop, 'A', { autoClose: true })))).faults).toEqual([])
})

it('FR-75 an archive that ends with a year closing is annual and gives event 30, another event 20', async () => {
  const shop = await openShop()
  await shop.sell([line(100, 2000)])
  await shop.ok({ type: 'closing', kind: 'year' })
  const annual = await archive(shop, 'A')
  expect(annual.manifest.kind).toBe('year')
  expect((await shop.trail()).slice(-2)).toEqual(['A:year', 'L:30'])
  await shop.ok({ type: 'closing', kind: 'day' })
  await archive(shop, 'B')
  expect((await shop.trail()).slice(-2)).toEqual(['A:period', 'L:20'])
  expect((await verifyArchive(await bytesOf(annual))).faults).toEqual([])
})

it('FR-77 two tills of one establishment: own numbers, own chains, and a sum', async () => {
  const shops = [await openShop({ tillId: 'CAISSE-01' }), await openShop({ tillId: 'CAISSE-02' })]
  const archives: Archive[] = []
  for (const [i, shop] of shops.entries()) {
    expect((await shop.sell([line(1000 * (i + 1), 2000)])).answer['number']).toBe(1)
    await shop.ok({ type: 'closing', kind: 'day' })
    archives.push(await archive(shop, 'A'))
  }
  expect(archives.map(({ name }) => name)).toEqual([
    'ARCHIVE-FR_12345678900012_CAISSE-01_20261123_20261123_1.zip',
    'ARCHIVE-FR_12345678900012_CAISSE-02_20261123_20261123_1.zip',
  ])
  expect(establishmentTotals(archives)).toMatchObject({ ttc: 3000, vat: 500, rates: { 2000: { ttc: 3000 } }, pay: { ESP: 3000 } })
  expect(shops[0]?.queue.id).not.toBe(shops[1]?.queue.id)
})

it('FR-71 an archive over a change of key is sound and holds both keys', async () => {
  const shop = await openShop()
  await shop.sell([line(100, 2000)])
  const next = await softwareSigner()
  await shop.queue.changeKey({ signer: next, reason: 'renouvellement' })
  await shop.sell([line(100, 2000)])
  await shop.ok({ type: 'closing', kind: 'day' })
  const { manifest, stream } = await archive(shop, 'A')
  expect(manifest.keys.map(({ kid }) => kid)).toEqual([shop.signer.describe().keyId, next.describe().keyId])
  expect((await verifyArchive(await bytesOf({ stream }))).faults).toEqual([])
})

it.skipIf(lacking('openssl') !== undefined).each(['ES256', 'ES384', 'EdDSA', 'PS256'] as const)(
  'FR-80 the steps of LISEZMOI, followed literally, verify manifest, signature and every record: %s (needs openssl)',
  async (alg) => {
    const shop = await openShop({}, { signer: await softwareSigner({ alg }) })
    await shop.sell([line(100, 2000)])
    await shop.ok({ type: 'closing', kind: 'day' })
    const zip = await bytesOf(await archive(shop, 'A'))
    const place = join(folder, alg)
    for (const [name, bytes] of Object.entries(unzipSync(zip))) {
      mkdirSync(dirname(join(place, name)), { recursive: true })
      writeFileSync(join(place, name), bytes)
    }
    const readme = readFileSync(join(place, 'LISEZMOI.txt'), 'utf8')
    const steps = [1, 2, 3, 4, 5].map(
      (n) => (readme.split(`--- commandes ${n} ---\n`)[1] as string).split('--- fin ---')[0] as string,
    )
    const run = (step: string): string =>
      execFileSync('sh', ['-c', step], { cwd: place, encoding: 'utf8', env: { ...process.env, LC_ALL: 'C' } })
    expect(
      run(steps[0] as string)
        .trimEnd()
        .split('\n')
        .every((text) => text.endsWith(': OK')),
    ).toBe(true)
    expect(run(steps[1] as string).trim()).toBe('1')
    expect(run(steps[2] as string)).toMatch(/Verified OK|Signature Verified Successfully/)
    const journal = readFileSync(join(place, 'records.ndjson'), 'utf8')
    const count = journal.split('\n').length - 1
    expect(run(steps[3] as string).trim()).toBe(`${count} enregistrements, 0 faux`)
    expect(run(steps[4] as string).trim()).toMatch(new RegExp(`^${count} (Verified OK|Signature Verified Successfully)$`))
    writeFileSync(join(place, 'records.ndjson'), journal.replace('"total":100', '"total":101'))
    expect(run(steps[3] as string)).toContain('1 faux')
    writeFileSync(join(place, 'records.ndjson'), journal.replace('"type":"ticket"', '"type":"ticked"'))
    expect(run(steps[3] as string)).toMatch(/^ligne \d+ : empreinte\n/)
    expect(run(steps[4] as string)).toMatch(/ 1 .*Failure/i)
    const manifest = readFileSync(join(place, 'manifest.json'))
    writeFileSync(join(place, 'manifest.json'), Buffer.concat([manifest, Buffer.from(' ')]))
    expect(() => run(steps[1] as string)).toThrow()
  },
)

it('FR-16 the seal of a record verifies with another JOSE implementation’s rules', async () => {
  const { webcrypto } = await import('node:crypto')
  const { record } = made.one
  const { 'manifest.jws': jws, 'manifest.json': manifest } = unzipSync(zips[0] as Uint8Array)
  const [header, body, sig] = new TextDecoder().decode(jws).split('.') as [string, string, string]
  const { keys } = JSON.parse(new TextDecoder().decode(manifest)) as { keys: { kid: string; jwk: JsonWebKey }[] }
  const jwk = keys.find(({ kid }) => kid === record.body.kid)?.jwk as JsonWebKey
  const key = await webcrypto.subtle.importKey('jwk', jwk, { name: 'ECDSA', namedCurve: 'P-256' }, false, ['verify'])
  const signature = Buffer.from(sig, 'base64url')
  expect(signature).toHaveLength(64)
  expect(
    await webcrypto.subtle.verify({ name: 'ECDSA', hash: 'SHA-256' }, key, signature, Buffer.from(`${header}.${body}`)),
  ).toBe(true)
})
