import { createHash } from 'node:crypto'
import { copyFileSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { openPlace, type Place } from './french-shop.fixture.js'
import { openOldShop, type OldShop } from './old-shop.fixture.js'

let place: Place
let old: OldShop
beforeAll(async () => {
  place = openPlace()
  old = await openOldShop(place, 'vieux', '2014-03-14T09:00:00.000Z', 150)
})
afterAll(() => place.remove())

const journal = (folder: string): string =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.jsonl'))
    .sort()
    .map((name) => readFileSync(join(folder, name), 'utf8'))
    .join('')

// By number: the order of files changes when a segment is sealed.
const bytesBySeq = (text: string): Map<string, number> =>
  new Map(text.split('\n').map((line) => [/"seq":(\d+),"tprev"/.exec(line)?.[1] ?? '', Buffer.byteLength(line)]))

interface Told {
  readonly done: boolean
  readonly records: number
  readonly bytes: number
  readonly waiting: number
  readonly seq: number | null
  readonly freedRecords: number
  readonly freedBytes: number
  readonly remainingFrom: number | null
  readonly contents: Record<string, { records: number; bytes: number }>
  readonly refused: { readonly code: string; readonly message: string } | null
}
const purge = async (code: number, ...options: string[]): Promise<Told> => {
  const [told] = (await place.json(['fr', 'purge', old.folder, ...options], code)) as unknown as Told[]
  return told as Told
}
const sound = async (folder: string): Promise<unknown> => (await place.json(['verify', folder]))[0]?.['sound']
const totals = async (): Promise<unknown> => {
  const [told] = await place.json(['inspect', old.folder])
  return (told?.['totals'] as unknown as { perpetual: unknown }).perpetual
}

it('16 without --yes nothing is changed, and the rules already say what is missing', async () => {
  const before = journal(old.folder)
  const told = await purge(1, '--archive', old.zip)
  expect(told).toMatchObject({
    done: false,
    refused: { code: 'FR_PURGE_NOT_ALLOWED', message: expect.stringContaining('external medium') },
  })
  const shown = await purge(0, '--archive', old.zip, '--medium', 'disque 7')
  expect(shown).toMatchObject({ done: false, refused: null, contents: { ticket: { records: 150 } } })
  expect(shown.bytes).toBe(Object.values(shown.contents).reduce((sum, { bytes }) => sum + bytes, 0))
  expect(shown.waiting).toBeGreaterThan(0)
  const words = await place.sigillo(['fr', 'purge', old.folder, '--archive', old.zip, '--medium', 'disque 7'])
  expect(words.stdout).toMatch(
    /held by archive 1, read back and sound\n {2}ticket +150 contents +\d+ bytes\n[^]*Nothing was changed\./,
  )
  expect(journal(old.folder)).toBe(before)
})

it('FR-68 a damaged archive, an export, another till’s archive and one still to be kept allow nothing', async () => {
  const yes = ['--yes', '--manager', 'CHEF', '--medium', 'disque 7']
  const before = journal(old.folder)
  const bytes = readFileSync(old.zip)
  bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] as number) ^ 1
  writeFileSync(place.path('bad.zip'), bytes)
  expect((await purge(1, '--archive', place.path('bad.zip'), ...yes)).refused).toMatchObject({ code: 'FR_PURGE_NOT_ALLOWED' })
  const words = await place.sigillo(['fr', 'purge', old.folder, '--archive', place.path('bad.zip'), ...yes])
  expect([words.code, words.stdout]).toEqual([1, ''])
  expect(words.stderr).toMatch(/not sound; nothing was changed\n {4}.+ \/ .+/)

  const young = await openOldShop(place, 'jeune', new Date(Date.now() - 86_400_000).toISOString(), 2)
  expect((await purge(1, '--archive', young.zip, ...yes)).refused?.message).toMatch(/another manifest/)
  const [kept] = (await place.json(['fr', 'purge', young.folder, '--archive', young.zip, ...yes], 1)) as unknown as Told[]
  expect(kept?.refused?.message).toMatch(/must be kept on line until/)
  expect(journal(old.folder)).toBe(before)
  for (const options of [[], ['--archive', old.zip, '--yes'], ['--archive', old.zip, '--yes', '--manager', ' ']])
    expect((await place.json(['fr', 'purge', old.folder, ...options], 2))[0]).toMatchObject({ error: { code: 'USAGE' } })
  for (const file of ['nothing.zip', 'vieux'])
    expect((await place.json(['fr', 'purge', old.folder, '--archive', place.path(file)], 2))[0]).toMatchObject({
      error: { code: 'UNREADABLE' },
    })
  expect((await place.json(['fr', 'purge', place.path('nowhere'), '--archive', old.zip], 2))[0]).toMatchObject({
    error: { code: 'SETTINGS_MISSING' },
  })
})

