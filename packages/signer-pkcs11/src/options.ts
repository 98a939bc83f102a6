// What opening a key on a token is given: by applications, and by the part that talks to the module.
import type { AuditLog, GuardOptions, KeyPolicy, RecordAlg, SignerCode } from '@sigillo/core'
import type { Cryptoki } from './cryptoki.js'
import type { PinSource } from './token-login.js'

/** Which key, where, and how it is guarded. */
export interface Pkcs11Options {
  /** Path of the vendor's PKCS#11 library. */
  readonly module: string
  /** RFC 7512, as `pkcs11:token=till-07;object=record`. */
  readonly uri: string
  readonly pin: PinSource
  /** Label of the PIN's version: change it with the PIN, which lifts a latch. Default `1`. */
  readonly secretVersion?: string
  /** Where PIN intents and latches are written; durable, or a crash loop could spend the tries. */
  readonly audit: AuditLog
  /** Thumbprint the key must have; what is found is taken when left out. */
  readonly keyId?: string
  /** Serial number the token must have: no other gets the PIN. Whichever answers to the URI when left out. */
  readonly serial?: string
  /** For an RSA key RS256 or PS256; default RS256. */
  readonly alg?: RecordAlg
  /** Certificates, DER, end entity first; default those on the token with the key's id. */
  readonly certificates?: readonly Uint8Array[]
  /** Worker sessions; 4, and never more than the token has room for. */
  readonly sessions?: number
  readonly guard?: Omit<GuardOptions, 'audit'>
  /** Exceptions from the required attributes, for a signer without a key policy; with one, its list alone counts. */
  readonly acceptedWeaknesses?: KeyPolicy['acceptedWeaknesses']
  /** A key that wants the PIN at each signature is refused unless allowed here. */
  readonly perSignaturePin?: 'allowed'
  /** Vendor return values of the device profile. */
  readonly vendorCodes?: Readonly<Record<number, SignerCode>>
  /** Longest wait for a token that was taken out; 5 s. */
  readonly recoverMs?: number
  /**
   * Runs the module in a child process: a library that crashes or hangs takes that process down, not the till. It is started again, with a new
   * login, for the next signature. Default false.
   */
  readonly isolate?: boolean | IsolateOptions
  /** A port in place of the module file, for tests and other bindings; not with `isolate`. */
  readonly cryptoki?: Cryptoki
}

/** How a module is kept in a process of its own. */
export interface IsolateOptions {
  /** Where that process's program lies, for applications that bundle their code; the package's own `module-host.js` by default. */
  readonly host?: string
  /** A call that takes longer ends the process; 30 s. Whoever waited was answered at the guard's time-out. */
  readonly hangMs?: number
}

/** The part of the options that reaches the module. */
export interface DeviceOptions extends Omit<Pkcs11Options, 'guard' | 'acceptedWeaknesses' | 'isolate'> {
  /** Names of the attribute rules the key policy excuses now. */
  readonly accepted: readonly string[]
}
