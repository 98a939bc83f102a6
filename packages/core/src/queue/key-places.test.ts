// A change of key at any place of a segment and in any company: each record is signed by the key valid there (FORMAT 4, 9.2).
import { describe, expect, it } from 'vitest'
import { bareCountry, fixedClock, memoryStorage } from '@sigillo/testing'
import { softwareSigner } from '@sigillo/signer-software'
import { concat, utf8 } from '../bytes.js'
import { verifyChunks, type Report } from '../verify/verify.js'
import { createQueue } from './open.js'

async function changedAfter(tickets: number, together: number): Promise<Report> {
  const storage = memoryStorage()
  const queue = await createQueue({
    country: bareCountry(),
    storage,
    signer: await softwareSigner(),
    clock: fixedClock(),
    segBits: 6,
  })
  for (let n = 0; n < tickets; n++) await queue.record({ type: 'ticket', amount: n })
  const sale = (): Promise<unknown> => queue.record({ type: 'ticket', amount: 1 })
  const before = Array.from({ length: together }, sale)
  const change = queue.changeKey({ signer: await softwareSigner(), reason: 'scheduled' })
  const answers = await Promise.all([...before, change, ...Array.from({ length: together }, sale)])
  expect(answers).toEqual(answers.map(() => expect.objectContaining({ outcome: 'registered' })))
  await queue.record({ type: 'ticket', amount: 1 })
  await queue.close()
  const parts: Uint8Array[] = []
  for await (const { line } of (await storage.openReader()).read(0n)) parts.push(line, utf8('\n'))
  return verifyChunks([{ bytes: concat(...parts) }], { bytesExpected: 0 })
}

describe('J-12 a change of key', () => {
  it.each([58, 59, 60, 61, 62, 63])('stands right with %i records before it, at the end of a segment', async (tickets) => {
    expect((await changedAfter(tickets, 0)).findings).toEqual([])
  })

  it.each([0, 30, 59, 60, 61])('stands right among requests made at the same moment, %i records before them', async (tickets) => {
    expect((await changedAfter(tickets, 3)).findings).toEqual([])
  })
})
