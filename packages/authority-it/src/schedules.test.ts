// A sample of the thousand schedules of schedules.long.test.ts, and what the judge of them must notice.
import { afterAll, beforeAll, expect, it } from 'vitest'
import { judgeDay } from './schedule-judge.fixture.js'
import { Bench, type Schedule } from './schedule.fixture.js'

const bench = new Bench()
beforeAll(() => bench.open(), 120_000)
afterAll(() => bench.close(), 60_000)

const day: Schedule = {
  lotteryAgain: 'error',
  receiptsAgain: 'sameAnswer',
  operator: 'replaces',
  steps: [
    { do: 'sale', lottery: true },
    { do: 'close', killMs: 3 },
    { do: 'drain', faults: [{ kind: 'crash', where: 'afterStoring' }], killMs: 200 },
    { do: 'later', minutes: 7 },
    { do: 'drain', faults: [{ kind: 'refuse', codes: ['00209'] }] },
    { do: 'sale', lottery: true, killMs: 5 },
    { do: 'close' },
    { do: 'drain', faults: [{ kind: 'crash', where: 'whileStoring' }], killAuthorityMs: 30 },
    { do: 'later', minutes: 20 },
    { do: 'drain', faults: [{ kind: 'drop', where: 'afterStoring' }], killMs: 20 },
  ],
}

it('IT-40 IT-45 IT-53 a day with kills on both sides: every file and every lottery document arrives once', async () => {
  expect(await bench.play(day)).toEqual([])
  expect(bench.tally).toMatchObject({ closings: 2, lotteryDocuments: 2 })
  expect(bench.tally.authorityKills).toBeGreaterThan(0)
}, 300_000)

it('the judge sees what is lost, sent twice as new, and left without an alarm', () => {
  const tally = { ...bench.tally }
  const made = (blob: string): object => ({ op: 'made', lane: 'receipts', source: 3, made: 0, progressive: 1, blob })
  const report = (more: object): Parameters<typeof judgeDay>[0]['report'] =>
    ({
      outbox: [],
      lottery: { items: [], counts: {}, lastBatchMs: 0 },
      alarms: [],
      device: 'IN_SERVIZIO',
      keys: ['P-1'],
      findings: [],
      ...more,
    }) as unknown as Parameters<typeof judgeDay>[0]['report']
  const closing = { seq: 3, type: 'it.closing', payload: { z: 1, progressive: 1 } }
  const transmission = (sha256: string): object => ({ seq: 4, type: 'it.transmission', payload: made(sha256) })
  const outcome = { seq: 5, type: 'it.outcome', payload: { lane: 'receipts', source: 3, made: 4, result: 'accepted' } }
  const line = (n: number, sha256: string): object => ({
    n,
    route: 'receipts',
    accepted: true,
    sha256,
    codes: [],
    warnings: [],
    effects: [],
  })
  const judge = (records: object[], messages: object[], more: object = {}): string =>
    judgeDay({
      report: report({ records, ...more }),
      acknowledged: ['P-1'],
      view: { messages, lottery: [] } as never,
      tally,
    }).join('; ')
  const good = [closing, transmission('a'), outcome]
  expect(judge(good, [line(1, 'a')])).toBe('')
  expect(judge(good, [])).toContain('unknown to the authority')
  expect(judge([...good, transmission('b')], [line(1, 'a'), line(2, 'b')])).toContain('2 different files')
  expect(judge([closing, transmission('a')], [line(1, 'a')])).toContain('neither accepted nor in the outbox')
  expect(judge(good, [line(1, 'a'), line(2, 'x')])).toContain('in no transmission record')
  const left = { outbox: [{ source: 3, lane: 'receipts', state: 'ready', made: 4 }] }
  expect(judge([closing, transmission('a')], [], left)).toContain('without an alarm')
  expect(judge(good, [line(1, 'a')], { keys: [] })).toContain('0 times in the journal')
  expect(judge(good, [line(1, 'a')], { keys: ['P-1', 'P-1'] })).toContain('2 times in the journal')
})
