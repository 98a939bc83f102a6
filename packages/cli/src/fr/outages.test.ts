import { mkdirSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { openQueue } from '@sigillo/core'
import { connectQueue, openTill } from '@sigillo/core/offline'
import { france, frenchOffline, type FranceOptions } from '@sigillo/country-fr'
import { openKeyFile } from '@sigillo/signer-software'
import { openFolder, openOfflineFolder } from '@sigillo/storage-fs'
import { lacking } from '@sigillo/testing/node'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { TEST_PASSPHRASE } from '../cli.fixture.js'
import { pathsOf } from '../settings.js'
import { readTill } from '../till.js'
import { entriesOf, entryOf, openPlace, openShopFolder, saleLine, type Place } from './french-shop.fixture.js'

let place: Place
let shop: string
beforeAll(async () => {
  place = openPlace()
  shop = await openShopFolder(place)
})
afterAll(() => place.remove())

// Two sales while the queue cannot be reached, then handed over.
async function outage(log: string, keys: readonly string[]): Promise<string> {
  const { settings } = await readTill(shop)
  const options = settings.options as unknown as FranceOptions
  const signer = await openKeyFile(pathsOf(shop).key, { passphrase: () => new TextEncoder().encode(TEST_PASSPHRASE) })
  const queue = await openQueue({ country: france(options), storage: await openFolder(shop), signer })
  let reachable = false
  const till = await openTill({
    connect: () => (reachable ? Promise.resolve(connectQueue(queue)) : Promise.reject(new Error('connection refused'))),
    till: 'CAISSE-01',
    queue: queue.id,
    rules: frenchOffline(options),
    offline: { store: openOfflineFolder(log), probeMs: 0 },
  })
  for (const key of keys) {
    const outcome = await till.record(JSON.parse(saleLine(key, 250)) as object)
    expect(outcome.outcome).toBe('provisional')
  }
  reachable = true
  expect(await till.transfer()).toMatchObject({ status: 'transferred', breaks: [] })
  await till.close()
  await queue.close()
  await signer.close()
  return readdirSync(log).find((name) => name.length === 36) as string
}

it.skipIf(lacking('python3') !== undefined)(
  '15.2 files of outages that ended in the range are in the archive, byte for byte, once, and make it again the same (needs python3)',
  async () => {
    const log = place.path('log')
    const episode = await outage(log, ['D-1', 'D-2'])
    const file = place.path('a.zip')
    await place.json(['fr', 'archive', shop, file, '--auto-close', '--outages', log, '--key', 'A-1'])
    const names = entriesOf(file).filter((name) => name.startsWith('degrade/'))
    expect(names).toEqual(
      expect.arrayContaining([
        `degrade/${episode}/episode.json`,
        `degrade/${episode}/00000001.json`,
        `degrade/${episode}/00000002.json`,
      ]),
    )
    for (const name of names) expect(entryOf(file, name)).toEqual(readFileSync(join(log, name.slice('degrade/'.length))))
    expect((await place.json(['fr', 'verify-archive', file]))[0]).toMatchObject({
      sound: true,
      totals: { ttc: 1030, counts: { degraded: 2 } },
    })

    await place.json(['fr', 'archive', shop, place.path('again.zip'), '--outages', log, '--key', 'A-1'])
    expect(readFileSync(place.path('again.zip'))).toEqual(readFileSync(file))
    // Without its files it would be another archive than the one that was signed.
    const [told] = await place.json(['fr', 'archive', shop, place.path('other.zip'), '--key', 'A-1'], 2)
    expect(told).toMatchObject({ error: { code: 'FORMAT_UNSUPPORTED' } })

    // 15.4 An export is the same container: the files are in it as well.
    const exported = place.path('export.zip')
    await place.json(['fr', 'export', shop, exported, '--officer', 'DGFiP 42', '--outages', log])
    for (const name of names) expect(entryOf(exported, name)).toEqual(entryOf(file, name))
    expect((await place.json(['fr', 'verify-archive', exported]))[0]).toMatchObject({ sound: true })

    await place.json(['record', shop], 0, saleLine('T-9', 100))
    await place.json(['fr', 'archive', shop, place.path('b.zip'), '--auto-close', '--outages', log])
    expect(entriesOf(place.path('b.zip')).join()).not.toContain('degrade/')
  },
)

it('a log that is not there is refused; an outage without files is told', async () => {
  await outage(place.path('lost'), ['D-3'])
  const [told] = await place.json(
    ['fr', 'archive', shop, place.path('c.zip'), '--auto-close', '--outages', place.path('nowhere')],
    2,
  )
  expect(told).toMatchObject({ error: { code: 'USAGE' } })
  mkdirSync(place.path('empty'))
  const ran = await place.sigillo(['fr', 'archive', shop, place.path('c.zip'), '--auto-close', '--outages', place.path('empty')])
  expect([ran.code, ran.stderr]).toEqual([0, expect.stringMatching(/^warning: the outage [0-9a-f-]{36} has no files in /)])
})
