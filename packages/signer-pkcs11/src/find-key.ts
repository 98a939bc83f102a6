// Finding the one key a URI means, its public half and certificates, and whether its attributes are those of a key that never leaves the token
// (signing specification 6.2, 6.3).
import {
  equalBytes,
  jwkOfPoint,
  jwkOfSpki,
  signerError,
  spkiOf,
  spkiOfCertificate,
  toBase64url,
  utf8,
  type FiscalError,
  type KeyPolicy,
  type PublicJwk,
} from '@sigillo/core'
import { OCTET_STRING, oidText, readElement } from '@sigillo/core/der'
import { CK, type Cryptoki, type Handle, type Template } from './cryptoki.js'
import type { KeySelector } from './uri.js'

/** A key found on a token. */
export interface FoundKey {
  readonly handle: Handle
  readonly jwk: PublicJwk
  readonly certificates: readonly Uint8Array[]
  /** The token wants the PIN at each signature. */
  readonly alwaysAuthenticate: boolean
  /** The token never gives the key's value away, as far as the attributes say. */
  readonly staysInside: boolean
  /** Mechanisms the key is limited to; empty when it is not. */
  readonly allowedMechanisms: readonly number[]
}

/** The handle of the key: exactly one. @throws FiscalError KEY_NOT_FOUND, KEY_AMBIGUOUS */
export function findHandle(cryptoki: Cryptoki, session: Handle, selector: KeySelector): Handle {
  const found = cryptoki.find(session, templateOf(CK.CKO_PRIVATE_KEY, selector), 2)
  if (found.length === 0) throw signerError('KEY_NOT_FOUND', { message: 'no private key on the token answers to the URI' })
  if (found.length > 1) throw signerError('KEY_AMBIGUOUS', { message: 'more than one private key answers to the URI' })
  return found[0]
}

/** The key with all that is read once. @throws FiscalError KEY_NOT_FOUND, KEY_AMBIGUOUS, KEY_MISMATCH, CONFIG_INVALID (weak-attributes) */
export function findKey(cryptoki: Cryptoki, session: Handle, selector: KeySelector, accepted: readonly string[]): FoundKey {
  const handle = findHandle(cryptoki, session, selector)
  const read = cryptoki.attributes(session, handle, [
    ...RULES.keys(),
    CK.CKA_ID,
    CK.CKA_KEY_TYPE,
    CK.CKA_ALWAYS_AUTHENTICATE,
    CK.CKA_MODULUS,
    CK.CKA_PUBLIC_EXPONENT,
    CK.CKA_ALLOWED_MECHANISMS,
  ])
  checkAttributes(read, accepted)
  const id = read.get(CK.CKA_ID) ?? selector.id
  const chain = certificatesOf(cryptoki, session, id)
  const jwk = publicKeyOf(cryptoki, session, read, id) ?? (chain[0] === undefined ? undefined : jwkOfCertificate(chain[0]))
  if (jwk === undefined)
    throw signerError('KEY_NOT_FOUND', {
      message: 'neither public key nor certificate of the key is on the token',
      reason: 'public-key',
    })
  const spki = spkiOf(jwk)
  const own = chain.filter((der) => isOf(der, spki))
  if (chain.length > 0 && own.length === 0)
    throw signerError('KEY_MISMATCH', {
      message: 'the certificate with the id of the key is of another key',
      reason: 'certificate',
    })
  const alwaysAuthenticate = isTrue(read.get(CK.CKA_ALWAYS_AUTHENTICATE))
  const staysInside = isTrue(read.get(CK.CKA_SENSITIVE)) && !isTrue(read.get(CK.CKA_EXTRACTABLE))
  const allowedMechanisms = numbersOf(read.get(CK.CKA_ALLOWED_MECHANISMS))
  return { handle, jwk, certificates: own, alwaysAuthenticate, staysInside, allowedMechanisms }
}

function templateOf(kind: number, { object, id }: KeySelector): Template {
  return [
    { type: CK.CKA_CLASS, value: kind },
    ...(object === undefined ? [] : [{ type: CK.CKA_LABEL, value: utf8(object) }]),
    ...(id === undefined ? [] : [{ type: CK.CKA_ID, value: id }]),
  ]
}

/** Attributes by rule: what the value must be, and whether a token that does not know it is excused. */
const RULES: ReadonlyMap<number, { readonly name: string; readonly must: boolean; readonly mayLack: boolean }> = new Map(
  (
    [
      ['CKA_TOKEN', true, false],
      ['CKA_PRIVATE', true, false],
      ['CKA_SENSITIVE', true, false],
      ['CKA_ALWAYS_SENSITIVE', true, false],
      ['CKA_EXTRACTABLE', false, false],
      ['CKA_NEVER_EXTRACTABLE', true, false],
      ['CKA_LOCAL', true, false],
      ['CKA_SIGN', true, false],
      ['CKA_DECRYPT', false, true],
      ['CKA_UNWRAP', false, true],
      ['CKA_DERIVE', false, true],
      ['CKA_MODIFIABLE', false, true],
      ['CKA_COPYABLE', false, true],
    ] as const
  ).map(([name, must, mayLack]) => [CK[name], { name, must, mayLack }]),
)

function checkAttributes(read: ReadonlyMap<number, Uint8Array>, accepted: readonly string[]): void {
  const violated: string[] = []
  for (const [type, { name, must, mayLack }] of RULES) {
    const value = read.get(type)
    const holds = value === undefined ? mayLack : isTrue(value) === must
    if (!holds && !accepted.includes(name)) violated.push(name)
  }
  if (violated.length > 0) throw weakAttributes(violated)
}

