// School mode (12): every request is simulated and becomes one training record that moves nothing. It holds the content the
// real record would have had, and the data string of the simulated type with its own number and link.
import type { Decision, JsonObject, Place } from '@sigillo/core'
import { refuse } from './errors.js'
import type { FrenchRequest } from './parse.js'
import { statementOf, type Plan } from './plan.js'
import type { ChainType } from './profiles.js'
import type { State } from './state.js'

/**
 * The person responsible when the request is made in school mode, undefined when it is real.
 * @throws FiscalError FR_TRAINING_RESPONSIBLE
 */
export function responsibleOf(state: State, request: FrenchRequest): string | undefined {
  if (request.type === 'training') return undefined
  const { training } = request.input
  if (training === undefined || training === false) return state.training === '' || isOutage(request) ? undefined : state.training
  const named = training === true ? '' : (training.responsible ?? '').trim()
  const responsible = named === '' ? state.training : named
  if (responsible === '')
    throw refuse('FR_TRAINING_RESPONSIBLE', 'school mode needs a responsible person', { path: 'training.responsible' })
  return responsible
}

// What was sold off line was sold in earnest, on paper without FACTICE: the queue's own switch must not make it a simulation.
function isOutage({ type, degraded, input }: FrenchRequest): boolean {
  return degraded !== undefined || type === 'outage' || (type === 'zero' && 'episode' in input && input.episode !== undefined)
}

/** One training record out of what the request would have become. */
export function schoolDecision(plan: Plan, responsible: string, simulate: () => void): Decision {
  simulate()
  const { drafts } = plan.decision()
  const draft = drafts.find(({ principal }) => principal === true) ?? drafts[0]
  if (draft === undefined) throw refuse('FR_TRAINING_RESPONSIBLE', 'nothing to simulate')
  const as = draft.type as ChainType
  return {
    drafts: [
      {
        type: 'training',
        principal: true,
        write: (place) => {
          const simulated = draft.write(shadow(place))
          const payload: JsonObject = {
            ...simulated.payload,
            as,
            number: place.tseq + (plan.state.offsets['training'] ?? 0),
            responsible,
          }
          const { settings, state } = plan
          return { payload, x: statementOf(settings, state.profile, as, payload, place.head('training'), state.perpetual, true) }
        },
      },
    ],
  }
}

// The simulated record sees the journal as it is, but stands in the training chain.
function shadow(place: Place): Place {
  const { queue, seq, tseq, ts, tsBack, kid } = place
  return { queue, seq, tseq, ts, tsBack, kid, head: (type) => place.head(type), heads: () => place.heads() }
}
