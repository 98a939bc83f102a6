// What a decision needs from older records: the original of a return, the documents of a batch, what an outcome answers.
import type { FiscalRecord, Lookup } from '@sigillo/core'
import type { Settings } from './options.js'
import { findOriginal, isDocument, type Needs } from './reference.js'
import type { ItalianRequest } from './request-types.js'
import type { State } from './state.js'

/** Looks up what the request names; sales name nothing. */
export async function gather(settings: Settings, state: State, request: ItalianRequest, lookup: Lookup): Promise<Needs> {
  if (request.type === 'return' || request.type === 'void') {
    const { reference, till = '' } = request.input
    return { original: await findOriginal(settings, state, reference, till, lookup) }
  }
  if (request.type === 'lottery') return { documents: await documents(request.input.items, lookup) }
  if (request.type === 'transmission' && request.input.op === 'replace') return outcomeNeeds(state, request.input.of, lookup)
  if (request.type === 'outcome') return outcomeNeeds(state, request.input.of, lookup)
  return {}
}

async function documents(items: readonly number[], lookup: Lookup): Promise<FiscalRecord[]> {
  const found: FiscalRecord[] = []
  for (const seq of items) {
    const record = seq < 0 ? undefined : await lookup.bySeq(BigInt(seq))
    if (record !== undefined && isDocument(record)) found.push(record)
  }
  return found
}

async function outcomeNeeds(state: State, made: number, lookup: Lookup): Promise<Needs> {
  const message = state.outbox.find((one) => one.made === made)
  if (message === undefined) return {}
  return {
    made: await lookup.bySeq(BigInt(made)),
    source: message.lane === 'lottery' ? await lookup.bySeq(BigInt(message.source)) : undefined,
  }
}