it('FR-68 from the command to the blanked file: L 440, L 200, contents gone, everything else as before and sound', async () => {
  const [before, perpetual] = [journal(old.folder), await totals()]
  const shown = await purge(0, '--archive', old.zip, '--medium', 'disque 7')
  const ran = await place.sigillo(['fr', 'purge', old.folder, '--archive', old.zip, '--yes', '--manager', 'CHEF'])
  expect([ran.code, ran.stderr]).toEqual([
    1,
    expect.stringMatching(/FR_PURGE_NOT_ALLOWED: .*external medium.*; nothing was blanked/),
  ])
  const told = await purge(0, '--archive', old.zip, '--medium', 'disque 7', '--yes', '--manager', 'CHEF')
  expect(told).toMatchObject({ done: true, freedRecords: shown.records - shown.waiting })
  expect(told.freedBytes).toBeGreaterThan(10_000)
  const events = (await place.json(['fr', 'jet', old.folder, '--code', '200,205,440'])) as unknown as {
    code: number
    data: object
  }[]
  expect(events.map(({ code }) => code)).toEqual([440, 200])
  expect(events[1]?.data).toMatchObject({ from: 0, to: old.to, manager: 'CHEF' })

  const after = journal(old.folder)
  const gone = after.split('\n').filter((line) => line.includes('"payload":null'))
  expect(gone).toHaveLength(told.freedRecords)
  const [was, is] = [bytesBySeq(before), bytesBySeq(after)]
  const freed = [...was].reduce((sum, [seq, bytes]) => sum + bytes - (is.get(seq) ?? 0), 0)
  expect(freed).toBe(told.freedBytes)
  for (const line of gone) expect(line).toMatch(/"type":"(?:ticket|event)"/)
  const [report] = await place.json(['verify', old.folder])
  expect(report).toMatchObject({ sound: true })
  const gap = new RegExp(
    `^the contents of ${told.freedRecords} records from .*: purged by record \\d+, see archive 1:[0-9a-f]{64}$`,
  )
  expect(report?.['unchecked']).toEqual([expect.stringMatching(gap)])
  expect(await totals()).toEqual(perpetual)

  // The same call again orders nothing new, and tells how far it has come.
  const again = await purge(0, '--archive', old.zip, '--yes', '--manager', 'CHEF')
  expect(again).toMatchObject({ done: true, seq: null, records: shown.waiting, freedRecords: 0 })
  expect(again.remainingFrom).toBe(told.remainingFrom)
})

it('16 what waited is blanked when its segment is complete, and the till sells on', async () => {
  const lines = Array.from({ length: 64 }, (_, n) => {
    const content = { lines: [{ label: 'Thé', total: 300, rateBp: 1000 }], payments: [{ mode: 'CB', amount: 300 }] }
    return JSON.stringify({ type: 'ticket', key: `N-${n}`, operatorId: 'OP', posMoment: new Date().toISOString(), ...content })
  })
  await place.json(['record', old.folder], 0, lines.join('\n'))
  const told = await purge(0, '--archive', old.zip, '--yes', '--manager', 'CHEF')
  expect(told).toMatchObject({ done: true, records: 0, waiting: 0, remainingFrom: null })
  expect(await sound(old.folder)).toBe(true)
  const event = (await place.json(['fr', 'jet', old.folder, '--code', '901'])) as unknown as object[]
  expect(event).toMatchObject([{ code: 901, purged: true, data: null, label: 'Ouverture du tiroir' }])
})

it('16 a confirmation of another file is none of the one read back', async () => {
  const shop = await openOldShop(place, 'autre', '2014-03-14T09:00:00.000Z', 2)
  const event = (sha256: string): string => {
    const data = { archive: 1, medium: 'disque 7', sha256 }
    return JSON.stringify({ type: 'event', code: 440, key: sha256, operatorId: 'OP', posMoment: new Date().toISOString(), data })
  }
  await place.json(['record', shop.folder], 0, event('b'.repeat(64)))
  const asked = ['fr', 'purge', shop.folder, '--archive', shop.zip]
  expect((await place.json(asked, 1))[0]).toMatchObject({
    refused: { message: expect.stringContaining('external medium') as unknown },
  })
  await place.json(['record', shop.folder], 0, event(createHash('sha256').update(readFileSync(shop.zip)).digest('hex')))
  expect((await place.json(asked))[0]).toMatchObject({ refused: null })
})

it('FR-68 a partial purge drops only events that may go, told by L 205', async () => {
  const shop = await openOldShop(place, 'partiel', '2014-03-14T09:00:00.000Z', 70)
  copyFileSync(shop.zip, place.path('copie.zip'))
  const yes = ['--yes', '--manager', 'CHEF', '--medium', 'disque 7', '--events-only']
  const [told] = await place.json(['fr', 'purge', shop.folder, '--archive', place.path('copie.zip'), ...yes])
  expect(Object.keys(told?.['contents'] ?? {})).toEqual(['event'])
  const codes = (await place.json(['fr', 'jet', shop.folder, '--code', '200-205'])) as unknown as { code: number }[]
  expect(codes.map(({ code }) => code)).toEqual([205])
  expect(journal(shop.folder).match(/"type":"ticket"[^\n]*"payload":null/g)).toBeNull()
  expect(await sound(shop.folder)).toBe(true)
})
