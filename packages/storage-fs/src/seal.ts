// Sealing (FORMAT 11): a complete segment becomes one file of exactly its lines. The live files are removed only after the copy was
// synced, read back, compared, renamed and its name synced. Everything here may be interrupted at any point and begun again.
import { parseLine, sha256Stream } from '@sigillo/core'
import { readCatalog } from './catalog.js'
import { fencedError, isFenced } from './claim.js'
import { placeFile, readRange, removeFile, writeWhole } from './durable.js'
import { corrupt } from './faults.js'
import type { OpenFile } from './file-system.js'
import type { Folder } from './folder.js'
import type { Journal } from './journal.js'
import { indexName, join, sealedName, temporaryName } from './paths.js'
import { encodeIndex, offsetsOf, type Offsets } from './sealed-index.js'
import type { LiveSegment } from './segment.js'

const PART_BYTES: number = 512 * 1024

/** A segment that was sealed. */
export interface SealedSegment {
  readonly first: number
  readonly last: number
  /** Hash of its last record. */
  readonly hash: string
}

/**
 * Seals one complete segment. `beforeRename` runs when the copy is known to be good.
 * @throws FiscalError STORAGE_FENCED, JOURNAL_CORRUPT; the segment is then as readable as before
 */
export async function sealSegment(
  journal: Journal,
  segment: LiveSegment,
  epoch: number,
  beforeRename: (sealed: SealedSegment) => Promise<void>,
): Promise<void> {
  const { folder } = journal
  const { fs, path } = folder
  const { first } = segment
  const name = sealedName(first)
  const temporary = join(path, temporaryName(name, epoch))
  const offsets = offsetsOf(segment.lengths())
  const last = first + folder.segment - 1
  try {
    await removeFile(fs, temporary)
    const digest = await copyPieces(folder, segment, temporary)
    const hash = await compareCopy(folder, temporary, digest, offsets, last)
    await placeIndex(folder, first, offsets, { seq: last, hash }, epoch)
    await beforeRename({ first, last, hash })
    requireUnfenced(folder, epoch)
    await fs.rename(temporary, join(path, name))
  } catch (error) {
    await removeFile(fs, temporary).catch(() => undefined)
    throw error
  }
  await fs.syncDirectory(path)
  journal.becameSealed(first, offsets)
  await removeCovered(folder, first + folder.segment, epoch)
}

async function copyPieces(folder: Folder, segment: LiveSegment, temporary: string): Promise<string> {
  const { pieces } = segment
  // Nearly all segments are one piece, whose digest is that of the whole.
  const all = pieces.length > 1 ? sha256Stream() : undefined
  let digest = ''
  const copy = await folder.fs.open(temporary, 'create')
  try {
    for (const piece of pieces) {
      const own = sha256Stream()
      for await (const part of partsOf(folder, join(folder.path, piece.file), piece.end)) {
        own.update(part)
        all?.update(part)
        await writeWhole(copy, part)
      }
      digest = own.hex()
      if (digest === piece.digest()) continue
      throw corrupt(
        { file: piece.file, offset: 0, firstBad: piece.first },
        'a live file has changed since its records were adopted',
      )
    }
    await copy.datasync()
  } finally {
    await copy.close()
  }
  return all?.hex() ?? digest
}

async function* partsOf(folder: Folder, path: string, end: number): AsyncGenerator<Uint8Array> {
  const file = await folder.fs.open(path, 'read')
  try {
    for (let at = 0; at < end; at += PART_BYTES) yield await readRange(file, at, Math.min(end, at + PART_BYTES))
  } finally {
    await file.close()
  }
}

// What was written is read back: its digest, its size, and its last line, the segment's checkpoint. Gives that record's hash.
async function compareCopy(folder: Folder, temporary: string, digest: string, offsets: Offsets, last: number): Promise<string> {
  const size = offsets.at(-1) as number
  const read = sha256Stream()
  for await (const part of partsOf(folder, temporary, size)) read.update(part)
  const file: OpenFile = await folder.fs.open(temporary, 'read')
  try {
    const line = await readRange(file, offsets.at(-2) as number, size - 1)
    const record = parseLine(line)
    const good = read.hex() === digest && (await file.sizeBytes()) === size && record?.hash === record?.recomputedHash
    if (!good || record?.body.seq !== last)
      throw corrupt({ file: temporary, offset: 0, firstBad: last }, 'the sealed copy differs from what was written')
    return record.hash
  } finally {
    await file.close()
  }
}

/** Puts the index of a sealed segment in place. */
export async function placeIndex(
  folder: Folder,
  first: number,
  offsets: Offsets,
  last: { readonly seq: number; readonly hash: string },
  epoch: number,
): Promise<void> {
  await placeFile(folder.fs, folder.path, indexName(first), encodeIndex(offsets, last), { epoch, durable: false })
}

/** Removes live files whose records are all sealed, dead ones included: their digests stand in `sys.open`. */
export async function removeCovered(folder: Folder, sealedTo: number, epoch: number): Promise<void> {
  const { live } = await readCatalog(folder.fs, folder.path)
  requireUnfenced(folder, epoch)
  for (const file of live) {
    if (file.first < sealedTo && file.epoch <= epoch) await removeFile(folder.fs, join(folder.path, file.name))
  }
}

/** @throws FiscalError STORAGE_FENCED when a later writer exists, so that a stale one changes nothing any more */
export function requireUnfenced(folder: Folder, epoch: number): void {
  if (isFenced(folder, epoch)) throw fencedError(epoch)
}
