// A purge from end to end on a real folder (16): the journal says so, the store blanks, and what could not be done yet is done later.
import { parseLine, type FiscalRecord, type Storage, type StorageWriter } from '@sigillo/core'
import { openFolder } from '@sigillo/storage-fs'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createArchive } from './archive/create.js'
import { verifyArchive } from './archive/verify.js'
import { isPurgeable } from './purgeable.js'
import { line, openShop, type Shop } from './shop.fixture.js'

let root: string
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'france-purge-'))
})
afterAll(() => rmSync(root, { recursive: true, force: true }))

/** A day of `sales`, archived, and the years of keeping gone by; the purge is not asked for yet. */
async function archivedShop(storage: Storage, sales: number): Promise<{ shop: Shop; to: number; purge: object }> {
  const shop = await openShop({}, { storage, queue: { segBits: 6 } })
  for (let n = 0; n < sales; n++) await shop.sell([line(100 + n, 2000)])
  await shop.ok({ type: 'closing', kind: 'day' })
  const posMoment = new Date(shop.clock.now()).toISOString()
  const archive = await createArchive(shop.queue, shop.country, { key: 'A', operatorId: 'OP', posMoment })
  const verdict = await verifyArchive(() => archive.stream())
  expect(verdict.sound).toBe(true)
  await shop.ok({ type: 'event', code: 440, data: { archive: 1, medium: 'disque', sha256: 'b'.repeat(64) } })
  shop.clock.set('2037-02-01T09:00:00.000Z')
  const purge = { type: 'purge', archives: [{ number: 1, manifest: archive.manifestSha256 }], manager: 'CHEF' }
  return { shop, to: archive.manifest.to, purge }
}

const blanked = (records: readonly FiscalRecord[]): number[] =>
  records.filter(({ payload }) => payload === null).map(({ body }) => body.seq)

const contentsOnDisk = (path: string): string =>
  readdirSync(path)
    .filter((name) => name.endsWith('.jsonl'))
    .map((name) => readFileSync(join(path, name), 'utf8'))
    .join('')

it('FR-68 a purge blanks what is sealed at once, the rest when its segment is complete, and the queue verifies throughout', async () => {
  const path = join(root, 'whole')
  const { shop, to, purge } = await archivedShop(await openFolder(path), 150)
  const before = await shop.records()
  await shop.ok(purge)
  const [order] = await shop.queue.blankings()
  const record = (await shop.queue.find(order?.record as bigint)) as FiscalRecord
  expect(record.body.type).toBe('sys.redact')
  expect(record.payload).toMatchObject({ from: 0, to, types: expect.arrayContaining(['ticket', 'event']) as unknown })
  expect(order?.remainingFrom).toBe(128n)
  const due = before.filter(({ body }) => body.seq <= to && isPurgeable(body)).map(({ body }) => body.seq)
  expect(blanked(await shop.records())).toEqual(due.filter((seq) => seq < 128))
  expect((await shop.queue.verify()).findings).toEqual([])

  const { perpetual } = shop.totals()
  await shop.reopen()
  expect(shop.totals()['perpetual']).toEqual(perpetual)
  for (let n = 0; n < 64; n++) await shop.sell([line(100 + n, 2000)])
  expect((await shop.queue.blankings())[0]?.remainingFrom).toBeUndefined()
  expect(blanked(await shop.records())).toEqual(due)
  expect((await shop.queue.verify()).findings).toEqual([])
  await shop.reopen()
  // Ended: nothing is looked into again.
  expect(await shop.queue.blankings()).toEqual([])
  await shop.queue.close()
  expect(due.length).toBeGreaterThan(140)
  for (const text of contentsOnDisk(path).split('\n').filter(Boolean)) {
    const found = parseLine(new TextEncoder().encode(text))
    if (due.includes(found?.body.seq as number)) expect(found?.payloadText).toBe('null')
  }
})

it('FR-68 a process that dies between the order and the blanking leaves it to the next one', async () => {
  const path = join(root, 'killed')
  const folder = await openFolder(path)
  let dead = true
  const storage: Storage = {
    ...folder,
    openWriter: async (options) => {
      const writer: StorageWriter = await folder.openWriter(options)
      const blank = writer.blank?.bind(writer)
      if (blank !== undefined) writer.blank = (order) => (dead ? Promise.reject(new Error('gone')) : blank(order))
      return writer
    },
  }
  const { shop, to, purge } = await archivedShop(storage, 150)
  await shop.ok(purge)
  await shop.queue.blankings()
  expect((await shop.queue.health()).warnings.join()).toContain('gone')
  expect(blanked(await shop.records())).toEqual([])
  dead = false
  await shop.reopen()
  await shop.queue.blankings()
  const records = await shop.records()
  expect(blanked(records)).toEqual(
    records.filter(({ body }) => body.seq < 128 && body.seq <= to && isPurgeable(body)).map(({ body }) => body.seq),
  )
  expect((await shop.queue.verify()).findings).toEqual([])
  await shop.queue.close()
})
