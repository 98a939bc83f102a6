// Which signer a till uses, as it stands in settings.json: a key file, a key on a PKCS#11 token by its URI, or a key on a card by reader and
// profile. No secret stands in it: PINs and passphrases come from elsewhere at every start (signing specification 3.5, 5.5).
import type { KeyPolicy, RecordAlg } from '@sigillo/core'
import type { FiscalError } from '@sigillo/core'
import { cliError } from '../errors.js'

interface AnySetting {
  /** Thumbprint the key must have. */
  readonly keyId?: string
  /** Label of the secret's version; a new one lifts a latch. */
  readonly secretVersion?: string
  /** Certificates as PEM, from the settings file's folder when relative; default those with the key. */
  readonly certificates?: string
}

/** A key in a file. */
export interface FileSetting extends AnySetting {
  readonly kind: 'software'
  /** Path of the key file; default `DIR.keys/main.pem`. */
  readonly file?: string
}

/** A key on a PKCS#11 token. */
export interface TokenSetting extends AnySetting {
  readonly kind: 'pkcs11'
  /** Path of the vendor's library. */
  readonly module: string
  /** RFC 7512, without a PIN. */
  readonly uri: string
  /** For an RSA key which of its schemes. */
  readonly alg?: RecordAlg
  readonly acceptedWeaknesses?: KeyPolicy['acceptedWeaknesses']
}

/** A key on a card. */
export interface CardSetting extends AnySetting {
  readonly kind: 'sam'
  /** Path of the card profile, JSON. */
  readonly profile: string
  /** Name of the key in the profile. */
  readonly key: string
  /** Part of the reader's name. */
  readonly reader?: string
}

/** A till's signer. */
export type SignerSetting = FileSetting | TokenSetting | CardSetting

type Form = Readonly<Record<string, 'required' | 'optional' | 'object'>>
const COMMON: Form = { keyId: 'optional', secretVersion: 'optional', certificates: 'optional' }
const forms: Readonly<Record<SignerSetting['kind'], Form>> = {
  software: { ...COMMON, file: 'optional' },
  pkcs11: { ...COMMON, module: 'required', uri: 'required', alg: 'optional', acceptedWeaknesses: 'object' },
  sam: { ...COMMON, profile: 'required', key: 'required', reader: 'optional' },
}
const ALGORITHMS: readonly string[] = ['ES256', 'ES384', 'EdDSA', 'PS256', 'RS256']

/**
 * The member `signer` of settings.
 * @throws FiscalError SETTINGS_INVALID naming the member; a value is never repeated, for it might be a PIN
 */
export function checkSignerSetting(value: unknown): SignerSetting {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid('must be an object')
  const { kind, ...members } = value as { kind?: unknown }
  if (typeof kind !== 'string' || !Object.hasOwn(forms, kind)) throw invalid(`kind is one of ${Object.keys(forms).join(', ')}`)
  const form = forms[kind as SignerSetting['kind']]
  for (const [name, member] of Object.entries(members)) {
    const rule = Object.hasOwn(form, name) ? form[name] : undefined
    if (rule === undefined) throw invalid(`has no member ${name}`)
    if (rule === 'object' ? !Array.isArray(member) : typeof member !== 'string' || member === '')
      throw invalid(`${name} is not usable`)
  }
  for (const [name, rule] of Object.entries(form))
    if (rule === 'required' && !Object.hasOwn(members, name)) throw invalid(`${name} is missing`)
  const { alg, uri } = members as { alg?: string; uri?: string }
  if (alg !== undefined && !ALGORITHMS.includes(alg)) throw invalid('alg is no algorithm of records')
  if (uri !== undefined && /[;?&]pin-(?:value|source)=/i.test(uri))
    throw invalid('uri carries a PIN; give it as other secrets are given')
  return value as SignerSetting
}

function invalid(why: string): FiscalError {
  return cliError('SETTINGS_INVALID', `settings: signer: ${why}`)
}
