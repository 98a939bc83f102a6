// The checks one line can be given without its neighbours: form, hash, payload digest, signature. This is nine tenths of the
// work of verification and the part that runs on several cores; its answer is one byte of flags per line.
import { formFault } from '../body-form.js'
import { fromBase64url } from '../bytes.js'
import type { PublicJwk, VerifyingKey } from '../crypto-contract.js'
import { bodyBytesIn, examine, hashHolds, readLine, readTrusted, sigIn, type ParsedLine, type ReadLine } from '../read-line.js'
import { headerOf, signingInput } from '../record.js'
import { bytesToBase64url, importPublicKey } from '#crypto'

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
  for (const { line } of linesOf(bytes)) flags.push(checkLine(line, ring))
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

/** Checks one line (no line feed) where it lies: nothing of it is kept. */
export function checkLine(line: Uint8Array, ring: KeyRing): number {
  const facts = examine(line)
  if (facts === undefined || formFault(facts.body) !== undefined) return MALFORMED
  const flags = (hashHolds(line, facts) ? 0 : HASH_DIFFERS) | (facts.payloadMatches ? 0 : PAYLOAD_DIFFERS)
  const { alg, kid } = facts.body
  const key = ring.get(kid)
  if (key === undefined) return flags | KEY_UNKNOWN
  const signature = fromBase64url(sigIn(line, facts))
  const message = `${headerOf(alg, kid)}.${bytesToBase64url(bodyBytesIn(line, facts))}`
  return signature !== undefined && key.verify(alg, message, signature) ? flags : flags | SIGNATURE_FAILS
}

/** True when the record's signature is the key's. */
export function signatureHolds(record: Pick<ParsedLine, 'body' | 'bodyText' | 'sig'>, key: VerifyingKey): boolean {
  const signature = fromBase64url(record.sig)
  const { alg, kid } = record.body
  return signature !== undefined && key.verify(alg, signingInput(alg, kid, record.bodyText), signature)
}

/**
 * A checked line, taken apart without checking it again unless its flags say malformed. Unless it is to be kept, its content may be read
 * only while the line's memory is as it is.
 */
export function readChecked(line: Uint8Array, flags: number, keep: boolean): ReadLine | undefined {
  if ((flags & MALFORMED) !== 0) return readLine(line)
  const record = readTrusted(line, (flags & HASH_DIFFERS) === 0, (flags & PAYLOAD_DIFFERS) === 0)
  return { record: keep ? record.kept() : record, fault: undefined }
}
