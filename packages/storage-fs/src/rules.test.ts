// What no code path may do (FORMAT 8, "the rule that makes it safe"): shorten a file, or write to one of another epoch.
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { appendTo, tickets } from '@sigillo/testing'
import type { SimulatedDisk } from '@sigillo/testing/node'
import { describe, expect, it } from 'vitest'
import { diskPlace } from './disk.test-support.js'
import type { FileSystem, OpenFile, OpenMode } from './file-system.js'
import { completeSegment } from './folder.test-support.js'
import { parseClaim, parseLive, parseTemporary } from './paths.js'

interface Write {
  readonly path: string
  readonly mode: OpenMode
  readonly writer: number
  /** Bytes that stood there before differ from those written. */
  readonly changed: boolean
}

// A file system that notes who writes what over which bytes.
function watching(disk: SimulatedDisk, writes: Write[], writer: () => number): FileSystem {
  const fs = disk.fileSystem
  const watch = (file: OpenFile, path: string, mode: OpenMode): OpenFile => ({
    ...bound(file),
    writeNow: (bytes) => {
      writes.push({ path, mode, writer: writer(), changed: false })
      return file.writeNow(bytes)
    },
    write: (bytes) => {
      writes.push({ path, mode, writer: writer(), changed: false })
      return file.write(bytes)
    },
    writeAt: async (bytes, position) => {
      const before = new Uint8Array(bytes.length)
      const count = await file.read(before, position)
      writes.push({ path, mode, writer: writer(), changed: Buffer.compare(before.subarray(0, count), bytes) !== 0 })
      return file.writeAt(bytes, position)
    },
  })
  return { ...fs, open: async (path, mode) => watch(await fs.open(path, mode), path, mode) }
}

function bound(file: OpenFile): OpenFile {
  return {
    writeNow: (bytes) => file.writeNow(bytes),
    write: (bytes) => file.write(bytes),
    writeAt: (bytes, position) => file.writeAt(bytes, position),
    read: (into, position) => file.read(into, position),
    readNow: (into, position) => file.readNow(into, position),
    datasync: () => file.datasync(),
    sync: () => file.sync(),
    sizeBytes: () => file.sizeBytes(),
    close: () => file.close(),
  }
}

describe('J-32', () => {
  it('J-32 nothing is written to a file of another epoch but the identical bytes of the last batch', async () => {
    const writes: Write[] = []
    let epoch = 1
    const place = await diskPlace(3, (disk) => watching(disk, writes, () => epoch))
    await (await place.storage()).create(place.journal.genesis)
    for (let run = 0; run < 6; run++) {
      epoch += 1
      const writer = await place.begin()
      expect(writer.adoption.epoch).toBe(BigInt(epoch))
      await appendTo(place.journal, writer, tickets(`r${run}`, Math.min(2, 8 - (place.journal.kept.length % 8) - 1 || 1)))
      if (run % 2 === 1) await completeSegment(place, writer, `c${run}`)
      await writer.putSnapshot({ seq: 1n, hash: '', state: { epoch } })
      await writer.putBlob(new Uint8Array([run]))
      await writer.putAnchor(BigInt(run), 'somebody', `note ${run}`)
      await writer.maintain()
      await writer.close({ clean: run % 3 !== 0 })
    }
    const names = writes.map(({ path, ...write }) => ({ ...write, name: path.slice(path.lastIndexOf('/') + 1) }))
    const rewrites = names.filter(({ mode }) => mode === 'rewrite')
    expect(rewrites.length).toBeGreaterThan(2)
    expect(rewrites.filter(({ changed }) => changed)).toEqual([])
    const foreign = names.filter(({ name, mode, writer }) => mode !== 'rewrite' && writer > 1 && ownerOf(name) !== writer)
    expect(foreign).toEqual([])
    expect(new Set(names.map(({ mode }) => mode))).toEqual(new Set(['create', 'append', 'rewrite']))
  })

  it('J-32 no source of this package shortens a file or opens one so that it is emptied', () => {
    const directory = fileURLToPath(new URL('.', import.meta.url))
    const sources = readdirSync(directory).filter(
      (name) => name.endsWith('.ts') && !/\.(test|fixture|test-support)\.ts$/.test(name),
    )
    expect(sources.length).toBeGreaterThan(20)
    for (const name of sources) {
      const code = readFileSync(`${directory}/${name}`, 'utf8').replace(/\/\/.*|\/\*[\s\S]*?\*\//g, '')
      expect(/truncate|O_TRUNC|writeFile|createWriteStream|copyFile|'w\+?'/i.test(code), name).toBe(false)
    }
  })
})

// The epoch a file belongs to, by its name.
function ownerOf(name: string): number | undefined {
  return parseTemporary(name) ?? parseLive(name)?.epoch ?? parseClaim(name)
}
