import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { lacking } from '@sigillo/testing/node'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { entryOf, openPlace, openShopFolder, saleLine, type Place } from './french-shop.fixture.js'

let place: Place
let shop: string
beforeAll(async () => {
  place = openPlace()
  shop = await openShopFolder(place)
})
afterAll(() => place.remove())

interface Told {
  readonly error: { readonly code: string; readonly national?: string; readonly kind: string; readonly registered: string }
}
const refusal = async (...args: string[]): Promise<Told['error']> => {
  const [told] = (await place.json(args, 2)) as unknown as Told[]
  return (told as Told).error
}
const codes = async (...args: string[]): Promise<number[]> =>
  ((await place.json(['fr', 'jet', shop, ...args])) as unknown as { code: number }[]).map(({ code }) => code)

describe('fr close', () => {
  it('FR-34 a shift alone; the same key is the same closing, another one shows zero', async () => {
    const close = ['fr', 'close', shop, '--level', 'shift']
    const [first] = await place.json([...close, '--key', 'S-1', '--operator', 'Chef'])
    expect(first).toMatchObject({ outcome: 'registered', replayed: false, type: 'closing', answer: { total: 530, chain: 'G' } })
    const [again] = await place.json([...close, '--key', 'S-1', '--operator', 'Chef'])
    expect(again).toMatchObject({ replayed: true, hash: first?.['hash'] })
    expect((await place.json(close))[0]).toMatchObject({ replayed: false, answer: { total: 0 } })
    const other = await place.json(['fr', 'close', shop, '--level', 'day', '--key', 'S-1', '--operator', 'Chef'], 1)
    expect(other[0]).toMatchObject({ outcome: 'rejected', error: { code: 'KEY_REUSED', national: 'FR_REFERENCE_REUSED' } })
    expect(await codes('--operator', 'Chef')).toEqual([330, 50])
  })

  it('9.4 with --due nothing is closed while every period lasts', async () => {
    expect(await place.json(['fr', 'close', shop, '--due'])).toEqual([{ due: [] }])
  })

  it.each([
    [['--level', 'decade'], 'USAGE'],
    [[], 'USAGE'],
    [['--level', 'day', '--due'], 'USAGE'],
    [['--level', 'day', '--drawer', 'many'], 'USAGE'],
    [['--level', 'day', '--passphrase-file', '/nowhere/secret'], 'USAGE'],
  ])('refuses %j and changes nothing', async (options, code) => {
    const before = await codes()
    expect(await refusal('fr', 'close', shop, ...options)).toMatchObject({ code, registered: 'no' })
    expect(await codes()).toEqual(before)
  })

  it('names a missing till and a wrong passphrase, and shows nothing of the latter', async () => {
    expect(await refusal('fr', 'close', place.path('nowhere'), '--level', 'day')).toMatchObject({ code: 'SETTINGS_MISSING' })
    const ran = await place.sigillo(['fr', 'close', shop, '--level', 'day'], { passphrase: 'a wrong one' })
    expect(ran.code).toBe(2)
    expect(ran.stderr).toMatch(/^error CONFIG_INVALID: /)
    expect(ran.stdout + ran.stderr).not.toContain('a wrong one')
  })
})

