// The queue's clock (17.3): small steps back are accepted and told, large ones refused until the clock is right or a manager
// confirms it; long jumps forward are told. Order is given by numbers, never by time.
import { addEvent, SYSTEM } from './events.js'
import { refuse } from './errors.js'
import { isOpen } from './closings.js'
import type { Settings } from './options.js'
import type { At, Plan } from './plan.js'
import type { State } from './state.js'

const NOTICED_MS = 2000
const JUMP_MS = 24 * 3_600_000

/** What the clock did since the newest record. */
export type Step = { readonly back: number } | { readonly forward: number } | undefined

/** @throws FiscalError FR_CLOCK_BACKWARDS */
export function clockStep(settings: Settings, state: State, at: At): Step {
  if (state.lastMs === 0) return undefined
  const back = state.lastMs - at.ms
  if (back > settings.clockBackTolerance * 1000) {
    throw refuse('FR_CLOCK_BACKWARDS', `the clock lies ${Math.round(back / 1000)} s behind the newest record`, {
      seconds: Math.round(back / 1000),
    })
  }
  if (back > NOTICED_MS) return { back: Math.round(back / 1000) }
  return -back > JUMP_MS && isOpen(state, 'day') ? { forward: Math.round(-back / 1000) } : undefined
}

/** Adds the event for a step. */
export function addClockEvent(plan: Plan, step: Step): void {
  if (step === undefined) return
  if ('back' in step) addEvent(plan, 910, `Recul de l’horloge ${step.back} s`, { seconds: step.back }, { operator: SYSTEM })
  else addEvent(plan, 911, `Saut de l’horloge ${step.forward} s`, { seconds: step.forward }, { operator: SYSTEM })
}
