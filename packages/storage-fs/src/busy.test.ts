// Everything at once over one real folder with small segments, so that sealing, merging and reading meet all the time: callers that sell, that
// ask for old and new answers again, that read ranges and single records, verify, and a second reader beside them. `npm run test:long`
// takes SIGILLO_COUNT sales.
import { createQueue, type Queue, type Registered } from '@sigillo/core'
import { softwareSigner } from '@sigillo/signer-software'
import { bareCountry } from '@sigillo/testing'
import { randomFrom } from '@sigillo/testing/node'
import { expect, it } from 'vitest'
import { temporaryDirectory } from './folder.test-support.js'
import { openFolder } from './open-folder.js'
import { join } from './paths.js'

const long = process.env['SIGILLO_LONG'] === '1'
const count = long ? Number(process.env['SIGILLO_COUNT'] ?? 100_000) : 1500
const seed = Number(process.env['SIGILLO_SEED'] ?? 20_261_201)
const random = randomFrom(seed)

interface Sold {
  readonly request: object
  readonly key: string
  readonly seq: bigint
  readonly hash: string
}

async function registered(queue: Queue, request: object): Promise<Registered> {
  const outcome = await queue.record(request)
  if (outcome.outcome !== 'registered') throw outcome.error
  return outcome
}

it(`J-36 J-47 ${count} sales with recalls, reads and verification beside them: every answer as it was first given`, async () => {
  const path = join(temporaryDirectory(), 'queue')
  const storage = await openFolder(path, { reserveBytes: 4096 })
  const queue = await createQueue({ country: bareCountry(), signer: await softwareSigner(), storage, segBits: 6 })
  const sold: Sold[] = []
  const done = { sales: 0, recalls: 0, finds: 0, ranges: 0, verifications: 0, readers: 0 }
  let next = 0

  const sell = async (): Promise<void> => {
    while (next < count) {
      const key = `S-${next++}`
      const request = { type: 'ticket', key, amount: next, lines: [{ text: 'bread', amount: next }] }
      const { record } = await registered(queue, request)
      sold.push({ request, key, seq: BigInt(record.body.seq), hash: record.hash })
      done.sales++
    }
  }
  const whileSelling = async (work: (some: Sold, recent: Sold) => Promise<void>): Promise<void> => {
    while (done.sales < count) {
      const some = sold[random.below(Math.max(1, sold.length))]
      const recent = sold[Math.max(0, sold.length - 1 - random.below(100))]
      if (some !== undefined && recent !== undefined) await work(some, recent)
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
  const recall = async ({ request, hash }: Sold): Promise<void> => {
    const { replayed, record } = await registered(queue, request)
    expect({ replayed, hash: record.hash }).toEqual({ replayed: true, hash })
    done.recalls++
  }
  const find = async ({ seq, hash }: Sold): Promise<void> => {
    expect((await queue.find(seq))?.hash).toBe(hash)
    done.finds++
  }
  const range = async ({ seq }: Sold): Promise<void> => {
    let wanted = seq
    for await (const { body } of queue.records({ from: seq, to: seq + 500n })) expect(BigInt(body.seq)).toBe(wanted++)
    done.ranges++
  }
  const verify = async (): Promise<void> => {
    expect((await queue.verify()).findings).toEqual([])
    done.verifications++
  }
  const readBeside = async ({ key, seq }: Sold): Promise<void> => {
    const reader = await (await openFolder(path)).openReader()
    let wanted = 0n
    for await (const line of reader.read(0n)) expect(line.seq).toBe(wanted++)
    expect((await reader.byRef(key))?.seq).toBe(seq)
    await reader.close()
    done.readers++
  }

  await Promise.all([
    ...Array.from({ length: 16 }, sell),
    whileSelling(recall),
    whileSelling((_some, recent) => recall(recent)),
    whileSelling((_some, recent) => find(recent)),
    whileSelling(range),
    whileSelling(verify),
    whileSelling(readBeside),
  ])
  if (long) console.log(`seed ${seed}:`, done)
  for (const times of Object.values(done)) expect(times).toBeGreaterThan(0)
  expect((await queue.verify()).records).toBe(Number(queue.head().seq) + 1)
  await queue.close()
})
