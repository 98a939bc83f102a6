// Storage kit: reading and finding (FORMAT 18 `read`, `byRef`, `seal`; statements J-35, J-47).
import { lineOf, type SealedRecord, type StorageReader } from '@sigillo/core'
import { check, checkSame } from './check.js'
import { appendTo, fillSegment, tickets } from './kit-journal.js'
import { checkHolds, type StorageCase } from './storage-bench.js'

async function numbersOf(reader: StorageReader, from: bigint, to?: bigint): Promise<bigint[]> {
  const numbers: bigint[] = []
  for await (const { seq } of reader.read(from, to)) numbers.push(seq)
  return numbers
}

/** Cases about reading. */
export const readCases: readonly StorageCase[] = [
  {
    name: 'storage: read gives every range, both ends included, and ends at the head',
    run: async ({ started }) => {
      const { journal, writer } = await started()
      await fillSegment(journal, writer, 'a')
      await appendTo(journal, writer, tickets('b', 10))
      const last = BigInt(journal.kept.length - 1)
      for (const [from, to] of [
        [0n, 0n],
        [0n, last],
        [5n, 9n],
        [62n, 66n],
        [63n, 63n],
        [64n, 64n],
        [last, last],
        [last - 1n, last + 50n],
        [70n, undefined],
      ] as const) {
        const end = to === undefined || to > last ? last : to
        const expected = Array.from({ length: Number(end - from) + 1 }, (_, i) => from + BigInt(i))
        checkSame(await numbersOf(writer, from, to), expected, `read ${from} to ${to}`)
      }
      checkSame(await numbersOf(writer, last + 1n), [], 'read beyond the head')
      checkSame(await numbersOf(writer, 9n, 8n), [], 'an empty range')
      await writer.close()
    },
  },
  {
    name: 'storage: a reader that stops half way leaves the storage usable',
    run: async ({ started }) => {
      const { journal, writer } = await started()
      await appendTo(journal, writer, tickets('a', 20))
      for await (const { seq } of writer.read(0n)) if (seq === 3n) break
      await appendTo(journal, writer, tickets('b', 2))
      await checkHolds(writer, journal.kept, 'after the break')
      await writer.close()
    },
  },
  {
    name: 'J-35 storage: a reader beside a busy writer sees a growing journal without gap or change',
    run: async ({ started, again }) => {
      const { journal, writer } = await started()
      const reader = await (await again()).openReader()
      const writing = (async () => {
        for (let i = 0; i < 15; i++) await appendTo(journal, writer, tickets(`w${i}`, 3))
      })()
      let done = false
      const finished = writing.then(() => (done = true))
      let seen = 0
      do {
        const { seq, durableThrough } = await reader.head()
        check(durableThrough <= seq, 'durableThrough lies beyond the head')
        check(Number(seq) + 1 >= seen, `the head went back from ${seen - 1} to ${seq}`)
        seen = Number(seq) + 1
        let next = 0n
        for await (const line of reader.read(0n, seq)) {
          check(line.seq === next, `gap before record ${line.seq}`)
          next += 1n
        }
        check(next > seq, `the head is ${seq}, but only ${next} records could be read`)
        await new Promise((resolve) => setTimeout(resolve, 0))
      } while (!done)
      await finished
      await checkHolds(reader, journal.kept, 'the reader at the end')
      await reader.close()
      await writer.close()
    },
  },
  {
    name: 'storage: every reference is found at any age, with the exact line; others are not',
    run: async ({ started, again }) => {
      const { journal, writer } = await started()
      for (let segment = 0; segment < 3; segment++) {
        await fillSegment(journal, writer, `s${segment}`)
        await writer.maintain()
      }
      await appendTo(journal, writer, tickets('last', 4))
      await checkRefs(writer, journal.kept, 'the writer')
      await writer.close()
      const reader = await (await again()).openReader()
      await checkRefs(reader, journal.kept, 'the next process')
      await reader.close()
    },
  },
  {
    name: 'storage: the same reference is never filed twice',
    run: async ({ started }) => {
      const { journal, writer } = await started()
      await appendTo(journal, writer, tickets('a', 3))
      const twice = await journal.seal(Number(writer.adoption.epoch), tickets('a', 1))
      const failed = await writer.append(journal.head(), twice).then(
        () => undefined,
        (error: unknown) => error as { readonly name?: string; readonly code?: string },
      )
      check(failed !== undefined, 'a second record with the same reference was accepted')
      check(
        failed.code === 'RECORD_INVALID' || failed.code === 'KEY_REUSED',
        `expected RECORD_INVALID or KEY_REUSED, got ${failed.code}`,
      )
      await appendTo(journal, writer, tickets('b', 1))
      await checkHolds(writer, journal.kept, 'after the refusal')
      await writer.close()
    },
  },
  {
    name: 'J-47 storage: sealing complete segments changes no record',
    run: async ({ started, again }) => {
      const { journal, writer } = await started()
      const reader = await (await again()).openReader()
      await fillSegment(journal, writer, 'a')
      await fillSegment(journal, writer, 'b', 7)
      await appendTo(journal, writer, tickets('c', 5))
      for (let i = 0; i < 2; i++) {
        await writer.maintain()
        await checkHolds(writer, journal.kept, 'the writer after sealing')
        await checkHolds(reader, journal.kept, 'a reader opened before sealing')
      }
      await appendTo(journal, writer, tickets('d', 3))
      await writer.close()
      const next = await (await again()).openWriter()
      await checkHolds(next, journal.kept, 'the next process')
      await next.close()
      await reader.close()
    },
  },
]

async function checkRefs(reader: StorageReader, records: readonly SealedRecord[], what: string): Promise<void> {
  for (const record of records) {
    if (record.body.ref === undefined) continue
    const hit = await reader.byRef(record.body.ref)
    checkSame(hit?.seq, BigInt(record.body.seq), `${what}: number of ${record.body.ref}`)
    checkSame(new TextDecoder().decode(hit?.line), lineOf(record), `${what}: line of ${record.body.ref}`)
  }
  for (const ref of ['s0', 's0-0-', 'unknown', '~'.repeat(128)])
    check((await reader.byRef(ref)) === undefined, `${what}: found ${ref}, which nobody stored`)
}
