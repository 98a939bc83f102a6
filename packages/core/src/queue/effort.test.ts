// What speed follows from, as counts that hold on every machine; the times themselves are `npm run bench`.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { softwareSigner } from '@sigillo/signer-software'
import { nodeFileSystem, openFolder, type FileSystem, type OpenFile } from '@sigillo/storage-fs'
import { bareCountry } from '@sigillo/testing'
import { afterAll, describe, expect, it } from 'vitest'
import type { Signer } from '../signer.js'
import { flagsOf } from '../verify/line-check.js'
import { createQueue, openQueue } from './open.js'
import type { Queue } from './contract.js'

const folder = mkdtempSync(join(tmpdir(), 'sigillo-effort-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const key = await softwareSigner()

interface Counts {
  writes: number
  syncs: number
  read: number
  seals: number
}

function counted(): { readonly fs: FileSystem; readonly signer: Signer; readonly counts: Counts } {
  const counts: Counts = { writes: 0, syncs: 0, read: 0, seals: 0 }
  const wrap = (file: OpenFile): OpenFile =>
    new Proxy(file, {
      get: (target, name, receiver) => {
        const member: unknown = Reflect.get(target, name, receiver)
        if (typeof member !== 'function') return member
        return (...args: unknown[]) => {
          if (/^(write|append)/.test(String(name))) counts.writes += 1
          if (/sync/i.test(String(name))) counts.syncs += 1
          const result: unknown = (member as (...all: unknown[]) => unknown).apply(target, args)
          const note = (value: unknown): unknown => {
            if (String(name).startsWith('read') && typeof value === 'number') counts.read += value
            return value
          }
          return result instanceof Promise ? result.then(note) : note(result)
        }
      },
    })
  const fs: FileSystem = { ...nodeFileSystem, open: async (...args) => wrap(await nodeFileSystem.open(...args)) }
  const signNow = key.signNow as NonNullable<Signer['signNow']>
  const signer: Signer = {
    describe: () => key.describe(),
    sign: (request, options) => key.sign(request, options),
    signNow: (message) => {
      counts.seals += 1
      return signNow.call(key, message)
    },
    close: () => Promise.resolve(),
  }
  return { fs, signer, counts }
}

const change = async (counts: Counts, work: () => Promise<void>): Promise<Counts> => {
  const before = { ...counts }
  await work()
  return {
    writes: counts.writes - before.writes,
    syncs: counts.syncs - before.syncs,
    read: counts.read - before.read,
    seals: counts.seals - before.seals,
  }
}
const sell = async (queue: Queue, name: string): Promise<void> => {
  expect((await queue.record({ type: 'ticket', key: name, amount: 1 })).outcome).toBe('registered')
}

describe('effort', () => {
  it('J-61 a lone caller pays one seal, one write and one sync', async () => {
    const { fs, signer, counts } = counted()
    const queue = await createQueue({
      country: bareCountry(),
      storage: await openFolder(join(folder, 'lone'), { fileSystem: fs }),
      signer,
    })
    await sell(queue, 'first')
    for (let i = 0; i < 20; i++) {
      expect(await change(counts, () => sell(queue, `K-${i}`))).toMatchObject({ seals: 1, writes: 1, syncs: 1 })
    }
    await queue.close()
  })
  it('J-60 64 callers share each write and sync, whatever the disk costs', async () => {
    const { fs, signer, counts } = counted()
    const queue = await createQueue({
      country: bareCountry(),
      storage: await openFolder(join(folder, 'many'), { fileSystem: fs }),
      signer,
    })
    const rounds = 10
    const effort = await change(counts, async () => {
      await Promise.all(
        Array.from({ length: 64 }, async (_, caller) => {
          for (let i = 0; i < rounds; i++) await sell(queue, `K-${caller}-${i}`)
        }),
      )
    })
    expect(effort.seals).toBe(64 * rounds)
    expect(effort.syncs).toBeLessThanOrEqual(2 * rounds)
    await queue.close()
  })
  it('J-62 opening reads no more for a queue ten times as long', async () => {
    const bytesAtOpening = async (name: string, records: number): Promise<number> => {
      const { fs, signer, counts } = counted()
      const path = join(folder, name)
      const queue = await createQueue({ country: bareCountry(), storage: await openFolder(path), signer, segBits: 6 })
      await Promise.all(Array.from({ length: records }, (_, i) => sell(queue, `K-${i}`)))
      await queue.close()
      const { read } = await change(counts, async () => {
        const again = await openQueue({ country: bareCountry(), storage: await openFolder(path, { fileSystem: fs }), signer })
        await again.close()
      })
      return read
    }
    const [short, long] = [await bytesAtOpening('short', 300), await bytesAtOpening('long', 3000)]
    expect(short).toBeGreaterThan(0)
    expect(long).toBeLessThanOrEqual(1.5 * short)
  })
  it('J-63 verification checks each signature once', async () => {
    const path = join(folder, 'verify')
    const queue = await createQueue({ country: bareCountry(), storage: await openFolder(path), signer: key })
    for (let i = 0; i < 30; i++) await sell(queue, `K-${i}`)
    await queue.close()
    const reader = await (await openFolder(path)).openReader()
    let checks = 0
    const { keyId, publicJwk } = key.describe()
    const ring = new Map([[keyId, { jwk: publicJwk, verify: () => (checks += 1) > 0 }]])
    let lines = 0
    for await (const { bytes } of reader.chunks()) lines += flagsOf(bytes, ring).length
    await reader.close()
    expect(lines).toBeGreaterThan(31)
    expect(checks).toBe(lines)
  })
})
