// A signer that fails at any signature, also at the checkpoint that ends a segment: everybody gets an answer, nothing is half there.
import { bareCountry, faultySigner, fixedClock, memoryStorage } from '@sigillo/testing'
import { softwareSigner } from '@sigillo/signer-software'
import { describe, expect, it } from 'vitest'
import type { Signer } from '../signer.js'
import { createQueue } from './open.js'

const key = await softwareSigner()

describe('a signer that fails', () => {
  it('at any signature around the end of a segment: every caller is answered, and the queue goes on', async () => {
    for (const together of [1, 7]) {
      for (let nth = 1; nth <= 14; nth++) {
        const faulty = faultySigner(key)
        const parts = {
          country: bareCountry(),
          storage: memoryStorage(),
          signer: faulty as Signer,
          clock: fixedClock(),
          segBits: 6,
        }
        const queue = await createQueue(parts)
        for (let i = 0; i < 55; i++) await queue.record({ type: 'ticket', key: `A-${i}`, amount: 1 })
        faulty.fail({ nth, how: 'refuse', times: 2 })
        const wanted = Array.from({ length: 21 }, (_, i) => ({ type: 'ticket', key: `B-${i}`, amount: 1 }))
        const words: string[] = []
        for (let i = 0; i < wanted.length; i += together) {
          const outcomes = await Promise.all(wanted.slice(i, i + together).map((request) => queue.record(request)))
          for (const outcome of outcomes) words.push(outcome.outcome === 'registered' ? 'registered' : outcome.error.code)
        }
        expect(words.filter((word) => word !== 'registered').every((word) => word === 'SIGNER_UNAVAILABLE')).toBe(true)
        for (const request of wanted) expect((await queue.record(request)).outcome).toBe('registered')
        const { findings, records } = await queue.verify()
        expect(findings, `signature ${nth}, ${together} together`).toEqual([])
        // 76 tickets, genesis, sys.open, one checkpoint for each full segment.
        expect(records).toBe(76 + 2 + Math.floor(records / 64))
        await queue.close()
      }
    }
  })

  it('while the rest of a segment is filled for a request that does not fit: the request is refused, the next try succeeds', async () => {
    for (let nth = 1; nth <= 9; nth++) {
      const faulty = faultySigner(key)
      const parts = {
        country: bareCountry(),
        storage: memoryStorage(),
        signer: faulty as Signer,
        clock: fixedClock(),
        segBits: 6,
      }
      const queue = await createQueue(parts)
      for (let i = 0; i < 54; i++) await queue.record({ type: 'ticket', key: `A-${i}`, amount: 1 })
      faulty.fail({ nth, how: 'refuse' })
      const closing = { type: 'closing', key: 'Z', events: 20 }
      const first = await queue.record(closing)
      expect(first).toMatchObject(
        first.outcome === 'registered' ? {} : { error: { code: 'SIGNER_UNAVAILABLE', registered: 'no' } },
      )
      expect((await queue.record(closing)).outcome).toBe('registered')
      expect((await queue.verify()).findings, `signature ${nth}`).toEqual([])
      await queue.close()
    }
  })
})
