// Whole files: read them, build them under a temporary name, and put them in place (FORMAT 8, "temp + rename").
import { isMissing, ShortWrite } from './faults.js'
import type { FileSystem, OpenFile } from './file-system.js'
import { join, temporaryName } from './paths.js'

/** A whole file, or undefined when there is none. */
export async function readFile(fs: FileSystem, path: string): Promise<Uint8Array | undefined> {
  let file: OpenFile
  try {
    file = await fs.open(path, 'read')
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
  try {
    return await readRange(file, 0, await file.sizeBytes())
  } finally {
    await file.close()
  }
}

/** Bytes `from` … `to` of a file; shorter when it ends before. They are put into `room` when they fit there. */
export async function readRange(file: OpenFile, from: number, to: number, room?: Uint8Array): Promise<Uint8Array> {
  const length = Math.max(0, to - from)
  const bytes = room !== undefined && length <= room.length ? room.subarray(0, length) : new Uint8Array(length)
  let filled = 0
  while (filled < bytes.length) {
    const count = await file.read(bytes.subarray(filled), from + filled)
    if (count === 0) return bytes.subarray(0, filled)
    filled += count
  }
  return bytes
}

/** Writes all bytes in one call; a short count is an error. */
export async function writeWhole(file: OpenFile, bytes: Uint8Array): Promise<void> {
  const written = await file.write(bytes)
  if (written !== bytes.length) throw new ShortWrite(written, bytes.length)
}

/** Writes a new file that must not exist, synced when asked. */
export async function createFile(fs: FileSystem, path: string, bytes: Uint8Array, sync: boolean): Promise<void> {
  const file = await fs.open(path, 'create')
  try {
    await writeWhole(file, bytes)
    if (sync) await file.sync()
  } finally {
    await file.close()
  }
}

/** How a file is put in place. */
export interface Placing {
  readonly epoch: number
  /** File and directory are synced before it returns. Derived files are not: they are checked when read (FORMAT 9.5). */
  readonly durable: boolean
}

let placings = 0

/** Puts a file in place under its name in one step, replacing an earlier one. */
export async function placeFile(
  fs: FileSystem,
  directory: string,
  name: string,
  bytes: Uint8Array,
  placing: Placing,
): Promise<void> {
  // Two writings of one name may overlap within a process; a number keeps their temporary files apart.
  const temporary = join(directory, temporaryName(`${name}.${placings++}`, placing.epoch))
  try {
    await createFile(fs, temporary, bytes, placing.durable)
    await fs.rename(temporary, join(directory, name))
  } catch (error) {
    await fs.unlink(temporary).catch(() => undefined)
    throw error
  }
  if (placing.durable) await fs.syncDirectory(directory)
}

/** Removes a file; nothing happens when it is gone already. */
export async function removeFile(fs: FileSystem, path: string): Promise<void> {
  try {
    await fs.unlink(path)
  } catch (error) {
    if (!isMissing(error)) throw error
  }
}
