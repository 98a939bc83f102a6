import { bareCountry, faultySigner, faultyStorage, fixedClock, memoryStorage } from '@sigillo/testing'
import { softwareSigner } from '@sigillo/signer-software'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { concat, utf8 } from '../bytes.js'
import type { FiscalRecord } from '../record.js'
import type { Signer } from '../signer.js'
import type { Storage, Witness, WitnessStatement } from '../storage.js'
import { consistencyProof, inclusionProof, treeRoot, verifyConsistency, verifyInclusion } from '../tree.js'
import { verifyChunks, type Report } from '../verify/verify.js'
import type { Outcome, Registered } from './answer.js'
import { createQueue, openQueue } from './open.js'
import type { QueueOptions } from './options.js'
import type { Queue } from './contract.js'

const signer = await softwareSigner()
const parts = (more: Partial<QueueOptions> = {}): QueueOptions => ({
  country: bareCountry(),
  storage: memoryStorage(),
  signer,
  clock: fixedClock(),
  ...more,
})
const ticket = (key: string, amount = 100): object => ({ type: 'ticket', key, amount })

function registered(outcome: Outcome): Registered {
  if (outcome.outcome !== 'registered') throw outcome.error
  return outcome
}
function refusal(outcome: Outcome): string {
  return outcome.outcome === 'registered' ? 'registered' : `${outcome.outcome} ${outcome.error.code}`
}
async function recordsOf(queue: Queue): Promise<FiscalRecord[]> {
  const all: FiscalRecord[] = []
  for await (const record of queue.records()) all.push(record)
  return all
}
async function verifyStorage(storage: Storage): Promise<Report> {
  const reader = await storage.openReader()
  const lines: Uint8Array[] = []
  for await (const { line } of reader.read(0n)) lines.push(line, utf8('\n'))
  return verifyChunks([{ bytes: concat(...lines) }], { auditor: bareCountry().auditor?.() as never })
}

describe('queue: one request', () => {
  it('J-07 both chains hold for any interleaving of types; the first of a type links to genesis', async () => {
    const types = fc.array(fc.constantFrom('ticket', 'invoice', 'closing'), { minLength: 1, maxLength: 40 })
    await fc.assert(
      fc.asyncProperty(types, async (sequence) => {
        const queue = await createQueue(parts({ segBits: 6 }))
        for (const [i, type] of sequence.entries())
          registered(await queue.record({ type, key: `K${i}`, ...(type !== 'closing' && { amount: 5 }) }))
        const records = await recordsOf(queue)
        const newest = new Map<string, FiscalRecord>()
        for (const [i, record] of records.entries()) {
          const before = newest.get(record.body.type)
          expect(record.body.prev).toBe(i === 0 ? '0'.repeat(64) : records[i - 1]?.hash)
          expect(record.body.tprev).toBe(i === 0 ? '0'.repeat(64) : (before?.hash ?? records[0]?.hash))
          expect(record.body.tseq).toBe((before?.body.tseq ?? 0) + 1)
          newest.set(record.body.type, record)
        }
        await queue.close()
      }),
      { numRuns: 15 },
    )
  })
  it('J-03 a number no record can hold is refused with its path, and nothing is stored', async () => {
    const queue = await createQueue(parts())
    const before = queue.head()
    for (const amount of [1.5, 2 ** 53, Number.NaN])
      expect(refusal(await queue.record({ type: 'ticket', key: 'K', amount }))).toBe('rejected REQUEST_INVALID')
    const lone = await queue.record({ type: 'ticket', key: 'K', amount: 1, lines: [{ text: '\ud800', amount: 1 }] })
    expect(lone).toMatchObject({
      outcome: 'rejected',
      error: { code: 'REQUEST_INVALID', path: 'lines[0].text', registered: 'no' },
    })
    expect(queue.head()).toEqual(before)
  })
  it('J-49 a step back of the clock is recorded with its size and decides nothing', async () => {
    const clock = fixedClock('2026-03-01T09:00:00.000Z')
    const queue = await createQueue(parts({ clock }))
    registered(await queue.record(ticket('A')))
    clock.step(-61_000)
    const back = registered(await queue.record(ticket('B')))
    expect(back.record.body).toMatchObject({ ts: '2026-03-01T08:58:59.000Z', tsBack: 61_000 })
    expect(back.tseq).toBe(2)
  })
  it('answers, replays and JSON carry the same content', async () => {
    const queue = await createQueue(parts())
    const first = registered(await queue.record(ticket('A', 1250)))
    const again = registered(await queue.record(ticket('A', 1250)))
    expect(again.replayed).toBe(true)
    expect({ ...JSON.parse(JSON.stringify(again)), replayed: false }).toEqual(JSON.parse(JSON.stringify(first)))
    expect(first.print.at(-1)).toMatchObject({ kind: 'qr', text: first.seal })
  })
  it('a request of many records lies in one batch and counts down to its end', async () => {
    const queue = await createQueue(parts())
    const { seq } = queue.head()
    expect(refusal(await queue.record({ type: 'closing', key: 'A', events: 190 }))).toBe('registered')
    expect(queue.head().seq).toBe(seq + 192n)
    const last = (await recordsOf(queue)).slice(-192)
    expect(last.map(({ body }) => body.more ?? 0)).toEqual(Array.from({ length: 192 }, (_, i) => 191 - i))
    expect(last.at(-1)?.body.type).toBe('sys.checkpoint')
  })
})

