// The one family of errors: FiscalError, its kinds, and every code core itself uses with what to do about it.
// Countries and devices add codes of their own (`FR_…`, `IT_…`, signer codes); docs/errors.md lists all of them.

/** Which of the six sorts of failure this is; callers branch on it (style: errors). */
export type ErrorKind = 'input' | 'state' | 'integrity' | 'signer' | 'storage' | 'transmission'
/** Whether the receipt this error speaks of is in the journal. */
export type RegisteredState = 'yes' | 'no' | 'unknown'
/** What may be tried again: the same call on this handle, after reopening, or not at all. */
export type Retry = 'same-handle' | 'reopen' | 'never'

/** One row of the table of codes: what a code means wherever it appears. */
export interface ErrorRow {
  readonly kind: ErrorKind
  readonly registered: RegisteredState
  readonly retry: Retry
  readonly remedy: string
}

/** A code of core. Country and device codes are other strings; see {@link FiscalErrorInit}. */
export type CoreCode =
  | 'REQUEST_INVALID'
  | 'KEY_REUSED'
  | 'RECORD_INVALID'
  | 'RECORD_TOO_LARGE'
  | 'OPTION_INVALID'
  | 'ABORTED'
  | 'QUEUE_FULL'
  | 'QUEUE_STOPPED'
  | 'QUEUE_CLOSED'
  | 'QUEUE_ENDED'
  | 'OFFLINE_BLOCKED'
  | 'OFFLINE_TOO_LONG'
  | 'OFFLINE_LOCKED'
  | 'OFFLINE_CONFLICT'
  | 'OFFLINE_CHAIN_BROKEN'
  | 'JOURNAL_CORRUPT'
  | 'ROLLBACK_SUSPECTED'
  | 'FORK_SUSPECTED'
  | 'MOVED_SUSPECTED'
  | 'RECORD_MALFORMED'
  | 'SEAL_BROKEN'
  | 'QUEUE_LOCKED'
  | 'QUEUE_MISSING'
  | 'QUEUE_EXISTS'
  | 'STORAGE_FENCED'
  | 'STORAGE_CONFLICT'
  | 'STORAGE_UNCERTAIN'
  | 'STORAGE_FULL'
  | 'STORAGE_FAILED'
  | 'STORAGE_READ_ONLY'
  | 'STORAGE_UNSUPPORTED'
  | 'RECORD_PURGED'
  | 'FORMAT_UNSUPPORTED'
  | 'SIGNER_UNAVAILABLE'
  | 'SIGN_SELF_CHECK_FAILED'
  | 'KEY_MISMATCH'
  | 'KEY_FILE_UNSAFE'

const row = (kind: ErrorKind, registered: RegisteredState, retry: Retry, remedy: string): ErrorRow => ({
  kind,
  registered,
  retry,
  remedy,
})

/** Every code core raises. `docs/errors.md` is proven complete against this table by a test. */
export const errorTable: Readonly<Record<CoreCode, ErrorRow>> = {
  REQUEST_INVALID: row('input', 'no', 'never', 'Correct the request at the path named and send it again.'),
  KEY_REUSED: row('input', 'no', 'never', 'Use a new key for a new receipt; this one already names another.'),
  RECORD_INVALID: row(
    'input',
    'no',
    'never',
    'A country pack or signer produced a record the format forbids; report it as a defect.',
  ),
  RECORD_TOO_LARGE: row('input', 'no', 'never', 'Shorten the request: a body holds 8 KiB, a line 1 MiB, a request 200 records.'),
  OPTION_INVALID: row('input', 'no', 'never', 'Correct the option named and open again.'),
  ABORTED: row(
    'state',
    'no',
    'same-handle',
    'The caller cancelled before anything was signed; send the same request when wanted.',
  ),
  QUEUE_FULL: row('state', 'no', 'same-handle', 'Wait for answers to earlier requests, then send the same request again.'),
  QUEUE_STOPPED: row('state', 'no', 'reopen', 'Look at the cause, then open the queue again.'),
  QUEUE_CLOSED: row('state', 'no', 'reopen', 'Open the queue again before recording.'),
  QUEUE_ENDED: row('state', 'no', 'never', 'This queue has ended for ever (sys.close); start its successor.'),
  OFFLINE_BLOCKED: row(
    'state',
    'no',
    'same-handle',
    'The queue is unreachable and policy forbids selling off line; restore the connection.',
  ),
  OFFLINE_TOO_LONG: row(
    'state',
    'no',
    'same-handle',
    'The permitted time off line has passed; restore the connection. Stored receipts are safe.',
  ),
  OFFLINE_LOCKED: row('state', 'no', 'reopen', 'Another process holds the off-line folder of this till; stop it first.'),
  OFFLINE_CONFLICT: row(
    'integrity',
    'no',
    'never',
    'A receipt of this episode and number is already in the queue with other content; keep both files.',
  ),
  OFFLINE_CHAIN_BROKEN: row(
    'integrity',
    'yes',
    'never',
    'Files of the off-line log were altered or lost; read the list of breaks and acknowledge it.',
  ),
  JOURNAL_CORRUPT: row(
    'integrity',
    'no',
    'never',
    'Keep the folder as it is, run verify, export the intact prefix, continue with a successor queue.',
  ),
  ROLLBACK_SUSPECTED: row(
    'integrity',
    'no',
    'never',
    'A newer end of this journal was seen elsewhere; find it, or acknowledge the loss to continue.',
  ),
  FORK_SUSPECTED: row(
    'integrity',
    'no',
    'never',
    'Two histories of this queue exist; stop both, verify both, keep the evidence.',
  ),
  MOVED_SUSPECTED: row(
    'integrity',
    'no',
    'never',
    'The folder was copied or restored; open with moved or restore when the original can no longer run.',
  ),
  SEAL_BROKEN: row(
    'integrity',
    'no',
    'never',
    'The installed files are not those of the release; install it anew and find out who changed them. Nothing is signed until then.',
  ),
  RECORD_MALFORMED: row('integrity', 'no', 'never', 'Stored bytes are not a record of this format; verify the journal.'),
  QUEUE_LOCKED: row(
    'storage',
    'no',
    'reopen',
    'Another process holds this queue; stop it, or take over when it cannot be reached.',
  ),
  QUEUE_MISSING: row('storage', 'no', 'never', 'No queue is stored here; create it once, or correct the place.'),
  QUEUE_EXISTS: row('storage', 'no', 'never', 'A queue is stored here already; open it instead of creating it.'),
  STORAGE_FENCED: row(
    'storage',
    'no',
    'reopen',
    'A later writer has taken this queue over; send the request to it with the same key.',
  ),
  STORAGE_CONFLICT: row('storage', 'no', 'reopen', 'The stored head is not the expected one; reopen the queue.'),
  STORAGE_UNCERTAIN: row(
    'storage',
    'unknown',
    'reopen',
    'It is not known whether the bytes are durable; reopen, look the key up, then answer.',
  ),
  STORAGE_FULL: row('storage', 'no', 'reopen', 'Free space on the medium; closings are still accepted meanwhile.'),
  STORAGE_FAILED: row('storage', 'no', 'reopen', 'The medium reports an error; replace it and verify the journal.'),
  STORAGE_READ_ONLY: row('storage', 'no', 'reopen', 'The medium or folder is read-only; give write access.'),
  STORAGE_UNSUPPORTED: row('storage', 'no', 'never', 'This file system cannot keep the durability promise; use a local disk.'),
  RECORD_PURGED: row('storage', 'yes', 'never', 'The record was archived and purged; read it from the archive named.'),
  FORMAT_UNSUPPORTED: row('storage', 'no', 'never', 'Written by a newer version; upgrade before opening.'),
  SIGNER_UNAVAILABLE: row(
    'signer',
    'no',
    'same-handle',
    'Act on the signing device (cause and details say what), then send the same request again.',
  ),
  SIGN_SELF_CHECK_FAILED: row('signer', 'no', 'reopen', 'The device returned a wrong signature; replace it before continuing.'),
  KEY_MISMATCH: row(
    'signer',
    'no',
    'never',
    'The key given is not the one this queue is signed with; open with the right key or change keys.',
  ),
  KEY_FILE_UNSAFE: row('signer', 'no', 'never', 'Give the key file mode 0600, a private folder and the owner of this process.'),
}

