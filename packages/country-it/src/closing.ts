// Closings (9.2, 9.3): numbers allocated, every figure of the file fixed in one record, accumulators reset by its fold.
import { refuse } from './errors.js'
import { closingTotals, rowsOf } from './figures.js'
import { standingWarnings } from './guards.js'
import type { Settings } from './options.js'
import type { ClosingPayload } from './payload.js'
import type { State, Till } from './state.js'
import { addDays, dateOf, dateTime, instantOf } from './time.js'

/** What a closing is made from. */
export interface ClosingParts {
  readonly id: string
  readonly till: Till
  readonly atMs: number
  readonly progressive: number
  readonly inactive?: { readonly from: string; readonly to: string }
  readonly automatic?: boolean
  /** Interventions and reports go with the first closing of a request only. */
  readonly carries: boolean
}

/** Content of a closing. @throws FiscalError IT_Z_EXHAUSTED */
export function closingOf(settings: Settings, state: State, parts: ClosingParts): ClosingPayload {
  const { id, till, atMs, progressive, inactive, automatic = false, carries } = parts
  if (till.z >= 9999) throw refuse('IT_Z_EXHAUSTED', 'closing 9999 was used')
  const moment = dateTime(settings.zone, atMs)
  return {
    kind: inactive === undefined ? (till.n === 0 ? 'zero' : 'closing') : 'inactive',
    matricola: settings.matricola,
    device: settings.kind,
    till: id,
    z: till.z + 1,
    progressive,
    moment,
    opened: till.openedAt,
    rows: rowsOf(till.groups, settings.defaultGroup),
    totals: closingTotals(till.n, till.totals),
    accumulators: till.groups,
    grand: { ...till.grand },
    ...(inactive && { inactive: { ...inactive } }),
    interventions: carries ? state.interventions.slice(0, 50) : [],
    reports: carries ? state.reports.slice(0, 50) : [],
    ...(automatic && { automatic: true as const }),
    warnings: standingWarnings(state, till, atMs),
    simulation: settings.simulation,
  }
}

/** True when the period must be closed before anything else is recorded: another local day, or document 9999 used. */
export function closingDue({ zone, graceMinutes }: Settings, till: Till, atMs: number): boolean {
  if (till.n >= 9999) return true
  return till.openedDate !== '' && dateOf(zone, atMs - graceMinutes * 60_000) > till.openedDate
}

/**
 * A period of inactivity: by default from the day after the last one covered to yesterday.
 * @throws FiscalError IT_PERIOD_OPEN, IT_INACTIVITY
 */
export function inactivityOf(
  { zone }: Settings,
  state: State,
  till: Till,
  request: { readonly from?: string | undefined; readonly to?: string | undefined },
  atMs: number,
): { from: string; to: string } {
  if (till.openedDate !== '' || till.n > 0) throw refuse('IT_PERIOD_OPEN', 'a period is open')
  const today = dateOf(zone, atMs)
  const from = request.from ?? (till.coveredTo === '' ? '' : addDays(till.coveredTo, 1))
  const last = lastIdleDay(state, today)
  const to = request.to ?? last
  const fits = isDate(from) && isDate(to) && from <= to && to <= last && (till.coveredTo === '' || from > till.coveredTo)
  if (!fits)
    throw refuse(
      'IT_INACTIVITY',
      `from ${from || 'nowhere'} to ${to} is no period after ${till.coveredTo || 'birth'} and up to ${last}`,
      { path: 'from', coveredTo: till.coveredTo },
    )
  return { from: dateTime(zone, instantOf(zone, `${from}T00:00:00`)), to: dateTime(zone, instantOf(zone, `${to}T23:59:59`)) }
}

// Yesterday; days out of service are no inactivity (9.3).
function lastIdleDay({ device, outSince }: State, today: string): string {
  const until = device === 'FUORI_SERVIZIO' && outSince !== '' && outSince < today ? outSince : today
  return addDays(until, -1)
}

function isDate(text: string): boolean {
  return /^\d{4}-\d{2}-\d{2}$/.test(text) && addDays(text, 0) === text
}

/** Whole days without closing or reported inactivity before today, or undefined: what {@link inactivityOf} would report. */
export function idleDays(
  { zone }: Settings,
  state: State,
  till: Till,
  atMs: number,
): { readonly from: string; readonly to: string } | undefined {
  if (till.coveredTo === '' || till.openedDate !== '') return undefined
  const [from, to] = [addDays(till.coveredTo, 1), lastIdleDay(state, dateOf(zone, atMs))]
  return from <= to ? { from, to } : undefined
}
