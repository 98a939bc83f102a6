// Error codes of signers (signing specification 3.4): class, what may be retried, what to do. A signer's failure is a
// FiscalError of kind `signer`; class, outcome, pinDanger and triesLeft stand in its details.
import { FiscalError, isFiscalError, type Retry } from './errors.js'

/** What the caller does about a failure: retry, let the signer recover, call a person, correct the request, or nothing. */
export type SignerErrorClass = 'retryable' | 'recoverable' | 'permanent' | 'policy' | 'pin' | 'input' | 'cancelled'
/** What is known about the signature: never made, made and thrown away, or not known. */
export type SignOutcome = 'not-signed' | 'signed-discarded' | 'unknown'

/** One row of the table of signer codes. */
export interface SignerCodeRow {
  readonly class: SignerErrorClass
  readonly remedy: string
}

/** A code of the signing specification 3.4, or KEY_FILE_UNSAFE of core. */
export type SignerCode =
  | 'SIGNER_BUSY'
  | 'DEVICE_BUSY'
  | 'DEVICE_MEMORY'
  | 'TIMEOUT'
  | 'NETWORK'
  | 'REMOTE_UNAVAILABLE'
  | 'RATE_LIMITED'
  | 'CERT_STATUS_UNKNOWN'
  | 'SESSION_LOST'
  | 'HANDLE_STALE'
  | 'TOKEN_REMOVED'
  | 'CARD_RESET'
  | 'CARD_REMOVED'
  | 'NOT_LOGGED_IN'
  | 'AUTHORISATION_EXPIRED'
  | 'KEY_NOT_FOUND'
  | 'KEY_AMBIGUOUS'
  | 'KEY_MISMATCH'
  | 'MECHANISM_UNSUPPORTED'
  | 'SIGN_SELF_CHECK_FAILED'
  | 'DEVICE_FAULT'
  | 'CERT_EXPIRED'
  | 'CERT_NOT_YET_VALID'
  | 'CERT_REVOKED'
  | 'CERT_UNTRUSTED'
  | 'KEY_RETIRED'
  | 'CONFIG_INVALID'
  | 'KEY_FILE_UNSAFE'
  | 'LIBRARY_FAULT'
  | 'OPERATION_NOT_ALLOWED'
  | 'SUITE_NOT_ALLOWED'
  | 'APPROVAL_REQUIRED'
  | 'APPROVAL_INVALID'
  | 'QUOTA_EXCEEDED'
  | 'OUTSIDE_WINDOW'
  | 'PIN_INCORRECT'
  | 'PIN_LOCKED'
  | 'PIN_TRIES_LOW'
  | 'PIN_EXPIRED'
  | 'PIN_MUST_CHANGE'
  | 'PIN_FORMAT'
  | 'PIN_LATCHED'
  | 'OTP_REJECTED'
  | 'CREDENTIAL_LOCKED'
  | 'DIGEST_LENGTH'
  | 'INPUT_TOO_LARGE'
  | 'REQUEST_CONFLICT'
  | 'REQUEST_INVALID'
  | 'ABORTED'
  | 'CLOSED'

const row = (name: SignerErrorClass, remedy: string): SignerCodeRow => ({ class: name, remedy })

