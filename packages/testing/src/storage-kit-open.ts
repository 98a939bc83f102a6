// Storage kit: creating and opening, epochs, fencing (FORMAT 18 `openWriter`; statements J-16, J-30, J-33).
import type { StorageWriter } from '@sigillo/core'
import { attempt, check, checkFails, checkSame } from './check.js'
import { appendTo, kitJournal, openEpoch, tickets } from './kit-journal.js'
import { checkHolds, type StorageCase } from './storage-bench.js'

/** Cases about creating and opening. */
export const openCases: readonly StorageCase[] = [
  {
    name: 'storage: an empty place holds no queue and opens as none',
    run: async ({ storage }) => {
      check(!(await storage.exists()), 'exists() is true for an empty place')
      await checkFails(() => storage.openWriter(), ['QUEUE_MISSING'], 'openWriter')
      await checkFails(() => storage.openReader(), ['QUEUE_MISSING'], 'openReader')
      check(!(await storage.exists()), 'opening created a queue')
    },
  },
  {
    name: 'storage: creating a queue stores its genesis, and only once',
    run: async ({ storage, again, key }) => {
      const [journal, other] = [await kitJournal(key), await kitJournal(key)]
      await storage.create(journal.genesis)
      check(await storage.exists(), 'exists() is false after create')
      await checkFails(() => storage.create(other.genesis), ['QUEUE_EXISTS'], 'second create')
      await checkFails(async () => (await again()).create(other.genesis), ['QUEUE_EXISTS'], 'second create by another process')
      const reader = await (await again()).openReader()
      checkSame([reader.queue, reader.segBits], [journal.queue, 6], 'queue and segment size')
      await checkHolds(reader, journal.kept, 'after create')
      await reader.close()
    },
  },
  {
    name: 'J-33 storage: every writer gets an epoch above all earlier ones and names the record it continues',
    run: async ({ started, again }) => {
      const { journal, writer } = await started()
      check(writer.adoption.epoch > 1n, 'the first writer must have an epoch above that of genesis')
      checkSame(writer.adoption.adopted, { epoch: 1, seq: 0, hash: journal.genesis.hash }, 'first adoption')
      let last: StorageWriter = writer
      for (let round = 0; round < 3; round++) {
        await appendTo(journal, last, tickets(`r${round}`, 2))
        await last.close({ clean: true })
        const next = await (await again()).openWriter()
        const head = journal.kept.at(-1)?.body
        check(next.adoption.epoch > last.adoption.epoch, `epoch ${next.adoption.epoch} is not above ${last.adoption.epoch}`)
        checkSame(next.adoption.adopted, { epoch: head?.epoch, seq: head?.seq, hash: journal.head().hash }, 'adoption')
        checkSame([next.adoption.dead, next.adoption.reason], [null, 'start'], 'a clean opening')
        await openEpoch(journal, next)
        last = next
      }
      await last.close()
    },
  },
  {
    name: 'storage: an epoch number is used up even when its writer appends nothing',
    run: async ({ started, again }) => {
      const { journal, writer } = await started()
      await writer.close()
      const idle = await (await again()).openWriter()
      await idle.close()
      const next = await (await again()).openWriter()
      check(next.adoption.epoch > idle.adoption.epoch, 'an epoch was handed out twice')
      await openEpoch(journal, next)
      await checkHolds(next, journal.kept, 'after an idle writer')
      await next.close()
    },
  },
  {
    name: 'J-30 storage: while one writer lives a second is refused, and nothing changes',
    run: async ({ started, again }) => {
      const { journal, writer } = await started()
      await checkFails(async () => (await again()).openWriter(), ['QUEUE_LOCKED'], 'second writer')
      await appendTo(journal, writer, tickets('still', 3))
      await checkHolds(writer, journal.kept, 'the first writer')
      await writer.close()
    },
  },
  {
    name: 'J-30 storage: of two that open at the same moment exactly one becomes the writer',
    run: async ({ started, again }) => {
      const { journal, writer } = await started()
      await writer.close()
      const places = [await again(), await again()]
      const outcomes = await Promise.all(places.map((place) => attempt(() => place.openWriter())))
      const writers = outcomes.flatMap((outcome) => ('value' in outcome ? [outcome.value] : []))
      check(writers.length === 1, `${writers.length} of two became the writer`)
      await openEpoch(journal, writers[0] as StorageWriter)
      await checkHolds(writers[0] as StorageWriter, journal.kept, 'the one writer')
      await writers[0]?.close()
    },
  },
  {
    name: 'storage: after a takeover the earlier writer acknowledges nothing any more',
    run: async ({ started, again }) => {
      const { journal, writer } = await started()
      await appendTo(journal, writer, tickets('old', 2))
      const late = await journal.seal(Number(writer.adoption.epoch), tickets('late', 2))
      const heir = await (await again()).openWriter({ takeover: true })
      check(heir.adoption.epoch > writer.adoption.epoch, 'the epoch did not rise')
      checkSame(heir.adoption.reason, 'takeover', 'reason')
      await checkFails(() => writer.append(journal.head(), late), ['STORAGE_FENCED'], 'append by the earlier writer')
      await openEpoch(journal, heir)
      await appendTo(journal, heir, tickets('new', 2))
      await checkFails(
        () => writer.append(journal.head(), late),
        ['STORAGE_FENCED', 'QUEUE_CLOSED'],
        'append by the earlier writer again',
      )
      await checkHolds(heir, journal.kept, 'after the takeover')
      check((await heir.byRef('late-0')) === undefined, 'a reference of a fenced writer is known')
      await writer.close()
      await appendTo(journal, heir, tickets('after', 1))
      await heir.close()
    },
  },
  {
    name: 'J-16 storage: opening twice without writing gives the same head and the same bytes',
    run: async ({ started, again }) => {
      const { journal, writer } = await started()
      await appendTo(journal, writer, tickets('a', 5))
      await writer.close()
      for (let i = 0; i < 2; i++) {
        const reader = await (await again()).openReader()
        await checkHolds(reader, journal.kept, `opening ${i}`)
        await reader.close()
      }
    },
  },
  {
    name: 'storage: a writer that was not closed cleanly loses nothing',
    run: async ({ started, again }) => {
      const { journal, writer } = await started()
      await appendTo(journal, writer, tickets('a', 7))
      await writer.close({ clean: false })
      const next = await (await again()).openWriter()
      await checkHolds(next, journal.kept, 'after an unclean end')
      await next.close()
    },
  },
]
