// The queue of core over a folder: idempotency across restarts, crashes and takeovers; the order of what survives.
import { createQueue, openQueue, parseLine, type Outcome, type Queue, type QueueOptions } from '@sigillo/core'
import { softwareSigner } from '@sigillo/signer-software'
import { bareCountry } from '@sigillo/testing'
import { simulatedDisk, simulatedMachine } from '@sigillo/testing/node'
import { describe, expect, it } from 'vitest'
import { linesOf, temporaryDirectory } from './folder.test-support.js'
import { openFolder } from './open-folder.js'
import { join } from './paths.js'

const signer = await softwareSigner()
const sale = (name: string, amount: number): object => ({ type: 'ticket', key: name, amount, lines: [{ text: 'bread', amount }] })

function seqOf(outcome: Outcome): bigint | undefined {
  return outcome.outcome === 'registered' ? outcome.seq : undefined
}

async function parts(path: string, segBits = 6): Promise<QueueOptions> {
  return {
    country: bareCountry(),
    signer,
    storage: await openFolder(path, { reserveBytes: 4096 }),
    segBits,
  }
}

describe('a queue in a folder', () => {
  it('J-36 the same request, at once, after a restart, after a crash and after a takeover, is one record with one answer', async () => {
    const path = join(temporaryDirectory(), 'queue')
    let queue: Queue = await createQueue(await parts(path))
    const first = await Promise.all(Array.from({ length: 8 }, () => queue.record(sale('A-1', 250))))
    const seq = seqOf(first[0] as Outcome)
    expect(seq).toBeDefined()
    expect(new Set(first.map(seqOf))).toEqual(new Set([seq]))
    const again = async (): Promise<void> => {
      const outcome = await queue.record(sale('A-1', 250))
      expect(outcome).toMatchObject({ outcome: 'registered', seq, replayed: true })
      if (outcome.outcome === 'registered' && first[0]?.outcome === 'registered') expect(outcome.seal).toBe(first[0].seal)
    }
    await again()
    await queue.close()
    queue = await openQueue(await parts(path))
    await again()
    // Long ago: the record lies in a sealed segment, its reference in a run.
    for (let i = 0; i < 200; i++) await queue.record(sale(`B-${i}`, i))
    await again()
    const taken = await openQueue({ ...(await parts(path)), takeover: true })
    const late = await queue.record(sale('C-1', 1))
    expect(late.outcome).not.toBe('registered')
    queue = taken
    await again()
    await queue.record(sale('C-1', 1))
    await queue.close()
    queue = await openQueue(await parts(path))
    await again()
    const refs: string[] = []
    for (const line of await linesOf(await (await openFolder(path)).openReader())) {
      const ref = parseLine(new TextEncoder().encode(line))?.body.ref
      if (ref !== undefined) refs.push(ref)
    }
    expect(refs.length).toBe(202)
    expect(new Set(refs).size).toBe(202)
    await queue.close()
  })

  it('J-37 the same key with another request is refused and stores nothing, also when the first lies in a sealed segment', async () => {
    const path = join(temporaryDirectory(), 'queue')
    const queue = await createQueue(await parts(path))
    await queue.record(sale('A-1', 250))
    for (let i = 0; i < 150; i++) await queue.record(sale(`B-${i}`, i))
    const head = queue.head()
    const refused = await queue.record(sale('A-1', 251))
    expect(refused).toMatchObject({ outcome: 'rejected', error: { code: 'KEY_REUSED', path: 'amount', registered: 'no' } })
    expect(queue.head()).toEqual(head)
    await queue.close()
  })

  it('J-36 whatever sync or write fails, every answer is true after reopening, and a retry gives one record', async () => {
    for (let nth = 1; nth <= 6; nth++) {
      for (const fault of [
        { operation: 'datasync', errno: 'EINTR' },
        { operation: 'write', errno: 'none', bytes: 200 * nth },
        { operation: 'write', errno: 'ENOSPC' },
        { operation: 'datasync', errno: 'ENOSPC', when: 'after' },
      ] as const) {
        const [disk, machine] = [simulatedDisk(), simulatedMachine()]
        const open = (): ReturnType<typeof openFolder> =>
          openFolder('/shop/queue', { fileSystem: disk.fileSystem, host: machine.start(), reserveBytes: 1024 })
        const common = { country: bareCountry(), signer }
        const queue = await createQueue({ ...common, storage: await open(), segBits: 6 })
        disk.fail({ ...fault, path: /\/j-/, nth })
        const outcomes: Outcome[] = []
        for (let i = 0; i < 8; i++) outcomes.push(await queue.record(sale(`A-${i}`, 100 + i)))
        await queue.close()
        disk.heal()
        const next = await openQueue({ ...common, storage: await open() })
        for (const [i, outcome] of outcomes.entries()) {
          const stored = await next.byKey(`A-${i}`)
          expect(
            outcome.outcome === 'indeterminate' ? undefined : outcome.outcome === 'registered',
            `${fault.operation} ${nth}, sale ${i}`,
          ).toBe(outcome.outcome === 'indeterminate' ? undefined : stored !== undefined)
          const retried = await next.record(sale(`A-${i}`, 100 + i))
          expect(retried.outcome).toBe('registered')
          if (stored !== undefined) expect(seqOf(retried)).toBe(BigInt(stored.body.seq))
        }
        await next.close()
      }
    }
  }, 120_000)
})
