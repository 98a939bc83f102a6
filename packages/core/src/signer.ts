// The Signer port: what the author of a device writes is small: describe, sign, close. Waiting lines, time-outs, abort,
// self-check and error classes are written once, in the guard around any signer (signer-guard.ts).
import type { PublicJwk, RecordAlg } from './crypto-contract.js'

/** Suites of the specification of signing, section 2, that may sign records. */
export type SuiteId = 'es256' | 'es384' | 'rs256' | 'ps256' | 'ed25519'

/** What a signer can do; every flag is present. */
export interface SignerCapabilities {
  readonly acceptsDigest: boolean
  readonly acceptsMessage: boolean
  readonly hardwareProtected: boolean
  readonly extractable: boolean
  readonly deterministic: boolean
  readonly perUseAuthentication: boolean
  readonly countsSignatures: boolean
  readonly batchAuthorisation: boolean
  readonly canGenerateKey: boolean
  readonly canAttest: boolean
  readonly offline: boolean
  readonly documentMode: boolean
  readonly qualifiedDevice: boolean
  /** What an abort can still stop. */
  readonly cancellable: 'queued' | 'in-flight'
}

/** What a signer is; cached, no I/O. */
export interface SignerDescription {
  readonly signerId: string
  readonly kind: 'software' | 'pkcs11' | 'sam' | 'remote'
  /** RFC 7638 thumbprint of the public key: the journal's `kid`. */
  readonly keyId: string
  readonly alg: RecordAlg
  readonly suites: readonly SuiteId[]
  readonly publicJwk: PublicJwk
  /** DER of the public key, SubjectPublicKeyInfo. */
  readonly publicKeySpki: Uint8Array
  /** Certificates, end entity first, DER; empty when there are none. */
  readonly certificates: readonly Uint8Array[]
  readonly hardware?: { readonly vendor: string; readonly model: string; readonly serial: string; readonly firmware: string }
  readonly limits: { readonly maxConcurrent: number; readonly maxQueue: number; readonly maxMessageBytes: number }
  readonly capabilities: SignerCapabilities
}

/** One signature wanted. */
export interface SignRequest {
  /** Name from the key policy, as `record`. */
  readonly operation: string
  readonly suite: SuiteId
  readonly input: { readonly message: Uint8Array } | { readonly digest: Uint8Array }
  /**
   * Names for the audit log: texts of 1 to 256 characters, whole numbers. A key policy may look at `documentClass` and `batch`.
   */
  readonly context?: Readonly<Record<string, string | number>>
  readonly idempotencyKey?: string
}

/** A signature: ECDSA as r‖s of fixed length, never DER. */
export interface SignResult {
  readonly signature: Uint8Array
  /** The device's own counter after this signature, where it has one. */
  readonly deviceCounter?: number
}

/** One key. Errors are FiscalError of kind signer with the codes of the signing specification 3.4. */
export interface Signer {
  describe(): SignerDescription
  /**
   * One signature with this key.
   * @throws FiscalError of kind signer
   */
  sign(request: SignRequest, options?: { readonly signal?: AbortSignal }): Promise<SignResult>
  /**
   * The same without a promise, for keys that live in this process (measured: a lone sale saves a tenth of its time). A guard that keeps an audit log
   * signs records this way and nothing else.
   * Absent for every device.
   */
  signNow?(message: Uint8Array): Uint8Array
  /** Log out, wipe, release; idempotent. */
  close(): Promise<void>
}
