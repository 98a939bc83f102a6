// The French codes of refusal with their French sentence. English is the message of the error itself; the French one stands
// in `details.messageFr`. Where core has its own code for the same thing, the French name is its `national` code.
import { FiscalError, type ErrorKind } from '@sigillo/core'

/** A code only French rules can raise. */
export type FrenchCode =
  | 'FR_NOT_STARTED'
  | 'FR_STOPPED'
  | 'FR_ITEMS_FORBIDDEN'
  | 'FR_PAYMENTS_FORBIDDEN'
  | 'FR_ITEMS_REQUIRED'
  | 'FR_SUM_MISMATCH'
  | 'FR_CURRENCY'
  | 'FR_AMOUNT_PRECISION'
  | 'FR_VAT_RATE_UNKNOWN'
  | 'FR_VAT_MISMATCH'
  | 'FR_EXEMPTION_REQUIRED'
  | 'FR_REFERENCE_REQUIRED'
  | 'FR_REFERENCE_UNKNOWN'
  | 'FR_REFUND_EXCEEDS'
  | 'FR_ALREADY_CANCELLED'
  | 'FR_ALREADY_COVERED'
  | 'FR_PERIOD_CLOSED'
  | 'FR_DAY_NOT_CLOSED'
  | 'FR_DAY_OPEN'
  | 'FR_NOTHING_TO_ARCHIVE'
  | 'FR_ARCHIVE_TOO_LONG'
  | 'FR_PURGE_NOT_ALLOWED'
  | 'FR_TRAINING_RESPONSIBLE'
  | 'FR_CLOCK_BACKWARDS'
  | 'FR_LATE_DUPLICATE'
  | 'FR_COPY_TARGET'
  | 'FR_COUNTRY'

/** One row of the table. */
export interface FrenchErrorRow {
  readonly kind: ErrorKind
  readonly fr: string
  readonly remedy: string
}

const input = (fr: string, remedy: string): FrenchErrorRow => ({ kind: 'input', fr, remedy })
const state = (fr: string, remedy: string): FrenchErrorRow => ({ kind: 'state', fr, remedy })

const french: Readonly<Record<FrenchCode, FrenchErrorRow>> = {
  FR_NOT_STARTED: state('La caisse n’est pas démarrée.', 'Record a start request first.'),
  FR_STOPPED: state('La caisse est arrêtée définitivement.', 'Start a new queue; this one has ended.'),
  FR_ITEMS_FORBIDDEN: input('Aucune ligne n’est permise dans cette demande.', 'Leave the lines out.'),
  FR_PAYMENTS_FORBIDDEN: input('Aucun règlement n’est permis dans cette demande.', 'Leave the payments out.'),
  FR_ITEMS_REQUIRED: input('Au moins une ligne est nécessaire.', 'Send at least one line.'),
  FR_SUM_MISMATCH: input('Les sommes ne concordent pas.', 'Make the two sums named in the message equal.'),
  FR_CURRENCY: input(
    'Seul l’euro est admis ; une devise étrangère se déclare comme montant étranger d’un règlement.',
    'Use EUR; put foreign cash into foreignAmount.',
  ),
  FR_AMOUNT_PRECISION: input('Un montant a trop de décimales.', 'Amounts have two decimals, unit prices six, quantities four.'),
  FR_VAT_RATE_UNKNOWN: input(
    'Taux de TVA inconnu pour cette région à cette date.',
    'Use a rate of the region, or list it in extraRates.',
  ),
  FR_VAT_MISMATCH: input('La TVA fournie ne correspond pas aux lignes.', 'Leave the VAT amounts out or correct them.'),
  FR_EXEMPTION_REQUIRED: input(
    'Une ligne à taux zéro demande un code d’exonération.',
    'Give EXO, FRB, AUT, EXP, DET, HCH or TER.',
  ),
  FR_REFERENCE_REQUIRED: input(
    'La référence du document d’origine est obligatoire.',
    'Name the original record, or external:<text>.',
  ),
  FR_REFERENCE_UNKNOWN: input('Le document d’origine est introuvable.', 'Name a record of this queue that fits the request.'),
  FR_REFUND_EXCEEDS: input('L’avoir dépasse la quantité d’origine.', 'Refund no more than was sold and not yet refunded.'),
  FR_ALREADY_CANCELLED: input('Le document est déjà annulé.', 'Nothing to do; it was cancelled before.'),
  FR_ALREADY_COVERED: input('Le ticket figure déjà sur une facture.', 'A ticket is covered by one invoice only.'),
  FR_PERIOD_CLOSED: input('La période est clôturée.', 'Record a refund; it counts in the open day.'),
  FR_DAY_NOT_CLOSED: state('La journée précédente n’est pas clôturée.', 'Close the day, then send the same request again.'),
  FR_DAY_OPEN: state('Une journée est encore ouverte.', 'Close the day, or name a closed day in until.'),
  FR_NOTHING_TO_ARCHIVE: state('Rien à archiver.', 'Close a day first.'),
  FR_ARCHIVE_TOO_LONG: input('Une archive couvre douze mois au plus.', 'Archive a shorter range by naming until.'),
  FR_PURGE_NOT_ALLOWED: input(
    'La purge n’est pas permise.',
    'Archive, verify, move to an external medium, wait for the retention period.',
  ),
  FR_TRAINING_RESPONSIBLE: input('Le mode école demande une personne responsable.', 'Give training.responsible.'),
  FR_CLOCK_BACKWARDS: state('L’horloge a reculé.', 'Correct the clock, or confirm it with a clock request.'),
  FR_LATE_DUPLICATE: input('Ce ticket manuscrit est déjà saisi.', 'Nothing to do; pad and number were captured before.'),
  FR_COPY_TARGET: input('Ce document ne peut pas être dupliqué.', 'Copy the original document, not a copy, event or archive.'),
  FR_COUNTRY: input('La demande porte les codes d’un autre pays.', 'Send it to a queue of that country.'),
}

