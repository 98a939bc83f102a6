// What was sent and what was answered, as evidence: the same bytes in the outbox, on the wire and in the archive, bound into both
// chains; and that lanes of devices and a long backlog keep their order.
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sha256Hex, ZERO_HASH, type StorageReader } from '@sigillo/core'
import { verifyBundle, writeBundle } from '@sigillo/core/bundle'
import { openFolder } from '@sigillo/storage-fs'
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { has } from '../../documents/src/pki.fixture.js'
import { makeParties, wire, YEAR, type Fault, type Parties, type Wired } from './authority.fixture.js'
import { card, line, openDevice } from './device.fixture.js'
import { openAuthority } from './authority.fixture.js'
import { openTransmitter } from './transmitter.js'

const CLOSINGS = Number(process.env['SIGILLO_BACKLOG'] ?? (process.env['SIGILLO_LONG'] === '1' ? 1000 : 12))

describe.skipIf(!has('openssl'))('evidence (needs openssl)', () => {
  let parties: Parties
  beforeAll(async () => {
    parties = await makeParties()
  })
  const day = async (device: Wired): Promise<void> => {
    await device.sell([line(1220, 2200)], [card(1220)])
    await device.close()
  }

  const onDisk = async (): Promise<{ folder: string; device: Awaited<ReturnType<typeof openDevice>>; sent: string[] }> => {
    const folder = join(mkdtempSync(join(tmpdir(), 'sigillo-it-')), 'queue')
    const device = await openDevice(
      { baseUrl: 'https://127.0.0.1:1', authorityRoots: parties.authorityPki.ca },
      { at: `${YEAR}-11-20T09:12:13.000Z`, storage: await openFolder(folder) },
    )
    const authority = openAuthority(parties, () => device.clock.now())
    const { queue, country, clock } = device
    const transmitter = openTransmitter({ queue, country, clock, transport: authority, device: parties.deviceSigner })
    await device.sell([line(1220, 2200)], [card(1220)], { lotteryCode: 'ABCD1234' })
    await device.close()
    await transmitter.drain()
    await device.sell([line(2440, 2200)], [card(2440)])
    await device.close()
    await transmitter.drain()
    return { folder, device, sent: authority.seen }
  }
  const bundleOf = async (reader: StorageReader): Promise<Uint8Array[]> => {
    const parts: Uint8Array[] = []
    for await (const part of writeBundle(reader, {
      format: readFileSync(new URL('../../../FORMAT.md', import.meta.url), 'utf8'),
      created: '2026-11-24T12:00:00.000Z',
      software: 'test',
    }))
      parts.push(part)
    return parts
  }

  it('IT-48 the bytes in the outbox, on the wire, beside the journal and in the archive are the same', async () => {
    const { folder, device, sent } = await onDisk()
    const made = (await device.records('it.transmission'))
      .map(({ payload }) => payload as { op: string; blob: string })
      .filter(({ op }) => op === 'made')
    expect(made).toHaveLength(3)
    expect(sent).toEqual(made.map(({ blob }) => blob))
    for (const { blob } of made) expect(sha256Hex(readFileSync(join(folder, 'blobs', blob)))).toBe(blob)
    await device.queue.close()
    const reader = await (await openFolder(folder)).openReader()
    const parts = await bundleOf(reader)
    const bundle = Buffer.concat(parts)
    for (const { blob } of made) expect(bundle.includes(`blobs/${blob}`)).toBe(true)
    expect(await verifyBundle(() => parts)).toMatchObject({ findings: [] })
  })

  it('IT-49 transmissions and outcomes stand in the chain of all records and in their own; a changed answer is found', async () => {
    const { folder, device } = await onDisk()
    const all = await device.records()
    for (const type of ['it.transmission', 'it.outcome']) {
      let [last, count] = [ZERO_HASH, 0]
      for (const [i, { body, hash }] of all.entries()) {
        if (body.type !== type) continue
        expect(body.prev).toBe(all[i - 1]?.hash)
        if (count > 0) expect(body.tprev).toBe(last)
        expect(body.tseq).toBe(++count)
        last = hash
      }
      expect(count).toBeGreaterThan(2)
    }
    const [outcome] = (await device.records('it.outcome')).map(({ payload }) => payload as { answer: { blob: string } })
    const { blob } = outcome!.answer
    await device.queue.close()
    const reader = await (await openFolder(folder)).openReader()
    // As somebody would change it who has the folder, and as one who has the archive.
    const path = join(folder, 'blobs', blob)
    const answer = readFileSync(path)
    const changed = Buffer.from(answer.toString('utf8').replace('OP-1', 'OP-7'))
    expect(changed.equals(answer)).toBe(false)
    const lying = new Proxy(reader, {
      get(target, name) {
        if (name === 'blob') return async (wanted: string) => (wanted === blob ? new Uint8Array(changed) : target.blob(wanted))
        const member: unknown = Reflect.get(target, name, target)
        return typeof member === 'function' ? (member.bind(target) as unknown) : member
      },
    })
    const parts = await bundleOf(lying)
    const { findings } = await verifyBundle(() => parts)
    expect(findings.map(({ code }) => code)).toEqual(['BLOB_WRONG'])
    writeFileSync(path, changed)
    await expect(reader.blob(blob)).rejects.toMatchObject({ code: 'JOURNAL_CORRUPT' })
  })

  const fault: fc.Arbitrary<Fault | undefined> = fc.constantFrom(
    undefined,
    undefined,
    { kind: 'unreachable' as const },
    { kind: 'lost' as const },
    { kind: 'dropped' as const },
    { kind: 'garbage' as const },
    { kind: 'unsigned' as const },
    { kind: 'stranger' as const },
    { kind: 'status' as const, status: 500 },
    { kind: 'status' as const, status: 503 },
    { kind: 'status' as const, status: 429 },
  )

  it('IT-43 random failures: files arrive by their numbers, and what holds one device up does not touch the other', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fault, { maxLength: 12 }), fc.integer({ min: 2, max: 5 }), async (faults, count) => {
        const [one, other] = await Promise.all([wire(parties), wire(parties)])
        for (let i = 0; i < count; i++) await Promise.all([day(one), day(other)])
        one.authority.faults.push(...faults.map((each): Fault => each ?? { kind: 'status', status: 500 }))
        await Promise.all([one.transmitter.drain(), other.transmitter.drain()])
        expect(other.state().outbox).toEqual([])
        expect(numbers(other)).toEqual(Array.from({ length: count }, (_, i) => i + 1))
        for (let i = 0; i < 40 && one.state().outbox.length > 0; i++) {
          one.clock.step(2 * 3_600_000)
          await one.transmitter.drain()
        }
        expect(one.state().outbox).toEqual([])
        expect(numbers(one)).toEqual(Array.from({ length: count }, (_, i) => i + 1))
      }),
      { numRuns: process.env['SIGILLO_LONG'] === '1' ? 200 : 2 },
    )
  })
  const numbers = ({ authority }: Wired): number[] =>
    authority.inbox.map(({ text }) => Number(/<Progressivo>(\d+)</.exec(text)![1]))

  it(`IT-50 a backlog of closings is delivered in order, the bytes of one file in hand at a time (${CLOSINGS})`, async () => {
    const device = await wire(parties, {}, { at: `${YEAR}-03-02T05:00:00.000Z` })
    for (let i = 0; i < CLOSINGS; i++) await device.close()
    let [taken, sent] = [0, 0]
    const transmitter = openTransmitter({
      queue: device.queue,
      country: device.country,
      clock: device.clock,
      device: parties.deviceSigner,
      transport: {
        send: async (request) => {
          // Read for this exchange, and none read ahead.
          expect(taken).toBe(++sent)
          return device.authority.send(request)
        },
      },
      blobs: {
        put: (bytes) => device.blobs.put(bytes),
        get: async (sha256) => {
          taken++
          return device.blobs.get(sha256)
        },
      },
    })
    await transmitter.drain()
    expect(numbers(device)).toEqual(Array.from({ length: CLOSINGS }, (_, i) => i + 1))
    expect(device.state().outbox).toEqual([])
  })
})
