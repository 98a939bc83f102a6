// What is still to be done: closing a period that has ended, before the next sale does it by force (9.4); archiving, before a queue is
// stopped and can no more (17.7).
import { isOpen, overdue } from './closings.js'
import type { France } from './france.js'
import { restoreState, type ClosingLevel, type State } from './state.js'
import { businessDate } from './time.js'

/**
 * Levels whose period ended before an instant, lowest first; empty when nothing is due.
 * @param totals what `queue.totals()` gives
 * @param nowMs UTC milliseconds
 */
export function dueClosings({ settings }: Pick<France, 'settings'>, totals: unknown, nowMs: number): readonly ClosingLevel[] {
  return overdue(settings, restoreState(totals as never), businessDate(settings.zone, nowMs, settings.cutoffMinutes))
}

/** What no archive holds yet. */
export interface DueArchive {
  /** Number of its first record. */
  readonly from: number
  /** Business date of its first day. */
  readonly since: string
  /** True while a day is open: only closed days are archived. */
  readonly dayOpen: boolean
}

/** What of a state no archive holds yet; undefined when nothing was sold or done since the last one. */
export function notArchived(state: State): DueArchive | undefined {
  const dayOpen = isOpen(state, 'day')
  const since = state.closedDays[0]?.[0] ?? (dayOpen ? state.levels.day.date : undefined)
  return since === undefined ? undefined : { from: state.archive.next, since, dayOpen }
}

/**
 * The archive to propose before a queue is stopped: afterwards none can be made any more (17.7).
 * @param totals what `queue.totals()` gives
 */
export function dueArchive(totals: unknown): DueArchive | undefined {
  return notArchived(restoreState(totals as never))
}
