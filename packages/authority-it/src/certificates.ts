// Certificates of the test authority: made with pkijs, signed by OpenSSL through Node, judged by OpenSSL. Names say plainly that
// nothing here comes from the tax authority, save where a client compares a name (2.2).
import { createPublicKey, randomBytes, sign, X509Certificate, type KeyObject } from 'node:crypto'
import * as asn1js from 'asn1js'
import * as pkijs from 'pkijs'

/** A name as pairs of type and value, in the order of the certificate. */
export type Name = readonly (readonly [type: 'C' | 'O' | 'OU' | 'CN', value: string])[]

const OIDS = { C: '2.5.4.6', O: '2.5.4.10', OU: '2.5.4.11', CN: '2.5.4.3' } as const
const SHA256_RSA = '1.2.840.113549.1.1.11'
const SHA256_ECDSA = '1.2.840.10045.4.3.2'

/** What a certificate may be used for; bits of keyUsage in their order. */
export type Usage = 'digitalSignature' | 'nonRepudiation' | 'keyEncipherment' | 'keyCertSign' | 'cRLSign'
const BITS: Readonly<Record<Usage, number>> = {
  digitalSignature: 0,
  nonRepudiation: 1,
  keyEncipherment: 2,
  keyCertSign: 5,
  cRLSign: 6,
}

/** What is put into a certificate. */
export interface CertificateParts {
  readonly subject: Name
  /** SPKI, DER. */
  readonly publicKey: Uint8Array
  readonly issuer: { readonly name: Name; readonly key: KeyObject; readonly publicKey: Uint8Array }
  readonly notBefore: Date
  readonly notAfter: Date
  readonly usage: readonly Usage[]
  readonly authority?: boolean
  readonly extendedUsage?: readonly string[]
  /** Host names and addresses of a server. */
  readonly hosts?: readonly string[]
}

/** Makes a certificate; DER. */
export function issueCertificate(parts: CertificateParts): Uint8Array {
  const ec = parts.issuer.key.asymmetricKeyType === 'ec'
  const algorithm = new pkijs.AlgorithmIdentifier({
    algorithmId: ec ? SHA256_ECDSA : SHA256_RSA,
    ...(!ec && { algorithmParams: new asn1js.Null() }),
  })
  const certificate = new pkijs.Certificate()
  certificate.version = 2
  certificate.serialNumber = new asn1js.Integer({ valueHex: serialNumber() })
  certificate.signature = algorithm
  certificate.signatureAlgorithm = algorithm
  certificate.issuer = nameOf(parts.issuer.name)
  certificate.subject = nameOf(parts.subject)
  certificate.notBefore = timeOf(parts.notBefore)
  certificate.notAfter = timeOf(parts.notAfter)
  certificate.subjectPublicKeyInfo = pkijs.PublicKeyInfo.fromBER(bufferOf(parts.publicKey))
  certificate.extensions = extensionsOf(parts)
  const tbs = certificate.encodeTBS().toBER()
  certificate.tbsView = new Uint8Array(tbs)
  certificate.signatureValue = new asn1js.BitString({ valueHex: bufferOf(sign('sha256', Buffer.from(tbs), parts.issuer.key)) })
  return new Uint8Array(certificate.toSchema(true).toBER())
}

// Positive, 64 bits, never zero in front.
function serialNumber(): ArrayBuffer {
  const bytes = randomBytes(8)
  bytes[0] = ((bytes[0] as number) & 0x3f) | 0x40
  return bufferOf(bytes)
}

const bufferOf = (bytes: Uint8Array): ArrayBuffer => new Uint8Array(bytes).buffer

// One set for each pair: pkijs would put all pairs into one.
function nameOf(name: Name): pkijs.RelativeDistinguishedNames {
  const sets = name.map(([type, value]) => {
    const text = type === 'C' ? new asn1js.PrintableString({ value }) : new asn1js.Utf8String({ value })
    return new asn1js.Set({
      value: [new asn1js.Sequence({ value: [new asn1js.ObjectIdentifier({ value: OIDS[type] }), text] })],
    })
  })
  return pkijs.RelativeDistinguishedNames.fromBER(new asn1js.Sequence({ value: sets }).toBER())
}

function timeOf(value: Date): pkijs.Time {
  return new pkijs.Time({ type: value.getUTCFullYear() > 2049 ? 1 : 0, value })
}