describe('queue: idempotency', () => {
  it('J-36 one key and content gives one record, concurrently and after reopening', async () => {
    const storage = memoryStorage()
    const queue = await createQueue(parts({ storage }))
    const answers = await Promise.all(Array.from({ length: 20 }, () => queue.record(ticket('A'))))
    expect(new Set(answers.map((answer) => registered(answer).seq)).size).toBe(1)
    expect(answers.filter((answer) => !registered(answer).replayed)).toHaveLength(1)
    await queue.close()
    const again = await openQueue(parts({ storage }))
    expect(registered(await again.record(ticket('A')))).toMatchObject({
      replayed: true,
      seq: registered(answers[0] as Outcome).seq,
    })
  })
  it('J-37 the same key with other content is refused with the first differing path and stores nothing', async () => {
    const queue = await createQueue(parts())
    registered(await queue.record(ticket('A', 100)))
    const head = queue.head()
    const other = await queue.record({ ...ticket('A', 200), lines: [{ text: 'x', amount: 200 }] })
    expect(other).toMatchObject({ outcome: 'rejected', error: { code: 'KEY_REUSED', path: 'amount', national: 'XX_KEY_REUSED' } })
    expect(queue.head()).toEqual(head)
    const [one, two] = await Promise.all([queue.record(ticket('B', 1)), queue.record(ticket('B', 2))])
    expect([refusal(one), refusal(two)]).toEqual(['registered', 'rejected KEY_REUSED'])
  })
  it('J-36 a concurrent call with the same key gets the whole answer, all records of the request', async () => {
    const queue = await createQueue(parts())
    const closing = { type: 'closing', key: 'Z', events: 3 }
    const [one, two] = await Promise.all([queue.record(closing), queue.record(closing)])
    expect(registered(two).records).toEqual(registered(one).records)
    expect(registered(await queue.record(closing)).records.length).toBeGreaterThanOrEqual(4)
  })
  it('transport fields do not make another request of it', async () => {
    const queue = await createQueue(parts())
    const first = registered(await queue.record(ticket('A')))
    const again = registered(await queue.record({ ...ticket('A'), seen: { seq: first.seq, hash: first.hash } }))
    expect(again.replayed).toBe(true)
  })
})