/** The refusal of a key whose attributes say it is not only for this. */
export function weakAttributes(violated: readonly string[]): FiscalError {
  const message = `the key may leave its token or do more than sign: ${violated.join(', ')}; accept each by name in the key policy, with a reason, or make another key`
  return signerError('CONFIG_INVALID', { message, reason: 'weak-attributes' })
}

/** Names of the exceptions a policy makes at this time. CKA_LOCAL is also excused by the name `importedKey`. */
export function acceptedNames(weaknesses: KeyPolicy['acceptedWeaknesses'], nowMs: number): readonly string[] {
  const valid = (weaknesses ?? []).filter(
    ({ reason, until }) => reason.trim() !== '' && (until === undefined || nowMs < Date.parse(until)),
  )
  return valid.flatMap(({ name }) =>
    name === 'importedKey' ? ['CKA_LOCAL', 'CKA_ALWAYS_SENSITIVE', 'CKA_NEVER_EXTRACTABLE'] : [name],
  )
}

function publicKeyOf(
  cryptoki: Cryptoki,
  session: Handle,
  read: ReadonlyMap<number, Uint8Array>,
  id: Uint8Array | undefined,
): PublicJwk | undefined {
  const [modulus, exponent] = [read.get(CK.CKA_MODULUS), read.get(CK.CKA_PUBLIC_EXPONENT)]
  const type = numberOf(read.get(CK.CKA_KEY_TYPE))
  if (type === CK.CKK_RSA && modulus !== undefined && exponent !== undefined) return rsaKey(modulus, exponent)
  if (id === undefined || type === undefined) return undefined
  const template = [
    { type: CK.CKA_CLASS, value: CK.CKO_PUBLIC_KEY },
    { type: CK.CKA_ID, value: id },
    { type: CK.CKA_KEY_TYPE, value: type },
  ]
  const [first, ...others] = cryptoki.find(session, template, 16).map((object) => publicObject(cryptoki, session, object, type))
  // Several public keys under one id were seen on real tokens: taking the first gave a request that failed its own check.
  if (others.some((other) => JSON.stringify(other) !== JSON.stringify(first))) {
    throw signerError('KEY_AMBIGUOUS', { message: 'several different public keys share the id of the key', reason: 'public-key' })
  }
  return first
}

function publicObject(cryptoki: Cryptoki, session: Handle, object: Handle, type: number): PublicJwk | undefined {
  const read = cryptoki.attributes(session, object, [CK.CKA_EC_PARAMS, CK.CKA_EC_POINT, CK.CKA_MODULUS, CK.CKA_PUBLIC_EXPONENT])
  if (type === CK.CKK_RSA) return rsaKey(read.get(CK.CKA_MODULUS), read.get(CK.CKA_PUBLIC_EXPONENT))
  const [params, point] = [read.get(CK.CKA_EC_PARAMS), read.get(CK.CKA_EC_POINT)]
  const curve = params === undefined ? undefined : readElement(params)
  if (curve === undefined || point === undefined) return undefined
  // Some modules return the point bare, most wrap it in an OCTET STRING. A bare one begins with that very tag, so its length decides.
  const oid = oidText(curve.content)
  const wrapped = readElement(point)
  return jwkOfPoint(oid, point) ?? (wrapped?.tag === OCTET_STRING ? jwkOfPoint(oid, wrapped.content) : undefined)
}

function rsaKey(modulus: Uint8Array | undefined, exponent: Uint8Array | undefined): PublicJwk | undefined {
  if (modulus === undefined || exponent === undefined) return undefined
  return { kty: 'RSA', n: toBase64url(withoutZeros(modulus)), e: toBase64url(withoutZeros(exponent)) }
}

function withoutZeros(bytes: Uint8Array): Uint8Array {
  const start = bytes.findIndex((byte) => byte !== 0)
  return start < 0 ? bytes : bytes.subarray(start)
}

function certificatesOf(cryptoki: Cryptoki, session: Handle, id: Uint8Array | undefined): readonly Uint8Array[] {
  if (id === undefined) return []
  const template = [
    { type: CK.CKA_CLASS, value: CK.CKO_CERTIFICATE },
    { type: CK.CKA_ID, value: id },
  ]
  return cryptoki
    .find(session, template, 16)
    .flatMap((object) => cryptoki.attributes(session, object, [CK.CKA_VALUE]).get(CK.CKA_VALUE) ?? [])
}

function jwkOfCertificate(der: Uint8Array): PublicJwk | undefined {
  const spki = spkiOfCertificate(der)
  return spki === undefined ? undefined : jwkOfSpki(spki)
}

function isOf(der: Uint8Array, spki: Uint8Array): boolean {
  const found = spkiOfCertificate(der)
  return found !== undefined && equalBytes(found, spki)
}

function isTrue(value: Uint8Array | undefined): boolean {
  return value !== undefined && value.length > 0 && value[0] !== 0
}

const ULONG_BYTES = 8

// CK_ULONG in the machine's byte order, which is little-endian wherever Node runs today.
function numberOf(value: Uint8Array | undefined): number | undefined {
  return value === undefined ? undefined : value.reduceRight((sum, byte) => sum * 256 + byte, 0)
}

function numbersOf(value: Uint8Array | undefined): readonly number[] {
  const numbers: number[] = []
  for (let at = 0; value !== undefined && at + ULONG_BYTES <= value.length; at += ULONG_BYTES) {
    numbers.push(numberOf(value.subarray(at, at + ULONG_BYTES)) as number)
  }
  return numbers
}
