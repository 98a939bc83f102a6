// The archive record and the guard of a purge (15.1, 16): which range may be archived now, what the record states of it, and
// what must be true before anything is blanked.
import type { FiscalRecord } from '@sigillo/core'
import { addEvent } from './events.js'
import { invalid, refuse } from './errors.js'
import { deltaOf, paymentDelta } from './fold.js'
import { countsOf } from './fold-events.js'
import { isCounted } from './kinds.js'
import { isOpen } from './closings.js'
import { PURGED_TYPES } from './purgeable.js'
import type { FrenchRequest } from './parse.js'
import type { ArchivePayload, ClosingPayload, PaymentPayload, SalePayload } from './payload.js'
import type { Plan } from './plan.js'
import type { Needs } from './reference.js'
import type { ArchiveRequest, PurgeRequest } from './request.js'
import type { State } from './state.js'
import { addDelta, copyTotals, counting, withoutZeros, type Totals } from './totals.js'
import { addMonths, localTime, yearEndOf, type Zone } from './time.js'

/** A range that may be archived: numbers of its first and last record, last business date. */
export interface ArchiveRange {
  readonly from: number
  readonly to: number
  readonly date: string
  /** Number of the day closing the range ends with. */
  readonly closing: number
}

/**
 * The range an archive covers: from the end of the previous one to the checkpoint that ended the chosen day's closing.
 * @throws FiscalError FR_NOTHING_TO_ARCHIVE, FR_DAY_OPEN
 */
export function archiveRange(state: State, until: string | undefined): ArchiveRange {
  const days = state.closedDays.filter(([date, , end]) => end > 0 && (until === undefined || date <= until))
  if (until === undefined ? isOpen(state, 'day') : isOpen(state, 'day') && state.levels.day.date <= until) {
    throw refuse('FR_DAY_OPEN', `the day of ${state.levels.day.date} is open`, { path: 'until' })
  }
  const last = days.at(-1)
  if (last === undefined) throw refuse('FR_NOTHING_TO_ARCHIVE', 'no closed day lies after the last archive')
  return { from: state.archive.next, to: last[2], date: last[0], closing: last[1] }
}

/** @throws FiscalError FR_ARCHIVE_TOO_LONG when more than twelve months lie between first and last record */
export function checkSpan(zone: Zone, state: State, lastMs: number): void {
  const [first, last] = [localTime(zone, state.archive.firstMs).slice(0, 10), localTime(zone, lastMs).slice(0, 10)]
  if (last > addMonths(first, 12))
    throw refuse('FR_ARCHIVE_TOO_LONG', `from ${first} to ${last} is more than twelve months`, { path: 'until' })
}

/** Adds the archive record and its event. */
export function addArchive(plan: Plan, request: FrenchRequest, needs: Needs): void {
  const input = request.input as ArchiveRequest
  const { settings, state } = plan
  const range = archiveRange(state, input.until)
  const closing = needs.closing ?? []
  const last = closing.at(-1)
  if (last === undefined) throw refuse('FR_NOTHING_TO_ARCHIVE', 'the closing of the range cannot be read')
  const lastMs = Date.parse(last.body.ts)
  checkSpan(settings.zone, state, lastMs)
  if (input.manifest === undefined) throw invalid('manifest', 'the digest of the manifest is needed; createArchive makes it')
  if (input.from !== undefined && input.from !== range.from) throw invalid('from', `the range starts at ${range.from}`)
  if (input.to !== undefined && input.to !== range.to) throw invalid('to', `the range ends at ${range.to}`)
  const kind = kindOf(plan, input, closing, range)
  const totals = rangeTotals(state, closing)
  const { number, manifest } = state.archive
  const content: Omit<ArchivePayload, 'number' | 'moment' | 'operator'> = {
    breaks: input.breaks ?? 0,
    date: range.date,
    from: range.from,
    kind,
    lastMs,
    manifest: input.manifest,
    previous: number === 0 ? null : { manifest, number },
    to: range.to,
    total: totals.ttc,
    totals,
    vat: totals.rates,
  }
  plan.add('archive', () => ({ ...content }), { principal: true })
  addEvent(plan, kind === 'year' ? 30 : 20, `Archive ${kind === 'year' ? 'annuelle' : 'de période'} jusqu’au ${range.date}`, {
    from: range.from,
    to: range.to,
    manifest: input.manifest,
  })
  if (content.breaks > 0) addEvent(plan, 90, `Archive avec ${content.breaks} défauts d’intégrité`, { breaks: content.breaks })
}

