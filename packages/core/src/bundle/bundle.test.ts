import { Unzip, UnzipInflate } from 'fflate'
import { describe, expect, it } from 'vitest'
import { softwareSigner } from '@sigillo/signer-software'
import { bareCountry, fixedClock, memoryStorage } from '@sigillo/testing'
import { createQueue } from '../queue/open.js'
import { verifyBundle } from './read.js'
import { writeBundle } from './write.js'

const signer = await softwareSigner()

async function bundleOf(tickets: number, range: { from?: bigint; to?: bigint } = {}): Promise<Uint8Array[]> {
  const storage = memoryStorage()
  const queue = await createQueue({ country: bareCountry(), storage, signer, clock: fixedClock(), segBits: 6 })
  for (let i = 0; i < tickets; i++) await queue.record({ type: 'ticket', key: `K-${i}`, amount: i })
  await queue.record({ type: 'closing', key: 'Z', events: 2 })
  await queue.close()
  const reader = await storage.openReader()
  const chunks: Uint8Array[] = []
  for await (const chunk of writeBundle(reader, {
    format: 'FORMAT',
    created: '2026-01-02T00:00:00.000Z',
    software: 'test',
    auditor: bareCountry().auditor?.() as never,
    ...range,
  }))
    chunks.push(chunk)
  return chunks
}
const verify = (chunks: readonly Uint8Array[]): ReturnType<typeof verifyBundle> =>
  verifyBundle(() => chunks, { auditorOf: () => bareCountry().auditor?.() })

describe('bundle', () => {
  it('verifies what it wrote, from its bytes alone, over several segments', async () => {
    const report = await verify(await bundleOf(150))
    expect(report.findings).toEqual([])
    expect(report).toMatchObject({ sound: true, profile: 'XX', records: report.index?.count })
  })
  it('verifies a range with its start', async () => {
    const report = await verify(await bundleOf(150, { from: 70n, to: 140n }))
    expect(report.findings).toEqual([])
    expect(report.index).toMatchObject({ from: 70, to: 140, count: 71, continues: true })
    expect(report.root).toBeDefined()
  })
  it('is the same to the byte when written twice', async () => {
    const storage = memoryStorage()
    const queue = await createQueue({ country: bareCountry(), storage, signer, clock: fixedClock() })
    await queue.record({ type: 'ticket', key: 'K', amount: 5 })
    await queue.close()
    const reader = await storage.openReader()
    const make = async (): Promise<string> => {
      const parts: Uint8Array[] = []
      for await (const part of writeBundle(reader, { format: 'F', created: '2026-01-02T00:00:00.000Z', software: 's' }))
        parts.push(part)
      return Buffer.concat(parts).toString('hex')
    }
    expect(await make()).toBe(await make())
  })
  it('names a changed byte anywhere in it', async () => {
    const bytes = Buffer.concat(await bundleOf(3))
    const original = entriesOf(bytes)
    for (let at = 0; at < bytes.length; at += 41) {
      const changed = new Uint8Array(bytes)
      changed[at] = (changed[at] as number) ^ 0x55
      const report = await verify([changed])
      // Framing of the ZIP may change without changing what a reader gets out; the table of contents is signed by nobody, so
      // words in it that speak of no record (moment, software) can be altered.
      if (report.sound) expect({ ...entriesOf(changed), 'bundle.json': '' }).toEqual({ ...original, 'bundle.json': '' })
    }
  })
})

function entriesOf(bytes: Uint8Array): Record<string, string> {
  const entries: Record<string, string> = {}
  const unzip = new Unzip((file) => {
    entries[file.name] = ''
    file.ondata = (_error, data) => (entries[file.name] += Buffer.from(data).toString('hex'))
    file.start()
  })
  unzip.register(UnzipInflate)
  unzip.push(bytes.slice(), true)
  return entries
}
