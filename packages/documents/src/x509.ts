// X.509 certificates (RFC 5280) read into plain data: what path checks and reports need, nothing computed.
import type { PublicJwk } from '@sigillo/core'
import { toHex } from '@sigillo/core'
import { oidText, readAll, readElement, type Element } from '@sigillo/core/der'
import * as asn1js from 'asn1js'
import { Certificate as PkiCertificate, type Extension } from 'pkijs'
import { fromPem } from './base64.js'
import { copyOf, readDer, type NamePart } from './der.js'
import { refuseDocument } from './errors.js'
import { nameParts, readAlternativeNames, readNameConstraints, type GeneralName, type NameConstraints } from './general-names.js'
import { jwkOfSpki } from './spki.js'

/** Key usage bits by their names in RFC 5280 4.2.1.3. */
export type KeyUsage = (typeof USAGES)[number]
const USAGES = [
  'digitalSignature',
  'nonRepudiation',
  'keyEncipherment',
  'dataEncipherment',
  'keyAgreement',
  'keyCertSign',
  'cRLSign',
  'encipherOnly',
  'decipherOnly',
] as const

/** A certificate, read. */
export interface X509 {
  readonly der: Uint8Array
  readonly tbs: Uint8Array
  /** Serial number in lower-case hex without leading zeros. */
  readonly serial: string
  readonly subject: readonly NamePart[]
  readonly issuer: readonly NamePart[]
  /** DER of the names, for comparison. */
  readonly subjectDer: Uint8Array
  readonly issuerDer: Uint8Array
  /** Milliseconds since 1970. */
  readonly notBefore: number
  readonly notAfter: number
  readonly spki: Uint8Array
  /** Undefined for kinds of key we do not verify with. */
  readonly publicJwk: PublicJwk | undefined
  /** Undefined when the extension is absent. */
  readonly keyUsage: ReadonlySet<KeyUsage> | undefined
  readonly extendedKeyUsage: readonly string[] | undefined
  readonly basicConstraints: { readonly ca: boolean; readonly pathLength: number | undefined } | undefined
  /** Whether the extended key usage is marked critical, as that of a time-stamping authority must be. */
  readonly extendedIsCritical: boolean
  /** Other names of the subject, and mail addresses in it. */
  readonly names: readonly GeneralName[]
  readonly nameConstraints: NameConstraints | undefined
  /** Object identifiers of the certificate policies; undefined when the extension is absent. */
  readonly policies: readonly string[] | undefined
  /** Identifiers of the own and of the issuer's key, lower-case hex; a hint for building paths, never a proof. */
  readonly subjectKeyId: string | undefined
  readonly authorityKeyId: string | undefined
  /** Critical extensions this package does not interpret; any makes a path invalid. */
  readonly unknownCritical: readonly string[]
  /** Object identifier of the algorithm the issuer signed with. */
  readonly signatureAlgorithm: string
  readonly signature: Uint8Array
}

const OID = {
  keyUsage: '2.5.29.15',
  basicConstraints: '2.5.29.19',
  extendedKeyUsage: '2.5.29.37',
  nameConstraints: '2.5.29.30',
  alternativeNames: '2.5.29.17',
  policies: '2.5.29.32',
  subjectKeyId: '2.5.29.14',
  authorityKeyId: '2.5.29.35',
}
const EMAIL_IN_NAME = '1.2.840.113549.1.9.1'
// Read, or without bearing on whether a path holds when no policy is asked for.
const KNOWN: ReadonlySet<string> = new Set(Object.values(OID))

/** @throws FiscalError CERTIFICATE_MALFORMED */
export function readCertificate(der: Uint8Array): X509 {
  const value = readDer(der)
  if (value === undefined) throw refuseDocument('CERTIFICATE_MALFORMED', 'not one DER value')
  try {
    return plain(der, new PkiCertificate({ schema: value }))
  } catch (cause) {
    throw refuseDocument('CERTIFICATE_MALFORMED', 'not an X.509 certificate', {}, cause)
  }
}

