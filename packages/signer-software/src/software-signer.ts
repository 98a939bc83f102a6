// A signer whose key is in this process: for tests, for browsers, and what opening a key file gives in the end.
import {
  guardSigner,
  importPublicKey,
  signerError,
  spkiOf,
  thumbprint,
  type GuardedSigner,
  type GuardOptions,
  type RecordAlg,
  type Signer,
  type SignerDescription,
  type SignRequest,
  type SignResult,
  type SuiteId,
} from '@sigillo/core'
import { generateKey, keyFromJwk, keyFromPkcs8 } from '#keys'
import { chainOf, type Certificates } from './certificates.js'
import type { PrivateJwk, SoftwareKey } from './key-contract.js'
import { takeKey, type KeyHandle } from './key-handle.js'

/** Where the key comes from; without any, a fresh one of `alg` is made. */
export interface SoftwareSignerOptions {
  /** A key of {@link generateKey}; the signer takes it over and wipes it at close. */
  readonly key?: KeyHandle
  readonly jwk?: PrivateJwk
  /** PKCS#8 DER in clear; the caller wipes it. */
  readonly pkcs8?: Uint8Array
  /** ES256 for a fresh key; for an RSA key PS256 from 3072 bits on, else RS256. */
  readonly alg?: RecordAlg
  readonly certificates?: Certificates
  /** Name in audit and errors; `software:` and the start of the key id when left out. */
  readonly signerId?: string
  /** Policy, audit, limits; without any the key signs whatever its holder asks. */
  readonly guard?: GuardOptions
}

export const SUITE_OF: Readonly<Record<RecordAlg, SuiteId>> = {
  ES256: 'es256',
  ES384: 'es384',
  EdDSA: 'ed25519',
  PS256: 'ps256',
  RS256: 'rs256',
}
const PAIRWISE = new TextEncoder().encode('sigillo/v1/pairwise-test\n')

/**
 * A signer with its key in memory.
 * @throws FiscalError CONFIG_INVALID (key-unusable, key-inconsistent, weak-key, wrong-algorithm), KEY_MISMATCH
 */
export async function softwareSigner(options: SoftwareSignerOptions = {}): Promise<GuardedSigner> {
  const key = await keyOf(options)
  await checkPair(key)
  return guardSigner(new SoftwareSigner(key, describe(key, options)), options.guard)
}

async function keyOf({ key, jwk, pkcs8, alg }: SoftwareSignerOptions): Promise<SoftwareKey> {
  if (key !== undefined) return takeKey(key)
  if (jwk !== undefined) return keyFromJwk(jwk, alg)
  return pkcs8 === undefined ? generateKey(alg) : keyFromPkcs8(pkcs8, alg)
}

// The private half must answer to the public half, else every record would be worthless (signing specification 5.7).
async function checkPair(key: SoftwareKey): Promise<void> {
  const signature = await key.sign(PAIRWISE)
  if (importPublicKey(key.publicJwk).verify(key.alg, PAIRWISE, signature)) return
  key.wipe()
  throw signerError('CONFIG_INVALID', {
    message: 'private and public half of the key do not belong together',
    reason: 'key-inconsistent',
  })
}

function describe({ alg, publicJwk, deterministic }: SoftwareKey, options: SoftwareSignerOptions): SignerDescription {
  const keyId = thumbprint(publicJwk)
  return Object.freeze({
    signerId: options.signerId ?? `software:${keyId.slice(0, 8)}`,
    kind: 'software' as const,
    keyId,
    alg,
    suites: Object.freeze([SUITE_OF[alg]]),
    publicJwk: Object.freeze({ ...publicJwk }),
    publicKeySpki: spkiOf(publicJwk),
    certificates: Object.freeze(chainOf(options.certificates, publicJwk)),
    limits: Object.freeze({ maxConcurrent: 4, maxQueue: 1000, maxMessageBytes: 2 ** 30 }),
    capabilities: Object.freeze({
      acceptsDigest: false,
      acceptsMessage: true,
      hardwareProtected: false,
      extractable: true,
      deterministic,
      perUseAuthentication: false,
      countsSignatures: false,
      batchAuthorisation: false,
      canGenerateKey: true,
      canAttest: false,
      offline: true,
      documentMode: false,
      qualifiedDevice: false,
      cancellable: 'queued' as const,
    }),
  })
}

class SoftwareSigner implements Signer {
  readonly #key: SoftwareKey
  readonly #description: SignerDescription
  #closed = false
  readonly signNow?: (message: Uint8Array) => Uint8Array

  constructor(key: SoftwareKey, description: SignerDescription) {
    this.#key = key
    this.#description = description
    if (key.signNow !== undefined) this.signNow = key.signNow
  }

  describe(): SignerDescription {
    return this.#description
  }

  async sign({ suite, input }: SignRequest, { signal }: { readonly signal?: AbortSignal } = {}): Promise<SignResult> {
    if (this.#closed) throw signerError('CLOSED', { message: 'the signer is closed' })
    if (signal?.aborted === true) throw signerError('ABORTED', { message: 'cancelled before signing' })
    if (suite !== SUITE_OF[this.#key.alg])
      throw signerError('SUITE_NOT_ALLOWED', { message: `this key signs ${SUITE_OF[this.#key.alg]} only` })
    if (!('message' in input)) throw signerError('REQUEST_INVALID', { message: 'this signer takes messages, not digests' })
    return { signature: await this.#key.sign(input.message) }
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#key.wipe()
  }
}
