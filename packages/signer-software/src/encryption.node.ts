// Encrypting and opening key envelopes under Node (signing specification 5.1, 5.2). Key derivation runs on the thread pool, so that a
// process opening many keys stays responsive. Node's own export is not used for writing: it derives with 2,048 iterations.
import { createCipheriv, createDecipheriv, createPrivateKey, pbkdf2, randomBytes, scrypt } from 'node:crypto'
import { promisify } from 'node:util'
import { signerError } from '@sigillo/core'
import { readSequence, smallInteger } from '@sigillo/core/der'
import { readEnvelope, writeEnvelope, type Envelope, type Kdf } from './pbes2.js'
import { writePem } from './pem.js'

/** Iterations written, and the counts below which reading warns or refuses. */
export const ITERATIONS = { written: 600_000, warnBelow: 100_000, refuseBelow: 10_000, most: 100_000_000 } as const
const SCRYPT_COST = { refuseBelow: 2 ** 14, mostBytes: 2 ** 30 } as const

/** How to treat an envelope that is easy to guess. */
export interface WeaknessOptions {
  /** Open a key whose derivation is below 10,000 iterations; default false. */
  readonly allowWeakKdf?: boolean | undefined
  readonly warn: (code: string, message: string) => void
}

/** The key, PKCS#8 DER in clear, encrypted for the passphrase. */
export async function encryptKey(der: Uint8Array, passphrase: Uint8Array): Promise<Uint8Array> {
  const [salt, iv] = [randomBytes(16), randomBytes(16)]
  const secret = await promisify(pbkdf2)(passphrase, salt, ITERATIONS.written, 32, 'sha256')
  try {
    const cipher = createCipheriv('aes-256-cbc', secret, iv)
    return writeEnvelope(salt, ITERATIONS.written, iv, Buffer.concat([cipher.update(der), cipher.final()]))
  } finally {
    secret.fill(0)
  }
}

/**
 * PKCS#8 DER in clear; the caller wipes it.
 * @throws FiscalError CONFIG_INVALID (unsupported-encryption, weak-kdf, wrong-passphrase)
 */
export async function decryptKey(envelopeDer: Uint8Array, passphrase: Uint8Array, options: WeaknessOptions): Promise<Uint8Array> {
  const envelope = readEnvelope(envelopeDer)
  if (envelope === undefined) throw refused('unsupported-encryption', 'the key is not encrypted with PBES2')
  checkStrength(envelope.kdf, options)
  const clear = envelope.cipher === undefined ? openByPlatform(envelopeDer, passphrase) : await open(envelope, passphrase)
  // Padding is right by chance once in 256; what comes out then is not a sequence of exactly this length.
  if (smallInteger(readSequence(clear)?.[0]) === undefined) {
    clear.fill(0)
    throw wrongPassphrase()
  }
  return clear
}

function checkStrength(kdf: Kdf, { allowWeakKdf, warn }: WeaknessOptions): void {
  if (kdf.name === 'scrypt') {
    const bytes = 128 * kdf.cost * kdf.blockSize * kdf.parallel
    if (bytes > SCRYPT_COST.mostBytes) throw refused('unsupported-encryption', 'the key derivation asks for more than 1 GiB')
    if (kdf.cost < SCRYPT_COST.refuseBelow && allowWeakKdf !== true)
      throw refused('weak-kdf', `scrypt with a cost of ${kdf.cost} is too weak`)
    return
  }
  const { iterations } = kdf
  if (iterations < 1 || iterations > ITERATIONS.most)
    throw refused('unsupported-encryption', 'the iteration count is out of range')
  if (iterations < ITERATIONS.refuseBelow && allowWeakKdf !== true)
    throw refused('weak-kdf', `${iterations} iterations are too few`)
  if (iterations < ITERATIONS.warnBelow)
    warn('WEAK_KDF', `the key file derives with ${iterations} iterations; write it again with more`)
}

async function open({ kdf, cipher, encrypted }: Envelope, passphrase: Uint8Array): Promise<Uint8Array> {
  const { name, keyBytes, iv } = cipher as NonNullable<Envelope['cipher']>
  const secret = await derive(kdf, passphrase, keyBytes)
  try {
    const decipher = createDecipheriv(name, secret, iv)
    const [first, last] = [decipher.update(encrypted), decipher.final()]
    const clear = new Uint8Array(first.length + last.length)
    clear.set(first)
    clear.set(last, first.length)
    first.fill(0)
    last.fill(0)
    return clear
  } catch {
    throw wrongPassphrase()
  } finally {
    secret.fill(0)
  }
}

function derive(kdf: Kdf, passphrase: Uint8Array, keyBytes: number): Promise<Buffer> {
  if (kdf.name === 'pbkdf2') return promisify(pbkdf2)(passphrase, kdf.salt, kdf.iterations, keyBytes, kdf.prf)
  const { cost, blockSize, parallel } = kdf
  const limits = { N: cost, r: blockSize, p: parallel, maxmem: 128 * blockSize * (cost + parallel) + 2 ** 20 }
  return new Promise((resolve, reject) => {
    try {
      scrypt(passphrase, kdf.salt, keyBytes, limits, (error, secret) => (error === null ? resolve(secret) : reject(error)))
    } catch {
      reject(refused('unsupported-encryption', 'the parameters of scrypt are out of range'))
    }
  })
}

// Ciphers this package does not name itself but OpenSSL opens.
function openByPlatform(envelopeDer: Uint8Array, passphrase: Uint8Array): Uint8Array {
  try {
    const key = createPrivateKey({
      key: writePem('ENCRYPTED PRIVATE KEY', envelopeDer),
      format: 'pem',
      passphrase: Buffer.from(passphrase),
    })
    return key.export({ type: 'pkcs8', format: 'der' })
  } catch (error) {
    const code = (error as { code?: string }).code ?? ''
    if (/UNSUPPORTED|UNKNOWN_CIPHER/.test(code))
      throw refused('unsupported-encryption', 'the key is encrypted with a cipher the platform does not know')
    throw wrongPassphrase()
  }
}

function wrongPassphrase(): Error {
  return refused('wrong-passphrase', 'the passphrase does not open the key file')
}

function refused(reason: string, message: string): Error {
  return signerError('CONFIG_INVALID', { message, reason })
}
