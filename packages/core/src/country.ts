// The Country port: a country is tables plus pure functions. It stores, signs and sends nothing and reads no clock, file or
// random source; the same input gives the same bytes for ever. Adding one changes no line of core.
import type { Json, JsonObject } from './canonical.js'
import type { Body, FiscalRecord } from './record.js'

/** The link a record will stand at, known to the country when it writes the record's content. */
export interface Place {
  readonly queue: string
  readonly seq: bigint
  /** Number within its type, from 1. */
  readonly tseq: number
  /** The queue's clock for this request, UTC with milliseconds. */
  readonly ts: string
  /** Milliseconds the clock lies behind the highest `ts` so far; 0 when it does not. */
  readonly tsBack: number
  /** Thumbprint of the key that will sign (FORMAT 3.1, `kid`). */
  readonly kid: string
  /** Newest record of a type before this one, also one of the same request; undefined when there is none. */
  head(type: string): ChainHead | undefined
  /** Newest record of every type before this one, in order of type name. */
  heads(): ReadonlyMap<string, ChainHead>
}

/** The last link of one type's chain. */
export interface ChainHead {
  readonly seq: bigint
  readonly tseq: number
  readonly hash: string
  readonly sig: string
}

/** What the country wants signed in the open: a flat object of strings and integers, at most 2 KiB (FORMAT 3.1, `x`). */
export type SignedStatement = Readonly<Record<string, string | number>>

/** One record the country wants written for a request. */
export interface Draft {
  readonly type: string
  /** The draft that answers the request and carries its key; by default the first one of the decision. */
  readonly principal?: boolean
  /** The content, once the record's place is known. Called exactly once, in order, just before signing. */
  write(place: Place): { readonly payload: JsonObject; readonly x?: SignedStatement }
}

/** Core actions a request may ask for beside records; the queue writes the `sys.*` record, the country only says so. */
export interface Decision {
  /** At least one, at most 200 with the checkpoint. Written and adopted together or not at all. */
  readonly drafts: readonly Draft[]
  /** The request closes a period: one `sys.checkpoint` ends it (FORMAT 4), and it is accepted on a full disk. */
  readonly closing?: boolean
  /** The queue ends for ever: after the checkpoint `sys.close` is written. */
  readonly ends?: boolean
  /** Contents that may go now: `sys.redact` is written behind the drafts, and the store blanks them once that is durable. */
  readonly redacts?: Redaction
}

/** Contents of a range of records that are to be blanked (FORMAT 4, `sys.redact`; 14). */
export interface Redaction {
  /** First record. */
  readonly from: number
  /** Last record, before the request that orders this. */
  readonly to: number
  /** Types whose contents go, at least one; which of their records, {@link Country.redactable} says. */
  readonly types: readonly string[]
  /** What keeps the contents: name or digest of the archive. */
  readonly archive: string
  readonly reason: string
}

/** Records of the journal a decision may need to see (the original of a refund). Answers come from the journal only. */
export interface Lookup {
  /** The record with this number, or undefined. */
  bySeq(seq: bigint): Promise<FiscalRecord | undefined>
  /** The record that answered the request with this key, or undefined. */
  byKey(key: string): Promise<FiscalRecord | undefined>
}

/** What a decision is made from, besides state and request. */
export interface DecideContext<Needs = unknown> {
  /** The queue's clock, UTC with milliseconds. */
  readonly now: string
  /** Milliseconds `now` lies behind the highest `ts` so far; 0 when it does not. */
  readonly tsBack: number
  readonly queue: string
  /** What {@link Country.gather} found for this request. */
  readonly needs: Needs
}

/** One thing to print or show, in order. */
export interface PrintItem {
  readonly kind: 'text' | 'title' | 'rule' | 'pair' | 'qr'
  /** Text; for `pair` the left part; for `qr` the content. */
  readonly text: string
  /** For `pair` the right part. */
  readonly right?: string
  /** The law or scheme wants it on the document. */
  readonly mandatory?: boolean
}

