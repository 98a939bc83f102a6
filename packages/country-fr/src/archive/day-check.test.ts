import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { softwareSigner } from '@sigillo/signer-software'
import { openFolder } from '@sigillo/storage-fs'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { line, openShop } from '../shop.fixture.js'
import { createArchive } from './create.js'
import { checkOpenDay, dayDefect } from './day-check.js'

let root: string
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'france-day-'))
})
afterAll(() => rmSync(root, { recursive: true, force: true }))

it('17.4 the open day is verified from where the closed ones end, also over archives and changes of key', async () => {
  const shop = await openShop()
  const rangeOf = async (): Promise<unknown> => {
    const check = await checkOpenDay(shop.queue)
    expect(check.findings).toEqual([])
    expect(dayDefect(check)).toBeUndefined()
    return check.range
  }
  await shop.sell([line(100, 2000)])
  expect(await rangeOf()).toEqual({ from: 0, to: Number(shop.queue.head().seq) })
  await shop.ok({ type: 'closing', kind: 'day' })
  expect(await rangeOf()).toBeUndefined()
  const end = Number(shop.queue.head().seq)
  const next = await softwareSigner()
  await shop.queue.changeKey({ signer: next, reason: 'routine' })
  shop.clock.step(86_400_000)
  await shop.sell([line(200, 1000)])
  expect(await rangeOf()).toEqual({ from: end + 1, to: Number(shop.queue.head().seq) })
  await shop.ok({ type: 'closing', kind: 'month' })
  const closed = Number(shop.queue.head().seq)
  const posMoment = new Date(shop.clock.now()).toISOString()
  await createArchive(shop.queue, shop.country, { key: 'A-1', operatorId: 'OP', posMoment })
  await shop.sell([line(300, 1000)])
  expect(await rangeOf()).toEqual({ from: closed + 1, to: Number(shop.queue.head().seq) })
})

it('17.4 a record altered on the disk under the open queue is found before the closing, told by event 90, and the day closes', async () => {
  const path = join(root, 'shop')
  const shop = await openShop({}, { storage: await openFolder(path) })
  const sale = await shop.sell([line(100, 2000, { label: 'Original' })])
  await shop.sell([line(200, 2000)])
  for (const name of readdirSync(path).filter((file) => file.endsWith('.jsonl'))) {
    const text = readFileSync(join(path, name), 'utf8')
    writeFileSync(join(path, name), text.replace('"label":"Original"', '"label":"Falsifié"'.replace('é', 'e')))
  }
  const check = await checkOpenDay(shop.queue)
  expect(check.findings).toEqual([expect.objectContaining({ seq: Number(sale.seq), code: 'PAY_WRONG' })])
  const defect = dayDefect(check) as object
  const event = await shop.ok({ type: 'event', ...defect })
  expect(event.record.payload).toMatchObject({ code: 90, info: expect.stringContaining(`PAY_WRONG n° ${sale.seq}`) as unknown })
  const closing = await shop.ok({ type: 'closing', kind: 'day' })
  expect(closing.answer).toMatchObject({ total: 300 })
  expect(closing.record.payload).toMatchObject({ alerts: 1 })
  await shop.queue.close()
})
