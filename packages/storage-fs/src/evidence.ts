// A folder too damaged to be opened, read as it lies: for verification, which must name the damaged records even where they are the
// ones opening depends on (the first record of an epoch, `queue.json`). Order and limits come from the names of the files, which
// say where each epoch begins (FORMAT 8, 10.1); nothing is judged here.
import type { FiscalError } from '@sigillo/core'
import { readCatalog, type Catalog } from './catalog.js'
import { readFile } from './durable.js'
import { asStorageError } from './faults.js'
import type { FileSystem } from './file-system.js'
import type { Chunk } from './journal.js'
import { cutLines } from './lines.js'
import { nodeFileSystem } from './node-file-system.js'
import { absolute, join, sealedName, type LiveFile } from './paths.js'

const LINE_FEED = 0x0a

/** The lines of a folder, damaged ones included, in the order in which they were written. Empty when no file holds any. */
export async function* readEvidence(path: string, fs: FileSystem = nodeFileSystem): AsyncGenerator<Chunk> {
  const folder = absolute(path)
  const catalog = await readCatalog(fs, folder).catch((error: unknown) => Promise.reject(unreadable(error)))
  let next = 0
  for (const first of catalog.sealed) {
    const bytes = (await readFile(fs, join(folder, sealedName(first)))) ?? new Uint8Array()
    next = first + lastNumber(bytes, first) + 1
    yield { bytes: wholeLines(bytes), file: sealedName(first), offset: 0 }
  }
  for (const { name, first, limit } of await plan(fs, folder, catalog, next)) {
    const bytes = (await readFile(fs, join(folder, name))) ?? new Uint8Array()
    yield { bytes: upTo(wholeLines(bytes), first, limit), file: name, offset: 0 }
  }
}

function unreadable(error: unknown): FiscalError {
  return asStorageError(error, 'cannot list the folder')
}

interface Part extends LiveFile {
  /** Last record taken from the file: the epoch that continues it begins behind that one. */
  readonly limit: number
}

// From the newest epoch back: each begins behind the last record it adopted, so its first file's name limits the one before. Of the
// epochs below, the nearest that reaches so far back is the adopted one: a stale writer's epoch begins where its successor does.
async function plan(fs: FileSystem, folder: string, { live }: Catalog, from: number): Promise<readonly Part[]> {
  const parts: Part[] = []
  let limit = Number.POSITIVE_INFINITY
  for (const epoch of [...new Set(live.map((file) => file.epoch))].sort((a, b) => b - a)) {
    const files = live.filter((file) => file.epoch === epoch && file.first >= from && file.first <= limit)
    const begin = files[0]?.first
    if (begin === undefined) continue
    // The newest epoch counts once it has a whole line; otherwise its writer never came that far.
    if (parts.length === 0 && !(await hasLine(fs, folder, files))) continue
    parts.unshift(...files.map((file) => ({ ...file, limit })))
    limit = Math.min(limit, begin - 1)
  }
  return parts
}

async function hasLine(fs: FileSystem, folder: string, files: readonly LiveFile[]): Promise<boolean> {
  for (const { name } of files) if ((await readFile(fs, join(folder, name)))?.includes(LINE_FEED) === true) return true
  return false
}

// A last line without its line feed was never finished.
function wholeLines(bytes: Uint8Array): Uint8Array {
  return bytes.subarray(0, bytes.lastIndexOf(LINE_FEED) + 1)
}

function upTo(bytes: Uint8Array, first: number, limit: number): Uint8Array {
  if (limit === Number.POSITIVE_INFINITY) return bytes
  let end = 0
  for (const line of cutLines(bytes, first)) {
    if (line.seq > limit) break
    end = Math.min(line.end + 1, bytes.length)
  }
  return bytes.subarray(0, end)
}

function lastNumber(bytes: Uint8Array, first: number): number {
  let last = first - 1
  for (const { seq } of cutLines(wholeLines(bytes), first)) last = seq
  return last - first
}