/** All certificates of a PEM text, or the one of DER bytes. @throws FiscalError CERTIFICATE_MALFORMED */
export function readCertificates(source: string | Uint8Array): X509[] {
  if (typeof source !== 'string') return [readCertificate(source)]
  return fromPem(source, /^(?:TRUSTED |X509 )?CERTIFICATE$/).map(readCertificate)
}

function plain(der: Uint8Array, certificate: PkiCertificate): X509 {
  const extensions = certificate.extensions ?? []
  const unique = new Set(extensions.map(({ extnID }) => extnID))
  if (unique.size !== extensions.length) throw new TypeError('an extension stands twice')
  const constraints = rawOf(extensions, OID.nameConstraints)
  const nameConstraints = readNameConstraints(constraints)
  // A constraint that cannot be read is one that cannot be kept.
  const unread = constraints !== undefined && nameConstraints === undefined ? [OID.nameConstraints] : []
  const subject = namesOf(certificate.subject)
  const spki = new Uint8Array(certificate.subjectPublicKeyInfo.toSchema().toBER())
  if (certificate.signature.algorithmId !== certificate.signatureAlgorithm.algorithmId)
    throw new TypeError('two signature algorithms')
  return {
    der: new Uint8Array(der),
    tbs: new Uint8Array(certificate.tbsView),
    serial: toHex(certificate.serialNumber.valueBlock.valueHexView).replace(/^0+(?=.)/, ''),
    subject,
    issuer: namesOf(certificate.issuer),
    subjectDer: new Uint8Array(certificate.subject.valueBeforeDecode),
    issuerDer: new Uint8Array(certificate.issuer.valueBeforeDecode),
    notBefore: certificate.notBefore.value.getTime(),
    notAfter: certificate.notAfter.value.getTime(),
    spki,
    publicJwk: jwkOfSpki(spki),
    keyUsage: keyUsageOf(extensions),
    extendedKeyUsage: extendedOf(extensions),
    basicConstraints: basicOf(extensions),
    extendedIsCritical: extensions.some(({ critical, extnID }) => critical && extnID === OID.extendedKeyUsage),
    names: allNames(subject, new Uint8Array(certificate.subject.valueBeforeDecode), rawOf(extensions, OID.alternativeNames)),
    nameConstraints,
    policies: policiesOf(rawOf(extensions, OID.policies)),
    subjectKeyId: hexOf(rawOf(extensions, OID.subjectKeyId)),
    authorityKeyId: authorityOf(rawOf(extensions, OID.authorityKeyId)),
    unknownCritical: [
      ...unread,
      ...extensions.filter(({ critical, extnID }) => critical && !KNOWN.has(extnID)).map(({ extnID }) => extnID),
    ],
    signatureAlgorithm: certificate.signatureAlgorithm.algorithmId,
    signature: new Uint8Array(certificate.signatureValue.valueBlock.valueHexView),
  }
}

function namesOf(name: PkiCertificate['subject']): NamePart[] {
  return name.typesAndValues.map(({ type, value }) => ({
    oid: type,
    value: String((value as { valueBlock: { value?: unknown } }).valueBlock.value ?? ''),
  }))
}

function valueOf(extensions: readonly Extension[], oid: string): asn1js.AsnType | undefined {
  const found = extensions.find(({ extnID }) => extnID === oid)
  if (found === undefined) return undefined
  const value = readDer(new Uint8Array(copyOf(found.extnValue.valueBlock.valueHexView)))
  if (value === undefined) throw new TypeError(`extension ${oid} is not DER`)
  return value
}

function rawOf(extensions: readonly Extension[], oid: string): Element | undefined {
  const found = extensions.find(({ extnID }) => extnID === oid)
  if (found === undefined) return undefined
  const bytes = new Uint8Array(copyOf(found.extnValue.valueBlock.valueHexView))
  const element = readElement(bytes)
  if (element === undefined || element.end !== bytes.length) throw new TypeError(`extension ${oid} is not DER`)
  return element
}

