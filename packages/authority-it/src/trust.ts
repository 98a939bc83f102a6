// Whether a certificate may speak (6.5, 16.5): issued by a root of this authority or one it was told to trust, valid now, for signing,
// in the right role, and not taken back. Asked only after the signature was found good, and before anything in the message is believed.
import { X509Certificate } from 'node:crypto'
import { commonName, hasUsage, readCertificates, subjectOf } from './certificates.js'
import type { State } from './effects.js'

/** What a certificate is held against. */
export interface TrustContext {
  readonly state: State
  readonly root: X509Certificate
  readonly nowMs: number
  readonly role: 'device' | 'manufacturer'
}

/** Why a certificate may not speak; undefined when it may. */
export function checkCertificate(certificate: X509Certificate, { state, root, nowMs, role }: TrustContext): string | undefined {
  const roots = [root, ...state.trusted.flatMap((pem) => readCertificates(pem))]
  const issuer = roots.find((one) => certificate.checkIssued(one) && certificate.verify(one.publicKey))
  if (issuer === undefined) return 'the certificate was not issued by a root that is trusted here'
  if (!isValid(certificate, nowMs) || !isValid(issuer, nowMs)) return 'the certificate, or its root, is not valid now'
  if (certificate.ca) return 'the certificate is one for issuing certificates'
  if (!hasUsage(certificate, 'nonRepudiation')) return 'the certificate is not for signatures'
  const makes = subjectOf(certificate).some(([type, value]) => type === 'OU' && value === 'Produttori')
  if (makes !== (role === 'manufacturer'))
    return role === 'manufacturer' ? 'a certification request is signed by a manufacturer' : 'a manufacturer is not a device'
  return role === 'device' ? checkDevice(certificate, state) : undefined
}

function checkDevice(certificate: X509Certificate, state: State): string | undefined {
  const device = state.devices.get(commonName(certificate))
  if (device === undefined) return undefined
  if (device.state === 'DISMESSO') return 'the certificate was revoked when the device was retired'
  const own = certificate.raw.toString('base64')
  return own === device.certificate ? undefined : 'the device was given another certificate'
}

function isValid(certificate: X509Certificate, nowMs: number): boolean {
  return Date.parse(certificate.validFrom) <= nowMs && nowMs <= Date.parse(certificate.validTo)
}
