// The last request of a queue, at any place of a segment and with others waiting behind it: nothing follows sys.close (FORMAT 4).
import { bareCountry, fixedClock, memoryStorage } from '@sigillo/testing'
import { softwareSigner } from '@sigillo/signer-software'
import { describe, expect, it } from 'vitest'
import { concat, utf8 } from '../bytes.js'
import { parseLine } from '../read-line.js'
import { verifyChunks } from '../verify/verify.js'
import { createQueue, openQueue } from './open.js'

const signer = await softwareSigner()

async function endedAfter(
  tickets: number,
  events: number,
): Promise<{ readonly types: string[]; readonly late: readonly object[] }> {
  const storage = memoryStorage()
  const options = { country: bareCountry(), storage, signer, clock: fixedClock(), segBits: 6 }
  const queue = await createQueue(options)
  for (let n = 0; n < tickets; n++) await queue.record({ type: 'ticket', amount: n })
  const sale = (): Promise<object> => queue.record({ type: 'ticket', amount: 1 })
  const [end, ...late] = await Promise.all([
    queue.record({ type: 'closing', ends: true, events }),
    sale(),
    sale(),
    queue.checkpoint(),
  ])
  expect(end).toMatchObject({ outcome: 'registered' })
  await queue.close()
  await expect(openQueue(options)).rejects.toMatchObject({ code: 'QUEUE_ENDED' })
  const lines: Uint8Array[] = []
  for await (const { line } of (await storage.openReader()).read(0n)) lines.push(line)
  const report = await verifyChunks([{ bytes: concat(...lines.flatMap((line) => [line, utf8('\n')])) }], { bytesExpected: 0 })
  expect(report.findings, `${tickets} tickets, ${events} events`).toEqual([])
  return { types: lines.map((line) => parseLine(line)?.body.type ?? ''), late }
}

describe('the last request of a queue', () => {
  it('ends the journal at any place of a segment, and the journal verifies', async () => {
    for (let tickets = 50; tickets < 64; tickets++)
      for (const events of [0, 2]) expect((await endedAfter(tickets, events)).types.at(-1)).toBe('sys.close')
  })

  it('leaves what waits behind it unregistered', async () => {
    const { late } = await endedAfter(3, 0)
    for (const outcome of late)
      expect(outcome).toMatchObject({ outcome: 'rejected', error: { code: 'QUEUE_ENDED', registered: 'no' } })
  })
})
