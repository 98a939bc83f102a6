import { createPrivateKey, createPublicKey, generateKeyPairSync, sign } from 'node:crypto'
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { softwareSigner } from '@sigillo/signer-software'
import { openFolder } from '@sigillo/storage-fs'
import { bareCountry, faultySigner, memoryStorage } from '@sigillo/testing'
import { afterAll, describe, expect, it } from 'vitest'
import { fromBase64url, fromUtf8, utf8 } from '../bytes.js'
import { noteVerifierKey, verifyNote } from '../note.js'
import type { Signer } from '../signer.js'
import type { Transport } from '../transport.js'
import { verifyConsistency, verifyInclusion } from '../tree.js'
import { verifyChunks } from '../verify/verify.js'
import { createQueue, openQueue } from './open.js'
import type { AnchorRequest } from './anchor.js'
import type { Queue } from './contract.js'

const signer = await softwareSigner()
const { privateKey } = generateKeyPairSync('ed25519')
const publicKey = fromBase64url(
  createPublicKey(createPrivateKey(privateKey.export({ format: 'pem', type: 'pkcs8' }))).export({ format: 'jwk' }).x as string,
) as Uint8Array
const key: AnchorRequest['key'] = { publicKey, sign: (text) => sign(null, text, privateKey) }
const folder = mkdtempSync(join(tmpdir(), 'sigillo-anchor-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

async function sell(queue: Queue, from: number, to: number): Promise<void> {
  for (let i = from; i < to; i++)
    expect((await queue.record({ type: 'ticket', key: `K-${i}`, amount: i })).outcome).toBe('registered')
}

// A witness by the published protocol: remembers one size and root, and checks growth before it signs.
function witness(): Transport & { size: number; root: string; readonly asked: string[] } {
  const state = { size: 0, root: '', asked: [] as string[] }
  const answer = (status: number, text: string): { status: number; headers: object; body: Uint8Array } => ({
    status,
    headers: {},
    body: utf8(text),
  })
  return Object.assign(state, {
    send: (request: { body?: Uint8Array }) => {
      const text = fromUtf8(request.body ?? new Uint8Array()) ?? ''
      state.asked.push(text)
      const [head, note] = [text.slice(0, text.indexOf('\n\n')), text.slice(text.indexOf('\n\n') + 2)]
      const [old, ...proof] = head.split('\n')
      const seen = verifyNote(note, [noteVerifierKey(note.split('\n')[0] as string, publicKey)])?.head
      if (seen === undefined) return Promise.resolve(answer(403, ''))
      if (Number(old?.slice(4)) !== state.size || seen.size < state.size) return Promise.resolve(answer(409, `${state.size}\n`))
      const grown =
        state.size === 0 ||
        verifyConsistency(
          { size: state.size, root: state.root },
          seen,
          proof.map((line) => Buffer.from(line, 'base64').toString('hex')),
        )
      if (!grown) return Promise.resolve(answer(422, ''))
      Object.assign(state, { size: seen.size, root: seen.root })
      return Promise.resolve(answer(200, `— witness.example ${Buffer.alloc(76, 1).toString('base64')}\n`))
    },
  }) as never
}

describe('anchors', () => {
  it('J-11 a note over the durable records verifies, and grows consistently under a witness', async () => {
    const queue = await createQueue({ country: bareCountry(), storage: memoryStorage(), signer })
    const asked = witness()
    let oldSize = 0
    for (const upTo of [5, 9, 40]) {
      await sell(queue, oldSize + 1000, oldSize + 1000 + upTo)
      const anchor = await queue.anchor({
        domain: 'shop.example',
        key,
        witness: { name: 'w1', transport: asked, url: 'https://w.example', oldSize },
      })
      expect(verifyNote(anchor.note, [noteVerifierKey(`shop.example/${queue.id}`, publicKey)])?.head).toMatchObject({
        size: anchor.size,
        root: anchor.root,
      })
      expect(asked.size).toBe(anchor.size)
      oldSize = anchor.size
    }
    const { size, root, proof } = await queue.prove(7n)
    expect(verifyInclusion((await queue.find(7n))?.hash as string, 7, size, proof, root)).toBe(true)
    await queue.close()
  })
  it('J-44 a witness that knows a larger tree, or another one, stops the queue before it signs again', async () => {
    for (const knows of [
      { size: 99, root: 'a'.repeat(64) },
      { size: 5, root: 'b'.repeat(64) },
    ]) {
      const counted = faultySigner(signer)
      const queue = await createQueue({ country: bareCountry(), storage: memoryStorage(), signer: counted as Signer })
      await sell(queue, 0, 3)
      const asked = Object.assign(witness(), knows)
      const before = counted.calls()
      const wanted = {
        domain: 'shop.example',
        key,
        witness: { name: 'w1', transport: asked, url: 'https://w.example', oldSize: knows.size === 99 ? 0 : 5 },
      }
      await expect(queue.anchor(wanted)).rejects.toMatchObject({
        code: knows.size === 99 ? 'ROLLBACK_SUSPECTED' : 'FORK_SUSPECTED',
      })
      expect(await queue.record({ type: 'ticket', key: 'X', amount: 1 })).toMatchObject({
        outcome: 'rejected',
        error: { code: 'QUEUE_STOPPED' },
      })
      expect(counted.calls()).toBe(before)
      await queue.close()
    }
  })
  it('J-45 two continued copies are a fork as soon as a root or a record of one meets the other', async () => {
    const [one, two] = [join(folder, 'one'), join(folder, 'two')]
    const first = await createQueue({ country: bareCountry(), storage: await openFolder(one), signer })
    await sell(first, 0, 4)
    await first.close()
    cpSync(one, two, { recursive: true })
    const a = await openQueue({ country: bareCountry(), storage: await openFolder(one), signer })
    await sell(a, 10, 14)
    const b = await openQueue({ country: bareCountry(), storage: await openFolder(two), signer, moved: true })
    await sell(b, 20, 24)
    const [ours, theirs] = [await a.anchor({ domain: 'shop.example', key }), await b.anchor({ domain: 'shop.example', key })]
    expect(ours.size).toBe(theirs.size)
    const head = b.head()
    await a.close()
    await b.close()
    const storage = await openFolder(one)
    const writer = await storage.openWriter()
    await expect(writer.putAnchor(BigInt(theirs.size), 'other', theirs.note)).rejects.toMatchObject({ code: 'FORK_SUSPECTED' })
    const lines: Uint8Array[] = []
    for await (const { line } of writer.read(0n)) lines.push(line, utf8('\n'))
    await writer.close()
    const report = await verifyChunks([{ bytes: Buffer.concat(lines) }], {
      witnesses: [{ seq: Number(head.seq), hash: head.hash }],
      notes: [{ size: theirs.size, root: theirs.root }],
    })
    expect(report.findings.map(({ code }) => code)).toEqual(['FORK', 'FORK'])
  })
})
