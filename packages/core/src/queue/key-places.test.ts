// A change of key at any place of a segment and in any company: each record is signed by the key valid there (FORMAT 4, 9.2).
import { generateKeyPairSync, sign } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { bareCountry, faultySigner, fixedClock, memoryStorage } from '@sigillo/testing'
import { softwareSigner } from '@sigillo/signer-software'
import { openFolder } from '@sigillo/storage-fs'
import { concat, utf8 } from '../bytes.js'
import { canonical } from '../canonical.js'
import { ENDORSEMENT_TAG } from '../digest.js'
import { parseLine, type ParsedLine } from '../read-line.js'
import { lineOf } from '../record.js'
import type { Signer } from '../signer.js'
import { verifyChunks, type Report } from '../verify/verify.js'
import type { Queue } from './contract.js'
import { createQueue, openQueue } from './open.js'

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

describe('a recovery of a lost key', () => {
  const owner = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const jwk = owner.publicKey.export({ format: 'jwk' }) as { kty: 'EC'; crv: 'P-256'; x: string; y: string }
  const endorserKeys = [{ crv: jwk.crv, kty: jwk.kty, x: jwk.x, y: jwk.y }]

  /** What the owner's organisation signs of the record that comes next. */
  function endorsed(queue: Queue, prevKid: string, next: Signer): string {
    const statement = { kid: next.describe().keyId, prevKid, queue: queue.id, seq: Number(queue.head().seq) + 1 }
    const text = `${ENDORSEMENT_TAG}${canonical(statement)}`
    return sign('sha256', Buffer.from(text), { key: owner.privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url')
  }

  /** A country that tells of each change of key with so many events. */
  function telling(events: number): ReturnType<typeof bareCountry> {
    const bare = bareCountry()
    const event = { type: 'event', write: () => ({ payload: { what: 'key changed' } }) }
    return {
      ...bare,
      react: (state, notice, context) =>
        notice.kind === 'key-changed'
          ? { drafts: Array.from({ length: events }, () => event) }
          : bare.react?.(state, notice, context),
    }
  }

  interface Recovered {
    readonly lines: readonly ParsedLine[]
    readonly report: Report
    /** Number of the first record the lost key did not sign. */
    readonly seq: number
  }

  /** The key is lost with `tickets` sales in the journal: no signature of it succeeds from there on. */
  async function recovered(tickets: number, events: number): Promise<Recovered> {
    const path = join(mkdtempSync(join(tmpdir(), 'sigillo-recovery-')), 'queue')
    const lost = faultySigner(await softwareSigner())
    const common = { country: telling(events), clock: fixedClock(), segBits: 6 }
    const queue = await createQueue({ ...common, storage: await openFolder(path, { reserveBytes: 0 }), signer: lost as Signer })
    for (let n = 0; n < tickets - 1; n++) await queue.record({ type: 'ticket', amount: n })
    // The last sale is signed, and nothing after it: not even the checkpoint that may be due behind it.
    lost.fail({ nth: 2, how: 'refuse', times: 1_000 })
    expect((await queue.record({ type: 'ticket', amount: 1 })).outcome).toBe('registered')
    expect((await queue.record({ type: 'ticket', amount: 1 })).outcome).toBe('rejected')
    const next = await softwareSigner()
    const seq = Number(queue.head().seq) + 1
    const endorsement = endorsed(queue, lost.describe().keyId, next)
    const answer = await queue.changeKey({ signer: next, reason: 'lost', endorsement })
    expect(answer).toMatchObject({ outcome: 'registered', seq: BigInt(seq) })
    expect((await queue.record({ type: 'ticket', key: 'after', amount: 1 })).outcome).toBe('registered')
    await queue.close()
    // Sealed, opened again with the new key, and gone on.
    const again = await openQueue({ ...common, storage: await openFolder(path, { reserveBytes: 0 }), signer: next })
    for (let n = 0; n < 10; n++) await again.record({ type: 'ticket', amount: n })
    await again.close()
    const reader = await (await openFolder(path)).openReader()
    const chunks: Uint8Array[] = []
    for await (const { line } of reader.read(0n)) chunks.push(line, utf8('\n'))
    await reader.close()
    const bytes = concat(...chunks)
    const lines = new TextDecoder()
      .decode(bytes)
      .trimEnd()
      .split('\n')
      .map((line) => parseLine(utf8(line)) as ParsedLine)
    rmSync(path, { recursive: true })
    return { lines, seq, report: await verifyChunks([{ bytes }], { bytesExpected: 0, endorserKeys }) }
  }

  // Genesis and sys.open stand before the sales: with 61 of them the next place is the last of its segment.
  const PLACES = [56, 57, 58, 59, 60, 61]
  it.each(PLACES.flatMap((tickets) => [0, 1, 3].map((events) => [tickets, events] as const)))(
    'stands right behind %i sales, at the end of a segment, with %i events of the country',
    async (tickets, events) => {
      const { lines, seq, report } = await recovered(tickets, events)
      expect(report.findings.map((found) => `${found.seq} ${found.code} ${found.severity}`)).toEqual([
        `${seq} KEY_RECOVERY warning`,
      ])
      expect(lines[seq]?.body.type).toBe('sys.key')
      const told = lines.filter(({ body }) => body.type === 'event' && body.seq > seq)
      expect(told).toHaveLength(events)
      // Told at once: at most by the rest of the segment later.
      expect(told.every(({ body }) => body.seq <= seq + (64 - (seq % 64)) + events)).toBe(true)
      // Each segment ends with a checkpoint, but for one whose last place the recovery needed.
      const ends = lines.filter(({ body }) => body.seq % 64 === 63).map(({ body }) => body.type)
      expect(ends[0]).toBe(seq === 63 ? 'sys.key' : 'sys.checkpoint')
      expect(ends.slice(1).every((type) => type === 'sys.checkpoint')).toBe(true)
    },
  )

  it('that the country could not tell of it is a warning: the key has changed all the same', async () => {
    const lost = faultySigner(await softwareSigner())
    const options = { country: telling(1), storage: memoryStorage(), clock: fixedClock(), segBits: 6 }
    const queue = await createQueue({ ...options, signer: lost as Signer })
    for (let n = 0; n < 60; n++) await queue.record({ type: 'ticket', amount: n })
    lost.fail({ nth: 2, how: 'refuse', times: 1_000 })
    await queue.record({ type: 'ticket', amount: 1 })
    const next = faultySigner(await softwareSigner())
    const endorsement = endorsed(queue, lost.describe().keyId, next as Signer)
    // It proves its possession and signs its record; then it fails once.
    next.fail({ nth: 3, how: 'refuse' })
    const answer = await queue.changeKey({ signer: next as Signer, reason: 'lost', endorsement })
    expect(answer).toMatchObject({ outcome: 'registered', seq: 63n })
    expect((await queue.health()).warnings.join()).toMatch(/change of key could not be written: SIGNER_UNAVAILABLE/)
    expect((await queue.record({ type: 'ticket', amount: 1 })).outcome).toBe('registered')
    await queue.close()
  })

  it('a verifier refuses any other change of key in the last place', async () => {
    const { lines, seq } = await recovered(61, 0)
    expect(seq).toBe(63)
    const text = lines.slice(0, 64).map((line) => lineOf(line))
    const altered = text.at(-1)?.replace('"mode":"recovery"', '"mode":"rollover"') as string
    const bytes = utf8([...text.slice(0, -1), altered].map((line) => `${line}\n`).join(''))
    const { findings } = await verifyChunks([{ bytes }], { bytesExpected: 0, endorserKeys })
    expect(findings.some(({ code, severity }) => severity === 'error' && ['KEY_WRONG', 'CHECKPOINT_WRONG'].includes(code))).toBe(
      true,
    )
  })
})
