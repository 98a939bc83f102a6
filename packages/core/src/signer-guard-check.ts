// What the guard checks before the device sees a request and before a caller sees a signature (signing specification 3.2): the device is
// no safety net (a software token was seen to sign 300 bytes as a digest), so both are checked here, once for all kinds.
import { ed25519 } from '@noble/curves/ed25519.js'
import { p256, p384 } from '@noble/curves/nist.js'
import { sha384 } from '@noble/hashes/sha2.js'
import { concat, fromBase64url, fromHex, toHex, utf8 } from './bytes.js'
import type { AsideCheck, PublicJwk, VerifyingKey } from './crypto-contract.js'
import { isLabel, MOST_LABEL } from './label.js'
import { importRsaKey } from './rsa.js'
import { signerError } from './signer-codes.js'
import type { SignerDescription, SignRequest } from './signer.js'
import { signatureLength, suites, type Suite } from './suites.js'
import { importAside, importPublicKey, sha256Hex } from '#crypto'

/** A request found acceptable: a copy, each member of the caller's read once, so that what is decided on is what is signed. */
export interface CheckedRequest {
  readonly request: Omit<SignRequest, 'input'>
  readonly suite: Suite
  /** The message, where the caller gave one. */
  readonly message: Uint8Array | undefined
  /** Lower-case hex SHA-256 of the message, or the digest given: what audit and approvals name the input by. */
  readonly inputDigest: string
  /** What the device gets: the message, or its digest when the device takes digests only or the message is too long for it. */
  readonly forDevice: SignRequest
}

const OPERATION = /^[a-z0-9][a-z0-9.-]{0,63}$/

/**
 * A request fit for this signer.
 * @throws FiscalError REQUEST_INVALID, SUITE_NOT_ALLOWED, DIGEST_LENGTH, INPUT_TOO_LARGE; nothing was sent to the device
 */
export function checkRequest(given: SignRequest, description: SignerDescription): CheckedRequest {
  const { operation, suite: id, input, idempotencyKey, context } = given
  if (typeof operation !== 'string' || !OPERATION.test(operation)) throw invalid('operation is a word of 1 to 64 of a-z 0-9 . -')
  if (idempotencyKey !== undefined && (typeof idempotencyKey !== 'string' || !/^[\x21-\x7e]{1,128}$/.test(idempotencyKey)))
    throw invalid('idempotencyKey has 1 to 128 visible ASCII characters')
  if (typeof id !== 'string' || !description.suites.includes(id))
    throw signerError('SUITE_NOT_ALLOWED', {
      message: `this key signs ${description.suites.join(', ')}`,
      keyId: description.keyId,
    })
  const suite = suites[id]
  const told = contextOf(context)
  const request = Object.freeze({
    operation,
    suite: id,
    ...(told !== undefined && { context: told }),
    ...(idempotencyKey !== undefined && { idempotencyKey }),
  })
  const { message, digest } = (input ?? {}) as { readonly message?: unknown; readonly digest?: unknown }
  if (message instanceof Uint8Array && digest === undefined) return withMessage(request, suite, copyOf(message), description)
  if (digest instanceof Uint8Array && message === undefined) return withDigest(request, suite, copyOf(digest), description)
  throw invalid('input holds either message or digest, as bytes')
}

// Not `slice`: a subclass may have its own, and give bytes that change once they were looked at.
function copyOf(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes)
}

const MOST_CONTEXT = 32

// What cannot be written to the audit log is refused here: a refusal nobody could write down would leave no trace.
function contextOf(given: unknown): SignRequest['context'] {
  if (given === undefined) return undefined
  const entries: readonly (readonly [string, unknown])[] =
    typeof given === 'object' && given !== null ? Object.entries(given) : []
  const fits = ([name, value]: readonly [string, unknown]): boolean =>
    isLabel(name) && (isLabel(value) || (Number.isSafeInteger(value) && !Object.is(value, -0)))
  if (
    typeof given !== 'object' ||
    given === null ||
    Array.isArray(given) ||
    entries.length > MOST_CONTEXT ||
    !entries.every(fits)
  )
    throw invalid(`context holds at most ${MOST_CONTEXT} names with texts of 1 to ${MOST_LABEL} characters or whole numbers`)
  return Object.freeze(Object.fromEntries(entries)) as SignRequest['context']
}

