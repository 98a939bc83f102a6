// The signature of a message (6), judged without trusting it: one enveloped signature, last in the root, the algorithms of the
// profile and no others, digest, then value under the certificate it carries. Whether that certificate is anybody's is the next step.
import { createHash, verify, X509Certificate } from 'node:crypto'
import { XmlElement, type XmlNode } from 'libxml2-wasm'
import { child, childrenNamed, dsig, elementsOf, text, type Element, type Parsed } from './xml.js'

const C14N = 'http://www.w3.org/TR/2001/REC-xml-c14n-20010315'
const ENVELOPED = `${dsig}enveloped-signature`
/** Algorithms of the profile. */
export const algorithms: Readonly<Record<'c14n' | 'enveloped' | 'rsaSha256' | 'sha256', string>> = {
  c14n: C14N,
  enveloped: ENVELOPED,
  rsaSha256: 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256',
  sha256: 'http://www.w3.org/2001/04/xmlenc#sha256',
}

/** A judgement: the certificate that signed, or why not. */
export type SignatureVerdict =
  | { readonly ok: true; readonly certificate: X509Certificate }
  | { readonly ok: false; readonly problem: string }

class Refusal extends Error {}

function need(condition: boolean, problem: string): asserts condition {
  if (!condition) throw new Refusal(problem)
}

/** Judges the signature of a message. The document loses its signature on the way: nothing is read from it afterwards. */
export function judgeSignature(parsed: Parsed): SignatureVerdict {
  try {
    return { ok: true, certificate: judge(parsed) }
  } catch (error) {
    if (error instanceof Refusal) return { ok: false, problem: error.message }
    throw error
  }
}

function judge({ document, root }: Parsed): X509Certificate {
  const signatures = countSignatures(root)
  need(signatures === 1, `${signatures} signatures`)
  const signature = elementsOf(root).at(-1)
  need(signature !== undefined && isDs(signature, 'Signature'), 'the signature is not the last child of the root')
  const { digest, value, certificate } = readSignature(signature)

  const node = lastElement(document.root)
  const signedInfo = Buffer.from(firstElement(node).canonicalizeToString({ mode: 0 }), 'utf8')
  node.remove()
  const content = Buffer.from(document.canonicalizeToString({ mode: 0 }), 'utf8')
  need(createHash('sha256').update(content).digest().equals(digest), 'the digest is another one')
  const key = certificate.publicKey
  need(key.asymmetricKeyType === 'rsa', 'the key is not RSA')
  need((key.asymmetricKeyDetails?.modulusLength ?? 0) >= 2048, 'the key has fewer than 2048 bits')
  need(verify('sha256', signedInfo, key, value), 'the signature value does not verify')
  return certificate
}

function readSignature(signature: Element): { digest: Buffer; value: Buffer; certificate: X509Certificate } {
  const parts = elementsOf(signature)
  need(
    parts.length === 3 && ['SignedInfo', 'SignatureValue', 'KeyInfo'].every((name, i) => isDs(parts[i], name)),
    'the signature holds something else than SignedInfo, SignatureValue, KeyInfo',
  )
  const [info, value, keyInfo] = parts as [Element, Element, Element]
  need(algorithmOf(child(info, 'CanonicalizationMethod')) === C14N, 'another canonicalisation')
  need(algorithmOf(child(info, 'SignatureMethod')) === algorithms.rsaSha256, 'another signature method')
  const references = childrenNamed(info, 'Reference')
  need(references.length === 1 && elementsOf(info).length === 3, 'not exactly one reference')
  return { digest: readReference(references[0] as Element), value: bytesOf(value), certificate: readKeyInfo(keyInfo) }
}

