// OCSP (RFC 6960): a request for one certificate, and the judgement of an answer. The answer is believed only from the issuer itself or from a
// responder the issuer gave a certificate for just this, and only about the certificate asked for.
import { concat, equalBytes, fromHex } from '@sigillo/core'
import {
  INTEGER,
  momentOf,
  OCTET_STRING,
  OID,
  oidText,
  readAll,
  readElement,
  SEQUENCE,
  writeElement,
  writeOid,
  type Element,
} from '@sigillo/core/der'
import { childrenOf, isUnknownCritical, oidIn } from './der-reading.js'
import { ageFault, REASONS, unknownAnswer, type RevocationAnswer, type RevocationQuestion } from './revocation-answer.js'
import { signatureOids, verifyWithSpki } from './spki.js'
import { readCertificate, type X509 } from './x509.js'

const BASIC = '1.3.6.1.5.5.7.48.1.1'
const NONCE = '1.3.6.1.5.5.7.48.1.2'
const OCSP_SIGNING = '1.3.6.1.5.5.7.3.9'
const DIGESTS: Readonly<Record<string, string>> = {
  '1.3.14.3.2.26': 'SHA-1',
  '2.16.840.1.101.3.4.2.1': 'SHA-256',
  '2.16.840.1.101.3.4.2.2': 'SHA-384',
  '2.16.840.1.101.3.4.2.3': 'SHA-512',
}
const MAX_BYTES = 1 << 20

/** What a request says besides the certificate. */
export interface OcspRequestOptions {
  /**
   * Digest the certificate is looked up by; it protects nothing. SHA-256 unless a responder knows only `sha1`.
   */
  readonly hash?: 'sha256' | 'sha1'
  /** Random bytes an answer made for this request repeats; most public responders leave them out. */
  readonly nonce?: Uint8Array
}

/** DER of a request about one certificate. */
export async function createOcspRequest(
  { certificate, issuer }: Pick<RevocationQuestion, 'certificate' | 'issuer'>,
  { hash = 'sha256', nonce }: OcspRequestOptions = {},
): Promise<Uint8Array> {
  const oid = hash === 'sha1' ? '1.3.14.3.2.26' : '2.16.840.1.101.3.4.2.1'
  const { name, key } = await issuerDigests(issuer, DIGESTS[oid] as string)
  const certId = writeElement(
    SEQUENCE,
    writeElement(SEQUENCE, writeOid(oid), Uint8Array.of(5, 0)),
    writeElement(OCTET_STRING, name),
    writeElement(OCTET_STRING, key),
    writeElement(INTEGER, serialOf(certificate)),
  )
  const list = writeElement(SEQUENCE, writeElement(SEQUENCE, certId))
  const extension =
    nonce === undefined
      ? new Uint8Array()
      : writeElement(
          0xa2,
          writeElement(
            SEQUENCE,
            writeElement(SEQUENCE, writeOid(NONCE), writeElement(OCTET_STRING, writeElement(OCTET_STRING, nonce))),
          ),
        )
  return writeElement(SEQUENCE, writeElement(SEQUENCE, list, extension))
}

/** Judges an answer; with the nonce of the request when one was sent. Never throws. */
export async function readOcspAnswer(
  der: Uint8Array,
  question: RevocationQuestion & { readonly nonce?: Uint8Array },
): Promise<RevocationAnswer> {
  try {
    const basic = basicIn(der)
    if (basic === undefined) return unknownAnswer('REVOCATION_MALFORMED', 'not a successful basic OCSP response')
    return await judge(basic, question)
  } catch {
    return unknownAnswer('REVOCATION_MALFORMED', 'the OCSP response cannot be read')
  }
}

interface Basic {
  /** ResponseData as signed. */
  readonly tbs: Uint8Array
  readonly responder: Element
  readonly producedAt: number
  readonly singles: readonly Element[]
  readonly extensions: readonly Element[]
  readonly algorithm: string
  readonly signature: Uint8Array
  readonly certificates: readonly X509[]
}

// OCSPResponse ::= SEQUENCE { responseStatus ENUMERATED, responseBytes [0] { responseType OID, response OCTET STRING } }
function basicIn(der: Uint8Array): Basic | undefined {
  const outer = der.length <= MAX_BYTES ? readElement(der) : undefined
  if (outer === undefined || outer.end !== der.length) return undefined
  const [status, bytes] = childrenOf(outer)
  if (status?.tag !== 0x0a || status.content.length !== 1 || status.content[0] !== 0 || bytes === undefined) return undefined
  const [type, response] = childrenOf(childrenOf(bytes, 0xa0)[0])
  if (type?.tag !== OID || oidText(type.content) !== BASIC || response?.tag !== OCTET_STRING) return undefined
  return readBasic(response.content)
}

