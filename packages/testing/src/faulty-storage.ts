// A storage that fails on request around a real one: before anything is persisted, or after all of it is. Both look the same to
// the caller, which is the point (design 8). Every call is counted and recorded.
import { FiscalError } from '@sigillo/core'
import type {
  Head,
  OpenWriterOptions,
  SealedRecord,
  Storage,
  StorageReader,
  StorageWriter,
  StoredLine,
  StoredSnapshot,
} from '@sigillo/core'

/** Methods of storage and its handles that can be made to fail. */
export type StorageMethod =
  | 'create'
  | 'exists'
  | 'openWriter'
  | 'openReader'
  | 'append'
  | 'putSnapshot'
  | 'putBlob'
  | 'putAnchor'
  | 'maintain'
  | 'head'
  | 'read'
  | 'byRef'
  | 'snapshots'
  | 'blob'
  | 'anchors'
  | 'close'

/** One failure wanted. */
export interface StorageFault {
  /** The method that fails, or `any`. */
  readonly method: StorageMethod | 'any'
  /** The n-th call of it from now on, from 1; default 1. */
  readonly nth?: number
  /** How many calls in a row fail; default 1. */
  readonly times?: number
  /** `before`: the real storage is never asked. `after`: it has done everything, and then the call fails. */
  readonly when: 'before' | 'after'
  /** What is thrown; default STORAGE_UNCERTAIN for `append`, STORAGE_FAILED for the rest. */
  readonly error?: unknown
}

/** One call that was made. */
export interface StorageCall {
  readonly method: StorageMethod
  /** How it ended: by the real storage, or by a fault. */
  readonly failed?: 'before' | 'after'
}

/** A storage with faults. */
export interface FaultyStorage extends Storage {
  /** All calls so far, in order. */
  readonly calls: readonly StorageCall[]
  /** Adds a failure; counting starts now. */
  fail(fault: StorageFault): void
  /** Takes every failure back that has not happened. */
  heal(): void
}

interface Armed {
  readonly fault: StorageFault
  seen: number
}

/**
 * Puts faults around a storage. A writer whose `append` failed is dead, as the contract says; closing it still releases the place.
 * @example
 * const storage = faultyStorage(memoryStorage(), [{ method: 'append', nth: 3, when: 'after' }])
 */
export function faultyStorage(storage: Storage, plan: readonly StorageFault[] = []): FaultyStorage {
  const desk = new FaultDesk(plan)
  return {
    name: storage.name,
    calls: desk.calls,
    fail: (fault) => desk.arm(fault),
    heal: () => desk.heal(),
    create: (genesis) => desk.run('create', () => storage.create(genesis)),
    exists: () => desk.run('exists', () => storage.exists()),
    openReader: () => desk.run('openReader', async () => faultyReader(await storage.openReader(), desk)),
    openWriter: (options?: OpenWriterOptions) =>
      desk.run('openWriter', async () => faultyWriter(await storage.openWriter(options), desk), giveBack),
  }
}

// A writer opened behind a failure would hold the place for ever; its caller never saw it.
async function giveBack(writer: StorageWriter): Promise<void> {
  await writer.close({ clean: false })
}

class FaultDesk {
  readonly calls: StorageCall[] = []
  #armed: Armed[]

  constructor(plan: readonly StorageFault[]) {
    this.#armed = plan.map((fault) => ({ fault, seen: 0 }))
  }
  arm(fault: StorageFault): void {
    this.#armed.push({ fault, seen: 0 })
  }
  heal(): void {
    this.#armed = []
  }
  due(method: StorageMethod): StorageFault | undefined {
    let due: StorageFault | undefined
    for (const armed of this.#armed) {
      const { method: wanted, nth = 1, times = 1 } = armed.fault
      if (wanted !== 'any' && wanted !== method) continue
      armed.seen += 1
      if (armed.seen >= nth && armed.seen < nth + times) due ??= armed.fault
    }
    this.calls.push(due === undefined ? { method } : { method, failed: due.when })
    return due
  }
  async run<T>(method: StorageMethod, work: () => T | Promise<T>, undo?: (result: T) => Promise<void>): Promise<T> {
    const fault = this.due(method)
    if (fault?.when === 'before') throw errorOf(fault, method)
    const result = await work()
    if (fault === undefined) return result
    await undo?.(result)
    throw errorOf(fault, method)
  }
}

function errorOf(fault: StorageFault, method: StorageMethod): unknown {
  if (fault.error !== undefined) return fault.error
  const code = method === 'append' ? 'STORAGE_UNCERTAIN' : 'STORAGE_FAILED'
  return new FiscalError(code, { message: `${method} failed on request` })
}

function faultyReader(reader: StorageReader, desk: FaultDesk): StorageReader {
  return {
    queue: reader.queue,
    segBits: reader.segBits,
    head: () => desk.run('head', () => reader.head()),
    read: (from, to) => faultyRead(reader, desk, from, to),
    ...(reader.chunks !== undefined && {
      chunks: (from?: bigint) => (reader.chunks as NonNullable<StorageReader['chunks']>)(from),
    }),
    byRef: (ref) => faultyLookup(reader, desk, ref),
    snapshots: () => desk.run('snapshots', () => reader.snapshots()),
    blob: (sha256) => desk.run('blob', () => reader.blob(sha256)),
    anchors: () => desk.run('anchors', () => reader.anchors()),
    health: () => reader.health(),
    close: () => desk.run('close', () => reader.close()),
  }
}

async function* faultyRead(
  reader: StorageReader,
  desk: FaultDesk,
  from: bigint,
  to: bigint | undefined,
): AsyncIterable<StoredLine> {
  const fault = desk.due('read')
  if (fault?.when === 'before') throw errorOf(fault, 'read')
  yield* reader.read(from, to)
  if (fault !== undefined) throw errorOf(fault, 'read')
}

// Stays as immediate as the storage behind it, so that tests meet the same order of turns.
function faultyLookup(reader: StorageReader, desk: FaultDesk, ref: string): ReturnType<StorageReader['byRef']> {
  const fault = desk.due('byRef')
  if (fault !== undefined) return Promise.reject(errorOf(fault, 'byRef'))
  return reader.byRef(ref)
}

function faultyWriter(writer: StorageWriter, desk: FaultDesk): StorageWriter {
  let dead = false
  const append = async (expect: Head, batch: readonly SealedRecord[]): Promise<void> => {
    if (dead) throw new FiscalError('QUEUE_CLOSED', { message: 'the handle is dead since an append failed' })
    const before = desk.calls.length
    try {
      await desk.run('append', () => writer.append(expect, batch))
    } catch (error) {
      if (desk.calls[before]?.failed !== undefined) dead = true
      throw error
    }
  }
  return {
    ...faultyReader(writer, desk),
    adoption: writer.adoption,
    append,
    putSnapshot: (snapshot: StoredSnapshot) => desk.run('putSnapshot', () => writer.putSnapshot(snapshot)),
    putBlob: (bytes: Uint8Array) => desk.run('putBlob', () => writer.putBlob(bytes)),
    putAnchor: (size: bigint, source: string, note: string) => desk.run('putAnchor', () => writer.putAnchor(size, source, note)),
    maintain: () => desk.run('maintain', () => writer.maintain()),
    emergency: () => writer.emergency(),
    close: (options?: { readonly clean?: boolean }) => desk.run('close', () => writer.close(options)),
  }
}
