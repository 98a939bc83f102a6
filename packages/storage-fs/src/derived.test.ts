// What may be deleted or damaged without changing an answer: indexes, runs, snapshots, hint (FORMAT 12). And what is sealed (FORMAT 11).
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { parseLine } from '@sigillo/core'
import { appendTo, tickets } from '@sigillo/testing'
import { describe, expect, it } from 'vitest'
import { bytesOf, diskPlace } from './disk.test-support.js'
import {
  openingOf,
  completeSegment,
  errorOf,
  journalFiles,
  linesFor,
  linesOf,
  newPlace,
  type Place,
} from './folder.test-support.js'
import type { FileSystem } from './file-system.js'
import { nodeFileSystem } from './node-file-system.js'
import { openFolder, type FolderReader, type FolderWriter } from './open-folder.js'
import { join } from './paths.js'

async function threeSegments(): Promise<Place> {
  const place = await newPlace(4)
  const writer = await place.begin()
  for (let i = 0; i < 3; i++) {
    await completeSegment(place, writer, `s${i}`)
    const before = place.journal.kept.at(-2)
    await writer.putSnapshot({
      seq: BigInt(before?.body.seq ?? 0),
      hash: before?.hash ?? '',
      state: { epoch: 2, totals: { n: i } },
    })
    await writer.maintain()
  }
  await appendTo(place.journal, writer, tickets('tail', 4))
  await writer.close()
  return place
}

async function answersOf(reader: FolderReader, place: Place): Promise<unknown> {
  const refs: unknown[] = []
  for (const { body } of place.journal.kept) {
    if (body.ref === undefined) continue
    const hit = await reader.byRef(body.ref)
    refs.push([body.ref, Number(hit?.seq), hit?.line === undefined ? undefined : parseLine(hit.line)?.body.ref])
  }
  const { seq, hash } = await reader.head()
  return { seq, hash, lines: await linesOf(reader), refs, unknown: await reader.byRef('nobody') }
}

function expectedOf(place: Place): unknown {
  const { kept } = place.journal
  const refs = kept.flatMap(({ body }) => (body.ref === undefined ? [] : [[body.ref, body.seq, body.ref]]))
  return { seq: BigInt(kept.length - 1), hash: kept.at(-1)?.hash, lines: linesFor(kept), refs, unknown: undefined }
}

function derivedFiles(path: string): readonly string[] {
  const top = readdirSync(path).filter((name) => /\.idx$|^snapshot-|^hint\.json$/.test(name))
  const runs = existsSync(join(path, 'refs')) ? readdirSync(join(path, 'refs')).map((name) => `refs/${name}`) : []
  return [...top, ...runs]
}

describe('derived files', () => {
  it('J-38 after deletion of every derived file the queue opens with identical answers', async () => {
    const place = await threeSegments()
    for (const name of derivedFiles(place.path)) rmSync(join(place.path, name))
    rmSync(join(place.path, 'refs'), { recursive: true })
    const reader = await (await place.storage()).openReader()
    expect(await answersOf(reader, place)).toEqual(expectedOf(place))
    await reader.close()
    const writer = await (await place.storage()).openWriter()
    expect(await answersOf(writer, place)).toEqual(expectedOf(place))
    await writer.close()
  })

  it('J-39 a derived file with any byte changed, cut short or emptied is rebuilt, not trusted', async () => {
    const place = await threeSegments()
    const expected = expectedOf(place)
    for (const name of derivedFiles(place.path)) {
      const whole = readFileSync(join(place.path, name))
      for (const spoil of [0, 5, whole.length >> 1, whole.length - 2, -1, -2]) {
        const bytes = spoil === -1 ? Buffer.alloc(0) : spoil === -2 ? whole.subarray(0, whole.length - 3) : Buffer.from(whole)
        if (spoil >= 0) bytes[spoil] = (bytes[spoil] as number) ^ 0x11
        const copy = place.copy()
        writeFileSync(join(copy, name), bytes)
        const reader = await (await openFolder(copy)).openReader()
        expect(await answersOf(reader, place), `${name}, spoilt at ${spoil}`).toEqual(expected)
        if (name.startsWith('snapshot-')) expect((await reader.snapshots()).length).toBe(1)
        await reader.close()
      }
    }
  })

  it('J-39 runs of another history are not trusted', async () => {
    const [place, other] = [await threeSegments(), await threeSegments()]
    rmSync(join(place.path, 'refs'), { recursive: true })
    cpSync(join(other.path, 'refs'), join(place.path, 'refs'), { recursive: true })
    const reader = await (await place.storage()).openReader()
    expect(await answersOf(reader, place)).toEqual(expectedOf(place))
    await reader.close()
  })

  it('J-39 a writer that found a run damaged writes a good one', async () => {
    const place = await threeSegments()
    const [run] = readdirSync(join(place.path, 'refs')).map((name) => join(place.path, 'refs', name)) as [string]
    const bytes = readFileSync(run)
    bytes[20] = (bytes[20] as number) ^ 1
    writeFileSync(run, bytes)
    const writer = await place.begin()
    expect(Number((await writer.byRef('s0-0-0'))?.seq)).toBe(2)
    await writer.maintain()
    await writer.close()
    const reader = await (await place.storage()).openReader()
    expect(await answersOf(reader, place)).toEqual(expectedOf(place))
    await reader.close()
  })

  it('keeps the newest two snapshots', async () => {
    const place = await threeSegments()
    expect(readdirSync(place.path).filter((name) => name.startsWith('snapshot-'))).toEqual([
      'snapshot-000000000030.json',
      'snapshot-000000000046.json',
    ])
    const reader = await (await place.storage()).openReader()
    expect((await reader.snapshots()).map(({ seq, state }) => [seq, state])).toEqual([
      [46n, { epoch: 2, totals: { n: 2 } }],
      [30n, { epoch: 2, totals: { n: 1 } }],
    ])
    await reader.close()
  })
})

