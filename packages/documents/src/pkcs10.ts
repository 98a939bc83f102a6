// PKCS#10 certification requests (RFC 2986), built by hand so that any signer can sign them, and read back strictly.
import type { PublicJwk, Signer, SuiteId } from '@sigillo/core'
import * as asn1js from 'asn1js'
import { CertificationRequest } from 'pkijs'
import { fromPem } from './base64.js'
import { copyOf, ecdsaToDer, nameOf, readDer, type NamePart } from './der.js'
import { refuseDocument } from './errors.js'
import { jwkOfSpki, verifyWithSpki } from './spki.js'
import { keyUsageBits, type KeyUsage } from './x509.js'

const ALGORITHM: Readonly<Partial<Record<SuiteId, string>>> = {
  rs256: '1.2.840.113549.1.1.11',
  es256: '1.2.840.10045.4.3.2',
  es384: '1.2.840.10045.4.3.3',
  ps256: '1.2.840.113549.1.1.10',
}

/** An extension asked for. */
export interface RequestedExtension {
  readonly oid: string
  readonly critical?: boolean
  /** DER of the extension's value. */
  readonly value: Uint8Array
}

/** What a request says and who signs it. */
export interface RequestParts {
  readonly subject: readonly NamePart[]
  /** DER of the SubjectPublicKeyInfo. */
  readonly publicKeySpki: Uint8Array
  readonly suite: SuiteId
  /** Extensions the authority is asked to put into the certificate; DER of each value. */
  readonly extensions?: readonly RequestedExtension[]
  /** Signs the message with the key of `publicKeySpki`; ECDSA as r‖s, as every Signer does. */
  sign(message: Uint8Array): Promise<Uint8Array>
}

/**
 * DER of a certification request, checked before it leaves.
 * @throws FiscalError CSR_SIGNATURE when the signer's answer does not fit its key, CSR_MALFORMED for a suite requests cannot carry
 * @example
 * await createRequest({ subject: [{ oid: nameOids.CN, value: 'ZZITT000001' }], publicKeySpki, suite: 'rs256', sign })
 */
export async function createRequest({ subject, publicKeySpki, suite, sign, extensions = [] }: RequestParts): Promise<Uint8Array> {
  const oid = ALGORITHM[suite]
  const key = readDer(publicKeySpki)
  if (oid === undefined || key === undefined)
    throw refuseDocument('CSR_MALFORMED', `no request can be made with suite ${suite} and this key`)
  const attributes = new asn1js.Constructed({ idBlock: { tagClass: 3, tagNumber: 0 }, value: requested(extensions) })
  const info = new Uint8Array(
    new asn1js.Sequence({ value: [new asn1js.Integer({ value: 0 }), nameOf(subject), key, attributes] }).toBER(),
  )
  const raw = await sign(info)
  const signature = suite === 'rs256' || suite === 'ps256' ? raw : ecdsaToDer(raw)
  if (!verifyWithSpki(jwkOfSpki(publicKeySpki), oid, info, signature))
    throw refuseDocument('CSR_SIGNATURE', 'the signer returned a signature of another key')
  return assemble(info, oid, signature)
}

// Extensions stand in the one attribute made for them (RFC 2985 5.4.2).
function requested(extensions: readonly RequestedExtension[]): asn1js.Sequence[] {
  if (extensions.length === 0) return []
  const list = extensions.map(
    ({ oid, critical, value }) =>
      new asn1js.Sequence({
        value: [
          new asn1js.ObjectIdentifier({ value: oid }),
          ...(critical === true ? [new asn1js.Boolean({ value: true })] : []),
          new asn1js.OctetString({ valueHex: copyOf(value) }),
        ],
      }),
  )
  const type = new asn1js.ObjectIdentifier({ value: '1.2.840.113549.1.9.14' })
  return [new asn1js.Sequence({ value: [type, new asn1js.Set({ value: [new asn1js.Sequence({ value: list })] })] })]
}

