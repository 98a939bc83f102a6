// Outages over real files and real keys: the queue in a folder, the off-line log in a folder, both reopened as after a crash.
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { JsonObject } from '@sigillo/core'
import { connectQueue, openTill, type Connection, type Till, type TillOptions } from '@sigillo/core/offline'
import { openFolder, openOfflineFolder } from '@sigillo/storage-fs'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { frenchOffline } from './offline.js'
import { cafe, line, openShop, type Shop } from './shop.fixture.js'

let base: string
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'sigillo-panne-'))
})
afterEach(() => rmSync(base, { recursive: true, force: true }))

const openFolderShop = async (): Promise<Shop> => openShop({}, { storage: await openFolder(join(base, 'queue')) })
const folderTill = (shop: Shop, connect: TillOptions['connect'], more: Partial<TillOptions['offline']> = {}): Promise<Till> =>
  openTill({
    connect,
    till: 'CAISSE-01',
    queue: shop.queue.id,
    rules: frenchOffline(cafe),
    clock: shop.clock,
    offline: { store: openOfflineFolder(join(base, 'log')), probeMs: 0, timeoutMs: 2000, ...more },
  })
const refused = (): Promise<Connection> => Promise.reject(new Error('connection refused'))
const sale = (shop: Shop, key: string): object => ({
  type: 'ticket',
  key,
  operatorId: 'OP-7',
  posMoment: new Date(shop.clock.now()).toISOString(),
  lines: [line(100, 2000)],
  payments: [{ mode: 'ESP', amount: 100 }],
})
const ticketKeys = async (shop: Shop): Promise<(string | undefined)[]> =>
  (await shop.records()).filter(({ body }) => body.type === 'ticket').map(({ body }) => body.ref)

it('FR-54 a receipt whose acknowledgement was lost is sent again after the restart and exists once', async () => {
  const shop = await openFolderShop()
  const first = await folderTill(shop, refused)
  for (const key of ['A', 'B', 'C']) expect((await first.record(sale(shop, key))).outcome).toBe('provisional')
  await first.close()
  const real = connectQueue(shop.queue)
  // The queue stores receipt B, and then the till's process is gone before it hears of it.
  const dying = await folderTill(shop, () =>
    Promise.resolve({
      record: async (request: JsonObject) => {
        const reply = await real.record(request)
        if (request['key'] === 'B') throw new Error('the till died')
        return reply
      },
      close: () => Promise.resolve(),
    }),
  )
  expect((await dying.transfer()).status).toBe('cut-off')
  await dying.close()
  const stored = await shop.queue.byKey('B')
  expect(stored).toBeDefined()
  const again = await folderTill(shop, () => Promise.resolve(connectQueue(shop.queue)))
  expect(await again.transfer()).toMatchObject({ status: 'transferred', breaks: [] })
  expect(await ticketKeys(shop)).toEqual(['A', 'B', 'C'])
  const episode = readdirSync(join(base, 'log')).find((name) => name.length === 36) as string
  const ack = openOfflineFolder(join(base, 'log')).read(`${episode}/00000002.ack.json`)
  expect(JSON.parse(new TextDecoder().decode(await ack))).toMatchObject({ seq: stored?.body.seq, hash: stored?.hash })
  await again.close()
  await shop.queue.close()
})

it('FR-59 sales made while the backlog goes over join the episode and arrive after the older ones', async () => {
  const shop = await openFolderShop()
  const real = connectQueue(shop.queue)
  const during: Promise<unknown>[] = []
  let up = false
  const till: Till = await folderTill(shop, () =>
    up
      ? Promise.resolve({
          record: async (request: JsonObject) => {
            if (request['key'] === 'B')
              during.push(till.record(sale(shop, 'D')).then(({ outcome }) => expect(outcome).toBe('provisional')))
            return real.record(request)
          },
          close: () => Promise.resolve(),
        })
      : refused(),
  )
  for (const key of ['A', 'B', 'C']) await till.record(sale(shop, key))
  up = true
  expect(await till.transfer()).toMatchObject({ status: 'transferred', handed: 4 })
  await Promise.all(during)
  expect(await ticketKeys(shop)).toEqual(['A', 'B', 'C', 'D'])
  expect((await shop.trail()).filter((word) => word === 'G:zero')).toHaveLength(1)
  expect(till.state).toBe('ONLINE')
  await till.close()
  await shop.queue.close()
})

it('FR-60 after the permitted time no new sale; the stored ones go over, and L 914 says so', async () => {
  const shop = await openFolderShop()
  let up = false
  const till = await folderTill(shop, () => (up ? Promise.resolve(connectQueue(shop.queue)) : refused()))
  await till.record(sale(shop, 'A'))
  shop.clock.step(49 * 3_600_000)
  expect(await till.record(sale(shop, 'B'))).toMatchObject({ outcome: 'rejected', error: { code: 'OFFLINE_TOO_LONG' } })
  expect(frenchOffline(cafe).nationalCode?.('OFFLINE_TOO_LONG')).toBe('FR_OFFLINE_TOO_LONG')
  up = true
  expect(await till.transfer()).toMatchObject({ status: 'transferred', handed: 1 })
  expect(await ticketKeys(shop)).toEqual(['A'])
  expect(await shop.trail()).toContain('L:914')
  await till.close()
  await shop.queue.close()
})

it('FR-63 under policy block no file is written and the sale is refused', async () => {
  const shop = await openFolderShop()
  const till = await folderTill(shop, refused, { policy: 'block' })
  const outcome = await till.record(sale(shop, 'A'))
  expect(outcome).toMatchObject({ error: { code: 'OFFLINE_BLOCKED', national: 'FR_OFFLINE_BLOCKED' } })
  expect(readdirSync(join(base, 'log')).filter((name) => !name.startsWith('lock.'))).toEqual([])
  await till.close()
  await shop.queue.close()
})
