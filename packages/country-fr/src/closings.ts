// Closings of shift, day, month and year, zero, start and stop (9): which levels a request closes, in which order, what each
// closing record states.
import type { Place } from '@sigillo/core'
import { addEvent, SYSTEM } from './events.js'
import { operationOf } from './kinds.js'
import { cents } from './money.js'
import type { Settings } from './options.js'
import type { ClosingPayload } from './payload.js'
import type { Plan } from './plan.js'
import { copyLevel, LEVELS, profileOf, type ClosingLevel, type Level, type State } from './state.js'
import { copyTotals } from './totals.js'
import { daysBetween, yearEndOf } from './time.js'

/** Closing events are 50, of a year 60 (2.3). */
const eventOf: Readonly<Record<ClosingLevel, number>> = { shift: 50, day: 50, month: 50, year: 60 }

/** True while a level has a record that belongs to a day. */
export function isOpen(state: State, level: ClosingLevel): boolean {
  return state.levels[level].from !== ''
}

/** Levels a wanted closing really closes, lowest first: a month closes its open day, a year its open month (9.3). */
export function levelsFor(state: State, wanted: ClosingLevel): ClosingLevel[] {
  if (wanted === 'shift' || wanted === 'day') return [wanted]
  const lower: ClosingLevel[] = isOpen(state, 'day') ? ['day'] : []
  if (wanted === 'year' && isOpen(state, 'month')) lower.push('month')
  return [...lower, wanted]
}

/** Levels that must be closed before a record of a business date: those whose period lies before it (9.4). */
export function overdue(settings: Settings, state: State, date: string): ClosingLevel[] {
  const { day, month, year } = state.levels
  // Nearly every record falls into the open day, which lies in the open month and year.
  if (day.from !== '' && date <= day.date) return []
  const out: ClosingLevel[] = []
  if (day.from !== '' && date > day.date) out.push('day')
  if (month.from !== '' && date.slice(0, 7) > month.date.slice(0, 7)) out.push('month')
  if (year.from !== '' && date > yearEndOf(year.date, settings.fiscalYearEnd)) {
    if (!out.includes('month') && month.from !== '') out.push('month')
    out.push('year')
  }
  return out
}

/** Options of one closing. */
export interface ClosingOptions {
  readonly operator?: string
  readonly forced?: boolean
  readonly principal?: boolean
  readonly drawer?: number | string | undefined
}

/** Adds one level's closing with its events: 330, the closing, 50 or 60. */
export function addClosing(plan: Plan, level: ClosingLevel, options: ClosingOptions = {}): void {
  const { operator, principal = false, forced = false, drawer } = options
  const { word } = operationOf('closing', level)
  const by = operator === undefined ? {} : { operator }
  plan.closes()
  addEvent(plan, 330, `Début de clôture ${word}`, undefined, by)
  let label = ''
  plan.add(
    'closing',
    (place, state) => {
      const payload = closingOf(plan, level, place, state, state.levels[level])
      const drawerOf = drawer === undefined ? {} : { drawer: drawerDifference(drawer, state.levels[level]) }
      const off = offBalance(state, level)
      label = labelOf(word, place.tseq + (state.offsets['closing'] ?? 0), payload, off)
      return { ...payload, ...drawerOf, ...(forced && { forced: true }) }
    },
    { principal, ...by },
  )
  plan.add('event', () => ({ code: eventOf[level], info: label }), by)
  if (offBalance(plan.state, level))
    addEvent(plan, 90, `Totaux ${word} différents de la somme des clôtures`, { level }, { operator: SYSTEM })
  if (level === 'day') addNonIssue(plan)
}

function labelOf(
  word: string,
  number: number,
  payload: { from: string; to: string; late?: true; days?: number },
  off: boolean,
): string {
  const late = payload.late === true ? ` tardive ${payload.days ?? 1} jour(s)` : ''
  return `Clôture ${word} n° ${number} du ${plainMoment(payload.from)} au ${plainMoment(payload.to)}${late}${off ? ' écart' : ''}`
}