function extensionsOf(parts: CertificateParts): pkijs.Extension[] {
  const { usage, authority = false, publicKey, issuer, extendedUsage, hosts } = parts
  const list = [
    extension('2.5.29.19', true, new pkijs.BasicConstraints({ cA: authority }).toSchema()),
    extension('2.5.29.15', true, usageBits(usage)),
    extension('2.5.29.14', false, new asn1js.OctetString({ valueHex: keyId(publicKey) })),
    extension(
      '2.5.29.35',
      false,
      new pkijs.AuthorityKeyIdentifier({
        keyIdentifier: new asn1js.OctetString({ valueHex: keyId(issuer.publicKey) }),
      }).toSchema(),
    ),
  ]
  if (extendedUsage !== undefined)
    list.push(extension('2.5.29.37', false, new pkijs.ExtKeyUsage({ keyPurposes: [...extendedUsage] }).toSchema()))
  if (hosts !== undefined)
    list.push(extension('2.5.29.17', false, new pkijs.GeneralNames({ names: hosts.map(hostName) }).toSchema()))
  return list
}

function extension(extnID: string, critical: boolean, value: asn1js.BaseBlock): pkijs.Extension {
  return new pkijs.Extension({ extnID, critical, extnValue: value.toBER() })
}

function usageBits(usage: readonly Usage[]): asn1js.BitString {
  const byte = usage.reduce((sum, name) => sum | (0x80 >> BITS[name]), 0)
  const unusedBits = byte === 0 ? 0 : Math.log2(byte & -byte)
  return new asn1js.BitString({ valueHex: new Uint8Array([byte]).buffer, unusedBits })
}

function keyId(spki: Uint8Array): ArrayBuffer {
  const info = pkijs.PublicKeyInfo.fromBER(bufferOf(spki))
  // Any unique text serves (RFC 5280 4.2.1.2); twenty bytes of the key's own end do.
  return bufferOf(new Uint8Array(info.subjectPublicKey.valueBlock.valueHexView).slice(-28, -8))
}

function hostName(host: string): pkijs.GeneralName {
  if (host.includes(':'))
    return new pkijs.GeneralName({
      type: 7,
      value: new asn1js.OctetString({ valueHex: new Uint8Array([...Array<number>(15).fill(0), 1]).buffer }),
    })
  if (/^[\d.]+$/.test(host))
    return new pkijs.GeneralName({
      type: 7,
      value: new asn1js.OctetString({ valueHex: new Uint8Array(host.split('.').map(Number)).buffer }),
    })
  return new pkijs.GeneralName({ type: 2, value: host })
}

/** DER as PEM. */
export function pem(der: Uint8Array, label = 'CERTIFICATE'): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`
}

/** All certificates of a PEM text or one DER. @throws Error on anything else */
export function readCertificates(source: string | Uint8Array): X509Certificate[] {
  if (typeof source !== 'string') return [new X509Certificate(source)]
  const blocks = source.match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g) ?? []
  return blocks.map((block) => new X509Certificate(block))
}

/** Parts of a subject by type, in order. */
export function subjectOf(certificate: X509Certificate): readonly (readonly [type: string, value: string])[] {
  return certificate.subject.split('\n').map((line) => {
    const cut = line.indexOf('=')
    return [line.slice(0, cut), line.slice(cut + 1)] as const
  })
}

/** The common name; empty when there is none. */
export function commonName(certificate: X509Certificate): string {
  return subjectOf(certificate).findLast(([type]) => type === 'CN')?.[1] ?? ''
}

/** True when keyUsage is there and names this use. */
export function hasUsage(certificate: X509Certificate, usage: Usage): boolean {
  const extensions = pkijs.Certificate.fromBER(bufferOf(certificate.raw)).extensions ?? []
  const found = extensions.find(({ extnID }) => extnID === '2.5.29.15')
  const bits = found?.parsedValue as asn1js.BitString | undefined
  const byte = bits?.valueBlock.valueHexView[0] ?? 0
  return (byte & (0x80 >> BITS[usage])) !== 0
}

/** SPKI of a public key given as SPKI or PEM. @throws Error on anything else */
export function publicKeyOf(source: string | Uint8Array): { readonly key: KeyObject; readonly spki: Uint8Array } {
  const key =
    typeof source === 'string'
      ? createPublicKey(source)
      : createPublicKey({ key: Buffer.from(source), format: 'der', type: 'spki' })
  return { key, spki: new Uint8Array(key.export({ format: 'der', type: 'spki' })) }
}