describe('fr archive and verify-archive', () => {
  it('FR-64 an open day is refused; a place that cannot be written costs no archive', async () => {
    expect(await refusal('fr', 'archive', shop, place.path('a.zip'))).toMatchObject({ code: 'FR_DAY_OPEN' })
    const nowhere = join(place.path('missing'), 'a.zip')
    expect(await refusal('fr', 'archive', shop, nowhere, '--auto-close')).toMatchObject({ code: 'USAGE' })
    expect(existsSync(place.path('a.zip'))).toBe(false)
    expect(await codes('--code', '20,50')).toEqual([50, 50])
  })

  it('FR-66, FR-69: archives join; the same key gives the same bytes; a folder takes one under its own name', async () => {
    const first = place.path('a.zip')
    const [made] = await place.json(['fr', 'archive', shop, first, '--auto-close', '--key', 'A-1'])
    expect(made).toMatchObject({ number: 1, kind: 'period', from: 0, total: 530, bytes: readFileSync(first).length })
    expect(execFileSync('sha256sum', [first], { encoding: 'utf8' })).toContain(made?.['sha256'])
    expect(await refusal('fr', 'archive', shop, first, '--key', 'A-1')).toMatchObject({ code: 'USAGE' })
    await place.json(['fr', 'archive', shop, place.path('again.zip'), '--key', 'A-1'])
    expect(readFileSync(place.path('again.zip'))).toEqual(readFileSync(first))
    expect(await refusal('fr', 'archive', shop, place.path('b.zip'))).toMatchObject({ code: 'FR_NOTHING_TO_ARCHIVE' })

    await place.json(['record', shop], 0, saleLine('T-3', 420))
    await place.json(['fr', 'close', shop, '--level', 'day'])
    mkdirSync(place.path('usb'))
    const [second] = await place.json(['fr', 'archive', shop, place.path('usb')])
    expect(second).toMatchObject({ number: 2, total: 420 })
    const [name] = readdirSync(place.path('usb'))
    expect(name).toMatch(/^ARCHIVE-FR_12345678900012_CAISSE-01_\d{8}_\d{8}_2\.zip$/)
    renameSync(join(place.path('usb'), name as string), place.path('b.zip'))
  })

  it('FR-65 the ZIP alone is judged, in French and English', async () => {
    const [report] = await place.json(['fr', 'verify-archive', place.path('a.zip')])
    expect(report).toMatchObject({
      sound: true,
      verdict: { fr: 'Archive intègre', en: 'Archive sound' },
      number: 1,
      faults: [],
      totals: { ttc: 530 },
      perpetual: { end: { alg: 530, abs: 530 } },
    })
    expect(report?.['unchecked']).toHaveLength(1)
    expect(report?.['uncheckedFr']).toHaveLength(1)
    const ran = await place.sigillo(['fr', 'verify-archive', place.path('a.zip')])
    expect(ran.stdout).toMatch(/^✔ Archive intègre \/ Archive sound\n/)
  })

  it.skipIf(lacking('python3') !== undefined)(
    'FR-66 continuity with the archive before, given whole or as its manifest; keys nobody named are told (needs python3)',
    async () => {
      const [a, b] = [place.path('a.zip'), place.path('b.zip')]
      const manifest = entryOf(a, 'manifest.json')
      writeFileSync(place.path('manifest.json'), manifest)
      const [report] = await place.json(['fr', 'verify-archive', b, '--previous', a])
      const kid = (report?.['keys'] as unknown as string[])[0] as string
      const trusted = ['--previous', place.path('manifest.json'), `--trusted-key=${kid}`]
      expect((await place.json(['fr', 'verify-archive', b, ...trusted]))[0]).toMatchObject({ sound: true, unchecked: [] })
      const faultsOf = async (...args: string[]): Promise<string[]> => {
        const [told] = await place.json(['fr', 'verify-archive', ...args], 1)
        return [...new Set((told?.['faults'] as unknown as { code: string }[]).map(({ code }) => code))]
      }
      expect(await faultsOf(b, '--previous', b)).toEqual(['CONTINUITY'])
      expect(await faultsOf(b, '--previous', place.path('cafe.json'))).toEqual(['CONTINUITY'])
      expect(await faultsOf(b, '--trusted-key', 'another')).toEqual(['KEY'])
      expect(await refusal('fr', 'verify-archive', b, '--previous', place.path('missing'))).toMatchObject({ code: 'USAGE' })
    },
  )

  it('FR-65 damage is told with file or record; what is no archive is told apart', async () => {
    const bytes = readFileSync(place.path('a.zip'))
    for (const at of [60, 3000, bytes.length >> 1]) {
      const changed = Uint8Array.from(bytes)
      changed[at] = (changed[at] as number) ^ 0x10
      writeFileSync(place.path('bad.zip'), changed)
      const [report] = await place.json(['fr', 'verify-archive', place.path('bad.zip')], 1)
      const faults = report?.['faults'] as unknown as { file: string; fr: string; en: string }[]
      expect(faults.length).toBeGreaterThan(0)
      for (const { fr, en } of faults) expect(fr).not.toBe(en)
    }
    writeFileSync(place.path('cut.zip'), bytes.subarray(0, 1200))
    expect((await place.json(['fr', 'verify-archive', place.path('cut.zip')], 1))[0]).toMatchObject({
      sound: false,
      verdict: { fr: 'Archive NON intègre', en: 'Archive NOT sound' },
    })
    await place.json(['export', shop, place.path('bundle.zip')])
    for (const name of ['bundle.zip', 'cafe.json', 'shop', 'usb', 'missing.zip'])
      expect(await refusal('fr', 'verify-archive', place.path(name)), name).toMatchObject({ code: 'UNREADABLE' })
  })

  it.each([
    ['--until', '2026-3-1'],
    ['--kind', 'week'],
  ])('refuses %s %s', async (option, value) => {
    expect(await refusal('fr', 'archive', shop, place.path('c.zip'), option, value)).toMatchObject({ code: 'USAGE' })
  })
})

