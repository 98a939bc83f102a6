// What a batch must be before it is written (FORMAT 9.2, 18), and its bytes.
import { FiscalError, lineOf, type Adoption, type Head, type JsonObject, type SealedRecord } from '@sigillo/core'
import type { Folder } from './folder.js'
import { segmentOf } from './folder.js'

/**
 * Checks a batch against the head and the writer's epoch.
 * @throws FiscalError STORAGE_CONFLICT, RECORD_INVALID; nothing has been written then
 */
export function checkBatch(
  folder: Folder,
  epoch: number,
  head: { readonly seq: number; readonly hash: string },
  expect: Head,
  batch: readonly SealedRecord[],
): void {
  if (expect.seq !== BigInt(head.seq) || expect.hash !== head.hash) {
    const details = { head: { seq: head.seq, hash: head.hash }, expected: { seq: Number(expect.seq), hash: expect.hash } }
    throw new FiscalError('STORAGE_CONFLICT', { message: `the newest record is ${head.seq}, not ${expect.seq}`, details })
  }
  const base = head.seq + 1
  if (batch.length === 0) throw invalid('a batch holds at least one record')
  if (segmentOf(folder, base) !== segmentOf(folder, base + batch.length - 1)) throw invalid('a batch lies inside one segment')
  let prev = head.hash
  let owed = 0
  for (const [at, { body, hash }] of batch.entries()) {
    if (body.seq !== base + at || body.prev !== prev) throw invalid(`record ${body.seq} does not follow record ${base + at - 1}`)
    if (body.base !== base || body.epoch !== epoch || body.queue !== folder.queue)
      throw invalid(`record ${body.seq} belongs to another batch, epoch or queue`)
    const more = body.more ?? 0
    if (owed > 0 && more !== owed - 1) throw invalid(`record ${body.seq} breaks into the request before it`)
    owed = more
    prev = hash
  }
  if (owed > 0) throw invalid('the last request of the batch is incomplete')
}

/**
 * The first batch of an epoch is `sys.open` alone, and names the record it continues (FORMAT 4): the next opening goes by it.
 * @throws FiscalError RECORD_INVALID
 */
export function checkOpening(batch: readonly SealedRecord[], { adopted }: Adoption): void {
  const [first] = batch
  if (batch.length !== 1 || first?.body.type !== 'sys.open') throw invalid('an epoch begins with sys.open, alone in its batch')
  const named = (first.payload as JsonObject | null)?.['adopted'] as JsonObject | null | undefined
  const same = named?.['epoch'] === adopted.epoch && named['seq'] === adopted.seq && named['hash'] === adopted.hash
  if (!same) throw invalid('sys.open does not name the record it continues')
}

function invalid(message: string): FiscalError {
  return new FiscalError('RECORD_INVALID', { message })
}

/** Lines of a batch in one piece. */
export interface EncodedBatch {
  readonly bytes: Uint8Array
  /** Offset of each line feed from the first byte. */
  readonly ends: readonly number[]
}

/** Limits of FORMAT 3.1. */
const MAX_LINE_BYTES: number = 1024 * 1024
const MAX_BODY_BYTES = 8192

/** Bytes of batches, in memory that is used again: a lone sale allocates nothing for them. */
export class BatchBuffer {
  #buffer: Buffer = Buffer.allocUnsafe(64 * 1024)

  /**
   * The lines of a batch. Valid until the next call.
   * @throws FiscalError RECORD_TOO_LARGE: no reader would take such a line
   */
  encode(batch: readonly SealedRecord[]): EncodedBatch {
    const ends: number[] = []
    let filled = 0
    for (const record of batch) {
      const line = lineOf(record)
      // A UTF-16 unit takes at most three bytes of UTF-8.
      this.#reserve(filled, line.length * 3 + 1)
      const length = this.#buffer.write(line, filled, 'utf8')
      if (
        length > MAX_LINE_BYTES ||
        (record.bodyText.length * 3 > MAX_BODY_BYTES && Buffer.byteLength(record.bodyText) > MAX_BODY_BYTES)
      ) {
        throw new FiscalError('RECORD_TOO_LARGE', { message: `record ${record.body.seq} exceeds 1 MiB, or its body 8 KiB` })
      }
      filled += length
      ends.push(filled)
      this.#buffer[filled] = 0x0a
      filled += 1
    }
    return { bytes: this.#buffer.subarray(0, filled), ends }
  }

  #reserve(filled: number, wanted: number): void {
    if (filled + wanted <= this.#buffer.length) return
    const larger = Buffer.allocUnsafe(Math.max(this.#buffer.length * 2, filled + wanted))
    this.#buffer.copy(larger, 0, 0, filled)
    this.#buffer = larger
  }
}
