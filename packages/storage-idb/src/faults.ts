// From a browser's exceptions to the errors of the off-line store. Their names are those of the IndexedDB and Web IDL standards.
import { FiscalError, isFiscalError, type CoreCode } from '@sigillo/core'
import { unsupported } from './parts.js'

const CODES: Readonly<Record<string, CoreCode>> = {
  QuotaExceededError: 'STORAGE_FULL',
  ConstraintError: 'STORAGE_CONFLICT',
  VersionError: 'FORMAT_UNSUPPORTED',
  ReadOnlyError: 'STORAGE_READ_ONLY',
}

/** Name of an exception of the browser. */
export function faultName(error: unknown): string {
  return error instanceof Error || error instanceof DOMException ? error.name : 'unknown error'
}

/** The store's error for an exception; a transaction that failed has left no trace. FiscalErrors pass through. */
export function asStorageError(error: unknown, doing: string): FiscalError {
  if (isFiscalError(error)) return error
  const name = faultName(error)
  const retry = name === 'ConstraintError' ? { retry: 'never' as const } : {}
  return new FiscalError(CODES[name] ?? 'STORAGE_FAILED', {
    message: `the off-line log ${doing}: ${name}`,
    details: { exception: name },
    cause: error,
    ...retry,
  })
}

/** The error of an opening that failed: site data blocked, a private window of an older browser, or a medium that fails. */
export function asOpeningError(error: unknown): FiscalError {
  const name = faultName(error)
  if (name !== 'SecurityError' && name !== 'InvalidStateError') return asStorageError(error, 'cannot be opened')
  return unsupported(
    `this browser gives this page no database (${name})`,
    'Leave the private window, or allow this site to keep data; without it no receipt can be kept off line.',
    error,
  )
}
