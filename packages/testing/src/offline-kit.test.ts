import { describe, expect, it } from 'vitest'
import { memoryOfflineStore } from './memory-offline-store.js'
import { offlineKit, type OfflinePlace } from './offline-kit.js'

const place = async (): Promise<OfflinePlace> => {
  const store = memoryOfflineStore()
  const fill = async (): Promise<() => Promise<void>> => {
    store.limit([...store.files.values()].reduce((sum, { length }) => sum + length, 1000))
    return async () => store.limit(undefined)
  }
  return { store, fill }
}

describe('the store in memory', () => {
  for (const { name, run } of offlineKit(place, { full: true })) it(name, run)
})

describe('the offline kit finds', () => {
  const broken: readonly (readonly [what: string, change: (store: OfflinePlace['store']) => Partial<OfflinePlace['store']>])[] = [
    ['a store that overwrites', (store) => ({ create: (path, bytes) => store.replace(path, bytes) })],
    ['a store that loses bytes', (store) => ({ replace: (path, bytes) => store.replace(path, bytes.subarray(1)) })],
    [
      'a store that forgets',
      (store) => ({ create: async (path, bytes) => void (path.endsWith('2.json') || (await store.create(path, bytes))) }),
    ],
    [
      'a store that lists too much',
      (store) => ({ list: async (folder) => [...(await store.list(folder)), ...(folder === 'a' ? ['x'] : [])] }),
    ],
    ['a store without a lock', () => ({ lock: async () => async () => undefined })],
    [
      'a store that copies instead of moving',
      (store) => ({ move: async (from, to) => store.create(to, (await store.read(from)) as Uint8Array) }),
    ],
    [
      'a store that answers before it has written',
      (store) => ({
        create: async (path, bytes) => void setTimeout(() => void store.create(path, bytes).catch(() => undefined), 5),
      }),
    ],
  ]
  it.each(broken)('%s', async (_what, change) => {
    const cases = offlineKit(async () => {
      const store = memoryOfflineStore()
      return { store: { ...store, ...change(store) } }
    })
    await expect(
      (async () => {
        for (const { run } of cases) await run()
      })(),
    ).rejects.toThrow()
  })
})
