// Certificate revocation lists (RFC 5280 section 5): complete lists of one issuer, signed by it. Partial, indirect and delta lists are not
// judged: what they leave out would look like good.
import { equalBytes, toHex } from '@sigillo/core'
import { INTEGER, momentOf, readElement, SEQUENCE, type Element } from '@sigillo/core/der'
import { childrenOf, isUnknownCritical, oidIn } from './der-reading.js'
import { ageFault, REASONS, unknownAnswer, type RevocationAnswer, type RevocationQuestion } from './revocation-answer.js'
import { signatureOids, verifyWithSpki } from './spki.js'

const REASON = '2.5.29.21'
const DELTA = '2.5.29.27'
const DISTRIBUTION_POINT = '2.5.29.28'
const MAX_BYTES = 1 << 26

interface RevocationList {
  readonly tbs: Uint8Array
  readonly issuer: Uint8Array
  readonly thisUpdate: number
  readonly nextUpdate: number | undefined
  readonly entries: Element | undefined
  readonly extensions: readonly Element[]
  readonly algorithm: string
  readonly signature: Uint8Array
}

/** Judges a list about one certificate. Never throws. */
export function readCrl(der: Uint8Array, question: RevocationQuestion): RevocationAnswer {
  try {
    return judge(listIn(der), question)
  } catch {
    return unknownAnswer('REVOCATION_MALFORMED', 'the revocation list cannot be read')
  }
}

// TBSCertList ::= SEQUENCE { version?, signature, issuer, thisUpdate, nextUpdate?, revokedCertificates?, crlExtensions [0]? }
function listIn(der: Uint8Array): RevocationList {
  const outer = der.length <= MAX_BYTES ? readElement(der) : undefined
  if (outer === undefined || outer.end !== der.length) throw new TypeError('not one value')
  const [list, algorithm, signature] = childrenOf(outer)
  const head = der.length - outer.content.length
  let fields = childrenOf(list)
  if (fields[0]?.tag === INTEGER) fields = fields.slice(1)
  const [inner, issuer, from, ...rest] = fields
  const thisUpdate = momentOf(from)
  const nextUpdate = momentOf(rest[0])
  const tail = nextUpdate === undefined ? rest : rest.slice(1)
  const oid = oidIn(childrenOf(algorithm)[0])
  const isSame = oidIn(childrenOf(inner)[0]) === oid
  const bits = signature?.tag === 0x03 && signature.content[0] === 0 ? signature.content.subarray(1) : undefined
  if (thisUpdate === undefined || issuer?.tag !== SEQUENCE || bits === undefined || !isSame)
    throw new TypeError('a member is missing')
  const extensions = tail.find(({ tag }) => tag === 0xa0)
  const issuerAt = issuer.end - issuer.content.length - headerBytes(issuer.content.length)
  return {
    tbs: der.subarray(head, head + (list as Element).end),
    issuer: (list as Element).content.subarray(issuerAt, issuer.end),
    thisUpdate,
    nextUpdate,
    entries: tail.find(({ tag }) => tag === SEQUENCE),
    extensions: extensions === undefined ? [] : childrenOf(childrenOf(extensions, 0xa0)[0]),
    algorithm: oid,
    signature: bits,
  }
}

function headerBytes(length: number): number {
  return length < 0x80 ? 2 : length < 0x100 ? 3 : length < 0x10000 ? 4 : 5
}

function judge(list: RevocationList, question: RevocationQuestion): RevocationAnswer {
  const { certificate, issuer } = question
  if (!equalBytes(list.issuer, issuer.subjectDer) || !equalBytes(certificate.issuerDer, issuer.subjectDer))
    return unknownAnswer('REVOCATION_FOREIGN', 'the revocation list is of another issuer')
  if (issuer.keyUsage !== undefined && !issuer.keyUsage.has('cRLSign'))
    return unknownAnswer('REVOCATION_UNAUTHORISED', 'the issuer’s certificate is not one for revocation lists')
  const isAccepted = Object.hasOwn(signatureOids, list.algorithm)
  if (!isAccepted || !verifyWithSpki(issuer.publicJwk, list.algorithm, list.tbs, list.signature))
    return unknownAnswer('REVOCATION_UNAUTHORISED', 'the revocation list is not signed by the issuer')
  if (list.extensions.some((one) => isPartial(one) || isUnknownCritical(one, [])))
    return unknownAnswer('REVOCATION_UNKNOWN', 'the revocation list is not a complete one')
  const entry = entryOf(list.entries, certificate.serial)
  if (entry === undefined) {
    const fault = ageFault(list.thisUpdate, list.nextUpdate, question)
    return fault === undefined ? { status: 'good', producedAt: list.thisUpdate } : unknownAnswer('REVOCATION_STALE', fault)
  }
  return revokedBy(entry)
}

// A list for some certificates, or of changes only: silence about ours would mean nothing. Not every issuer marks it critical.
function isPartial(extension: Element): boolean {
  const oid = oidIn(childrenOf(extension)[0])
  return oid === DELTA || oid === DISTRIBUTION_POINT
}

function entryOf(entries: Element | undefined, serial: string): readonly Element[] | undefined {
  for (let at = 0; entries !== undefined && at < entries.content.length;) {
    const entry = readElement(entries.content, at)
    if (entry === undefined) throw new TypeError('an entry is damaged')
    const number = readElement(entry.content)
    if (number?.tag !== INTEGER) throw new TypeError('an entry has no number')
    if (toHex(number.content).replace(/^0+(?=.)/, '') === serial) return childrenOf(entry)
    at = entry.end
  }
  return undefined
}

function revokedBy([, time, extensions]: readonly Element[]): RevocationAnswer {
  const since = momentOf(time)
  const listed = extensions === undefined ? [] : childrenOf(extensions)
  if (since === undefined || listed.some((one) => isUnknownCritical(one, [REASON])))
    return unknownAnswer('REVOCATION_MALFORMED', 'an entry of the revocation list cannot be read')
  const reason = listed.find((one) => oidIn(childrenOf(one)[0]) === REASON)
  const code = reason === undefined ? undefined : readElement((childrenOf(reason).at(-1) as Element).content)?.content[0]
  const name = code === undefined ? '' : (REASONS[code] ?? '')
  return { status: 'revoked', since, ...(name !== '' && { reason: name }) }
}
