// The key policy a till is under: the one its journal names (`policy.set`, signing specification 9.1), whatever was done to the file beside the
// keys since. The file is what people read, and the policy of a journal that names none.
import { join } from 'node:path'
import { checkPolicy, parseLine, policyHash, viewQueue, type JsonObject, type KeyPolicy } from '@sigillo/core'
import { openFolder } from '@sigillo/storage-fs'
import type { AnyCountry } from '../registry.js'
import type { TillPaths } from '../settings.js'
import { KEY_FILES, keyPlace } from './open-signer.js'
import { carriedPolicy, readPolicy } from './policy-file.js'

/**
 * The policy in force; undefined when there is none. `note` is told when the file says something else.
 * @throws FiscalError CONFIG_INVALID, KEY_FILE_UNSAFE for a file that cannot be used; JOURNAL_CORRUPT
 */
export async function policyInForce(
  { paths, country }: { readonly paths: TillPaths; readonly country: AnyCountry },
  note?: (text: string) => void,
): Promise<KeyPolicy | undefined> {
  const [written, told] = [await readPolicy(policyFile(paths)), await policyInJournal(paths.folder, country)]
  if (told === undefined) return written
  if (written === undefined || policyHash(written) !== policyHash(told))
    note?.(`warning: ${KEY_FILES.policy} is not the policy the journal names; the journal’s is in force`)
  return told
}

/** Path of a till's policy. */
export function policyFile({ folder }: TillPaths): string {
  return join(keyPlace(folder).folder, KEY_FILES.policy)
}

// A change of key whose policy was not told yet carries the old one on. A payload that was blanked names nothing.
async function policyInJournal(folder: string, country: AnyCountry): Promise<KeyPolicy | undefined> {
  const storage = await openFolder(folder)
  if (!(await storage.exists())) return undefined
  const reader = await storage.openReader()
  try {
    const { heads, kid } = await viewQueue(reader, country)
    const seq = heads.get('policy.set')?.seq
    if (seq === undefined) return undefined
    for await (const { line } of reader.read(seq, seq)) {
      const record = parseLine(line)
      if (record?.payloadMatches !== true) return undefined
      const policy: unknown = (record.payload as JsonObject)['policy']
      checkPolicy(policy)
      return carriedPolicy(policy, kid)
    }
    return undefined
  } finally {
    await reader.close()
  }
}
