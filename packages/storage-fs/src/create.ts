// Creating a queue's folder (FORMAT 8, creation): everything is built and synced under another name, then renamed in one step.
import { FiscalError, lineOf, randomBytes, toHex, utf8, type JsonObject, type SealedRecord } from '@sigillo/core'
import { claimBytes } from './claim.js'
import { createFile } from './durable.js'
import { asStorageError, errnoOf } from './faults.js'
import type { FileSystem } from './file-system.js'
import { isSegBits, queueFile } from './folder.js'
import type { Host } from './host.js'
import {
  baseName,
  birthplace,
  claimName,
  CLAIMS,
  DIRECTORIES,
  join,
  liveName,
  parentOf,
  QUEUE_FILE,
  RESERVE_FILE,
} from './paths.js'
import { reserveBytes } from './space.js'

/** What creation needs besides the first record. */
export interface CreateContext {
  readonly fs: FileSystem
  readonly host: Host
  readonly reserve: number
}

/**
 * Makes the folder of a new queue durable.
 * @throws FiscalError QUEUE_EXISTS, RECORD_INVALID, STORAGE_FULL, STORAGE_READ_ONLY, STORAGE_FAILED; nothing is left behind then
 */
export async function createFolder(path: string, genesis: SealedRecord, context: CreateContext): Promise<void> {
  const { fs } = context
  const segBits = (genesis.payload as JsonObject | null)?.['segBits']
  const { body } = genesis
  if (
    body.type !== 'sys.genesis' ||
    body.seq !== 0 ||
    body.epoch !== 1 ||
    body.base !== 0 ||
    body.more !== undefined ||
    !isSegBits(segBits)
  ) {
    throw new FiscalError('RECORD_INVALID', { message: 'a queue begins with sys.genesis as record 0 of epoch 1' })
  }
  const exists = await fs.stat(path)
  if (exists !== undefined && (!exists.directory || (await fs.list(path)).length > 0)) throw existsError(path)
  const building = birthplace(path, toHex(randomBytes(4)))
  try {
    await makeParents(fs, parentOf(path))
    await build(building, genesis, segBits as number, context)
    // Windows does not rename a directory over an empty one.
    if (exists !== undefined) await fs.removeDirectory(path)
    await fs.rename(building, path)
    await fs.syncDirectory(parentOf(path))
  } catch (error) {
    await removeTree(fs, building)
    if (['EEXIST', 'ENOTEMPTY', 'ENOTDIR'].includes(errnoOf(error) ?? '')) throw existsError(path)
    throw asStorageError(error, 'cannot create the folder of the queue')
  }
}

function existsError(path: string): FiscalError {
  return new FiscalError('QUEUE_EXISTS', { message: `${baseName(path)} exists already` })
}

async function makeParents(fs: FileSystem, path: string): Promise<void> {
  if ((await fs.stat(path)) !== undefined) return
  const parent = parentOf(path)
  await makeParents(fs, parent)
  await fs.makeDirectory(path).catch((error: unknown) => {
    if (errnoOf(error) !== 'EEXIST') throw error
  })
  await fs.syncDirectory(parent)
}

async function build(path: string, genesis: SealedRecord, segBits: number, { fs, host, reserve }: CreateContext): Promise<void> {
  await fs.makeDirectory(path)
  for (const name of DIRECTORIES) await fs.makeDirectory(join(path, name))
  await createFile(fs, join(path, CLAIMS, claimName(1)), claimBytes(host, undefined, null), true)
  await createFile(fs, join(path, liveName(0, 1)), utf8(`${lineOf(genesis)}\n`), true)
  await createFile(fs, join(path, QUEUE_FILE), queueFile({ queue: genesis.body.queue, genesis: genesis.hash, segBits }), true)
  if (reserve > 0) await createFile(fs, join(path, RESERVE_FILE), reserveBytes(reserve), true)
  for (const name of DIRECTORIES) await fs.syncDirectory(join(path, name))
  await fs.syncDirectory(path)
}

// Only ever called for a folder of our own making that nobody has seen yet.
async function removeTree(fs: FileSystem, path: string): Promise<void> {
  const remove = async (names: readonly string[], directory: string): Promise<void> => {
    for (const name of names) await fs.unlink(join(directory, name)).catch(() => undefined)
  }
  try {
    for (const name of DIRECTORIES) {
      await remove(await fs.list(join(path, name)).catch(() => []), join(path, name))
      await fs.removeDirectory(join(path, name)).catch(() => undefined)
    }
    await remove(await fs.list(path), path)
    await fs.removeDirectory(path)
  } catch {
    // What remains has no queue.json of its own name and is ignored.
  }
}
