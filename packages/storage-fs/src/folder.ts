// A queue's folder as the parts of this package see it, and `queue.json`, which makes a directory a queue (FORMAT 8).
import { canonical, FiscalError, fromUtf8, parseCanonical, utf8, type JsonObject } from '@sigillo/core'
import { readFile } from './durable.js'
import { asStorageError, corrupt, errnoOf } from './faults.js'
import type { FileSystem } from './file-system.js'
import type { Host } from './host.js'
import { baseName, join, QUEUE_FILE } from './paths.js'

/** Where a queue lies and what never changes about it. */
export interface Folder {
  readonly fs: FileSystem
  readonly host: Host
  readonly path: string
  readonly queue: string
  readonly genesis: string
  readonly segBits: number
  /** Records in a segment. */
  readonly segment: number
}

/** Content of `queue.json`. */
export interface QueueFacts {
  readonly queue: string
  readonly genesis: string
  readonly segBits: number
}

export function queueFile(facts: QueueFacts): Uint8Array {
  return utf8(canonical({ format: 1, ...facts }))
}

/**
 * Reads `queue.json`.
 * @throws FiscalError QUEUE_MISSING, FORMAT_UNSUPPORTED, JOURNAL_CORRUPT
 */
export async function readFolder(fs: FileSystem, host: Host, path: string): Promise<Folder> {
  const bytes = await readFile(fs, join(path, QUEUE_FILE)).catch((error: unknown) => {
    if (errnoOf(error) === 'ENOTDIR') return undefined
    throw asStorageError(error, `cannot read ${QUEUE_FILE}`)
  })
  if (bytes === undefined) throw new FiscalError('QUEUE_MISSING', { message: `no queue is stored in ${baseName(path)}` })
  const { queue, genesis, segBits } = parseQueueFile(bytes)
  return { fs, host, path, queue, genesis, segBits, segment: 2 ** segBits }
}

function parseQueueFile(bytes: Uint8Array): QueueFacts {
  const text = fromUtf8(bytes)
  const value = text === undefined ? undefined : (parseCanonical(text) as JsonObject | undefined)
  if (value?.['format'] !== undefined && value['format'] !== 1) {
    throw new FiscalError('FORMAT_UNSUPPORTED', {
      message: `the queue is of format ${JSON.stringify(value['format'])}; this version reads format 1`,
    })
  }
  const [queue, genesis, segBits] = [value?.['queue'], value?.['genesis'], value?.['segBits']]
  const sound =
    typeof queue === 'string' &&
    /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(queue) &&
    typeof genesis === 'string' &&
    /^[0-9a-f]{64}$/.test(genesis) &&
    isSegBits(segBits)
  if (!sound) throw corrupt({ file: QUEUE_FILE, offset: 0, firstBad: 0 }, 'the description of the queue cannot be read')
  return { queue, genesis, segBits: segBits as number }
}

/** Segments hold 4 to 65,536 records. */
export function isSegBits(value: unknown): boolean {
  return Number.isInteger(value) && (value as number) >= 2 && (value as number) <= 16
}

/** First number of the segment a record falls into. */
export function segmentOf(folder: Pick<Folder, 'segment'>, seq: number): number {
  return seq - (seq % folder.segment)
}
