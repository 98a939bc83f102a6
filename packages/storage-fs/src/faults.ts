// From errors of the system to the errors of the Storage port (FORMAT 18), and the words for damage (FORMAT 10).
import { FiscalError, isFiscalError, type CoreCode } from '@sigillo/core'

const FULL: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT'])
const READ_ONLY: ReadonlySet<string> = new Set(['EROFS', 'EACCES', 'EPERM'])

/** Where a damaged record stands, and which record proves that it was durable (FORMAT 10.3). */
export interface Damage {
  readonly file: string
  readonly offset: number
  readonly firstBad: number
  readonly provenBy?: number
}

/** Node's code of a system error, or undefined. */
export function errnoOf(error: unknown): string | undefined {
  const code: unknown = (error as { code?: unknown } | null)?.code
  return !isFiscalError(error) && typeof code === 'string' ? code : undefined
}

/** True when a system call found nothing of this name. */
export function isMissing(error: unknown): boolean {
  return errnoOf(error) === 'ENOENT'
}

/** True when the disk, or what the user may use of it, is full. */
export function isFull(error: unknown): boolean {
  const code = errnoOf(error) ?? (isFiscalError(error) && error.code === 'STORAGE_FULL' ? 'ENOSPC' : '')
  return FULL.has(code)
}

/** True for errors after which no process should go on by itself: the medium fails or takes no writes (FORMAT 9.3). */
export function isFinal(error: unknown): boolean {
  return ['EIO', 'EROFS', 'ENXIO'].includes(errnoOf(error) ?? '')
}

/** The port's error for a system error that left the journal as it was. FiscalErrors pass through. */
export function asStorageError(error: unknown, doing: string): FiscalError {
  if (isFiscalError(error)) return error
  const errno = errnoOf(error)
  const code: CoreCode = FULL.has(errno ?? '')
    ? 'STORAGE_FULL'
    : READ_ONLY.has(errno ?? '')
      ? 'STORAGE_READ_ONLY'
      : 'STORAGE_FAILED'
  const reason = errno ?? (error instanceof Error ? error.name : 'unknown error')
  return new FiscalError(code, { message: `${doing}: ${reason}`, details: { errno: reason }, cause: error })
}

/** The stop over damage that later bytes prove to be damage. */
export function corrupt(damage: Damage, message: string): FiscalError {
  return new FiscalError('JOURNAL_CORRUPT', {
    message: `${message} (${damage.file}, byte ${damage.offset})`,
    details: { ...damage },
  })
}

/** Only ever thrown where a short count stands for a full disk: Node reports no error then. */
export class ShortWrite extends Error {
  readonly code: string = 'ENOSPC'
  constructor(written: number, wanted: number) {
    super(`only ${written} of ${wanted} bytes were written`)
  }
}
