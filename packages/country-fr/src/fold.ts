// The fold: one record into the state. Everything the state holds is decided here and nowhere else; `decide` only reads it.
import { isJournalType, type FiscalRecord } from '@sigillo/core'
import { foldEvent } from './fold-events.js'
import { isCounted } from './kinds.js'
import type { ArchivePayload, ClosingPayload, CopyPayload, PaymentPayload, SalePayload } from './payload.js'
import { isProfile } from './profiles.js'
import { addToRanges, copyLevel, emptyLevel, LEVELS, type ClosingLevel, type LevelName, type Mark, type State } from './state.js'
import { addDelta, asDelta, copyTotals, count, counting, withoutZeros, type Delta, type Totals } from './totals.js'

/** Takes the next record of the journal into the state. */
export function fold(state: State, record: FiscalRecord): void {
  const { type } = record.body
  if (isJournalType(type)) {
    if (type === 'sys.checkpoint') foldCheckpoint(state, record)
    return
  }
  if (record.payload === null) foldPurged(state, record)
  else (folds[type] ?? ignore)(state, record)
  foldPlace(state, record)
}

const ignore = (): void => undefined

const folds: Readonly<Record<string, (state: State, record: FiscalRecord) => void>> = {
  ticket: foldSale,
  invoice: foldSale,
  note: foldNote,
  payment: foldPayment,
  closing: foldClosing,
  event: foldEvent,
  copy: foldCopy,
  archive: foldArchive,
  training: (state) => tally(state, 'training'),
}

/** Number printed for a record: its place in its chain plus the numbers lost before it. */
export function numberOf(state: State, record: FiscalRecord): number {
  return record.body.tseq + (state.offsets[record.body.type] ?? 0)
}

// First record per type and level; the clock; where a day begins.
function foldPlace(state: State, record: FiscalRecord): void {
  const { type, ts } = record.body
  const ms = Date.parse(ts)
  // Only the event that tells of it takes the clock back: an opening with a wrong clock must not make it right.
  if (ms > state.lastMs || (type === 'event' && (record.payload as { code?: number } | null)?.code === 910)) state.lastMs = ms
  const { shift, day, month, year } = state.levels
  for (const { first } of [shift, day, month, year]) first[type] ??= [numberOf(state, record), record.hash]
}

function touchDay(state: State, record: FiscalRecord, moment: string, date: string): void {
  state.to = moment
  state.toDate = date
  for (const name of LEVELS) {
    const level = state.levels[name]
    if (level.from !== '') continue
    level.from = moment
    level.date = date
    level.fromMs = Date.parse(record.body.ts)
  }
}

function eachTotals(state: State, change: (totals: Totals) => void): void {
  for (const name of LEVELS) change(state.levels[name].totals)
}

function tally(state: State, name: string): void {
  eachTotals(state, (totals) => count(totals, name))
}

const saleKinds: Readonly<Record<string, string>> = {
  sale: 'sales',
  invoice: 'sales',
  deposit: 'sales',
  refund: 'refunds',
  credit: 'refunds',
  cancellation: 'cancellations',
}

/** What a ticket or invoice adds. */
export function deltaOf(payload: SalePayload): Delta {
  const { discounts } = payload
  const counts: [string, number][] = [
    ['lines', payload.lines.length],
    [saleKinds[payload.op] ?? 'sales', 1],
  ]
  if (discounts !== undefined) counts.push(['discounts', discounts.count])
  if (payload.degraded !== undefined) counts.push(['degraded', 1])
  if (payload.notIssued === true) counts.push(['notIssued', 1])
  if (payload.late !== undefined) counts.push(['late', 1])
  return {
    rates: Object.entries(payload.vat),
    pay: Object.entries(payload.pay),
    outside: payload.outside ?? 0,
    discounts: discounts?.amount ?? 0,
    counts,
  }
}

function foldSale(state: State, record: FiscalRecord): void {
  const payload = record.payload as unknown as SalePayload
  if (payload.counted === false) tally(state, 'covering')
  else {
    const delta = deltaOf(payload)
    for (const name of LEVELS) addDelta(state.levels[name].totals, delta)
    const { perpetual } = state
    perpetual.alg += payload.total
    perpetual.abs += Math.abs(payload.total)
    for (const [rate, { ttc }] of delta.rates) perpetual.rates[rate] = (perpetual.rates[rate] ?? 0) + ttc
  }
  touchDay(state, record, payload.moment, payload.date)
  markSale(state, payload)
  if (payload.degraded !== undefined) markDegraded(state, payload.degraded)
}

function markSale(state: State, payload: SalePayload): void {
  const { original, refunded, covers } = payload
  if (covers !== undefined) for (const { seq } of covers) markOf(state, seq).covered = true
  if (original === undefined || !('seq' in original)) return
  if (payload.op === 'cancellation') markOf(state, original.seq).cancelled = true
  if (refunded !== undefined) {
    const mark = markOf(state, original.seq)
    mark.refunded ??= {}
    for (const [line, quantity] of refunded) mark.refunded[line] = (mark.refunded[line] ?? 0) + quantity
  }
}

/** The mark of an original, made when there is none. */
export function markOf(state: State, seq: number): Mark {
  return (state.marks[seq] ??= {})
}

