// Finding the token and logging in (signing specification 3.5, 6.5, 6.6): the serial number seen first is the only one that ever gets the PIN, and
// the flags of the token are read before every submission.
import { signerError, type FiscalError, type PinDoubt, type PinSafety } from '@sigillo/core'
import { CK, type Cryptoki, type Handle, type TokenFacts } from './cryptoki.js'
import { failureOf } from './return-values.js'
import type { KeySelector } from './uri.js'

/** The PIN: bytes, which stay the caller's, or a function that fetches them each time and whose bytes are wiped after use. */
export type PinSource = Uint8Array | (() => Uint8Array | Promise<Uint8Array>)

/** A token in a slot. */
export interface FoundToken {
  readonly slot: Handle
  readonly facts: TokenFacts
}

/** The one token the selector means. @throws FiscalError TOKEN_REMOVED, KEY_AMBIGUOUS; KEY_MISMATCH when another token has taken its place */
export function findToken(cryptoki: Cryptoki, selector: KeySelector, serial: string | undefined): FoundToken {
  const found = cryptoki.slots().flatMap((slot) => {
    const facts = factsOf(cryptoki, slot)
    return facts !== undefined && isSelected(facts, selector) ? [{ slot, facts }] : []
  })
  const own = serial === undefined ? found : found.filter(({ facts }) => facts.serial === serial)
  if (own.length === 0 && found.length > 0)
    throw signerError('KEY_MISMATCH', {
      message: 'another token has taken the place of the expected one; no PIN was sent',
      reason: 'token',
    })
  if (own.length === 0) throw signerError('TOKEN_REMOVED', { message: 'no token answers to the URI' })
  if (own.length > 1) throw signerError('KEY_AMBIGUOUS', { message: 'more than one token answers to the URI', reason: 'token' })
  return own[0] as FoundToken
}

// A slot that cannot be read is not ours to judge: another token may be on its way out.
function factsOf(cryptoki: Cryptoki, slot: Handle): TokenFacts | undefined {
  try {
    return cryptoki.token(slot)
  } catch {
    return undefined
  }
}

function isSelected(facts: TokenFacts, { token, manufacturer, serial, model }: KeySelector): boolean {
  const pairs = [
    [token, facts.label],
    [manufacturer, facts.manufacturer],
    [serial, facts.serial],
    [model, facts.model],
  ]
  return pairs.every(([wanted, actual]) => wanted === undefined || wanted === actual)
}

const TRIES_LOW = CK.CKF_PIN_COUNT_LOW | CK.CKF_PIN_FINAL_TRY

/** What the flags say about the PIN. @throws FiscalError PIN_LOCKED, PIN_TRIES_LOW, PIN_MUST_CHANGE, CONFIG_INVALID (pin-pad) */
function checkPinFlags({ flags }: TokenFacts): void {
  if ((flags & CK.CKF_PIN_LOCKED) !== 0)
    throw signerError('PIN_LOCKED', { message: 'the token says its PIN is locked', triesLeft: 0 })
  if ((flags & TRIES_LOW) !== 0)
    throw signerError('PIN_TRIES_LOW', { message: 'the token says few tries are left; no PIN was sent', pinDanger: false })
  if ((flags & CK.CKF_USER_PIN_INITIALIZED) === 0)
    throw signerError('PIN_MUST_CHANGE', { message: 'the token has no user PIN yet', pinDanger: false })
  if ((flags & CK.CKF_USER_PIN_TO_BE_CHANGED) !== 0)
    throw signerError('PIN_MUST_CHANGE', { message: 'the token wants its first PIN changed; no PIN was sent', pinDanger: false })
  if ((flags & CK.CKF_PROTECTED_AUTHENTICATION_PATH) !== 0)
    throw signerError('CONFIG_INVALID', { message: 'a token with its own PIN pad is not supported', reason: 'pin-pad' })
}

/** Where one submission goes. */
export interface LoginTarget {
  readonly cryptoki: Cryptoki
  readonly slot: Handle
  readonly session: Handle
  readonly kind: 'user' | 'context'
  readonly serial: string
}

/** Submits the PIN under the rules of PinSafety. @throws FiscalError of class pin, or the token's failure */
export async function submitPin(
  safety: PinSafety,
  source: PinSource,
  { cryptoki, slot, session, kind, serial }: LoginTarget,
): Promise<void> {
  let pin: Uint8Array | undefined
  try {
    await safety.submit({
      before: async () => {
        const facts = cryptoki.token(slot)
        if (facts.serial !== serial)
          throw signerError('KEY_MISMATCH', { message: 'another token is in the slot; no PIN was sent', reason: 'token' })
        checkPinFlags(facts)
        pin = typeof source === 'function' ? await source() : source
        checkPinForm(pin, facts)
      },
      send: () => {
        try {
          cryptoki.login(session, kind, pin as Uint8Array)
        } catch (error) {
          throw failureOf(error).error
        }
      },
      doubt: (error) => doubtOf(error, flagsNow(cryptoki, slot, serial)),
    })
  } finally {
    if (typeof source === 'function') pin?.fill(0)
  }
}

// Refused by the module before anything was sent, by the definition of the return value.
const UNSENT: ReadonlySet<unknown> = new Set(
  [
    'ARGUMENTS_BAD',
    'CRYPTOKI_NOT_INITIALIZED',
    'HOST_MEMORY',
    'OPERATION_NOT_INITIALIZED',
    'SESSION_CLOSED',
    'SESSION_HANDLE_INVALID',
    'SLOT_ID_INVALID',
    'TOKEN_NOT_PRESENT',
    'USER_ANOTHER_ALREADY_LOGGED_IN',
    'USER_TOO_MANY_TYPES',
  ].map((name) => `CKR_${name}`),
)

// Flags that are not set may mean that this token never sets them (PKCS #11 v3.1, 3.3: false when it does not tell).
function doubtOf({ details }: FiscalError, flags: number | undefined): PinDoubt {
  if (flags !== undefined && (flags & (TRIES_LOW | CK.CKF_PIN_LOCKED)) !== 0) return 'spent'
  if (UNSENT.has(details['nativeCode'])) return 'intact'
  return flags === undefined ? 'unknown' : 'seems-intact'
}

// Of the same token; undefined when it is gone.
function flagsNow(cryptoki: Cryptoki, slot: Handle, serial: string): number | undefined {
  try {
    const facts = cryptoki.token(slot)
    return facts.serial === serial ? facts.flags : undefined
  } catch {
    return undefined
  }
}

// Tokens count a malformed PIN as a try, so its form is checked here first.
function checkPinForm(pin: Uint8Array, { minPinBytes, maxPinBytes }: TokenFacts): void {
  const fits = pin.length > 0 && pin.length >= minPinBytes && (maxPinBytes === 0 || pin.length <= maxPinBytes)
  if (fits && pin.every((byte) => byte >= 0x20)) return
  throw signerError('PIN_FORMAT', {
    message: `the configured PIN has not the form this token takes (${minPinBytes} to ${maxPinBytes} bytes)`,
    pinDanger: false,
  })
}