// Without colons, which separate the fields of a data string.
function plainMoment(moment: string): string {
  return `${moment.slice(6, 8)}/${moment.slice(4, 6)}/${moment.slice(0, 4)} ${moment.slice(8, 10)}h${moment.slice(10, 12)}`
}

// Receipts nobody was given are told once a day, as a count (11.2).
function addNonIssue(plan: Plan): void {
  const count = plan.state.levels.day.totals.counts['notIssued'] ?? 0
  if (count > 0 && !plan.settings.traceNonIssue)
    addEvent(plan, 918, `Justificatifs non remis ${count}`, { count }, { operator: SYSTEM })
}

// 8.2: a month equals its closed days and the open part, a year its closed months and the open part.
function offBalance(state: State, level: ClosingLevel): boolean {
  const { day, month, year } = state.levels
  if (level === 'day') return month.totals.ttc !== state.closed.days + day.totals.ttc
  return level === 'month' && year.totals.ttc !== state.closed.months + month.totals.ttc
}

function drawerDifference(drawer: number | string, level: Level): { declared: number; difference: number } {
  const declared = cents(drawer, 'drawer')
  return { declared, difference: declared - (level.totals.pay['ESP'] ?? 0) }
}

type ClosingContent = Omit<ClosingPayload, 'number' | 'moment' | 'operator'>

/** What a closing record states (9.5). `level` is the one its figures describe: for zero, start and stop the open day. */
export function closingOf(
  plan: Plan,
  kind: string,
  place: Pick<Place, 'head' | 'heads' | 'kid'>,
  state: State,
  level: Level,
): ClosingContent {
  const { moment, date } = plan.at
  const open = level.from !== ''
  const { ttc, ht, vat, pay } = level.totals
  const day = kind === 'day' && open ? lastDate(state, level) : date
  return {
    chains: chainsOf(level, place, state),
    closed: { ...state.closed },
    date: day,
    from: open ? level.from : moment,
    heads: headsOf(place),
    ht,
    kid: place.kid,
    kind,
    ...lateness(plan, kind, state, level),
    levels: otherLevels(state, kind),
    offsets: { ...state.offsets },
    pay: { ...pay },
    profile: profileOf(state, plan.settings.profile),
    perpetual: { ...state.perpetual, rates: { ...state.perpetual.rates } },
    software: plan.settings.sw,
    tax: vat,
    to: open ? state.to : moment,
    total: ttc,
    totals: copyTotals(level.totals),
    vat: copyTotals(level.totals).rates,
  }
}

function lastDate(state: State, level: Level): string {
  return state.toDate > level.date ? state.toDate : level.date
}

// A closing made in a later period than its records is late; it says how many calendar days it covers (9.4).
function lateness(plan: Plan, kind: string, state: State, level: Level): { late?: true; days?: number } {
  if (level.from === '') return {}
  const { date } = plan.at
  const passed =
    kind === 'day'
      ? date > lastDate(state, level)
      : kind === 'month'
        ? date.slice(0, 7) > level.date.slice(0, 7)
        : kind === 'year' && date > yearEndOf(level.date, plan.settings.fiscalYearEnd)
  return passed ? { days: daysBetween(level.date, lastDate(state, level)) + 1, late: true } : {}
}

function otherLevels(state: State, kind: string): Record<string, Level> {
  const out: Record<string, Level> = {}
  for (const name of LEVELS) if (name !== kind) out[name] = copyLevel(state.levels[name])
  return out
}

function chainsOf(level: Level, place: Pick<Place, 'head'>, state: State): ClosingPayload['chains'] {
  const chains: ClosingPayload['chains'] = {}
  for (const [type, first] of Object.entries(level.first)) {
    const head = place.head(type)
    if (head !== undefined) chains[type] = { first, last: [head.tseq + (state.offsets[type] ?? 0), head.hash] }
  }
  return chains
}

function headsOf(place: Pick<Place, 'heads'>): ClosingPayload['heads'] {
  return Object.fromEntries([...place.heads()].map(([type, { tseq, hash, seq }]) => [type, { hash, seq: Number(seq), tseq }]))
}
