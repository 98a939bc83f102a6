// Statements of others about the journal: cosigned notes, acknowledgements, archive receipts (FORMAT 6, 8, 15). One file for each size
// and source. Two roots for one size mean that two histories exist, and are never both kept.
import { FiscalError, fromUtf8, utf8 } from '@sigillo/core'
import { ensureDirectory } from './blobs.js'
import { placeFile, readFile } from './durable.js'
import { isMissing } from './faults.js'
import type { Folder } from './folder.js'
import { ANCHORS, anchorName, join, parseAnchor } from './paths.js'

/** A kept statement. */
export interface Anchor {
  readonly size: bigint
  readonly source: string
  readonly note: string
}

/** All kept statements, smallest size first. */
export async function readAnchors(folder: Folder): Promise<readonly Anchor[]> {
  const directory = join(folder.path, ANCHORS)
  const names = await folder.fs.list(directory).catch((error: unknown) => {
    if (isMissing(error)) return []
    throw error
  })
  const anchors: Anchor[] = []
  for (const name of names) {
    const facts = parseAnchor(name)
    const bytes = facts === undefined ? undefined : await readFile(folder.fs, join(directory, name))
    const note = bytes === undefined ? undefined : fromUtf8(bytes)
    if (facts !== undefined && note !== undefined) anchors.push({ ...facts, note })
  }
  return anchors.sort((a, b) => Number(a.size - b.size) || (a.source < b.source ? -1 : 1))
}

/**
 * Keeps a statement durably.
 * @throws FiscalError FORK_SUSPECTED when another root is known for this size, OPTION_INVALID for a source that makes no file name
 */
export async function writeAnchor(folder: Folder, anchor: Anchor, epoch: number): Promise<void> {
  const { size, source, note } = anchor
  const name = anchorName(size, source)
  if (size < 0n || parseAnchor(name) === undefined) {
    throw new FiscalError('OPTION_INVALID', {
      message: 'a source is 1 to 64 of A-Z a-z 0-9 . _ -, a size not negative',
      path: 'source',
    })
  }
  const root = rootIn(note)
  for (const known of await readAnchors(folder)) {
    const other = known.size === size ? rootIn(known.note) : undefined
    if (root !== undefined && other !== undefined && other !== root) {
      const details = { size: Number(size), sources: [known.source, source], roots: [other, root] }
      throw new FiscalError('FORK_SUSPECTED', { message: `two different roots are stated for size ${size}`, details })
    }
  }
  await ensureDirectory(folder, ANCHORS)
  await placeFile(folder.fs, join(folder.path, ANCHORS), name, utf8(note), { epoch, durable: true })
}

/** The tree root a note states, in hex: third line of a checkpoint note, or member `root` of a JSON receipt. */
export function rootIn(note: string): string | undefined {
  const line = note.split('\n')[2]
  if (line !== undefined && /^[A-Za-z0-9+/]{43}=$/.test(line)) return Buffer.from(line, 'base64').toString('hex')
  try {
    const root: unknown = (JSON.parse(note) as { root?: unknown } | null)?.root
    return typeof root === 'string' ? root.toLowerCase() : undefined
  } catch {
    return undefined
  }
}
