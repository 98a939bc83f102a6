// What of a purged queue can still be proven, told and handed over: proofs, anchors, verification, bundles (FORMAT 14).
import { generateKeyPairSync, sign } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import {
  createQueue,
  fromBase64url,
  noteVerifierKey,
  openQueue,
  verifyConsistency,
  verifyInclusion,
  verifyNote,
  type AnchorRequest,
  type PurgedBeginning,
  type Queue,
} from '@sigillo/core'
import { verifyBundle, writeBundle } from '@sigillo/core/bundle'
import { purgedStart, verifyChunks } from '@sigillo/core/verify'
import { softwareSigner } from '@sigillo/signer-software'
import { bareCountry } from '@sigillo/testing'
import { describe, expect, it } from 'vitest'
import { errorOf, temporaryDirectory } from './folder.test-support.js'
import { openFolder } from './open-folder.js'
import { join } from './paths.js'

const FLOOR = 128n
const archive = { name: 'archive', sha256: 'a'.repeat(64) }
const { privateKey, publicKey } = generateKeyPairSync('ed25519')
const anchorKey: AnchorRequest['key'] = {
  publicKey: fromBase64url(publicKey.export({ format: 'jwk' }).x as string) as Uint8Array,
  sign: (text) => sign(null, text, privateKey),
}

/** What a witness was asked. */
interface Shown {
  readonly old: number
  readonly proof: readonly string[]
}

function witnessOf(shown: Shown[]): NonNullable<AnchorRequest['witness']>['transport'] {
  return {
    send: ({ body }) => {
      const [old, ...proof] = (new TextDecoder().decode(body).split('\n\n')[0] as string).split('\n')
      const hex = proof.filter((line) => line !== '').map((line) => Buffer.from(line, 'base64').toString('hex'))
      shown.push({ old: Number(old?.slice(4)), proof: hex })
      const answer = `— witness.example ${Buffer.alloc(76, 1).toString('base64')}\n`
      return Promise.resolve({ status: 200, headers: {}, body: new TextEncoder().encode(answer) })
    },
  }
}

/** Records and kept lines of a folder. */
async function linesLeft(path: string): Promise<{ readonly lines: string[]; readonly kept: PurgedBeginning['kept'] }> {
  const reader = await (await openFolder(path)).openReader()
  const lines: string[] = []
  for await (const { line } of reader.read(FLOOR)) lines.push(new TextDecoder().decode(line))
  const kept = (await reader.purged())?.kept ?? []
  await reader.close()
  return { lines, kept }
}

async function sell(queue: Queue, name: string, upTo: bigint): Promise<void> {
  for (let i = 0; queue.head().seq < upTo; i++) await queue.record({ type: 'ticket', key: `${name}-${i}`, amount: 5 })
}

interface Purged {
  readonly path: string
  readonly queue: Queue
  /** Proof of every record from the floor on in trees of these sizes, as they were with all records there. */
  readonly before: ReadonlyMap<string, Awaited<ReturnType<Queue['prove']>>>
}

const SIZES = [129n, 192n, 200n, 256n, 270n]

/** A queue of a few segments and two changes of key, one below the floor, whose beginning was purged and that was opened again. */
async function purgedQueue(): Promise<Purged> {
  const path = join(temporaryDirectory(), 'queue')
  const [one, two, three] = [await softwareSigner(), await softwareSigner(), await softwareSigner()]
  const common = { country: bareCountry() }
  const queue = await createQueue({ ...common, signer: one, storage: await openFolder(path), segBits: 6 })
  await sell(queue, 'A', 90n)
  await queue.changeKey({ signer: two, reason: 'planned' })
  await sell(queue, 'B', 210n)
  await queue.changeKey({ signer: three, reason: 'planned' })
  await sell(queue, 'C', 280n)
  await queue.record({ type: 'closing', key: 'closing' })
  const before = new Map<string, Awaited<ReturnType<Queue['prove']>>>()
  for (const size of SIZES)
    for (let seq = FLOOR; seq < size; seq += 7n) before.set(`${seq} ${size}`, await queue.prove(seq, size))
  expect((await queue.purge({ floor: FLOOR, archive, receipt: '{}' })).outcome).toBe('registered')
  await queue.close()
  return { path, before, queue: await openQueue({ ...common, signer: three, storage: await openFolder(path) }) }
}

