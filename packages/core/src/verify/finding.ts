// What verification reports: findings, each with its record, its step and its meaning (FORMAT 5). Data never makes it throw.

/** Every kind of finding, as FORMAT 5 lists them. */
export type FindingCode =
  | 'LINE_MALFORMED'
  | 'RECORD_MALFORMED'
  | 'SEQ_WRONG'
  | 'RECORD_MISSING'
  | 'RECORD_REPEATED'
  | 'GENESIS_WRONG'
  | 'QUEUE_WRONG'
  | 'PREV_WRONG'
  | 'TPREV_WRONG'
  | 'TSEQ_WRONG'
  | 'EPOCH_WRONG'
  | 'BASE_WRONG'
  | 'MORE_WRONG'
  | 'PAY_WRONG'
  | 'HASH_WRONG'
  | 'SIGNATURE_WRONG'
  | 'KEY_WRONG'
  | 'KEY_CHANGE_WRONG'
  | 'KEY_RECOVERY'
  | 'REF_REPEATED'
  | 'REQ_WRONG'
  | 'CLOCK_WRONG'
  | 'CHECKPOINT_WRONG'
  | 'CLOSE_WRONG'
  | 'REDACT_WRONG'
  | 'TAIL_MISSING'
  | 'FORK'
  | 'ANCHOR_WRONG'
  | 'BLOB_WRONG'
  | 'BUNDLE_WRONG'

/** One thing that is wrong, or worth knowing. */
export interface Finding {
  /** Number of the record, as a JSON integer; null when no record is meant. */
  readonly seq: number | null
  /** A code of FORMAT 5, or a country's. */
  readonly code: FindingCode | (string & {})
  /** The part that is wrong: `line`, `body.prev`, `payload`, `sig`, … */
  readonly where: string
  readonly message: string
  readonly severity: 'error' | 'warning'
  readonly file?: string
  readonly offset?: number
}

/** The meaning of each code in a sentence, for people. */
export const meanings: Readonly<Record<FindingCode, string>> = {
  LINE_MALFORMED: 'the line is not a record: damaged, foreign or not in canonical form',
  RECORD_MALFORMED: 'a member of the signed body breaks its rule',
  SEQ_WRONG: 'the record stands out of order',
  RECORD_MISSING: 'records are missing',
  RECORD_REPEATED: 'a record with this number was already read',
  GENESIS_WRONG: 'the first record is not a proper genesis',
  QUEUE_WRONG: 'the record belongs to another queue',
  PREV_WRONG: 'the link to the record before is broken',
  TPREV_WRONG: 'the link to the record of the same type before is broken',
  TSEQ_WRONG: 'the number within the type does not follow',
  EPOCH_WRONG: 'the writer’s epoch does not follow, or does not begin with sys.open',
  BASE_WRONG: 'the batch mark does not fit its neighbours',
  MORE_WRONG: 'the records of one request are not complete',
  PAY_WRONG: 'the content was changed: it does not match its signed digest',
  HASH_WRONG: 'the stored hash is not the hash of the record',
  SIGNATURE_WRONG: 'the signature does not verify',
  KEY_WRONG: 'signed with a key that is not the valid one here',
  KEY_CHANGE_WRONG: 'the change of key is not properly proven',
  KEY_RECOVERY: 'the key was replaced without the old one: the chain alone does not cover this change',
  REF_REPEATED: 'the client reference was used before',
  REQ_WRONG: 'reference and request digest do not stand together',
  CLOCK_WRONG: 'the stated step back of the clock does not match the times',
  CHECKPOINT_WRONG: 'the checkpoint does not match the records before it',
  CLOSE_WRONG: 'the queue’s end is wrong, or something follows it',
  REDACT_WRONG: 'the content was blanked without a record that says so',
  TAIL_MISSING: 'the newest records are missing: somebody outside saw more',
  FORK: 'somebody outside knows another history',
  ANCHOR_WRONG: 'a note kept beside the journal is not one, or its signature is wrong',
  BLOB_WRONG: 'bytes a record names are missing or were changed',
  BUNDLE_WRONG: 'the bundle is not what its table of contents says',
}
