// Exact bytes kept beside the journal: device files, answers, archives. A file is named by its SHA-256, so a record that carries the
// digest binds the bytes, and writing one twice changes nothing.
import { FiscalError, sha256Hex } from '@sigillo/core'
import { placeFile, readFile } from './durable.js'
import { errnoOf } from './faults.js'
import type { Folder } from './folder.js'
import { BLOBS, join } from './paths.js'

/** Keeps bytes durably and gives their name. */
export async function writeBlob(folder: Folder, bytes: Uint8Array, epoch: number): Promise<string> {
  const name = sha256Hex(bytes)
  const directory = join(folder.path, BLOBS)
  const stored = await readFile(folder.fs, join(directory, name))
  // An earlier writing may have ended before its directory was synced.
  if (stored !== undefined && sha256Hex(stored) === name) await folder.fs.syncDirectory(directory)
  else {
    await ensureDirectory(folder, BLOBS)
    await placeFile(folder.fs, directory, name, bytes, { epoch, durable: true })
  }
  return name
}

/**
 * Kept bytes by their name.
 * @throws FiscalError JOURNAL_CORRUPT when they are not what was kept
 */
export async function readBlob(folder: Folder, name: string): Promise<Uint8Array | undefined> {
  if (!/^[0-9a-f]{64}$/.test(name)) return undefined
  const bytes = await readFile(folder.fs, join(folder.path, BLOBS, name))
  if (bytes !== undefined && sha256Hex(bytes) !== name) {
    throw new FiscalError('JOURNAL_CORRUPT', { message: `kept file ${name} was changed`, details: { file: `${BLOBS}/${name}` } })
  }
  return bytes
}

/** Makes one of the folder's directories again when somebody removed it. */
export async function ensureDirectory(folder: Folder, name: string): Promise<void> {
  try {
    await folder.fs.makeDirectory(join(folder.path, name))
    await folder.fs.syncDirectory(folder.path)
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error
  }
}
