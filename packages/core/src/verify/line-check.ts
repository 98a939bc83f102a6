// The checks one line can be given without its neighbours: form, hash, payload digest, signature. This is nine tenths of the
// work of verification and the part that runs on several cores; its answer is one byte of flags per line.
import { fromBase64url } from '../bytes.js'
import type { PublicJwk, VerifyingKey } from '../crypto-contract.js'
import { readLine, readTrusted, signingInput, type ParsedLine, type ReadLine } from '../record.js'
import { importPublicKey } from '#crypto'

/** Flags of one line. */
export const MALFORMED = 1
export const HASH_DIFFERS = 2
export const PAYLOAD_DIFFERS = 4
export const SIGNATURE_FAILS = 8
/** The signature was not checked: no key with this `kid` was known. */
export const KEY_UNKNOWN = 16

/** Public keys by thumbprint, parsed once. */
export type KeyRing = Map<string, VerifyingKey>

/** Adds keys; one that cannot be parsed is left out and its signatures count as unchecked. */
export function learnKeys(ring: KeyRing, keys: Readonly<Record<string, PublicJwk>>): void {
  for (const [kid, jwk] of Object.entries(keys)) {
    if (ring.has(kid)) continue
    try {
      ring.set(kid, importPublicKey(jwk))
    } catch {
      // A damaged key record is reported where it stands.
    }
  }
}

/** Flags of every line of a chunk, in order. */
export function flagsOf(bytes: Uint8Array, ring: KeyRing): Uint8Array {
  const flags: number[] = []
  for (const { line } of linesOf(bytes)) flags.push(checkLine(line, ring).flags)
  return Uint8Array.from(flags)
}

/** Lines of a chunk without their line feeds; a last line without one is given as it is. */
export function* linesOf(bytes: Uint8Array): Iterable<{ readonly line: Uint8Array; readonly at: number }> {
  for (let at = 0; at < bytes.length;) {
    const end = bytes.indexOf(10, at)
    yield { line: bytes.subarray(at, end < 0 ? bytes.length : end), at }
    at = end < 0 ? bytes.length : end + 1
  }
}

/** Checks one line (no line feed). `read` is undefined when the line is unreadable. */
export function checkLine(bytes: Uint8Array, ring: KeyRing): { readonly read: ReadLine | undefined; readonly flags: number } {
  const read = readLine(bytes)
  if (read === undefined || read.fault !== undefined) return { read, flags: MALFORMED }
  const { record } = read
  let flags = record.hash === record.recomputedHash ? 0 : HASH_DIFFERS
  if (!record.payloadMatches) flags |= PAYLOAD_DIFFERS
  const key = ring.get(record.body.kid)
  if (key === undefined) flags |= KEY_UNKNOWN
  else if (!signatureHolds(record, key)) flags |= SIGNATURE_FAILS
  return { read, flags }
}

/** True when the record's signature is the key's. */
export function signatureHolds(record: Pick<ParsedLine, 'body' | 'bodyText' | 'sig'>, key: VerifyingKey): boolean {
  const signature = fromBase64url(record.sig)
  const { alg, kid } = record.body
  return signature !== undefined && key.verify(alg, signingInput(alg, kid, record.bodyText), signature)
}

/** A line whose flags were found elsewhere: taken apart without checking it again, unless they say malformed. */
export function readChecked(bytes: Uint8Array, flags: number): ReadLine | undefined {
  if ((flags & MALFORMED) !== 0) return readLine(bytes)
  return { record: readTrusted(bytes, (flags & HASH_DIFFERS) === 0, (flags & PAYLOAD_DIFFERS) === 0), fault: undefined }
}
