// What a message to be signed is (signing specification 9.2): its kind is read from its own bytes, so that the operation a caller names can be
// compared with what the key would really sign. Every message of this product begins differently; what begins like none is `other`.
import { sha256 } from '@noble/hashes/sha2.js'
import { equalBytes, fromBase64url, fromHex, fromUtf8 } from './bytes.js'
import { isCanonical, type JsonObject } from './canonical.js'
import { INTEGER, OCTET_STRING, OID, oidText, readAll, readElement, readSequence, SEQUENCE, type Element } from './der.js'
import { headerOf } from './record.js'
import type { SignerDescription } from './signer.js'

/**
 * A kind of message: a journal record; proof of a new key; a person's approval; the list of files under the software seal; a health probe; a
 * certificate request; signed attributes of CMS; an exported tree head; XML; anything else.
 */
export type SignedFormat =
  | 'record'
  | 'key-possession'
  | 'key-endorsement'
  | 'approval'
  | 'software-seal'
  | 'probe'
  | 'csr'
  | 'signed-attributes'
  | 'note'
  | 'xml'
  | 'other'

/** A message's kind, and what does not fit this key in it. */
export interface ReadFormat {
  readonly format: SignedFormat
  /** Short words for people; undefined when the message is what its kind must be. */
  readonly fault?: string
  /** For signed attributes: their content type, digest in hex, and whether they tell a time. */
  readonly attributes?: { readonly contentType: string; readonly digest: string; readonly signingTime: boolean }
}

type Key = Pick<SignerDescription, 'keyId' | 'publicKeySpki' | 'certificates'>

const TAGS: readonly SignedFormat[] = ['key-possession', 'key-endorsement', 'approval', 'software-seal']
const PROBE = 'key-probe/v1'
const SET = 0x31

/** The kind of a message, read strictly. */
export function formatOf(message: Uint8Array, key: Key): ReadFormat {
  if (isAsn1(message)) return requestIn(message, key) ?? attributesIn(message, key) ?? asn1In(message)
  const start = ascii(message.subarray(0, 64))
  if (start.startsWith('<')) return { format: 'xml' }
  if (start.startsWith(PROBE)) return { format: 'probe', ...fault(message.length !== PROBE.length + 32, 'length') }
  if (start.startsWith('sigillo/v1/')) return taggedIn(message, start, key)
  return recordIn(message, key) ?? { format: isNote(message) ? 'note' : 'other' }
}

const fault = (wrong: boolean, text: string): { readonly fault?: string } => (wrong ? { fault: text } : {})

// A SEQUENCE or SET by its first two bytes: `0` and `1` begin texts as well, but no text goes on like a length that fits.
function isAsn1(message: Uint8Array): boolean {
  const [tag, length = 0] = message
  return (tag === SEQUENCE || tag === SET) && (length >= 0x80 || length === message.length - 2)
}

// Readers of certificate requests and of CMS take more than DER, and requests without attributes: what they could take for one is none of the rest.
function asn1In(message: Uint8Array): ReadFormat {
  const outer = readElement(message)
  const isWhole = outer?.end === message.length && headOf(message) === shortestHead(outer.content.length)
  const fine = isWhole && outer.tag === SEQUENCE && readAll(outer.content) !== undefined
  return { format: 'other', ...fault(!fine, 'ASN.1 that is not DER') }
}

function shortestHead(length: number): number {
  return length < 0x80 ? 2 : length < 0x100 ? 3 : length < 0x1_0000 ? 4 : 5
}

function ascii(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes)
}

// A tag nobody knows is a message of this product all the same: it is never signed under another name.
function taggedIn(message: Uint8Array, start: string, { keyId }: Key): ReadFormat {
  const format = TAGS.find((tag) => start.startsWith(`sigillo/v1/${tag}\n`))
  if (format === undefined) return { format: 'other', fault: 'a tag of this product that is not for signing' }
  const statement = objectIn(message.subarray(start.indexOf('\n') + 1))
  if (statement === undefined) return { format, fault: 'no canonical statement follows the tag' }
  return { format, ...fault(format === 'key-possession' && statement['kid'] !== keyId, 'kid is another key') }
}

