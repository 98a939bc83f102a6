// What must be true after a day of faults: the till's journal and the authority's ledger side by side.
import type { Entry } from './ledger.js'
import type { LotteryRow } from './effects.js'
import type { Tally } from './schedule.fixture.js'
import type { TillReport } from './schedule-till.test-support.js'

/** What the authority holds of one device. */
export interface AuthorityView {
  readonly messages: readonly Entry[]
  readonly lottery: readonly { readonly n: number; readonly matricola: string; readonly row: LotteryRow }[]
}

interface Facts {
  readonly report: TillReport
  readonly acknowledged: readonly string[]
  readonly view: AuthorityView
  readonly tally: Tally
}

interface Told {
  readonly op?: string
  readonly lane: string
  readonly source: number
  readonly made: number
  readonly progressive: number
  readonly blob?: string
  readonly result?: string
  readonly refused?: readonly { readonly seq: number }[]
}

const ACCEPTED = new Set(['accepted', 'acceptedPresumed'])

/** Everything that is wrong, in words. */
export function judgeDay(facts: Facts): string[] {
  const { report, acknowledged } = facts
  const wrong: string[] = report.findings.map((one) => `verify: ${one}`)
  for (const key of acknowledged) {
    const times = report.keys.filter((one) => one === key).length
    if (times !== 1) wrong.push(`request ${key} was acknowledged and is ${times} times in the journal`)
  }
  const closings = report.records.filter(({ type }) => type === 'it.closing')
  const batches = report.records.filter(({ type }) => type === 'it.lottery')
  for (const { seq, payload } of closings) {
    const { z, progressive } = payload as { z: number; progressive: number }
    const problem = judgeMessage(facts, seq, 'receipts')
    if (problem !== undefined) wrong.push(`closing ${z} (file ${progressive}): ${problem}`)
  }
  for (const { seq } of batches) {
    const problem = judgeMessage(facts, seq, 'lottery')
    if (problem !== undefined) wrong.push(`batch of record ${seq}: ${problem}`)
  }
  wrong.push(...judgeNumbers(closings), ...judgeLottery(facts), ...judgeStrangers(facts))
  facts.tally.closings += closings.length
  return wrong
}

const told = ({ records }: TillReport, type: string): Told[] =>
  records.filter((one) => one.type === type).map(({ payload }) => payload as unknown as Told)

// One message after the other was made from a closing; together they are accepted once, or the last one has a state with a name.
function judgeMessage({ report, view, tally }: Facts, source: number, lane: string): string | undefined {
  const made = told(report, 'it.transmission').filter((one) => one.op === 'made' && one.source === source)
  const outcomes = told(report, 'it.outcome').filter((one) => one.source === source)
  const stands = report.outbox.find((one) => one.source === source)
  const digests = new Set(made.map(({ blob }) => blob))
  const lines = view.messages.filter(({ accepted, sha256 }) => accepted && sha256 !== undefined && digests.has(sha256))
  const held = new Set(lines.map(({ sha256 }) => sha256))
  const accepted = outcomes.filter(({ result }) => ACCEPTED.has(result ?? ''))
  tally.repeated += lines.length - held.size
  if (held.size > 1) return `accepted as ${held.size} different files`
  if (accepted.length > 1) return 'accepted twice in the journal'
  if (accepted.length === 1) {
    tally.accepted += 1
    if (stands !== undefined) return 'accepted, and still in the outbox'
    return held.size === 1 ? undefined : 'accepted in the journal, unknown to the authority'
  }
  tally.named += 1
  const released = outcomes.some(({ result }) => result === 'released')
  if (stands === undefined) return released ? undefined : 'neither accepted nor in the outbox'
  const first = report.outbox.find((one) => one.lane === lane)
  const alarm = report.alarms.some(
    ({ code, made: of }) => of === first?.made && ['IT_REJECTED', 'IT_LANE_BLOCKED'].includes(code),
  )
  // Whatever stands behind a refused file waits for it; the lane has its alarm.
  return alarm ? undefined : `left ${stands.state} without an alarm`
}

function judgeNumbers(closings: TillReport['records']): string[] {
  const numbers = closings.map(({ payload }) => (payload as { z: number }).z)
  return numbers.every((z, i) => z === i + 1) ? [] : [`closings are numbered ${numbers.join()}`]
}

// Every document that takes part is with the authority once, or has its place in the till.
function judgeLottery({ report, view, tally }: Facts): string[] {
  const wrong: string[] = []
  const documents = report.records.filter(({ type, payload }) => {
    const { lottery } = (payload ?? {}) as { lottery?: { queued: boolean } }
    return ['it.sale', 'it.void'].includes(type) && lottery?.queued === true
  })
  for (const { seq, payload } of documents) {
    tally.lotteryDocuments += 1
    const { z, n } = payload as { z: number; n: number }
    const number = `${String(z).padStart(4, '0')}-${String(n).padStart(4, '0')}`
    const rows = view.lottery.filter(({ row }) => row.number === number)
    const files = new Set(rows.map(({ n: line }) => view.messages.find((one) => one.n === line)?.sha256))
    if (files.size > 1) wrong.push(`lottery document ${number} in ${files.size} different files`)
    const batch = report.records.find(
      (one) =>
        one.type === 'it.lottery' &&
        (one.payload as { documents: { seq: number }[] }).documents.some((document) => document.seq === seq),
    )
    const waits = report.lottery.items.some((item) => item.seq === seq)
    if ((batch === undefined) !== waits)
      wrong.push(`lottery document ${number} is ${waits ? 'in a batch and waits' : 'in no batch and waits nowhere'}`)
  }
  return wrong
}

// Nothing is with the authority that the till does not know of.
function judgeStrangers({ report, view }: Facts): string[] {
  const known = new Set(told(report, 'it.transmission').map(({ blob }) => blob))
  return view.messages
    .filter(({ accepted, sha256 }) => accepted && (sha256 === undefined || !known.has(sha256)))
    .map(({ n, route }) => `line ${n} (${route}) is in no transmission record`)
}