function readBasic(der: Uint8Array): Basic {
  const outer = readElement(der)
  if (outer === undefined || outer.end !== der.length) throw new TypeError('trailing bytes')
  const [data, algorithm, signature, certs] = childrenOf(outer)
  const head = der.length - outer.content.length
  const tbs = der.subarray(head, head + (data as Element).end)
  let fields = childrenOf(data)
  // version [0] EXPLICIT INTEGER DEFAULT v1
  if (fields[0]?.tag === 0xa0) fields = fields.slice(1)
  const [responder, produced, singles, extensions] = fields
  const producedAt = momentOf(produced)
  const bits = signature?.tag === 0x03 && signature.content[0] === 0 ? signature.content.subarray(1) : undefined
  if (responder === undefined || producedAt === undefined || bits === undefined) throw new TypeError('a member is missing')
  const listed = certs === undefined ? [] : childrenOf(childrenOf(certs, 0xa0)[0])
  return {
    tbs,
    responder,
    producedAt,
    singles: childrenOf(singles),
    extensions: extensions === undefined ? [] : childrenOf(childrenOf(extensions, 0xa1)[0]),
    algorithm: oidIn(childrenOf(algorithm)[0]),
    signature: bits,
    certificates: listed.slice(0, 8).map(({ content }) => readCertificate(writeElement(SEQUENCE, content))),
  }
}

async function judge(basic: Basic, question: RevocationQuestion & { readonly nonce?: Uint8Array }): Promise<RevocationAnswer> {
  const { issuer, nonce } = question
  if (!Object.hasOwn(signatureOids, basic.algorithm))
    return unknownAnswer('REVOCATION_UNAUTHORISED', 'the answer is signed with an algorithm that is not accepted')
  const signer = await responderOf(basic, issuer)
  if (signer === undefined) return unknownAnswer('REVOCATION_UNAUTHORISED', 'the responder is not one the issuer authorised')
  if (!verifyWithSpki(signer.publicJwk, basic.algorithm, basic.tbs, basic.signature))
    return unknownAnswer('REVOCATION_UNAUTHORISED', 'the signature of the answer does not hold')
  if (signer !== issuer && (basic.producedAt < signer.notBefore || basic.producedAt > signer.notAfter))
    return unknownAnswer('REVOCATION_UNAUTHORISED', 'the responder’s certificate was not valid when it answered')
  if (basic.extensions.some((one) => isUnknownCritical(one, [NONCE])))
    return unknownAnswer('REVOCATION_MALFORMED', 'the answer has a critical extension nobody here understands')
  if (nonce !== undefined && !equalBytes(nonceIn(basic.extensions) ?? new Uint8Array(), nonce))
    return unknownAnswer('REVOCATION_STALE', 'the answer was not made for this request')
  for (const single of basic.singles) {
    if (await isAbout(single, question)) return judgeSingle(single, basic.producedAt, question)
  }
  return unknownAnswer('REVOCATION_FOREIGN', 'the answer speaks of another certificate')
}

/** The issuer itself, or a responder with a certificate of the issuer made for answering (RFC 6960 4.2.2.2). */
async function responderOf({ responder, certificates }: Basic, issuer: X509): Promise<X509 | undefined> {
  for (const one of [issuer, ...certificates]) {
    if (!(await isNamed(responder, one))) continue
    if (one === issuer || equalBytes(one.der, issuer.der)) return issuer
    const { extendedKeyUsage, keyUsage, unknownCritical, issuerDer, signatureAlgorithm, tbs, signature } = one
    const mayAnswer = extendedKeyUsage?.includes(OCSP_SIGNING) === true && unknownCritical.length === 0
    const maySign = keyUsage === undefined || keyUsage.has('digitalSignature') || keyUsage.has('nonRepudiation')
    const isIssued =
      equalBytes(issuerDer, issuer.subjectDer) && verifyWithSpki(issuer.publicJwk, signatureAlgorithm, tbs, signature)
    if (mayAnswer && maySign && isIssued) return one
  }
  return undefined
}

