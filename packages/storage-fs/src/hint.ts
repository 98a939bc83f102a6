// `hint.json`: the last head this machine has seen, and where (FORMAT 10.5). A weak witness that lies in the folder itself: it notices a
// lost end, another history, and a copied or restored folder. Missing or unreadable, it only cannot testify.
import { canonical, FiscalError, fromUtf8, parseCanonical, utf8, type JsonObject } from '@sigillo/core'
import type { FolderIdentity } from './claim.js'
import { placeFile, readFile } from './durable.js'
import type { Folder } from './folder.js'
import { HINT_FILE, join } from './paths.js'

/** What the hint states. */
export interface Hint {
  readonly seq: number
  readonly hash: string
  readonly epoch: number
  readonly machine: string
  readonly dev: string
  readonly ino: string
  /** The writer of this epoch closed; nobody holds the queue. */
  readonly clean: boolean
}

/** The hint, `undefined` when there is none, or `'unreadable'`. */
export async function readHint(folder: Folder): Promise<Hint | undefined | 'unreadable'> {
  const bytes = await readFile(folder.fs, join(folder.path, HINT_FILE))
  if (bytes === undefined) return undefined
  const text = fromUtf8(bytes)
  const value = text === undefined ? undefined : (parseCanonical(text.trimEnd()) as JsonObject | undefined)
  const [seq, epoch] = [value?.['seq'], value?.['epoch']]
  const texts = ['hash', 'machine', 'dev', 'ino'].map((name) => value?.[name])
  if (!Number.isSafeInteger(seq) || !Number.isSafeInteger(epoch) || texts.some((each) => typeof each !== 'string'))
    return 'unreadable'
  const [hash, machine, dev, ino] = texts as [string, string, string, string]
  return { seq: seq as number, epoch: epoch as number, hash, machine, dev, ino, clean: value?.['clean'] === true }
}

/** Replaces the hint. Durable only at a clean close: a lost hint says less, never anything wrong. */
export async function writeHint(folder: Folder, hint: Hint): Promise<void> {
  const bytes = utf8(`${canonical({ ...hint })}\n`)
  await placeFile(folder.fs, folder.path, HINT_FILE, bytes, { epoch: hint.epoch, durable: hint.clean })
}

/** What differs between the place a hint was written at and this one. */
export function movedParts(folder: Folder, hint: Hint, identity: FolderIdentity): readonly string[] {
  const parts: string[] = []
  // A machine without a name (containers often have none) cannot be told from another.
  if (hint.machine !== folder.host.machine && hint.machine !== '' && folder.host.machine !== '') parts.push('machine')
  if (hint.dev !== identity.dev) parts.push('dev')
  if (hint.ino !== identity.ino) parts.push('ino')
  return parts
}

/** @throws never; the error to throw */
export function movedError(parts: readonly string[]): FiscalError {
  return new FiscalError('MOVED_SUSPECTED', {
    message: `the folder was copied, moved or restored: ${parts.join(', ')} differ`,
    details: { differs: parts },
  })
}

/** The stop when the hint knows more than the journal. */
export function rollbackError(hint: Hint, head: { readonly seq: number }): FiscalError {
  const message = `this machine has seen record ${hint.seq}, the journal ends at ${head.seq}`
  return new FiscalError('ROLLBACK_SUSPECTED', {
    message,
    details: { known: hint.seq, hash: hint.hash, head: head.seq, source: 'hint' },
  })
}

/** The stop when the hint names another record. */
export function forkError(hint: Hint): FiscalError {
  return new FiscalError('FORK_SUSPECTED', {
    message: `this machine has seen record ${hint.seq} with another hash`,
    details: { seq: hint.seq, hash: hint.hash, source: 'hint' },
  })
}
