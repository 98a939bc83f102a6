// The one thing the guard needs of a certificate besides its key: when it is valid (RFC 5280 4.1.2.5). Whether anybody should trust it is
// judged in the documents package; here the signer only keeps itself from signing outside these dates.
import { readAll, readSequence, SEQUENCE, type Element } from './der.js'

/** When a certificate is valid, both ends included; milliseconds since 1970. */
export interface CertificateValidity {
  readonly notBeforeMs: number
  readonly notAfterMs: number
}

const UTC_TIME = 0x17
const GENERALIZED_TIME = 0x18

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

/** A time as certificates write it, seconds included and in UTC (RFC 5280 4.1.2.5.1 and .2); undefined for other forms. */
export function momentOf(element: Element | undefined): number | undefined {
  if (element?.tag !== UTC_TIME && element?.tag !== GENERALIZED_TIME) return undefined
  const text = String.fromCharCode(...element.content)
  const digits = /^(\d{10}|\d{12})(\d\d)Z$/.exec(text)?.[0]?.slice(0, -1)
  if (digits?.length !== (element.tag === UTC_TIME ? 12 : 14)) return undefined
  // Two digits of a year: 50 to 99 are of the last century.
  const full = digits.length === 14 ? digits : `${Number(digits.slice(0, 2)) >= 50 ? '19' : '20'}${digits}`
  const iso = full.replace(/^(....)(..)(..)(..)(..)(..)$/, '$1-$2-$3T$4:$5:$6.000Z')
  const ms = Date.parse(iso)
  return Number.isNaN(ms) || new Date(ms).toISOString() !== iso ? undefined : ms
}