function markDegraded(state: State, degraded: { readonly episode: string; readonly seq: number }): void {
  const episode = (state.episodes[degraded.episode] ??= { done: false, seen: [] })
  episode.seen = addToRanges(episode.seen, degraded.seq)
}

function foldNote(state: State, record: FiscalRecord): void {
  const payload = record.payload as unknown as SalePayload
  tally(state, 'notes')
  touchDay(state, record, payload.moment, payload.date)
  if (payload.degraded !== undefined) markDegraded(state, payload.degraded)
}

/** What a payment document adds: payment totals, and cash in or out. */
export function paymentDelta(payload: PaymentPayload): Delta {
  const counts: [string, number][] = [['payments', 1]]
  if (payload.op === 'cash-in') counts.push(['cashIn', payload.total])
  if (payload.op === 'cash-out') counts.push(['cashOut', payload.total])
  return { ...counting(...counts), pay: Object.entries(payload.pay) }
}

function foldPayment(state: State, record: FiscalRecord): void {
  const payload = record.payload as unknown as PaymentPayload
  const delta = paymentDelta(payload)
  eachTotals(state, (totals) => addDelta(totals, delta))
  touchDay(state, record, payload.moment, payload.date)
  if (payload.degraded !== undefined) markDegraded(state, payload.degraded)
}

function foldCopy(state: State, record: FiscalRecord): void {
  const payload = record.payload as unknown as CopyPayload
  tally(state, 'copies')
  markOf(state, payload.original.seq).copies = payload.copy
}

function foldClosing(state: State, record: FiscalRecord): void {
  const payload = record.payload as unknown as ClosingPayload
  if (state.blind && isLevel(payload.kind)) restoreLevels(state, payload)
  if (payload.kind === 'start') {
    state.phase = 'started'
    state.config = payload.config ?? {}
    if (isProfile(payload.profile)) state.profile = payload.profile
    state.archive.firstMs = Date.parse(record.body.ts)
  } else if (payload.kind === 'stop') state.phase = 'stopped'
  else if (payload.kind === 'zero') endEpisode(state, payload)
  else if (isLevel(payload.kind)) closeLevel(state, payload.kind, record)
}

function isLevel(kind: string): kind is ClosingLevel {
  return kind === 'shift' || kind === 'day' || kind === 'month' || kind === 'year'
}

function endEpisode(state: State, payload: ClosingPayload): void {
  const id = payload.episode?.['episode']
  if (typeof id !== 'string') return
  const episode = (state.episodes[id] ??= { done: false, seen: [] })
  const last = payload.episode?.['lastSeq']
  episode.done = true
  // Everything up to the last number was accounted for; one range is enough to know it again.
  if (typeof last === 'number') episode.seen = [[1, last]]
}

function closeLevel(state: State, level: ClosingLevel, record: FiscalRecord): void {
  const { totals } = state.levels[level]
  if (level === 'day') {
    state.closed.days += totals.ttc
    state.dayClosedAt = record.body.seq
    state.closedDays.push([(record.payload as unknown as ClosingPayload).date, record.body.seq, 0])
  }
  if (level === 'month') {
    state.closed.days = 0
    state.closed.months += totals.ttc
  }
  if (level === 'year') state.closed.months = 0
  state.levels[level] = emptyLevel()
}

// The purged payloads before this closing are gone, but the closing states every level.
function restoreLevels(state: State, payload: ClosingPayload): void {
  for (const name of LEVELS) {
    const level = payload.levels[name]
    if (level !== undefined) state.levels[name] = copyLevel(level)
  }
  const own = state.levels[payload.kind as LevelName]
  own.totals = copyTotals(payload.totals)
  state.closed = { ...payload.closed }
  state.perpetual = { ...payload.perpetual, rates: { ...payload.perpetual.rates } }
  if (payload.to !== payload.moment) state.to = payload.to
  if (payload.to !== payload.moment) state.toDate = payload.date
  // The event that told of a new minor version may be among what was purged.
  if (state.config['software'] !== undefined) state.config = { ...state.config, software: payload.software }
  state.blind = false
}

function foldCheckpoint(state: State, record: FiscalRecord): void {
  const newest = state.closedDays.at(-1)
  if (newest !== undefined && newest[2] === 0 && (record.payload as { reason?: string } | null)?.reason === 'closing')
    newest[2] = record.body.seq
}

function foldArchive(state: State, record: FiscalRecord): void {
  const payload = record.payload as unknown as ArchivePayload
  const archive = state.levels.archive
  addDelta(archive.totals, asDelta(payload.totals), -1)
  state.levels.archive = { ...emptyLevel(), totals: withoutZeros(archive.totals) }
  state.closedDays = state.closedDays.filter(([, seq]) => seq > payload.to)
  state.archive = { next: payload.to + 1, number: payload.number, manifest: payload.manifest, firstMs: payload.lastMs }
  state.archives.push({
    number: payload.number,
    from: payload.from,
    to: payload.to,
    manifest: payload.manifest,
    lastMs: payload.lastMs,
    seq: record.body.seq,
  })
}

// Body and statement of a purged record remain: the perpetual totals stand in the statement, the levels come with the next closing.
function foldPurged(state: State, record: FiscalRecord): void {
  const { type, x } = record.body
  if (isCounted(type) && x !== undefined) {
    state.perpetual.alg = Number(x['gta'])
    state.perpetual.abs = Number(x['gtp'])
  }
  state.blind = true
}
