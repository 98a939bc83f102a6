// The one writer of a folder (FORMAT 9.2). Numbers in brackets are the steps of README.md, "Life of a batch".
import {
  FiscalError,
  type Adoption,
  type Awaitable,
  type BlankOrder,
  type BlankResult,
  type Head,
  type PurgedBeginning,
  type PurgeOrder,
  type ReadHead,
  type SealedRecord,
  type StorageHealth,
  type StoredLine,
  type StoredSnapshot,
} from '@sigillo/core'
import { readAnchors, writeAnchor } from './anchors.js'
import { BatchBuffer, type EncodedBatch, checkBatch, checkOpening } from './batch.js'
import { readBlob, writeBlob } from './blobs.js'
import { claimPaths, fencedError, isFenced, isOvertaken, type Claim, type ClaimPaths, type FolderIdentity } from './claim.js'
import { asStorageError, errnoOf, isFinal, isFull, ShortWrite } from './faults.js'
import type { OpenFile } from './file-system.js'
import type { Folder } from './folder.js'
import { segmentOf } from './folder.js'
import { writeHint } from './hint.js'
import { loadHistory } from './history.js'
import type { Chunk, Journal } from './journal.js'
import { sealComplete } from './maintain.js'
import { snapshotsWithBase } from './kept.js'
import { join, liveName } from './paths.js'
import type { RefHit, RefIndex } from './refs.js'
import { LiveSegment } from './segment.js'
import { writeSnapshot } from './snapshots.js'
import type { SpaceWatch } from './space.js'
import { tidy } from './tidy.js'
import { purgeFolder } from './purge.js'
import { blankPayloads, unfinishedBlanks } from './blank.js'
import type { FolderWriter } from './open-folder.js'

/** How long an idle queue waits before it renews its hint (FORMAT 10.5). */
const HINT_EVERY_MS = 60_000

/** What one Storage object remembers from one writer to the next. */
export interface Trouble {
  /** The disk was full. */
  full: boolean
  /** The medium failed: no process may go on by itself. */
  final: FiscalError | undefined
}

/** What opening has put together for a writer. */
export interface WriterParts {
  readonly folder: Folder
  readonly claim: Claim
  readonly identity: FolderIdentity
  readonly adoption: Adoption
  readonly journal: Journal
  readonly refs: RefIndex
  readonly space: SpaceWatch
  readonly trouble: Trouble
  readonly warnings: readonly string[]
  /** The hint must be renewed at once: it speaks of another place or a lost end. */
  readonly renewHint: boolean
}

/** Makes a writer of its parts. */
export function startWriter(parts: WriterParts): FolderWriter {
  return new Writer(parts)
}

class Writer implements FolderWriter {
  readonly adoption: Adoption
  readonly #folder: Folder
  readonly #journal: Journal
  readonly #refs: RefIndex
  readonly #space: SpaceWatch
  readonly #parts: WriterParts
  readonly #epoch: number
  readonly #claims: ClaimPaths
  readonly #buffer = new BatchBuffer()
  readonly #warnings: string[]
  #state: 'opening' | 'open' | 'dead' | 'closed' = 'opening'
  #file: OpenFile | undefined
  #segment: LiveSegment | undefined
  #batches = 0
  #underway: Promise<void> | undefined
  #background: Promise<unknown> = Promise.resolve()
  #maintaining: Promise<void> | undefined
  #closing: Promise<void> | undefined
  #hintTimer: ReturnType<typeof setTimeout> | undefined

  constructor(parts: WriterParts) {
    this.#parts = parts
    this.#folder = parts.folder
    this.#journal = parts.journal
    this.#refs = parts.refs
    this.#space = parts.space
    this.#epoch = parts.claim.epoch
    this.#claims = claimPaths(parts.folder, parts.claim.epoch)
    this.#warnings = [...parts.warnings]
    this.adoption = parts.adoption
  }

  get queue(): string {
    return this.#folder.queue
  }

