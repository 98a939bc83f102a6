// What opening makes of torn and damaged ends (FORMAT 10.1 to 10.4), on real files that are cut and changed byte by byte.
import { readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { appendTo, openEpoch, tickets, type KitJournal } from '@sigillo/testing'
import { bytesOf, diskPlace, withFile, type DiskPlace } from './disk.test-support.js'
import { describe, expect, it } from 'vitest'
import {
  appendRequest,
  completeSegment,
  errorOf,
  filesIn,
  journalFiles,
  linesFor,
  linesOf,
  newPlace,
  type Place,
} from './folder.test-support.js'
import { openFolder, type FolderWriter } from './open-folder.js'
import { join, liveName } from './paths.js'

/** Opens, and gives the writer without a `sys.open`. */
async function reopen(path: string): Promise<FolderWriter> {
  return (await openFolder(path, { reserveBytes: 0 })).openWriter({ moved: true })
}

/** Genesis and sys.open, then batches of one, two and three records in one file. Gives where each batch starts. */
async function writeBatches(journal: KitJournal, writer: FolderWriter, size: () => Promise<number>): Promise<readonly number[]> {
  const starts: number[] = []
  for (const [at, count] of [1, 2, 3].entries()) {
    starts.push(await size())
    await appendTo(journal, writer, tickets(`b${at}`, count))
  }
  await writer.close({ clean: false })
  return starts
}

async function threeBatches(): Promise<{ place: Place; file: string; starts: readonly number[] }> {
  const place = await newPlace()
  const file = join(place.path, NAME)
  const starts = await writeBatches(place.journal, await place.begin(), async () => readFileSync(file).length)
  return { place, file, starts }
}

/** The same on a simulated disk, for tests that go through every byte. */
async function threeOnDisk(): Promise<{
  place: DiskPlace
  whole: Uint8Array
  starts: readonly number[]
  lineStarts: readonly number[]
}> {
  const place = await diskPlace()
  await (await place.storage()).create(place.journal.genesis)
  const starts = await writeBatches(place.journal, await place.begin(), async () => (await bytesOf(place.disk, NAME)).length)
  const whole = await bytesOf(place.disk, NAME)
  return {
    place,
    whole,
    starts,
    lineStarts: [0, ...[...whole.entries()].filter(([, byte]) => byte === 0x0a).map(([at]) => at + 1)],
  }
}

const NAME = liveName(1, 2)

/** `npm run test:long` goes through every byte; every day a fifth of them, and all near the end. */
const STRIDE: number = process.env['SIGILLO_LONG'] === '1' ? 1 : 5
const cuts = (start: number, end: number): readonly number[] =>
  Array.from({ length: end + 1 - start }, (_, at) => start + at).filter((size) => size % STRIDE === 0 || size > end - 5)
const openOn = async (place: DiskPlace, disk: Awaited<ReturnType<typeof withFile>>): Promise<FolderWriter> =>
  (await place.storage(disk)).openWriter({ moved: true })

describe('torn ends', () => {
  it('J-24 a last batch cut after every byte opens with the whole records before the cut, and nothing on disk is truncated', async () => {
    const { place, whole, starts, lineStarts } = await threeOnDisk()
    const lines = linesFor(place.journal.kept)
    for (let size = starts[2] as number; size < whole.length; size += STRIDE) {
      const disk = await withFile(place.disk, NAME, whole.subarray(0, size))
      const writer = await openOn(place, disk)
      const complete = lineStarts.filter((start) => start > 0 && start <= size).length
      expect((await writer.head()).seq, `cut at ${size}`).toBe(BigInt(complete))
      if (size % 50 === 0) expect(await linesOf(writer)).toEqual(lines.slice(0, 1 + complete))
      expect(writer.adoption.dead?.bytes ?? 0).toBe(size - (lineStarts[complete] as number))
      await writer.close({ clean: false })
      expect(Buffer.compare(await bytesOf(disk, NAME), whole.subarray(0, size)), 'bytes on disk').toBe(0)
    }
  })

  it('J-64 a request of several records cut after every byte is adopted whole or not at all', async () => {
    const place = await diskPlace()
    await (await place.storage()).create(place.journal.genesis)
    const writer = await place.begin()
    await appendTo(place.journal, writer, tickets('a', 2))
    const before = place.journal.kept.length
    const start = (await bytesOf(place.disk, NAME)).length
    await appendRequest(place, writer, 'closing', 4)
    await writer.close({ clean: false })
    const whole = await bytesOf(place.disk, NAME)
    for (const size of cuts(start, whole.length)) {
      const next = await openOn(place, await withFile(place.disk, NAME, whole.subarray(0, size)))
      const adopted = size === whole.length
      expect((await next.head()).seq, `cut at ${size} of ${whole.length}`).toBe(BigInt(adopted ? before + 3 : before - 1))
      expect((await next.byRef('closing-0')) !== undefined).toBe(adopted)
      await next.close({ clean: false })
    }
  })

  it('J-24 J-64 the same on real files, for some of the bytes', async () => {
    const { place, file, starts } = await threeBatches()
    const whole = readFileSync(file)
    for (const size of [(starts[2] as number) + 1, whole.length - 400, whole.length - 1]) {
      writeFileSync(file, whole.subarray(0, size))
      const writer = await reopen(place.path)
      const complete = whole.subarray(0, size).filter((byte) => byte === 0x0a).length
      expect(await linesOf(writer)).toEqual(linesFor(place.journal.kept.slice(0, 1 + complete)))
      await writer.close({ clean: false })
      expect(readFileSync(file).equals(whole.subarray(0, size))).toBe(true)
    }
  })

  it('J-26 an intact record behind a hole in the same unsynced batch is not resurrected', async () => {
    const { place, file, starts } = await threeBatches()
    const bytes = readFileSync(file)
    bytes.fill(0, starts[2] as number, (starts[2] as number) + 300)
    writeFileSync(file, bytes)
    const writer = await reopen(place.path)
    expect(await linesOf(writer)).toEqual(linesFor(place.journal.kept.slice(0, -3)))
    for (let i = 0; i < 3; i++) expect(await writer.byRef(`b2-${i}`)).toBeUndefined()
    expect(writer.adoption.dead?.bytes).toBe(bytes.length - (starts[2] as number))
    await writer.close()
  })

  it('J-27 complete records whose caller got no answer are kept and found by their references', async () => {
    const { place } = await threeBatches()
    const writer = await reopen(place.path)
    expect(await linesOf(writer)).toEqual(linesFor(place.journal.kept))
    for (let i = 0; i < 3; i++) expect(Number((await writer.byRef(`b2-${i}`))?.seq)).toBe(place.journal.kept.length - 3 + i)
    await openEpoch(place.journal, writer)
    await writer.close()
    expect(await place.lines()).toEqual(linesFor(place.journal.kept))
  })

  it('J-33 the next epoch names the record it continues and the bytes it ignores', async () => {
    const { place, file } = await threeBatches()
    writeFileSync(file, Buffer.concat([readFileSync(file), Buffer.from('{"body":{"alg"')]))
    const writer = await reopen(place.path)
    const last = place.journal.kept.at(-1)
    expect(writer.adoption.adopted).toEqual({ epoch: 2, seq: last?.body.seq, hash: last?.hash })
    expect(writer.adoption.dead?.bytes).toBe(14)
    expect(writer.adoption.epoch).toBe(3n)
    await openEpoch(place.journal, writer)
    await writer.close()
    const epochs = place.journal.kept.map(({ body }) => body.epoch)
    expect(epochs).toEqual([...epochs].sort((a, b) => a - b))
    expect(await place.lines()).toEqual(linesFor(place.journal.kept))
  })
})

describe('damage', () => {
  it('J-25 any flipped byte of a record a later batch proves durable stops the writer and names record, file and offset', async () => {
    const { place, whole, starts, lineStarts } = await threeOnDisk()
    for (let at = 0; at < (starts[2] as number); at += 4 * STRIDE) {
      const bytes = whole.slice()
      bytes[at] = (bytes[at] as number) ^ (1 << (at % 8))
      const error = await errorOf(openOn(place, await withFile(place.disk, NAME, bytes)))
      const line = lineStarts.findLastIndex((start) => start <= at)
      expect(error.code, `byte ${at}`).toBe('JOURNAL_CORRUPT')
      expect(error.details).toMatchObject({ file: NAME, offset: lineStarts[line], firstBad: line + 1 })
      expect(error.details['provenBy']).toBeGreaterThan(line + 1)
    }
  })

  it('J-25 damage in the last batch of an adopted epoch is proven by the epoch that continued it', async () => {
    const { place, file, starts } = await threeBatches()
    await (await place.begin()).close({ clean: false })
    const bytes = readFileSync(file)
    const at = (starts[2] as number) + 100
    bytes[at] = (bytes[at] as number) ^ 1
    writeFileSync(file, bytes)
    const error = await errorOf(reopen(place.path))
    const last = place.journal.kept.length - 1
    expect(error.code).toBe('JOURNAL_CORRUPT')
    expect(error.details).toMatchObject({ file: liveName(1, 2), offset: starts[2], firstBad: last - 3, provenBy: last })
  })

  it('J-25 an adopted epoch that ends early, or whose file is gone, is damage', async () => {
    const { place, file, starts } = await threeBatches()
    await (await place.begin()).close({ clean: false })
    truncateSync(file, starts[2])
    expect(await errorOf(reopen(place.path))).toMatchObject({ code: 'JOURNAL_CORRUPT', details: { firstBad: 5 } })
    writeFileSync(file, '')
    expect((await errorOf(reopen(place.path))).code).toBe('JOURNAL_CORRUPT')
  })

  it('J-25 the end of a sealed segment that cannot be read is damage', async () => {
    const place = await newPlace()
    const writer = await place.begin()
    await completeSegment(place, writer, 'a')
    await writer.maintain()
    await appendTo(place.journal, writer, tickets('b', 1))
    await writer.close({ clean: false })
    const sealed = join(place.path, journalFiles(place.path).find((name) => name.startsWith('s-')) as string)
    const bytes = readFileSync(sealed)
    bytes[bytes.length - 20] = 0x7f
    writeFileSync(sealed, bytes)
    expect(await errorOf(reopen(place.path))).toMatchObject({ code: 'JOURNAL_CORRUPT', details: { firstBad: 15 } })
  })

  it('J-04 a reader gives damaged lines at their places, so that verification can name them', async () => {
    const { place, file, starts } = await threeBatches()
    const bytes = readFileSync(file)
    bytes[(starts[1] as number) + 50] = 0x23
    writeFileSync(file, bytes)
    const lines = await place.lines()
    const expected = linesFor(place.journal.kept)
    expect(lines.length).toBe(expected.length)
    expect(lines.filter((line, at) => line !== expected[at])).toHaveLength(1)
    expect(lines[3]).not.toBe(expected[3])
    const reader = await (await openFolder(place.path)).openReader()
    expect(await reader.health()).toMatchObject({ state: 'failed', details: { damage: { firstBad: 3 } } })
    const chunks: Uint8Array[] = []
    for await (const chunk of reader.chunks()) chunks.push(chunk.bytes)
    expect(Buffer.concat(chunks).subarray(-bytes.length).equals(bytes)).toBe(true)
    await reader.close()
  })

  it('a lost line feed merges nothing for a reader: both records keep their places', async () => {
    const { place, file } = await threeBatches()
    const bytes = readFileSync(file)
    const feed = bytes.indexOf(0x0a, bytes.indexOf(0x0a) + 1)
    bytes[feed] = 0x20
    writeFileSync(file, bytes)
    const [lines, expected] = [await place.lines(), linesFor(place.journal.kept)]
    expect(lines.length).toBe(expected.length)
    expect(lines.slice(4)).toEqual(expected.slice(4))
    expect(lines[3]).toBe(expected[3])
  })
})

describe('opening without writing', () => {
  it('J-16 opening twice without writing gives the same head, the same hashes and changes no journal byte', async () => {
    const { place } = await threeBatches()
    const journalBytes = (): Map<string, string> =>
      new Map(
        [...filesIn(place.path)]
          .filter(([name]) => name.startsWith('j-'))
          .map(([name, bytes]) => [name, Buffer.from(bytes).toString('latin1')]),
      )
    const before = journalBytes()
    const heads: unknown[] = []
    for (let i = 0; i < 2; i++) {
      const writer = await reopen(place.path)
      const { seq, hash } = await writer.head()
      heads.push({ seq, hash, lines: await linesOf(writer) })
      await writer.close({ clean: i === 1 })
      expect(journalBytes()).toEqual(before)
    }
    expect(heads[0]).toEqual(heads[1])
  })
})
