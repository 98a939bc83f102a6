// Public keys as SubjectPublicKeyInfo (RFC 5280 4.1, RFC 5480, RFC 8410) and where they stand in a certificate.
import { concat, fromBase64url, toBase64url } from './bytes.js'
import type { PublicJwk } from './crypto-contract.js'
import {
  BIT_STRING,
  INTEGER,
  NULL,
  OID,
  oidText,
  readAll,
  readSequence,
  SEQUENCE,
  writeElement,
  writeInteger,
  writeOid,
} from './der.js'

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

/** The key in a SubjectPublicKeyInfo, or undefined when it is of no kind records are signed with. */
export function jwkOfSpki(der: Uint8Array): PublicJwk | undefined {
  const [algorithm, bits] = readSequence(der) ?? []
  const [type, parameter] = algorithm?.tag === SEQUENCE ? (readAll(algorithm.content) ?? []) : []
  if (type?.tag !== OID || bits?.tag !== BIT_STRING || bits.content[0] !== 0) return undefined
  const key = bits.content.subarray(1)
  const oid = oidText(type.content)
  if (oid === KEY_OIDS.ec) return parameter?.tag === OID ? jwkOfPoint(oidText(parameter.content), key) : undefined
  if (oid === KEY_OIDS.ed25519) return key.length === 32 ? { kty: 'OKP', crv: 'Ed25519', x: toBase64url(key) } : undefined
  const [n, e] = oid === KEY_OIDS.rsa ? (readSequence(key) ?? []) : []
  return n?.tag === INTEGER && e?.tag === INTEGER ? { kty: 'RSA', n: magnitude(n.content), e: magnitude(e.content) } : undefined
}

/** A key from an uncompressed point (04 ‖ x ‖ y) and the object identifier of its curve; undefined for other curves and forms. */
export function jwkOfPoint(curveOid: string, point: Uint8Array): PublicJwk | undefined {
  const crv = curveOid === KEY_OIDS['P-256'] ? 'P-256' : curveOid === KEY_OIDS['P-384'] ? 'P-384' : undefined
  const size = crv === 'P-256' ? 32 : 48
  if (crv === undefined || point.length !== 1 + 2 * size || point[0] !== 4) return undefined
  return { kty: 'EC', crv, x: toBase64url(point.subarray(1, 1 + size)), y: toBase64url(point.subarray(1 + size)) }
}

function magnitude(content: Uint8Array): string {
  return toBase64url(content[0] === 0 && content.length > 1 ? content.subarray(1) : content)
}
