import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openPlace, openShopFolder, saleLine, type Place } from './french-shop.fixture.js'

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

  it('FR-66 continuity with the archive before, given whole or as its manifest; keys nobody named are told', async () => {
    const [a, b] = [place.path('a.zip'), place.path('b.zip')]
    const manifest = execFileSync('unzip', ['-p', a, 'manifest.json'])
    writeFileSync(place.path('manifest.json'), manifest)
    const [report] = await place.json(['fr', 'verify-archive', b, '--previous', a])
    const kid = (report?.['keys'] as unknown as string[])[0] as string
    const trusted = ['--previous', place.path('manifest.json'), '--trusted-key', kid]
    expect((await place.json(['fr', 'verify-archive', b, ...trusted]))[0]).toMatchObject({ sound: true, unchecked: [] })
    const faultsOf = async (...args: string[]): Promise<string[]> => {
      const [told] = await place.json(['fr', 'verify-archive', ...args], 1)
      return [...new Set((told?.['faults'] as unknown as { code: string }[]).map(({ code }) => code))]
    }
    expect(await faultsOf(b, '--previous', b)).toEqual(['CONTINUITY'])
    expect(await faultsOf(b, '--previous', place.path('cafe.json'))).toEqual(['CONTINUITY'])
    expect(await faultsOf(b, '--trusted-key', 'another')).toEqual(['KEY'])
    expect(await refusal('fr', 'verify-archive', b, '--previous', place.path('missing'))).toMatchObject({ code: 'USAGE' })
  })

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

describe('fr jet', () => {
  it('10 events with their labels, filtered by code, operator, kind and day', async () => {
    const event = { type: 'event', key: 'E-1', operatorId: 'B', posMoment: '2026-03-14T07:03:00Z', code: 901, info: 'monnaie' }
    await place.json(['record', shop], 0, `${JSON.stringify(event)}\n`)
    const rows = (await place.json(['fr', 'jet', shop, '--code', '901'])) as unknown[]
    expect(rows).toMatchObject([
      { code: 901, label: 'Ouverture du tiroir', keep: false, info: 'monnaie', operator: 'B', till: 'CAISSE-01', purged: false },
    ])
    expect(await codes('--kept')).toEqual([260])
    expect(await codes('--code', '900-999', '--code', '260', '--operator', 'B')).toEqual([901])
    const day = (offset: number): string => new Date(Date.now() + offset * 86_400_000).toISOString().slice(0, 10)
    expect(await codes('--from', day(-1), '--to', day(1), '--code', '901')).toEqual([901])
    expect([await codes('--from', day(2)), await codes('--to', day(-2))]).toEqual([[], []])
    const { stdout } = await place.sigillo(['fr', 'jet', shop, '--code', '901'])
    expect(stdout).toMatch(/^L\d+ +\d\d\/\d\d\/\d{4} \d\d:\d\d:\d\d {2}901 P {2}Ouverture du tiroir +B +monnaie\n$/)
  })

  it('10 the CSV is the table an archive holds', async () => {
    const theirs = execFileSync('unzip', ['-p', place.path('a.zip'), 'csv/jet.csv'], { encoding: 'utf8' })
    const { stdout } = await place.sigillo(['fr', 'jet', shop, '--csv'])
    expect(theirs.split('\r\n').length).toBeGreaterThan(5)
    expect(stdout.startsWith(theirs)).toBe(true)
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
