// Opening the till of a folder: settings, country, key, storage and witness put together, for writing or for reading only.
import { resolve } from 'node:path'
import { openQueue, viewQueue, type GuardedSigner, type KeyPolicy, type Queue, type QueueView } from '@sigillo/core'
import { checkSealFile, type CheckedSeal, type Passphrase } from '@sigillo/signer-software'
import { openFolder, type FolderView } from '@sigillo/storage-fs'
import { textFlag, type Call, type OptionSpec } from './command.js'
import { cliError, usageError } from './errors.js'
import { fileWitness } from './file-witness.js'
import { keyPlace, openSigner } from './key/open-signer.js'
import { carriedPolicy, putPolicy } from './key/policy-file.js'
import { policyFile, policyInForce } from './key/policy-in-force.js'
import type { SignerSetting } from './key/signer-setting.js'
import { passphraseOf } from './passphrase.js'
import { countryByCode, countryCodes, type AnyCountry, type CountryEntry } from './registry.js'
import { pathsFor, pathsOf, readSettings, settingsInvalid, writeSettings, type Settings, type TillPaths } from './settings.js'
import { SOFTWARE } from './version.js'

/** A till whose settings were read. */
export interface Till {
  readonly paths: TillPaths
  readonly settings: Settings
  readonly entry: CountryEntry
  readonly country: AnyCountry
}

/** A till open for writing. */
export interface OpenTill extends Till, AsyncDisposable {
  readonly queue: Queue
  readonly signer: GuardedSigner
}

/** Options of every command that becomes the writer of a queue. */
export const writerOptions: Readonly<Record<string, OptionSpec>> = {
  takeover: { type: 'boolean', help: 'Take the queue from a holder that cannot be reached any more' },
  restored: { type: 'boolean', help: 'The folder was restored from a backup and the original will not run again' },
  moved: { type: 'boolean', help: 'The folder was moved to another disk or machine' },
  acknowledge: {
    type: 'string',
    value: 'NAME',
    help: 'Continue in spite of a suspected loss; NAME is recorded as the one who decided',
  },
}

/** An entry of the registry by its code. @throws FiscalError USAGE */
export function entryOf(code: string): CountryEntry {
  const entry = countryByCode(code)
  if (entry === undefined) throw usageError(`there is no country ${code}; known: ${countryCodes.join(', ')}`)
  return entry
}

/**
 * Settings of the till in a folder.
 * @throws FiscalError SETTINGS_MISSING, SETTINGS_INVALID
 */
export async function readTill(dir: string): Promise<Till> {
  const till = await findTill(dir)
  if (till !== undefined) return till
  throw cliError('SETTINGS_MISSING', `${dir} holds no settings.json`)
}

/** The same, or undefined when the folder has no settings: a journal of somebody else. */
export async function findTill(dir: string): Promise<Till | undefined> {
  const settings = await readSettings(pathsOf(dir).settings)
  if (settings === undefined) return undefined
  const entry = countryByCode(settings.country)
  if (entry === undefined) throw settingsInvalid(`names the country ${settings.country}, which this version does not know`)
  return { paths: pathsFor(dir, settings), settings, entry, country: await entry.make(settings.options) }
}

/**
 * Opens the signer of a till, the key file beside it unless settings name another, under the policy in force or one about to be; its warnings go
 * to standard error.
 * @throws FiscalError of kind signer, SETTINGS_INVALID
 */
export async function openKey(
  { paths, settings, country }: Pick<Till, 'paths' | 'settings' | 'country'>,
  secret: Passphrase,
  note: (text: string) => void,
  newPolicy?: KeyPolicy,
): Promise<GuardedSigner> {
  const guard = { recordsAfterExpiry: country.recordsAfterExpiry === true }
  await checkSealOf({ paths, settings })
  const policy = newPolicy ?? (await policyInForce({ paths, country }, note))
  return openSigner(settings.signer ?? { kind: 'software' }, { place: keyPlace(paths.folder), secret, note, guard, policy })
}

