// What must hold when storage fails, records disappear or a symmetric key is offered: the French statements over core's machinery,
// on real folders.
import { lineOf, parseLine, utf8, type SealedRecord, type WitnessStatement } from '@sigillo/core'
import { verifyChunks } from '@sigillo/core/verify'
import { softwareSigner } from '@sigillo/signer-software'
import { openFolder } from '@sigillo/storage-fs'
import { faultyStorage, memoryStorage } from '@sigillo/testing'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { line, openShop, type Shop } from './shop.fixture.js'

let root: string
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'france-'))
})
afterAll(() => rmSync(root, { recursive: true, force: true }))

const judge = async (shop: Shop, records: readonly SealedRecord[]): ReturnType<typeof verifyChunks> =>
  verifyChunks([{ bytes: utf8(records.map((record) => `${lineOf(record)}\n`).join('')) }], {
    auditor: shop.country.auditor?.() as never,
  })

it('a shop on a real folder: sold, closed, reopened, verified', async () => {
  const shop = await openShop({}, { storage: await openFolder(join(root, 'shop')) })
  for (let n = 0; n < 5; n++) await shop.sell([line(100 + n, 2000), line(50, 550)])
  await shop.ok({ type: 'closing', kind: 'month' })
  const totals = JSON.stringify(shop.totals())
  await shop.reopen()
  expect(JSON.parse(totals)).toMatchObject({ perpetual: (shop.totals() as unknown as { perpetual: object }).perpetual })
  await shop.sell([line(100, 2000)])
  const report = await judge(shop, (await shop.records()) as SealedRecord[])
  expect(report.findings).toEqual([])
  await shop.queue.close()
})

it('FR-17 a record deleted in the middle breaks both links behind it', async () => {
  const shop = await openShop()
  for (let n = 0; n < 4; n++) {
    await shop.sell([line(100 + n, 2000)])
    await shop.ok({ type: 'note', lines: [line(100, 1000)] })
  }
  const records = (await shop.records()).map((record) => parseLine(utf8(lineOf(record as SealedRecord))) as SealedRecord)
  const gone = records.findIndex(({ body }) => body.type === 'ticket' && body.tseq === 2)
  const { findings } = await judge(
    shop,
    records.filter((_, i) => i !== gone),
  )
  expect(findings.some(({ code, seq }) => code === 'RECORD_MISSING' && (seq === gone || seq === gone + 1))).toBe(true)
})

it('FR-17 the newest records deleted: refused at the next start, national FR_CHAIN_TAIL_MISSING', async () => {
  const storage = memoryStorage()
  const kept: { value?: WitnessStatement } = {}
  const witness = {
    read: () => Promise.resolve(kept.value),
    write: (statement: WitnessStatement) => Promise.resolve(void (kept.value = structuredClone(statement))),
  }
  const shop = await openShop({}, { storage })
  await shop.reopen({ witness })
  await shop.sell([line(100, 2000)])
  await shop.queue.close()
  const seen = kept.value as WitnessStatement
  kept.value = { ...seen, seq: seen.seq + 1, hash: 'a'.repeat(64) }
  await expect(shop.reopen({ witness })).rejects.toMatchObject({ code: 'ROLLBACK_SUSPECTED' })
  expect(shop.country.nationalCode?.('ROLLBACK_SUSPECTED')).toBe('FR_CHAIN_TAIL_MISSING')
})

it('FR-19 a write that fails, persisted or not, leaves whole requests only, and the witness is put right', async () => {
  for (const when of ['before', 'after'] as const) {
    const storage = faultyStorage(await openFolder(join(root, when)))
    const kept: { value?: WitnessStatement } = {}
    const witness = {
      read: () => Promise.resolve(kept.value),
      write: (statement: WitnessStatement) => Promise.resolve(void (kept.value = structuredClone(statement))),
    }
    const shop = await openShop({}, { storage })
    await shop.reopen({ witness })
    for (let n = 0; n < 4; n++) {
      await shop.sell([line(1000, 2000)])
      storage.fail({ method: 'append', when })
      const before = Number((shop.totals() as unknown as { perpetual: { alg: string } }).perpetual.alg)
      const outcome = await shop.send(
        n % 2 === 0
          ? { type: 'closing', kind: 'month' }
          : { type: 'ticket', lines: [line(100, 2000)], payments: [{ mode: 'CB', amount: 100 }] },
      )
      const stored = outcome.outcome === 'registered'
      expect(outcome.outcome).not.toBe('indeterminate')
      const after = Number((shop.totals() as unknown as { perpetual: { alg: string } }).perpetual.alg)
      expect(after - before).toBe(stored && n % 2 === 1 ? 100 : 0)
      await shop.reopen({ witness })
    }
    const records = (await shop.records()) as SealedRecord[]
    const report = await judge(shop, records)
    expect(report.findings).toEqual([])
    await shop.queue.close()
    expect(kept.value?.seq).toBe(records.length)
  }
})

it('FR-20 a symmetric algorithm never signs a record', async () => {
  await expect(softwareSigner({ alg: 'HS256' as never })).rejects.toMatchObject({ name: 'FiscalError' })
  const shop = await openShop()
  const { record } = await shop.sell([line(100, 2000)])
  const text = lineOf(record as SealedRecord)
  expect(parseLine(utf8(text))).toBeDefined()
  expect(parseLine(utf8(text.replace('"alg":"ES256"', '"alg":"HS256"')))).toBeUndefined()
})
