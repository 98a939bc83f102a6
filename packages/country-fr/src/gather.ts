// What a decision needs from older records: the documents a request names, the closing an archive ends with.
import { isFiscalError, type FiscalRecord, type Lookup } from '@sigillo/core'
import { archiveRange } from './archive-record.js'
import type { FrenchRequest } from './parse.js'
import { find, type Needs } from './reference.js'
import type { ArchiveRequest, InvoiceRequest, OutageRequest, ReferenceInput, TicketRequest } from './request.js'
import type { State } from './state.js'

const NOTHING: Needs = {}

/** Looks up what the request names; most requests name nothing and are answered at once. */
export function gather(state: State, request: FrenchRequest, lookup: Lookup): Needs | Promise<Needs> {
  if (request.fault !== undefined) return NOTHING
  if (request.type === 'archive')
    return closingRecords(state, request.input as ArchiveRequest, lookup).then((closing) => ({ closing }))
  const { anchor } = request.input as OutageRequest
  if (anchor !== undefined) return lookup.bySeq(BigInt(anchor.seq)).then((record) => ({ anchor: record }))
  const { reference, references } = request.input as TicketRequest
  const { covers } = request.input as InvoiceRequest
  return reference === undefined && references === undefined && covers === undefined
    ? NOTHING
    : documents({ reference, references, covers }, lookup)
}

async function documents(
  { reference, references, covers }: Pick<InvoiceRequest, 'reference' | 'references' | 'covers'>,
  lookup: Lookup,
): Promise<Needs> {
  const all = (list: readonly ReferenceInput[]): Promise<(FiscalRecord | undefined)[]> =>
    Promise.all(list.map((one) => find(one, lookup)))
  const original = reference === undefined ? undefined : await find(reference, lookup)
  const covered = covers === undefined ? undefined : await all(covers)
  return {
    original,
    ...(references !== undefined && { references: await all(references) }),
    ...(covered !== undefined && { covers: covered.filter((record) => record !== undefined) }),
  }
}

async function closingRecords(state: State, input: ArchiveRequest, lookup: Lookup): Promise<FiscalRecord[]> {
  const records: FiscalRecord[] = []
  try {
    const { closing, to } = archiveRange(state, input.until)
    for (let seq = closing; seq <= to; seq++) {
      const record = await lookup.bySeq(BigInt(seq))
      if (record !== undefined) records.push(record)
    }
  } catch (error) {
    // Refused again, with its reason, when the request is decided.
    if (!isFiscalError(error)) throw error
  }
  return records
}
