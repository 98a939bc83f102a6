// PKCS#10 certification requests (RFC 2986), built by hand so that any signer can sign them, and read back strictly.
import type { PublicJwk, SuiteId } from '@sigillo/core'
import * as asn1js from 'asn1js'
import { CertificationRequest } from 'pkijs'
import { fromPem } from './base64.js'
import { copyOf, ecdsaToDer, nameOf, readDer, type NamePart } from './der.js'
import { refuseDocument } from './errors.js'
import { jwkOfSpki, verifyWithSpki } from './spki.js'

const ALGORITHM: Readonly<Partial<Record<SuiteId, string>>> = {
  rs256: '1.2.840.113549.1.1.11',
  es256: '1.2.840.10045.4.3.2',
  es384: '1.2.840.10045.4.3.3',
}

/** What a request says and who signs it. */
export interface RequestParts {
  readonly subject: readonly NamePart[]
  /** DER of the SubjectPublicKeyInfo. */
  readonly publicKeySpki: Uint8Array
  readonly suite: SuiteId
  /** Signs the message with the key of `publicKeySpki`; ECDSA as r‖s, as every Signer does. */
  sign(message: Uint8Array): Promise<Uint8Array>
}

/**
 * DER of a certification request, checked before it leaves.
 * @throws FiscalError CSR_SIGNATURE when the signer's answer does not fit its key, CSR_MALFORMED for a suite requests cannot carry
 * @example
 * await createRequest({ subject: [{ oid: nameOids.CN, value: 'ZZITT000001' }], publicKeySpki, suite: 'rs256', sign })
 */
export async function createRequest({ subject, publicKeySpki, suite, sign }: RequestParts): Promise<Uint8Array> {
  const oid = ALGORITHM[suite]
  const key = readDer(publicKeySpki)
  if (oid === undefined || key === undefined)
    throw refuseDocument('CSR_MALFORMED', `no request can be made with suite ${suite} and this key`)
  const attributes = new asn1js.Constructed({ idBlock: { tagClass: 3, tagNumber: 0 }, value: [] })
  const info = new Uint8Array(
    new asn1js.Sequence({ value: [new asn1js.Integer({ value: 0 }), nameOf(subject), key, attributes] }).toBER(),
  )
  const raw = await sign(info)
  const signature = suite === 'rs256' ? raw : ecdsaToDer(raw)
  if (!verifyWithSpki(jwkOfSpki(publicKeySpki), oid, info, signature))
    throw refuseDocument('CSR_SIGNATURE', 'the signer returned a signature of another key')
  return assemble(info, oid, signature)
}

function assemble(info: Uint8Array, oid: string, signature: Uint8Array): Uint8Array {
  const parameters = oid === ALGORITHM.rs256 ? [new asn1js.Null()] : []
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
