// Runs of references: every entry found, nothing else, and no damaged block believed.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { OpenFile } from './file-system.js'
import { compareEntries, keyOf, PER_BLOCK, Run, RunWriter, type Entry } from './run.js'

const FACTS = { first: 0, last: 4095, hash: 'h' }

function bytesFor(entries: readonly Entry[]): Uint8Array {
  const writer = new RunWriter(FACTS)
  const parts = entries.flatMap((entry) => writer.add(entry) ?? [])
  return Buffer.concat([...parts, ...writer.finish()])
}

function fileOf(bytes: Uint8Array): OpenFile {
  const readNow = (into: Uint8Array, position: number): number => {
    const part = bytes.subarray(position, position + into.length)
    into.set(part)
    return part.length
  }
  const none = (): never => {
    throw new Error('read only')
  }
  return {
    readNow,
    read: async (into, position) => readNow(into, position),
    sizeBytes: async () => bytes.length,
    close: async () => undefined,
    writeNow: none,
    write: none,
    writeAt: none,
    datasync: none,
    sync: none,
  }
}

const anyEntries = fc
  .array(
    fc.record({
      high: fc.oneof(fc.nat(3), fc.nat(2 ** 32 - 1)),
      low: fc.oneof(fc.nat(2), fc.nat(2 ** 32 - 1)),
      seq: fc.nat(2 ** 45),
    }),
    { maxLength: 5 * PER_BLOCK },
  )
  .map((entries) => entries.sort(compareEntries))

describe('runs of references', () => {
  it('give every number filed under a key and none under another, whatever the keys', async () => {
    await fc.assert(
      fc.asyncProperty(anyEntries, fc.nat(2 ** 32 - 1), async (entries, other) => {
        const run = (await Run.open(fileOf(bytesFor(entries)))) as Run
        expect([...run.entries()]).toEqual(entries)
        for (const key of [...entries, { high: other, low: other, seq: 0 }]) {
          const expected = entries.filter(({ high, low }) => high === key.high && low === key.low).map(({ seq }) => seq)
          expect(run.find(key)).toEqual(expected)
        }
      }),
      { numRuns: 60 },
    )
  })

  it('J-39 a run with any byte changed answers rightly, or says that it is damaged', async () => {
    const entries = Array.from({ length: 150 }, (_, seq) => ({ ...keyOf(`ref-${seq}`), seq })).sort(compareEntries)
    const whole = bytesFor(entries)
    for (let at = 0; at < whole.length; at += 7) {
      const bytes = whole.slice()
      bytes[at] = (bytes[at] as number) ^ 0x20
      const run = await Run.open(fileOf(bytes))
      for (const { seq, ...key } of run === undefined ? [] : entries) {
        const found = run?.find(key)
        if (found !== undefined) expect(found, `byte ${at}`).toEqual([seq])
      }
    }
  })

  it('a block that strayed from another run or place is not believed', async () => {
    const entries = Array.from({ length: 3 * PER_BLOCK }, (_, at) => ({ high: at, low: 0, seq: at }))
    const bytes = bytesFor(entries)
    bytes.copyWithin(0, 1024, 2048)
    expect((await Run.open(fileOf(bytes)))?.find({ high: PER_BLOCK - 1, low: 0 })).toBeUndefined()
  })
})
