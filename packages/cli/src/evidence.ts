// What a path given to `verify` is: a queue's folder, a bundle, or a bundle that was unpacked. Everything may come from an attacker.
import { createReadStream } from 'node:fs'
import { open, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { FiscalError } from '@sigillo/core'
import { cliError } from './errors.js'

/** Kinds of evidence. */
export type EvidenceKind = 'queue' | 'bundle' | 'unpacked'

/** Nothing here can be read. */
export function notReadable(path: string, why: string): FiscalError {
  return cliError('UNREADABLE', `${path}: ${why}`)
}

/**
 * Looks at a path.
 * @throws FiscalError UNREADABLE
 */
export async function kindOf(path: string): Promise<EvidenceKind> {
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => error)
  if (found instanceof Error)
    throw notReadable(path, found.code === 'ENOENT' ? 'there is no such file or folder' : `cannot be read (${found.code})`)
  if (!found.isDirectory()) {
    if (await isZip(path)) return 'bundle'
    throw notReadable(path, 'is neither the folder of a queue nor a bundle')
  }
  const names = new Set(
    await readdir(path).catch((error: NodeJS.ErrnoException) =>
      Promise.reject(notReadable(path, `cannot be read (${error.code})`)),
    ),
  )
  if (names.has('bundle.json')) return 'unpacked'
  // Without queue.json it is no queue any more, but its records may still tell what happened.
  if (names.has('queue.json') || [...names].some((name) => /^[js]-\d{12}.*\.jsonl$/.test(name))) return 'queue'
  throw notReadable(path, 'holds neither a queue nor an unpacked bundle')
}

async function isZip(path: string): Promise<boolean> {
  try {
    const file = await open(path, 'r')
    try {
      const { bytesRead, buffer } = await file.read(Buffer.alloc(4), 0, 4, 0)
      return bytesRead === 4 && buffer[0] === 0x50 && buffer[1] === 0x4b
    } finally {
      await file.close()
    }
  } catch (error) {
    throw notReadable(path, `cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`)
  }
}

/** Bytes of a file. */
export function fileStream(path: string): AsyncIterable<Uint8Array> {
  return createReadStream(path, { highWaterMark: 256 * 1024 })
}

/** Files below a folder by their names in a bundle; links are not followed. */
export async function* folderFiles(
  root: string,
  prefix = '',
): AsyncIterable<{ readonly name: string; readonly bytes: AsyncIterable<Uint8Array> }> {
  const entries = await readdir(join(root, prefix), { withFileTypes: true })
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const name = prefix === '' ? entry.name : `${prefix}/${entry.name}`
    if (entry.isDirectory()) yield* folderFiles(root, name)
    else if (entry.isFile()) yield { name, bytes: fileStream(join(root, name)) }
  }
}