/** Something that happened to the queue, which a country may have to journal. */
export type Notice =
  | { readonly kind: 'opened'; readonly software: string; readonly reason: string }
  | { readonly kind: 'closing' }
  | {
      readonly kind: 'key-changed'
      readonly kid: string
      readonly prevKid: string
      readonly jwk: JsonObject
      readonly reason: string
      readonly oldKeyAvailable: boolean
    }
  | {
      /** The certificate of the signing key ends within 60 days or has ended; said at each opening and then every hour. */
      readonly kind: 'certificate'
      readonly kid: string
      /** Lower-case hex SHA-256 of the certificate. */
      readonly certificateId: string
      /** End of its validity, UTC. */
      readonly notAfter: string
      /** Whole days until then; negative once it is over. */
      readonly daysLeft: number
    }
  | { readonly kind: 'signer-back'; readonly failures: number; readonly since: string; readonly code: string }
  | { readonly kind: 'defect'; readonly code: string; readonly message: string; readonly details: JsonObject }
  | {
      readonly kind: 'tail-lost'
      readonly by: string
      /** Newest record someone else saw, per type: what is lost lies between our head and this. */
      readonly known: {
        readonly seq: number
        readonly hash: string
        readonly types: Readonly<Record<string, { readonly tseq: number; readonly hash: string }>>
      }
    }

/** A finding of the country's own rules over a journal. */
export interface CountryFinding {
  readonly seq: bigint
  readonly code: string
  readonly where: string
  readonly message: string
}

/** Replays a journal and judges it by the country's rules; made fresh for every verification. */
export interface CountryAuditor {
  /** Next record in order; returns what is wrong with it. */
  next(record: FiscalRecord): readonly CountryFinding[]
  /** Records before the next one are damaged or missing: take its signed statement as it stands and go on from there. */
  broken(): void
  /** `totals` of the state so far, as a checkpoint commits to it; undefined when a break made them unknowable. */
  totals(): JsonObject | undefined
}

/**
 * A country pack. `State` is the fold of the journal and is the country's alone: core hands it back and never looks inside.
 * Everything here is pure, except that `fold` changes the state it is given (measured: copying costs more than a signature).
 */
export interface Country<Request extends RequestEnvelope = RequestEnvelope, State = unknown, Needs = unknown> {
  /** Profile written into genesis, as `FR`. */
  readonly profile: string
  /**
   * The request, checked against the schema: unknown members, floats, wrong currencies are refused.
   * @throws FiscalError of kind input with the path
   */
  parse(input: Readonly<Record<string, unknown>>): Request
  /** State before the first record. */
  initial(): State
  /**
   * Looks at a queue that is about to be opened for writing, before anything is written.
   * @throws FiscalError when the country's settings are not those of this queue, as of another taxpayer
   */
  admit?(state: State): void
  /** What `decide` needs from older records; absent when it never needs any. A value at once when nothing has to be looked up. */
  gather?(state: State, request: Request, lookup: Lookup): Needs | Promise<Needs>
  /**
   * The records this request becomes. Must not change `state`.
   * @throws FiscalError when the request is refused
   */
  decide(state: State, request: Request, context: DecideContext<Needs>): Decision
  /** Takes one record into the state; called for every record of the journal in order, `sys.*` included. */
  fold(state: State, record: FiscalRecord): void
  /** The state as JSON: what snapshots keep and checkpoints commit to (FORMAT 12, `totals`). */
  totals(state: State): JsonObject
  /** The state a snapshot's `totals` stands for. */
  restore(totals: Json): State
  /** What must be printed for a record that answered a request. Pure: a replay after years gives the same. */
  print(record: FiscalRecord): readonly PrintItem[]
  /** The country's own answer fields for a record (numbers, extracts), merged into the answer. */
  answer?(record: FiscalRecord): JsonObject
  /** A fresh judge of a journal by the country's rules. */
  auditor?(): CountryAuditor
  /**
   * Records the country wants for something that happened to the queue itself (France: events 80, 40, 90, 95, 220, 450, 916);
   * undefined for none. Drafts for `key-changed` stand in one request with `sys.key`.
   */
  react?(state: State, notice: Notice, context: Omit<DecideContext, 'needs'>): Decision | undefined
  /**
   * Records go on being signed after the end of the signer's certificate: they rest on the key, which the journal names. A signer whose
   * guard was told otherwise keeps to that. Default false.
   */
  readonly recordsAfterExpiry?: boolean
  /** Chooses by the signed body alone, within a redaction's types, whose content goes; by default all of them. */
  redactable?(body: Body): boolean
  /** The country's own name for an error of core, put into `national`. */
  nationalCode?(coreCode: string): string | undefined
}

/** Members every request has; the rest is the country's. `seen` and `degraded` are transport fields and not digested. */
export interface RequestEnvelope {
  readonly type: string
  /** Idempotency key, 1–128 characters 0x21–0x7E, unique in the queue for ever. */
  readonly key?: string | undefined
  /** Newest record the till saw (till echo, FORMAT 15). */
  readonly seen?: { readonly seq: number | bigint; readonly hash: string } | undefined
}
