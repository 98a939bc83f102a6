// Whether a certificate was revoked (RFC 5280 section 5, RFC 6960), judged from answers somebody fetched: nothing here asks the network, and
// an answer counts only when its giver was entitled to it, it speaks of this certificate, and it was fresh at the time asked about.
import type { DocumentCode } from './errors.js'
import { readCrl } from './crl.js'
import { readOcspAnswer } from './ocsp.js'
import type { RevocationAnswer, RevocationQuestion } from './revocation-answer.js'

/** Answers kept with a certificate: OCSP responses and revocation lists, DER. */
export interface RevocationEvidence {
  readonly ocsp?: readonly Uint8Array[]
  readonly crls?: readonly Uint8Array[]
}

/** `require`: not knowing refuses. `prefer`: not knowing leaves the matter open. `none`: nobody asks; for tests. */
export type RevocationMode = 'require' | 'prefer' | 'none'

/** What follows from all answers. */
export type RevocationVerdict =
  | { readonly ok: true; readonly open: boolean; readonly message?: string }
  | { readonly ok: false; readonly code: DocumentCode; readonly message: string; readonly since?: number }

/**
 * Judges one certificate by everything that is known. Revoked anywhere is revoked; OCSP is asked before lists. Never throws: unknown is
 * never good.
 */
export async function checkRevocation(
  question: RevocationQuestion,
  { ocsp = [], crls = [] }: RevocationEvidence,
  mode: RevocationMode = 'require',
): Promise<RevocationVerdict> {
  if (mode === 'none') return { ok: true, open: false }
  const answers: RevocationAnswer[] = []
  for (const der of ocsp) answers.push(await readOcspAnswer(der, question))
  for (const der of crls) answers.push(readCrl(der, question))
  // A revocation that came after the time asked about does not reach back.
  for (const answer of answers) {
    if (answer.status === 'revoked' && answer.since <= question.at)
      return { ok: false, code: 'CERTIFICATE_REVOKED', message: told(answer.reason), since: answer.since }
  }
  if (answers.some(({ status }) => status === 'good' || status === 'revoked')) return { ok: true, open: false }
  const first = answers.find((answer) => answer.status === 'unknown')
  const [code, message] =
    first === undefined ? (['REVOCATION_UNKNOWN', 'no answer about revocation is at hand'] as const) : [first.code, first.message]
  return mode === 'prefer' ? { ok: true, open: true, message } : { ok: false, code, message }
}

function told(reason: string | undefined): string {
  return `the certificate was revoked${reason === undefined ? '' : ` (${reason})`}`
}
