// What an answer about revocation can say, and when it is too old to say anything (signing specification 11.5).
import type { DocumentCode } from './errors.js'
import type { X509 } from './x509.js'

/** What is asked of an answer. */
export interface RevocationQuestion {
  readonly certificate: X509
  readonly issuer: X509
  /** Milliseconds since 1970: when the certificate must not have been revoked. */
  readonly at: number
  /** Oldest answer accepted; 24 hours unless said otherwise. */
  readonly maxAgeMs?: number
  /** An answer given up to so long after `at` counts too: evidence is often captured after signing. None unless said otherwise. */
  readonly graceMs?: number
}

/** An answer accepted: good, or revoked since a moment, with the reason's name in RFC 5280 5.3.1 where one was given. */
export type RevocationAnswer =
  | { readonly status: 'good'; readonly producedAt: number }
  | { readonly status: 'revoked'; readonly since: number; readonly reason?: string }
  /** Why the answer says nothing: `unknown` by its giver, or not acceptable. */
  | { readonly status: 'unknown'; readonly code: DocumentCode; readonly message: string }

/** Milliseconds of a day. */
export const DAY_MS: number = 86_400_000
/** Clocks of givers may be ahead by this much. */
export const SKEW_MS: number = 5 * 60_000

/** Names of reasons by their numbers. */
export const REASONS: readonly string[] = [
  'unspecified',
  'keyCompromise',
  'cACompromise',
  'affiliationChanged',
  'superseded',
  'cessationOfOperation',
  'certificateHold',
  '',
  'removeFromCRL',
  'privilegeWithdrawn',
  'aACompromise',
]

/** Why an answer of this age is not accepted at that time; undefined when it is. */
export function ageFault(
  thisUpdate: number,
  nextUpdate: number | undefined,
  { at, maxAgeMs = DAY_MS, graceMs = 0 }: RevocationQuestion,
): string | undefined {
  if (thisUpdate > at + SKEW_MS) return thisUpdate <= at + graceMs ? undefined : 'the answer is of a time to come'
  if (nextUpdate !== undefined && nextUpdate < at - SKEW_MS) return 'a newer answer was due'
  return at - thisUpdate > maxAgeMs + SKEW_MS ? 'the answer is too old' : undefined
}

/** An answer that says nothing. */
export function unknownAnswer(code: DocumentCode, message: string): RevocationAnswer {
  return { status: 'unknown', code, message }
}
