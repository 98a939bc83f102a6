// What the two implementations behind `#keys` give: a private key parsed once. Under Node OpenSSL holds it, elsewhere @noble and
// WebCrypto do; tests hold the two together.
import type { PublicJwk, RecordAlg } from '@sigillo/core'

/** A private key as JWK. Members beyond these are ignored. */
export type PrivateJwk =
  | { readonly kty: 'EC'; readonly crv: 'P-256' | 'P-384'; readonly x: string; readonly y: string; readonly d: string }
  | { readonly kty: 'OKP'; readonly crv: 'Ed25519'; readonly x: string; readonly d: string }
  | {
      readonly kty: 'RSA'
      readonly n: string
      readonly e: string
      readonly d: string
      readonly p: string
      readonly q: string
      readonly dp: string
      readonly dq: string
      readonly qi: string
    }

/** A private key in this process, with the one algorithm it signs with. Nothing on it shows the secret. */
export interface SoftwareKey {
  readonly alg: RecordAlg
  readonly publicJwk: PublicJwk
  /** True when the same message gives the same signature on this platform. */
  readonly deterministic: boolean
  /** One signature, ECDSA as r‖s; off the main thread where that pays. */
  sign(message: Uint8Array): Promise<Uint8Array>
  /** The same at once, for keys fast enough: P-256 and Ed25519. */
  signNow?(message: Uint8Array): Uint8Array
  /** Forgets the key; it cannot sign afterwards. */
  wipe(): void
}

/** Which key to make. */
export interface GenerateOptions {
  /** Bits of an RSA modulus: 3072 unless said otherwise; 2048 at least for RS256, 3072 for PS256; 8192 at most. */
  readonly modulusLength?: number
}
