// Archive, purge and blanking (FORMAT 3.2 c, 14): what goes, what must be there first, and what stays provable.
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { parseLine, recordHash, stateDigest } from '@sigillo/core'
import { appendTo, tickets } from '@sigillo/testing'
import { describe, expect, it } from 'vitest'
import { diskPlace } from './disk.test-support.js'
import { completeSegment, errorOf, filesIn, linesFor, linesOf, newPlace, openingOf, type Place } from './folder.test-support.js'
import type { FolderWriter } from './open-folder.js'
import { join } from './paths.js'

const RECEIPT = '{"archive":"x","root":"00"}'

/** Three sealed segments of 8 and a few records more. */
async function sealed(): Promise<{ place: Place; writer: FolderWriter }> {
  const place = await newPlace(3)
  const writer = await place.begin()
  await fill(place, writer)
  return { place, writer }
}

async function fill(place: Pick<Place, 'journal'>, writer: FolderWriter): Promise<void> {
  for (let i = 0; i < 3; i++) {
    await completeSegment(place, writer, `s${i}`)
    await writer.maintain()
  }
  await appendTo(place.journal, writer, tickets('t', 2))
  await keepState(place, writer)
}

/** A checkpoint and the state it vouches for: without one nothing may be purged before it. */
async function keepState({ journal }: Pick<Place, 'journal'>, writer: FolderWriter): Promise<void> {
  const { seq, hash } = journal.head()
  const kept = { epoch: 2, head: { hash, seq: Number(seq) }, totals: {} }
  const payload = { reason: 'manual', root: '00', size: Number(seq) + 1, state: stateDigest(kept) }
  await appendTo(journal, writer, [{ type: 'sys.checkpoint', payload }])
  await writer.putSnapshot({ seq, hash, state: kept })
}

/** Appends `sys.purge` and gives its number. */
async function state({ journal }: Pick<Place, 'journal'>, writer: FolderWriter, floor: number, last?: string): Promise<bigint> {
  const payload = {
    archive: { name: 'a', sha256: '00' },
    floor,
    frontier: [],
    last: last ?? journal.kept[floor - 1]?.hash ?? '',
    root: '00',
  }
  const [record] = await appendTo(journal, writer, [{ type: 'sys.purge', payload }])
  return BigInt(record?.body.seq ?? -1)
}

async function isPurged(reader: FolderWriter): Promise<boolean> {
  try {
    await linesOf(reader)
    return false
  } catch {
    return true
  }
}