describe('sealing', () => {
  it('J-47 sealing changes no record, leaves exactly 2^segBits lines in a file and removes fragments and dead bytes', async () => {
    const place = await newPlace(4)
    for (let i = 0; i < 3; i++) {
      const writer = await place.begin()
      await appendTo(place.journal, writer, tickets(`a${i}`, 2))
      await writer.close({ clean: false })
      const newest = join(place.path, journalFiles(place.path).at(-1) as string)
      writeFileSync(newest, Buffer.concat([readFileSync(newest), Buffer.from('{"body":{"torn')]))
    }
    const writer = await place.begin()
    await completeSegment(place, writer, 'z')
    const before = linesFor(place.journal.kept)
    await writer.maintain()
    expect(journalFiles(place.path)).toEqual(['s-000000000000.jsonl'])
    expect(readFileSync(join(place.path, 's-000000000000.jsonl'), 'utf8')).toBe(`${before.join('\n')}\n`)
    expect(before).toHaveLength(16)
    expect(await linesOf(writer)).toEqual(before)
    await writer.close()
    expect(await place.lines()).toEqual(before)
  })

  it('J-47 a segment sealed by its own writer while it is read is read on from the sealed file', async () => {
    const reads: Record<string, (writer: FolderWriter, place: Place) => Promise<readonly string[]>> = {
      lines: (writer) => linesOf(writer),
      'a line by its reference': async (writer, { journal }) => {
        const ref = journal.kept.find(({ body }) => body.ref !== undefined)?.body.ref as string
        return [new TextDecoder().decode((await writer.byRef(ref))?.line)]
      },
      chunks: async (writer) => {
        const lines: string[] = []
        for await (const { bytes } of writer.chunks()) lines.push(...new TextDecoder().decode(bytes).trimEnd().split('\n'))
        return lines
      },
    }
    for (const [what, read] of Object.entries(reads)) {
      const place = await newPlace(4)
      let armed: FolderWriter | undefined
      const fileSystem: FileSystem = {
        ...nodeFileSystem,
        open: async (path, mode) => {
          const writer = mode === 'read' && /\/j-[^/]*$/.test(path) ? armed : undefined
          if (writer !== undefined) armed = undefined
          await writer?.maintain()
          return nodeFileSystem.open(path, mode)
        },
      }
      const writer = await (await place.storage({ fileSystem })).openWriter()
      await appendTo(place.journal, writer, [openingOf(writer)])
      await completeSegment(place, writer, 's')
      armed = writer
      const wanted = linesFor(place.journal.kept)
      const first = wanted[place.journal.kept.findIndex(({ body }) => body.ref !== undefined)]
      expect(await read(writer, place), what).toEqual(what === 'a line by its reference' ? [first] : wanted)
      expect([armed, journalFiles(place.path)], what).toEqual([undefined, ['s-000000000000.jsonl']])
      expect(await linesOf(writer), what).toEqual(wanted)
      await writer.close()
    }
  })

  it('J-47 sealing that was left out is made up for by the next writer', async () => {
    const place = await newPlace(3)
    const writer = await place.begin()
    for (let i = 0; i < 4; i++) await completeSegment(place, writer, `s${i}`)
    await appendTo(place.journal, writer, tickets('t', 1))
    await writer.close({ clean: false })
    expect(journalFiles(place.path).filter((name) => name.startsWith('s-'))).toEqual([])
    const next = await place.begin()
    for (const { body } of place.journal.kept)
      if (body.ref !== undefined) expect(Number((await next.byRef(body.ref))?.seq)).toBe(body.seq)
    await next.maintain()
    expect(journalFiles(place.path).filter((name) => name.startsWith('s-'))).toHaveLength(4)
    expect(await linesOf(next)).toEqual(linesFor(place.journal.kept))
    await next.close()
  })

  it('J-47 a power cut at any call of sealing loses nothing, and sealing goes on afterwards', async () => {
    const place = await diskPlace(3)
    await (await place.storage()).create(place.journal.genesis)
    const writer = await place.begin()
    for (let i = 0; i < 2; i++) await completeSegment(place, writer, `s${i}`)
    await appendTo(place.journal, writer, tickets('t', 2))
    const lost: ReturnType<typeof place.disk.afterPowerLoss>[] = []
    place.disk.onChange = () => lost.push(...place.disk.explore(6, lost.length))
    await writer.maintain()
    place.disk.onChange = undefined
    expect(await linesOf(writer)).toEqual(linesFor(place.journal.kept))
    expect(lost.length).toBeGreaterThan(60)
    place.machine.reboot()
    for (const [at, disk] of lost.entries()) {
      const next = await (await place.storage(disk)).openWriter()
      expect(await linesOf(next), `loss ${at}`).toEqual(linesFor(place.journal.kept))
      for (const ref of ['s0-0-1', 's1-0-1', 't-1'])
        expect((await next.byRef(ref)) !== undefined, `loss ${at}: ${ref}`).toBe(true)
      const { seq, hash } = place.journal.head()
      const batch = await place.journal.seal(Number(next.adoption.epoch), [openingOf(next)])
      await next.append({ seq, hash }, batch)
      await next.maintain()
      expect((await linesOf(next)).slice(0, -1), `after sealing again, loss ${at}`).toEqual(linesFor(place.journal.kept))
      const sealed = Buffer.from(await bytesOf(disk, 's-000000000008.jsonl')).toString()
      expect(sealed).toBe(`${linesFor(place.journal.kept.slice(8, 16)).join('\n')}\n`)
      await next.close()
    }
  })

  it('J-25 a live file that changed after its records were adopted is not sealed', async () => {
    const place = await newPlace(3)
    const writer = await place.begin()
    await completeSegment(place, writer, 's')
    const name = journalFiles(place.path).at(-1) as string
    const bytes = readFileSync(join(place.path, name))
    bytes[300] = (bytes[300] as number) ^ 1
    writeFileSync(join(place.path, name), bytes)
    expect((await errorOf(writer.maintain())).code).toBe('JOURNAL_CORRUPT')
    expect(journalFiles(place.path)).toContain(name)
    expect(journalFiles(place.path).some((each) => each.startsWith('s-'))).toBe(false)
    await writer.close()
  })
})