describe('fr export', () => {
  it('15.4 any range by number or day, told by 295 or 110, judged like an archive; no archive counter moves', async () => {
    const file = place.path('export.zip')
    const [all] = await place.json(['fr', 'export', shop, file, '--officer', 'DGFIP-7'])
    expect(all).toMatchObject({ from: 0, total: 950 })
    expect(execFileSync('sha256sum', [file], { encoding: 'utf8' })).toContain(all?.['sha256'])
    expect((await place.json(['fr', 'verify-archive', file]))[0]).toMatchObject({ sound: true, kind: 'export', number: 0 })
    expect(await refusal('fr', 'export', shop, file)).toMatchObject({ code: 'USAGE' })
    const [part] = await place.json(['fr', 'export', shop, file, '--force', '--from', '3', '--to', '#9'])
    expect(part).toMatchObject({ from: 3, to: 9 })
    const day = (offset: number): string => new Date(Date.now() + offset * 86_400_000).toISOString().slice(0, 10)
    const [days] = await place.json(['fr', 'export', shop, place.path('usb'), '--from', day(-1), '--to', day(1)])
    expect(days).toMatchObject({ from: 0, total: 950 })
    expect(days?.['file']).toMatch(/usb\/EXPORT-FR_12345678900012_CAISSE-01_\d{8}_\d{8}_0\.zip$/)
    expect(await codes('--code', '110,295')).toEqual([295, 110, 110])
    expect(await codes('--code', '20')).toEqual([20, 20])
    for (const range of [
      ['--from', day(3)],
      ['--to', day(-3)],
      ['--from', '9', '--to', '3'],
      ['--from', 'monday'],
    ])
      expect(await refusal('fr', 'export', shop, place.path('none.zip'), ...range)).toMatchObject({ code: 'USAGE' })
    expect(await refusal('fr', 'export', shop, join(place.path('missing'), 'x.zip'))).toMatchObject({ code: 'USAGE' })
    expect(existsSync(place.path('none.zip'))).toBe(false)
  })
})

