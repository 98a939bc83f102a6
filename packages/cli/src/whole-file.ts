// A file that appears whole or not at all: built beside its place, synced, renamed.
import { open, rename, stat, unlink } from 'node:fs/promises'
import { dirname } from 'node:path'
import { usageError } from './errors.js'

/**
 * Writes a stream to a file; returns the number of bytes.
 * @throws FiscalError USAGE when the place cannot be written
 */
export async function writeWhole(path: string, source: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<number> {
  if ((await stat(path).catch(() => undefined))?.isDirectory() === true) throw usageError(`${path} is a folder; name a file`)
  const temporary = `${path}.${process.pid}.tmp`
  const file = await open(temporary, 'wx', 0o600).catch((error: NodeJS.ErrnoException) =>
    Promise.reject(usageError(`${path} cannot be written (${error.code})`)),
  )
  let bytes = 0
  try {
    for await (const part of source) {
      signal.throwIfAborted()
      await file.writeFile(part)
      bytes += part.length
    }
    await file.sync()
  } catch (error) {
    await file.close()
    await unlink(temporary).catch(() => undefined)
    throw error
  }
  await file.close()
  await rename(temporary, path)
  await syncFolder(dirname(path))
  return bytes
}

async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}
