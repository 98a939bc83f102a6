// The checks one line can be given without its neighbours: form, hash, payload digest, signature. This is nine tenths of the
// work of verification and the part that runs on several cores; its answer is one byte of flags per line.
import { fromBase64url } from '../bytes.js'
import type { PublicJwk, VerifyingKey } from '../crypto-contract.js'
import { parseLine, readTrusted, signingInput, type ParsedLine } from '../record.js'
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
  for (let at = 0; at < bytes.length; ) {
    const end = bytes.indexOf(10, at)
    yield { line: bytes.subarray(at, end < 0 ? bytes.length : end), at }
    at = end < 0 ? bytes.length : end + 1
  }
}

/** Checks one line (no line feed) and returns the record, when it is one, with its flags. */
export function checkLine(bytes: Uint8Array, ring: KeyRing): { readonly record: ParsedLine | undefined; readonly flags: number } {
  const record = parseLine(bytes)
  if (record === undefined) return { record, flags: MALFORMED }
  let flags = record.hash === record.recomputedHash ? 0 : HASH_DIFFERS
  if (!record.payloadMatches) flags |= PAYLOAD_DIFFERS
  const key = ring.get(record.body.kid)
  if (key === undefined) return { record, flags: flags | KEY_UNKNOWN }
  if (!signatureHolds(record, key)) flags |= SIGNATURE_FAILS
  return { record, flags }
}

/** True when the record's signature is the key's. */
export function signatureHolds(record: Pick<ParsedLine, 'body' | 'bodyText' | 'sig'>, key: VerifyingKey): boolean {
  const signature = fromBase64url(record.sig)
  const { alg, kid } = record.body
  return signature !== undefined && key.verify(alg, signingInput(alg, kid, record.bodyText), signature)
}

/** A line whose flags were found elsewhere and do not say malformed: taken apart without checking it again. */
export function readChecked(bytes: Uint8Array, flags: number): ParsedLine {
  return readTrusted(bytes, (flags & HASH_DIFFERS) === 0, (flags & PAYLOAD_DIFFERS) === 0)
}