  get segBits(): number {
    return this.#folder.segBits
  }

  append(expect: Head, batch: readonly SealedRecord[]): Promise<void> {
    if (this.#underway !== undefined) return this.#underway.then(ignore, ignore).then(() => this.append(expect, batch))
    this.#underway = this.#append(expect, batch).finally(() => (this.#underway = undefined))
    return this.#underway
  }

  async #append(expect: Head, batch: readonly SealedRecord[]): Promise<void> {
    if ((this.#state !== 'open' && this.#state !== 'opening') || this.#closing !== undefined) throw closedError()
    checkBatch(this.#folder, this.#epoch, this.#journal.head, expect, batch)
    if (this.#state === 'opening') checkOpening(batch, this.adoption)
    this.#requireNewRefs(batch)
    if (this.#space.isDue()) await this.#space.beforeBatch().catch(ignore)
    const encoded = this.#buffer.encode(batch)
    const segment = await this.#write(encoded.bytes, (batch[0] as SealedRecord).body.seq, expect)
    this.#requireUncontested(expect)
    this.#adopt(segment, encoded, batch)
  }

  // A second lock on the door: older references are the queue's to ask for before it signs anything.
  #requireNewRefs(batch: readonly SealedRecord[]): void {
    const refs = new Set<string>()
    for (const { body } of batch) {
      if (body.ref === undefined) continue
      if (refs.has(body.ref) || this.#refs.isRecent(body.ref)) {
        throw new FiscalError('RECORD_INVALID', { message: `record ${body.seq} repeats the reference of another record` })
      }
      refs.add(body.ref)
    }
  }

  // [1] to [4]: the bytes are on stable storage when it returns.
  async #write(bytes: Uint8Array, base: number, expect: Head): Promise<LiveSegment> {
    const fresh = this.#file === undefined || base % this.#folder.segment === 0
    let touched = false
    try {
      const { file, segment } = fresh
        ? await this.#startFile(base)
        : { file: this.#file as OpenFile, segment: this.#segment as LiveSegment }
      touched = true
      const written = file.writeNow(bytes)
      if (written !== bytes.length) throw new ShortWrite(written, bytes.length)
      const syncing = file.datasync()
      if (syncing !== undefined) await syncing
      if (fresh) await this.#folder.fs.syncDirectory(this.#folder.path)
      return segment
    } catch (error) {
      throw await this.#poison(error, expect, touched)
    }
  }

  // [1] A file holds records of one epoch and one segment.
  async #startFile(first: number): Promise<{ readonly file: OpenFile; readonly segment: LiveSegment }> {
    const name = liveName(first, this.#epoch)
    const file = await this.#folder.fs.open(join(this.#folder.path, name), 'append')
    const old = this.#file
    if (old !== undefined) this.#later(() => old.close())
    this.#file = file
    const known = await this.#journal.live(segmentOf(this.#folder, first))
    const segment = known ?? new LiveSegment(first)
    if (known === undefined) this.#journal.addLive(segment)
    segment.startPiece(name, this.#epoch)
    this.#segment = segment
    return { file, segment }
  }

  // [5] After the sync, before anybody is told.
  #requireUncontested(expect: Head): void {
    let fenced: boolean
    try {
      fenced = isOvertaken(this.#folder, this.#claims)
    } catch (error) {
      this.#die()
      throw uncertain(error, expect)
    }
    if (!fenced) return
    this.#die()
    // A later writer may have read our bytes before it went on: only the journal it leaves can tell.
    throw new FiscalError('STORAGE_FENCED', {
      message: fencedError(this.#epoch).message,
      registered: 'unknown',
      details: { epoch: this.#epoch },
    })
  }

  // [6]
  #adopt(segment: LiveSegment, { bytes, ends }: EncodedBatch, batch: readonly SealedRecord[]): void {
    segment.append(ends, bytes)
    let checkpoint = false
    for (const { body } of batch) {
      if (body.ref !== undefined) this.#refs.add(body.ref, body.seq)
      checkpoint ||= body.type === 'sys.checkpoint'
    }
    const { body, hash } = batch.at(-1) as SealedRecord
    this.#journal.head = { seq: body.seq, hash }
    this.#batches += 1
    this.#state = 'open'
    if (this.#batches === 1) this.#afterOpening()
    if (this.#batches === 2) this.#journal.letGo()
    if (checkpoint) this.#later(() => this.#writeHint(false))
    else this.#hintWhenIdle()
  }

  #afterOpening(): void {
    if (this.#parts.renewHint) this.#later(() => this.#writeHint(false))
    this.#later(() => tidy(this.#folder, this.#epoch))
    // A crash may have come between completing a segment and sealing it.
    if (this.#journal.liveFirsts().length > 1) this.#later(() => this.maintain())
  }

  // Any error of a write ends the epoch (FORMAT 9.3). Nothing is written or synced again on this file.
  async #poison(error: unknown, expect: Head, touched: boolean): Promise<FiscalError> {
    this.#die()
    const { trouble } = this.#parts
    if (isFinal(error)) trouble.final = asStorageError(error, 'the medium failed')
    if (!isFull(error)) return touched ? uncertain(error, expect) : asStorageError(error, 'cannot begin a file of the journal')
    trouble.full = true
    await this.#space.enterEmergency().catch(ignore)
    return (await this.#nothingStored(expect)) ? asStorageError(error, 'the disk is full') : uncertain(error, expect)
  }

  // Whether whoever opens next would find the head where it was: by the same reading that opening does.
  async #nothingStored(expect: Head): Promise<boolean> {
    try {
      const { head } = await loadHistory(this.#folder)
      return BigInt(head.seq) === expect.seq && head.hash === expect.hash
    } catch {
      return false
    }
  }

  #die(): void {
    this.#state = 'dead'
    if (this.#hintTimer !== undefined) clearTimeout(this.#hintTimer)
    const file = this.#file
    this.#file = undefined
    if (file !== undefined) this.#later(() => file.close())
  }

  #later(work: () => Promise<unknown>): void {
    this.#background = this.#background.then(work).catch((error: unknown) => {
      if (this.#warnings.length < 100) this.#warnings.push(asStorageError(error, 'background work failed').message)
    })
  }

  #hintWhenIdle(): void {
    if (this.#hintTimer !== undefined) return
    this.#hintTimer = setTimeout(() => {
      this.#hintTimer = undefined
      this.#later(() => this.#writeHint(false))
    }, HINT_EVERY_MS)
    this.#hintTimer.unref()
  }

  async #writeHint(clean: boolean): Promise<void> {
    if (this.#state !== 'open' && !clean) return
    const { seq, hash } = this.#journal.head
    const { dev, ino } = this.#parts.identity
    await writeHint(this.#folder, { seq, hash, epoch: this.#epoch, machine: this.#folder.host.machine, dev, ino, clean })
  }

  head(): Promise<ReadHead> {
    const { seq, hash } = this.#journal.head
    return Promise.resolve({ seq: BigInt(seq), hash, durableThrough: BigInt(seq) })
  }

  read(from: bigint, to?: bigint): AsyncIterable<StoredLine> {
    return this.#journal.lines(Math.max(0, Number(from)), Math.min(Number(to ?? this.#journal.head.seq), this.#journal.head.seq))
  }

  byRef(ref: string): Awaitable<RefHit | undefined> {
    return this.#refs.find(ref)
  }

  chunks(from = 0n): AsyncIterable<Chunk> {
    return this.#journal.chunks(Number(from))
  }

  snapshots(): Promise<readonly StoredSnapshot[]> {
    return snapshotsWithBase(this.#folder, this.#journal.head.seq)
  }

  async putSnapshot(snapshot: StoredSnapshot): Promise<void> {
    if (this.#state === 'open') await writeSnapshot(this.#folder, snapshot, this.#epoch)
  }

  blob(sha256: string): Promise<Uint8Array | undefined> {
    return readBlob(this.#folder, sha256)
  }

  async putBlob(bytes: Uint8Array): Promise<string> {
    this.#requireAlive()
    try {
      return await writeBlob(this.#folder, bytes, this.#epoch)
    } catch (error) {
      throw asStorageError(error, 'cannot keep a file')
    }
  }

  anchors(): ReturnType<typeof readAnchors> {
    return readAnchors(this.#folder)
  }

  async putAnchor(size: bigint, source: string, note: string): Promise<void> {
    this.#requireAlive()
    try {
      await writeAnchor(this.#folder, { size, source, note }, this.#epoch)
    } catch (error) {
      throw asStorageError(error, 'cannot keep a note')
    }
  }

  #requireAlive(): void {
    if (this.#state === 'dead' || this.#state === 'closed') throw closedError()
  }

  maintain(): Promise<void> {
    if (this.#state !== 'open') return Promise.resolve()
    this.#maintaining ??= this.#maintain().finally(() => (this.#maintaining = undefined))
    return this.#maintaining
  }

  async #maintain(): Promise<void> {
    await sealComplete(this.#journal, this.#refs, this.#epoch, () => this.#state === 'open' && this.#closing === undefined)
  }

  purged(): Promise<PurgedBeginning | undefined> {
    return Promise.resolve(this.#journal.purged())
  }

  async purge(order: PurgeOrder): Promise<void> {
    this.#requireAlive()
    await purgeFolder(this.#journal, order, this.#epoch)
  }

  async blank(order: BlankOrder): Promise<BlankResult> {
    this.#requireAlive()
    return blankPayloads(this.#journal, order, this.#epoch)
  }

  unfinishedBlanks(newest: bigint): Promise<readonly bigint[]> {
    return unfinishedBlanks(this.#folder, newest)
  }

  emergency(): boolean {
    return this.#space.emergency()
  }

  health(): Promise<StorageHealth> {
    const details = { epoch: this.#epoch, floor: this.#journal.floor, sealed: this.#journal.sealedFirsts().length }
    const state =
      this.#state === 'closed' ? 'closed' : this.#state === 'dead' ? 'failed' : this.#space.emergency() ? 'emergency' : 'good'
    const warnings = [...this.#warnings, ...this.#space.warnings()]
    const { freeBytes } = this.#space
    const degraded = state === 'good' && warnings.length > 0 ? 'degraded' : state
    return Promise.resolve({ kind: 'folder', state: degraded, warnings, details, ...(freeBytes !== undefined && { freeBytes }) })
  }

  close({ clean = true }: { readonly clean?: boolean } = {}): Promise<void> {
    return (this.#closing ??= this.#close(clean))
  }

  async #close(clean: boolean): Promise<void> {
    await this.#underway?.catch(ignore)
    await this.#maintaining?.catch(ignore)
    await this.#background
    const orderly = clean && this.#state === 'open'
    this.#die()
    this.#state = 'closed'
    await this.#background
    if (orderly && !isFencedOrGone(this.#folder, this.#epoch)) await this.#writeHint(true).catch(ignore)
    await this.#space.settle()
    await this.#refs.close()
    await this.#parts.claim.pulse.close()
  }
}

function isFencedOrGone(folder: Folder, epoch: number): boolean {
  try {
    return isFenced(folder, epoch)
  } catch {
    return true
  }
}

function ignore(): void {
  // The failure is the business of whoever started the work.
}

function closedError(): FiscalError {
  return new FiscalError('QUEUE_CLOSED', { message: 'this writer is closed; open the queue again' })
}

function uncertain(error: unknown, expect: Head): FiscalError {
  const errno = errnoOf(error)
  const message = `it is not known whether the records after ${expect.seq} are durable${errno === undefined ? '' : `: ${errno}`}`
  return new FiscalError('STORAGE_UNCERTAIN', {
    message,
    details: { after: Number(expect.seq), ...(errno !== undefined && { errno }) },
    cause: error,
  })
}