describe('purge', () => {
  it('J-46 refuses without the archive’s receipt, below a cursor, off a segment boundary, without its record, beyond what is sealed', async () => {
    const { place, writer } = await sealed()
    const record = await state(place, writer, 16)
    const before = [...filesIn(place.path).keys()].filter((name) => name.startsWith('s-'))
    const refuse = async (order: Parameters<FolderWriter['purge']>[0], path: string): Promise<void> => {
      expect(await errorOf(writer.purge(order))).toMatchObject({ code: 'OPTION_INVALID', path })
    }
    await refuse({ floor: 16n, record, archive: 'archive' }, 'archive')
    await writer.putAnchor(8n, 'archive', RECEIPT)
    await refuse({ floor: 16n, record, archive: 'archive' }, 'archive')
    await writer.putAnchor(16n, 'archive', RECEIPT)
    await refuse({ floor: 12n, record, archive: 'archive' }, 'floor')
    await refuse({ floor: 32n, record, archive: 'archive' }, 'floor')
    await refuse({ floor: 8n, record, archive: 'archive' }, 'record')
    await refuse({ floor: 16n, record: record - 1n, archive: 'archive' }, 'record')
    await refuse({ floor: 16n, record: await state(place, writer, 16, 'f'.repeat(64)), archive: 'archive' }, 'record')
    writeFileSync(join(place.path, 'cursors', 'cloud.json'), '{"next":15}')
    await refuse({ floor: 16n, record, archive: 'archive' }, 'floor')
    expect([...filesIn(place.path).keys()].filter((name) => name.startsWith('s-'))).toEqual(before)
    writeFileSync(join(place.path, 'cursors', 'cloud.json'), '{"next":16}')
    await writer.purge({ floor: 16n, record, archive: 'archive' })
    await writer.close()
  })

  it('J-46 afterwards records above the floor read as before, purged references still answer, and reading below says so', async () => {
    const { place, writer } = await sealed()
    await writer.putAnchor(24n, 'archive', RECEIPT)
    const record = await state(place, writer, 16)
    await writer.purge({ floor: 16n, record, archive: 'archive' })
    const check = async (
      reader: FolderWriter | Awaited<ReturnType<Awaited<ReturnType<Place['storage']>>['openReader']>>,
    ): Promise<void> => {
      expect(await linesOf(reader, 16n)).toEqual(linesFor(place.journal.kept.slice(16)))
      expect(await errorOf(linesOf(reader, 0n))).toMatchObject({ code: 'RECORD_PURGED', details: { floor: 16 } })
      for (const { body } of place.journal.kept) {
        if (body.ref === undefined) continue
        const hit = await reader.byRef(body.ref)
        expect(Number(hit?.seq)).toBe(body.seq)
        expect(hit?.line !== undefined).toBe(body.seq >= 16)
      }
    }
    await check(writer)
    await writer.close()
    const reader = await (await place.storage()).openReader()
    await check(reader)
    await reader.close()
    // What says so beside the journal is derived: the record in the journal tells again.
    rmSync(join(place.path, 'purge.json'))
    const again = await place.begin()
    await check(again)
    await again.close()
  })

  it('J-46 refuses while no kept state lets the queue open without what would go', async () => {
    const { place, writer } = await sealed()
    await writer.putAnchor(24n, 'archive', RECEIPT)
    const order = { floor: 16n, record: await state(place, writer, 16), archive: 'archive' }
    for (const name of readdirSync(place.path)) if (name.startsWith('snapshot-')) rmSync(join(place.path, name))
    await writer.putSnapshot({ seq: 25n, hash: place.journal.kept[25]?.hash ?? '', state: { forged: true } })
    expect(await errorOf(writer.purge(order))).toMatchObject({ code: 'OPTION_INVALID', path: 'floor' })
    expect((await linesOf(writer)).length).toBe(place.journal.kept.length)
    await writer.close()
  })

  it('J-46 a missing first segment that no record explains is damage, not a purge', async () => {
    const { place, writer } = await sealed()
    await writer.close()
    rmSync(join(place.path, 's-000000000000.jsonl'))
    const reader = await (await place.storage()).openReader()
    expect((await errorOf(linesOf(reader))).code).toBe('JOURNAL_CORRUPT')
    await reader.close()
  })

  it('J-46 a purge cut at any call goes on when it is ordered again', async () => {
    const place = await diskPlace(3)
    await (await place.storage()).create(place.journal.genesis)
    const writer = await place.begin()
    await fill(place, writer)
    await writer.putAnchor(24n, 'archive', RECEIPT)
    const order = { floor: 16n, record: await state(place, writer, 16), archive: 'archive' }
    const given = await writer.snapshots()
    const lost: ReturnType<typeof place.disk.afterPowerLoss>[] = []
    place.disk.onChange = () => lost.push(...place.disk.explore(6, lost.length))
    await writer.purge(order)
    place.disk.onChange = undefined
    place.machine.reboot()
    for (const [at, disk] of lost.entries()) {
      const next = await (await place.storage(disk)).openWriter()
      expect(await linesOf(next, 16n), `loss ${at}`).toEqual(linesFor(place.journal.kept.slice(16)))
      await next.append(place.journal.head(), await place.journal.seal(Number(next.adoption.epoch), [openingOf(next)]))
      const states = await next.snapshots()
      // The newest state was never synced and may be lost; once records are gone one must be there.
      if (await isPurged(next)) expect(states.length, `loss ${at}`).toBeGreaterThan(0)
      else if (states.length === 0) for (const state of given) await next.putSnapshot(state)
      await next.purge(order)
      expect((await errorOf(linesOf(next))).code).toBe('RECORD_PURGED')
      for (const name of ['s0-0-0', 's2-0-0', 't-0'])
        expect((await next.byRef(name)) !== undefined, `loss ${at}: ${name}`).toBe(true)
      await next.close()
    }
    expect(lost.length).toBeGreaterThan(10)
  })
})

