// PKCS#8 private keys in clear (RFC 5958; RFC 5915 for EC, RFC 8410 for Ed25519), read for places without a platform. The caller
// owns the bytes and wipes them.
import { KEY_OIDS } from '@sigillo/core'
import { BIT_STRING, OCTET_STRING, OID, oidText, readElement, readSequence, smallInteger } from '@sigillo/core/der'

/** What a PKCS#8 key holds; `scalar` and `seed` are views into the given bytes. */
export type PrivateParts =
  | { readonly kty: 'EC'; readonly crv: 'P-256' | 'P-384'; readonly scalar: Uint8Array; readonly point?: Uint8Array }
  | { readonly kty: 'OKP'; readonly seed: Uint8Array }
  | { readonly kty: 'RSA' }

/** The parts of a key, or undefined when the bytes are no key of a kind this package holds. */
export function readPkcs8(der: Uint8Array): PrivateParts | undefined {
  const [version, algorithm, key] = readSequence(der) ?? []
  const number = smallInteger(version)
  if (number === undefined || number > 1 || algorithm === undefined || key?.tag !== OCTET_STRING) return undefined
  const type = readElement(algorithm.content)
  if (type?.tag !== OID) return undefined
  const oid = oidText(type.content)
  if (oid === KEY_OIDS.rsa) return { kty: 'RSA' }
  if (oid === KEY_OIDS.ed25519) return readSeed(key.content)
  const curve = readElement(algorithm.content, type.end)
  return oid === KEY_OIDS.ec && curve?.tag === OID ? readScalar(key.content, oidText(curve.content)) : undefined
}

function readSeed(content: Uint8Array): PrivateParts | undefined {
  const seed = readElement(content)
  return seed?.tag === OCTET_STRING && seed.content.length === 32 ? { kty: 'OKP', seed: seed.content } : undefined
}

function readScalar(content: Uint8Array, curve: string): PrivateParts | undefined {
  const crv = curve === KEY_OIDS['P-256'] ? 'P-256' : curve === KEY_OIDS['P-384'] ? 'P-384' : undefined
  const [version, scalar, ...optional] = readSequence(content) ?? []
  if (crv === undefined || smallInteger(version) !== 1 || scalar?.tag !== OCTET_STRING) return undefined
  const wrapped = optional.find((element) => element.tag === 0xa1)
  const bits = wrapped === undefined ? undefined : readElement(wrapped.content)
  const point = bits?.tag === BIT_STRING ? bits.content.subarray(1) : undefined
  return { kty: 'EC', crv, scalar: scalar.content, ...(point !== undefined && { point }) }
}
