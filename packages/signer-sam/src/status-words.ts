// Status words and what they mean here (signing specification 7.4). Unknown words are device faults and never crash.
import { signerError, type FiscalError, type SignerCode } from '@sigillo/core'

/** What was asked when the word came. */
export type Asked = 'select' | 'environment' | 'verify' | 'sign' | 'read'

/** What to try once before the failure stands. */
export type Remedy = 'verify' | 'select' | 'reset'

/** A word's meaning. */
export interface SwMeaning {
  readonly code: SignerCode
  readonly remedy?: Remedy
  readonly triesLeft?: number
}

const FIXED: Readonly<Record<number, SwMeaning>> = {
  0x6281: { code: 'DEVICE_FAULT' },
  0x6581: { code: 'DEVICE_FAULT' },
  0x6700: { code: 'LIBRARY_FAULT' },
  0x6882: { code: 'CONFIG_INVALID' },
  0x6883: { code: 'LIBRARY_FAULT' },
  0x6884: { code: 'LIBRARY_FAULT' },
  0x6982: { code: 'NOT_LOGGED_IN', remedy: 'verify' },
  0x6983: { code: 'PIN_LOCKED', triesLeft: 0 },
  0x6984: { code: 'KEY_NOT_FOUND' },
  0x6985: { code: 'DEVICE_FAULT', remedy: 'select' },
  0x6987: { code: 'CONFIG_INVALID' },
  0x6988: { code: 'CONFIG_INVALID' },
  0x6a80: { code: 'LIBRARY_FAULT' },
  0x6a81: { code: 'MECHANISM_UNSUPPORTED' },
  0x6a82: { code: 'KEY_MISMATCH' },
  0x6a88: { code: 'KEY_NOT_FOUND' },
  0x6d00: { code: 'MECHANISM_UNSUPPORTED' },
  0x6e00: { code: 'MECHANISM_UNSUPPORTED' },
  0x6f00: { code: 'DEVICE_FAULT', remedy: 'reset' },
}

/** The meaning of a word that is not success. */
export function swMeaning(sw: number, asked: Asked): SwMeaning {
  if (asked === 'verify' && (sw & 0xfff0) === 0x63c0) return { code: 'PIN_INCORRECT', triesLeft: sw & 0xf }
  if (asked === 'verify' && sw === 0x6300) return { code: 'PIN_INCORRECT' }
  const fixed = FIXED[sw]
  if (fixed !== undefined) return fixed
  return sw >> 8 === 0x64 ? { code: 'DEVICE_FAULT', remedy: 'reset' } : { code: 'DEVICE_FAULT' }
}

/** The error of a word. */
export function swError(sw: number, asked: Asked): FiscalError {
  const { code, triesLeft } = swMeaning(sw, asked)
  const nativeCode = sw.toString(16).padStart(4, '0')
  // A VERIFY of wrong length may have spent a try.
  const pinDanger = asked === 'verify' ? { pinDanger: true } : {}
  return signerError(code, {
    message: `the card answered ${nativeCode} to ${asked}`,
    nativeCode,
    ...pinDanger,
    ...(triesLeft !== undefined && { triesLeft }),
  })
}

/** Reads may end early with a warning that is no error. */
export function isSuccess(sw: number, asked: Asked): boolean {
  return sw === 0x9000 || (asked === 'read' && sw === 0x6282)
}
