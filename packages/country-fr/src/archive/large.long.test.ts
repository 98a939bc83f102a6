import { expect, it } from 'vitest'
import { line, openShop } from '../shop.fixture.js'
import { createArchive } from './create.js'
import { verifyArchive } from './verify.js'

it('FR-76 ten thousand tickets in one day: archive and verification finish in memory that does not grow with them', async () => {
  const count = Number(process.env['SIGILLO_COUNT'] ?? 10_000)
  const shop = await openShop()
  const heap = async (tickets: number, key: string): Promise<number> => {
    for (let n = 0; n < tickets; n += 200)
      await Promise.all(
        Array.from({ length: Math.min(200, tickets - n) }, (_, i) => shop.sell([line(100 + i, 2000), line(50, 550)])),
      )
    await shop.ok({ type: 'closing', kind: 'day' })
    const archive = await createArchive(shop.queue, shop.country, {
      key,
      operatorId: 'OP-7',
      posMoment: new Date(shop.clock.now()).toISOString(),
    })
    globalThis.gc?.()
    const before = process.memoryUsage().heapUsed
    let [peak, next] = [0, 0]
    const watched = async function* (): AsyncIterable<Uint8Array> {
      for await (const piece of archive.stream()) {
        if (next++ % 50 === 0) {
          globalThis.gc?.()
          peak = Math.max(peak, process.memoryUsage().heapUsed - before)
        }
        yield piece
      }
    }
    const report = await verifyArchive(watched)
    expect(report.faults).toEqual([])
    expect(report.records?.records).toBeGreaterThanOrEqual(tickets)
    return peak
  }
  const small = await heap(Math.ceil(count / 10), 'SMALL')
  shop.clock.step(86_400_000)
  const large = await heap(count, 'LARGE')
  // Without --expose-gc the peak holds garbage as well; ten times the records may not need ten times the memory either way.
  expect(large).toBeLessThan(Math.max(small, 16 * 1024 * 1024) * 5)
})
