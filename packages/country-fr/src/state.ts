// The state of a French queue: the fold of its journal, plain JSON. It does not grow with the number of receipts. What grows:
// one small mark per original that has copies, refunds or an invoice (dropped when it is purged), one row per archive, one per
// outage, one per closed day since the last archive, and ranges of numbers per handwritten pad.
import type { Json, JsonObject } from '@sigillo/core'
import type { ProfileName } from './profiles.js'
import { copyTotals, emptyTotals, type Totals } from './totals.js'

/** Accumulating levels (8.1), lowest first. */
export const LEVELS = ['shift', 'day', 'month', 'year', 'archive'] as const
/** One level. */
export type LevelName = (typeof LEVELS)[number]
/** Levels a till may close. */
export type ClosingLevel = Exclude<LevelName, 'archive'>

/** One level since its last closing. */
export type Level = {
  totals: Totals
  /** Local moment and business date of the first record that belongs to a day; empty while there is none. */
  from: string
  date: string
  /** UTC milliseconds of that record. */
  fromMs: number
  /** First record per type: printed number and hash. */
  first: Record<string, [number, string]>
}

/** What happened to one original. */
export type Mark = {
  /** Duplicates made. */
  copies?: number
  cancelled?: true
  covered?: true
  /** Refunded ten-thousandths by index of line. */
  refunded?: Record<string, number>
}

/** One archive made. */
export type ArchiveRow = {
  number: number
  from: number
  to: number
  manifest: string
  lastMs: number
  seq: number
  moved?: string
}

/** Perpetual totals (8.3), in cents. */
export type Perpetual = { alg: number; abs: number; rates: Record<string, number> }

/** The whole state. */
export type State = {
  v: 1
  phase: 'new' | 'started' | 'stopped'
  profile: ProfileName
  /** Settings that touch the four conditions, as last recorded. */
  config: Record<string, string | number | boolean>
  levels: Record<LevelName, Level>
  /** Turnover of the days closed in the open month, and of the months closed in the open year (8.2). */
  closed: { days: number; months: number }
  perpetual: Perpetual
  /** Local moment and business date of the newest record that belongs to a day. */
  to: string
  toDate: string
  /** UTC milliseconds the next record is held against: the newest country record, or the last event that told of a step back. */
  lastMs: number
  /** Printed number = tseq + offset (lost numbers are not used again). */
  offsets: Record<string, number>
  marks: Record<string, Mark>
  /** Handwritten pads: ranges of captured numbers. */
  pads: Record<string, [number, number][]>
  episodes: Record<string, { done: boolean; seen: [number, number][] }>
  /** Number of the newest day closing; records after it can be cancelled. */
  dayClosedAt: number
  /** Business date, number of its closing record, number of the checkpoint that ended the request (0 while unknown). */
  closedDays: [string, number, number][]
  archive: { next: number; number: number; manifest: string; firstMs: number }
  archives: ArchiveRow[]
  /** Responsible person while school mode is on for every request. */
  training: string
  /** The signer's certificate whose end was last told, and how far it had come; absent while none was. */
  certificate?: { id: string; step: 'expiring' | 'expired' }
  /** Integrity alerts not acknowledged. */
  alerts: number
  /** Records up to this number are purged. */
  purgedTo: number
  /** True while purged payloads have been passed and no closing has restored the levels yet. */
  blind: boolean
}

/** An empty level. */
export function emptyLevel(): Level {
  return { totals: emptyTotals(), from: '', date: '', fromMs: 0, first: {} }
}

/** State before the first record. */
export function initialState(): State {
  return {
    v: 1,
    phase: 'new',
    profile: 'nf525-1',
    config: {},
    levels: { shift: emptyLevel(), day: emptyLevel(), month: emptyLevel(), year: emptyLevel(), archive: emptyLevel() },
    closed: { days: 0, months: 0 },
    perpetual: { alg: 0, abs: 0, rates: {} },
    to: '',
    toDate: '',
    lastMs: 0,
    offsets: {},
    marks: {},
    pads: {},
    episodes: {},
    dayClosedAt: -1,
    closedDays: [],
    archive: { next: 0, number: 0, manifest: '', firstMs: 0 },
    archives: [],
    training: '',
    alerts: 0,
    purgedTo: -1,
    blind: false,
  }
}

/** The state as JSON: perpetual totals as decimal strings of cents, everything else as it stands. */
export function totalsOf(state: State): JsonObject {
  const { alg, abs, rates } = state.perpetual
  const copy = structuredClone(state) as unknown as JsonObject
  return { ...copy, perpetual: { abs: String(abs), alg: String(alg), rates: { ...rates } } }
}

/** The state such JSON stands for. */
export function restoreState(totals: Json): State {
  const copy = structuredClone(totals) as unknown as State & {
    perpetual: { alg: string | number; abs: string | number; rates: Record<string, number> }
  }
  const { alg, abs, rates } = copy.perpetual
  return { ...copy, perpetual: { alg: Number(alg), abs: Number(abs), rates } }
}

/** A level that shares nothing. */
export function copyLevel(level: Level): Level {
  return { ...level, totals: copyTotals(level.totals), first: { ...level.first } }
}

/** True when a number lies in one of the ranges. */
export function inRanges(ranges: readonly (readonly [number, number])[], n: number): boolean {
  return ranges.some(([from, to]) => from <= n && n <= to)
}

/** Adds a number to sorted ranges, joining neighbours. */
export function addToRanges(ranges: [number, number][], n: number): [number, number][] {
  const out: [number, number][] = []
  let [from, to] = [n, n]
  for (const [a, b] of ranges) {
    if (b + 1 < from || to + 1 < a) out.push([a, b])
    else [from, to] = [Math.min(a, from), Math.max(b, to)]
  }
  out.push([from, to])
  return out.sort((x, y) => x[0] - y[0])
}

/** Signing profile in force; a queue that is not started yet takes the one of its settings. */
export function profileOf(state: State, wanted: ProfileName): ProfileName {
  return state.phase === 'new' ? wanted : state.profile
}
