// Keys in files: encrypted PKCS#8 as PEM, the certificates after it (signing specification 5). A line of text after the key is
// for people, and tells of an RSA key which of the two schemes it signs with.
import { url } from 'node:inspector'
import { signerError, thumbprint, type GuardedSigner, type GuardOptions, type RecordAlg } from '@sigillo/core'
import { checkSealFile, type SealFileOptions } from './seal-file.node.js'
import { exportPkcs8, generateKey, keyFromPkcs8 } from '#keys'
import { certificatesIn, type Certificates } from './certificates.js'
import { decryptKey, encryptKey } from './encryption.node.js'
import type { GenerateOptions, SoftwareKey } from './key-contract.js'
import { withPassphrase, type Passphrase } from './passphrase.js'
import { parsePem, writePem } from './pem.js'
import { readPrivateFile, writePrivateFile, type Warn } from './private-file.node.js'
import { softwareSigner } from './software-signer.js'

/** How to open a key file. */
export interface OpenKeyFileOptions {
  readonly passphrase: Passphrase
  /** For an RSA key: which scheme; default what the file says. */
  readonly alg?: RecordAlg
  /** Certificates of the key; default those in the file. */
  readonly certificates?: Certificates
  /** Open a file whose key derivation is below 10,000 iterations; default false. */
  readonly allowWeakKdf?: boolean
  readonly signerId?: string
  /** The software seal to check before the key is touched. */
  readonly seal?: SealFileOptions
  /** Policy, audit, limits; without any the key signs whatever its holder asks. */
  readonly guard?: GuardOptions
  /** Told of what should be mended; default a warning of the process. */
  readonly onWarning?: (warning: { readonly code: string; readonly message: string }) => void
}

/** How to make a key file. */
export interface CreateKeyFileOptions extends OpenKeyFileOptions, GenerateOptions {
  /** Put it in the place of an existing file, whose key is lost then; default false. */
  readonly replace?: boolean
  /** Keep this key, PKCS#8 DER in clear, instead of making one; the caller wipes it. */
  readonly pkcs8?: Uint8Array
}

/**
 * Opens a key file after checking who may read it.
 * @throws FiscalError SEAL_BROKEN; KEY_FILE_UNSAFE; CONFIG_INVALID with a reason: not-found, not-encrypted, wrong-passphrase,
 * missing-passphrase, weak-kdf, unsupported-encryption, key-unusable; KEY_MISMATCH for certificates of another key
 * @example const signer = await openKeyFile('paris-01.keys/main.pem', { passphrase: readPassphrase })
 */
export async function openKeyFile(path: string, options: OpenKeyFileOptions): Promise<GuardedSigner> {
  const warn = warner(options)
  if (options.seal !== undefined) await checkSealFile(options.seal)
  if (url() !== undefined) warn('INSPECTOR_ACTIVE', 'the inspector is attached; whoever uses it can read the key')
  return openText(await readPrivateFile(path, warn), options, warn)
}

/**
 * Makes a key, or takes the one given, writes it encrypted, and opens it from what was written. ES256 unless `alg` says otherwise.
 * @throws FiscalError CONFIG_INVALID with a reason: exists, unwritable, missing-passphrase, weak-key; KEY_FILE_UNSAFE
 */
export async function createKeyFile(path: string, options: CreateKeyFileOptions): Promise<GuardedSigner> {
  const warn = warner(options)
  // The passphrase is fetched once for writing and reading back.
  return withPassphrase(options.passphrase, async (passphrase) => {
    const { pkcs8, alg } = options
    const key = pkcs8 === undefined ? await generateKey(alg, options) : await keyFromPkcs8(pkcs8, alg)
    const text = await encryptedText(key, passphrase)
    let signer: GuardedSigner | undefined
    const inspect = async (written: string): Promise<void> => {
      signer = await openText(written, { ...options, passphrase }, warn)
    }
    try {
      await writePrivateFile(path, text, warn, { replace: options.replace ?? false, inspect })
      return signer as unknown as GuardedSigner
    } catch (error) {
      await signer?.close()
      throw error
    }
  })
}

async function encryptedText(key: SoftwareKey, passphrase: Uint8Array): Promise<string> {
  const der = exportPkcs8(key)
  try {
    // After the block: text before it confuses `openssl asn1parse` (3.0).
    const note = `Sigillo signing key ${thumbprint(key.publicJwk)} ${key.alg}\n`
    return writePem('ENCRYPTED PRIVATE KEY', await encryptKey(der, passphrase)) + note
  } finally {
    der.fill(0)
    key.wipe()
  }
}

async function openText(text: string, options: OpenKeyFileOptions, warn: Warn): Promise<GuardedSigner> {
  const envelope = envelopeIn(text)
  const certificates = options.certificates ?? certificatesIn(text)
  const clear = await withPassphrase(options.passphrase, (bytes) =>
    decryptKey(envelope, bytes, { allowWeakKdf: options.allowWeakKdf, warn }),
  )
  try {
    const alg = options.alg ?? statedAlg(text)
    const { signerId, guard } = options
    return await softwareSigner({
      pkcs8: clear,
      certificates,
      ...(alg !== undefined && { alg }),
      ...(signerId !== undefined && { signerId }),
      ...(guard !== undefined && { guard }),
    })
  } finally {
    clear.fill(0)
  }
}

function envelopeIn(text: string): Uint8Array {
  const keys = parsePem(text).filter(({ label }) => label.endsWith('PRIVATE KEY'))
  const encrypted = keys.filter(({ label }) => label === 'ENCRYPTED PRIVATE KEY')
  if (keys.length > encrypted.length) throw refused('not-encrypted', 'the file holds a private key that is not encrypted PKCS#8')
  if (encrypted.length !== 1)
    throw refused('key-unusable', `the file holds ${encrypted.length} encrypted private keys instead of one`)
  return (encrypted[0] as { bytes: Uint8Array }).bytes
}

// Only the choice between the two RSA schemes is taken from text nobody signed: both are valid for the key.
function statedAlg(text: string): RecordAlg | undefined {
  const stated = /^Sigillo signing key [A-Za-z0-9_-]{43} (PS256|RS256)$/m.exec(text)?.[1]
  return stated as RecordAlg | undefined
}

function warner({ onWarning }: OpenKeyFileOptions): Warn {
  if (onWarning !== undefined) return (code, message) => onWarning({ code, message })
  return (code, message) => process.emitWarning(message, { type: 'SigilloWarning', code })
}

function refused(reason: string, message: string): Error {
  return signerError('CONFIG_INVALID', { message, reason })
}