function withMessage(
  request: CheckedRequest['request'],
  suite: Suite,
  message: Uint8Array,
  { capabilities, limits }: SignerDescription,
): CheckedRequest {
  const inputDigest = sha256Hex(message)
  const fits = capabilities.acceptsMessage && message.length <= limits.maxMessageBytes
  if (fits) return { request, suite, message, inputDigest, forDevice: { ...request, input: { message } } }
  if (!capabilities.acceptsDigest || suite.digestBytes === undefined) {
    throw signerError('INPUT_TOO_LARGE', { message: `this signer takes messages of ${limits.maxMessageBytes} bytes at most` })
  }
  const digest = suite.digestBytes === 48 ? sha384(message) : (fromHex(inputDigest) as Uint8Array)
  return { request, suite, message, inputDigest, forDevice: { ...request, input: { digest } } }
}

function withDigest(
  request: CheckedRequest['request'],
  suite: Suite,
  digest: Uint8Array,
  { capabilities }: SignerDescription,
): CheckedRequest {
  if (suite.digestBytes === undefined) throw invalid(`${suite.id} signs messages, not digests`)
  if (digest.length !== suite.digestBytes) {
    throw signerError('DIGEST_LENGTH', {
      message: `${suite.id} signs digests of ${suite.digestBytes} bytes, not ${digest.length}`,
    })
  }
  if (!capabilities.acceptsDigest) throw invalid('this signer takes messages, not digests')
  return { request, suite, message: undefined, inputDigest: toHex(digest), forDevice: { ...request, input: { digest } } }
}

/** The domain-separated bytes of a health probe; they can be nothing else. */
export function probeMessage(random: Uint8Array): Uint8Array {
  return concat(utf8('key-probe/v1'), random)
}

/** How far a signature is checked: its length alone; whether it is the key's over the input; the same beside the caller's thread. */
export type CheckDepth = 'length' | 'here' | 'aside'

/** Checks signatures of one key. */
export interface SignatureCheck {
  /** True when the signature stands the check; a promise of it only for `aside`. */
  holds(checked: CheckedRequest, signature: Uint8Array, depth: CheckDepth): boolean | Promise<boolean>
}

/** A check for the key of a signer; the key is parsed once. */
export function signatureCheck({ publicJwk }: SignerDescription): SignatureCheck {
  let key: VerifyingKey | undefined
  let aside: AsideCheck | undefined
  return {
    holds: (checked, signature, depth) => {
      const { message, suite } = checked
      if (signature.length !== signatureLength(suite, publicJwk)) return false
      if (depth === 'length') return true
      if (message === undefined) return digestHolds(publicJwk, checked, signature)
      // An RSA check takes 20 µs, less than handing it over: doing that cost a twentieth of the signatures.
      if (depth === 'aside' && publicJwk.kty !== 'RSA') return (aside ??= importAside(publicJwk))(suite.alg, message, signature)
      return (key ??= importPublicKey(publicJwk)).verify(suite.alg, message, signature)
    },
  }
}

// A bare digest has no message the platform could hash, so it is checked in JavaScript: rare, and small beside any device.
function digestHolds(jwk: PublicJwk, { suite, forDevice }: CheckedRequest, signature: Uint8Array): boolean {
  const digest = (forDevice.input as { readonly digest: Uint8Array }).digest
  try {
    if (jwk.kty === 'RSA') return importRsaKey(jwk).verifyDigest(suite.alg, digest, signature)
    if (jwk.kty === 'OKP') return ed25519.verify(signature, digest, fromBase64url(jwk.x) as Uint8Array)
    const curve = jwk.crv === 'P-256' ? p256 : p384
    const point = concat(Uint8Array.of(4), fromBase64url(jwk.x) as Uint8Array, fromBase64url(jwk.y) as Uint8Array)
    return curve.verify(signature, digest, point, { prehash: false, lowS: false })
  } catch {
    return false
  }
}

function invalid(message: string): Error {
  return signerError('REQUEST_INVALID', { message })
}
