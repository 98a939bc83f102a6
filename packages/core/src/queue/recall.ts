// Idempotency: the same key with the same content gives the stored answer for ever; with other content it is refused.
import type { JsonObject } from '../canonical.js'
import type { Country, RequestEnvelope } from '../country.js'
import { FiscalError } from '../errors.js'
import { parseLine } from '../read-line.js'
import type { FiscalRecord } from '../record.js'
import type { StorageReader } from '../storage.js'
import { registered, type Registered } from './answer.js'
import { recordAt } from './load.js'
import { firstDifference, type Incoming } from './request.js'

/**
 * The stored answer for a key, or undefined when the key is new.
 * @throws FiscalError KEY_REUSED with both digests and the first differing path; RECORD_PURGED
 */
export async function recall(
  reader: StorageReader,
  country: Country<RequestEnvelope, unknown, unknown>,
  incoming: Incoming,
  hit: { readonly seq: bigint; readonly line?: Uint8Array },
): Promise<Registered> {
  const key = incoming.key as string
  if (hit.line === undefined) {
    throw new FiscalError('RECORD_PURGED', {
      message: `key ${key} names record ${hit.seq}, which was purged`,
      details: { seq: Number(hit.seq) },
    })
  }
  const record = parseLine(hit.line)
  if (record === undefined)
    throw new FiscalError('JOURNAL_CORRUPT', {
      message: `record ${hit.seq} cannot be read`,
      details: { firstBad: Number(hit.seq) },
    })
  if (record.body.req !== incoming.req) throw keyReused(country, incoming, record)
  return registered(country, record, await requestOf(reader, record), true)
}

/** The refusal of a key that names another request. */
export function keyReused(
  country: Country<RequestEnvelope, unknown, unknown>,
  incoming: Incoming,
  stored: { readonly body: { readonly seq?: number; readonly req?: string }; readonly payload: unknown },
): FiscalError {
  const request = (stored.payload as JsonObject | null)?.['request']
  const path = request === undefined ? undefined : firstDifference(request, JSON.parse(incoming.text) as unknown)
  const national = country.nationalCode?.('KEY_REUSED')
  return new FiscalError('KEY_REUSED', {
    message: `key ${String(incoming.key)} already names another request${path === undefined ? '' : `; they differ at ${path}`}`,
    ...(path !== undefined && { path }),
    ...(national !== undefined && { national }),
    details: { stored: stored.body.req, received: incoming.req, seq: stored.body.seq },
  })
}

// All records of the request a record belongs to: neighbours of one batch whose `more` counts down through it.
async function requestOf(reader: StorageReader, record: FiscalRecord): Promise<FiscalRecord[]> {
  const all: FiscalRecord[] = [record]
  for (let first = record; first.body.seq > first.body.base;) {
    const before = await recordAt(reader, BigInt(first.body.seq - 1))
    if (before?.body.more !== (first.body.more ?? 0) + 1) break
    all.unshift(before)
    first = before
  }
  for (let seq = record.body.seq + 1; seq <= record.body.seq + (record.body.more ?? 0); seq++) {
    const after = await recordAt(reader, BigInt(seq))
    if (after !== undefined) all.push(after)
  }
  return all
}
