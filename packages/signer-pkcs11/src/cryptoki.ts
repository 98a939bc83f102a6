// The part of PKCS#11 (OASIS v2.40, 5) this signer calls, as a port: tests pass a scripted one, applications the binding of binding.ts.
// Every failure is a CryptokiFailure with the module's return value.

/** A slot, session or object as the module numbers it; opaque. */
export type Handle = unknown

/** A return value other than CKR_OK. */
export class CryptokiFailure extends Error {
  override readonly name = 'CryptokiFailure'
  readonly rv: number
  constructor(rv: number) {
    super(`return value 0x${rv.toString(16)}`)
    this.rv = rv
  }
}

/** What a token says about itself; texts without their trailing blanks. */
export interface TokenFacts {
  readonly label: string
  readonly manufacturer: string
  readonly model: string
  readonly serial: string
  readonly firmware: string
  readonly flags: number
  readonly minPinBytes: number
  readonly maxPinBytes: number
  /** 0 when unlimited or unknown. */
  readonly maxSessions: number
}

/** A mechanism and its parameters. */
export interface Mechanism {
  readonly type: number
  /** RSA-PSS: hash, mask function and salt length are always given. */
  readonly pss?: { readonly hash: number; readonly mgf: number; readonly saltBytes: number }
}

/** What to look for: attributes by type. */
export type Template = readonly { readonly type: number; readonly value: number | boolean | Uint8Array }[]

/** One loaded module. Calls are made from one thread of one process. */
export interface Cryptoki {
  /** Asks for OS locking. @returns whether this call initialised it, and whether the module locks */
  initialize(): { readonly owned: boolean; readonly locking: boolean }
  finalize(): void
  /** Slots with a token in them. */
  slots(): readonly Handle[]
  token(slot: Handle): TokenFacts
  mechanisms(slot: Handle): readonly number[]
  /** A read-only session. */
  openSession(slot: Handle): Handle
  closeSession(session: Handle): void
  /** True when a user is logged in, as this session sees it. */
  isLoggedIn(session: Handle): boolean
  /** @param kind `user`, or `context` for a key that wants the PIN at each use. Never the security officer. */
  login(session: Handle, kind: 'user' | 'context', pin: Uint8Array): void
  find(session: Handle, template: Template, most: number): readonly Handle[]
  /** Values of the attributes the object has; those it lacks or hides are left out. */
  attributes(session: Handle, object: Handle, types: readonly number[]): ReadonlyMap<number, Uint8Array>
  signInit(session: Handle, mechanism: Mechanism, key: Handle): void
  /** Does not block the event loop, unless the module cannot lock. */
  sign(session: Handle, data: Uint8Array, maxBytes: number): Promise<Uint8Array>
}

/** Constants of PKCS#11 v2.40 this package names. */
export const CK = {
  CKO_CERTIFICATE: 1,
  CKO_PUBLIC_KEY: 2,
  CKO_PRIVATE_KEY: 3,
  CKK_RSA: 0,
  CKK_EC: 3,
  CKA_CLASS: 0x0,
  CKA_TOKEN: 0x1,
  CKA_PRIVATE: 0x2,
  CKA_LABEL: 0x3,
  CKA_VALUE: 0x11,
  CKA_KEY_TYPE: 0x100,
  CKA_ID: 0x102,
  CKA_SENSITIVE: 0x103,
  CKA_DECRYPT: 0x105,
  CKA_UNWRAP: 0x107,
  CKA_SIGN: 0x108,
  CKA_DERIVE: 0x10c,
  CKA_MODULUS: 0x120,
  CKA_PUBLIC_EXPONENT: 0x122,
  CKA_EXTRACTABLE: 0x162,
  CKA_LOCAL: 0x163,
  CKA_NEVER_EXTRACTABLE: 0x164,
  CKA_ALWAYS_SENSITIVE: 0x165,
  CKA_MODIFIABLE: 0x170,
  CKA_COPYABLE: 0x171,
  CKA_EC_PARAMS: 0x180,
  CKA_EC_POINT: 0x181,
  CKA_ALWAYS_AUTHENTICATE: 0x202,
  CKA_ALLOWED_MECHANISMS: 0x40000600,
  CKM_RSA_PKCS: 0x1,
  CKM_RSA_PKCS_PSS: 0xd,
  CKM_SHA256_RSA_PKCS: 0x40,
  CKM_SHA256_RSA_PKCS_PSS: 0x43,
  CKM_SHA256: 0x250,
  CKM_ECDSA: 0x1041,
  CKM_ECDSA_SHA256: 0x1044,
  CKM_ECDSA_SHA384: 0x1045,
  CKG_MGF1_SHA256: 2,
  CKF_PIN_COUNT_LOW: 0x10000,
  CKF_PIN_FINAL_TRY: 0x20000,
  CKF_PIN_LOCKED: 0x40000,
  CKF_USER_PIN_TO_BE_CHANGED: 0x80000,
  CKF_USER_PIN_INITIALIZED: 0x8,
  CKF_PROTECTED_AUTHENTICATION_PATH: 0x100,
} as const
