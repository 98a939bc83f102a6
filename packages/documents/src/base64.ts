// Base64 of RFC 4648 section 4, as XML signatures, PEM and certificate requests carry it: white space is no part of the value.
import { fromBase64url, toBase64url } from '@sigillo/core'

const SPACE = /[ \t\r\n]+/g
const FORM = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

/** Padded base64 without line breaks. */
export function toBase64(bytes: Uint8Array): string {
  const text = toBase64url(bytes).replaceAll('-', '+').replaceAll('_', '/')
  return text.padEnd(Math.ceil(text.length / 4) * 4, '=')
}

/** Bytes of padded base64, white space ignored; undefined when it is anything else. */
export function fromBase64(text: string): Uint8Array | undefined {
  const plain = text.replace(SPACE, '')
  if (!FORM.test(plain)) return undefined
  return fromBase64url(plain.replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, ''))
}

const PEM = /-----BEGIN ([A-Z0-9 ]+)-----([A-Za-z0-9+/=\s]*)-----END \1-----/g

/** DER of every block of a PEM text whose label matches; other blocks and text around them are skipped. */
export function fromPem(text: string, label: RegExp): Uint8Array[] {
  const found: Uint8Array[] = []
  for (const [, name = '', body = ''] of text.matchAll(PEM)) {
    const der = label.test(name) ? fromBase64(body) : undefined
    if (der !== undefined) found.push(der)
  }
  return found
}