describe('queue: closings, keys, segments', () => {
  it('J-09 the root in every checkpoint is the root over the record hashes, and its state is the fold', async () => {
    const storage = memoryStorage()
    const queue = await createQueue(parts({ storage, segBits: 6 }))
    for (let i = 0; i < 150; i++)
      registered(await queue.record(i % 40 === 39 ? { type: 'closing', key: `K${i}`, events: 3 } : ticket(`K${i}`)))
    const records = await recordsOf(queue)
    const checkpoints = records.filter(({ body }) => body.type === 'sys.checkpoint')
    for (const { body, payload } of checkpoints) {
      expect((payload as { root: string }).root).toBe(treeRoot(records.slice(0, body.seq).map(({ hash }) => hash)))
    }
    for (let seq = 63; seq < records.length; seq += 64) expect(records[seq]?.body.type).toBe('sys.checkpoint')
    await queue.close()
    expect((await verifyStorage(storage)).findings).toEqual([])
  })
  it('a request that does not fit starts in the next segment', async () => {
    const storage = memoryStorage()
    const queue = await createQueue(parts({ storage, segBits: 6 }))
    for (let i = 0; i < 50; i++) registered(await queue.record(ticket(`K${i}`)))
    const wide = registered(await queue.record({ type: 'closing', key: 'Z', events: 30 }))
    expect(wide.records[0]?.seq).toBe(64n)
    expect(new Set(wide.records.map(({ seq }) => seq / 64n)).size).toBe(1)
    await queue.close()
    expect((await verifyStorage(storage)).findings).toEqual([])
  })
  it('J-12 after a rollover only the new key signs, and both are proven', async () => {
    const storage = memoryStorage()
    const queue = await createQueue(parts({ storage }))
    registered(await queue.record(ticket('A')))
    const next = await softwareSigner({ alg: 'EdDSA' })
    const change = registered(await queue.changeKey({ signer: next, reason: 'scheduled' }))
    expect(change.record.body.kid).toBe(signer.describe().keyId)
    expect(registered(await queue.record(ticket('B'))).record.body).toMatchObject({ kid: next.describe().keyId, alg: 'EdDSA' })
    await queue.close()
    expect((await verifyStorage(storage)).findings).toEqual([])
    await expect(openQueue(parts({ storage }))).rejects.toMatchObject({ code: 'KEY_MISMATCH' })
    const again = await openQueue(parts({ storage, signer: next }))
    await again.close()
  })
  it('after a recovery the new key signs its own introduction, and verification tells of the break', async () => {
    const storage = memoryStorage()
    const queue = await createQueue(parts({ storage }))
    registered(await queue.record(ticket('A')))
    const next = await softwareSigner()
    const change = registered(await queue.changeKey({ signer: next, reason: 'lost', endorsement: 'AA' }))
    expect(change.record.body.kid).toBe(next.describe().keyId)
    registered(await queue.record(ticket('B')))
    const { sound, findings } = await queue.verify()
    expect([sound, findings.map(({ code }) => code)]).toEqual([false, ['KEY_RECOVERY']])
    await queue.close()
  })
  it('verifies itself, and goes on from where it stopped', async () => {
    const queue = await createQueue(parts({ segBits: 6 }))
    for (let i = 0; i < 100; i++) registered(await queue.record(ticket(`K${i}`)))
    const first = await queue.verify()
    expect(first).toMatchObject({ sound: true, findings: [], head: { seq: Number(queue.head().seq) } })
    for (let i = 100; i < 150; i++) registered(await queue.record(ticket(`K${i}`)))
    const second = await queue.verify({ resume: first.resume })
    expect(second).toMatchObject({ sound: true, findings: [], head: { seq: Number(queue.head().seq), hash: queue.head().hash } })
    await queue.close()
  })
  it('an ended queue takes nothing more, now or later', async () => {
    const storage = memoryStorage()
    const queue = await createQueue(parts({ storage }))
    registered(await queue.record({ type: 'closing', key: 'Z', ends: true }))
    expect(refusal(await queue.record(ticket('A')))).toBe('rejected QUEUE_ENDED')
    await queue.close()
    await expect(openQueue(parts({ storage }))).rejects.toMatchObject({ code: 'QUEUE_ENDED' })
    expect((await verifyStorage(storage)).findings).toEqual([])
  })
  it('J-41 totals after opening equal totals folded from genesis; J-33 each epoch begins with sys.open', async () => {
    const storage = memoryStorage()
    let queue = await createQueue(parts({ storage, segBits: 6 }))
    for (let round = 0; round < 4; round++) {
      for (let i = 0; i < 90; i++) registered(await queue.record(ticket(`K${round}-${i}`, i)))
      const before = queue.totals()
      await queue.close()
      queue = await openQueue(parts({ storage }))
      expect(queue.totals()).toEqual(before)
    }
    const records = await recordsOf(queue)
    const openers = records.filter(({ body }, i) => i > 0 && body.epoch > (records[i - 1] as FiscalRecord).body.epoch)
    expect(openers.map(({ body }) => body.type)).toEqual(Array.from({ length: 5 }, () => 'sys.open'))
  })
  it('J-10 proofs verify for every size and pair, and fail for a changed leaf', () => {
    const leaves = Array.from({ length: 300 }, (_, i) => i.toString(16).padStart(64, '0'))
    for (let size = 1; size <= 300; size += size < 70 ? 1 : 23) {
      const tree = leaves.slice(0, size)
      const root = treeRoot(tree)
      for (let index = 0; index < size; index += 1 + Math.floor(size / 9)) {
        const proof = inclusionProof(index, tree)
        expect(verifyInclusion(leaves[index] as string, index, size, proof, root)).toBe(true)
        expect(verifyInclusion('f'.repeat(64), index, size, proof, root)).toBe(false)
      }
    }
    for (let second = 1; second <= 64; second++) {
      for (let first = 1; first <= second; first++) {
        const proof = consistencyProof(first, leaves.slice(0, second))
        const heads = [first, second].map((size) => ({ size, root: treeRoot(leaves.slice(0, size)) })) as [
          { size: number; root: string },
          { size: number; root: string },
        ]
        expect(verifyConsistency(...heads, proof)).toBe(true)
        expect(verifyConsistency({ ...heads[0], root: 'f'.repeat(64) }, heads[1], proof)).toBe(false)
      }
    }
  })
})

