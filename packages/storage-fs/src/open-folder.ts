// `openFolder`: one queue in one folder (FORMAT 8 to 16). The entry of the package; everything else hangs below it.
import { FiscalError } from '@sigillo/core'
import type {
  BlankOrder,
  BlankResult,
  OpenWriterOptions,
  PurgedBeginning,
  PurgeOrder,
  SealedRecord,
  Storage,
  StorageReader,
  StorageWriter,
} from '@sigillo/core'
import { createFolder } from './create.js'
import type { FileSystem } from './file-system.js'
import { readFolder } from './folder.js'
import type { Host } from './host.js'
import type { Chunk } from './journal.js'
import { nodeFileSystem } from './node-file-system.js'
import { nodeHost } from './node-host.js'
import { openFolderWriter } from './open-writer.js'
import { absolute, baseName, join, QUEUE_FILE } from './paths.js'
import { startReader } from './reader.js'
import { RESERVE_BYTES } from './space.js'
import { checkVolume } from './volume.js'
import type { Trouble } from './writer.js'

/** Settings of a folder. */
export interface FolderOptions {
  /** Use a network mount in spite of what FORMAT 16.4 says. Default false. */
  readonly allowFileSystem?: boolean
  /** Bytes kept for closings on a full disk; 0 keeps none. Default 4 MiB. */
  readonly reserveBytes?: number
  /** The calls the folder is kept with; a simulated disk in tests. Default: this machine's. */
  readonly fileSystem?: FileSystem
  /** Who we are and who else lives. Default: this machine. */
  readonly host?: Host
}

/** A reader that also gives the journal in the large chunks verification wants. */
export interface FolderReader extends StorageReader {
  /** Whole lines from record `from` to the head as they are stored, damaged ones included. */
  chunks(from?: bigint): AsyncIterable<Chunk>
  purged(): Promise<PurgedBeginning | undefined>
}

/** A reader that also shows what lies behind the journal. */
export interface FolderView extends FolderReader {
  /**
   * Bytes behind the newest whole request that no later writer has stated: a torn end, which the next opening passes over, or damage
   * that looks like one. Verification judges them (FORMAT 13); none while a writer is known to be at work.
   */
  rest(): AsyncIterable<Chunk>
}

/** The writer of a folder. */
export interface FolderWriter extends StorageWriter, FolderReader {
  /** Removes sealed segments below a floor (FORMAT 14). @throws FiscalError OPTION_INVALID naming what is missing */
  purge(order: PurgeOrder): Promise<void>
  /** Blanks payloads of sealed records (FORMAT 3.2). @throws FiscalError OPTION_INVALID, JOURNAL_CORRUPT */
  blank(order: BlankOrder): Promise<BlankResult>
  unfinishedBlanks(newest: bigint): Promise<readonly bigint[]>
  chunks(from?: bigint): AsyncIterable<Chunk>
  purged(): Promise<PurgedBeginning | undefined>
  close(options?: { readonly clean?: boolean }): Promise<void>
}

/** A folder as a place for one queue. */
export interface FolderStorage extends Storage {
  openWriter(options?: OpenWriterOptions): Promise<FolderWriter>
  openReader(): Promise<FolderView>
}

/**
 * A folder as the place of one queue. Nothing is created or opened yet; a missing folder is only an error when it is opened.
 * @throws FiscalError STORAGE_UNSUPPORTED on a network mount, OPTION_INVALID for what is no path
 * @example
 * const storage = await openFolder('./paris-01')
 * await using queue = await openQueue({ country, signer, storage, create: 'if-missing' })
 */
export async function openFolder(path: string, options: FolderOptions = {}): Promise<FolderStorage> {
  // Node's own complaint would be a TypeError; an empty path would mean the current folder.
  if (typeof path !== 'string' || path === '' || path.includes('\0'))
    throw new FiscalError('OPTION_INVALID', { message: 'path: must be the path of a folder', path: 'path' })
  const place = absolute(path)
  const fs = options.fileSystem ?? nodeFileSystem
  const host = options.host ?? nodeHost
  const reserve = options.reserveBytes ?? RESERVE_BYTES
  const warnings = await checkVolume(fs, place, options.allowFileSystem ?? false)
  const trouble: Trouble = { full: false, final: undefined }
  return {
    name: baseName(place),
    create: (genesis: SealedRecord) => createFolder(place, genesis, { fs, host, reserve }),
    exists: async () => (await fs.stat(join(place, QUEUE_FILE))) !== undefined,
    openWriter: async (writerOptions = {}) =>
      openFolderWriter(await readFolder(fs, host, place), { options: writerOptions, trouble, reserve, warnings }),
    openReader: async () => startReader(await readFolder(fs, host, place), warnings),
  }
}
