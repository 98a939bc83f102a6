// What happens when a record of a new business day meets an older open period (9.4): close it first, refuse, or allow for a while.
// Months and financial years are never left open across their end.
import { addClosing, overdue } from './closings.js'
import { addEvent, SYSTEM } from './events.js'
import { refuse } from './errors.js'
import type { Settings } from './options.js'
import type { At, Plan } from './plan.js'
import type { ClosingLevel, State } from './state.js'

/**
 * Levels to close by force before a record that belongs to a day.
 * @throws FiscalError FR_DAY_NOT_CLOSED
 */
export function rolloverLevels(settings: Settings, state: State, at: At): ClosingLevel[] {
  const due = overdue(settings, state, at.date)
  if (due.length === 0 || settings.dayRollover === 'auto') return due
  const onlyDay = due.length === 1 && due[0] === 'day'
  if (settings.dayRollover === 'allow') {
    if (!onlyDay) return due
    if (at.ms - state.levels.day.fromMs <= settings.maxDayHours * 3_600_000) return []
  }
  throw refuse('FR_DAY_NOT_CLOSED', `the ${due.join(', ')} of ${state.levels[due[0] as ClosingLevel].date} is not closed`, {
    due,
  })
}

/** Adds the forced closings in the name of the system, and the event that tells of them. */
export function addRollover(plan: Plan, levels: readonly ClosingLevel[]): void {
  if (levels.length === 0) return
  for (const level of levels) addClosing(plan, level, { operator: SYSTEM, forced: true })
  addEvent(plan, 915, `Clôture forcée par le système ${levels.length}`, { levels }, { operator: SYSTEM })
}
