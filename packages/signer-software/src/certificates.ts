// Certificates that go with a key: read from PEM or DER, the first one checked to be of this key.
import { equalBytes, signerError, spkiOf, spkiOfCertificate, type PublicJwk } from '@sigillo/core'
import { parsePem } from './pem.js'

/** PEM text with certificates, or their DER, end entity first. */
export type Certificates = string | readonly Uint8Array[]

/**
 * DER of the chain, end entity first.
 * @throws FiscalError CONFIG_INVALID (certificate-unreadable), KEY_MISMATCH when the first is of another key
 */
export function chainOf(source: Certificates | undefined, jwk: PublicJwk): readonly Uint8Array[] {
  const chain = typeof source === 'string' ? certificatesIn(source) : [...(source ?? [])]
  if (typeof source === 'string' && source.trim() !== '' && chain.length === 0) throw unreadable()
  for (const [index, der] of chain.entries()) {
    const spki = spkiOfCertificate(der)
    if (spki === undefined) throw unreadable()
    if (index === 0 && !equalBytes(spki, spkiOf(jwk))) {
      throw signerError('KEY_MISMATCH', { message: 'the first certificate is of another key', reason: 'certificate' })
    }
  }
  return chain
}

/** DER of the certificates in a PEM text. */
export function certificatesIn(text: string): Uint8Array[] {
  return parsePem(text).flatMap(({ label, bytes }) => (label === 'CERTIFICATE' ? [bytes] : []))
}

function unreadable(): Error {
  return signerError('CONFIG_INVALID', { message: 'a certificate cannot be read', reason: 'certificate-unreadable' })
}