/** The software seal of a till, checked; undefined when its settings name none. @throws FiscalError SEAL_BROKEN */
export async function checkSealOf({
  paths,
  settings: { seal },
}: Pick<Till, 'paths' | 'settings'>): Promise<CheckedSeal | undefined> {
  if (seal === undefined) return undefined
  return checkSealFile({ file: resolve(paths.folder, seal.file), root: resolve(paths.folder, seal.root), keyId: seal.keyId })
}

/** What the secret of a till's signer is called when it is asked for. */
export function secretName({ settings: { signer } }: Pick<Till, 'settings'>): string {
  return signer === undefined || signer.kind === 'software' ? 'Passphrase of the key' : 'PIN of the token'
}

/**
 * Becomes the writer of the till in a folder.
 * @throws FiscalError as `openQueue` and `openKeyFile`
 */
export async function openTill(dir: string, call: Call, secret?: Passphrase): Promise<OpenTill> {
  const till = await settle(await readTill(dir))
  const signer = await openKey(till, secret ?? passphraseOf(call, false, secretName(till)), call.out.note)
  return openWith(till, call, signer)
}

/**
 * The till behind a signer that is open already; closes it with the queue, or when the queue does not open.
 * @throws FiscalError as `openQueue`
 */
export async function openWith(till: Till, call: Call, signer: GuardedSigner): Promise<OpenTill> {
  try {
    const queue = await openQueue({
      id: till.settings.name,
      country: till.country,
      storage: await openFolder(till.paths.folder),
      signer,
      witness: fileWitness(till.paths.witness),
      software: SOFTWARE,
      ...overrides(call),
    })
    const sealed = await checkSealOf(till)
    if (sealed !== undefined) {
      await tellSeal(queue, sealed).catch(async (error: unknown) => {
        await queue.close()
        throw error
      })
    }
    const close = async (): Promise<void> => {
      try {
        await queue.close()
      } finally {
        await signer.close()
      }
    }
    return { ...till, queue, signer, [Symbol.asyncDispose]: close }
  } catch (error) {
    await signer.close()
    throw error
  }
}

// A change of key that was cut off behind its record is finished: the journal decides which key signs.
async function settle(till: Till): Promise<Till> {
  const { settings, paths } = till
  if (settings.next?.keyId === undefined || (await keyOfJournal(till)) !== settings.next.keyId) return till
  const { next: signer, ...rest } = settings
  const settled: Settings = { ...rest, signer: signer as SignerSetting }
  const policy = carriedPolicy(await policyInForce(till), settings.next.keyId)
  if (policy !== undefined) await putPolicy(policyFile(paths), policy)
  await writeSettings(paths.settings, settled)
  return { ...till, settings: settled }
}

/** Thumbprint of the key the journal of a till names. */
export async function keyOfJournal(till: Pick<Till, 'paths' | 'country'>): Promise<string> {
  return (await keyInJournal(till)).kid
}

/** That key, and what the journal says became of it. */
export async function keyInJournal({
  paths,
  country,
}: Pick<Till, 'paths' | 'country'>): Promise<Pick<QueueView, 'kid' | 'keyEnd'>> {
  const reader = await openReading(paths.folder)
  try {
    return await viewQueue(reader, country)
  } finally {
    await reader.close()
  }
}

// Under which release the records that follow were made.
async function tellSeal(queue: Queue, { digest, manifest }: CheckedSeal): Promise<void> {
  const { name, version, sealed } = manifest
  const details = { manifest: digest, name, version, sealed }
  const outcome = await queue.recordKey({ type: 'signer.sealed', actor: 'sigillo', reason: 'software seal checked', details })
  if (outcome.outcome !== 'registered') throw outcome.error
}

function overrides({ flags }: Call): { takeover?: true; restore?: true; moved?: true; acknowledge?: string } {
  const acknowledge = textFlag(flags, 'acknowledge')
  return {
    ...(flags['takeover'] === true && { takeover: true }),
    ...(flags['restored'] === true && { restore: true }),
    ...(flags['moved'] === true && { moved: true }),
    ...(acknowledge !== undefined && { acknowledge }),
  }
}

/** Reads the journal of a folder, also beside a live writer. */
export async function openReading(dir: string): Promise<FolderView> {
  const storage = await openFolder(pathsOf(dir).folder)
  return storage.openReader()
}