// ResponderID ::= CHOICE { byName [1] Name, byKey [2] KeyHash }
async function isNamed(responder: Element, one: X509): Promise<boolean> {
  if (responder.tag === 0xa1) return equalBytes(responder.content, one.subjectDer)
  const hash = responder.tag === 0xa2 ? readElement(responder.content) : undefined
  return hash?.tag === OCTET_STRING && equalBytes(hash.content, await digest('SHA-1', keyBitsOf(one.spki)))
}

async function isAbout(single: Element, { certificate, issuer }: RevocationQuestion): Promise<boolean> {
  const [certId] = childrenOf(single)
  const [algorithm, name, key, serial] = childrenOf(certId)
  const oid = oidIn(childrenOf(algorithm)[0])
  const hash = Object.hasOwn(DIGESTS, oid) ? DIGESTS[oid] : undefined
  if (hash === undefined || serial?.tag !== INTEGER || !equalBytes(serial.content, serialOf(certificate))) return false
  const due = await issuerDigests(issuer, hash)
  return equalBytes(name?.content ?? new Uint8Array(), due.name) && equalBytes(key?.content ?? new Uint8Array(), due.key)
}

// SingleResponse ::= SEQUENCE { certID, certStatus, thisUpdate, nextUpdate [0]?, singleExtensions [1]? }
function judgeSingle(single: Element, producedAt: number, question: RevocationQuestion): RevocationAnswer {
  const [, status, thisUpdate, ...rest] = childrenOf(single)
  const [from, next] = [momentOf(thisUpdate), rest.find(({ tag }) => tag === 0xa0)]
  const until = next === undefined ? undefined : momentOf(readElement(next.content))
  if (status === undefined || from === undefined || (next !== undefined && until === undefined))
    return unknownAnswer('REVOCATION_MALFORMED', 'the answer tells no time')
  const extensions = rest.find(({ tag }) => tag === 0xa1)
  if (extensions !== undefined && childrenOf(childrenOf(extensions, 0xa1)[0]).some((one) => isUnknownCritical(one, [])))
    return unknownAnswer('REVOCATION_MALFORMED', 'the answer has a critical extension nobody here understands')
  // A revocation is believed at any age: it is never taken back.
  if (status.tag === 0xa1) return revokedBy(status)
  const fault = ageFault(from, until, question)
  if (fault !== undefined) return unknownAnswer('REVOCATION_STALE', fault)
  if (status.tag === 0x80) return { status: 'good', producedAt }
  return unknownAnswer('REVOCATION_UNKNOWN', 'the responder does not know the certificate')
}

function revokedBy(status: Element): RevocationAnswer {
  const [time, reason] = readAll(status.content) ?? []
  const since = momentOf(time)
  if (since === undefined) return unknownAnswer('REVOCATION_MALFORMED', 'the revocation tells no time')
  const code = reason === undefined ? undefined : readElement(reason.content)?.content[0]
  const name = code === undefined ? '' : (REASONS[code] ?? '')
  return { status: 'revoked', since, ...(name !== '' && { reason: name }) }
}

function nonceIn(extensions: readonly Element[]): Uint8Array | undefined {
  for (const extension of extensions) {
    const [oid, value] = childrenOf(extension)
    if (oid?.tag === OID && oidText(oid.content) === NONCE) return readElement(value?.content ?? new Uint8Array())?.content
  }
  return undefined
}

async function issuerDigests({ subjectDer, spki }: X509, hash: string): Promise<{ name: Uint8Array; key: Uint8Array }> {
  return { name: await digest(hash, subjectDer), key: await digest(hash, keyBitsOf(spki)) }
}

// The bits of a public key without the count of unused ones: what key hashes are taken over.
function keyBitsOf(spki: Uint8Array): Uint8Array {
  const bits = childrenOf(readElement(spki))[1]
  return bits?.content.subarray(1) ?? new Uint8Array()
}

function serialOf({ serial }: X509): Uint8Array {
  const bytes = fromHex(serial.length % 2 === 0 ? serial : `0${serial}`) as Uint8Array
  return (bytes[0] as number) >= 0x80 ? concat(Uint8Array.of(0), bytes) : bytes
}

async function digest(name: string, bytes: Uint8Array): Promise<Uint8Array> {
  return new Uint8Array(await globalThis.crypto.subtle.digest(name, new Uint8Array(bytes)))
}
