// Faults come at the call they were ordered for, before or after the effect, and a queue over them never lies.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { openQueue } from '@sigillo/core'
import { softwareSigner } from '@sigillo/signer-software'
import {
  appendTo,
  bareCountry,
  faultySigner,
  faultyStorage,
  fixedClock,
  kitJournal,
  kitKey,
  memoryStorage,
  openEpoch,
  tickets,
} from './index.js'

async function started() {
  const real = memoryStorage()
  const storage = faultyStorage(real)
  const journal = await kitJournal(await kitKey())
  await storage.create(journal.genesis)
  const writer = await storage.openWriter()
  await openEpoch(journal, writer)
  return { real, storage, journal, writer }
}

describe('faulty storage', () => {
  it('fails the n-th call before anything is persisted, and the handle is dead', async () => {
    const { storage, journal, writer } = await started()
    storage.fail({ method: 'append', nth: 2, when: 'before' })
    await appendTo(journal, writer, tickets('a', 1))
    await expect(appendTo(journal, writer, tickets('b', 1))).rejects.toMatchObject({
      code: 'STORAGE_UNCERTAIN',
      registered: 'unknown',
    })
    await expect(appendTo(journal, writer, tickets('c', 1))).rejects.toMatchObject({ code: 'QUEUE_CLOSED' })
    const reader = await storage.openReader()
    expect((await reader.head()).seq).toBe(2n)
    expect(storage.calls.filter(({ method }) => method === 'append')).toEqual([
      { method: 'append' },
      { method: 'append' },
      { method: 'append', failed: 'before' },
    ])
  })
  it('fails after everything is persisted', async () => {
    const { storage, journal, writer } = await started()
    storage.fail({ method: 'append', when: 'after' })
    await expect(appendTo(journal, writer, tickets('a', 2))).rejects.toMatchObject({ code: 'STORAGE_UNCERTAIN' })
    await writer.close()
    const next = await storage.openWriter()
    expect((await next.head()).seq).toBe(3n)
    expect(await next.byRef('a-1')).toMatchObject({ seq: 3n })
  })
  it('gives back a place whose opening failed, and heals', async () => {
    const { storage, writer } = await started()
    await writer.close()
    storage.fail({ method: 'openWriter', when: 'after', times: 2 })
    storage.fail({ method: 'read', when: 'after', error: new Error('lost') })
    await expect(storage.openWriter()).rejects.toMatchObject({ code: 'STORAGE_FAILED' })
    await expect(storage.openWriter()).rejects.toMatchObject({ code: 'STORAGE_FAILED' })
    const next = await storage.openWriter()
    const read = async (): Promise<number> => {
      let count = 0
      for await (const line of next.read(0n)) count += line.line.length > 0 ? 1 : 0
      return count
    }
    await expect(read()).rejects.toThrow('lost')
    expect(await read()).toBe(2)
    storage.fail({ method: 'any', when: 'before', times: 100 })
    storage.heal()
    expect(await read()).toBe(2)
  })
})

describe('a queue over faults', () => {
  it('J-36 answers truly whatever fails, and asked again every key is one record', async () => {
    const signer = await softwareSigner()
    const fault = fc.record({
      nth: fc.integer({ min: 1, max: 25 }),
      when: fc.constantFrom('before' as const, 'after' as const),
      method: fc.constantFrom('append' as const, 'any' as const),
    })
    const refusal = fc.record({
      nth: fc.integer({ min: 1, max: 20 }),
      how: fc.constantFrom('refuse' as const, 'lose' as const),
      times: fc.integer({ min: 1, max: 3 }),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(fault, { maxLength: 1 }), fc.array(refusal, { maxLength: 2 }), async (faults, refusals) => {
        const storage = faultyStorage(memoryStorage())
        const device = faultySigner(signer)
        const parts = { country: bareCountry(), storage, signer: device, clock: fixedClock(), create: 'if-missing' as const }
        const queue = await openQueue(parts)
        for (const one of faults) storage.fail(one)
        for (const one of refusals) device.fail(one)
        const keys = Array.from({ length: 12 }, (_, i) => `k-${i}`)
        const ask = (key: string, i: number): ReturnType<typeof queue.record> =>
          queue.record({ type: 'ticket', key, amount: i, events: i % 3 })
        const first = await Promise.all(keys.map(ask))
        storage.heal()
        device.heal()
        const reader = await storage.openReader()
        for (const [i, outcome] of first.entries()) {
          const hit = await reader.byRef(keys[i] as string)
          if (outcome.outcome === 'registered') expect(hit?.seq).toBe(outcome.seq)
          if (outcome.outcome === 'rejected') expect(hit).toBeUndefined()
        }
        await queue.close().catch(() => undefined)
        const again = await openQueue({ ...parts, takeover: true })
        for (const [i, key] of keys.entries()) {
          const outcome = await again.record({ type: 'ticket', key, amount: i, events: i % 3 })
          const before = first[i]
          expect(outcome.outcome).toBe('registered')
          if (before?.outcome === 'registered' && outcome.outcome === 'registered') expect(outcome.hash).toBe(before.hash)
        }
        await again.close()
      }),
      { numRuns: 40 },
    )
  })
})
