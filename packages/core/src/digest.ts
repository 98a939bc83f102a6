// Tagged digests (FORMAT 2): every use of SHA-256 outside record and tree starts with its own line.
import { canonical } from './canonical.js'
import { sha256Hex } from '#crypto'

/** First line of what is hashed for a payload (FORMAT 3.1, `pay`). */
export const PAYLOAD_TAG = 'sigillo/v1/payload\n'
/** First line of what is hashed for a request (FORMAT 3.1, `req`). */
export const REQUEST_TAG = 'sigillo/v1/request\n'
/** First line of what a new key signs to prove its possession (FORMAT 4, `sys.key`). */
export const POSSESSION_TAG = 'sigillo/v1/key-possession\n'
/** First line of what an endorser signs for a key change without the old key (FORMAT 4). */
export const ENDORSEMENT_TAG = 'sigillo/v1/key-endorsement\n'
/** First line of what is hashed for a checkpoint's state (FORMAT 12). */
export const STATE_TAG = 'sigillo/v1/state\n'

/** 64 zeros: what stands where no earlier record exists. */
export const ZERO_HASH: string = '0'.repeat(64)

/** Digest of a payload given its canonical text. */
export function payloadDigest(canonicalText: string): string {
  return sha256Hex(PAYLOAD_TAG + canonicalText)
}

/** Digest of a request given its canonical text, transport fields already taken out. */
export function requestDigest(canonicalText: string): string {
  return sha256Hex(REQUEST_TAG + canonicalText)
}

/** Digest of a queue's state as a checkpoint commits to it. */
export function stateDigest(state: unknown): string {
  return sha256Hex(STATE_TAG + canonical(state))
}