// Constraints hold for the subject itself, for its other names, and for mail addresses in the subject where there is no other (RFC 5280 4.2.1.10).
function allNames(subject: readonly NamePart[], subjectDer: Uint8Array, extension: Element | undefined): GeneralName[] {
  const others = extension === undefined ? [] : readAlternativeNames(extension)
  if (others === undefined) throw new TypeError('the alternative names are no sequence')
  const parts = nameParts(readElement(subjectDer))
  const mail = others.some(({ kind }) => kind === 'email') ? [] : subject.filter(({ oid }) => oid === EMAIL_IN_NAME)
  return [
    ...(parts === undefined || parts.length === 0 ? [] : [{ kind: 'directory' as const, parts }]),
    ...mail.map(({ value }) => ({ kind: 'email' as const, value: value.toLowerCase() })),
    ...others,
  ]
}

function policiesOf(value: Element | undefined): string[] | undefined {
  const list = value?.tag === 0x30 ? readAll(value.content) : undefined
  return list?.map(({ content }) => {
    const [oid] = readAll(content) ?? []
    return oid?.tag === 0x06 ? oidText(oid.content) : ''
  })
}

function hexOf(value: Element | undefined): string | undefined {
  return value?.tag === 0x04 ? toHex(value.content) : undefined
}

function authorityOf(value: Element | undefined): string | undefined {
  const keyId = value?.tag === 0x30 ? readAll(value.content)?.find(({ tag }) => tag === 0x80) : undefined
  return keyId === undefined ? undefined : toHex(keyId.content)
}

function keyUsageOf(extensions: readonly Extension[]): ReadonlySet<KeyUsage> | undefined {
  const value = valueOf(extensions, OID.keyUsage)
  if (value === undefined) return undefined
  if (!(value instanceof asn1js.BitString)) throw new TypeError('key usage is no bit string')
  const bits = value.valueBlock.valueHexView
  return new Set(USAGES.filter((_, i) => (((bits[i >> 3] ?? 0) >> (7 - (i & 7))) & 1) === 1))
}

/** DER of a key usage, its last bits cut off as DER wants (X.690 11.2.2). */
export function keyUsageBits(usages: readonly KeyUsage[]): Uint8Array {
  const last = Math.max(...usages.map((one) => USAGES.indexOf(one)))
  const bytes = new Uint8Array((last >> 3) + 1)
  for (const one of usages) {
    const at = USAGES.indexOf(one)
    bytes[at >> 3] = (bytes[at >> 3] as number) | (0x80 >> (at & 7))
  }
  return Uint8Array.of(0x03, bytes.length + 1, 7 - (last & 7), ...bytes)
}

function extendedOf(extensions: readonly Extension[]): string[] | undefined {
  const value = valueOf(extensions, OID.extendedKeyUsage)
  if (value === undefined) return undefined
  if (!(value instanceof asn1js.Sequence)) throw new TypeError('extended key usage is no sequence')
  return value.valueBlock.value.map((one) => (one as asn1js.ObjectIdentifier).valueBlock.toString())
}

function basicOf(extensions: readonly Extension[]): X509['basicConstraints'] {
  const value = valueOf(extensions, OID.basicConstraints)
  if (value === undefined) return undefined
  if (!(value instanceof asn1js.Sequence)) throw new TypeError('basic constraints are no sequence')
  let [ca, pathLength]: [boolean, number | undefined] = [false, undefined]
  for (const part of value.valueBlock.value) {
    if (part instanceof asn1js.Boolean) ca = part.valueBlock.value
    else if (part instanceof asn1js.Integer) pathLength = part.valueBlock.valueDec
  }
  return { ca, pathLength }
}

/** The only common name of a name, or undefined when there is none or more than one. */
export function commonNameOf(name: readonly NamePart[]): string | undefined {
  const found = name.filter(({ oid }) => oid === '2.5.4.3')
  return found.length === 1 ? (found[0] as NamePart).value : undefined
}
