// A key the journal calls compromised or retired seals nothing more: at once, after a restart from a snapshot or without one, until another takes over.
import { describe, expect, it } from 'vitest'
import { softwareSigner } from '@sigillo/signer-software'
import { bareCountry, memoryStorage } from '@sigillo/testing'
import type { GuardedSigner } from '../signer-guard-contract.js'
import type { Storage } from '../storage.js'
import type { Outcome } from './answer.js'
import type { Queue } from './contract.js'
import { createQueue, openQueue } from './open.js'

const who = { actor: 'anna', reason: 'laptop stolen' }
const REFUSED = { outcome: 'rejected', error: { code: 'KEY_RETIRED', kind: 'signer', registered: 'no' } }
let sales = 0
const sell = (queue: Queue): Promise<Outcome> => queue.record({ type: 'ticket', key: `S${++sales}`, amount: 1 })
const open = (storage: Storage, signer: GuardedSigner): Promise<Queue> => openQueue({ country: bareCountry(), storage, signer })

async function stopped(
  type: 'key.compromised' | 'key.retired',
): Promise<{ queue: Queue; storage: Storage; signer: GuardedSigner }> {
  const storage = memoryStorage()
  const signer = await softwareSigner()
  const queue = await createQueue({ country: bareCountry(), storage, signer })
  expect(await sell(queue)).toMatchObject({ outcome: 'registered' })
  // Asked for together: what stands in line behind it is not sealed either.
  const [told, behind] = await Promise.all([queue.recordKey({ type, ...who }), sell(queue)])
  expect([told, behind]).toMatchObject([{ outcome: 'registered', type }, REFUSED])
  return { queue, storage, signer }
}

describe.each(['key.compromised', 'key.retired'] as const)('%s', (type) => {
  it('nothing of the country’s is sealed, no number is used, and health says why', async () => {
    const { queue } = await stopped(type)
    const { seq } = queue.head()
    expect(await sell(queue)).toMatchObject(REFUSED)
    expect(await queue.record({ type: 'closing', key: 'Z' })).toMatchObject(REFUSED)
    expect(await queue.recordKey({ type: 'key.activated', ...who })).toMatchObject(REFUSED)
    expect(queue.head().seq).toBe(seq)
    expect((await queue.health()).warnings.join()).toContain(type.slice(4))
    // The journal's own records go on.
    expect(await queue.checkpoint()).toMatchObject({ outcome: 'registered' })
    await queue.close()
  })

  it('a restart changes nothing', async () => {
    const { queue, storage, signer } = await stopped(type)
    await queue.close()
    for (let i = 0; i < 3; i++) {
      const again = await open(storage, signer)
      expect(await sell(again)).toMatchObject(REFUSED)
      await again.close()
    }
  })

  it('another key ends it', async () => {
    const { queue, storage } = await stopped(type)
    const next = await softwareSigner()
    const rollover = await queue.changeKey({ signer: next, reason: 'theft' })
    if (type === 'key.retired') expect(rollover).toMatchObject({ outcome: 'registered' })
    else {
      // A thief could hand over to himself: only a recovery, vouched for by the organisation, replaces a compromised key.
      expect(rollover).toMatchObject(REFUSED)
      expect(await queue.changeKey({ signer: next, reason: 'theft', endorsement: 'AA' })).toMatchObject({ outcome: 'registered' })
    }
    expect(await sell(queue)).toMatchObject({ outcome: 'registered' })
    await queue.close()
    const again = await open(storage, next)
    expect(await sell(again)).toMatchObject({ outcome: 'registered' })
    await again.close()
  })
})
