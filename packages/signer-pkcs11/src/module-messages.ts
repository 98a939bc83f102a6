// What the till and the process of its module say to each other (isolated-device.ts, module-host.ts): one question, one answer, both ways. Everything
// that comes from the module's process is looked at before it is used: a library that crashed may have written anything before.
import {
  asSignerError,
  signerCodes,
  signerError,
  type AuditEntry,
  type DeviceStatus,
  type FiscalError,
  type SignerCode,
} from '@sigillo/core'
import type { SignerDescription, SignRequest } from '@sigillo/core'
import type { DeviceOptions } from './options.js'

/** Options without what stays in the till: the PIN and the audit log. */
export type WireOptions = Omit<DeviceOptions, 'pin' | 'audit' | 'cryptoki'>

/** What the till asks of the module's process. */
export type ToHost =
  | { readonly kind: 'open'; readonly id: number; readonly options: WireOptions }
  | { readonly kind: 'sign'; readonly id: number; readonly request: SignRequest }
  | { readonly kind: 'close'; readonly id: number }
  | { readonly kind: 'abort'; readonly id: number }
  | { readonly kind: 'reply'; readonly id: number; readonly value?: unknown; readonly failed?: true }

/** What the module's process says to the till. */
export type FromHost =
  | { readonly kind: 'answer'; readonly id: number; readonly value?: unknown; readonly error?: WireError }
  | { readonly kind: 'status'; readonly status: DeviceStatus }
  | { readonly kind: 'ask'; readonly id: number; readonly what: 'pin' | 'read' }
  | { readonly kind: 'ask'; readonly id: number; readonly what: 'append'; readonly entry: AuditEntry }

/** A signer's error as plain data. */
export interface WireError {
  readonly code: string
  readonly message: string
  readonly details: FiscalError['details']
}

const MAX_TEXT = 500
const MAX_SIGNATURE = 1024
/** Lines of the audit log a module's process may write. */
const PIN_EVENTS: readonly unknown[] = ['pin-intent', 'pin-outcome']

/** An error on its way out of the module's process. */
export function wireError(thrown: unknown): WireError {
  const { code, message, details } = asSignerError(thrown)
  return { code, message: message.slice(0, MAX_TEXT), details }
}

/** The same in the till. A code that is none is a fault like any other. */
export function errorOf({ code, message, details }: WireError): FiscalError {
  if (!Object.hasOwn(signerCodes, code))
    return signerError('DEVICE_FAULT', { message: 'the process of the module answered without sense', outcome: 'unknown' })
  const { nativeCode, reason, outcome, pinDanger, triesLeft, exhausted } = details ?? {}
  return signerError(code as SignerCode, {
    message: String(message).slice(0, MAX_TEXT),
    ...(typeof nativeCode === 'string' && { nativeCode: nativeCode.slice(0, MAX_TEXT) }),
    ...(typeof reason === 'string' && { reason: reason.slice(0, MAX_TEXT) }),
    ...(typeof triesLeft === 'number' && { triesLeft }),
    ...(typeof pinDanger === 'boolean' && { pinDanger }),
    ...((outcome === 'unknown' || outcome === 'signed-discarded') && { outcome }),
    ...(exhausted === true && { exhausted }),
  })
}

/** A signature out of an answer, copied; undefined when it cannot be one. */
export function signatureIn(value: unknown): Uint8Array | undefined {
  if (!(value instanceof Uint8Array) || value.length === 0 || value.length > MAX_SIGNATURE) return undefined
  return Uint8Array.from(value)
}

/** The line the module's process wants written, if it is one about a PIN. */
export function pinEntry(entry: unknown): AuditEntry | undefined {
  if (typeof entry !== 'object' || entry === null) return undefined
  const { event, token, secret, attempt, outcome, doubt, code, triesLeft } = entry as AuditEntry
  if (!PIN_EVENTS.includes(event)) return undefined
  const texts = { token, secret, attempt, outcome, doubt, code }
  const known = Object.entries(texts).filter(([, value]) => typeof value === 'string' && value.length <= MAX_TEXT)
  return { event, ...Object.fromEntries(known), ...(typeof triesLeft === 'number' && { triesLeft }) }
}

/** A description out of an answer, frozen; undefined when parts are missing. */
export function descriptionIn(value: unknown): SignerDescription | undefined {
  const given = value as SignerDescription | undefined
  const isWhole =
    typeof given?.keyId === 'string' &&
    given.kind === 'pkcs11' &&
    typeof given.hardware?.serial === 'string' &&
    given.publicKeySpki instanceof Uint8Array &&
    Number.isInteger(given.limits?.maxConcurrent)
  return isWhole ? frozen(given) : undefined
}

function frozen<T>(value: T): T {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value
  for (const part of Object.values(value)) frozen(part)
  return Object.freeze(value)
}
