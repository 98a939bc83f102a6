// The codes this package refuses documents with. Every one is a FiscalError; nothing of a key or a document's content goes into it.
import { FiscalError } from '@sigillo/core'

/** A code of this package, or a finding of a verification. */
export type DocumentCode =
  | 'XML_MALFORMED'
  | 'XML_FORBIDDEN'
  | 'XML_TOO_LARGE'
  | 'SIGNATURE_MISSING'
  | 'SIGNATURE_PLACE'
  | 'SIGNATURE_PROFILE'
  | 'DIGEST_MISMATCH'
  | 'SIGNATURE_MISMATCH'
  | 'CERTIFICATE_MALFORMED'
  | 'CERTIFICATE_UNTRUSTED'
  | 'CERTIFICATE_EXPIRED'
  | 'CERTIFICATE_NOT_YET_VALID'
  | 'CERTIFICATE_USAGE'
  | 'CERTIFICATE_NAME'
  | 'CERTIFICATE_NAMES'
  | 'CERTIFICATE_POLICY'
  | 'CERTIFICATE_REVOKED'
  | 'REVOCATION_MALFORMED'
  | 'REVOCATION_FOREIGN'
  | 'REVOCATION_STALE'
  | 'REVOCATION_UNAUTHORISED'
  | 'REVOCATION_UNKNOWN'
  | 'KEY_WEAK'
  | 'CSR_MALFORMED'
  | 'CSR_SIGNATURE'

const remedies: Readonly<Record<DocumentCode, string>> = {
  XML_MALFORMED: 'The bytes are not well-formed XML in UTF-8; ask the sender for the document as it was signed.',
  XML_FORBIDDEN: 'Document types, entities and processing instructions are never accepted.',
  XML_TOO_LARGE: 'The document is larger or deeper than any genuine one; raise the limit only for a trusted sender.',
  SIGNATURE_MISSING: 'The document carries no signature; do not act on it.',
  SIGNATURE_PLACE: 'There must be exactly one signature, the last child of the root.',
  SIGNATURE_PROFILE: 'Only the algorithms, transforms and reference of the profile are accepted.',
  DIGEST_MISMATCH: 'The document was changed after signing; ask for the original bytes.',
  SIGNATURE_MISMATCH: 'The signature is not one of the certificate it names; do not act on the document.',
  CERTIFICATE_MALFORMED: 'The certificate cannot be read; ask its issuer.',
  CERTIFICATE_UNTRUSTED: 'No path leads from the certificate to a configured root.',
  CERTIFICATE_EXPIRED: 'A certificate had expired at the time of the check.',
  CERTIFICATE_NOT_YET_VALID: 'A certificate was not valid yet at the time of the check; look at the clock.',
  CERTIFICATE_USAGE: 'The certificate may not be used for this.',
  CERTIFICATE_NAME: 'The certificate belongs to somebody else.',
  CERTIFICATE_NAMES: 'The certificate bears a name its CA may not give; ask its issuer.',
  CERTIFICATE_POLICY: 'The certificate was not issued under a policy that is accepted here.',
  CERTIFICATE_REVOKED: 'The certificate was revoked; nothing made with it since then counts.',
  REVOCATION_MALFORMED: 'The answer about revocation cannot be read; ask for it again.',
  REVOCATION_FOREIGN: 'The answer about revocation speaks of another certificate; ask for the right one.',
  REVOCATION_STALE: 'The answer about revocation is too old, or of a time to come; ask for a fresh one and look at the clock.',
  REVOCATION_UNAUTHORISED:
    'The answer about revocation was not given by the issuer or somebody it authorised; do not rely on it.',
  REVOCATION_UNKNOWN: 'It is not known whether the certificate was revoked; fetch an OCSP answer or a revocation list.',
  KEY_WEAK: 'RSA keys have 2048 bits or more.',
  CSR_MALFORMED: 'The request is neither PKCS#10 DER nor PEM of it.',
  CSR_SIGNATURE: 'The request is not signed by the key it carries.',
}

/** All codes of this package with what to do about them, for documentation. */
export const documentErrors: Readonly<Record<DocumentCode, string>> = remedies

/** A refusal by this package; hostile bytes are an integrity matter, never a TypeError. */
export function refuseDocument(
  code: DocumentCode,
  message: string,
  details: Readonly<Record<string, unknown>> = {},
  cause?: unknown,
): FiscalError {
  return new FiscalError(code, {
    kind: 'integrity',
    message,
    remedy: remedies[code],
    details,
    ...(cause !== undefined && { cause }),
  })
}