describe('queue: when parts fail', () => {
  it('a signer that fails half-way through a request leaves numbers, totals and links as they were', async () => {
    const faulty = faultySigner(signer)
    const storage = memoryStorage()
    const queue = await createQueue(parts({ storage, signer: faulty as Signer }))
    registered(await queue.record(ticket('A', 700)))
    const [head, totals] = [queue.head(), queue.totals()]
    for (const nth of [1, 3, 5]) {
      faulty.fail({ nth, how: 'refuse' })
      expect(await queue.record({ type: 'closing', key: 'Z', events: 3 })).toMatchObject({
        outcome: 'rejected',
        error: { code: 'SIGNER_UNAVAILABLE', registered: 'no' },
      })
      expect([queue.head(), queue.totals()]).toEqual([head, totals])
    }
    registered(await queue.record({ type: 'closing', key: 'Z', events: 3 }))
    await queue.close()
    expect((await verifyStorage(storage)).findings).toEqual([])
  })
  it('every failure of append, before or after persisting, is found out before it is answered', async () => {
    for (const when of ['before', 'after'] as const) {
      const inner = memoryStorage()
      const storage = faultyStorage(inner)
      const queue = await createQueue(parts({ storage }))
      registered(await queue.record(ticket('A')))
      storage.fail({ method: 'append', when })
      const doubtful = await queue.record(ticket('B'))
      expect(refusal(doubtful)).toBe(when === 'after' ? 'registered' : 'rejected STORAGE_FAILED')
      expect(registered(await queue.record(ticket('B'))).replayed).toBe(when === 'after')
      await queue.close()
      const report = await verifyStorage(inner)
      expect(report.findings).toEqual([])
    }
  })
  it('when the store cannot be reopened the outcome is indeterminate and the queue stops', { timeout: 20_000 }, async () => {
    const storage = faultyStorage(memoryStorage())
    const queue = await createQueue(parts({ storage }))
    storage.fail({ method: 'append', when: 'after' })
    storage.fail({ method: 'openWriter', when: 'before', times: 9 })
    expect(refusal(await queue.record(ticket('A')))).toBe('indeterminate STORAGE_UNCERTAIN')
    expect(refusal(await queue.record(ticket('B')))).toBe('rejected QUEUE_STOPPED')
    expect((await queue.health()).state).toBe('stopped')
    await queue.close()
  })
  it('J-43 a till that saw more than the journal holds, or another record, stops the queue before it signs', async () => {
    const counted = faultySigner(signer)
    for (const seen of [
      { seq: 99, hash: 'a'.repeat(64) },
      { seq: 1, hash: 'a'.repeat(64) },
    ]) {
      const queue = await createQueue(parts({ signer: counted as Signer }))
      const before = counted.calls()
      expect(refusal(await queue.record({ ...ticket('A'), seen }))).toBe(
        `rejected ${seen.seq === 99 ? 'ROLLBACK_SUSPECTED' : 'FORK_SUSPECTED'}`,
      )
      expect(refusal(await queue.record(ticket('B')))).toBe('rejected QUEUE_STOPPED')
      expect(counted.calls()).toBe(before)
      await queue.close()
    }
  })
  it('a witness ahead of the journal stops opening before anything is signed, until somebody acknowledges', async () => {
    let statement: WitnessStatement | undefined
    const witness: Witness = { read: () => Promise.resolve(statement), write: (next) => Promise.resolve(void (statement = next)) }
    const storage = memoryStorage()
    const queue = await createQueue(parts({ storage, witness }))
    await queue.close()
    statement = { ...(statement as unknown as WitnessStatement), seq: 50, hash: 'b'.repeat(64) }
    const counted = faultySigner(signer)
    await expect(openQueue(parts({ storage, witness, signer: counted as Signer }))).rejects.toMatchObject({
      code: 'ROLLBACK_SUSPECTED',
    })
    expect(counted.calls()).toBe(0)
    const again = await openQueue(parts({ storage, witness, acknowledge: 'Mme Martin' }))
    const incident = (await recordsOf(again)).find(({ body }) => body.type === 'sys.incident')
    expect(incident?.payload).toMatchObject({ ack: 'Mme Martin', code: 'ROLLBACK_SUSPECTED' })
    await again.close()
    expect(statement.seq).toBe(Number(again.head().seq))
  })
  it('too many waiting requests are refused rather than kept; an aborted one is not signed', async () => {
    const queue = await createQueue(parts({ maxWaiting: 4 }))
    const outcomes = await Promise.all(Array.from({ length: 9 }, (_, i) => queue.record(ticket(`K${i}`))))
    expect(outcomes.filter((outcome) => refusal(outcome) === 'rejected QUEUE_FULL')).toHaveLength(5)
    const { seq } = queue.head()
    expect(refusal(await queue.record(ticket('X'), { signal: AbortSignal.abort() }))).toBe('rejected ABORTED')
    expect(queue.head().seq).toBe(seq)
    await queue.close()
    expect(refusal(await queue.record(ticket('Y')))).toBe('rejected QUEUE_CLOSED')
  })
})