/** Every code a signer raises. `docs/errors.md` is proven complete against this table by a test. */
export const signerCodes: Readonly<Record<SignerCode, SignerCodeRow>> = {
  SIGNER_BUSY: row('retryable', 'Too many signatures wait for this key; send the request again a little later.'),
  DEVICE_BUSY: row('retryable', 'The device is in use; send the request again a little later.'),
  DEVICE_MEMORY: row('retryable', 'The device has no room for another session; close other programs that use it.'),
  TIMEOUT: row('retryable', 'The device did not answer in time; look at its connection, then send the request again.'),
  NETWORK: row('retryable', 'The signing service cannot be reached; look at the network.'),
  REMOTE_UNAVAILABLE: row('retryable', 'The signing service is down; send the request again later.'),
  RATE_LIMITED: row('retryable', 'The signing service asks for a pause; send the request again later.'),
  CERT_STATUS_UNKNOWN: row(
    'retryable',
    'It is not known whether the certificate was revoked; restore access to its revocation list.',
  ),
  SESSION_LOST: row('recoverable', 'The session with the token was lost and could not be renewed; look at the token.'),
  HANDLE_STALE: row('recoverable', 'The token forgot its key handles; send the request again.'),
  TOKEN_REMOVED: row('recoverable', 'Put the token back.'),
  CARD_RESET: row('recoverable', 'Another program reset the card; send the request again.'),
  CARD_REMOVED: row('recoverable', 'Put the card back.'),
  NOT_LOGGED_IN: row('recoverable', 'The token ended the login; unlock the signer.'),
  AUTHORISATION_EXPIRED: row('recoverable', 'The authorisation to sign has run out; authorise again.'),
  KEY_NOT_FOUND: row('permanent', 'The configured key is not on this device; correct the selector or put the right device in.'),
  KEY_AMBIGUOUS: row('permanent', 'More than one key answers to the selector; name it by id and label.'),
  KEY_MISMATCH: row('permanent', 'The key given is not the one expected; open with the right key or change keys.'),
  MECHANISM_UNSUPPORTED: row('permanent', 'This device cannot sign with this suite; choose another suite or device.'),
  SIGN_SELF_CHECK_FAILED: row('permanent', 'The device returned a wrong signature; replace it before continuing.'),
  DEVICE_FAULT: row('permanent', 'The device reports a fault; restart it, and replace it when that does not help.'),
  CERT_EXPIRED: row('permanent', 'Renew the certificate of this key.'),
  CERT_NOT_YET_VALID: row('permanent', 'Check the clock; the certificate is not valid yet.'),
  CERT_REVOKED: row('permanent', 'The certificate was revoked; change keys.'),
  CERT_UNTRUSTED: row('permanent', 'The certificate does not lead to an accepted authority; install the right chain.'),
  KEY_RETIRED: row('permanent', 'This key may no longer sign; use its successor.'),
  CONFIG_INVALID: row('permanent', 'Correct the setting named in details.reason.'),
  KEY_FILE_UNSAFE: row('permanent', 'Give the key file mode 0600, a private folder and the owner of this process.'),
  LIBRARY_FAULT: row('permanent', 'The signer sent something the device does not take; report it as a defect.'),
  OPERATION_NOT_ALLOWED: row('policy', 'The key policy does not list this operation; use the key meant for it.'),
  SUITE_NOT_ALLOWED: row('policy', 'The key or its policy does not allow this suite.'),
  APPROVAL_REQUIRED: row('policy', 'Obtain the approvals the key policy asks for, then send the request again.'),
  APPROVAL_INVALID: row('policy', 'An approval is expired, used, or speaks of something else; obtain a new one.'),
  QUOTA_EXCEEDED: row('policy', 'The key policy allows no more of this operation in this period.'),
  OUTSIDE_WINDOW: row('policy', 'The key policy does not allow this operation at this time.'),
  PIN_INCORRECT: row('pin', 'The device refused the PIN, which is not sent again; configure the right one as a new version.'),
  PIN_LOCKED: row('pin', 'The device blocked the PIN; unblock it with the tools of its issuer.'),
  PIN_TRIES_LOW: row('pin', 'Few tries are left; enter the PIN once by hand with the tools of the issuer.'),
  PIN_EXPIRED: row('pin', 'Set a new PIN with the tools of the issuer.'),
  PIN_MUST_CHANGE: row('pin', 'Set a PIN of your own with the tools of the issuer.'),
  PIN_FORMAT: row('pin', 'The PIN has a form this device does not take; it was not sent.'),
  PIN_LATCHED: row('pin', 'This PIN failed once and is not sent again; configure a new version or clear the latch.'),
  OTP_REJECTED: row('pin', 'The one-time code was refused; it is not sent again.'),
  CREDENTIAL_LOCKED: row('pin', 'The credential is blocked at the service; ask its provider.'),
  DIGEST_LENGTH: row('input', 'The digest has not the length of the suite; this is a defect of the caller.'),
  INPUT_TOO_LARGE: row('input', 'The message is larger than this signer takes.'),
  REQUEST_CONFLICT: row('input', 'This idempotency key already stands for another input.'),
  REQUEST_INVALID: row('input', 'Correct the signing request.'),
  ABORTED: row('cancelled', 'The caller cancelled; send the request again when wanted.'),
  CLOSED: row('cancelled', 'The signer is closed; open it again.'),
}

/** What a signer's error is made from; see {@link signerError}. */
export interface SignerErrorInit {
  readonly message: string
  /** Finer word for CONFIG_INVALID and the like, as `wrong-passphrase`. */
  readonly reason?: string
  /** `not-signed` when left out. */
  readonly outcome?: SignOutcome
  /** True when a PIN may have been spent or is at risk. */
  readonly pinDanger?: boolean
  readonly triesLeft?: number
  readonly retryAfterMs?: number
  readonly keyId?: string
  /** True when the signer has run its whole recovery: trying again at once is useless. */
  readonly exhausted?: boolean
  /** The device's own return value, as `CKR_DEVICE_ERROR` or `6581`. */
  readonly nativeCode?: string
  readonly cause?: unknown
}

/** A FiscalError of kind `signer` with the class and remedy of its code. */
export function signerError(code: SignerCode, init: SignerErrorInit): FiscalError {
  const { class: name, remedy } = signerCodes[code]
  const { message, cause, retryAfterMs, outcome = 'not-signed', pinDanger = name === 'pin', ...rest } = init
  return new FiscalError(code, {
    message,
    kind: 'signer',
    registered: 'no',
    retry: retryOf(code, name),
    remedy,
    details: { class: name, outcome, pinDanger, ...rest },
    ...(retryAfterMs !== undefined && { retryAfterMs }),
    ...(cause !== undefined && { cause }),
  })
}

function retryOf(code: SignerCode, name: SignerErrorClass): Retry {
  if (code === 'CLOSED' || code === 'SIGN_SELF_CHECK_FAILED') return 'reopen'
  return name === 'retryable' || name === 'recoverable' || code === 'ABORTED' ? 'same-handle' : 'never'
}

/** Whatever a device throws as an error of the table. Its own text is left out: nobody knows what it quotes. */
export function asSignerError(error: unknown): FiscalError {
  if (isFiscalError(error) && error.kind === 'signer' && Object.hasOwn(signerCodes, error.code as SignerCode)) return error
  const code = (error as { readonly code?: unknown } | null | undefined)?.code
  const nativeCode = typeof code === 'string' && /^[A-Z0-9_]{1,64}$/.test(code) ? code : undefined
  const message = 'the signer failed in a way it does not explain'
  return signerError('DEVICE_FAULT', { message, outcome: 'unknown', ...(nativeCode !== undefined && { nativeCode }) })
}
