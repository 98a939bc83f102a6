// A folder too damaged to be opened, read as it lies: for verification, which must name the damaged records even where they are the
// ones opening depends on (the first record of an epoch, `queue.json`). Order and limits come from the names of the files, which
// say where each epoch begins (FORMAT 8, 10.1); nothing is judged here.
import { parseLine, type FiscalError } from '@sigillo/core'
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

// From the newest epoch back. An intact opener names the epoch it adopted; behind a damaged one stands the nearest epoch below that
// begins earlier (FORMAT 5). Either way the name of the opener's file says where the adopted epoch ends.
async function plan(fs: FileSystem, folder: string, { live }: Catalog, from: number): Promise<readonly Part[]> {
  const parts: Part[] = []
  const epochs = [...new Set(live.map((file) => file.epoch))].sort((a, b) => b - a)
  let limit = Number.POSITIVE_INFINITY
  let adopted: number | undefined
  for (const epoch of epochs) {
    if (adopted !== undefined && epoch !== adopted) continue
    const files = live.filter((file) => file.epoch === epoch && file.first >= from && file.first <= limit)
    const [opener] = files
    if (opener === undefined) continue
    // The newest epoch counts once it has a whole line; otherwise its writer never came that far.
    if (parts.length === 0 && !(await hasLine(fs, folder, files))) continue
    parts.unshift(...files.map((file) => ({ ...file, limit })))
    limit = Math.min(limit, opener.first - 1)
    adopted = await adoptedBy(fs, folder, opener)
    if (adopted !== undefined && !epochs.includes(adopted)) adopted = undefined
  }
  return parts
}

async function adoptedBy(fs: FileSystem, folder: string, { name }: LiveFile): Promise<number | undefined> {
  const bytes = (await readFile(fs, join(folder, name))) ?? new Uint8Array()
  const record = parseLine(bytes.subarray(0, Math.max(0, bytes.indexOf(LINE_FEED))))
  if (record?.body.type !== 'sys.open' || record.hash !== record.recomputedHash || !record.payloadMatches) return undefined
  return (record.payload as { adopted?: { epoch?: number } } | null)?.adopted?.epoch
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
