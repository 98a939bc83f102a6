import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connectQueue, openTill, type Till, type TillOptions } from '@sigillo/core/offline'
import { createQueue } from '@sigillo/core'
import { softwareSigner } from '@sigillo/signer-software'
import { bareCountry, memoryStorage } from '@sigillo/testing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openOfflineFolder } from './offline-folder.js'

let base: string
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'sigillo-offline-'))
})
afterEach(() => rmSync(base, { recursive: true, force: true }))

const rules: TillOptions['rules'] = {
  kind: 'xx.degraded',
  outage: () => ({ type: 'ticket', amount: 0 }),
  finish: () => ({ type: 'ticket', amount: 0 }),
  unreadable: () => ({ type: 'ticket', amount: 0 }),
  acknowledge: () => ({ type: 'ticket', amount: 0 }),
  print: () => [],
}
const offlineTill = (
  folder: string,
  connect: TillOptions['connect'] = () => Promise.reject(new Error('refused')),
): Promise<Till> =>
  openTill({ connect, till: 'T1', queue: 'q', rules, offline: { store: openOfflineFolder(folder), probeMs: 0 } })

describe('off-line folder', () => {
  it('FR-51 each sale makes one file, private and whole, and is there after a restart', async () => {
    const folder = join(base, 'deep', 'T1')
    const till = await offlineTill(folder)
    for (let i = 0; i < 3; i++)
      expect((await till.record({ type: 'ticket', key: `K${i}`, amount: i })).outcome).toBe('provisional')
    await till.close()
    const episode = readdirSync(folder).find((name) => name.length === 36) as string
    expect(readdirSync(join(folder, episode)).sort()).toEqual([
      '00000001.json',
      '00000002.json',
      '00000003.json',
      'episode.json',
      'head.json',
    ])
    expect(statSync(join(folder, episode, '00000001.json')).mode & 0o777).toBe(0o600)
    expect(statSync(folder).mode & 0o777).toBe(0o700)
    const again = await offlineTill(folder)
    expect(again.state).toBe('DEGRADED')
    expect(await again.record({ type: 'ticket', key: 'K1', amount: 1 })).toMatchObject({ outcome: 'provisional', replayed: true })
    await again.close()
  })
  it('a second till is kept out, one that ended is not in the way', async () => {
    const first = await offlineTill(base)
    await expect(offlineTill(base)).rejects.toMatchObject({ code: 'OFFLINE_LOCKED' })
    await first.close()
    await (await offlineTill(base)).close()
  })
  it('FR-57 a deleted last file is told by the head', async () => {
    const folder = join(base, 'T1')
    const till = await offlineTill(folder)
    for (const key of ['A', 'B', 'C']) await till.record({ type: 'ticket', key, amount: 1 })
    await till.close()
    const episode = readdirSync(folder).find((name) => name.length === 36) as string
    rmSync(join(folder, episode, '00000003.json'))
    const queue = await createQueue({ country: bareCountry(), storage: memoryStorage(), signer: await softwareSigner() })
    const again = await offlineTill(folder, () =>
      Promise.resolve(
        connectQueue({ record: ({ degraded: _, ...request }: Record<string, unknown>) => queue.record(request) } as never),
      ),
    )
    expect((await again.transfer()).breaks.map(({ kind }) => kind)).toEqual(['TAIL_MISSING'])
    await again.close()
    await queue.close()
  })
  it('a foreign file is named, and names never leave the folder', async () => {
    const store = openOfflineFolder(base)
    await store.create('a/b.json', Uint8Array.of(1))
    await expect(store.create('a/b.json', Uint8Array.of(2))).rejects.toMatchObject({ code: 'STORAGE_CONFLICT' })
    expect(readFileSync(join(base, 'a', 'b.json'))).toEqual(Buffer.of(1))
    writeFileSync(join(base, 'x.tmp'), '')
    expect(await store.list('')).toEqual(['a'])
    await expect(async () => store.read('../outside')).rejects.toMatchObject({ code: 'OPTION_INVALID' })
  })
})