describe('segments not sealed yet', () => {
  it('J-25 damage in a complete live segment before the newest is named when it is read, and never sealed over', async () => {
    const place = await newPlace(3)
    const writer = await place.begin()
    for (let i = 0; i < 2; i++) await completeSegment(place, writer, `s${i}`)
    await appendTo(place.journal, writer, tickets('t', 1))
    await writer.close({ clean: false })
    const name = journalFiles(place.path).find((each) => each.startsWith('j-000000000008')) as string
    const bytes = readFileSync(join(place.path, name))
    bytes[bytes.indexOf(0x0a) + 200] = 0x00
    writeFileSync(join(place.path, name), bytes)
    const named = { code: 'JOURNAL_CORRUPT', details: { file: name, firstBad: 9 } }
    // The hint speaks of a record in it, so that opening reads it; without a hint only reading does.
    expect(await errorOf((await place.storage()).openWriter())).toMatchObject(named)
    rmSync(join(place.path, 'hint.json'))
    const next = await (await place.storage()).openWriter()
    expect(await errorOf(linesOf(next))).toMatchObject(named)
    await next.close()
    const reader = await (await place.storage()).openReader()
    const lines = await linesOf(reader)
    expect(lines.filter((line, at) => line !== linesFor(place.journal.kept)[at])).toHaveLength(1)
    await reader.close()
  })
})