// Records: header and body of the journal's own form, by this key (FORMAT 3.4).
function recordIn(message: Uint8Array, { keyId }: Key): ReadFormat | undefined {
  const dot = message.indexOf(0x2e)
  const head = dot > 0 && dot < 1024 ? objectIn(fromBase64url(ascii(message.subarray(0, dot)))) : undefined
  if (head?.['typ'] !== 'sigillo-record+jws') return undefined
  const text = fromUtf8(message) ?? ''
  const body = objectIn(fromBase64url(text.slice(dot + 1)))
  if (head['kid'] !== keyId) return { format: 'record', fault: 'kid is another key' }
  const sound =
    body?.['kid'] === keyId && body['alg'] === head['alg'] && text.startsWith(`${headerOf(String(head['alg']), keyId)}.`)
  return { format: 'record', ...fault(!sound, 'header and body do not belong together') }
}

function objectIn(bytes: Uint8Array | undefined): JsonObject | undefined {
  const text = bytes === undefined ? undefined : fromUtf8(bytes)
  if (text === undefined || !text.startsWith('{') || !isCanonical(text)) return undefined
  return JSON.parse(text) as JsonObject
}

// C2SP tlog-checkpoint: origin, size, root, perhaps more lines, every one ended.
function isNote(message: Uint8Array): boolean {
  const text = message.length <= 4096 ? (fromUtf8(message) ?? '') : ''
  return /^[^\n]+\n(?:0|[1-9]\d*)\n[A-Za-z0-9+/]{43}=\n(?:[^\n]+\n)*$/.test(text)
}

// CertificationRequestInfo (RFC 2986 4.1): version 0, name, key, attributes.
function requestIn(message: Uint8Array, { publicKeySpki }: Key): ReadFormat | undefined {
  const [version, name, spki, attributes, more] = readSequence(message) ?? []
  // OpenSSL takes a request that leaves its attributes out.
  const ends = attributes === undefined || (attributes.tag === 0xa0 && more === undefined)
  const isRequest = version?.tag === INTEGER && name?.tag === SEQUENCE && spki?.tag === SEQUENCE && ends
  if (!isRequest) return undefined
  const inside = message.subarray(name.end + headOf(message), spki.end + headOf(message))
  return { format: 'csr', ...fault(!equalBytes(inside, publicKeySpki), 'the request is for another key') }
}

// Bytes of tag and length in front of the content of an element.
function headOf(bytes: Uint8Array): number {
  return bytes.length - (readElement(bytes)?.content.length ?? 0)
}

const CONTENT_TYPE = '1.2.840.113549.1.9.3'
const MESSAGE_DIGEST = '1.2.840.113549.1.9.4'
const SIGNING_TIME = '1.2.840.113549.1.9.5'
const SIGNING_CERTIFICATE_V2 = '1.2.840.113549.1.9.16.2.47'

