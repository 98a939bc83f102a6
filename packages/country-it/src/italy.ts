// Italy as a country pack: the tables and pure functions of this package put together.
import type { Country } from '@sigillo/core'
import { answerOf } from './answer.js'
import { auditItaly } from './audit.js'
import { decide } from './decide.js'
import { fold } from './fold.js'
import { gather } from './gather.js'
import { settingsOf, type ItalyOptions, type Settings } from './options.js'
import { printItems } from './print.js'
import type { Needs } from './reference.js'
import { parseRequest } from './request.js'
import type { ItalianRequest } from './request-types.js'
import { initialState, restoreState, totalsOf, type State } from './state.js'

/** An Italian country pack with its settings. */
export interface Italy extends Country<ItalianRequest, State, Needs> {
  readonly settings: Settings
}

/**
 * The Italian rules for one telematic register, or for one server and its tills. Simulation is on unless switched off.
 * @param options the device and its merchant; see {@link ItalyOptions}
 * @throws FiscalError OPTION_INVALID naming the option
 * @law DM-2016-12-07 (documents), AE-182017 (messages)
 * @example
 * const country = italy({ matricola: '99IEB041967', startsAs: 'ATTIVATO',
 *   merchant: { name: 'Bottega Esempio', address: 'Via Roma 1, 10100 Torino', vat: '01234567897' } })
 */
export function italy(options: ItalyOptions): Italy {
  const settings = settingsOf(options)
  return {
    settings,
    profile: 'IT',
    parse: parseRequest,
    initial: () => initialState(settings),
    gather: (state, request, lookup) => gather(settings, state, request, lookup),
    decide: (state, request, context) => decide(settings, state, request, context),
    fold,
    totals: totalsOf,
    restore: (totals) => restoreState(settings, totals),
    print: (record) => printItems(record, settings.width),
    answer: answerOf,
    auditor: () => auditItaly(settings),
  }
}