/** All French codes with kind, French sentence and remedy, for documentation. */
export const frenchErrors: Readonly<Record<FrenchCode, FrenchErrorRow>> = french

interface National {
  readonly code: string
  readonly fr: string
}

const national: Readonly<Record<string, National>> = {
  KEY_REUSED: { code: 'FR_REFERENCE_REUSED', fr: 'Cette référence désigne déjà une autre demande.' },
  SIGNER_UNAVAILABLE: { code: 'FR_SIGNER_UNAVAILABLE', fr: 'La signature est indisponible ; rien n’est enregistré.' },
  ROLLBACK_SUSPECTED: { code: 'FR_CHAIN_TAIL_MISSING', fr: 'La fin du journal manque ; un responsable doit le constater.' },
  JOURNAL_CORRUPT: { code: 'FR_INTEGRITY_DEFECT', fr: 'Le journal est endommagé : défaut d’intégrité.' },
  OFFLINE_BLOCKED: { code: 'FR_OFFLINE_BLOCKED', fr: 'La caisse ne peut pas vendre hors ligne.' },
  OFFLINE_TOO_LONG: { code: 'FR_OFFLINE_TOO_LONG', fr: 'La durée permise hors ligne est dépassée.' },
  OFFLINE_LOCKED: { code: 'FR_DEGRADED_LOCKED', fr: 'Une autre application tient le journal hors ligne de cette caisse.' },
  OFFLINE_CONFLICT: { code: 'FR_DEGRADED_CONFLICT', fr: 'Ce reçu dégradé est déjà enregistré avec un autre contenu.' },
  OFFLINE_CHAIN_BROKEN: { code: 'FR_DEGRADED_CHAIN_BROKEN', fr: 'La chaîne des reçus dégradés est rompue.' },
  QUEUE_ENDED: { code: 'FR_STOPPED', fr: french.FR_STOPPED.fr },
}

/** The French name of an error of core, or undefined when it has none. */
export function nationalCode(coreCode: string): string | undefined {
  return Object.hasOwn(national, coreCode) ? national[coreCode]?.code : undefined
}

/** What to show a French user of an error: its own sentence, or that of the error of core; undefined when there is none. */
export function frenchMessage({ code, path, details }: Pick<FiscalError, 'code' | 'path' | 'details'>): string | undefined {
  const { messageFr } = details
  if (typeof messageFr === 'string') return messageFr
  // Refused by core before the French rules see it, as a fraction where an integer of cents belongs.
  if (code === 'REQUEST_INVALID') return `Demande incorrecte${path === undefined ? '' : ` : ${path}`}.`
  return Object.hasOwn(national, code) ? national[code]?.fr : undefined
}

/** A refusal by a French rule. Nothing is recorded. */
export function refuse(
  code: FrenchCode,
  message: string,
  details: Readonly<Record<string, unknown>> & { readonly path?: string } = {},
): FiscalError {
  const { path, ...rest } = details
  const { kind, fr, remedy } = french[code]
  const retry = kind === 'state' ? 'same-handle' : 'never'
  return new FiscalError(code, {
    kind,
    message,
    retry,
    remedy,
    ...(path !== undefined && { path }),
    details: { ...rest, messageFr: fr },
  })
}

/** A request whose form is wrong, with the path of the member, and what is wrong with it. */
export function invalid(path: string, message: string, fr?: string): FiscalError {
  return new FiscalError('REQUEST_INVALID', {
    message: `${path}: ${message}`,
    path,
    details: { messageFr: `Demande incorrecte : ${path}${fr === undefined ? '' : ` ${fr}`}.` },
  })
}
