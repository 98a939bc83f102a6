import { expect, it } from 'vitest'
import { FiscalError, isFiscalError } from '@sigillo/core'
import { frenchErrors, frenchMessage, nationalCode, refuse, type FrenchCode } from './errors.js'
import { france } from './france.js'
import { parseRequest } from './parse.js'
import { cafe } from './shop.fixture.js'

const ticket = { type: 'ticket', key: 'A', operatorId: 'OP', posMoment: '2026-11-23T10:15:30+01:00' }

function told(run: () => unknown): { readonly en: string; readonly fr: string } {
  try {
    run()
  } catch (error) {
    if (isFiscalError(error)) return { en: error.message, fr: String(error.details['messageFr']) }
    throw error
  }
  throw new Error('accepted')
}

it.each([
  [{ payments: [{ mode: 'ESP' }] }, 'payments[0].amount: is missing', 'Demande incorrecte : payments[0].amount manque.'],
  [{ lines: [{}] }, 'lines[0].label: is missing', 'Demande incorrecte : lines[0].label manque.'],
  [{ lines: {} }, 'lines: must be a list', 'Demande incorrecte : lines doit être une liste.'],
  [{ lines: [{ label: '' }] }, 'lines[0].label: must not be empty', 'Demande incorrecte : lines[0].label ne doit pas être vide.'],
  [
    { key: 'x'.repeat(129) },
    'key: must have at most 128 characters',
    'Demande incorrecte : key doit avoir au plus 128 caractères.',
  ],
  [{ key: 7 }, 'key: must be a text', 'Demande incorrecte : key doit être un texte.'],
  [
    { op: 'gift' },
    'op: must be one of sale, refund, cancellation',
    'Demande incorrecte : op doit valoir sale, refund, cancellation.',
  ],
  [{ wrong: 1 }, 'wrong: is no member known here', 'Demande incorrecte : wrong n’est pas un membre connu ici.'],
  [
    { lines: [{ label: 'x', total: true }] },
    'lines[0].total: must be a whole number of cents, or a text such as "12.50" in euros',
    'Demande incorrecte : lines[0].total doit être un nombre entier de centimes, ou un texte comme "12.50" en euros.',
  ],
  [
    { lines: [{ label: 'x', rateBp: 1.5 }] },
    'lines[0].rateBp: must be a whole number',
    'Demande incorrecte : lines[0].rateBp doit être un nombre entier.',
  ],
  [{ degraded: { seq: 1 } }, 'degraded.episode: is missing', 'Demande incorrecte : degraded.episode manque.'],
])('FR-80 a wrong request is told in words, in both languages: %j', (change, en, fr) => {
  expect(told(() => parseRequest({ ...ticket, ...change }))).toEqual({ en, fr })
})

it('FR-80 every refusal of section 19 has a French sentence, also those whose code is core’s', () => {
  const codes =
    'KEY_REUSED SIGNER_UNAVAILABLE ROLLBACK_SUSPECTED JOURNAL_CORRUPT OFFLINE_BLOCKED OFFLINE_TOO_LONG OFFLINE_LOCKED ' +
    'OFFLINE_CONFLICT OFFLINE_CHAIN_BROKEN QUEUE_ENDED'
  for (const code of codes.split(' ')) {
    const error = new FiscalError(code, { message: 'x' })
    expect(frenchMessage(error), code).toMatch(/^[A-ZÀ-Ý].*\.$/)
    expect(nationalCode(code), code).toMatch(/^FR_/)
  }
  for (const [code, { fr }] of Object.entries(frenchErrors)) {
    expect(frenchMessage(refuse(code as FrenchCode, 'x')), code).toBe(fr)
    expect(fr).toMatch(/^[A-ZÀ-Ý].*\.$/)
  }
  expect(frenchMessage(new FiscalError('STORAGE_FULL', { message: 'x' }))).toBeUndefined()
})

it.each([
  [{ siret: undefined as never }, 'option siret: is missing', 'Réglage incorrect : siret manque.'],
  [{ siret: '123' }, /^option siret: /, /^Réglage incorrect : siret .*\.$/],
  [
    { retentionYears: 5 },
    'option retentionYears: the law wants at least six years',
    'Réglage incorrect : retentionYears doit être au moins 6, comme la loi l’exige.',
  ],
])('FR-80 a wrong option is told in words, in both languages: %j', (change, en, fr) => {
  const words = told(() => france({ ...cafe, ...change }))
  expect(words.en).toEqual(typeof en === 'string' ? en : (expect.stringMatching(en) as string))
  expect(words.fr).toEqual(typeof fr === 'string' ? fr : (expect.stringMatching(fr) as string))
})
