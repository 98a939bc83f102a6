// Storage kit: append (FORMAT 18): all of a batch, or a named error and nothing of it.
import type { Body, SealedRecord } from '@sigillo/core'
import { attempt, check, checkFails, checkSame } from './check.js'
import { appendTo, checkpoint, fillSegment, kitJournal, openEpoch, tickets, type Content } from './kit-journal.js'
import { checkHolds, type StorageCase } from './storage-bench.js'

// Each spoils a good batch of three in one way; all break the precondition of append.
const spoilt: readonly (readonly [what: string, spoil: (batch: readonly SealedRecord[]) => readonly SealedRecord[]])[] = [
  ['an empty batch', () => []],
  ['a batch with a gap', ([a, , c]) => [a, c] as SealedRecord[]],
  ['a batch in the wrong order', ([a, b, c]) => [a, c, b] as SealedRecord[]],
  ['a batch with a record twice', ([a]) => [a, a] as SealedRecord[]],
  ['a batch that does not begin after the head', ([, b, c]) => [b, c] as SealedRecord[]],
]
const spoiltBodies: readonly (readonly [what: string, spoil: (body: Body) => Body])[] = [
  ['another base', (body) => ({ ...body, base: body.base - 1 })],
  ['an earlier epoch', (body) => ({ ...body, epoch: body.epoch - 1 })],
  ['a later epoch', (body) => ({ ...body, epoch: body.epoch + 1 })],
  ['another queue', (body) => ({ ...body, queue: '00000000-0000-4000-8000-000000000000' })],
  ['another predecessor', (body) => ({ ...body, prev: 'f'.repeat(64) })],
]

