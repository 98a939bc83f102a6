// The one thing the guard needs of a certificate besides its key: when it is valid (RFC 5280 4.1.2.5). Whether anybody should trust it is
// judged in the documents package; here the signer only keeps itself from signing outside these dates.
import { momentOf, readAll, readSequence, SEQUENCE } from './der.js'

/** When a certificate is valid, both ends included; milliseconds since 1970. */
export interface CertificateValidity {
  readonly notBeforeMs: number
  readonly notAfterMs: number
}

/** Validity of a certificate in DER; undefined when the bytes are none. */
export function validityOf(der: Uint8Array): CertificateValidity | undefined {
  const body = readSequence(der)?.[0]
  const fields = body?.tag === SEQUENCE ? readAll(body.content) : undefined
  if (fields === undefined) return undefined
  // version [0] may be absent; then serial, algorithm and issuer come before the validity.
  const validity = fields[fields[0]?.tag === 0xa0 ? 4 : 3]
  const [from, to] = validity?.tag === SEQUENCE ? (readAll(validity.content) ?? []) : []
  const [notBeforeMs, notAfterMs] = [momentOf(from), momentOf(to)]
  return notBeforeMs === undefined || notAfterMs === undefined ? undefined : { notBeforeMs, notAfterMs }
}
