// What core asks of a cryptography provider. Two implementations stand behind the import `#crypto`, chosen by export
// condition: the platform's own under Node, @noble elsewhere. Differential tests hold them together.

/** Signature algorithms a record may carry (FORMAT 3.1). */
export type RecordAlg = 'ES256' | 'ES384' | 'EdDSA' | 'PS256' | 'RS256'

/** A public key as JWK, the members RFC 7638 needs and no others. */
export type PublicJwk =
  | { readonly kty: 'EC'; readonly crv: 'P-256' | 'P-384'; readonly x: string; readonly y: string }
  | { readonly kty: 'OKP'; readonly crv: 'Ed25519'; readonly x: string }
  | { readonly kty: 'RSA'; readonly n: string; readonly e: string }

/** A public key parsed once, ready to check many signatures. Checks are synchronous. */
export interface VerifyingKey {
  readonly jwk: PublicJwk
  /** True when `signature` (ECDSA: r‖s) is this key's over `message`. False for any malformed input; never throws. */
  verify(alg: RecordAlg, message: string | Uint8Array, signature: Uint8Array): boolean
}

/**
 * The check of one key's signatures beside the caller's thread, where the platform has others: the verdict of {@link VerifyingKey.verify}, later. Never
 * rejects.
 */
export type AsideCheck = (alg: RecordAlg, message: Uint8Array, signature: Uint8Array) => Promise<boolean>
