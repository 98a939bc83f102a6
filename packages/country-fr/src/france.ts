// France as a country pack: the tables and pure functions of this package put together.
import type { Country } from '@sigillo/core'
import { answerOf } from './answer.js'
import { auditJournal } from './audit.js'
import { admit } from './config.js'
import { decide } from './decide.js'
import { nationalCode } from './errors.js'
import { fold } from './fold.js'
import { gather } from './gather.js'
import { settingsOf, type FranceOptions, type Settings } from './options.js'
import { parseRequest, type FrenchRequest } from './parse.js'
import { printOf } from './print.js'
import { isPurgeable } from './purgeable.js'
import { react } from './react.js'
import type { Needs } from './reference.js'
import { initialState, restoreState, totalsOf, type State } from './state.js'

/** A French country pack with its settings. */
export interface France extends Country<FrenchRequest, State, Needs> {
  readonly settings: Settings
}

/**
 * The French rules for one till of one establishment.
 * @param options the establishment, the till, the software; see {@link FranceOptions}
 * @throws FiscalError OPTION_INVALID naming the option
 * @law CGI-286 (2026-02-21), BOI-30 (2026-03-25)
 * @example
 * const country = france({ siret: '12345678900012', legalName: 'Café du Port', address: '1 quai', tillId: 'CAISSE-01',
 *   software: { name: 'MaCaisse', version: '2.3.1' } })
 */
export function france(options: FranceOptions): France {
  const settings = settingsOf(options)
  return {
    settings,
    profile: 'FR',
    recordsAfterExpiry: true,
    parse: parseRequest,
    initial: initialState,
    admit: (state) => admit(settings, state),
    gather,
    decide: (state, request, context) => decide(settings, state, request, context),
    fold,
    totals: totalsOf,
    restore: restoreState,
    print: (record) => printOf(settings, record),
    answer: answerOf,
    auditor: () => auditJournal(),
    react: (state, notice, context) => react(settings, state, notice, context),
    redactable: isPurgeable,
    nationalCode,
  }
}
