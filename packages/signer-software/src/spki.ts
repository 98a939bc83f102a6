// Public keys as SubjectPublicKeyInfo (RFC 5280 4.1, RFC 5480, RFC 8410) and where they stand in a certificate.
import { concat, fromBase64url, type PublicJwk } from '@sigillo/core'
import { BIT_STRING, NULL, readAll, readSequence, SEQUENCE, writeElement, writeInteger, writeOid } from './der.js'

/** Object identifiers of the keys this package holds. */
export const KEY_OIDS = {
  ec: '1.2.840.10045.2.1',
  'P-256': '1.2.840.10045.3.1.7',
  'P-384': '1.3.132.0.34',
  ed25519: '1.3.101.112',
  rsa: '1.2.840.113549.1.1.1',
} as const

/** DER of a public key. */
export function spkiOf(jwk: PublicJwk): Uint8Array {
  if (jwk.kty === 'EC') {
    const algorithm = writeElement(SEQUENCE, writeOid(KEY_OIDS.ec), writeOid(KEY_OIDS[jwk.crv]))
    return info(algorithm, concat(Uint8Array.of(4), bytesOf(jwk.x), bytesOf(jwk.y)))
  }
  if (jwk.kty === 'OKP') return info(writeElement(SEQUENCE, writeOid(KEY_OIDS.ed25519)), bytesOf(jwk.x))
  const algorithm = writeElement(SEQUENCE, writeOid(KEY_OIDS.rsa), writeElement(NULL))
  return info(algorithm, writeElement(SEQUENCE, writeInteger(bytesOf(jwk.n)), writeInteger(bytesOf(jwk.e))))
}

function info(algorithm: Uint8Array, key: Uint8Array): Uint8Array {
  return writeElement(SEQUENCE, algorithm, writeElement(BIT_STRING, Uint8Array.of(0), key))
}

function bytesOf(text: string): Uint8Array {
  const bytes = fromBase64url(text)
  if (bytes === undefined) throw new TypeError('a member of the key is not base64url')
  return bytes
}

/** The SubjectPublicKeyInfo inside a certificate, as written there; undefined when the bytes are no certificate. */
export function spkiOfCertificate(der: Uint8Array): Uint8Array | undefined {
  const body = readSequence(der)?.[0]
  const fields = body?.tag === SEQUENCE ? readAll(body.content) : undefined
  if (fields === undefined) return undefined
  // version [0] may be absent; then serial, algorithm, issuer, validity, subject come before the key.
  const key = fields[fields[0]?.tag === 0xa0 ? 6 : 5]
  return key?.tag === SEQUENCE ? writeElement(SEQUENCE, key.content) : undefined
}
