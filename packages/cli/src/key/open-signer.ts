// Opens the signer that settings name. The packages of tokens and cards are loaded only when a till uses one: their native parts may be
// missing on a machine that signs with a key file.
import { readFile, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { jwkOfSpki, type AuditLog, type GuardedSigner, type GuardOptions, type KeyPolicy, type PublicJwk } from '@sigillo/core'
import type { CardProfile } from '@sigillo/signer-sam'
import { openAuditFile, openKeyFile, type Passphrase } from '@sigillo/signer-software'
import { cliError } from '../errors.js'
import { readPolicy } from './policy-file.js'
import type { CardSetting, FileSetting, SignerSetting, TokenSetting } from './signer-setting.js'

/** Where a till's keys and what belongs to them lie. */
export interface KeyPlace {
  /** Folder relative paths of the setting start from. */
  readonly base: string
  /** `DIR.keys`. */
  readonly folder: string
}

/** How a signer is opened. */
export interface OpenSignerOptions {
  readonly place: KeyPlace
  readonly secret: Passphrase
  readonly note: (text: string) => void
  readonly guard?: Omit<GuardOptions, 'audit' | 'policy'>
  /** The policy to apply in place of the one beside the keys: for a key that takes over from another. */
  readonly policy?: KeyPolicy | undefined
  /** Apply no policy: for a look at a key that is not in force. */
  readonly ignorePolicy?: boolean
  /** An open audit log to write to, which stays the caller's; two signers of one till must share theirs. */
  readonly audit?: AuditLog | undefined
  /** Another key of the same card may be open at the same time: the card is shared with it. */
  readonly shared?: boolean
}

/** File names in the folder of keys. */
export const KEY_FILES = { main: 'main.pem', audit: 'audit.jsonl', policy: 'policy.json' } as const

/** The place of a till's keys beside its folder. */
export function keyPlace(folder: string): KeyPlace {
  return { base: folder, folder: `${folder}.keys` }
}

/** Path of the key file a setting names. */
export function keyFileOf(setting: FileSetting, { base, folder }: KeyPlace): string {
  return setting.file === undefined ? join(folder, KEY_FILES.main) : resolve(base, setting.file)
}

/**
 * A guarded signer by its setting, with the key policy beside the keys where there is one. Tokens, cards and keys under a policy write their
 * audit log to `DIR.keys/audit.jsonl`.
 * @throws FiscalError of kind signer; SETTINGS_INVALID for a profile or certificate that cannot be read
 */
export async function openSigner(setting: SignerSetting, options: OpenSignerOptions): Promise<GuardedSigner> {
  const { place } = options
  const policy =
    options.ignorePolicy === true ? undefined : (options.policy ?? (await readPolicy(join(place.folder, KEY_FILES.policy))))
  const guard: GuardOptions = { ...options.guard, ...(policy !== undefined && { policy }) }
  const auditPath = join(place.folder, KEY_FILES.audit)
  // A log that is there is kept on with: it may say that the certificate was revoked.
  const kept = options.ignorePolicy !== true && (await isFile(auditPath))
  if (setting.kind === 'software' && policy === undefined && !kept) return openFile(setting, guard, options)
  if (options.audit !== undefined) return openWith(setting, guard, options.audit, options)
  const audit = await openAuditFile(auditPath)
  try {
    // The log is part of the signer for whoever opened it: it ends with it.
    return await openWith(setting, { ...guard, afterClose: () => audit.close() }, audit, options)
  } catch (error) {
    await audit.close()
    throw error
  }
}

/** True when a file is there. */
export function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isFile(),
    () => false,
  )
}

function openWith(
  setting: SignerSetting,
  guard: GuardOptions,
  audit: AuditLog,
  options: OpenSignerOptions,
): Promise<GuardedSigner> {
  if (setting.kind === 'software') return openFile(setting, { ...guard, audit }, options)
  return setting.kind === 'pkcs11' ? openToken(setting, guard, audit, options) : openCard(setting, guard, audit, options)
}

