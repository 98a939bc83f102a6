// Which signer a till uses, as it stands in settings.json: a key file, a key on a PKCS#11 token by its URI, or a key on a card by reader and
// profile. No secret stands in it: PINs and passphrases come from elsewhere at every start (signing specification 3.5, 5.5).
import type { FiscalError, KeyPolicy, RecordAlg, SignerDescription } from '@sigillo/core'
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

interface DeviceSetting extends AnySetting {
  /** Serial number of the device: no other gets the PIN. Written when a till begins with it. */
  readonly serial?: string
  /** The device may want its PIN for each signature. */
  readonly perSignaturePin?: 'allowed'
}

/** A key on a PKCS#11 token. */
export interface TokenSetting extends DeviceSetting {
  readonly kind: 'pkcs11'
  /** Path of the vendor's library. */
  readonly module: string
  /** RFC 7512, without a PIN. */
  readonly uri: string
  /** For an RSA key which of its schemes. */
  readonly alg?: RecordAlg
  readonly acceptedWeaknesses?: KeyPolicy['acceptedWeaknesses']
  /** The library runs in a process of its own, whose crash the till survives. */
  readonly isolate?: boolean
}

/** A key on a card. */
export interface CardSetting extends DeviceSetting {
  readonly kind: 'sam'
  /** Path of the card profile, JSON. */
  readonly profile: string
  /** Name of the key in the profile. */
  readonly key: string
  /** Part of the reader's name. */
  readonly reader?: string
  /** Path of the public key, PEM, for a key that has no certificate yet. */
  readonly publicKey?: string
}

/** A till's signer. */
export type SignerSetting = FileSetting | TokenSetting | CardSetting

type Rule = 'required' | 'optional' | 'list' | 'boolean' | 'allowed'
type Form = Readonly<Record<string, Rule>>
const COMMON: Form = { keyId: 'optional', secretVersion: 'optional', certificates: 'optional' }
const DEVICE: Form = { ...COMMON, serial: 'optional', perSignaturePin: 'allowed' }
const forms: Readonly<Record<SignerSetting['kind'], Form>> = {
  software: { ...COMMON, file: 'optional' },
  pkcs11: {
    ...DEVICE,
    module: 'required',
    uri: 'required',
    alg: 'optional',
    acceptedWeaknesses: 'list',
    isolate: 'boolean',
  },
  sam: { ...DEVICE, profile: 'required', key: 'required', reader: 'optional', publicKey: 'optional' },
}
const ALGORITHMS: readonly string[] = ['ES256', 'ES384', 'EdDSA', 'PS256', 'RS256']

/** The setting of a device that was opened, with its serial number: from now on it is that one. */
export function boundTo(setting: SignerSetting, hardware: SignerDescription['hardware']): SignerSetting {
  const serial = hardware?.serial ?? ''
  return setting.kind === 'software' || serial === '' ? setting : { ...setting, serial }
}

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
    if (!fits(rule, member)) throw invalid(`${name} is not usable`)
  }
  for (const [name, rule] of Object.entries(form))
    if (rule === 'required' && !Object.hasOwn(members, name)) throw invalid(`${name} is missing`)
  const { alg, uri } = members as { alg?: string; uri?: string }
  if (alg !== undefined && !ALGORITHMS.includes(alg)) throw invalid('alg is no algorithm of records')
  if (uri !== undefined && /[;?&]pin-(?:value|source)=/i.test(uri))
    throw invalid('uri carries a PIN; give it as other secrets are given')
  return value as SignerSetting
}

function fits(rule: Rule, member: unknown): boolean {
  if (rule === 'list') return Array.isArray(member)
  if (rule === 'allowed') return member === 'allowed'
  return rule === 'boolean' ? typeof member === 'boolean' : typeof member === 'string' && member !== ''
}

function invalid(why: string): FiscalError {
  return cliError('SETTINGS_INVALID', `settings: signer: ${why}`)
}
