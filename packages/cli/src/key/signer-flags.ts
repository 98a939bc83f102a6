// The options that name a signer on the command line, the same for every command that takes one.
import { resolve } from 'node:path'
import { textFlag, type Flags, type OptionSpec } from '../command.js'
import { usageError } from '../errors.js'
import { checkSignerSetting, type SignerSetting } from './signer-setting.js'

/** Options that name a token or a card. */
export const deviceOptions: Readonly<Record<string, OptionSpec>> = {
  pkcs11: { type: 'string', value: 'URI', help: 'Key on a token, as pkcs11:token=till;object=record; needs --module' },
  module: { type: 'string', value: 'FILE', help: 'The PKCS#11 library of the token' },
  isolate: { type: 'boolean', help: 'Run that library in a process of its own: its crash is not the till’s' },
  card: { type: 'string', value: 'FILE', help: 'Key on a card: its profile, JSON; needs --card-key' },
  'card-key': { type: 'string', value: 'NAME', help: 'Name of the key in the card profile' },
  reader: { type: 'string', value: 'TEXT', help: 'Part of the name of the card reader, where there is more than one' },
  'public-key': { type: 'string', value: 'FILE', help: 'Public key of the card’s key, PEM, while it has no certificate' },
  certificate: {
    type: 'string',
    value: 'FILE',
    help: 'Certificate of the key and its chain, PEM; default what the device holds',
  },
  'pin-each': { type: 'boolean', help: 'Allow a device that wants its PIN for each signature' },
  'secret-version': {
    type: 'string',
    value: 'LABEL',
    help: 'Label of the PIN; a new one after the PIN was corrected lifts its latch',
  },
}

/**
 * The setting that the options describe; undefined when they name no device.
 * @throws FiscalError USAGE for options that do not belong together, SETTINGS_INVALID for a URI with a PIN in it
 */
export function deviceSetting(flags: Flags): SignerSetting | undefined {
  const [uri, module, profile] = ['pkcs11', 'module', 'card'].map((name) => textFlag(flags, name))
  const [key, reader, publicKey] = ['card-key', 'reader', 'public-key'].map((name) => textFlag(flags, name))
  const [isolate, each] = [flags['isolate'] === true, flags['pin-each'] === true]
  if (uri !== undefined && profile !== undefined) throw usageError('--pkcs11 and --card name two signers')
  if (uri !== undefined && module === undefined) throw usageError('--pkcs11 needs --module FILE')
  if (profile !== undefined && key === undefined) throw usageError('--card needs --card-key NAME')
  if (uri === undefined && module !== undefined) throw usageError('--module goes with --pkcs11 URI')
  if (uri === undefined && isolate) throw usageError('--isolate goes with --pkcs11 URI')
  if (profile === undefined && (key ?? reader ?? publicKey) !== undefined)
    throw usageError('--card-key, --reader and --public-key go with --card FILE')
  if (each && (uri ?? profile) === undefined) throw usageError('--pin-each goes with --pkcs11 URI or --card FILE')
  const more = { ...commonOf(flags), ...(each && { perSignaturePin: 'allowed' }) }
  if (uri !== undefined) return checkSignerSetting({ kind: 'pkcs11', module, uri, ...(isolate && { isolate }), ...more })
  if (profile === undefined) return undefined
  return checkSignerSetting({
    kind: 'sam',
    profile: resolve(profile),
    key,
    ...(reader !== undefined && { reader }),
    ...(publicKey !== undefined && { publicKey: resolve(publicKey) }),
    ...more,
  })
}

function commonOf(flags: Flags): { readonly certificates?: string; readonly secretVersion?: string } {
  const [certificate, secretVersion] = [textFlag(flags, 'certificate'), textFlag(flags, 'secret-version')]
  return {
    ...(certificate !== undefined && { certificates: resolve(certificate) }),
    ...(secretVersion !== undefined && { secretVersion }),
  }
}

/** How a signer is named to people. */
export function nameOfSetting(setting: SignerSetting): string {
  if (setting.kind === 'software') return setting.file ?? 'key file'
  return setting.kind === 'pkcs11'
    ? setting.uri
    : `card key ${setting.key}${setting.reader === undefined ? '' : ` in ${setting.reader}`}`
}
