// Becoming the writer: one holder, dead and living ones, copies and lost ends (FORMAT 9.1, 9.4, 10.5).
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { appendTo, openEpoch, tickets } from '@sigillo/testing'
import { describe, expect, it, vi } from 'vitest'
import { bundle, start } from './child.test-support.js'
import {
  completeSegment,
  errorOf,
  openingOf,
  filesIn,
  journalFiles,
  linesFor,
  linesIn,
  linesOf,
  newPlace,
  type Place,
} from './folder.test-support.js'
import { nodeFileSystem } from './node-file-system.js'
import { nodeHost } from './node-host.js'
import { openFolder } from './open-folder.js'
import { join, liveName } from './paths.js'

async function sold(): Promise<Place> {
  const place = await newPlace()
  const writer = await place.begin()
  await appendTo(place.journal, writer, tickets('a', 3))
  await writer.close()
  return place
}

// Whether this system lets us make namespaces of our own, as containers have them.
function mayUnshare(): boolean {
  try {
    execFileSync('unshare', ['--net', '--pid', '--uts', '--fork', 'true'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

describe('one writer', () => {
  it('J-30 of many that open at the same time exactly one becomes the writer, the others are told so', async () => {
    const place = await sold()
    const openings = await Promise.allSettled(Array.from({ length: 8 }, async () => (await place.storage()).openWriter()))
    const won = openings.filter((opening) => opening.status === 'fulfilled')
    const codes = openings.flatMap((opening) =>
      opening.status === 'rejected' ? [(opening.reason as { code: string }).code] : [],
    )
    expect(won).toHaveLength(1)
    expect(new Set(codes)).toEqual(new Set(['QUEUE_LOCKED']))
    await won[0]?.value.close()
  })

  it('J-30 of many that take over at the same time each gets an epoch of its own and only the last can append', async () => {
    const place = await sold()
    const writers = await Promise.all(
      Array.from({ length: 5 }, async () => (await place.storage()).openWriter({ takeover: true })),
    )
    const byEpoch = [...writers].sort((a, b) => Number(a.adoption.epoch - b.adoption.epoch))
    expect(new Set(writers.map(({ adoption }) => adoption.epoch)).size).toBe(5)
    const last = byEpoch.pop()
    for (const writer of byEpoch) {
      const batch = await place.journal.seal(Number(writer.adoption.epoch), [openingOf(writer)])
      expect((await errorOf(writer.append(place.journal.head(), batch))).code).toBe('STORAGE_FENCED')
      await writer.close()
    }
    // Openers of fenced writers lie in the folder and are dead: none of them may be continued.
    if (last !== undefined) {
      await openEpoch(place.journal, last)
      await appendTo(place.journal, last, tickets('last', 2))
      await last.close()
    }
    expect(await place.lines()).toEqual(linesFor(place.journal.kept))
  })

  it('J-34 a live holder in another process blocks the next start, a killed one does not', async () => {
    const place = await sold()
    const child = start(process.execPath, [bundle('holder.test-support.ts'), place.path])
    expect(await child.line()).toBe('open 3')
    expect((await errorOf((await place.storage()).openWriter())).code).toBe('QUEUE_LOCKED')
    child.process.kill('SIGSTOP')
    expect((await errorOf((await place.storage()).openWriter())).code).toBe('QUEUE_LOCKED')
    await child.kill()
    const writer = await (await place.storage()).openWriter()
    expect(writer.adoption).toMatchObject({ epoch: 4n, reason: 'start' })
    await writer.close()
  })

  it.skipIf(!mayUnshare())(
    'J-34 a live holder in another container on the same volume blocks, a killed one does not (needs unshare and the right to use it)',
    async () => {
      const place = await sold()
      const command = [
        '--net',
        '--pid',
        '--uts',
        '--fork',
        '--kill-child',
        'sh',
        '-c',
        'hostname box; exec "$0" "$@"',
        process.execPath,
      ]
      const child = start('unshare', [...command, bundle('holder.test-support.ts'), place.path])
      expect(await child.line()).toBe('open 3')
      expect((await errorOf((await place.storage()).openWriter())).code).toBe('QUEUE_LOCKED')
      await child.kill()
      // The process inside dies a moment after the namespace it lived in.
      const writer = await vi.waitFor(async () => (await place.storage()).openWriter(), { timeout: 5000 })
      expect(writer.adoption.reason).toBe('start')
      await writer.close()
    },
  )

  it('J-34 liveness works in a folder whose path is longer than a socket name may be', async () => {
    const place = await newPlace()
    const long = join(place.path, '..', 'x'.repeat(120), 'y'.repeat(120))
    await nodeFileSystem.makeDirectory(join(long, '..'))
    renameSync(place.path, long)
    const first = await (await openFolder(long)).openWriter()
    expect((await errorOf((await openFolder(long)).openWriter())).code).toBe('QUEUE_LOCKED')
    await first.close({ clean: false })
    await (await (await openFolder(long)).openWriter()).close()
  })

  it('J-34 on another machine the holder is not known to be dead, unless it closed the queue', async () => {
    const place = await sold()
    const elsewhere = { ...nodeHost, machine: 'another', boot: 'another' }
    const open = async (options = {}) => (await place.storage({ host: elsewhere })).openWriter(options)
    // Closed cleanly: nobody holds it; only the move itself must be stated.
    expect((await errorOf(open())).code).toBe('MOVED_SUSPECTED')
    const writer = await open({ moved: true })
    expect(writer.adoption.reason).toBe('moved')
    await writer.close({ clean: false })
    rmSync(join(place.path, 'hint.json'))
    expect((await errorOf((await place.storage()).openWriter())).code).toBe('QUEUE_LOCKED')
    await (await (await place.storage()).openWriter({ takeover: true })).close()
  })

  it('a folder that vanished or was replaced acknowledges nothing', async () => {
    const place = await sold()
    const writer = await place.begin()
    renameSync(place.path, `${place.path}-away`)
    const batch = await place.journal.seal(Number(writer.adoption.epoch), tickets('lost', 1))
    expect((await errorOf(writer.append(place.journal.head(), batch))).registered).toBe('unknown')
    await writer.close()
    expect(existsSync(place.path)).toBe(false)
    expect((await errorOf((await place.storage()).openWriter())).code).toBe('QUEUE_MISSING')
  })
})

describe('what this machine has seen', () => {
  it('J-42 a hint beyond the head stops with ROLLBACK_SUSPECTED until somebody acknowledges', async () => {
    const place = await sold()
    const file = join(place.path, liveName(1, 2))
    const bytes = readFileSync(file)
    truncateSync(file, bytes.lastIndexOf(0x0a, bytes.length - 2) + 1)
    const files = journalFiles(place.path)
    const error = await errorOf((await place.storage()).openWriter())
    expect(error).toMatchObject({ code: 'ROLLBACK_SUSPECTED', details: { known: 4, head: 3 } })
    expect(journalFiles(place.path)).toEqual(files)
    const writer = await (await place.storage()).openWriter({ acknowledge: 'Jeanne' })
    expect(writer.adoption.overridden).toMatchObject({ code: 'ROLLBACK_SUSPECTED', by: 'Jeanne', details: { known: 4 } })
    await writer.close({ clean: false })
    // Nothing was written yet, so the suspicion stands.
    expect((await errorOf((await place.storage()).openWriter())).code).toBe('ROLLBACK_SUSPECTED')
  })

  it('J-42 once somebody acknowledged and the epoch is open, the next start asks no more', async () => {
    const place = await sold()
    const file = join(place.path, liveName(1, 2))
    const bytes = readFileSync(file)
    truncateSync(file, bytes.lastIndexOf(0x0a, bytes.length - 2) + 1)
    const shorter = await newPlaceFrom(place, 3)
    const writer = await (await place.storage()).openWriter({ acknowledge: 'Jeanne' })
    await openEpoch(shorter, writer)
    await new Promise((resolve) => setTimeout(resolve, 50))
    await writer.close({ clean: false })
    await (await (await place.storage()).openWriter()).close()
  })

  it('J-42 another hash at the hint stops with FORK_SUSPECTED, acknowledged or not', async () => {
    const place = await sold()
    const hint = JSON.parse(readFileSync(join(place.path, 'hint.json'), 'utf8')) as object
    writeFileSync(join(place.path, 'hint.json'), `${JSON.stringify({ ...hint, hash: 'a'.repeat(64) })}\n`)
    expect((await errorOf((await place.storage()).openWriter())).code).toBe('FORK_SUSPECTED')
    expect((await errorOf((await place.storage()).openWriter({ acknowledge: 'Jeanne' }))).code).toBe('FORK_SUSPECTED')
  })

  it('J-42 a copy stops with MOVED_SUSPECTED, and continues as moved or restored when told so', async () => {
    const place = await sold()
    for (const [option, reason] of [
      ['moved', 'moved'],
      ['restore', 'restore'],
    ] as const) {
      const copy = await openFolder(place.copy())
      const error = await errorOf(copy.openWriter())
      expect(error).toMatchObject({ code: 'MOVED_SUSPECTED', details: { differs: ['ino'] } })
      const writer = await copy.openWriter({ [option]: true })
      expect(writer.adoption.reason).toBe(reason)
      const batch = await place.journal.seal(Number(writer.adoption.epoch), [openingOf(writer)])
      await writer.append(place.journal.head(), batch)
      await writer.close()
      await (await copy.openWriter()).close()
    }
    const other = { ...nodeHost, machine: 'another' }
    expect(await errorOf((await place.storage({ host: other })).openWriter())).toMatchObject({
      code: 'MOVED_SUSPECTED',
      details: { differs: ['machine'] },
    })
  })

  it('J-38 an unreadable hint is a warning, not a stop', async () => {
    const place = await sold()
    writeFileSync(join(place.path, 'hint.json'), '{"seq":')
    const writer = await (await place.storage()).openWriter()
    expect((await writer.health()).warnings.join()).toContain('hint.json')
    await writer.close()
  })

  it('J-48 a copy of a live directory at any moment opens, with a head not above the original’s', async () => {
    const place = await newPlace(3)
    const writer = await place.begin()
    for (let round = 0; round < 12; round++) {
      const left = 8 - (place.journal.kept.length % 8)
      if (left === 1) await completeSegment(place, writer, `c${round}`)
      const appending = appendTo(
        place.journal,
        writer,
        tickets(`r${round}`, Math.min(2, 8 - (place.journal.kept.length % 8) - 1 || 1)),
      )
      const maintaining = round % 3 === 0 ? writer.maintain() : undefined
      const copy = place.copy()
      await appending
      await maintaining
      const opened = await (await openFolder(copy)).openWriter({ moved: true })
      const lines = await linesOf(opened)
      expect(lines).toEqual(linesFor(place.journal.kept.slice(0, lines.length)))
      await opened.close()
    }
    await writer.close()
  })
})

describe('cost and marks', () => {
  it('J-40 opening reads no more than one segment and the snapshots, whatever the length of the journal', async () => {
    const place = await newPlace(6)
    const read: number[] = []
    let largestSegment = 0
    for (let round = 0; round < 4; round++) {
      const writer = await place.begin()
      for (let i = 0; i < 3; i++) {
        await completeSegment(place, writer, `s${round}-${i}`)
        await writer.maintain()
      }
      await appendTo(place.journal, writer, tickets(`t${round}`, 20))
      await writer.close()
      for (const [name, bytes] of filesIn(place.path))
        if (name.startsWith('s-') && name.endsWith('.jsonl')) largestSegment = Math.max(largestSegment, bytes.length)
      let bytes = 0
      const counting = {
        ...nodeFileSystem,
        open: async (...args: Parameters<typeof nodeFileSystem.open>) => {
          const file = await nodeFileSystem.open(...args)
          return {
            ...file,
            read: async (into: Uint8Array, position: number) => {
              const count = await file.read(into, position)
              bytes += count
              return count
            },
          }
        },
      }
      const opened = await (await place.storage({ fileSystem: counting })).openWriter()
      // What the queue reads next (the records after the last checkpoint) is in memory already.
      const before = bytes
      await linesOf(opened, (await opened.head()).seq - 10n)
      expect(bytes).toBe(before)
      await opened.close()
      read.push(bytes)
    }
    expect(Math.max(...read)).toBeLessThanOrEqual(largestSegment + 40_000)
    expect(Math.max(...read)).toBeLessThanOrEqual(Math.min(...read) * 1.5)
  })

  it('files are readable by their owner only', async () => {
    const place = await sold()
    const { statSync } = await import('node:fs')
    expect(statSync(place.path).mode & 0o777).toBe(0o700)
    for (const name of readdirSync(place.path)) expect(statSync(join(place.path, name)).mode & 0o077, name).toBe(0)
  })

  it('J-35 a reader never reports a record of the newest batch as durable', async () => {
    const place = await newPlace(6)
    const writer = await place.begin()
    const reader = await (await place.storage()).openReader()
    for (let i = 1; i < 12; i++) {
      await appendTo(place.journal, writer, tickets(`b${i}`, i % 4 || 1))
      const { seq, durableThrough } = await reader.head()
      const base = place.journal.kept.at(-1)?.body.base as number
      expect([seq, durableThrough]).toEqual([BigInt(place.journal.kept.length - 1), BigInt(base - 1)])
    }
    await reader.close()
    await writer.close()
    expect(await linesIn(place.path)).toEqual(linesFor(place.journal.kept))
  })
})

// The journal as it stands after its end was lost, for going on from there.
async function newPlaceFrom(place: Place, head: number): Promise<Place['journal']> {
  const { journal } = place
  const shorter = journal.kept.slice(0, head + 1)
  ;(journal.kept as unknown[]).length = 0
  journal.keep(shorter)
  return Promise.resolve(journal)
}
