import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { entryOf, openPlace, openShopFolder, saleLine, type Place } from './french-shop.fixture.js'

let place: Place
let shop: string
beforeAll(async () => {
  place = openPlace()
  shop = await openShopFolder(place)
})
afterAll(() => place.remove())

interface Facts {
  readonly kind: string
  readonly to: number
  readonly totals: { readonly ttc: number }
  readonly chains: { readonly closing: { readonly count: number } }
}
const manifestOf = (file: string): Facts => JSON.parse(new TextDecoder().decode(entryOf(file, 'manifest.json'))) as Facts

it('17.7 stop proposes the archive and changes nothing, then makes it and ends the till for ever', async () => {
  const words = await place.sigillo(['fr', 'stop', shop])
  expect(words).toMatchObject({ code: 0 })
  expect(words.stdout).toMatch(/^Records from #0 on, sold since \d{4}-\d\d-\d\d, are in no archive; a day is open\.\n/)
  expect(words.stdout).toContain('Nothing was changed.')
  expect(await place.json(['fr', 'stop', shop])).toMatchObject([{ stopped: false, unarchived: { from: 0, dayOpen: true } }])
  await place.json(['record', shop], 0, saleLine('T-3', 100))

  const file = join(place.folder, 'last.zip')
  const [archive, stopped] = await place.json(['fr', 'stop', shop, file, '--yes', '--operator', 'Chef', '--key', 'END'])
  expect(archive).toMatchObject({ archive: { file, number: 1 } })
  expect(stopped).toMatchObject({ outcome: 'registered', type: 'closing' })
  expect(stopped?.['answer']).not.toHaveProperty('warnings')
  expect((await place.json(['fr', 'verify-archive', file]))[0]).toMatchObject({ sound: true })
  expect(manifestOf(file)).toMatchObject({ kind: 'year', totals: { ttc: 630 } })
  expect((await place.json(['record', shop], 2, saleLine('T-4', 100)))[0]).toMatchObject({ error: { national: 'FR_STOPPED' } })
  expect((await place.sigillo(['verify', shop])).code).toBe(0)
})

it('17.7 closings made after the day was closed are in the last archive too; what is archived is not archived again', async () => {
  const other = openPlace()
  try {
    const till = await openShopFolder(other)
    await other.json(['fr', 'close', till, '--level', 'day'])
    const file = other.path('a.zip')
    await other.json(['fr', 'stop', till, file, '--yes'])
    const { chains, to } = manifestOf(file)
    // START, JOUR, SERVICE, MOIS, ANNEE, JOUR; only the archive's own event and STOP lie behind.
    expect(chains.closing.count).toBe(6)
    const left = (await other.json(['fr', 'jet', till])) as unknown as { seq: number; code: number }[]
    expect(left.filter(({ seq }) => seq > to).map(({ code }) => code)).toEqual([20])
  } finally {
    other.remove()
  }
})

it('12 a till in school mode is not stopped, not even as a simulation', async () => {
  const other = openPlace()
  try {
    const till = await openShopFolder(other)
    const school = {
      type: 'training',
      key: 'X',
      operatorId: 'A',
      posMoment: '2026-03-14T08:00:00Z',
      on: true,
      responsible: 'Chef',
    }
    await other.json(['record', till], 0, JSON.stringify(school))
    const [told] = await other.json(['fr', 'stop', till, '--no-archive', '--yes'], 2)
    expect(told).toMatchObject({ error: { code: 'USAGE', message: expect.stringContaining('school mode') as string } })
  } finally {
    other.remove()
  }
})

it('17.7 --no-archive stops without one, and the till says for ever from where on nothing is archived', async () => {
  const other = openPlace()
  try {
    const till = await openShopFolder(other)
    expect((await other.sigillo(['fr', 'stop', till, '--no-archive'])).stdout).toContain('They would stay so for ever')
    expect(await other.json(['fr', 'stop', till, 'x.zip', '--no-archive'], 2)).toMatchObject([{ error: { code: 'USAGE' } }])
    const [archive, stopped] = await other.json(['fr', 'stop', till, '--no-archive', '--yes'])
    expect(archive).toEqual({ archive: null })
    expect(stopped).toMatchObject({ answer: { warnings: ['NON ARCHIVE DEPUIS LE N° 0'] } })
    expect(existsSync(other.path('x.zip'))).toBe(false)
  } finally {
    other.remove()
  }
})
