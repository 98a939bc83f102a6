// Country kit: chains, print and replay over a real queue.
import { canonical, parseLine } from '@sigillo/core'
import type { FiscalRecord } from '@sigillo/core'
import { check, checkSame } from './check.js'
import { lineText, queueOf, recordsOf, worked, type CountryBench, type CountryCase } from './country-bench.js'

/** Cases over a queue. */
export const queueCases: readonly CountryCase[] = [
  {
    name: 'country: the sample is registered, numbered without gaps, and each chain links only to itself',
    run: async (bench) => {
      const { queue } = await worked(bench)
      const heads = new Map<string, FiscalRecord>()
      const records = await recordsOf(queue)
      for (const [i, record] of records.entries()) {
        const { type, seq, tseq, tprev } = record.body
        check(seq === i, `record ${i} has number ${seq}`)
        checkSame(
          [tseq, tprev],
          [(heads.get(type)?.body.tseq ?? 0) + 1, heads.get(type)?.hash ?? (i === 0 ? '0'.repeat(64) : records[0]?.hash)],
          `chain of ${type} at ${seq}`,
        )
        heads.set(type, record)
      }
      await queue.close()
    },
  },
  {
    name: 'country: print and answer are pure: the same for a record read back years later',
    run: async (bench) => {
      const { queue, outcomes } = await worked(bench)
      const [one, two] = [bench.country(), bench.country()]
      for (const outcome of outcomes) {
        if (outcome.outcome !== 'registered') continue
        const record = frozen(outcome.record)
        const again = parseLine(new TextEncoder().encode(lineText(outcome.record))) as FiscalRecord
        const seen = [one.print(record), one.answer?.(record), one.print(record), one.answer?.(record)]
        checkSame(seen.slice(2), seen.slice(0, 2), `second print of record ${outcome.seq}`)
        checkSame([two.print(again), two.answer?.(again)], seen.slice(0, 2), `print of record ${outcome.seq} read back`)
        for (const { kind } of one.print(record))
          check(['text', 'title', 'rule', 'pair', 'qr'].includes(kind), `unknown print item ${kind}`)
      }
      await queue.close()
    },
  },
  {
    name: 'J-36 country: the same requests again after reopening give the same answers, and nothing new',
    run: async (bench) => {
      const { queue, storage, outcomes } = await worked(bench)
      const totals = canonical(queue.totals())
      await queue.close()
      const again = await queueOf(bench, storage, bench.startMs + 400 * 86_400_000)
      const head = again.head()
      checkSame(
        canonical(totalsOnly(bench, totals)),
        canonical(totalsOnly(bench, canonical(again.totals()))),
        'totals after reopening',
      )
      for (const [i, request] of bench.requests.entries()) {
        const [before, now] = [outcomes[i], await again.record(request)]
        check(before?.outcome === 'registered' && now.outcome === 'registered' && now.replayed, `request ${i} was not replayed`)
        checkSame(
          [now.hash, now.seal, now.print, now.answer, now.records],
          [before.hash, before.seal, before.print, before.answer, before.records],
          `answer ${i}`,
        )
      }
      checkSame(again.head(), head, 'head after the replays')
      await again.close()
    },
  },
]

function frozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value)
    for (const member of Object.values(value)) frozen(member)
  }
  return value
}

// Opening may write an event of the country's own, which its totals may count: compared is what the requests moved.
function totalsOnly(bench: CountryBench, totals: string): unknown {
  return bench.country().react === undefined ? JSON.parse(totals) : null
}
