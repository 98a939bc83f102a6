// What memory storage keeps, and the check of a batch against FORMAT 18 before anything of it is kept.
import { FiscalError, lineOf, recordHash, utf8 } from '@sigillo/core'
import type { Head, JsonObject, SealedRecord, StoredSnapshot } from '@sigillo/core'

/** Limits of FORMAT 3.1, in bytes. */
const MAX_LINE_BYTES = 1_048_576
const MAX_BODY_BYTES = 8192

/** Everything one queue's place holds; shared by all handles. */
export interface MemoryPlace {
  readonly queue: string
  readonly segBits: number
  /** Lines by number, as text: a caller gets its own bytes and cannot change ours. */
  readonly lines: string[]
  readonly hashes: string[]
  readonly epochs: number[]
  readonly refs: Map<string, number>
  readonly blobs: Map<string, Uint8Array>
  readonly anchors: { readonly size: bigint; readonly source: string; readonly note: string }[]
  snapshots: StoredSnapshot[]
  /** Largest epoch ever handed out. */
  epoch: number
  /** The epoch of a writer that is open, undefined when none is. */
  holder: number | undefined
}

/** A place that holds a genesis record. */
export function newPlace(genesis: SealedRecord): MemoryPlace {
  const { body } = genesis
  if (body.seq !== 0 || body.type !== 'sys.genesis' || body.epoch !== 1)
    throw invalid('a queue begins with sys.genesis, number 0, epoch 1')
  const place: MemoryPlace = {
    queue: body.queue,
    segBits: Number((genesis.payload as JsonObject)['segBits']),
    lines: [],
    hashes: [],
    epochs: [],
    refs: new Map(),
    blobs: new Map(),
    anchors: [],
    snapshots: [],
    epoch: 1,
    holder: undefined,
  }
  keep(place, [genesis])
  return place
}

/** The newest record. */
export function headOf(place: MemoryPlace): Head {
  return { seq: BigInt(place.lines.length - 1), hash: place.hashes.at(-1) as string }
}

/** Adds checked records. */
export function keep(place: MemoryPlace, batch: readonly SealedRecord[]): void {
  for (const record of batch) {
    if (record.body.ref !== undefined) place.refs.set(record.body.ref, record.body.seq)
    place.lines.push(lineOf(record))
    place.hashes.push(record.hash)
    place.epochs.push(record.body.epoch)
  }
}

/**
 * Checks a batch for a writer of `epoch` before anything is kept.
 * @throws FiscalError RECORD_INVALID, STORAGE_CONFLICT
 */
export function checkBatch(place: MemoryPlace, epoch: number, expect: Head, batch: readonly SealedRecord[]): void {
  checkShape(place, epoch, expect, batch)
  const head = headOf(place)
  if (expect.seq !== head.seq || expect.hash !== head.hash) {
    throw new FiscalError('STORAGE_CONFLICT', {
      message: `the head is record ${head.seq}, not the expected ${expect.seq}`,
      details: { seq: Number(head.seq), hash: head.hash },
    })
  }
  checkRefs(place, batch)
  // FORMAT 4: each epoch begins with sys.open, alone in its batch.
  const opens = place.epochs.at(-1) !== epoch
  if (opens !== (batch[0]?.body.type === 'sys.open') || (opens && batch.length > 1))
    throw invalid('an epoch begins with one batch holding sys.open alone')
}

function checkShape(place: MemoryPlace, epoch: number, expect: Head, batch: readonly SealedRecord[]): void {
  const base = Number(expect.seq) + 1
  if (batch.length === 0) throw invalid('the batch is empty')
  if (base >> place.segBits !== (base + batch.length - 1) >> place.segBits) throw invalid('the batch crosses a segment boundary')
  let prev = expect.hash
  let more = 0
  batch.forEach((record, i) => {
    const { body } = record
    if (body.seq !== base + i || body.base !== base) throw invalid(`record ${i} of the batch is out of order`)
    if (body.queue !== place.queue || body.epoch !== epoch) throw invalid(`record ${body.seq} belongs to another queue or epoch`)
    if (body.prev !== prev) throw invalid(`record ${body.seq} does not follow its predecessor`)
    if (record.hash !== recordHash(record.bodyText, record.sig)) throw invalid(`record ${body.seq} has a wrong hash`)
    if (more > 0 && (body.more ?? 0) !== more - 1) throw invalid(`record ${body.seq} breaks the count of its request`)
    more = body.more ?? 0
    prev = record.hash
  })
  for (const record of batch) checkSize(record)
  if (more > 0) throw invalid('the last request of the batch is incomplete')
}

// A UTF-16 unit takes at most three bytes, so the exact count is only taken near a limit.
function checkSize(record: SealedRecord): void {
  const within = (text: string, limit: number): boolean => text.length * 3 <= limit || utf8(text).length <= limit
  if (within(lineOf(record), MAX_LINE_BYTES) && within(record.bodyText, MAX_BODY_BYTES)) return
  throw new FiscalError('RECORD_TOO_LARGE', { message: `record ${record.body.seq} exceeds 1 MiB, or its body 8 KiB` })
}

function checkRefs(place: MemoryPlace, batch: readonly SealedRecord[]): void {
  const seen = new Set<string>()
  for (const { body } of batch) {
    if (body.ref === undefined) continue
    if (place.refs.has(body.ref) || seen.has(body.ref)) throw invalid(`reference ${body.ref} is in the journal already`)
    seen.add(body.ref)
  }
}

function invalid(message: string): FiscalError {
  return new FiscalError('RECORD_INVALID', { message })
}
