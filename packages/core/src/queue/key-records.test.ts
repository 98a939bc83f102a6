// Records about keys in a real queue: who may write which, what a closing takes along, what a verifier and a country make of them.
import { softwareSigner } from '@sigillo/signer-software'
import { bareCountry, memoryStorage } from '@sigillo/testing'
import { describe, expect, it } from 'vitest'
import { memoryAudit } from '../audit.js'
import { toHex } from '../bytes.js'
import type { JsonObject } from '../canonical.js'
import { parseLine } from '../read-line.js'
import type { FiscalRecord } from '../record.js'
import { verifyChunks } from '../verify/verify.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { isJournalType, type KeyRecord } from './key-records.js'
import { createQueue, openQueue } from './open.js'
import type { Queue } from './contract.js'

async function recordsOf(queue: Queue): Promise<FiscalRecord[]> {
  const out: FiscalRecord[] = []
  for await (const record of queue.records()) out.push(record)
  return out
}

describe('records about keys', () => {
  it('conflict 22: each closing takes along count and head of the audit log, and only of one that lasts', async () => {
    const audit = memoryAudit()
    const signer = await softwareSigner({ guard: { audit } })
    const queue = await createQueue({ country: bareCountry(), storage: memoryStorage(), signer })
    for (const key of ['A', 'B']) {
      await audit.append({ event: 'test' })
      await queue.record({ type: 'ticket', key: `T${key}`, amount: 100 })
      expect(await queue.record({ type: 'closing', key })).toMatchObject({ outcome: 'registered', type: 'closing' })
    }
    await queue.checkpoint()
    const records = await recordsOf(queue)
    const heads = records.filter(({ body }) => body.type === 'signer.audit')
    expect(heads.map(({ payload }) => (payload as JsonObject)['count'])).toEqual([1, 2])
    expect((heads[1] as FiscalRecord).payload).toEqual({
      ...audit.head(),
      keyId: signer.describe().keyId,
      signerId: signer.describe().signerId,
    })
    // Inside the closing request, right before the checkpoint that ends it.
    for (const head of heads) {
      expect(records[head.body.seq + 1]?.body.type).toBe('sys.checkpoint')
      expect(records[head.body.seq - 1]?.body.type).toBe('closing')
    }
    expect((await queue.verify()).findings).toEqual([])
    await queue.close()
    const bare = await createQueue({ country: bareCountry(), storage: memoryStorage(), signer: await softwareSigner() })
    await bare.record({ type: 'closing', key: 'A' })
    expect((await recordsOf(bare)).filter(({ body }) => body.type === 'signer.audit')).toEqual([])
    await bare.close()
  })

  it('a renewed certificate is told with the key, both certificates and the record it holds from', async () => {
    const storage = memoryStorage()
    const signer = await softwareSigner()
    const queue = await createQueue({ country: bareCountry(), storage, signer })
    const certificate = Uint8Array.of(0x30, 3, 2, 1, 5)
    const previousCertificateId = 'ab'.repeat(32)
    const wish: KeyRecord = {
      type: 'cert.renewed',
      actor: 'anna',
      reason: 'ends soon',
      certificate,
      previousCertificateId,
      details: { chain: [] },
    }
    const outcome = await queue.recordKey(wish)
    expect(outcome).toMatchObject({ outcome: 'registered', type: 'cert.renewed' })
    const record = (await recordsOf(queue)).at(-1) as FiscalRecord
    expect(record.payload).toEqual({
      actor: 'anna',
      reason: 'ends soon',
      certificate: btoa(String.fromCharCode(...certificate)),
      certificateId: toHex(sha256(certificate)),
      previousCertificateId,
      chain: [],
      effective: record.body.seq + 1,
      keyId: signer.describe().keyId,
      spki: btoa(String.fromCharCode(...signer.describe().publicKeySpki)),
    })
    // The country goes on as if nothing had been between its records.
    await queue.record({ type: 'ticket', key: 'T', amount: 1 })
    expect((await queue.verify()).findings).toEqual([])
    await queue.close()
    const again = await openQueue({ country: bareCountry(), storage, signer })
    expect((await again.verify()).findings).toEqual([])
    await again.close()
  })

  it('types that are none, and members the journal sets itself, are refused and nothing is written', async () => {
    const queue = await createQueue({ country: bareCountry(), storage: memoryStorage(), signer: await softwareSigner() })
    const { seq } = queue.head()
    const who = { actor: 'a', reason: 'r' }
    for (const wish of [
      { type: 'sys.key', ...who },
      { type: 'ticket', ...who },
      { type: 'constructor', ...who },
      { type: 'policy.set', ...who, details: { keyId: 'x' } },
      { type: 'policy.set', ...who, details: { effective: 1 } },
      { type: 'policy.set', ...who, details: { request: {} } },
    ])
      expect(await queue.recordKey(wish as unknown as KeyRecord)).toMatchObject({
        outcome: 'rejected',
        error: { code: 'OPTION_INVALID' },
      })
    expect(queue.head().seq).toBe(seq)
    await queue.close()
    expect(['sys.open', 'key.created', 'cert.bound', 'number.range'].every(isJournalType)).toBe(true)
    expect(['ticket', 'key', 'keys.x', 'it.sale', 'sysx', ''].some(isJournalType)).toBe(false)
  })

  it('S-53 records on both sides of a change of key verify with their own key only; swapped across they fail', async () => {
    const first = await softwareSigner()
    const second = await softwareSigner()
    const queue = await createQueue({ country: bareCountry(), storage: memoryStorage(), signer: first })
    for (let i = 0; i < 4; i++) await queue.record({ type: 'ticket', key: `A${i}`, amount: 1 })
    await queue.changeKey({ signer: second, reason: 'scheduled' })
    for (let i = 0; i < 4; i++) await queue.record({ type: 'ticket', key: `B${i}`, amount: 1 })
    const records = await recordsOf(queue)
    await queue.close()
    const boundary = records.findIndex(({ body }) => body.type === 'sys.key')
    expect(records.every(({ body }, i) => body.kid === (i <= boundary ? first : second).describe().keyId)).toBe(true)
    const lines = records.map((record) => lineOfRecord(record))
    const codes = async (changed: readonly string[]): Promise<string[]> => {
      const bytes = new TextEncoder().encode(`${changed.join('\n')}\n`)
      const { findings } = await verifyChunks(
        (async function* () {
          yield { bytes }
        })(),
        {},
      )
      return findings.map(({ code }) => code)
    }
    expect(await codes(lines)).toEqual([])
    // A record of the other side put in its place, its number and links made to fit, signed by the key of that side.
    for (const [at, wrong] of [
      [boundary + 2, first],
      [boundary - 1, second],
    ] as const) {
      const forged = await resigned(records[at] as FiscalRecord, wrong)
      const changed = lines.map((line, i) => (i === at ? forged : line))
      expect(await codes(changed)).toContain('KEY_WRONG')
    }
    // The signature of one side under the name of the other.
    const body = JSON.parse(lines[boundary + 2] as string) as { sig: string }
    const other = JSON.parse(lines[boundary - 1] as string) as { sig: string }
    const swapped = lines.map((line, i) => (i === boundary + 2 ? line.replace(body.sig, other.sig) : line))
    expect(await codes(swapped)).toContain('SIGNATURE_WRONG')
  })
})

function lineOfRecord(record: FiscalRecord): string {
  const { bodyText, payloadText } = record as FiscalRecord & { bodyText: string; payloadText: string }
  return `{"body":${bodyText},"hash":"${record.hash}","payload":${payloadText},"sig":"${record.sig}"}`
}

// The same record as the other key would have signed it.
async function resigned(record: FiscalRecord, signer: Awaited<ReturnType<typeof softwareSigner>>): Promise<string> {
  const { keyId, alg } = signer.describe()
  const { bodyTextOf, recordHash, signingInput } = await import('../record.js')
  const { toBase64url, utf8 } = await import('../bytes.js')
  const bodyText = bodyTextOf({ ...record.body, kid: keyId, alg })
  const message = utf8(signingInput(alg, keyId, bodyText))
  const { signature } = await signer.sign({ operation: 'record', suite: 'es256', input: { message } })
  const sig = toBase64url(signature)
  const { payloadText } = record as FiscalRecord & { payloadText: string }
  const line = `{"body":${bodyText},"hash":"${recordHash(bodyText, sig)}","payload":${payloadText},"sig":"${sig}"}`
  expect(parseLine(utf8(line))?.recomputedHash).toBe(recordHash(bodyText, sig))
  return line
}
