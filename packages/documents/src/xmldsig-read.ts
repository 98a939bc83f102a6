// A signature element taken apart, strictly: every child in its place, every algorithm named by the profile, one reference to the
// whole document, nothing else. What is not understood is refused, because what it would mean cannot be checked.
import type { Canonicalisation } from './c14n.js'
import { fromBase64 } from './base64.js'
import { refuseDocument } from './errors.js'
import { c14nUris, DSIG, ENVELOPED, methodUris, SHA256, type XmlProfile, type XmlSuite } from './xmldsig-profile.js'
import { attributeOf, elementsOf, textOf, type XmlElement } from './xml.js'

/** What a signature says about itself; nothing of it is proven yet. */
export interface XmlSignature {
  readonly element: XmlElement
  readonly signedInfo: XmlElement
  readonly canonicalisation: Canonicalisation
  readonly suite: XmlSuite
  readonly digest: Uint8Array
  readonly value: Uint8Array
  /** DER as embedded, the signer's first. */
  readonly certificates: readonly Uint8Array[]
  readonly hints: KeyHints
}

/** What KeyInfo claims besides the certificate. */
export interface KeyHints {
  readonly subjectName: string | undefined
  readonly issuerName: string | undefined
  readonly serialNumber: string | undefined
}

/**
 * The only signature of a document, last child of its root.
 * @throws FiscalError SIGNATURE_MISSING, SIGNATURE_PLACE, SIGNATURE_PROFILE
 */
export function readSignature(root: XmlElement, profile: XmlProfile): XmlSignature {
  const found = signaturesIn(root)
  if (found.length === 0) throw refuseDocument('SIGNATURE_MISSING', 'the document is not signed')
  const [element] = found as [XmlElement]
  if (found.length > 1 || elementsOf(root).at(-1) !== element)
    throw refuseDocument('SIGNATURE_PLACE', 'one signature, last child of the root, is expected')
  const [signedInfo, value, keyInfo] = shape(element, ['SignedInfo', 'SignatureValue', 'KeyInfo'])
  only(element, ['Id'])
  return {
    element,
    signedInfo,
    ...readSignedInfo(signedInfo, profile),
    value: bytesOf(value),
    ...readKeyInfo(keyInfo),
  }
}

function signaturesIn(element: XmlElement): XmlElement[] {
  const below = elementsOf(element).flatMap(signaturesIn)
  return element.uri === DSIG && element.local === 'Signature' ? [element, ...below] : below
}

function readSignedInfo(
  signedInfo: XmlElement,
  profile: XmlProfile,
): Pick<XmlSignature, 'canonicalisation' | 'suite' | 'digest'> {
  const [form, method, reference] = shape(signedInfo, ['CanonicalizationMethod', 'SignatureMethod', 'Reference'])
  only(signedInfo, ['Id'])
  const { canonicalisation } = profile
  if (algorithm(form) !== c14nUris[canonicalisation]) throw refused('the canonicalisation', algorithm(form))
  const suite = profile.suites.find((one) => methodUris[one] === algorithm(method))
  if (suite === undefined) throw refused('the signature method', algorithm(method))
  return { canonicalisation, suite, digest: readReference(reference, canonicalisation) }
}

function readReference(reference: XmlElement, canonicalisation: Canonicalisation): Uint8Array {
  if (attributeOf(reference, 'URI') !== '') throw refused('the reference', attributeOf(reference, 'URI') ?? 'without URI')
  only(reference, ['URI', 'Id'])
  const [transforms, method, value] = shape(reference, ['Transforms', 'DigestMethod', 'DigestValue'])
  const named = elementsOf(transforms).map((one) => {
    if (one.uri !== DSIG || one.local !== 'Transform') throw refused('an element', one.local)
    return algorithm(one)
  })
  only(transforms, [])
  const allowed =
    named[0] === ENVELOPED && (named.length === 1 || (named.length === 2 && named[1] === c14nUris[canonicalisation]))
  if (!allowed) throw refused('the transforms', named.join(' '))
  if (algorithm(method) !== SHA256) throw refused('the digest method', algorithm(method))
  const digest = bytesOf(value)
  if (digest.length !== 32) throw refused('the digest', 'not 32 bytes')
  return digest
}

function readKeyInfo(keyInfo: XmlElement): Pick<XmlSignature, 'certificates' | 'hints'> {
  const certificates: Uint8Array[] = []
  let hints: KeyHints = { subjectName: undefined, issuerName: undefined, serialNumber: undefined }
  const [data] = shape(keyInfo, ['X509Data'])
  only(keyInfo, ['Id'])
  for (const part of elementsOf(data)) {
    if (part.uri !== DSIG) throw refused('an element', part.local)
    if (part.local === 'X509Certificate') certificates.push(bytesOf(part))
    else if (part.local === 'X509SubjectName') hints = { ...hints, subjectName: textOf(part).trim() }
    else if (part.local === 'X509IssuerSerial') {
      const [issuer, serial] = shape(part, ['X509IssuerName', 'X509SerialNumber'])
      hints = { ...hints, issuerName: textOf(issuer).trim(), serialNumber: textOf(serial).trim() }
    } else throw refused('an element', part.local)
  }
  if (certificates.length === 0) throw refused('KeyInfo', 'without certificate')
  return { certificates, hints }
}

// Exactly these children in this order, only white space between them.
function shape<const Names extends readonly string[]>(element: XmlElement, names: Names): { [K in keyof Names]: XmlElement } {
  const found = elementsOf(element)
  const fits = found.length === names.length && found.every((child, i) => child.uri === DSIG && child.local === names[i])
  if (!fits || textOf(element).trim() !== '')
    throw refused(`the content of ${element.local}`, found.map(({ local }) => local).join(' '))
  return found as { [K in keyof Names]: XmlElement }
}

function only(element: XmlElement, allowed: readonly string[]): void {
  for (const { local, uri } of element.attributes)
    if (uri !== '' || !allowed.includes(local)) throw refused('an attribute', local)
}

// A method element names its algorithm and has no parameter.
function algorithm(element: XmlElement): string {
  only(element, ['Algorithm'])
  if (element.children.some((child) => typeof child !== 'string' || child.trim() !== ''))
    throw refused('a parameter of', element.local)
  return attributeOf(element, 'Algorithm') ?? ''
}

function bytesOf(element: XmlElement): Uint8Array {
  const bytes = elementsOf(element).length === 0 ? fromBase64(textOf(element)) : undefined
  if (bytes === undefined || bytes.length === 0) throw refused(element.local, 'not base64')
  return bytes
}

function refused(what: string, value: string): Error {
  return refuseDocument('SIGNATURE_PROFILE', `${what} is not of the profile: ${value.slice(0, 200)}`)
}
