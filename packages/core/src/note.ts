// Exported tree heads as C2SP signed notes (FORMAT 6): text, blank line, signature lines. The anchor key is Ed25519 and apart
// from the fiscal key. Notes come from outside: reading assumes an attacker.
import { concat, equalBytes, fromHex, toHex, utf8 } from './bytes.js'
import type { PublicJwk } from './crypto-contract.js'
import { FiscalError } from './errors.js'
import { fromBase64url, toBase64url } from './bytes.js'
import { importPublicKey, sha256Hex } from '#crypto'

/** One exported head: what a note states. */
export interface NoteHead {
  /** `<operator domain>/<queue uuid>`. */
  readonly origin: string
  readonly size: number
  /** Root as 64 hex digits. */
  readonly root: string
}

/** A verified note: its head and the names of the keys whose signatures hold. */
export interface VerifiedNote {
  readonly head: NoteHead
  readonly signedBy: readonly string[]
}

const ED25519 = 1
const ORIGIN = /^[A-Za-z0-9.-]+\/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** The text a note's signatures cover. @throws FiscalError OPTION_INVALID for an origin that is not `domain/uuid` */
export function noteText({ origin, size, root }: NoteHead): string {
  if (!ORIGIN.test(origin))
    throw new FiscalError('OPTION_INVALID', { message: 'origin: must be <domain>/<queue uuid>', path: 'origin' })
  return `${origin}\n${size}\n${toBase64(fromHex(root) as Uint8Array)}\n`
}

/** First four bytes of SHA-256(name ‖ LF ‖ type ‖ public key): tells which key a signature line is of. */
export function noteKeyId(name: string, publicKey: Uint8Array): Uint8Array {
  const digest = sha256Hex(concat(utf8(`${name}\n`), Uint8Array.of(ED25519), publicKey))
  return fromHex(digest.slice(0, 8)) as Uint8Array
}

/** The verifier key line another tool is given: `name+id+key`. */
export function noteVerifierKey(name: string, publicKey: Uint8Array): string {
  return `${name}+${toHex(noteKeyId(name, publicKey))}+${toBase64(concat(Uint8Array.of(ED25519), publicKey))}`
}

/** A whole note, signed by the anchor key. `sign` gives the 64 bytes of Ed25519 over the text. */
export async function signNote(
  head: NoteHead,
  publicKey: Uint8Array,
  sign: (text: Uint8Array) => Promise<Uint8Array> | Uint8Array,
): Promise<string> {
  const text = noteText(head)
  const signature = await sign(utf8(text))
  return `${text}\n— ${head.origin} ${toBase64(concat(noteKeyId(head.origin, publicKey), signature))}\n`
}

/** Reads a note and checks the lines of the keys given as `name+id+key`; unknown lines are passed over. Undefined when it is not a note or no known key signed it. */
export function verifyNote(note: string, verifierKeys: readonly string[]): VerifiedNote | undefined {
  const read = readNote(note)
  if (read === undefined) return undefined
  const { head, text, lines } = read
  const keys = verifierKeys.map(parseVerifierKey).filter((key) => key !== undefined)
  const signedBy = keys.filter((key) => lines.some((line) => holds(line, key, text))).map(({ name }) => name)
  return signedBy.length === 0 ? undefined : { head, signedBy }
}

/** A note taken apart, its signatures not judged. */
export interface ReadNote {
  readonly head: NoteHead
  /** What the signatures cover. */
  readonly text: string
  readonly lines: readonly NoteKey[]
}

/** Reads what has the form of a note; undefined for everything else. */
export function readNote(note: string): ReadNote | undefined {
  const gap = note.lastIndexOf('\n\n')
  if (gap < 0 || !note.endsWith('\n') || note.length > 1_000_000) return undefined
  const text = note.slice(0, gap + 1)
  const head = parseHead(text)
  const found = note
    .slice(gap + 2, -1)
    .split('\n')
    .map(parseSignatureLine)
  const lines = found.filter((line) => line !== undefined)
  return head === undefined || lines.length < found.length ? undefined : { head, text, lines }
}

/** What a note says by one key: nothing, something valid, or something wrong (FORMAT 21, Verifying 6). */
export function signatureOf({ text, lines }: ReadNote, verifierKey: string): 'absent' | 'valid' | 'wrong' {
  const key = parseVerifierKey(verifierKey)
  const borne = key === undefined ? [] : lines.filter(({ name, id }) => name === key.name && equalBytes(id, key.id))
  if (borne.length === 0) return 'absent'
  return borne.every((line) => holds(line, key as NoteKey, text)) ? 'valid' : 'wrong'
}

function parseHead(text: string): NoteHead | undefined {
  const [origin, size, root, rest, ...more] = text.split('\n')
  const bytes = root === undefined ? undefined : fromBase64(root)
  if (origin === undefined || origin === '' || size === undefined || rest !== '' || more.length > 0 || bytes?.length !== 32)
    return undefined
  return /^(0|[1-9]\d{0,15})$/.test(size) ? { origin, size: Number(size), root: toHex(bytes) } : undefined
}

/** A name, a key id, and a public key or a signature. */
export interface NoteKey {
  readonly name: string
  readonly id: Uint8Array
  readonly key: Uint8Array
}

function parseVerifierKey(line: string): NoteKey | undefined {
  const [name, id, encoded] = line.split(/\+(?=[0-9a-f]{8}\+)|(?<=\+[0-9a-f]{8})\+/)
  const [bytes, idBytes] = [fromBase64(encoded ?? ''), fromHex(id ?? '')]
  if (name === undefined || idBytes === undefined || bytes?.length !== 33 || bytes[0] !== ED25519) return undefined
  const key = bytes.subarray(1)
  return equalBytes(idBytes, noteKeyId(name, key)) ? { name, id: idBytes, key } : undefined
}

function parseSignatureLine(line: string): NoteKey | undefined {
  const match = /^— (\S+) ([A-Za-z0-9+/]+={0,2})$/.exec(line)
  const bytes = match === null ? undefined : fromBase64(match[2] as string)
  return bytes === undefined || bytes.length < 5
    ? undefined
    : { name: match?.[1] as string, id: bytes.subarray(0, 4), key: bytes.subarray(4) }
}

function holds(line: NoteKey, key: NoteKey, text: string): boolean {
  if (line.name !== key.name || !equalBytes(line.id, key.id)) return false
  const jwk: PublicJwk = { kty: 'OKP', crv: 'Ed25519', x: toBase64url(key.key) }
  return importPublicKey(jwk).verify('EdDSA', text, line.key)
}

/** Standard base64 with padding, as notes use it. */
export function toBase64(bytes: Uint8Array): string {
  const text = toBase64url(bytes).replaceAll('-', '+').replaceAll('_', '/')
  return text + '='.repeat((4 - (text.length % 4)) % 4)
}

function fromBase64(text: string): Uint8Array | undefined {
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return undefined
  return fromBase64url(text.replace(/=+$/, '').replaceAll('+', '-').replaceAll('/', '_'))
}
