// A certificate a server on loopback vouches for itself with, good for two days. pkijs writes it, the platform's crypto signs.
import { generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import * as asn1js from 'asn1js'
import * as pkijs from 'pkijs'

const DAY_MS = 86_400_000
const SHA256_ECDSA = '1.2.840.10045.4.3.2'
const SUBJECT_ALT_NAME = '2.5.29.17'

const bytes = (buffer) => Uint8Array.from(buffer).buffer
const pem = (label, der) =>
  `-----BEGIN ${label}-----\n${Buffer.from(der)
    .toString('base64')
    .replaceAll(/(.{64})/g, '$1\n')
    .trimEnd()}\n-----END ${label}-----\n`

/** Certificate and key for `localhost` and 127.0.0.1, as PEM. */
export function selfSigned() {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const algorithm = new pkijs.AlgorithmIdentifier({ algorithmId: SHA256_ECDSA })
  const name = new pkijs.AttributeTypeAndValue({ type: '2.5.4.3', value: new asn1js.Utf8String({ value: 'localhost' }) })
  const hosts = [
    new pkijs.GeneralName({ type: 2, value: 'localhost' }),
    new pkijs.GeneralName({ type: 7, value: new asn1js.OctetString({ valueHex: bytes([127, 0, 0, 1]) }) }),
  ]
  const certificate = new pkijs.Certificate()
  certificate.version = 2
  certificate.serialNumber = new asn1js.Integer({ valueHex: bytes([1, ...randomBytes(8)]) })
  certificate.signature = certificate.signatureAlgorithm = algorithm
  for (const holder of [certificate.subject, certificate.issuer]) holder.typesAndValues.push(name)
  certificate.notBefore.value = new Date(Date.now() - DAY_MS)
  certificate.notAfter.value = new Date(Date.now() + 2 * DAY_MS)
  certificate.subjectPublicKeyInfo = pkijs.PublicKeyInfo.fromBER(bytes(publicKey.export({ format: 'der', type: 'spki' })))
  const alternative = new pkijs.GeneralNames({ names: hosts }).toSchema().toBER()
  certificate.extensions = [new pkijs.Extension({ extnID: SUBJECT_ALT_NAME, critical: false, extnValue: alternative })]
  const tbs = certificate.encodeTBS().toBER()
  certificate.tbsView = new Uint8Array(tbs)
  certificate.signatureValue = new asn1js.BitString({ valueHex: bytes(sign('sha256', Buffer.from(tbs), privateKey)) })
  return {
    cert: pem('CERTIFICATE', certificate.toSchema(true).toBER()),
    key: privateKey.export({ format: 'pem', type: 'pkcs8' }),
  }
}
