// Documents a request refers to: found before deciding, judged while deciding. Answers come from the journal only.
import { isJournalType, type FiscalRecord, type Lookup } from '@sigillo/core'
import { refuse } from './errors.js'
import type { Original, SalePayload } from './payload.js'
import type { ReferenceInput } from './request.js'
import { storedParts, type SaleParts } from './parse.js'

/** What `gather` found. */
export interface Needs {
  /** The document referred to; undefined when there is none or it is of another system. */
  readonly original?: FiscalRecord | undefined
  /** Further documents, in the order they were named. */
  readonly references?: readonly (FiscalRecord | undefined)[]
  readonly covers?: readonly FiscalRecord[]
  /** Records of the request that closed the last day of an archive, in order. */
  readonly closing?: readonly FiscalRecord[]
  /** Record a till had seen last before an outage. */
  readonly anchor?: FiscalRecord | undefined
}

/** Text after `external:`, or undefined for a document of this queue. */
function externalOf(reference: ReferenceInput): string | undefined {
  return typeof reference === 'string' && reference.startsWith('external:') ? reference.slice('external:'.length) : undefined
}

/** Looks up one document. */
export async function find(reference: ReferenceInput, lookup: Lookup): Promise<FiscalRecord | undefined> {
  if (externalOf(reference) !== undefined) return undefined
  const record = typeof reference === 'string' ? await lookup.byKey(reference) : await lookup.bySeq(BigInt(reference.seq))
  return record
}

/**
 * The document a request must name.
 * @throws FiscalError FR_REFERENCE_REQUIRED, FR_REFERENCE_UNKNOWN
 */
export function needOriginal(
  reference: ReferenceInput | undefined,
  needs: Needs,
  path = 'reference',
): { readonly record: FiscalRecord | undefined; readonly stored: Original } {
  if (reference === undefined) throw refuse('FR_REFERENCE_REQUIRED', 'the document this one refers to must be named', { path })
  const external = externalOf(reference)
  if (external !== undefined) {
    if (external.trim() === '') throw refuse('FR_REFERENCE_REQUIRED', 'external: needs a text', { path })
    return { record: undefined, stored: { external } }
  }
  const { original } = needs
  if (original === undefined || original.payload === null || isJournalType(original.body.type))
    throw unknown(reference, undefined, path)
  return { record: original, stored: storedOriginal(original) }
}

/** The same when the reference may be absent. */
export function maybeOriginal(reference: ReferenceInput | undefined, needs: Needs): Original | undefined {
  return reference === undefined ? undefined : needOriginal(reference, needs).stored
}

/** Further documents a request names. @throws FiscalError FR_REFERENCE_UNKNOWN, FR_REFERENCE_REQUIRED */
export function furtherOriginals(references: readonly ReferenceInput[], needs: Needs): Original[] {
  return references.map((reference, i) => needOriginal(reference, { original: needs.references?.[i] }, `references[${i}]`).stored)
}

/** @internal */
export function unknown(reference: ReferenceInput, why = 'no such document in this queue', path = 'reference'): Error {
  const name = typeof reference === 'string' ? reference : `record ${reference.seq}`
  return refuse('FR_REFERENCE_UNKNOWN', `${name}: ${why}`, { path })
}

/** How a record names another. */
export function storedOriginal(record: FiscalRecord): Extract<Original, { seq: number }> {
  const payload = record.payload as unknown as { number: number; op?: string; kind?: string; as?: string }
  const type = payload.as ?? record.body.type
  return { hash: record.hash, number: payload.number, op: payload.op ?? payload.kind ?? '', seq: record.body.seq, type }
}

/** Payload and parsed lines of a stored sale. */
export function storedSale(record: FiscalRecord): { readonly payload: SalePayload; readonly sale: SaleParts } {
  const payload = record.payload as unknown as SalePayload & { request: Readonly<Record<string, unknown>> }
  return { payload, sale: storedParts(payload.request) }
}
