// What a country states about selling off line: wording, and the requests that tell the queue of an outage. The mechanism is core's.
import type { JsonObject } from '../canonical.js'
import type { PrintItem } from '../country.js'
import type { EpisodeHeader, OfflineReceipt } from './format.js'
import type { OfflineBreak } from './judge.js'

/** What an episode came to, for the request that ends it. */
export interface EpisodeSummary {
  readonly header: EpisodeHeader
  readonly count: number
  readonly firstSeq: number | undefined
  readonly lastSeq: number | undefined
  readonly firstCounter: number | undefined
  readonly lastCounter: number | undefined
  /** Hash of the last receipt, or of the header when there is none. */
  readonly lastHash: string
  /** Numbers whose file is missing. */
  readonly missing: readonly number[]
  readonly breaks: readonly OfflineBreak[]
}

/** A file no receipt can be made of, for the journal. */
export interface UnreadableFile {
  readonly header: EpisodeHeader
  readonly name: string
  /** Of all its bytes. */
  readonly sha256: string
  readonly sizeBytes: number
  /** Its bytes, of a file beyond 256 KiB the first ones. */
  readonly base64: string
}

/** A person's order to send an ended episode again, and what came of it. */
export interface ResendOrder {
  /** Receipts the queue has answered. */
  readonly count: number
  readonly moment: string
  readonly reason: string
  readonly operator: string
}

/** A country's part of the off-line log. Pure. */
export interface OfflineRules {
  /** Prefix of `kind`, as `fr.degraded`. */
  readonly kind: string
  /** Announces the outage to the queue, before the first of its receipts. */
  outage(header: EpisodeHeader): JsonObject
  /** Whether the queue, answering `outage`, knew the record the outage began after; without it nobody asks. */
  knowsAnchor?(reply: JsonObject): boolean
  /** Says that selling off line went on beyond the permitted time. */
  expired?(header: EpisodeHeader): JsonObject
  /** Ends it. */
  finish(summary: EpisodeSummary): JsonObject
  /** Puts the bytes of an unreadable file into the journal. */
  unreadable(file: UnreadableFile): JsonObject
  /** A person has seen the breaks of an episode. */
  acknowledge(header: EpisodeHeader, reason: string, operator: string): JsonObject
  /** The country's own name for an error of core, put into `national`. */
  nationalCode?(coreCode: string): string | undefined
  /** Says that a person had an ended episode's receipts sent again; without it nothing is said. */
  resent?(header: EpisodeHeader, order: ResendOrder): JsonObject
  /** What the provisional receipt shows. */
  print(receipt: OfflineReceipt): readonly PrintItem[]
  /** A receipt made off line may be refused by form before it is stored. @throws FiscalError of kind input */
  check?(request: JsonObject): void
}
