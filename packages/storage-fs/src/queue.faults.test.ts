// A real queue while single calls of the disk fail, and while the disk is full.
import type { Outcome } from '@sigillo/core'
import { describe, expect, it } from 'vitest'
import { newWorld } from './faults.fixture.js'
import { answersUnder, queueIn, sellAll } from './queue.fixture.js'

const CHANGING = ['create', 'write', 'writeAt', 'datasync', 'sync', 'syncDirectory', 'rename', 'unlink'] as const
/** Every call in `npm run test:long`, a few in every test run. */
const STEP = process.env['SIGILLO_LONG'] === '1' ? 1 : 13

const codeOf = (outcome: Outcome): string => (outcome.outcome === 'registered' ? 'registered' : outcome.error.code)

describe('a queue over a failing disk', () => {
  it.each(['before', 'after'] as const)(
    'J-19 J-36 a call that fails %s its effect: what was answered is true, and every key is one record in the end',
    async (when) => {
      let reached = 0
      for (let nth = 1; nth < 60; nth += STEP) {
        for (const errno of ['EINTR', 'EIO', 'ENOSPC']) {
          const { faults, hit, answers } = await answersUnder({ operation: CHANGING, nth, when, errno })
          expect({ nth, errno, faults }).toEqual({ nth, errno, faults: [] })
          expect(answers.size).toBe(20)
          if (hit) reached += 1
        }
      }
      expect(reached).toBeGreaterThan(8)
    },
  )
})

describe('a full disk', () => {
  it('J-22 near the end of the space only closings are accepted, until there is room again', async () => {
    const world = newWorld()
    const queue = await queueIn(world, 65_536)
    expect(codeOf(await queue.record({ type: 'ticket', key: 'a-1', amount: 1 }))).toBe('registered')
    const taken = world.disk.usedBytes()
    world.disk.capacityBytes = taken + 5 * 2 ** 20
    // The next look at the free space comes with one of the next batches.
    const seen = new Set<string>()
    for (let i = 0; i < 150; i++) seen.add(codeOf(await queue.record({ type: 'ticket', key: `near-${i}`, amount: 1 })))
    expect(seen.has('STORAGE_FULL')).toBe(true)
    expect(codeOf(await queue.record({ type: 'ticket', key: 'refused', amount: 1 }))).toBe('STORAGE_FULL')
    expect(codeOf(await queue.record({ type: 'closing', key: 'z-1', events: 2 }))).toBe('registered')
    expect((await queue.health()).storage.state).toBe('emergency')
    world.disk.capacityBytes = taken + 500 * 2 ** 20
    expect(codeOf(await queue.record({ type: 'ticket', key: 'refused', amount: 1 }))).toBe('registered')
    await queue.close()
  })

  it('J-22 on a disk without a free byte a closing still fits into the reserve, and nothing that was answered is lost', async () => {
    const world = newWorld()
    const queue = await queueIn(world, 65_536)
    const before = await sellAll(queue)
    world.disk.capacityBytes = world.disk.usedBytes()
    expect(world.disk.freeBytes()).toBe(0)
    const full: string[] = []
    for (let i = 0; i < 3; i++) full.push(codeOf(await queue.record({ type: 'ticket', key: `full-${i}`, amount: 1 })))
    expect(full).toEqual(['STORAGE_FULL', 'STORAGE_FULL', 'STORAGE_FULL'])
    expect(codeOf(await queue.record({ type: 'closing', key: 'z-full' }))).toBe('registered')
    await queue.close()
    world.machine.reboot()
    world.disk.capacityBytes = 2 ** 30
    const again = await queueIn(world, 65_536)
    for (const [key, outcome] of before) {
      const found = await again.byKey(key)
      expect(found?.hash).toBe(outcome.outcome === 'registered' ? outcome.hash : undefined)
    }
    expect(await again.byKey('full-0')).toBeUndefined()
    expect((await again.byKey('z-full'))?.body.type).toBe('closing')
    await again.close()
  })
})
