// What a till gets back: one of three outcomes, never an exception for anything that can be expected (design 3).
import type { JsonObject } from '../canonical.js'
import type { Country, PrintItem, RequestEnvelope } from '../country.js'
import { FiscalError } from '../errors.js'
import { sealOf, type FiscalRecord, type SealedRecord } from '../record.js'

/** Where a record stands. */
export interface RecordPlace {
  readonly seq: bigint
  readonly type: string
  readonly tseq: number
  readonly hash: string
}

/** The request is in the journal, durably; print and hand over. */
export interface Registered extends RecordPlace {
  readonly outcome: 'registered'
  /** True when an earlier call with this key had registered it. */
  readonly replayed: boolean
  readonly queue: string
  readonly key: string | undefined
  readonly ts: string
  /** Compact JWS of the record; what a QR code carries. */
  readonly seal: string
  /** What must be printed, in order. */
  readonly print: readonly PrintItem[]
  /** The country's own answer: numbers, extracts, warnings. */
  readonly answer: JsonObject
  /** All records of the request, this one among them. */
  readonly records: readonly RecordPlace[]
  /** The record itself. */
  readonly record: FiscalRecord
}

/** The request was refused and has left no trace: no number, no total, no link. */
export interface Rejected {
  readonly outcome: 'rejected'
  readonly key: string | undefined
  readonly error: FiscalError
}

/** It is not known whether the request is in the journal; ask again with the same key after reopening. */
export interface Indeterminate {
  readonly outcome: 'indeterminate'
  readonly key: string | undefined
  readonly error: FiscalError
}

/** Answer to `record`. */
export type Outcome = Registered | Rejected | Indeterminate

/** Builds the answer from records alone, so that a replay after years gives the same one. */
export function registered(
  country: Country<RequestEnvelope, unknown, unknown>,
  record: FiscalRecord,
  all: readonly FiscalRecord[],
  replayed: boolean,
): Registered {
  return new RegisteredAnswer(country, record, all, replayed)
}

/** The answer a concurrent call with the same key gets: the whole of it, marked as replayed. */
export function replayOf(answer: Registered): Registered {
  return answer instanceof RegisteredAnswer ? answer.again() : answer
}

// Seal, print and the country's fields are made when looked at: a till that prints from its own layout never pays for ours.
class RegisteredAnswer implements Registered {
  readonly outcome = 'registered' as const
  readonly replayed: boolean
  readonly queue: string
  readonly key: string | undefined
  readonly seq: bigint
  readonly type: string
  readonly tseq: number
  readonly hash: string
  readonly ts: string
  readonly record: FiscalRecord
  readonly #country: Country<RequestEnvelope, unknown, unknown>
  readonly #all: readonly FiscalRecord[]
  #print: readonly PrintItem[] | undefined
  #answer: JsonObject | undefined

  constructor(
    country: Country<RequestEnvelope, unknown, unknown>,
    record: FiscalRecord,
    all: readonly FiscalRecord[],
    replayed: boolean,
  ) {
    const { body } = record
    this.replayed = replayed
    this.queue = body.queue
    this.key = body.ref
    this.seq = BigInt(body.seq)
    this.type = body.type
    this.tseq = body.tseq
    this.hash = record.hash
    this.ts = body.ts
    this.record = record
    this.#country = country
    this.#all = all
  }
  get seal(): string {
    return sealOf(this.record)
  }
  get print(): readonly PrintItem[] {
    return (this.#print ??= this.#country.print(this.record))
  }
  get answer(): JsonObject {
    return (this.#answer ??= this.#country.answer?.(this.record) ?? {})
  }
  get records(): readonly RecordPlace[] {
    return this.#all.map(({ body, hash }) => ({ seq: BigInt(body.seq), type: body.type, tseq: body.tseq, hash }))
  }
  /** The same answer for another caller with the same key. */
  again(): Registered {
    return new RegisteredAnswer(this.#country, this.record, this.#all, true)
  }
  /** Every field as JSON; numbers of records as integers. */
  toJSON(): Record<string, unknown> {
    const { outcome, replayed, queue, key, type, tseq, hash, ts, seal, print, answer } = this
    const records = this.records.map((place) => ({ ...place, seq: Number(place.seq) }))
    return { outcome, key, replayed, queue, seq: Number(this.seq), type, tseq, hash, ts, seal, print, answer, records }
  }
}

/** The record of a request that answers it: the one that holds the request, or bears its key. */
export function principalOf(records: readonly SealedRecord[], key: string | undefined): SealedRecord {
  return (
    records.find((record) => (key === undefined ? 'request' in (record.payload as object) : record.body.ref === key)) ??
    (records[0] as SealedRecord)
  )
}

/** What an append's failure means once the reopened store shows that nothing of the request is there. */
export function notStored(error: FiscalError): FiscalError {
  if (error.registered === 'no') return error
  const code = error.code === 'STORAGE_UNCERTAIN' ? 'STORAGE_FAILED' : error.code
  return new FiscalError(code, {
    message: `${error.message}; reopening showed that nothing of the request is stored`,
    registered: 'no',
    retry: 'same-handle',
    cause: error,
  })
}

/** An answer for a failure: indeterminate when the error does not know whether the receipt is stored. */
export function refused(key: string | undefined, error: FiscalError): Rejected | Indeterminate {
  return { outcome: error.registered === 'unknown' ? 'indeterminate' : 'rejected', key, error }
}