// An annual archive ends with a closing of the financial year.
function kindOf(plan: Plan, input: ArchiveRequest, closing: readonly FiscalRecord[], range: ArchiveRange): 'period' | 'year' {
  const year = closing.some(
    (record) => record.body.type === 'closing' && (record.payload as { kind?: string } | null)?.kind === 'year',
  )
  if (input.kind === 'year' && !year)
    throw invalid(
      'kind',
      `the range ends on ${range.date} without a year closing (${yearEndOf(range.date, plan.settings.fiscalYearEnd)})`,
    )
  return input.kind ?? (year ? 'year' : 'period')
}

/** An archive in school mode: nothing is archived, so nothing has to be closed. */
export function addSchoolArchive(plan: Plan, request: FrenchRequest): void {
  const { kind = 'period', manifest = '0'.repeat(64) } = request.input as ArchiveRequest
  const { archive, levels } = plan.state
  const { totals } = levels.archive
  const content = {
    breaks: 0,
    date: plan.at.date,
    from: archive.next,
    kind,
    lastMs: plan.at.ms,
    manifest,
    previous: null,
    to: archive.next,
    total: totals.ttc,
    totals: copyTotals(totals),
    vat: copyTotals(totals).rates,
  }
  plan.add('archive', () => ({ ...content }), { principal: true })
}

/** Totals of the range: the archive level as the day closing stated it, and what its request counted afterwards. */
export function rangeTotals(state: State, closing: readonly FiscalRecord[]): Totals {
  let totals: Totals | undefined
  for (const record of closing) {
    const payload = record.payload as unknown as ClosingPayload
    if (record.body.type === 'closing' && payload.kind === 'day')
      totals = copyTotals((payload.levels['archive'] as { totals: Totals }).totals)
    else if (totals !== undefined) addRecord(totals, record)
  }
  return withoutZeros(totals ?? copyTotals(state.levels.archive.totals))
}

function addRecord(totals: Totals, record: FiscalRecord): void {
  const { type } = record.body
  if (isCounted(type)) {
    const payload = record.payload as unknown as SalePayload
    addDelta(totals, payload.counted === false ? counting(['covering', 1]) : deltaOf(payload))
  } else if (type === 'payment') {
    addDelta(totals, paymentDelta(record.payload as unknown as PaymentPayload))
  } else if (type === 'note') addDelta(totals, counting(['notes', 1]))
  else if (type === 'event') {
    const { code } = record.payload as { code: number }
    addDelta(totals, counting(...countsOf(code).map((name) => [name, 1] as const)))
  }
}

/**
 * Adds the event that allows a purge: everything asked for by section 16 is checked here, except that the caller has verified
 * each archive now and says so by its manifest digest.
 * @throws FiscalError FR_PURGE_NOT_ALLOWED
 */
export function addPurge(plan: Plan, request: FrenchRequest): void {
  const { archives, manager, scope = 'all' } = request.input as PurgeRequest
  const { state, settings, at } = plan
  const deny = (why: string): never => {
    throw refuse('FR_PURGE_NOT_ALLOWED', why)
  }
  if (manager.trim() === '') deny('a manager must be named')
  const rows = archives.map(({ number, manifest }) => {
    const row = state.archives.find((known) => known.number === number)
    if (row === undefined) return deny(`archive ${number} does not exist`)
    if (row.manifest !== manifest) return deny(`archive ${number} was verified with another manifest`)
    if (row.moved === undefined) return deny(`archive ${number} is not confirmed on an external medium (event 440)`)
    const kept = addMonths(
      yearEndOf(localTime(settings.zone, row.lastMs).slice(0, 10), settings.fiscalYearEnd),
      settings.retentionYears * 12,
    )
    if (at.date <= kept) return deny(`archive ${number} must be kept on line until ${kept}`)
    return row
  })
  rows.sort((a, b) => a.from - b.from)
  if (scope === 'all' && rows[0]?.from !== state.purgedTo + 1) deny('a purge begins with the oldest records not yet purged')
  rows.forEach((row, i) => i > 0 && row.from !== (rows[i - 1] as { to: number }).to + 1 && deny('the archives named do not join'))
  const data = {
    archives: rows.map(({ number, manifest }) => ({ manifest, number })),
    from: scope === 'all' ? state.purgedTo + 1 : (rows[0] as { from: number }).from,
    to: (rows.at(-1) as { to: number }).to,
    manager,
  }
  const { from, to } = data
  const archive = rows.map((row) => `${row.number}:${row.manifest}`).join(' ')
  plan.redacts({ from, to, types: scope === 'all' ? PURGED_TYPES : ['event'], archive, reason: 'purge' })
  const numbers = rows.map(({ number }) => number).join(' ')
  const [code, what] = scope === 'all' ? [200, 'Purge'] : [205, 'Purge partielle du JET']
  addEvent(plan, code, `${what} archives ${numbers} par ${manager}`, data, { principal: true })
}
