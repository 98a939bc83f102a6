// A queue of core whose beginning was purged goes on: it opens, sells, remembers old keys and verifies from the floor.
import {
  canonical,
  createQueue,
  openQueue,
  parseLine,
  payloadDigest,
  recordHash,
  signingInput,
  utf8,
  toBase64url,
  type Body,
  type JsonObject,
  type ParsedLine,
  type Signer,
} from '@sigillo/core'
import { softwareSigner } from '@sigillo/signer-software'
import { bareCountry } from '@sigillo/testing'
import { existsSync, readFileSync, rmSync, readdirSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { errorOf, linesOf, temporaryDirectory } from './folder.test-support.js'
import { openFolder, type FolderWriter } from './open-folder.js'
import { join } from './paths.js'

const parsed = (line: string): ParsedLine => parseLine(utf8(line)) as ParsedLine

/** Appends a record of the journal itself, as core would. */
async function append(writer: FolderWriter, signer: Signer, type: string, payload: JsonObject): Promise<bigint> {
  const records = (await linesOf(writer)).map(parsed)
  const [head, first] = [records.at(-1) as ParsedLine, records[0] as ParsedLine]
  const sibling = records.findLast(({ body }) => body.type === type)
  const seq = head.body.seq + 1
  const body = {
    alg: head.body.alg,
    base: seq,
    epoch: Number(writer.adoption.epoch),
    kid: head.body.kid,
    pay: payloadDigest(canonical(payload)),
    prev: head.hash,
    queue: head.body.queue,
    seq,
    tprev: sibling?.hash ?? first.hash,
    ts: head.body.ts,
    tseq: (sibling?.body.tseq ?? 0) + 1,
    type,
    v: 1,
  } as Body
  const bodyText = canonical(body)
  const message = utf8(signingInput(body.alg, body.kid, bodyText))
  const { signature } = await signer.sign({ operation: 'record', suite: 'es256', input: { message } })
  const sig = toBase64url(signature)
  const sealed = { body, payload, sig, hash: recordHash(bodyText, sig), bodyText, payloadText: canonical(payload) }
  await writer.append({ seq: BigInt(head.body.seq), hash: head.hash }, [sealed])
  return BigInt(seq)
}

describe('a purged queue', () => {
  it('J-46 opens, goes on selling, refuses old keys, and keeps no content of what went', async () => {
    const path = join(temporaryDirectory(), 'queue')
    const signer = await softwareSigner()
    const common = { country: bareCountry(), signer }
    const sale = (name: string): object => ({
      type: 'ticket',
      key: name,
      amount: 5,
      lines: [{ text: 'secret bread', amount: 5 }],
    })
    const queue = await createQueue({ ...common, storage: await openFolder(path), segBits: 6 })
    await queue.record({ type: 'invoice', key: 'only', amount: 7, lines: [{ text: 'secret roll', amount: 7 }] })
    for (let i = 0; i < 200; i++) await queue.record(sale(`A-${i}`))
    await queue.record({ type: 'closing', key: 'closing' })
    const totals = canonical(queue.totals())
    await queue.close()
    const writer = await (await openFolder(path)).openWriter()
    const { adopted, host, reason } = writer.adoption
    await append(writer, signer, 'sys.open', {
      adopted: { ...adopted },
      dead: null,
      host,
      nonce: '00'.repeat(16),
      reason,
      software: 'test',
    })
    const last = parsed((await linesOf(writer))[127] as string)
    const record = await append(writer, signer, 'sys.purge', {
      archive: { name: 'a', sha256: '00'.repeat(32) },
      floor: 128,
      frontier: [],
      last: last.hash,
      root: '00'.repeat(32),
    })
    await writer.putAnchor(128n, 'archive', '{}')
    await writer.purge({ floor: 128n, record, archive: 'archive' })
    await writer.close()
    expect(existsSync(join(path, 's-000000000064.jsonl'))).toBe(false)
    expect(readFileSync(join(path, 'kept.jsonl'), 'utf8')).not.toContain('secret')
    const again = await openQueue({ ...common, storage: await openFolder(path) })
    expect(canonical(again.totals())).toBe(totals)
    expect(await again.record(sale('A-3'))).toMatchObject({ outcome: 'rejected', error: { code: 'RECORD_PURGED' } })
    expect((await again.record(sale('B-1'))).outcome).toBe('registered')
    await again.close()
    // Every ordinary kept state lost: the one the purge left still opens the queue.
    for (const name of readdirSync(path)) if (name.startsWith('snapshot-')) rmSync(join(path, name))
    const once = await openQueue({ ...common, storage: await openFolder(path) })
    expect((await once.record(sale('B-2'))).outcome).toBe('registered')
    await once.close()
    const reader = await (await openFolder(path)).openReader()
    expect((await errorOf(linesOf(reader))).code).toBe('RECORD_PURGED')
    expect(parsed((await linesOf(reader, 128n))[0] as string).body.prev).toBe(last.hash)
    await reader.close()
  })
})
