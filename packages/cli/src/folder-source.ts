// The folder of a queue as verification reads it: its records as they lie, damaged ones included.
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { isFiscalError, type FiscalError, type PurgedBeginning } from '@sigillo/core'
import type { Chunk, Finding } from '@sigillo/core/verify'
import { readEvidence, type FolderView } from '@sigillo/storage-fs'
import { openReading } from './till.js'

/** The records of a folder, however damaged it is. */
export interface FolderSource {
  readonly queue: string | undefined
  /** Who has the queue open: `alive`, `dead`, `none`, `unknown`. */
  readonly holder: string
  /** About how many bytes the journal has. */
  readonly bytes: number
  /** Records expected; 0 when unknown. */
  readonly expected: number
  /** What stopped the store, if anything did. */
  readonly broken: Finding[]
  /** Lines a purge has left of the beginning. */
  readonly kept: PurgedBeginning['kept']
  /** The journal; an error that ends it early is added to `found`. */
  chunks(found: Finding[]): AsyncIterable<Chunk>
  /** A file kept beside the journal; absent when the folder cannot be opened. */
  readonly blob?: (sha256: string) => Promise<Uint8Array | undefined>
  close(): Promise<void>
}

/**
 * Opens a folder for verification. One too damaged to be opened is read by the names of its files: the verifier must name the record,
 * whichever it is.
 * @throws FiscalError when the folder cannot be read at all
 */
export async function openSource(dir: string): Promise<FolderSource> {
  const broken: Finding[] = []
  try {
    const reader = await openReading(dir)
    const { seq } = await reader.head()
    return {
      queue: reader.queue,
      holder: String((await reader.health()).details['holder']),
      bytes: await journalBytes(dir),
      expected: Number(seq) + 1,
      kept: (await reader.purged())?.kept ?? [],
      broken,
      chunks: (found) => untilBroken(wholeOf(reader), found),
      blob: (sha256) => reader.blob(sha256),
      close: () => reader.close(),
    }
  } catch (error) {
    if (!isFiscalError(error) || !['JOURNAL_CORRUPT', 'QUEUE_MISSING'].includes(error.code)) throw error
    broken.push(storageFinding(error))
    const chunks = (): AsyncIterable<Chunk> => readEvidence(dir)
    const unknown = { queue: undefined, holder: 'unknown', expected: 0, kept: [] }
    return { ...unknown, bytes: await journalBytes(dir), broken, chunks, close: () => Promise.resolve() }
  }
}

// The journal and what lies behind it: damage must not pass for a torn end in silence (FORMAT 13).
async function* wholeOf(reader: FolderView): AsyncIterable<Chunk> {
  yield* reader.chunks()
  yield* reader.rest()
}

// A store that cannot go on reading ends the records here; what was read is judged.
async function* untilBroken(chunks: AsyncIterable<Chunk>, broken: Finding[]): AsyncIterable<Chunk> {
  try {
    yield* chunks
  } catch (error) {
    if (!isFiscalError(error)) throw error
    broken.push(storageFinding(error))
  }
}

function storageFinding({ code, message, details }: FiscalError): Finding {
  const { firstBad, file, offset } = details as { firstBad?: number; file?: string; offset?: number }
  return {
    seq: firstBad ?? null,
    code,
    where: 'storage',
    message,
    severity: 'error',
    ...(file !== undefined && { file }),
    ...(offset !== undefined && { offset }),
  }
}

async function journalBytes(dir: string): Promise<number> {
  const names = (await readdir(dir)).filter((name) => name.endsWith('.jsonl'))
  const sizes = await Promise.all(
    names.map((name) =>
      stat(join(dir, name)).then(
        ({ size }) => size,
        () => 0,
      ),
    ),
  )
  return sizes.reduce((sum, size) => sum + size, 0)
}
