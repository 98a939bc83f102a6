// What lies in a period that has ended and is still open (9.4): for a scheduled job that closes it before the next sale does.
import { overdue } from './closings.js'
import type { France } from './france.js'
import { restoreState, type ClosingLevel } from './state.js'
import { businessDate } from './time.js'

/**
 * Levels whose period ended before an instant, lowest first; empty when nothing is due.
 * @param totals what `queue.totals()` gives
 * @param nowMs UTC milliseconds
 */
export function dueClosings({ settings }: Pick<France, 'settings'>, totals: unknown, nowMs: number): readonly ClosingLevel[] {
  return overdue(settings, restoreState(totals as never), businessDate(settings.zone, nowMs, settings.cutoffMinutes))
}