function readReference(reference: Element): Buffer {
  const uri = reference.attributes.find(({ name }) => name === 'URI')
  need(uri !== undefined && uri.value === '', 'the reference does not name the whole document')
  const transforms = elementsOf(child(reference, 'Transforms') ?? reference).filter((one) => isDs(one, 'Transform'))
  const named = transforms.map(algorithmOf)
  need(
    named[0] === ENVELOPED && (named.length === 1 || (named.length === 2 && named[1] === C14N)),
    'other transforms than enveloped, or enveloped and canonicalisation',
  )
  need(
    transforms.every((one) => elementsOf(one).length === 0),
    'a transform with parameters',
  )
  need(algorithmOf(child(reference, 'DigestMethod')) === algorithms.sha256, 'another digest method')
  return bytesOf(child(reference, 'DigestValue'))
}

function readKeyInfo(keyInfo: Element): X509Certificate {
  const data = elementsOf(keyInfo)
  need(data.length === 1 && isDs(data[0], 'X509Data'), 'KeyInfo is not one X509Data')
  const named = elementsOf(data[0] as Element)
  const known = ['X509Certificate', 'X509SubjectName', 'X509IssuerSerial']
  need(
    named.every((one) => known.some((name) => isDs(one, name))),
    'X509Data holds something unknown',
  )
  const certificates = named.filter(({ name }) => name === 'X509Certificate')
  need(certificates.length === 1, 'not exactly one certificate')
  const certificate = readCertificate(bytesOf(certificates[0]))
  need(certificate !== undefined, 'the certificate cannot be read')
  for (const one of named) need(agrees(one, certificate), `${one.name} does not agree with the certificate`)
  return certificate
}

function readCertificate(der: Buffer): X509Certificate | undefined {
  try {
    return new X509Certificate(der)
  } catch {
    return undefined
  }
}

function agrees(element: Element, certificate: X509Certificate): boolean {
  if (element.name === 'X509SubjectName') return sameName(text(element), certificate.subject)
  if (element.name !== 'X509IssuerSerial') return true
  const serial = text(child(element, 'X509SerialNumber'))
  return (
    sameName(text(child(element, 'X509IssuerName')), certificate.issuer) &&
    /^\d{1,60}$/.test(serial) &&
    BigInt(serial) === BigInt(`0x${certificate.serialNumber}`)
  )
}

// A name in one line (RFC 2253, either order) against OpenSSL's lines.
function sameName(line: string, lines: string): boolean {
  const parts = (all: readonly string[]): string =>
    JSON.stringify(
      all
        .map((part) => part.replace(/^\s*([^=]+?)\s*=\s*/, (_, type: string) => `${type.toUpperCase()}=`).replaceAll('\\', ''))
        .map((part) => part.trim().toLowerCase())
        .toSorted(),
    )
  return parts(line.split(/(?<!\\),/)) === parts(lines.split('\n'))
}

function countSignatures(element: Element): number {
  return elementsOf(element).reduce((sum, one) => sum + countSignatures(one), isDs(element, 'Signature') ? 1 : 0)
}

function isDs(element: Element | undefined, name: string): boolean {
  return element !== undefined && element.name === name && element.uri === dsig
}

function algorithmOf(element: Element | undefined): string | undefined {
  return element?.attributes.find(({ name, uri }) => name === 'Algorithm' && uri === '')?.value
}

function bytesOf(element: Element | undefined): Buffer {
  const packed = text(element).replace(/\s/g, '')
  need(packed !== '' && packed.length % 4 === 0 && /^[A-Za-z0-9+/]+={0,2}$/.test(packed), `${element?.name} is not base64`)
  return Buffer.from(packed, 'base64')
}

function lastElement(element: XmlElement): XmlElement {
  let node: XmlNode | null = element.lastChild
  while (node !== null && !(node instanceof XmlElement)) node = (node as XmlElement).prev
  return node as XmlElement
}

function firstElement(element: XmlElement): XmlElement {
  let node: XmlNode | null = element.firstChild
  while (node !== null && !(node instanceof XmlElement)) node = (node as XmlElement).next
  return node as XmlElement
}
