// Files only this user may read: the checks made at every load and the way one is written (signing specification 5.4). Refusals name
// the last component of a path only.
import { constants } from 'node:fs'
import { link, mkdir, open, rename, stat, unlink, type FileHandle } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { randomBytes } from 'node:crypto'
import { signerError } from '@sigillo/core'

const MAX_BYTES = 1 << 20
const enforced = typeof process.geteuid === 'function'

/** Told of what is not refused but should be known. */
export type Warn = (code: string, message: string) => void

/**
 * The text of a private file.
 * @throws FiscalError KEY_FILE_UNSAFE (symlink, not-a-file, mode, owner, directory-writable), CONFIG_INVALID (not-found, unreadable)
 */
export async function readPrivateFile(path: string, warn: Warn): Promise<string> {
  const name = basename(path)
  await checkDirectory(path, warn)
  const handle = await openNoFollow(path)
  try {
    const found = await handle.stat()
    if (!found.isFile()) throw unsafe('not-a-file', `${name} is not a regular file`)
    if (!enforced) warn('MODE_NOT_ENFORCED', `this platform has no file modes; access to ${name} is not enforced`)
    else if ((found.mode & 0o077) !== 0) throw unsafe('mode', `${name} may be used by others than its owner`)
    else if (found.uid !== process.geteuid?.()) throw unsafe('owner', `${name} belongs to another user`)
    if (found.size > MAX_BYTES)
      throw signerError('CONFIG_INVALID', { message: `${name} is too large for a key`, reason: 'unreadable' })
    return await handle.readFile('utf8')
  } finally {
    await handle.close()
  }
}

async function openNoFollow(path: string): Promise<FileHandle> {
  try {
    // Without O_NONBLOCK, opening a FIFO somebody put there would wait for a writer.
    return await open(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0))
  } catch (error) {
    const { code } = error as { code?: string }
    if (code === 'ELOOP' || code === 'EMLINK') throw unsafe('symlink', `${basename(path)} is a symbolic link`)
    const reason = code === 'ENOENT' || code === 'ENOTDIR' ? 'not-found' : 'unreadable'
    throw signerError('CONFIG_INVALID', {
      message: `the key file ${basename(path)} is ${reason}`,
      reason,
      ...(code !== undefined && { nativeCode: code }),
    })
  }
}

async function checkDirectory(path: string, warn: Warn): Promise<void> {
  const folder = dirname(resolve(path))
  const found = await stat(folder).catch(() => undefined)
  if (found === undefined || !enforced) return
  if ((found.mode & 0o022) !== 0) throw unsafe('directory-writable', `others may change the folder of ${basename(path)}`)
  if ((found.mode & 0o044) !== 0) warn('DIRECTORY_READABLE', `others may list the folder of ${basename(path)}; give it mode 0700`)
}

/** How a private file takes its place. */
export interface WriteOptions {
  /** Put it in the place of an existing file; default false. */
  readonly replace: boolean
  /** Looks at the bytes as they are on disk before they get their name; what it throws undoes the file. */
  readonly inspect: (text: string) => Promise<void>
}

/**
 * Writes a file of mode 0600 that is whole or absent: new name, data sync, inspection, final name, folder sync. A missing folder is
 * made with mode 0700. No byte is ever in a file others could open, also when an older file there was open to all.
 * @throws FiscalError CONFIG_INVALID (exists, unwritable), KEY_FILE_UNSAFE (directory-writable)
 */
export async function writePrivateFile(path: string, text: string, warn: Warn, options: WriteOptions): Promise<void> {
  const folder = dirname(resolve(path))
  const temporary = join(folder, `.${basename(path)}.${randomBytes(8).toString('hex')}.new`)
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    await checkDirectory(path, warn)
    await writeNew(temporary, text)
    await options.inspect(await readPrivateFile(temporary, () => {}))
    await place(temporary, path, options.replace)
    await syncFolder(folder)
  } catch (error) {
    await unlink(temporary).catch(() => {})
    throw (error as Error).name === 'FiscalError' ? error : unwritable(path, error)
  }
}

async function writeNew(path: string, text: string): Promise<void> {
  const handle = await open(path, 'wx', 0o600)
  try {
    await handle.writeFile(text)
    await handle.sync()
  } finally {
    await handle.close()
  }
}

async function place(temporary: string, path: string, replace: boolean): Promise<void> {
  if (replace) return rename(temporary, path)
  // A hard link fails where a rename would replace: two programs making the same key cannot both win.
  await link(temporary, path)
  await unlink(temporary)
}

async function syncFolder(folder: string): Promise<void> {
  if (!enforced) return
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

function unsafe(reason: string, message: string): Error {
  return signerError('KEY_FILE_UNSAFE', { message, reason })
}

function unwritable(path: string, error: unknown): Error {
  const { code } = error as { code?: string }
  const reason = code === 'EEXIST' ? 'exists' : 'unwritable'
  const message =
    reason === 'exists' ? `${basename(path)} exists; a key is not replaced unless told so` : `${basename(path)} cannot be written`
  return signerError('CONFIG_INVALID', { message, reason, ...(code !== undefined && { nativeCode: code }) })
}
