// Verifying an enveloped XML signature. The order is fixed: form, place, algorithms, digest, signature value, then the path to a
// configured root, usage and name. What comes back are the octets that were proven, never the document they were cut from.
import { equalBytes, fromHex, importPublicKey, isFiscalError, sha256Hex, utf8 } from '@sigillo/core'
import { canonicalXml } from './c14n.js'
import type { DocumentCode } from './errors.js'
import { hintsAgree } from './key-hints.js'
import { checkPath } from './path.js'
import { rsaBits } from './spki.js'
import { commonNameOf, readCertificate, type KeyUsage, type X509 } from './x509.js'
import { deviceProfile, type XmlProfile } from './xmldsig-profile.js'
import { readSignature, type XmlSignature } from './xmldsig-read.js'
import { parseXml, type XmlElement, type XmlLimits } from './xml.js'

/** Whom to believe. */
export interface XmlTrust {
  readonly anchors: readonly X509[]
  /** Milliseconds since 1970: when the certificate must have been valid. */
  readonly at: number
  /** One of these usages is needed. */
  readonly usage?: readonly KeyUsage[]
  /** The subject's only common name must be this. */
  readonly commonName?: string
}

/** How to verify. Without `trust` only the mathematics is checked, and the result says so. */
export interface XmlVerifyOptions {
  readonly profile?: XmlProfile
  readonly trust?: XmlTrust
  readonly limits?: XmlLimits
}

/** What was proven, or the first thing that was wrong. */
export type XmlVerdict =
  | {
      readonly ok: true
      /** Canonical bytes of the document without its signature: exactly what the digest covers. */
      readonly octets: Uint8Array
      /** These octets, read. */
      readonly root: XmlElement
      readonly certificate: X509
      /** False when no trust was asked for: then anybody may have signed. */
      readonly trusted: boolean
    }
  | { readonly ok: false; readonly code: DocumentCode; readonly message: string }

const ALG = { rs256: 'RS256', es256: 'ES256' } as const

/** Judges a signed document; bad input gives a verdict, never an exception. */
export function verifyXml(bytes: Uint8Array, options: XmlVerifyOptions = {}): XmlVerdict {
  try {
    return judge(bytes, options)
  } catch (error) {
    if (isFiscalError(error)) return { ok: false, code: error.code as DocumentCode, message: error.message }
    throw error
  }
}

function judge(bytes: Uint8Array, { profile = deviceProfile, trust, limits }: XmlVerifyOptions): XmlVerdict {
  const document = parseXml(bytes, limits)
  const signature = readSignature(document, profile)
  const octets = utf8(canonicalXml(document, signature.canonicalisation, signature.element))
  if (!equalBytes(fromHex(sha256Hex(octets)) as Uint8Array, signature.digest))
    return { ok: false, code: 'DIGEST_MISMATCH', message: 'the document is not the one that was signed' }
  const [certificate, ...pool] = signature.certificates.map(readCertificate) as [X509, ...X509[]]
  const problem = checkValue(signature, certificate) ?? (trust && checkTrust(certificate, pool, trust))
  if (problem !== undefined) return problem
  return { ok: true, octets, root: parseXml(octets, limits), certificate, trusted: trust !== undefined }
}

type Problem = Extract<XmlVerdict, { ok: false }>

function checkValue(signature: XmlSignature, certificate: X509): Problem | undefined {
  const { suite, value, hints } = signature
  const jwk = certificate.publicJwk
  if (jwk === undefined) return { ok: false, code: 'SIGNATURE_PROFILE', message: 'the key is of an unknown kind' }
  if ((rsaBits(jwk) ?? 2048) < 2048) return { ok: false, code: 'KEY_WEAK', message: 'the RSA key is shorter than 2048 bits' }
  const message = utf8(canonicalXml(signature.signedInfo, signature.canonicalisation))
  if (!verifyValue(jwk, ALG[suite], message, value))
    return { ok: false, code: 'SIGNATURE_MISMATCH', message: 'the signature value does not fit' }
  return hintsAgree(hints, certificate)
    ? undefined
    : { ok: false, code: 'SIGNATURE_PROFILE', message: 'KeyInfo names another certificate than it carries' }
}

function verifyValue(
  jwk: NonNullable<X509['publicJwk']>,
  alg: 'RS256' | 'ES256',
  message: Uint8Array,
  value: Uint8Array,
): boolean {
  try {
    return importPublicKey(jwk).verify(alg, message, value)
  } catch {
    // Numbers that are no key.
    return false
  }
}

function checkTrust(certificate: X509, pool: readonly X509[], trust: XmlTrust): Problem | undefined {
  const { anchors, at, usage, commonName } = trust
  const result = checkPath({ certificate, pool, anchors, at, ...(usage !== undefined && { usage }) })
  if (!result.ok) return result
  if (commonName === undefined || commonNameOf(certificate.subject) === commonName) return undefined
  return { ok: false, code: 'CERTIFICATE_NAME', message: `the certificate does not name ${commonName}` }
}
