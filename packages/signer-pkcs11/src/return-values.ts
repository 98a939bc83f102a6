// Return values of PKCS#11 and what they mean here (signing specification 6.6): a code of the signer table and the rung of the recovery ladder
// to begin with. The standard allows codes it does not list, so an unknown one is a fault like any other.
import { signerError, type SignerCode } from '@sigillo/core'
import type { FiscalError } from '@sigillo/core'
import { CryptokiFailure } from './cryptoki.js'

/** Rungs of the recovery ladder, lowest first. */
export const RUNGS = ['session', 'find', 'login', 'reinitialise'] as const
/** One rung: a new session, find the key again, log in again, finalise and initialise the module. */
export type Rung = (typeof RUNGS)[number]

/** What a return value means. */
export interface Meaning {
  readonly name: string
  readonly code: SignerCode
  /** Where recovery begins; undefined when there is nothing to recover. */
  readonly from?: Rung
}

const row = (name: string, code: SignerCode, from?: Rung): Meaning => ({
  name: `CKR_${name}`,
  code,
  ...(from !== undefined && { from }),
})

const TABLE: Readonly<Record<number, Meaning>> = {
  0x02: row('HOST_MEMORY', 'DEVICE_MEMORY'),
  0x03: row('SLOT_ID_INVALID', 'TOKEN_REMOVED', 'login'),
  0x05: row('GENERAL_ERROR', 'DEVICE_FAULT', 'reinitialise'),
  0x06: row('FUNCTION_FAILED', 'DEVICE_FAULT', 'session'),
  0x07: row('ARGUMENTS_BAD', 'LIBRARY_FAULT'),
  0x20: row('DATA_INVALID', 'LIBRARY_FAULT'),
  0x21: row('DATA_LEN_RANGE', 'LIBRARY_FAULT'),
  0x30: row('DEVICE_ERROR', 'DEVICE_FAULT', 'session'),
  0x31: row('DEVICE_MEMORY', 'DEVICE_MEMORY'),
  0x32: row('DEVICE_REMOVED', 'TOKEN_REMOVED', 'login'),
  0x60: row('KEY_HANDLE_INVALID', 'HANDLE_STALE', 'find'),
  0x63: row('KEY_TYPE_INCONSISTENT', 'MECHANISM_UNSUPPORTED'),
  0x68: row('KEY_FUNCTION_NOT_PERMITTED', 'MECHANISM_UNSUPPORTED'),
  0x70: row('MECHANISM_INVALID', 'MECHANISM_UNSUPPORTED'),
  0x71: row('MECHANISM_PARAM_INVALID', 'MECHANISM_UNSUPPORTED'),
  0x82: row('OBJECT_HANDLE_INVALID', 'HANDLE_STALE', 'find'),
  0x90: row('OPERATION_ACTIVE', 'SESSION_LOST', 'session'),
  0x91: row('OPERATION_NOT_INITIALIZED', 'SESSION_LOST', 'session'),
  0xa0: row('PIN_INCORRECT', 'PIN_INCORRECT'),
  0xa1: row('PIN_INVALID', 'PIN_FORMAT'),
  0xa2: row('PIN_LEN_RANGE', 'PIN_FORMAT'),
  0xa3: row('PIN_EXPIRED', 'PIN_EXPIRED'),
  0xa4: row('PIN_LOCKED', 'PIN_LOCKED'),
  0xb0: row('SESSION_CLOSED', 'SESSION_LOST', 'session'),
  0xb1: row('SESSION_COUNT', 'DEVICE_MEMORY'),
  0xb3: row('SESSION_HANDLE_INVALID', 'SESSION_LOST', 'session'),
  0xe0: row('TOKEN_NOT_PRESENT', 'TOKEN_REMOVED', 'login'),
  0xe1: row('TOKEN_NOT_RECOGNIZED', 'TOKEN_REMOVED', 'login'),
  0x101: row('USER_NOT_LOGGED_IN', 'NOT_LOGGED_IN', 'login'),
  0x102: row('USER_PIN_NOT_INITIALIZED', 'PIN_MUST_CHANGE'),
  0x104: row('USER_ANOTHER_ALREADY_LOGGED_IN', 'CONFIG_INVALID'),
  0x105: row('USER_TOO_MANY_TYPES', 'CONFIG_INVALID'),
  0x150: row('BUFFER_TOO_SMALL', 'LIBRARY_FAULT'),
  0x190: row('CRYPTOKI_NOT_INITIALIZED', 'SESSION_LOST', 'reinitialise'),
  0x200: row('FUNCTION_REJECTED', 'OPERATION_NOT_ALLOWED'),
  0x203: row('TOKEN_RESOURCE_EXCEEDED', 'DEVICE_MEMORY'),
  0x211: row('KEY_EXHAUSTED', 'KEY_RETIRED'),
}

/** Already logged in, which is success. */
export const CKR_USER_ALREADY_LOGGED_IN = 0x100
/** Another component initialised the module. */
export const CKR_CRYPTOKI_ALREADY_INITIALIZED = 0x191
/** The module cannot lock as asked. */
export const CKR_CANT_LOCK = 0x0a

/** The meaning of a return value; vendor codes of a device profile come first. */
export function meaningOf(rv: number, profile: Readonly<Record<number, SignerCode>> = {}): Meaning {
  const vendor = profile[rv]
  if (vendor !== undefined) return { name: `0x${rv.toString(16)}`, code: vendor }
  return TABLE[rv] ?? { name: `0x${rv.toString(16)}`, code: 'DEVICE_FAULT', from: 'session' }
}

/** True for a failure this package can look up. A binding of another copy counts by its number. */
export function rvOf(error: unknown): number | undefined {
  if (error instanceof CryptokiFailure) return error.rv
  const rv = (error as { readonly rv?: unknown } | null | undefined)?.rv
  return typeof rv === 'number' ? rv : undefined
}

/** The signer's error for whatever a module threw; its own text is left out. */
export function failureOf(
  error: unknown,
  profile: Readonly<Record<number, SignerCode>> = {},
): { readonly error: FiscalError; readonly from: Rung | undefined } {
  const rv = rvOf(error)
  if (rv === undefined) return { error: asFiscal(error), from: undefined }
  const { name, code, from } = meaningOf(rv, profile)
  return { error: signerError(code, { message: `the token answered ${name}`, nativeCode: name }), from }
}

function asFiscal(error: unknown): FiscalError {
  if (error instanceof Error && error.name === 'FiscalError') return error as FiscalError
  return signerError('LIBRARY_FAULT', { message: 'the module failed without a return value' })
}
