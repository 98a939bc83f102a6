// Making an enveloped XML signature over a document that is already serialised. The key may be in a device: only `sign` is asked.
// The bytes returned are the ones to store and send; they are never serialised again.
import { fromHex, fromUtf8, importPublicKey, sha256Hex, utf8 } from '@sigillo/core'
import { toBase64 } from './base64.js'
import { canonicalXml } from './c14n.js'
import { refuseDocument } from './errors.js'
import { readCertificate } from './x509.js'
import {
  c14nUris,
  deviceProfile,
  DSIG,
  ENVELOPED,
  methodUris,
  SHA256,
  type XmlProfile,
  type XmlSuite,
} from './xmldsig-profile.js'
import { elementsOf, parseXml, type XmlElement } from './xml.js'

/** Who signs. */
export interface XmlSigning {
  /** DER of the signer's certificate. */
  readonly certificate: Uint8Array
  /** By default the first suite of the profile. */
  readonly suite?: XmlSuite
  readonly profile?: XmlProfile
  /** Signs the message with the certificate's key; ECDSA as r‖s. */
  sign(message: Uint8Array): Promise<Uint8Array>
}

/**
 * The document with its signature as last child of the root.
 * @param xml a complete document in UTF-8 without signature, its root not empty
 * @throws FiscalError XML_MALFORMED, XML_FORBIDDEN, SIGNATURE_PLACE, SIGNATURE_MISMATCH when key and certificate do not fit
 */
export async function signXml(xml: Uint8Array, signing: XmlSigning): Promise<Uint8Array> {
  const { profile = deviceProfile } = signing
  const suite = signing.suite ?? (profile.suites[0] as XmlSuite)
  const root = parseXml(xml)
  if (hasSignature(root)) throw refuseDocument('SIGNATURE_PLACE', 'the document is signed already')
  const [head, tail] = splitAtEnd(fromUtf8(xml) as string, root)
  const digest = toBase64(fromHex(sha256Hex(canonicalXml(root, profile.canonicalisation))) as Uint8Array)
  const write = (value: string): string =>
    head + signatureText({ digest, suite, profile, value, certificate: signing.certificate }) + tail
  const message = signedInfoOf(utf8(write('')), profile)
  const value = await signing.sign(message)
  const { publicJwk } = readCertificate(signing.certificate)
  const fits = publicJwk !== undefined && importPublicKey(publicJwk).verify(suite === 'rs256' ? 'RS256' : 'ES256', message, value)
  if (!fits) throw refuseDocument('SIGNATURE_MISMATCH', 'the signer returned a signature of another key than the certificate’s')
  return utf8(write(toBase64(value)))
}

function hasSignature(element: XmlElement): boolean {
  return (element.uri === DSIG && element.local === 'Signature') || elementsOf(element).some(hasSignature)
}

function splitAtEnd(text: string, { prefix, local }: XmlElement): [string, string] {
  const name = prefix === '' ? local : `${prefix}:${local}`
  const at = text.lastIndexOf(`</${name}`)
  // Only white space may follow the root: a comment there could hold a false end tag.
  if (at < 0 || text.slice(at + name.length + 2).trim() !== '>')
    throw refuseDocument('SIGNATURE_PLACE', 'the document must end with its root’s end tag')
  return [text.slice(0, at), text.slice(at)]
}

function signedInfoOf(document: Uint8Array, { canonicalisation }: XmlProfile): Uint8Array {
  const signature = elementsOf(parseXml(document)).at(-1) as XmlElement
  return utf8(canonicalXml(elementsOf(signature)[0] as XmlElement, canonicalisation))
}

interface Parts {
  readonly digest: string
  readonly suite: XmlSuite
  readonly profile: XmlProfile
  readonly value: string
  readonly certificate: Uint8Array
}

function signatureText({ digest, suite, profile: { canonicalisation }, value, certificate }: Parts): string {
  const second = canonicalisation === 'exclusive' ? `<ds:Transform Algorithm="${c14nUris.exclusive}"/>` : ''
  return (
    `<ds:Signature xmlns:ds="${DSIG}"><ds:SignedInfo><ds:CanonicalizationMethod Algorithm="${c14nUris[canonicalisation]}"/>` +
    `<ds:SignatureMethod Algorithm="${methodUris[suite]}"/><ds:Reference URI=""><ds:Transforms><ds:Transform Algorithm="${ENVELOPED}"/>${second}` +
    `</ds:Transforms><ds:DigestMethod Algorithm="${SHA256}"/><ds:DigestValue>${digest}</ds:DigestValue></ds:Reference></ds:SignedInfo>` +
    `<ds:SignatureValue>${value}</ds:SignatureValue><ds:KeyInfo><ds:X509Data><ds:X509Certificate>${toBase64(certificate)}` +
    `</ds:X509Certificate></ds:X509Data></ds:KeyInfo></ds:Signature>`
  )
}
