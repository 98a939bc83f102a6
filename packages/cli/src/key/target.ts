// What a key command speaks of: the signer of a till (DIR), a key file, or a token or card named by options.
import { stat } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import type { GuardedSigner, KeyPolicy } from '@sigillo/core'
import type { Call } from '../command.js'
import { usageError } from '../errors.js'
import { askedOnce, passphraseOf } from '../passphrase.js'
import { checkSealOf, findTill, type Till } from '../till.js'
import { KEY_FILES, keyPlace, openSigner, type KeyPlace } from './open-signer.js'
import { readPolicy } from './policy-file.js'
import { policyInForce } from './policy-in-force.js'
import { deviceSetting, nameOfSetting } from './signer-flags.js'
import type { SignerSetting } from './signer-setting.js'

/** A key and where it lies. */
export interface KeyTarget {
  readonly setting: SignerSetting
  readonly place: KeyPlace
  /** The till it signs for, where one was named. */
  readonly till: Till | undefined
}

/** Arguments of commands that take a target. */
export const TARGET = '[DIR|FILE]'

/**
 * The key the arguments name.
 * @throws FiscalError USAGE, SETTINGS_INVALID
 */
export async function targetOf({ args, flags }: Call): Promise<KeyTarget> {
  const device = deviceSetting(flags)
  const [path] = args
  if (device !== undefined) {
    if (path !== undefined) throw usageError('name a till or key file, or a device, one of the two')
    return { setting: device, place: { base: resolve('.'), folder: resolve('.') }, till: undefined }
  }
  if (path === undefined) throw usageError('which key? name a till, a key file, or a device with --pkcs11 or --card')
  const found = await stat(path).catch(() => undefined)
  if (found?.isFile() === true) {
    const folder = dirname(resolve(path))
    return { setting: { kind: 'software', file: resolve(path) }, place: { base: folder, folder }, till: undefined }
  }
  const till = await findTill(path)
  if (till === undefined) throw usageError(`${path} is neither a till nor a key file`)
  return { setting: till.settings.signer ?? { kind: 'software' }, place: keyPlace(till.paths.folder), till }
}

/** Name of the secret when it is asked for. */
export function secretNameOf({ kind }: SignerSetting): string {
  return kind === 'software' ? 'Passphrase of the key' : 'PIN of the token'
}

/** Opens the key of a target, under its policy. */
export async function openTarget(call: Call, target: KeyTarget): Promise<GuardedSigner> {
  const { setting, place, till } = target
  const secret = askedOnce(passphraseOf(call, false, secretNameOf(setting)))
  const guard = { recordsAfterExpiry: till?.country.recordsAfterExpiry === true }
  const options = { place, secret, note: call.out.note, guard }
  if (till !== undefined) {
    await checkSealOf(till)
    return openSigner(setting, { ...options, policy: await policyInForce(till, call.out.note) })
  }
  // A key that stands alone is under the policy beside it when that speaks of this very key.
  const signer = await openSigner(setting, { ...options, ignorePolicy: true })
  if ((await policyOf(target, signer)) === undefined) return signer
  await signer.close()
  return openSigner(setting, options)
}

/** The policy a target's key is under; undefined when there is none. */
export async function policyOf({ place, till }: KeyTarget, signer: GuardedSigner): Promise<KeyPolicy | undefined> {
  const path = join(place.folder, KEY_FILES.policy)
  if (till !== undefined) return policyInForce(till)
  const policy = await readPolicy(path).catch(() => undefined)
  return policy?.keyId === signer.describe().keyId ? policy : undefined
}

/** The target in words. */
export function nameOfTarget({ setting, till }: KeyTarget): string {
  return till === undefined ? nameOfSetting(setting) : `${till.settings.name}: ${nameOfSetting(setting)}`
}
