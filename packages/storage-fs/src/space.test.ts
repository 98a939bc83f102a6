// Full disks (FORMAT 16.1) and kinds of file systems (FORMAT 16.4).
import { appendTo, tickets } from '@sigillo/testing'
import { describe, expect, it, vi } from 'vitest'
import { diskPlace, type DiskPlace } from './disk.test-support.js'
import { errorOf, linesFor, linesOf, newPlace } from './folder.test-support.js'
import { nodeFileSystem } from './node-file-system.js'
import { judgeVolume } from './volume.js'

const MIB = 1024 * 1024

async function begun(): Promise<DiskPlace> {
  const place = await diskPlace()
  await (await place.storage()).create(place.journal.genesis)
  return place
}

// Bytes the disk would have to hold for so much to be free.
function leave(place: DiskPlace, freeBytes: number): void {
  place.disk.capacityBytes = 2 ** 39
  place.disk.capacityBytes = 2 ** 39 - place.disk.freeBytes() + freeBytes
}

const reserved = async (place: DiskPlace): Promise<boolean> =>
  (await place.disk.fileSystem.stat('/shop/queue/reserve.bin')) !== undefined

describe('a full disk', () => {
  it('J-22 below 8 MiB the emergency begins, the reserve is freed, and both end when 64 MiB are free', async () => {
    const place = await begun()
    leave(place, 200 * MIB)
    const writer = await place.begin()
    expect([writer.emergency(), await reserved(place)]).toEqual([false, true])
    leave(place, 63 * MIB)
    for (let i = 0; i < 101; i++) await appendTo(place.journal, writer, tickets(`a${i}`, 1)).catch(() => undefined)
    await writer.close()
    leave(place, 20 * MIB)
    const next = await place.begin()
    expect((await next.health()).warnings.join()).toContain('MiB are free')
    expect(next.emergency()).toBe(false)
    leave(place, 7 * MIB)
    await appendTo(place.journal, next, tickets('b', 1))
    expect([next.emergency(), await reserved(place)]).toEqual([true, false])
    // Closings still pass: the store takes what the queue sends.
    await appendTo(place.journal, next, [{ type: 'closing', payload: { kind: 'day' } }])
    expect((await next.health()).state).toBe('emergency')
    leave(place, 63 * MIB)
    expect(next.emergency()).toBe(true)
    leave(place, 70 * MIB)
    expect(next.emergency()).toBe(false)
    await vi.waitFor(async () => expect(await reserved(place)).toBe(true))
    await next.close()
  })

  it('J-22 an emergency outlives its process: without reserve and below 64 MiB the next one begins in it', async () => {
    const place = await begun()
    leave(place, 5 * MIB)
    const writer = await place.begin()
    expect([writer.emergency(), await reserved(place)]).toEqual([true, false])
    await writer.close()
    leave(place, 40 * MIB)
    const next = await place.begin()
    expect(next.emergency()).toBe(true)
    await next.close()
    leave(place, 100 * MIB)
    const last = await place.begin()
    expect(last.emergency()).toBe(false)
    await vi.waitFor(async () => expect(await reserved(place)).toBe(true))
    await last.close()
  })

  it('J-22 no space with nothing adopted is STORAGE_FULL and not stored; with a whole record in the file it is STORAGE_UNCERTAIN', async () => {
    for (const [bytes, code, registered] of [
      [10, 'STORAGE_FULL', 'no'],
      [1200, 'STORAGE_UNCERTAIN', 'unknown'],
    ] as const) {
      const place = await begun()
      const storage = await place.storage()
      const writer = await place.begin()
      const batch = await place.journal.seal(2, tickets('full', 3))
      place.disk.fail({ operation: 'write', path: /j-/, errno: 'none', bytes })
      expect(await errorOf(writer.append(place.journal.head(), batch))).toMatchObject({ code, registered, retry: 'reopen' })
      expect((await errorOf(writer.append(place.journal.head(), batch))).code).toBe('QUEUE_CLOSED')
      await writer.close()
      const next = await storage.openWriter({ afterWriteError: true })
      expect(next.adoption.reason).toBe('write-error')
      const lines = await linesOf(next)
      expect(lines).toEqual(linesFor([...place.journal.kept, ...batch]).slice(0, lines.length))
      expect(lines.length - place.journal.kept.length).toBe(code === 'STORAGE_FULL' ? 0 : 1)
      await next.close()
    }
  })

  it('J-19 after an error of the medium the process does not go on by itself; a person may', async () => {
    const place = await begun()
    const storage = await place.storage()
    const writer = await storage.openWriter()
    place.disk.fail({ operation: 'datasync', path: /j-/, errno: 'EIO' })
    const { adopted } = writer.adoption
    const opening = await place.journal.seal(2, [{ type: 'sys.open', payload: { adopted: { ...adopted } } }])
    expect(await errorOf(writer.append(place.journal.head(), opening))).toMatchObject({
      code: 'STORAGE_UNCERTAIN',
      details: { errno: 'EIO' },
    })
    await writer.close()
    expect(await errorOf(storage.openWriter({ afterWriteError: true }))).toMatchObject({ code: 'STORAGE_FAILED', retry: 'never' })
    await (await storage.openWriter()).close()
  })

  it('a folder without write access opens for reading, and says so when opened for writing', async () => {
    const place = await newPlace()
    await (await place.begin()).close()
    const denied = {
      ...nodeFileSystem,
      open: async (path: string, mode: Parameters<typeof nodeFileSystem.open>[1]) =>
        mode === 'read' ? nodeFileSystem.open(path, mode) : readOnly(),
    }
    const storage = await place.storage({ fileSystem: denied })
    expect(await linesOf(await storage.openReader())).toEqual(linesFor(place.journal.kept))
    expect((await errorOf(storage.openWriter())).code).toBe('STORAGE_READ_ONLY')
  })
})