async function openFile(
  setting: FileSetting,
  guard: GuardOptions,
  { place, secret, note }: OpenSignerOptions,
): Promise<GuardedSigner> {
  const certificates = await certificatesOf(setting, place)
  const signer = await openKeyFile(keyFileOf(setting, place), {
    passphrase: secret,
    onWarning: ({ message }) => note(`warning: ${message}`),
    guard,
    ...(certificates !== undefined && { certificates }),
  })
  const { keyId } = signer.describe()
  if (setting.keyId === undefined || setting.keyId === keyId) return signer
  await signer.close()
  throw cliError('SETTINGS_INVALID', 'settings: signer: the key file holds another key than keyId says')
}

async function openToken(
  { kind: _kind, certificates: _path, ...setting }: TokenSetting,
  guard: GuardOptions,
  audit: AuditLog,
  { place, secret }: OpenSignerOptions,
): Promise<GuardedSigner> {
  const { openPkcs11 } = await import('@sigillo/signer-pkcs11')
  const certificates = await derOf({ certificates: _path }, place)
  return openPkcs11({ ...setting, pin: bytesOf(secret), audit, guard, ...(certificates !== undefined && { certificates }) })
}

async function openCard(
  { kind: _kind, certificates: path, profile, publicKey, ...setting }: CardSetting,
  guard: GuardOptions,
  audit: AuditLog,
  { place, secret, shared = false }: OpenSignerOptions,
): Promise<GuardedSigner> {
  const { openSam } = await import('@sigillo/signer-sam')
  const certificates = await derOf({ certificates: path }, place)
  const card = await readProfile(resolve(place.base, profile))
  const publicJwk = publicKey === undefined ? undefined : await readPublicKey(resolve(place.base, publicKey))
  return openSam({
    ...setting,
    profile: card,
    pin: bytesOf(secret),
    audit,
    guard,
    ...(shared && { mode: 'shared' }),
    ...(publicJwk !== undefined && { publicJwk }),
    ...(certificates !== undefined && { certificates }),
  })
}

async function readPublicKey(path: string): Promise<PublicJwk> {
  const pem = await readFile(path, 'utf8').catch(() => '')
  const [, text] = /-----BEGIN PUBLIC KEY-----([A-Za-z0-9+/=\s]+)-----END PUBLIC KEY-----/.exec(pem) ?? []
  const jwk = text === undefined ? undefined : jwkOfSpki(new Uint8Array(Buffer.from(text, 'base64')))
  if (jwk !== undefined) return jwk
  throw cliError('SETTINGS_INVALID', 'settings: signer: the public key cannot be read: a file with BEGIN PUBLIC KEY is wanted')
}

async function readProfile(path: string): Promise<CardProfile> {
  try {
    // What stands in it is judged by the signer's own check.
    return JSON.parse(await readFile(path, 'utf8')) as CardProfile
  } catch {
    throw cliError('SETTINGS_INVALID', 'settings: signer: the card profile cannot be read')
  }
}

async function certificatesOf(
  { certificates }: { readonly certificates?: string | undefined },
  { base }: KeyPlace,
): Promise<string | undefined> {
  if (certificates === undefined) return undefined
  try {
    return await readFile(resolve(base, certificates), 'utf8')
  } catch {
    throw cliError('SETTINGS_INVALID', 'settings: signer: the certificates cannot be read')
  }
}

async function derOf(
  setting: { readonly certificates?: string | undefined },
  place: KeyPlace,
): Promise<Uint8Array[] | undefined> {
  const pem = await certificatesOf(setting, place)
  if (pem === undefined) return undefined
  const { readCertificates } = await import('@sigillo/documents')
  return readCertificates(pem).map(({ der }) => der)
}

// Tokens and cards take bytes, fetched at the moment the PIN is sent and wiped after it.
function bytesOf(secret: Passphrase): () => Promise<Uint8Array> {
  return async () => {
    const given = typeof secret === 'function' ? await secret() : secret
    return typeof given === 'string' ? new TextEncoder().encode(given) : given
  }
}
