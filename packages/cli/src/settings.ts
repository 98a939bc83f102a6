// What lies where for a till of the command line: DIR holds the queue and settings.json, DIR.keys the key, DIR.witness.json the
// last head known outside DIR. Settings hold no secret.
import { open, readFile, rename } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import type { FiscalError } from '@sigillo/core'
import type { SealFileOptions } from '@sigillo/signer-software'
import { cliError, jsonFault } from './errors.js'
import { checkSignerSetting, type SignerSetting } from './key/signer-setting.js'

/** Contents of settings.json. */
export interface Settings {
  readonly format: 'sigillo-settings/1'
  /** Name of the queue, kept in its first record and compared at opening. */
  readonly name: string
  /** Code of the country, as `fr`. */
  readonly country: string
  /** The country's own options. */
  readonly options: Readonly<Record<string, unknown>>
  /** Signs the records; a key file beside the folder when left out. */
  readonly signer?: SignerSetting
  /** The signer a change of key is under way to; it takes over when the journal names its key. */
  readonly next?: SignerSetting
  /** The software seal to hold before the signer is opened: file and root from the settings file's folder when relative. */
  readonly seal?: SealFileOptions
  /** Where the witness lies, when not at its usual place; from the folder when relative. */
  readonly witness?: string
}

/** Files that belong to a till. */
export interface TillPaths {
  readonly folder: string
  readonly settings: string
  /** Beside the queue, never in it: whoever copies the folder makes a backup, not a copy of the key. */
  readonly key: string
  readonly witness: string
}

/** Paths of the till in a folder. */
export function pathsOf(dir: string): TillPaths {
  const folder = resolve(dir)
  return {
    folder,
    settings: join(folder, 'settings.json'),
    key: join(`${folder}.keys`, 'main.pem'),
    witness: `${folder}.witness.json`,
  }
}

/** Paths with what the settings say of them. */
export function pathsFor(dir: string, { witness }: Pick<Settings, 'witness'>): TillPaths {
  const usual = pathsOf(dir)
  return witness === undefined ? usual : { ...usual, witness: resolve(usual.folder, witness) }
}

/** Usual name of the queue in a folder. */
export function nameOf(dir: string): string {
  return basename(resolve(dir))
}

/**
 * Settings of a till; undefined when there are none.
 * @throws FiscalError SETTINGS_INVALID
 */
export async function readSettings(path: string): Promise<Settings | undefined> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT' || (error as NodeJS.ErrnoException).code === 'ENOTDIR')
      return undefined
    throw settingsInvalid(`cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`)
  }
  return checked(parseObject(text))
}

/** Writes settings whole or not at all. */
export async function writeSettings(path: string, settings: Settings): Promise<void> {
  const temporary = `${path}.new`
  const file = await open(temporary, 'w', 0o600)
  try {
    await file.writeFile(`${JSON.stringify(settings, null, 2)}\n`)
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(temporary, path)
}

/**
 * An object from JSON text.
 * @throws FiscalError SETTINGS_INVALID
 */
export function parseObject(text: string): Record<string, unknown> {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw settingsInvalid(`is ${jsonFault(error)}`)
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw settingsInvalid('must be an object')
  return value as Record<string, unknown>
}

function checked(value: Record<string, unknown>): Settings {
  const { format, name, country, options, witness, signer, next, seal } = value
  if (format !== 'sigillo-settings/1') throw settingsInvalid('has another format')
  if (typeof name !== 'string' || typeof country !== 'string') throw settingsInvalid('must have a name and a country')
  if (typeof options !== 'object' || options === null || Array.isArray(options)) throw settingsInvalid('must have options')
  if (witness !== undefined && typeof witness !== 'string') throw settingsInvalid('names the witness by its path')
  return {
    format,
    name,
    country,
    options: options as Record<string, unknown>,
    ...(witness !== undefined && { witness }),
    ...(signer !== undefined && { signer: checkSignerSetting(signer) }),
    ...(seal !== undefined && { seal: sealOf(seal) }),
    ...(next !== undefined && { next: checkSignerSetting(next) }),
  }
}

function sealOf(value: unknown): SealFileOptions {
  const { file, root, keyId, ...rest } = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>
  if (typeof file !== 'string' || typeof root !== 'string' || typeof keyId !== 'string' || Object.keys(rest).length > 0)
    throw settingsInvalid('seal has file, root and keyId')
  return { file, root, keyId }
}

/** Settings that cannot be used. */
export function settingsInvalid(why: string): FiscalError {
  return cliError('SETTINGS_INVALID', `settings: ${why}`)
}