describe('blanking', () => {
  it('J-32 J-46 blanks chosen payloads in sealed segments; body, hash, signature and every other line stay byte for byte', async () => {
    const { place, writer } = await sealed()
    const [redact] = await appendTo(place.journal, writer, [
      { type: 'sys.redact', payload: { from: 3, to: 40, types: ['ticket'], reason: 'retention' } },
    ])
    const order = {
      from: 3n,
      to: 40n,
      select: ({ type }: { type: string }) => type === 'ticket',
      record: BigInt(redact?.body.seq ?? 0),
    }
    const result = await writer.blank(order)
    expect(result.remainingFrom).toBe(24n)
    const lines = await linesOf(writer)
    let blanked = 0
    for (const [seq, record] of place.journal.kept.entries()) {
      const chosen = seq >= 3 && seq < 24 && record.body.type === 'ticket'
      if (!chosen) {
        expect(lines[seq]).toBe(linesFor([record])[0])
        continue
      }
      blanked += 1
      const parsed = parseLine(new TextEncoder().encode(lines[seq]))
      expect(parsed).toMatchObject({ payload: null, hash: record.hash, sig: record.sig, bodyText: record.bodyText })
      expect(recordHash(parsed?.bodyText ?? '', parsed?.sig ?? '')).toBe(record.hash)
    }
    expect(result.blanked).toBe(blanked)
    expect(blanked).toBeGreaterThan(5)
    expect(await writer.blank(order)).toEqual({ blanked: 0, remainingFrom: 24n })
    expect(Number((await writer.byRef('s1-0-1'))?.seq)).toBe(place.journal.kept.findIndex(({ body }) => body.ref === 's1-0-1'))
    await writer.close()
    expect(await place.lines()).toEqual(lines)
    expect(readdirSync(place.path).some((name) => name.endsWith('.tmp'))).toBe(false)
    expect(existsSync(join(place.path, 's-000000000000.idx'))).toBe(true)
  })

  it('J-46 refuses without a record that says so, and gives a damaged line no new home', async () => {
    const { place, writer } = await sealed()
    expect(await errorOf(writer.blank({ from: 0n, to: 9n, select: () => true, record: 3n }))).toMatchObject({
      code: 'OPTION_INVALID',
      path: 'record',
    })
    const [redact] = await appendTo(place.journal, writer, [{ type: 'sys.redact', payload: { from: 0, to: 9 } }])
    const file = join(place.path, 's-000000000000.jsonl')
    const bytes = readFileSync(file)
    bytes[bytes.length - 30] = 0x2e
    writeFileSync(file, bytes)
    expect(
      (await errorOf(writer.blank({ from: 0n, to: 9n, select: () => true, record: BigInt(redact?.body.seq ?? 0) }))).code,
    ).toBe('JOURNAL_CORRUPT')
    expect(readFileSync(file).equals(bytes)).toBe(true)
    await writer.close()
  })

  it('J-47 blanking cut at any call leaves every segment whole, before or after, and goes on when it is ordered again', async () => {
    const place = await diskPlace(3)
    await (await place.storage()).create(place.journal.genesis)
    const writer = await place.begin()
    await fill(place, writer)
    const [redact] = await appendTo(place.journal, writer, [{ type: 'sys.redact', payload: {} }])
    const order = { from: 0n, to: 100n, select: () => true, record: BigInt(redact?.body.seq ?? 0) }
    const lost: ReturnType<typeof place.disk.afterPowerLoss>[] = []
    place.disk.onChange = () => lost.push(...place.disk.explore(6, lost.length))
    await writer.blank(order)
    place.disk.onChange = undefined
    const blank = await linesOf(writer)
    const full = linesFor(place.journal.kept)
    expect(blank.filter((line, at) => line !== full[at]).length).toBeGreaterThan(10)
    place.machine.reboot()
    for (const [at, disk] of lost.entries()) {
      const next = await (await place.storage(disk)).openWriter()
      const lines = await linesOf(next)
      for (let first = 0; first < 24; first += 8) {
        const [now, before, after] = [lines, full, blank].map((all) => all.slice(first, first + 8).join('\n'))
        expect(now === before || now === after, `loss ${at}, segment ${first}`).toBe(true)
      }
      await next.append(place.journal.head(), await place.journal.seal(Number(next.adoption.epoch), [openingOf(next)]))
      await next.blank(order)
      expect((await linesOf(next)).slice(0, -1), `loss ${at}`).toEqual(blank)
      await next.close()
    }
  })
})
