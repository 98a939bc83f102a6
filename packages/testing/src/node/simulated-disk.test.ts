// The simulated disk keeps what was synced, may lose the rest in every way, and fails as asked.
import { describe, expect, it } from 'vitest'
import { EVERYTHING, NOTHING, simulatedDisk, SimulatedDisk } from './index.js'

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)
const bytes = (value: string): Uint8Array => new TextEncoder().encode(value)

async function contentOf(disk: SimulatedDisk, path: string): Promise<string | undefined> {
  const facts = await disk.fileSystem.stat(path)
  if (facts === undefined) return undefined
  const file = await disk.fileSystem.open(path, 'read')
  const into = new Uint8Array(facts.sizeBytes)
  await file.read(into, 0)
  return text(into)
}

async function withFile(value: string, how: 'nothing' | 'data' | 'data and name'): Promise<SimulatedDisk> {
  const disk = simulatedDisk()
  const file = await disk.fileSystem.open('/a', 'append')
  expect(file.writeNow(bytes(value))).toBe(value.length)
  if (how !== 'nothing') await file.datasync()
  if (how === 'data and name') await disk.fileSystem.syncDirectory('/')
  return disk
}

// Runs of equal characters with their lengths; zeros of the disk as 0.
function shapeOf(content: string | undefined): string {
  if (content === undefined) return 'absent'
  const runs = content.replaceAll('\0', '0').match(/(.)\1*/g) ?? []
  return runs.length === 0 ? 'empty' : runs.map((run) => `${run[0]}*${run.length}`).join(' ')
}

describe('simulated disk', () => {
  it('what was synced survives every loss of power', async () => {
    const disk = await withFile('x'.repeat(2000), 'data and name')
    expect(disk.unsynced()).toBe(0)
    const file = await disk.fileSystem.open('/b', 'append')
    file.writeNow(bytes('y'.repeat(1500)))
    let count = 0
    for (const after of disk.explore(200, 1)) {
      count += 1
      expect(await contentOf(after, '/a')).toBe('x'.repeat(2000))
    }
    // Three blocks, one size, one name.
    expect(count).toBe(2 ** 5)
  })

  it('unsynced data, sizes and names are lost or kept apart from each other', async () => {
    const seen = new Set<string>()
    const disk = await withFile('x'.repeat(1000), 'nothing')
    for (const after of disk.explore(64, 1)) seen.add(shapeOf(await contentOf(after, '/a')))
    expect([...seen].sort()).toEqual(['0*1000', '0*512 x*488', 'absent', 'empty', 'x*1000', 'x*512 0*488'])
  })

  it('a file whose name was not synced is not found, though its data was', async () => {
    const disk = await withFile('x', 'data')
    expect(await contentOf(disk.afterPowerLoss(NOTHING), '/a')).toBeUndefined()
    expect(await contentOf(disk.afterPowerLoss(EVERYTHING), '/a')).toBe('x')
  })

  it('a rename is kept or lost whole', async () => {
    const disk = await withFile('new', 'data and name')
    const old = await disk.fileSystem.open('/target', 'create')
    old.writeNow(bytes('old'))
    await old.sync()
    await disk.fileSystem.syncDirectory('/')
    await disk.fileSystem.rename('/a', '/target')
    expect(await contentOf(disk, '/target')).toBe('new')
    const outcomes: unknown[] = []
    for (const after of disk.explore(8, 1)) outcomes.push([await contentOf(after, '/a'), await contentOf(after, '/target')])
    expect(outcomes).toEqual([
      ['new', 'old'],
      [undefined, 'new'],
    ])
  })

  it('a failed sync leaves pages that count as clean: the next sync succeeds and writes nothing', async () => {
    const disk = await withFile('good', 'data and name')
    const file = await disk.fileSystem.open('/b', 'append')
    await disk.fileSystem.syncDirectory('/')
    file.writeNow(bytes('lost'))
    disk.fail({ operation: 'datasync' })
    expect(() => file.datasync()).toThrow('EIO')
    void file.datasync()
    expect(await contentOf(disk, '/b')).toBe('lost')
    expect(await contentOf(disk.copy(), '/b')).toBe('lost')
    expect(await contentOf(disk.afterPowerLoss(EVERYTHING), '/b')).toBe('\0\0\0\0')
    // Written again, the same bytes are dirty again.
    const again = await disk.fileSystem.open('/b', 'rewrite')
    await again.writeAt(bytes('lost'), 0)
    await again.sync()
    expect(await contentOf(disk.afterPowerLoss(NOTHING), '/b')).toBe('lost')
  })

  it('faults come before or after the effect, or leave part of a write', async () => {
    const disk = await withFile('', 'data and name')
    const { fileSystem: fs } = disk
    disk.fail({ operation: 'rename', when: 'before' })
    await expect(fs.rename('/a', '/b')).rejects.toMatchObject({ code: 'EIO' })
    expect(await fs.list('/')).toEqual(['a'])
    disk.fail({ operation: 'rename', when: 'after', errno: 'EINTR' })
    await expect(fs.rename('/a', '/b')).rejects.toMatchObject({ code: 'EINTR' })
    expect(await fs.list('/')).toEqual(['b'])
    const file = await fs.open('/c', 'append')
    disk.fail({ operation: 'write', bytes: 3, errno: 'none' })
    expect(file.writeNow(bytes('abcdef'))).toBe(3)
    disk.fail({ operation: 'write', bytes: 2, errno: 'ENOSPC', nth: 2 })
    expect(file.writeNow(bytes('g'))).toBe(1)
    expect(() => file.writeNow(bytes('hij'))).toThrow('ENOSPC')
    expect(await contentOf(disk, '/c')).toBe('abcghi'.slice(0, 6))
  })

  it('a full disk takes what fits, says so by the count, then refuses', async () => {
    const disk = simulatedDisk()
    disk.capacityBytes = 1024
    const file = await disk.fileSystem.open('/a', 'append')
    expect(file.writeNow(new Uint8Array(900))).toBe(900)
    expect(file.writeNow(new Uint8Array(900))).toBe(124)
    expect(() => file.writeNow(new Uint8Array(1))).toThrow('ENOSPC')
    await disk.fileSystem.unlink('/a')
    expect(disk.freeBytes()).toBe(1024)
  })

  it('a disk without power answers nothing, and copies live on apart', async () => {
    const disk = await withFile('x', 'data and name')
    const copy = disk.copy()
    const original = await disk.fileSystem.open('/a', 'rewrite')
    await original.writeAt(bytes('o'), 0)
    expect(await contentOf(copy, '/a')).toBe('x')
    disk.powerOff()
    await expect(disk.fileSystem.list('/')).rejects.toMatchObject({ code: 'ENODEV' })
    const file = await copy.fileSystem.open('/a', 'rewrite')
    await file.writeAt(bytes('y'), 0)
    expect(await contentOf(copy, '/a')).toBe('y')
    expect(await contentOf(copy.afterPowerLoss(NOTHING), '/a')).toBe('x')
  })

  it('the same seed leaves the same disks', async () => {
    const disk = await withFile('z'.repeat(20_000), 'nothing')
    const contents = async (seed: number): Promise<unknown[]> => {
      const all: unknown[] = []
      for (const after of disk.explore(40, seed)) all.push(await contentOf(after, '/a'))
      return all
    }
    expect(await contents(7)).toEqual(await contents(7))
    expect(await contents(7)).not.toEqual(await contents(8))
  })
})
