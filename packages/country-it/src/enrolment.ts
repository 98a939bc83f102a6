// Enrolment (2.2): the certification request of a device, and whether the certificate that comes back may be kept.
import { thumbprint, type PublicJwk, type Signer } from '@sigillo/core'
import {
  checkPath,
  commonNameOf,
  createRequest,
  nameOids,
  readCertificate,
  readCertificates,
  toBase64,
  type X509,
} from '@sigillo/documents'
import type { Settings } from './options.js'

/**
 * The `Csr` of an enrolment: base64 of PKCS#10 whose common name is the serial number, signed by the device's key.
 * @throws FiscalError of kind signer, or CSR_SIGNATURE
 */
export async function deviceCsr(settings: Settings, device: Signer): Promise<string> {
  const { publicKeySpki } = device.describe()
  const subject = [
    { oid: nameOids.C, value: 'IT' },
    { oid: nameOids.O, value: 'Agenzia delle Entrate' },
    { oid: nameOids.OU, value: 'Servizio AE Corrispettivi IVA' },
    { oid: nameOids.CN, value: settings.matricola },
  ]
  const sign = async (message: Uint8Array): Promise<Uint8Array> =>
    (await device.sign({ operation: 'it.enrol', suite: 'rs256', input: { message } })).signature
  return toBase64(await createRequest({ subject, publicKeySpki, suite: 'rs256', sign }))
}

/** Whether an issued certificate is kept. */
export type CertificateVerdict =
  | { readonly ok: true; readonly notAfter: number }
  | { readonly ok: false; readonly problem: string }

/** Judges an issued certificate: our key, our serial number, a path to the device roots, valid now. Otherwise it is discarded. */
export function acceptCertificate(
  { matricola, deviceRoots }: Settings,
  der: Uint8Array,
  own: PublicJwk,
  atMs: number,
): CertificateVerdict {
  const certificate = read(der)
  if (certificate === undefined) return { ok: false, problem: 'CERTIFICATE_MALFORMED' }
  if (certificate.publicJwk === undefined || thumbprint(certificate.publicJwk) !== thumbprint(own))
    return { ok: false, problem: 'CERTIFICATE_OF_ANOTHER_KEY' }
  if (commonNameOf(certificate.subject) !== matricola) return { ok: false, problem: 'CERTIFICATE_NAME' }
  const anchors = deviceRoots === undefined ? [] : readCertificates(deviceRoots)
  const path = checkPath({ certificate, anchors, at: atMs, usage: ['nonRepudiation'] })
  return path.ok ? { ok: true, notAfter: certificate.notAfter } : { ok: false, problem: path.code }
}

function read(der: Uint8Array): X509 | undefined {
  try {
    return readCertificate(der)
  } catch {
    // Judged like any other certificate that is not ours.
    return undefined
  }
}