function readOnly(): never {
  throw Object.assign(new Error('EROFS'), { code: 'EROFS' })
}

describe('file systems', () => {
  it.runIf(process.platform === 'linux')('refuses network mounts, warns of volatile ones, takes local disks', () => {
    for (const type of [0x6969, 0xff534d42, 0xfe534d42, 0x65735546, 0x01021997, -11317950])
      expect(judgeVolume(type, '/x').refused).toBeDefined()
    for (const type of [0x01021994, 0x794c7630]) expect(judgeVolume(type, '/x').warning).toBeDefined()
    for (const type of [0xef53, 0x58465342, 0x9123683e, 0]) expect(judgeVolume(type, '/x')).toEqual({})
    expect(judgeVolume(0, '\\\\server\\share\\queue').refused).toBeDefined()
  })

  it.runIf(process.platform === 'linux')(
    'a network mount is used only when the caller allows it, and health says so',
    async () => {
      const place = await newPlace()
      const remote = { ...nodeFileSystem, volume: async () => ({ type: 0x6969, freeBytes: 2 ** 40 }) }
      expect(await errorOf(place.storage({ fileSystem: remote }))).toMatchObject({
        code: 'STORAGE_UNSUPPORTED',
        details: { fileSystem: 'NFS' },
      })
      const writer = await (await place.storage({ fileSystem: remote, allowFileSystem: true })).openWriter()
      expect((await writer.health()).warnings.join()).toContain('NFS')
      await writer.close()
    },
  )
})

describe('opening a full disk', () => {
  it('J-22 a folder on a disk without a free block opens by freeing its reserve, and takes a closing', async () => {
    const place = await begun()
    const writer = await place.begin()
    await appendTo(place.journal, writer, tickets('a', 2))
    await writer.close()
    place.disk.capacityBytes = 2 ** 39
    place.disk.capacityBytes = 2 ** 39 - place.disk.freeBytes()
    expect(place.disk.freeBytes()).toBe(0)
    // The simulated reserve is 1 KiB: two blocks; a closing needs more, as a real reserve of 4 MiB gives.
    place.disk.capacityBytes += 4096
    place.disk.fail({ operation: 'create', path: /claims/, errno: 'ENOSPC' })
    const next = await place.begin()
    expect(next.emergency()).toBe(true)
    expect(await reserved(place)).toBe(false)
    await appendTo(place.journal, next, [{ type: 'closing', payload: {} }])
    expect(await linesOf(next)).toEqual(linesFor(place.journal.kept))
    await next.close()
  })
})