// SignedAttributes as they are hashed (RFC 5652 5.4): a SET OF attributes, each with its values.
function attributesIn(message: Uint8Array, { certificates }: Key): ReadFormat | undefined {
  const outer = readElement(message)
  const set = outer?.tag === SET && outer.end === message.length ? readAll(outer.content) : undefined
  const found = set?.map(attributeIn)
  if (found === undefined || found.length === 0 || found.some((one) => one === undefined)) return undefined
  const values = (oid: string): readonly Element[] =>
    (found as readonly Attribute[]).filter((one) => one.oid === oid).flatMap((one) => one.values)
  const [[type, ...types], [digest, ...digests], [reference, ...references]] = [
    values(CONTENT_TYPE),
    values(MESSAGE_DIGEST),
    values(SIGNING_CERTIFICATE_V2),
  ]
  const [contentType, hash] = [
    type?.tag === OID ? oidText(type.content) : '',
    digest?.tag === OCTET_STRING ? digest.content : undefined,
  ]
  const own = certificates[0] === undefined ? undefined : sha256(certificates[0])
  const named = reference === undefined ? undefined : certificateHash(reference)
  const wrong =
    contentType === '' || types.length > 0
      ? 'content type'
      : hash === undefined || hash.length < 32 || digests.length > 0
        ? 'message digest'
        : own === undefined || named === undefined || references.length > 0 || !equalBytes(named, own)
          ? 'the certificate referred to is not that of this key'
          : undefined
  const text = [...(hash ?? [])].map((byte) => byte.toString(16).padStart(2, '0')).join('')
  const attributes = { contentType, digest: text, signingTime: values(SIGNING_TIME).length > 0 }
  return { format: 'signed-attributes', attributes, ...(wrong !== undefined && { fault: wrong }) }
}

interface Attribute {
  readonly oid: string
  readonly values: readonly Element[]
}

function attributeIn(element: Element): Attribute | undefined {
  const [oid, set, more] = element.tag === SEQUENCE ? (readAll(element.content) ?? []) : []
  if (oid?.tag !== OID || set?.tag !== SET || more !== undefined) return undefined
  const values = readAll(set.content)
  return values === undefined ? undefined : { oid: oidText(oid.content), values }
}

// ESSCertIDv2 of the first certificate (RFC 5035): the hash algorithm is left out when it is SHA-256.
function certificateHash(reference: Element): Uint8Array | undefined {
  const [list] = readAll(reference.content) ?? []
  const [first] = list?.tag === SEQUENCE ? (readAll(list.content) ?? []) : []
  const [hash, later] = first?.tag === SEQUENCE ? (readAll(first.content) ?? []) : []
  if (hash?.tag === OCTET_STRING) return hash.content
  const [oid] = hash?.tag === SEQUENCE ? (readAll(hash.content) ?? []) : []
  const isSha256 = oid?.tag === OID && equalBytes(oid.content, fromHex('608648016503040201') as Uint8Array)
  return isSha256 && later?.tag === OCTET_STRING ? later.content : undefined
}

const OWN: Readonly<Record<string, readonly SignedFormat[]>> = {
  record: ['record'],
  csr: ['csr'],
  probe: ['probe'],
  'key-possession': ['key-possession'],
  'key-endorsement': ['key-endorsement'],
  approval: ['approval'],
  'software-seal': ['software-seal'],
  cades: ['signed-attributes'],
  pades: ['signed-attributes'],
  'xml-seal': ['xml'],
  note: ['note'],
}
const FREE: readonly SignedFormat[] = ['xml', 'note', 'other']
const TST_INFO = '1.2.840.113549.1.9.16.1.4'

/**
 * Why a message is not what the operation says, or undefined. `formats` is what the key policy lists for the operation; without, an
 * operation of the product signs its own kind only, and any other operation none of the product's.
 */
export function formatRefusal(
  operation: string,
  formats: readonly SignedFormat[] | undefined,
  message: Uint8Array,
  signer: Key,
): string | undefined {
  const { format, fault: wrong, attributes } = formatOf(message, signer)
  const allowed = formats ?? (Object.hasOwn(OWN, operation) ? (OWN[operation] as readonly SignedFormat[]) : FREE)
  if (!allowed.includes(format)) return `${operation} was asked for, the message is of kind ${format}`
  if (wrong !== undefined) return `the message of kind ${format} does not fit: ${wrong}`
  // A time-stamp's attributes would be a statement about time; a PDF tells its time elsewhere (ETSI EN 319 142-1 6.3).
  if (attributes?.contentType === TST_INFO && operation !== 'tst') return 'signed attributes of a time-stamp'
  return operation === 'pades' && attributes?.signingTime === true ? 'signed attributes of a PDF tell no time' : undefined
}