/**
 * DER of a request for the key of a signer of any kind, signed by it (operation `csr`) and checked before it leaves.
 * @throws FiscalError of kind signer; CSR_SIGNATURE, CSR_MALFORMED as {@link createRequest}
 * @example const csr = await requestFor(signer, { subject: [{ oid: nameOids.CN, value: 'till 7' }] })
 */
export async function requestFor(
  signer: Signer,
  { subject, extensions = [] }: Pick<RequestParts, 'subject' | 'extensions'>,
  options: { readonly signal?: AbortSignal } = {},
): Promise<Uint8Array> {
  const { suites, publicKeySpki } = signer.describe()
  const suite = suites.find((one) => ALGORITHM[one] !== undefined)
  if (suite === undefined) throw refuseDocument('CSR_MALFORMED', `no request can be made with suite ${suites.join(', ')}`)
  const sign = async (message: Uint8Array): Promise<Uint8Array> =>
    (await signer.sign({ operation: 'csr', suite, input: { message } }, options)).signature
  return createRequest({ subject, publicKeySpki, suite, extensions, sign })
}

/** Key usage as an extension to ask for. */
export function keyUsageExtension(usages: readonly KeyUsage[]): RequestedExtension {
  return { oid: '2.5.29.15', critical: true, value: keyUsageBits(usages) }
}

const RSA_PSS = [0x30, 0x34, 0xa0, 0x0f, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00]
const RSA_PSS_REST = [0xa1, 0x1c, 0x30, 0x1a, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x08]
const RSA_PSS_MASK = [
  0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0xa2, 0x03, 0x02, 0x01, 0x20,
]

function assemble(info: Uint8Array, oid: string, signature: Uint8Array): Uint8Array {
  const pss = readDer(Uint8Array.from([...RSA_PSS, ...RSA_PSS_REST, ...RSA_PSS_MASK])) as asn1js.AsnType
  const parameters = oid === ALGORITHM.rs256 ? [new asn1js.Null()] : oid === ALGORITHM.ps256 ? [pss] : []
  const algorithm = new asn1js.Sequence({ value: [new asn1js.ObjectIdentifier({ value: oid }), ...parameters] })
  const inside = readDer(info) as asn1js.AsnType
  return new Uint8Array(
    new asn1js.Sequence({ value: [inside, algorithm, new asn1js.BitString({ valueHex: copyOf(signature) })] }).toBER(),
  )
}

/** A request, read and its self-signature checked. */
export interface ReadRequest {
  readonly subject: readonly NamePart[]
  readonly publicKeySpki: Uint8Array
  readonly publicJwk: PublicJwk | undefined
}

/**
 * Reads a request, DER or PEM.
 * @throws FiscalError CSR_MALFORMED, CSR_SIGNATURE
 */
export function readRequest(source: Uint8Array): ReadRequest {
  const der = source[0] === 0x30 ? source : fromPem(new TextDecoder('latin1').decode(source), /^(?:NEW )?CERTIFICATE REQUEST$/)[0]
  const value = der && readDer(der)
  if (value === undefined) throw refuseDocument('CSR_MALFORMED', 'neither DER nor PEM')
  const request = parsed(value)
  const publicKeySpki = new Uint8Array(request.subjectPublicKeyInfo.toSchema().toBER())
  const publicJwk = jwkOfSpki(publicKeySpki)
  const signature = new Uint8Array(request.signatureValue.valueBlock.valueHexView)
  if (!verifyWithSpki(publicJwk, request.signatureAlgorithm.algorithmId, new Uint8Array(request.tbsView), signature))
    throw refuseDocument('CSR_SIGNATURE', 'the request is not signed by its own key')
  const subject = request.subject.typesAndValues.map(({ type, value: text }) => ({
    oid: type,
    value: String((text as { valueBlock: { value?: unknown } }).valueBlock.value ?? ''),
  }))
  return { subject, publicKeySpki, publicJwk }
}

function parsed(value: asn1js.AsnType): CertificationRequest {
  try {
    return new CertificationRequest({ schema: value })
  } catch (cause) {
    throw refuseDocument('CSR_MALFORMED', 'not a certification request', {}, cause)
  }
}