/** What a FiscalError is made from. A core code brings its kind, registered, retry and remedy from the table. */
export interface FiscalErrorInit {
  readonly message: string
  readonly kind?: ErrorKind
  readonly registered?: RegisteredState
  readonly retry?: Retry
  readonly retryAfterMs?: number
  readonly remedy?: string
  /** Path into the request, as `lines[2].amount`. */
  readonly path?: string
  /** The country's own name for this failure, as `FR_REFERENCE_REUSED`. */
  readonly national?: string
  readonly details?: Readonly<Record<string, unknown>>
  readonly cause?: unknown
}

/** The only error this library raises on purpose. Carries no secret and no receipt content. */
export class FiscalError extends Error {
  override readonly name: string = 'FiscalError'
  readonly kind: ErrorKind
  readonly code: string
  readonly registered: RegisteredState
  readonly retry: Retry
  readonly retryAfterMs: number | undefined
  readonly remedy: string
  readonly path: string | undefined
  readonly national: string | undefined
  readonly details: Readonly<Record<string, unknown>>

  constructor(code: string, init: FiscalErrorInit) {
    super(init.message, init.cause === undefined ? undefined : { cause: init.cause })
    const known: ErrorRow | undefined = Object.hasOwn(errorTable, code) ? errorTable[code as CoreCode] : undefined
    this.code = code
    this.kind = init.kind ?? known?.kind ?? 'input'
    this.registered = init.registered ?? known?.registered ?? 'no'
    this.retry = init.retry ?? known?.retry ?? 'never'
    this.retryAfterMs = init.retryAfterMs
    this.remedy = init.remedy ?? known?.remedy ?? 'Read the message; correct what it names.'
    this.path = init.path
    this.national = init.national
    this.details = init.details ?? {}
  }

  /** What a log or a `--json` line shows: everything but the stack. */
  toJSON(): Record<string, unknown> {
    const { kind, code, message, registered, retry, retryAfterMs, remedy, path, national, details } = this
    return { kind, code, message, registered, retry, retryAfterMs, remedy, path, national, details }
  }
}

/** True for a FiscalError, also one made by another copy of this package. */
export function isFiscalError(error: unknown): error is FiscalError {
  return error instanceof Error && error.name === 'FiscalError' && 'code' in error && 'registered' in error
}

/** Any error as the product's own: what no part foresaw is a defect of a part, and nothing was recorded because of it. */
export function asFiscal(error: unknown): FiscalError {
  if (isFiscalError(error)) return error
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  return new FiscalError('RECORD_INVALID', { message: `a part of the product failed: ${text}`, cause: error })
}

/** The same error carrying the country's own name for it; itself when it has one already or there is none. */
export function withNational(error: FiscalError, national: string | undefined): FiscalError {
  if (national === undefined || error.national !== undefined) return error
  const { message, kind, registered, retry, retryAfterMs, remedy, path, details, cause } = error
  const more = { ...(retryAfterMs !== undefined && { retryAfterMs }), ...(path !== undefined && { path }) }
  return new FiscalError(error.code, { message, kind, registered, retry, remedy, details, cause, national, ...more })
}
