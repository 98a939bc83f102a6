// Secrets from a named store of the system: `systemd:NAME` (a credential of the unit), `secret-service:NAME` (the desktop's keyring, by
// secret-tool) or `keychain:NAME` (macOS). Only the name stands on the command line; the secret comes back on a pipe, as bytes.
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { usageError } from './errors.js'

const STORES = 'systemd:NAME, secret-service:NAME or keychain:NAME'

/**
 * The secret kept under a name.
 * @throws FiscalError USAGE for a store that is not there, or a name it does not know
 */
export function fromStore(reference: string, env: NodeJS.ProcessEnv): Promise<Uint8Array> {
  const [, store, name] = /^([a-z-]+):([A-Za-z0-9_.@-]{1,128})$/.exec(reference) ?? []
  if (store === 'systemd' && name !== undefined) return fromSystemd(name, env['CREDENTIALS_DIRECTORY'])
  if (store === 'secret-service' && name !== undefined) return ask('secret-tool', ['lookup', 'sigillo', name])
  if (store === 'keychain' && name !== undefined) return ask('security', ['find-generic-password', '-w', '-s', name])
  throw usageError(`--passphrase-store takes ${STORES}`)
}

async function fromSystemd(name: string, folder: string | undefined): Promise<Uint8Array> {
  if (folder === undefined) throw usageError('this process was given no credentials by systemd')
  try {
    return withoutBreak(await readFile(join(folder, name)))
  } catch {
    throw usageError(`systemd gave this process no credential ${name}`)
  }
}

function ask(program: string, args: readonly string[]): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    execFile(program, args, { encoding: 'buffer', maxBuffer: 64 * 1024, timeout: 60_000 }, (error, stdout) => {
      if (error === null && stdout.length > 0) resolve(withoutBreak(stdout))
      // Neither its output nor its errors are repeated: nobody knows what they quote.
      else
        reject(
          usageError(
            (error as NodeJS.ErrnoException | null)?.code === 'ENOENT'
              ? `${program} is not installed`
              : `${program} knows no such secret`,
          ),
        )
    })
  })
}

// The stores and their tools end a secret with a line break that is not part of it.
function withoutBreak(bytes: Buffer): Uint8Array {
  const end = bytes.findIndex((byte) => byte === 10 || byte === 13)
  const secret = Uint8Array.from(end < 0 ? bytes : bytes.subarray(0, end))
  bytes.fill(0)
  return secret
}
