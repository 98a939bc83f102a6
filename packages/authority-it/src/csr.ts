// Certification requests (2.2): base64 of DER or of PEM, or PEM as it is, with a signature by the key they ask for.
import { createPublicKey, verify, type KeyObject } from 'node:crypto'
import * as asn1js from 'asn1js'
import * as pkijs from 'pkijs'

/** A request whose signature verifies. */
export interface DeviceRequest {
  readonly commonName: string
  readonly key: KeyObject
  /** SPKI, DER. */
  readonly publicKey: Uint8Array
  /** Bits of an RSA modulus; 0 for another kind of key. */
  readonly bits: number
}

const SHA256_RSA = '1.2.840.113549.1.1.11'

/** Reads a request; undefined when it is none or its signature does not verify. */
export function readRequest(text: string): DeviceRequest | undefined {
  try {
    const bare = text.replace(/\s/g, '')
    if (text.includes('-----BEGIN')) return read(unwrapPem(Buffer.from(text)))
    return /^[A-Za-z0-9+/]+={0,2}$/.test(bare) ? read(unwrapPem(Buffer.from(bare, 'base64'))) : undefined
  } catch {
    // Hostile bytes fail in many ways; all mean the same.
    return undefined
  }
}

function unwrapPem(bytes: Buffer): Buffer {
  const text = bytes.toString('latin1')
  const found =
    /^\s*-----BEGIN (?:NEW )?CERTIFICATE REQUEST-----([A-Za-z0-9+/=\s]+)-----END (?:NEW )?CERTIFICATE REQUEST-----\s*$/.exec(text)
  return found === null ? bytes : Buffer.from((found[1] as string).replace(/\s/g, ''), 'base64')
}

function read(der: Buffer): DeviceRequest | undefined {
  const parsed = asn1js.fromBER(new Uint8Array(der))
  if (parsed.offset !== der.length) return undefined
  const request = new pkijs.CertificationRequest({ schema: parsed.result })
  const publicKey = new Uint8Array(request.subjectPublicKeyInfo.toSchema().toBER())
  const key = createPublicKey({ key: Buffer.from(publicKey), format: 'der', type: 'spki' })
  const signed = request.signatureAlgorithm.algorithmId === SHA256_RSA && key.asymmetricKeyType === 'rsa'
  const value = Buffer.from(request.signatureValue.valueBlock.valueHexView)
  if (key.asymmetricKeyType === 'rsa' && (!signed || !verify('sha256', request.tbsView, key, value))) return undefined
  const names = request.subject.typesAndValues.filter(({ type }) => (type as string) === '2.5.4.3')
  const commonName = (names.at(-1)?.value as { valueBlock?: { value?: string } } | undefined)?.valueBlock?.value ?? ''
  return {
    commonName,
    key,
    publicKey,
    bits: key.asymmetricKeyType === 'rsa' ? (key.asymmetricKeyDetails?.modulusLength ?? 0) : 0,
  }
}