/** Cases about append. */
export const appendCases: readonly StorageCase[] = [
  {
    name: 'storage: an append is in the head, in every reader and in the next process',
    run: async ({ started, again }) => {
      const { journal, writer } = await started()
      const reader = await (await again()).openReader()
      for (const count of [1, 2, 10]) {
        await appendTo(journal, writer, tickets(`n${count}`, count))
        await checkHolds(writer, journal.kept, 'the writer')
        await checkHolds(reader, journal.kept, 'a reader opened before')
      }
      const { seq, durableThrough } = await writer.head()
      check(durableThrough === seq, 'what the writer acknowledged counts as durable')
      await reader.close()
      await writer.close()
      const next = await (await again()).openReader()
      await checkHolds(next, journal.kept, 'the next process')
      await next.close()
    },
  },
  {
    name: 'storage: an append that expects another head is refused and the handle stays good',
    run: async ({ started }) => {
      const { journal, writer } = await started()
      await appendTo(journal, writer, tickets('a', 2))
      const epoch = Number(writer.adoption.epoch)
      const batch = await journal.seal(epoch, tickets('b', 2))
      const { seq, hash } = journal.head()
      const before = journal.kept.at(-2) as SealedRecord
      await checkFails(
        () => writer.append({ seq, hash: 'e'.repeat(64) }, batch),
        ['STORAGE_CONFLICT', 'RECORD_INVALID'],
        'another hash',
      )
      await checkFails(
        () => writer.append({ seq: seq - 1n, hash: before.hash }, batch),
        ['STORAGE_CONFLICT', 'RECORD_INVALID'],
        'an earlier head',
      )
      await writer.append({ seq, hash }, batch)
      journal.keep(batch)
      await checkHolds(writer, journal.kept, 'after the refusals')
      await checkFails(() => writer.append({ seq, hash }, batch), ['STORAGE_CONFLICT'], 'the same batch again')
      await checkHolds(writer, journal.kept, 'after the repetition')
      await writer.close()
    },
  },
  ...spoilt.map(([what, spoil]): StorageCase => ({
    name: `storage: ${what} is refused and nothing of it is kept`,
    run: async ({ started }) => {
      const { journal, writer } = await started()
      const batch = await journal.seal(Number(writer.adoption.epoch), tickets('a', 3))
      await checkFails(() => writer.append(journal.head(), spoil(batch)), ['RECORD_INVALID'], what)
      await checkHolds(writer, journal.kept, 'after the refusal')
      await writer.append(journal.head(), batch)
      journal.keep(batch)
      await checkHolds(writer, journal.kept, 'the good batch')
      await writer.close()
    },
  })),
  ...spoiltBodies.map(([what, spoil]): StorageCase => ({
    name: `storage: a record with ${what} is refused and nothing is kept`,
    run: async ({ started, again }) => {
      const { journal, writer } = await started()
      await appendTo(journal, writer, tickets('a', 2))
      const batch = await journal.seal(Number(writer.adoption.epoch), tickets('b', 1), spoil)
      await checkFails(() => writer.append(journal.head(), batch), ['RECORD_INVALID'], what)
      await appendTo(journal, writer, tickets('c', 1))
      await writer.close()
      const reader = await (await again()).openReader()
      await checkHolds(reader, journal.kept, 'after the refusal')
      await reader.close()
    },
  })),
  {
    name: 'storage: a batch across a segment boundary is refused, one that ends at it is kept',
    run: async ({ started }) => {
      const { journal, writer } = await started()
      await appendTo(journal, writer, tickets('a', 50))
      const epoch = Number(writer.adoption.epoch)
      const across = await journal.seal(epoch, tickets('x', 20))
      await checkFails(() => writer.append(journal.head(), across), ['RECORD_INVALID'], 'a batch across the boundary')
      await fillSegment(journal, writer, 'fill')
      check(journal.kept.length === 64, 'the segment is full')
      await appendTo(journal, writer, tickets('b', 3))
      await checkHolds(writer, journal.kept, 'across two segments')
      await writer.close()
    },
  },
  {
    name: 'storage: of two appends for the same head at most one is kept',
    run: async ({ started, again }) => {
      const { journal, writer } = await started()
      const epoch = Number(writer.adoption.epoch)
      const batches = [await journal.seal(epoch, tickets('a', 2)), await journal.seal(epoch, tickets('b', 2))]
      const outcomes = await Promise.all(batches.map((batch) => attempt(() => writer.append(journal.head(), batch))))
      const won = batches.filter((_, i) => 'value' in (outcomes[i] as object))
      check(won.length === 1, `${won.length} of two appends for one head succeeded`)
      journal.keep(won[0] as readonly SealedRecord[])
      await writer.close()
      const reader = await (await again()).openReader()
      await checkHolds(reader, journal.kept, 'after the race')
      await reader.close()
    },
  },
  {
    name: 'storage: the largest batch and a line close to the largest are kept byte for byte',
    run: async ({ storage, again, key }) => {
      const journal = await kitJournal(key, { segBits: 12 })
      await storage.create(journal.genesis)
      const writer = await storage.openWriter()
      await openEpoch(journal, writer)
      await appendTo(journal, writer, tickets('many', 256))
      const text = 'é€𝄞\u0001"\\'.repeat(55_000)
      await appendTo(journal, writer, [{ type: 'ticket', payload: { text }, ref: 'big' }])
      await checkHolds(writer, journal.kept, 'the writer')
      await writer.close()
      const reader = await (await again()).openReader()
      await checkHolds(reader, journal.kept, 'the next process')
      await reader.close()
    },
  },
  {
    name: 'storage: a line over 1 MiB and a body over 8 KiB are refused and nothing is kept',
    run: async ({ started }) => {
      const { journal, writer } = await started()
      const epoch = Number(writer.adoption.epoch)
      const tooLong: Content[] = [
        { type: 'ticket', payload: { text: 'é'.repeat(530_000) }, ref: 'line' },
        { type: 'ticket', payload: {}, x: { ds: 'é'.repeat(4200) }, ref: 'body' },
      ]
      for (const content of tooLong) {
        const batch = await journal.seal(epoch, [content])
        await checkFails(() => writer.append(journal.head(), batch), ['RECORD_TOO_LARGE'], String(content.ref))
      }
      await checkHolds(writer, journal.kept, 'after the refusals')
      await writer.close()
    },
  },
  {
    name: 'storage: the records of one request stay together',
    run: async ({ started, again }) => {
      const { journal, writer } = await started()
      const request: Content[] = [
        { type: 'event', payload: { n: 1 }, more: 2 },
        { type: 'closing', payload: { n: 2 }, ref: 'z-1', more: 1 },
        checkpoint(journal, 'manual'),
      ]
      // The checkpoint's size is its own number, two records further on.
      const size = journal.kept.length + 2
      await appendTo(journal, writer, [
        ...request.slice(0, 2),
        { type: 'sys.checkpoint', payload: { ...request[2]?.payload, size } },
      ])
      await writer.close({ clean: false })
      const reader = await (await again()).openReader()
      await checkHolds(reader, journal.kept, 'the request')
      checkSame((await reader.byRef('z-1'))?.seq, BigInt(size - 1), 'the record that answers')
      await reader.close()
    },
  },
  {
    name: 'storage: a closed handle appends nothing',
    run: async ({ started, again }) => {
      const { journal, writer } = await started()
      const batch = await journal.seal(Number(writer.adoption.epoch), tickets('a', 1))
      await writer.close()
      await writer.close()
      await checkFails(() => writer.append(journal.head(), batch), ['QUEUE_CLOSED'], 'append after close')
      const reader = await (await again()).openReader()
      await checkHolds(reader, journal.kept, 'after close')
      await reader.close()
    },
  },
]
