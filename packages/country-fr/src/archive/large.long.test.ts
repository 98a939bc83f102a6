// Memory of long days, over real files: the process's resident memory while a day of N/10 tickets is sold, closed, archived and its
// archive verified, and then while the same is done with N. Run with SIGILLO_COUNT=1000000 for the million.
import { createReadStream, createWriteStream, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { openFolder } from '@sigillo/storage-fs'
import { afterAll, expect, it } from 'vitest'
import { line, openShop, type Shop } from '../shop.fixture.js'
import { createArchive } from './create.js'
import { verifyArchive } from './verify.js'

const count = Number(process.env['SIGILLO_COUNT'] ?? 10_000)
const MB = 1024 * 1024
const folder = mkdtempSync(join(process.env['SIGILLO_DISK'] ?? tmpdir(), 'sigillo-large-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Highest resident memory while work is done, and how far above its beginning that is, in bytes; and its seconds. */
async function peakOf<T>(work: () => Promise<T>): Promise<{ value: T; peak: number; grown: number; seconds: number }> {
  const before = process.memoryUsage.rss()
  let peak = before
  const watch = setInterval(() => (peak = Math.max(peak, process.memoryUsage.rss())), 20)
  const began = performance.now()
  try {
    const value = await work()
    peak = Math.max(peak, process.memoryUsage.rss())
    return { value, peak, grown: peak - before, seconds: (performance.now() - began) / 1000 }
  } finally {
    clearInterval(watch)
  }
}

async function sellAndClose(shop: Shop, tickets: number): Promise<void> {
  for (let n = 0; n < tickets; n += 100)
    await Promise.all(
      Array.from({ length: Math.min(100, tickets - n) }, (_, i) => shop.sell([line(100 + i, 2000), line(50, 550)])),
    )
  await shop.ok({ type: 'closing', kind: 'day' })
}

async function archiveInto(shop: Shop, file: string): Promise<void> {
  const posMoment = new Date(shop.clock.now()).toISOString()
  const archive = await createArchive(shop.queue, shop.country, {
    key: `A-${file.length}-${posMoment}`,
    operatorId: 'OP-7',
    posMoment,
  })
  await pipeline(Readable.from(archive.stream()), createWriteStream(file))
}

it(`FR-76 a day of ${count} tickets is sold, closed, archived and verified in memory that does not grow with them`, async () => {
  const shop = await openShop({}, { storage: await openFolder(join(folder, 'queue')) })
  const grown: number[][] = []
  for (const tickets of [Math.ceil(count / 10), count]) {
    const file = join(folder, `${tickets}.zip`)
    const sold = await peakOf(() => sellAndClose(shop, tickets))
    const archived = await peakOf(() => archiveInto(shop, file))
    const verified = await peakOf(() => verifyArchive(() => createReadStream(file)))
    expect(verified.value.faults).toEqual([])
    expect(verified.value.manifest?.chains['ticket']?.count).toBe(tickets)
    grown.push([sold.grown, archived.grown, verified.grown])
    const said = (what: string, { peak, seconds }: { peak: number; seconds: number }): string =>
      `${what} ${Math.round(peak / MB)} MB ${seconds.toFixed(1)} s`
    process.stderr.write(
      `  ${tickets} tickets: ${said('sold and closed', sold)}; ${said('archived', archived)}, ${Math.round(statSync(file).size / MB)} MB; ${said('verified', verified)}\n`,
    )
    shop.clock.step(86_400_000)
  }
  const [small = [], large = []] = grown
  // Garbage not yet collected comes and goes; what grows with the records would be hundreds of megabytes at ten times the number.
  large.forEach((bytes, i) => expect(bytes).toBeLessThan((small[i] as number) + 256 * MB))
  await shop.queue.close()
})
