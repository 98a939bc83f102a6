// Finding the original of a return or an annulment, and what may still be done with it (10.1).
import type { FiscalRecord, Lookup } from '@sigillo/core'
import { invalid, refuse } from './errors.js'
import type { Settings } from './options.js'
import type { DocumentPayload, Reference } from './payload.js'
import type { ReferenceInput } from './request-types.js'
import type { Mark, State } from './state.js'

/** What `gather` found for a request. */
export interface Needs {
  readonly original?: FiscalRecord | undefined
  readonly documents?: readonly FiscalRecord[]
  readonly made?: FiscalRecord | undefined
  readonly source?: FiscalRecord | undefined
}

const DOCUMENTS = new Set(['it.sale', 'it.return', 'it.void'])

/** Payload of a document record. */
export const documentOf = (record: FiscalRecord): DocumentPayload => record.payload as unknown as DocumentPayload

/** True for a record that is a document of some kind. */
export const isDocument = ({ body, payload }: FiscalRecord): boolean => DOCUMENTS.has(body.type) && payload !== null

/** The record a reference names, or undefined: by the key of its request, or by its numbers in this device. */
export async function findOriginal(
  settings: Settings,
  state: State,
  reference: ReferenceInput,
  till: string,
  lookup: Lookup,
): Promise<FiscalRecord | undefined> {
  if ('key' in reference) {
    const found = await lookup.byKey(reference.key)
    return found !== undefined && isDocument(found) ? found : undefined
  }
  if ('other' in reference || !isOwn(settings, reference.matricola)) return undefined
  const name = (reference.till ?? till).toUpperCase()
  const range = rangeOf(state, name, reference.z)
  if (range === undefined) return undefined
  // A period's nth document stands at least n - 1 records after its first.
  for (let seq = range[0] + reference.n - 1; seq <= range[1]; seq++) {
    const record = await lookup.bySeq(BigInt(seq))
    if (record === undefined || !isDocument(record)) continue
    const { till: of, z, n } = documentOf(record)
    if (of === name && z === reference.z && n === reference.n) return record
  }
  return undefined
}

function rangeOf(state: State, name: string, z: number): readonly [number, number] | undefined {
  const till = Object.hasOwn(state.tills, name) ? state.tills[name] : undefined
  if (till === undefined) return undefined
  if (z === till.z + 1) return till.n === 0 ? undefined : [till.firstSeq, till.lastSeq]
  const period = till.periods.find(([number]) => number === z)
  return period && [period[1], period[2]]
}

const isOwn = ({ matricola }: Settings, other: string | undefined): boolean =>
  other === undefined || other.toUpperCase() === matricola

/** The reference as recorded. @throws FiscalError IT_REFERENCE_NOT_FOUND, REQUEST_INVALID */
export function referenceOf(
  settings: Settings,
  input: ReferenceInput,
  original: FiscalRecord | undefined,
  till: string,
): Reference {
  if ('other' in input) return { other: input.other, date: input.date, unverified: true }
  if (original !== undefined) {
    const { kind, z, n, moment, till: of } = documentOf(original)
    if (kind !== 'sale')
      throw refuse('IT_REFERENCE_NOT_FOUND', 'the document named is itself a return or an annulment', { path: 'reference' })
    return { matricola: settings.matricola, till: of, z, n, date: moment.slice(0, 10), moment, seq: original.body.seq }
  }
  const old = !('key' in input) && isOwn(settings, input.matricola) && input.z <= settings.before.z
  if ('key' in input || (isOwn(settings, input.matricola) && !old))
    throw refuse('IT_REFERENCE_NOT_FOUND', 'this device has no such document', { path: 'reference' })
  if (input.date === undefined) throw invalid('reference.date', 'needed for a document this device does not hold')
  const matricola = (input.matricola ?? settings.matricola).toUpperCase()
  if (!/^[0-9A-Z]{5}[0-9]{6}$/.test(matricola)) throw invalid('reference.matricola', 'not a serial number')
  return {
    matricola,
    till: (input.till ?? (old ? till : '')).toUpperCase(),
    z: input.z,
    n: input.n,
    date: input.date,
    unverified: true,
  }
}

/** What was done with a sale. */
export function markOf(state: State, seq: number): Mark {
  return state.marks[String(seq)] ?? {}
}

/** Refuses an annulment of what was annulled or returned. @throws FiscalError IT_ALREADY_VOIDED, IT_ALREADY_RETURNED */
export function checkVoid(mark: Mark): void {
  if (mark.voided === true) throw refuse('IT_ALREADY_VOIDED', 'the document is annulled already', { path: 'reference' })
  if (mark.returned !== undefined) throw refuse('IT_ALREADY_RETURNED', 'part of the document was returned', { path: 'reference' })
}

/**
 * Refuses a return beyond what is left per group, or of what the sale never gave away or left open.
 * @throws FiscalError IT_ALREADY_VOIDED, IT_ALREADY_RETURNED, IT_RETURN_EXCEEDS, IT_PAYMENTS
 */
export function checkReturn(
  mark: Mark,
  sold: DocumentPayload,
  { groups, uncollected }: Pick<DocumentPayload, 'groups' | 'uncollected'>,
): void {
  if (mark.voided === true) throw refuse('IT_ALREADY_VOIDED', 'the document is annulled', { path: 'reference' })
  const left = (group: string): number =>
    (sold.groups.find((one) => one.group === group)?.sales ?? 0) - (mark.returned?.[group] ?? 0)
  if (mark.returned !== undefined && sold.groups.every(({ group }) => left(group) <= 0)) {
    throw refuse('IT_ALREADY_RETURNED', 'the document is wholly returned', { path: 'reference' })
  }
  for (const { group, sales, gifts, suspended } of groups) {
    if (sales > left(group))
      throw refuse('IT_RETURN_EXCEEDS', `of group ${group} ${left(group)} cents are left to return`, {
        path: 'lines',
        group,
        left: left(group),
      })
    const of = sold.groups.find((one) => one.group === group)
    const freed = mark.freed?.[group]
    if (gifts > (of?.gifts ?? 0) - (freed?.gifts ?? 0) || suspended > (of?.suspended ?? 0) - (freed?.suspended ?? 0))
      throw refuse('IT_RETURN_EXCEEDS', `the original gave away or redeemed less of group ${group}`, { path: 'lines', group })
  }
  for (const of of TAKEN_BACK) {
    if (uncollected[of] > sold.uncollected[of] - (mark.open?.[of] ?? 0))
      throw refuse('IT_PAYMENTS', `the original left less uncollected (${of})`, { path: 'payments' })
  }
}

/** What of a sale stayed open and can be taken back as open. Goods leave no trace. */
export const TAKEN_BACK = ['services', 'invoice', 'healthService'] as const