describe('a purged queue', () => {
  it('J-46 proves every record from the floor on as before the purge, and says which it cannot', async () => {
    const { queue, before } = await purgedQueue()
    for (const [name, given] of before) {
      const [seq, size] = name.split(' ').map(BigInt) as [bigint, bigint]
      const now = await queue.prove(seq, size)
      expect(now, name).toEqual(given)
      expect(verifyInclusion((await queue.find(seq))?.hash as string, Number(seq), now.size, now.proof, now.root), name).toBe(
        true,
      )
    }
    const whole = await queue.prove(queue.head().seq)
    expect(verifyInclusion(queue.head().hash, Number(queue.head().seq), whole.size, whole.proof, whole.root)).toBe(true)
    for (const [seq, size] of [
      [0n, undefined],
      [127n, 200n],
      [5n, 64n],
      [5n, 128n],
    ] as const) {
      const error = await errorOf(queue.prove(seq, size))
      expect(error).toMatchObject({ code: 'RECORD_PURGED', details: { floor: 128 } })
      expect((error as { remedy?: string }).remedy).toContain('archive')
    }
    await queue.close()
  })

  it('J-46 while the segments are still there every record is proven, though the journal says that they may go', async () => {
    const path = join(temporaryDirectory(), 'queue')
    const storage = await openFolder(path, { reserveBytes: 0 })
    const queue = await createQueue({ country: bareCountry(), signer: await softwareSigner(), storage, segBits: 6 })
    await sell(queue, 'A', 210n)
    await queue.record({ type: 'closing', key: 'closing' })
    mkdirSync(join(path, 'cursors'), { recursive: true })
    writeFileSync(join(path, 'cursors', 'authority.json'), '{"next":5}')
    expect(await errorOf(queue.purge({ floor: FLOOR, archive, receipt: '{}' }))).toMatchObject({ path: 'floor' })
    expect((await queue.find(queue.head().seq))?.body.type).toBe('sys.purge')
    for (const seq of [0n, 100n, FLOOR]) {
      const { size, proof, root } = await queue.prove(seq)
      expect(verifyInclusion((await queue.find(seq))?.hash as string, Number(seq), size, proof, root)).toBe(true)
    }
    const { findings, records } = await queue.verify()
    expect([findings, records]).toEqual([[], Number(queue.head().seq) + 1])
    await queue.close()
  })

  it('J-46 anchors its head, and proves to a witness that it grew from every size the floor leaves', async () => {
    const { queue } = await purgedQueue()
    const shown: Shown[] = []
    const request = (oldSize: number): AnchorRequest => ({
      domain: 'shop.example',
      key: anchorKey,
      witness: { name: 'w1', transport: witnessOf(shown), url: 'https://w.example', oldSize },
    })
    for (const oldSize of [0, 128, 129, 192, 200, 256]) {
      const { size, root, note } = await queue.anchor(request(oldSize))
      expect(size).toBe(Number(queue.head().seq) + 1)
      expect(verifyNote(note, [noteVerifierKey(`shop.example/${queue.id}`, anchorKey.publicKey)])?.head).toMatchObject({
        size,
        root,
      })
      const { old, proof } = shown.at(-1) as Shown
      expect(old).toBe(oldSize)
      if (oldSize === 0) continue
      const first = { size: oldSize, root: await rootAt(queue, oldSize) }
      expect(verifyConsistency(first, { size, root }, proof), String(oldSize)).toBe(true)
    }
    const asked = shown.length
    expect(await errorOf(queue.anchor(request(100)))).toMatchObject({ code: 'RECORD_PURGED' })
    // Nothing was signed or asked, and the queue goes on.
    expect([shown.length, (await queue.record({ type: 'ticket', key: 'Z', amount: 1 })).outcome]).toEqual([asked, 'registered'])
    await queue.close()
  })

  it('J-46 verifies from the floor on, by the record that names it, and finds what is altered or missing there', async () => {
    const { path, queue } = await purgedQueue()
    const own = await queue.verify()
    expect(own).toMatchObject({ sound: true, findings: [], head: { seq: Number(queue.head().seq) } })
    expect(own.unchecked.join()).toContain('records before 128')
    expect(own.root).toBe((await queue.prove(queue.head().seq)).root)
    await queue.close()
    const { lines, kept } = await linesLeft(path)
    const judge = async (some: readonly string[]): Promise<readonly string[]> => {
      const chunk = { bytes: new TextEncoder().encode(some.map((line) => `${line}\n`).join('')) }
      const start = await purgedStart([chunk], kept)
      return (await verifyChunks([chunk], start)).findings.map(({ seq, code }) => `${seq} ${code}`)
    }
    expect(await judge(lines)).toEqual([])
    expect(await judge(lines.filter((_, i) => i !== 5))).toContain('133 RECORD_MISSING')
    // Without the record that names the floor nobody says that the beginning may be gone.
    const without = lines.filter((line) => !line.includes('"type":"sys.purge"'))
    expect((await judge(without)).some((found) => found.endsWith('RECORD_MISSING'))).toBe(true)
    expect(await judge(lines.slice(1))).toContain('0 RECORD_MISSING')
  })

  it('J-46 its bundle begins at the floor, names every key and verifies', async () => {
    const { path, queue } = await purgedQueue()
    await queue.close()
    const reader = await (await openFolder(path)).openReader()
    for (const from of [undefined, 192n]) {
      const parts: Uint8Array[] = []
      const options = { format: 'x', created: '2026-01-02T09:00:00.000Z', software: 'test', ...(from !== undefined && { from }) }
      for await (const part of writeBundle(reader, options)) parts.push(part)
      const report = await verifyBundle(() => parts)
      expect(report).toMatchObject({ sound: true, index: { from: Number(from ?? FLOOR) } })
      expect(report.index?.keys).toHaveLength(3)
      expect(report.findings.filter(({ severity }) => severity === 'error')).toEqual([])
    }
    const early = writeBundle(reader, { format: 'x', created: '2026-01-02T09:00:00.000Z', software: 'test', from: 64n })
    expect(await errorOf(early[Symbol.asyncIterator]().next())).toMatchObject({ code: 'RECORD_PURGED' })
    await reader.close()
  })
})

async function rootAt(queue: Queue, size: number): Promise<string> {
  // A tree of `size` needs a record in it that is still there; of the floor itself the purge states the root.
  if (size > Number(FLOOR)) return (await queue.prove(BigInt(size) - 1n, BigInt(size))).root
  for await (const { body, payload } of queue.records({ from: FLOOR }))
    if (body.type === 'sys.purge') return (payload as { root: string }).root
  throw new Error('no sys.purge')
}
