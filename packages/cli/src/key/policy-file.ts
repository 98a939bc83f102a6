// The key policy of a till: `DIR.keys/policy.json`, beside the keys it limits. It is public; what protects it is that only the owner of the
// keys may write there.
import { readFile, stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { checkPolicy, signerError, type KeyPolicy } from '@sigillo/core'
import { writeWhole } from '../whole-file.js'

/**
 * A key policy from a file; undefined when there is none.
 * @throws FiscalError CONFIG_INVALID when it cannot be read or breaks its form; KEY_FILE_UNSAFE when others may change it
 */
export async function readPolicy(path: string): Promise<KeyPolicy | undefined> {
  let text: string
  try {
    const { mode } = await stat(path)
    // Whoever may write the policy may lift it.
    if (typeof process.geteuid === 'function' && (mode & 0o022) !== 0)
      throw signerError('KEY_FILE_UNSAFE', { message: `others may change ${basename(path)}`, reason: 'mode' })
    text = await readFile(path, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    if ((error as Error).name === 'FiscalError') throw error
    throw signerError('CONFIG_INVALID', { message: `${basename(path)} cannot be read`, reason: 'policy unreadable' })
  }
  const policy = parsed(text, path)
  checkPolicy(policy)
  return policy
}

function parsed(text: string, path: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    throw signerError('CONFIG_INVALID', { message: `${basename(path)} is not JSON`, reason: 'policy unreadable' })
  }
}

/** Puts a policy in its place, whole or not at all, mode 0600. */
export async function putPolicy(path: string, policy: KeyPolicy): Promise<void> {
  await writeWhole(path, linesOf(policy), new AbortController().signal)
}

/** The policy of a key for the one that takes over from it: the same rules, one version higher. */
export function carriedPolicy(policy: KeyPolicy | undefined, keyId: string): KeyPolicy | undefined {
  return policy === undefined || policy.keyId === keyId ? policy : { ...policy, keyId, version: policy.version + 1 }
}

async function* linesOf(policy: KeyPolicy): AsyncIterable<Uint8Array> {
  yield new TextEncoder().encode(`${JSON.stringify(policy, null, 2)}\n`)
}
