// A certificate judged long after it was used (signing specification 10, 11.7, 23): by what was kept then and nothing else. Words follow ETSI
// EN 319 102-1, so that reports compare with other validators'.
import { suites } from '@sigillo/core'
import type { DocumentCode } from './errors.js'
import { checkPath, type PathQuestion } from './path.js'
import { checkRevocation, type RevocationEvidence, type RevocationMode } from './revocation.js'
import { DAY_MS } from './revocation-answer.js'

/** What is known of the moment of signing. `proven` by a time-stamp or an anchor somebody else holds; a claim alone proves nothing. */
export interface SigningTime {
  readonly ms: number
  readonly proven: boolean
}

/** What is judged. */
export interface CertificateQuestion extends Omit<PathQuestion, 'at'> {
  /** Milliseconds since 1970: when somebody asks. */
  readonly at: number
  readonly signed: SigningTime
  /** Answers captured at signing or within a day after it. */
  readonly evidence?: RevocationEvidence
  readonly mode?: RevocationMode
}

/** The verdict: what it is, and where it is not passed, why. */
export type CertificateJudgement =
  | { readonly indication: 'TOTAL-PASSED'; readonly at: number }
  | {
      readonly indication: 'INDETERMINATE' | 'TOTAL-FAILED'
      readonly sub: SubIndication
      readonly at: number
      readonly message: string
    }

/** Why a verdict is not passed. */
export type SubIndication =
  | 'OUT_OF_BOUNDS_NO_POE'
  | 'NOT_YET_VALID'
  | 'NO_CERTIFICATE_CHAIN_FOUND'
  | 'CHAIN_CONSTRAINTS_FAILURE'
  | 'CRYPTO_CONSTRAINTS_FAILURE_NO_POE'
  | 'REVOKED'
  | 'REVOKED_NO_POE'
  | 'TRY_LATER'

const SUBS: Readonly<Partial<Record<DocumentCode, SubIndication>>> = {
  CERTIFICATE_EXPIRED: 'OUT_OF_BOUNDS_NO_POE',
  CERTIFICATE_NOT_YET_VALID: 'NOT_YET_VALID',
  CERTIFICATE_USAGE: 'CHAIN_CONSTRAINTS_FAILURE',
  CERTIFICATE_NAMES: 'CHAIN_CONSTRAINTS_FAILURE',
  CERTIFICATE_POLICY: 'CHAIN_CONSTRAINTS_FAILURE',
  KEY_WEAK: 'CRYPTO_CONSTRAINTS_FAILURE_NO_POE',
}

/**
 * Judges the certificate behind a signature at any later time. The reference is the moment proven, else the moment of asking: without a proof a
 * certificate that has ended since leaves the matter open, for its key may have been used afterwards. Never throws, asks no network.
 */
export async function judgeCertificate(question: CertificateQuestion): Promise<CertificateJudgement> {
  const { signed, evidence = {}, mode = 'require' } = question
  const reference = signed.proven ? signed.ms : question.at
  const result = checkPath({ ...question, at: reference })
  if (!result.ok) {
    const sub = SUBS[result.code] ?? 'NO_CERTIFICATE_CHAIN_FOUND'
    // Proven to lie before the certificate began, it was not signed under it.
    const failed = sub === 'NOT_YET_VALID' && signed.proven
    return { indication: failed ? 'TOTAL-FAILED' : 'INDETERMINATE', sub, at: reference, message: result.message }
  }
  if (!signed.proven && result.path.slice(0, -1).some(({ signatureAlgorithm }) => hasEnded(signatureAlgorithm, reference))) {
    const message = 'a signature of the path is of a suite that is accepted no more without an older proof of its time'
    return { indication: 'INDETERMINATE', sub: 'CRYPTO_CONSTRAINTS_FAILURE_NO_POE', at: reference, message }
  }
  for (const [i, certificate] of result.path.slice(0, -1).entries()) {
    const issuer = result.path[i + 1] as (typeof result.path)[number]
    const verdict = await checkRevocation({ certificate, issuer, at: reference, graceMs: DAY_MS }, evidence, mode)
    if (verdict.ok && !verdict.open) continue
    const message = verdict.message ?? 'it is not known whether a certificate was revoked'
    if (verdict.ok || verdict.code !== 'CERTIFICATE_REVOKED')
      return { indication: 'INDETERMINATE', sub: 'TRY_LATER', at: reference, message }
    return signed.proven
      ? { indication: 'TOTAL-FAILED', sub: 'REVOKED', at: reference, message }
      : { indication: 'INDETERMINATE', sub: 'REVOKED_NO_POE', at: reference, message }
  }
  return { indication: 'TOTAL-PASSED', at: reference }
}

// Suites against their dates (signing specification 2).
function hasEnded(oid: string, atMs: number): boolean {
  const suite = Object.values(suites).find((one) => one.oid === oid)
  return suite?.acceptUntil !== undefined && atMs >= Date.parse(suite.acceptUntil)
}
