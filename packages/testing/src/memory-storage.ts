// The Storage port in memory, complete: one writer by epoch, compare-and-swap on the head, fencing (FORMAT 17.2, 18). The
// reference the storage kit was written against, and the store of every test that needs no disk. Nothing survives the process.
import { FiscalError } from '@sigillo/core'
import type { OpenWriterOptions, SealedRecord, Storage, StorageReader, StorageWriter } from '@sigillo/core'
import { memoryReader, memoryWriter } from './memory-handles.js'
import { newPlace, type MemoryPlace } from './memory-place.js'

/**
 * A place in memory for one queue. Every handle opened from one value sees the same records, so two queues opened over it are
 * two processes over one store; a handle that was never closed counts as a live holder until someone takes over.
 */
export function memoryStorage(name: string = 'memory'): Storage {
  let place: MemoryPlace | undefined
  const here = (): MemoryPlace => {
    if (place === undefined) throw new FiscalError('QUEUE_MISSING', { message: `no queue is stored in ${name}` })
    return place
  }
  return {
    name,
    exists: async () => place !== undefined,
    create: async (genesis: SealedRecord) => {
      if (place !== undefined) throw new FiscalError('QUEUE_EXISTS', { message: `a queue is stored in ${name}` })
      place = newPlace(genesis)
    },
    openReader: async (): Promise<StorageReader> => memoryReader(here()),
    openWriter: async (options: OpenWriterOptions = {}): Promise<StorageWriter> => memoryWriter(here(), name, options),
  }
}
