// The off-line folder passes the kit every off-line store passes, on the real file system and on the simulated disk, and survives a
// loss of power at every call (france 13.2, FR-51).
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { judgeEpisode, openTill, readEpisode, type OfflineStore, type TillOptions } from '@sigillo/core/offline'
import { fixedClock, offlineKit, type OfflinePlace } from '@sigillo/testing'
import { simulatedDisk, simulatedMachine, type SimulatedDisk } from '@sigillo/testing/node'
import { describe, expect, it } from 'vitest'
import { openOfflineFolder } from './offline-folder.js'
import { join } from './paths.js'

async function realPlace(): Promise<OfflinePlace> {
  const directory = await mkdtemp(join(tmpdir(), 'sigillo-offline-kit-'))
  const open = async (): Promise<OfflineStore> => openOfflineFolder(join(directory, 'CAISSE-01'))
  return { store: await open(), again: open, dispose: () => rm(directory, { recursive: true, force: true }) }
}

async function simulatedPlace(): Promise<OfflinePlace> {
  const disk = simulatedDisk()
  const machine = simulatedMachine()
  const open = async (): Promise<OfflineStore> =>
    openOfflineFolder('/CAISSE-01', { fileSystem: disk.fileSystem, host: machine.start() })
  const fill = async (): Promise<() => Promise<void>> => {
    const before = disk.capacityBytes
    disk.capacityBytes = 30_000
    return async () => void (disk.capacityBytes = before)
  }
  return { store: await open(), again: open, fill }
}

describe('off-line folder on the real file system', () => {
  for (const { name, run } of offlineKit(realPlace)) it(name, run)
})
describe('off-line folder on the simulated disk', () => {
  for (const { name, run } of offlineKit(simulatedPlace, { full: true })) it(name, run)
})

describe('off-line folder and loss of power', () => {
  const rules: TillOptions['rules'] = {
    kind: 'xx.degraded',
    outage: () => ({}),
    finish: () => ({}),
    unreadable: () => ({}),
    acknowledge: () => ({}),
    print: () => [],
  }
  const offline = (store: OfflineStore): TillOptions => ({
    connect: () => Promise.reject(new Error('refused')),
    till: 'T1',
    queue: 'q',
    rules,
    clock: fixedClock(),
    offline: { store, probeMs: 0, failAfter: 1 },
  })

  it('FR-51 after a loss of power at any call every printed receipt is there, linked, and the till goes on', async () => {
    const disk = simulatedDisk()
    const machine = simulatedMachine()
    const printed: string[] = []
    const moments: { readonly disk: SimulatedDisk; readonly printed: number; readonly call: string }[] = []
    disk.onChange = (call) => void moments.push({ disk: disk.copy(), printed: printed.length, call: JSON.stringify(call) })
    const till = await openTill(offline(openOfflineFolder('/shop/T1', { fileSystem: disk.fileSystem, host: machine.start() })))
    for (let n = 1; n <= 4; n++) {
      const outcome = await till.record({ type: 'ticket', key: `K${n}`, amount: n })
      expect(outcome.outcome).toBe('provisional')
      printed.push(`K${n}`)
    }
    expect(moments.length).toBeGreaterThan(40)
    machine.reboot()
    const bad: string[] = []
    let disks = 0
    for (const [i, moment] of moments.entries()) {
      for (const lost of moment.disk.explore(6, i)) {
        disks += 1
        const store = openOfflineFolder('/shop/T1', { fileSystem: lost.fileSystem, host: machine.start() })
        const again = await openTill(offline(store))
        for (const key of printed.slice(0, moment.printed)) {
          const outcome = await again.record({ type: 'ticket', key, amount: Number(key.slice(1)) })
          if (outcome.outcome !== 'provisional' || !outcome.replayed) bad.push(`${moment.call}: ${key} is gone`)
        }
        const next = await again.record({ type: 'ticket', key: 'NEXT', amount: 1 })
        if (next.outcome !== 'provisional') bad.push(`${moment.call}: no further sale`)
        await again.close()
        // An episode whose making was cut off before its header stood is none.
        const ids = (await store.list('')).filter((name) => name.length === 36)
        const episodes = await Promise.all(ids.map((id) => readEpisode(store, id, undefined)))
        const born = episodes.filter((episode) => episode.born)
        if (born.length !== 1) bad.push(`${moment.call}: ${born.length} episodes`)
        for (const episode of born)
          for (const { kind, seq } of judgeEpisode(episode, { before: undefined }).breaks)
            bad.push(`${moment.call}: ${kind} ${seq}`)
      }
    }
    expect(bad).toEqual([])
    expect(disks).toBeGreaterThan(100)
  })
})
