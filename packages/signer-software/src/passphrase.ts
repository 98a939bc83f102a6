// A passphrase as it is handed in, as bytes for as long as it is needed (signing specification 5.5, 5.6).
import { signerError, utf8 } from '@sigillo/core'

/**
 * Bytes, text, or a function that fetches either. Bytes a function returns are handed over and overwritten with zeros after use; bytes
 * given directly stay the caller's. Text cannot be wiped in JavaScript: prefer bytes. Never read from the environment.
 */
export type Passphrase = string | Uint8Array | (() => string | Uint8Array | Promise<string | Uint8Array>)

const MAX_BYTES = 1024

/**
 * Runs `use` with the bytes and wipes every copy that is ours.
 * @throws FiscalError CONFIG_INVALID (missing-passphrase, passphrase-too-long)
 */
export async function withPassphrase<T>(source: Passphrase | undefined, use: (bytes: Uint8Array) => Promise<T>): Promise<T> {
  const given = typeof source === 'function' ? await source() : source
  const ours = typeof given === 'string' || typeof source === 'function'
  const bytes = typeof given === 'string' ? utf8(given) : given
  if (bytes !== undefined && bytes !== null && !(bytes instanceof Uint8Array))
    throw refused('missing-passphrase', 'a passphrase is text or bytes')
  try {
    if (bytes === undefined || bytes === null || bytes.length === 0)
      throw refused('missing-passphrase', 'no passphrase was given for the key file')
    if (bytes.length > MAX_BYTES) throw refused('passphrase-too-long', `a passphrase has at most ${MAX_BYTES} bytes`)
    return await use(bytes)
  } finally {
    if (ours) bytes?.fill(0)
  }
}

function refused(reason: string, message: string): Error {
  return signerError('CONFIG_INVALID', { message, reason })
}
