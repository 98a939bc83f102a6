// journals.json: whole journals, sound and not, each with its verdict and exact findings (FORMAT 5).
import { Cases } from './cases.mjs'
import { chainCases } from './journals-chain.mjs'
import { damageCases } from './journals-damage.mjs'
import { keyCases } from './journals-keys.mjs'
import { ownRecordCases } from './journals-own.mjs'
import { statementCases } from './journals-statements.mjs'

/** Content of journals.json. */
export function journalVectors() {
  const cases = new Cases()
  damageCases(cases)
  chainCases(cases)
  keyCases(cases)
  ownRecordCases(cases)
  statementCases(cases)
  return {
    comment:
      'Journals with the verdict and the findings they must cause, as (seq, code, severity). `pool` holds the lines, each ended by a line feed.',
    pool: cases.pool,
    tests: cases.tests,
  }
}