describe('fr jet', () => {
  it('10 events with their labels, filtered by code, operator, kind and day', async () => {
    const event = { type: 'event', key: 'E-1', operatorId: 'B', posMoment: '2026-03-14T07:03:00Z', code: 901, info: 'monnaie' }
    await place.json(['record', shop], 0, `${JSON.stringify(event)}\n`)
    const rows = (await place.json(['fr', 'jet', shop, '--code', '901'])) as unknown[]
    expect(rows).toMatchObject([
      { code: 901, label: 'Ouverture du tiroir', keep: false, info: 'monnaie', operator: 'B', till: 'CAISSE-01', purged: false },
    ])
    expect(await codes('--kept')).toEqual([260, 295])
    expect(await codes('--code', '900-999', '--code', '260', '--operator', 'B')).toEqual([901])
    const day = (offset: number): string => new Date(Date.now() + offset * 86_400_000).toISOString().slice(0, 10)
    expect(await codes('--from', day(-1), '--to', day(1), '--code', '901')).toEqual([901])
    expect([await codes('--from', day(2)), await codes('--to', day(-2))]).toEqual([[], []])
    const { stdout } = await place.sigillo(['fr', 'jet', shop, '--code', '901'])
    expect(stdout).toMatch(/^L\d+ +\d\d\/\d\d\/\d{4} \d\d:\d\d:\d\d {2}901 P {2}Ouverture du tiroir +B +monnaie\n$/)
  })

  it.skipIf(lacking('python3') !== undefined)('10 the CSV is the table an archive holds (needs python3)', async () => {
    const theirs = entryOf(place.path('a.zip'), 'csv/jet.csv').toString('utf8')
    const { stdout } = await place.sigillo(['fr', 'jet', shop, '--csv'])
    expect(theirs.split('\r\n').length).toBeGreaterThan(5)
    expect(stdout.startsWith(theirs)).toBe(true)
  })

  it('10 an event altered on the disk is listed and told', async () => {
    const copy = place.path('altered')
    cpSync(shop, copy, { recursive: true })
    for (const name of readdirSync(copy).filter((file) => file.endsWith('.jsonl'))) {
      const text = readFileSync(join(copy, name), 'utf8')
      writeFileSync(join(copy, name), text.replace('"info":"monnaie"', '"info":"Monnaie"'))
    }
    const ran = await place.sigillo(['fr', 'jet', copy, '--code', '901'])
    expect([ran.code, ran.stderr]).toEqual([1, expect.stringMatching(/^warning: record #\d+ was altered/)])
    expect(ran.stdout).toContain('901')
  })

  it('2.3 the list of codes', async () => {
    const rows = await place.json(['fr', 'jet', '--codes'])
    expect(rows.length).toBeGreaterThan(60)
    expect(rows).toContainEqual({ code: 200, label: 'Purge des données', keep: true, till: false })
  })

  it.each([
    ['--code', '5'],
    ['--code', '900-x'],
    ['--code', '95-90'],
    ['--from', 'yesterday'],
  ])('refuses %s %s', async (option, value) => {
    expect(await refusal('fr', 'jet', shop, option, value)).toMatchObject({ code: 'USAGE' })
  })

  it('needs a folder with a French journal', async () => {
    expect(await refusal('fr', 'jet')).toMatchObject({ code: 'USAGE' })
    expect(await refusal('fr', 'jet', place.path('nowhere'))).toMatchObject({ code: 'QUEUE_MISSING' })
  })
})

describe('fr translate', () => {
  const BASE = 0x4652000000000000n
  // 64-bit codes as they stand in the incumbent's JSON: too large for a JavaScript number.
  const receipt = (low: bigint, reference: string, more = ''): string =>
    `{"ftReceiptCase":${BASE + low},"cbReceiptReference":"${reference}","cbReceiptMoment":"2026-11-23T09:15:30Z","cbUser":"Chef",` +
    `"cbChargeItems":[{"Quantity":2,"Description":"Café","Amount":3.6,"VATRate":10,"ftChargeItemCase":${BASE + 14n},"UnitPrice":1.8}],` +
    `"cbPayItems":[{"Quantity":1,"Description":"Carte","Amount":3.6,"ftPayItemCase":${BASE + 5n}}]${more}}`

  it('3.1 JSON lines, an array and one object give the same requests, and they can be recorded', async () => {
    const texts = [receipt(1n, 'R-1'), receipt(0x40001n, 'R-2', ',"cbPreviousReceiptReference":"external:Z"')]
    const refund = texts[1]
      ?.replace('"Amount":3.6,"V', '"Amount":-3.6,"V')
      .replace('"Quantity":2', '"Quantity":-2')
      .replace('"Amount":3.6,"ftP', '"Amount":-3.6,"ftP')
    const both = [texts[0] as string, refund as string]
    const lines = await place.sigillo(['fr', 'translate', place.write('old.jsonl', `\n${both.join('\r\n')}\n`)])
    expect([lines.code, lines.stderr]).toEqual([0, expect.stringContaining('2 translated\n')])
    for (const text of [`[${both.join(',\n')}]`, `\ufeff [${both.join(',')}]`]) {
      const ran = await place.sigillo(['fr', 'translate', '-'], { input: text })
      expect(ran.stdout).toBe(lines.stdout)
    }
    const pretty = JSON.stringify(JSON.parse(both[0]?.replaceAll(/:(\d{12,})/g, ':"$1"') as string), null, 2)
    expect((await place.sigillo(['fr', 'translate', '-'], { input: pretty })).stdout).toBe(`${lines.stdout.split('\n')[0]}\n`)
    const recorded = (await place.json(['record', shop], 0, lines.stdout)) as unknown[]
    expect(recorded).toMatchObject([
      { key: 'R-1', answer: { total: 360 } },
      { key: 'R-2', answer: { total: -360 } },
    ])
  })

  it('3.1 what has no counterpart, is inexact or no JSON ends with 1 and is told; the rest goes on', async () => {
    const input = [
      receipt(1n, 'R-1'),
      receipt(0x14n, 'R-2'),
      'not JSON',
      receipt(1n, 'R-3').replace('"Amount":3.6,"ft', '"Amount":0.30000000000000004,"ft'),
      '[1]',
      receipt(0x99n, 'R-4'),
      receipt(0x4954000000000001n - BASE, 'R-5'),
    ].join('\n')
    const rows = (await place.json(['fr', 'translate', '-'], 1, input)) as unknown as {
      item: number
      usable: boolean
      request: object | null
      report: { level: string; message: string }[]
    }[]
    expect(rows.map(({ item, usable, request }) => [item, usable, request !== null])).toEqual([
      [1, true, true],
      [2, false, false],
      [3, false, false],
      [4, false, true],
      [5, false, false],
      [6, false, false],
      [7, false, false],
    ])
    expect(rows[1]?.report).toContainEqual(expect.objectContaining({ level: 'lost' }))
    expect(rows[3]?.report.at(-1)?.message).toContain('FR_AMOUNT_PRECISION')
    expect(rows[6]?.report.at(-1)?.message).toContain('FR_COUNTRY')
    const words = await place.sigillo(['fr', 'translate', '-'], { input })
    expect(words.code).toBe(1)
    expect(words.stdout.split('\n')).toHaveLength(2)
    expect(words.stderr).toMatch(
      /✘ 2 {2}R-2 {2}has no counterpart\n[^]*✘ 4 {2}R-3 {2}must be corrected\n[^]*1 translated, 6 not\n$/,
    )
  })

  it('a damaged first line does not hide the others; nothing at all is nothing to do', async () => {
    const rows = await place.json(['fr', 'translate', '-'], 1, `{"ftReceiptCase":\n${receipt(1n, 'R-1')}\n`)
    expect(rows).toMatchObject([
      { item: 1, usable: false },
      { item: 2, usable: true },
    ])
    expect(await place.json(['fr', 'translate', '-'], 0, '')).toEqual([])
    const [told] = (await place.json(['fr', 'translate', '-'], 2, 'plain words')) as unknown as Told[]
    expect(told?.error.code).toBe('USAGE')
    expect(await refusal('fr', 'translate', place.path('nowhere'))).toMatchObject({ code: 'USAGE' })
    expect(await refusal('fr', 'translate')).toMatchObject({ code: 'USAGE' })
  })
})

describe('fr attest', () => {
  const attest = (...args: string[]): string[] => ['fr', 'attest', '--software', 'Ma Caisse', '--version', '2.3.1', ...args]
  const install = (): string => {
    const modules = place.path('node_modules')
    for (const name of ['core', 'country-fr', 'storage-fs', 'signer-software']) {
      const folder = join(modules, '@sigillo', name)
      mkdirSync(join(folder, 'dist', 'deep'), { recursive: true })
      writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: `@sigillo/${name}`, version: '9.8.7' }))
      writeFileSync(join(folder, 'dist', 'index.js'), `export const name = '${name}'\n`)
      writeFileSync(join(folder, 'dist', 'deep', 'b.js'), '1')
      writeFileSync(join(folder, 'dist', 'index.js.map'), '{}')
      writeFileSync(join(folder, 'dist', 'index.d.ts'), '')
    }
    return modules
  }

  it('17.1 the fingerprint is that of the code as installed, found again by find, sort and sha256sum', async () => {
    const modules = install()
    const out = place.path('dossier')
    const [told] = await place.json(attest('--out', out, '--modules', modules, '--publisher', 'Éditions'))
    const fresh = "find @sigillo/*/dist -name '*.js' -type f | LC_ALL=C sort | xargs sha256sum | sha256sum"
    const shell = (command: string): string =>
      execFileSync('sh', ['-c', command], { cwd: modules, encoding: 'utf8' }).slice(0, 64)
    expect(told).toMatchObject({ hashed: 8, fingerprint: shell(fresh) })
    expect(shell(`sha256sum '${out}/empreinte.txt'`)).toBe(told?.['fingerprint'])
    execFileSync('sha256sum', ['-c', join(out, 'empreinte.txt')], { cwd: modules })
    expect(readdirSync(out).sort()).toEqual([...(told?.['files'] as unknown as string[])].sort())
    const letter = readFileSync(join(out, 'attestation.md'), 'utf8')
    for (const text of ['Ma Caisse', '2.3.1', 'Éditions', told?.['fingerprint'] as unknown as string])
      expect(letter).toContain(text)

    // The same again is the same; another byte anywhere is not. The till's own code may be added.
    writeFileSync(place.path('till.js'), 'mine')
    const more = ['--force', '--modules', modules, '--also', place.path('till.js')]
    const [again] = await place.json(attest('--out', out, '--force', '--modules', modules))
    expect(again?.['fingerprint']).toBe(told?.['fingerprint'])
    const [own] = await place.json(attest('--out', out, ...more))
    expect(own).toMatchObject({ hashed: 9 })
    expect(readFileSync(join(out, 'empreinte.txt'), 'utf8')).toMatch(/ {2}logiciel\/till\.js\n$/)
    writeFileSync(join(modules, '@sigillo/core/dist/deep/b.js'), '2')
    const [changed] = await place.json(attest('--out', out, '--force', '--modules', modules))
    expect(changed?.['fingerprint']).not.toBe(told?.['fingerprint'])
    // What the settings of a till take.
    expect(changed?.['fingerprint']).toMatch(/^[0-9a-f]{64}$/)
  })

  it('says what is missing or wrong before anything is written', async () => {
    const modules = install()
    const out = place.path('other')
    const refused = async (...args: string[]): Promise<string> => (await refusal(...args)).code
    expect(await refused('fr', 'attest', '--software', 'X', '--version', '2.3.1')).toBe('USAGE')
    expect(await refused('fr', 'attest', '--out', out, '--version', '2.3.1')).toBe('USAGE')
    expect(await refused('fr', 'attest', '--out', out, '--software', 'X')).toBe('USAGE')
    expect(await refused('fr', 'attest', '--out', out, '--software', 'X', '--version', '2')).toBe('USAGE')
    expect(await refused(...attest('--out', out, '--marketed', 'soon'))).toBe('USAGE')
    expect(await refused(...attest('--out', out, '--user-siret', '1'))).toBe('USAGE')
    expect(await refused(...attest('--out', shop, '--modules', modules))).toBe('USAGE')
    expect(await refused(...attest('--out', place.path('cafe.json'), '--modules', modules))).toBe('USAGE')
    expect(await refused(...attest('--out', out, '--modules', modules, '--also', place.path('nothing')))).toBe('USAGE')
    expect(await refused(...attest('--out', out, '--modules', place.path('usb')))).toBe('UNREADABLE')
    expect(existsSync(out)).toBe(false)
  })
})
