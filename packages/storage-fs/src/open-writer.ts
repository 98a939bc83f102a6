// Becoming the writer of a folder (FORMAT 9.1, 10). Numbers in brackets are the steps of README.md, "Becoming the writer". Nothing is
// signed or served before the last of them.
import { FiscalError, type Adoption, type JsonObject, type OpenWriterOptions } from '@sigillo/core'
import { readCatalog } from './catalog.js'
import { holderOf, listClaims, makeClaim, type Claim, type FolderIdentity, type Holder } from './claim.js'
import { removeFile } from './durable.js'
import { asStorageError, corrupt, isFull, ShortWrite } from './faults.js'
import type { Folder } from './folder.js'
import { forkError, movedError, movedParts, readHint, rollbackError, type Hint } from './hint.js'
import { loadHistory, type History } from './history.js'
import { Journal } from './journal.js'
import type { FolderWriter } from './open-folder.js'
import { baseName, join, liveName, parentOf, RESERVE_FILE } from './paths.js'
import { readPurged } from './purge.js'
import { hashIn, RefIndex } from './refs.js'
import { snapshotEpoch } from './snapshots.js'
import { SpaceWatch } from './space.js'
import { startWriter, type Trouble } from './writer.js'

/** What opening knows besides the folder. */
export interface OpenContext {
  readonly options: OpenWriterOptions
  readonly trouble: Trouble
  readonly reserve: number
  readonly warnings: readonly string[]
}

/** Tries when others make claims at the same time. */
const TRIES = 100

/**
 * Opens the writer.
 * @throws FiscalError QUEUE_LOCKED, JOURNAL_CORRUPT, ROLLBACK_SUSPECTED, FORK_SUSPECTED, MOVED_SUSPECTED, STORAGE_FAILED, STORAGE_FULL,
 *   STORAGE_READ_ONLY; at most an epoch number is used up then
 */
export async function openFolderWriter(folder: Folder, context: OpenContext): Promise<FolderWriter> {
  const { options, trouble } = context
  if (options.afterWriteError === true && trouble.final !== undefined) throw stopped(trouble.final)
  try {
    return await tryOpen(folder, context)
  } catch (error) {
    if (!isFull(error)) throw asStorageError(error, 'cannot open the folder for writing')
    // Whoever may open a full folder frees the reserve: a closing must still be possible.
    trouble.full = true
  }
  try {
    await removeFile(folder.fs, join(folder.path, RESERVE_FILE))
    return await tryOpen(folder, context)
  } catch (error) {
    throw asStorageError(error, 'cannot open the folder for writing')
  }
}

async function tryOpen(folder: Folder, context: OpenContext): Promise<FolderWriter> {
  const identity = await identityOf(folder)
  const { claim, holder, hint } = await claimFolder(folder, identity, context.options)
  try {
    return await adopt(folder, { identity, claim, holder, hint }, context)
  } catch (error) {
    await claim.pulse.close()
    throw error
  }
}

// After an error of the medium no process goes on by itself (FORMAT 9.3).
function stopped(final: FiscalError): FiscalError {
  return new FiscalError(final.code, {
    message: `${final.message}; look at the medium before opening again`,
    retry: 'never',
    details: final.details,
  })
}

async function identityOf(folder: Folder): Promise<FolderIdentity> {
  const facts = await folder.fs.stat(folder.path)
  if (facts === undefined) throw new FiscalError('QUEUE_MISSING', { message: `no queue is stored in ${baseName(folder.path)}` })
  return { dev: facts.dev, ino: facts.ino }
}

interface Claimed {
  readonly claim: Claim
  readonly holder: Holder
  readonly hint: Hint | undefined | 'unreadable'
}

// [1] to [3]
async function claimFolder(folder: Folder, identity: FolderIdentity, options: OpenWriterOptions): Promise<Claimed> {
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const hint = await readHint(folder)
    const moved = hint === undefined || hint === 'unreadable' ? [] : movedParts(folder, hint, identity)
    if (moved.length > 0 && options.moved !== true && options.restore !== true) throw movedError(moved)
    const claims = await listClaims(folder.fs, folder.path)
    const { live } = await readCatalog(folder.fs, folder.path)
    const hinted = hint === undefined || hint === 'unreadable' ? 0 : hint.epoch
    const highest = Math.max(1, hinted, claims.at(-1) ?? 0, live.at(-1)?.epoch ?? 0, await snapshotEpoch(folder))
    const released = hint !== undefined && hint !== 'unreadable' && hint.clean && hint.epoch === highest
    const holder = released || claims.at(-1) !== highest ? 'dead' : await holderOf(folder, highest, identity)
    requireFree(folder, holder, highest, options)
    const claim = await makeClaim(folder, highest + 1, identity)
    if (claim !== undefined) return { claim, holder, hint }
  }
  throw new FiscalError('QUEUE_LOCKED', { message: `too many others try to open ${baseName(folder.path)}` })
}

// Whoever says that the folder was moved or restored says that nobody else runs it; a holder that answers is another matter.
function requireFree(folder: Folder, holder: Holder, epoch: number, { takeover, moved, restore }: OpenWriterOptions): void {
  const vouched = takeover === true || (holder === 'unknown' && (moved === true || restore === true))
  if (holder === 'dead' || vouched) return
  const state = holder === 'alive' ? 'is open in another process' : 'may be open on another machine'
  throw new FiscalError('QUEUE_LOCKED', { message: `${baseName(folder.path)} ${state}`, details: { epoch, holder } })
}

async function adopt(
  folder: Folder,
  claimed: Claimed & { readonly identity: FolderIdentity },
  context: OpenContext,
): Promise<FolderWriter> {
  const { claim, holder, hint, identity } = claimed
  const { options, trouble, reserve } = context
  const history = await loadHistory(folder) // [4]
  const purged = await readPurged(folder, history.sealed, history.tail?.pieces.at(-1)?.kept)
  const journal = new Journal(folder, history, purged, false)
  requireGenesis(folder, history)
  const overridden = await checkHint(journal, history, hint, options) // [5]
  await makeAdoptedDurable(folder, history) // [6]
  const space = new SpaceWatch(folder, reserve)
  await space.begin(trouble.full)
  trouble.full = false
  trouble.final = undefined
  const refs = new RefIndex(journal, [...history.unread.keys()])
  for (const { ref, seq } of history.marks) if (ref !== undefined) refs.add(ref, seq)
  const { epoch, seq, hash } = history.head
  const adoption: Adoption = {
    epoch: BigInt(claim.epoch),
    adopted: { epoch, seq, hash },
    dead: history.dead,
    reason: reasonOf(options, holder),
    host: folder.host.name,
    ...(overridden !== undefined && { overridden }),
  }
  const unreadable = hint === 'unreadable' ? ['hint.json could not be read: a lost end would go unnoticed'] : []
  const warnings = [...context.warnings, ...unreadable]
  const renewHint = overridden !== undefined || options.moved === true || options.restore === true
  return startWriter({ folder, claim, identity, adoption, journal, refs, space, trouble, warnings, renewHint })
}

function reasonOf({ restore, moved, afterWriteError }: OpenWriterOptions, holder: Holder): Adoption['reason'] {
  if (restore === true) return 'restore'
  if (moved === true) return 'moved'
  if (afterWriteError === true) return 'write-error'
  return holder === 'dead' ? 'start' : 'takeover'
}

function requireGenesis(folder: Folder, history: History): void {
  const first = history.tail?.first === 0 ? history.marks[0] : undefined
  if (first === undefined || first.seq !== 0 || first.hash === folder.genesis) return
  throw corrupt({ file: liveName(0, 1), offset: 0, firstBad: 0 }, 'the first record is not the one queue.json names')
}

// [5] Has this machine seen more (FORMAT 10.5)?
async function checkHint(
  journal: Journal,
  history: History,
  hint: Hint | undefined | 'unreadable',
  options: OpenWriterOptions,
): Promise<Adoption['overridden']> {
  if (hint === undefined || hint === 'unreadable') return undefined
  if (hint.seq > history.head.seq) {
    const error = rollbackError(hint, history.head)
    if (options.acknowledge === undefined) throw error
    return { code: error.code, by: options.acknowledge, details: error.details as JsonObject }
  }
  const mark = history.marks.find(({ seq }) => seq === hint.seq)
  const line = mark === undefined && hint.seq >= journal.floor ? await journal.line(hint.seq) : undefined
  const hash = mark?.hash ?? (line === undefined ? undefined : hashIn(line))
  if (hash !== undefined && hash !== hint.hash) throw forkError(hint)
  return undefined
}

// [6] What was read may exist in the page cache only, marked clean by a sync that failed: only the same bytes written again make the
// next sync mean something (FORMAT 10.4).
async function makeAdoptedDurable(folder: Folder, { tail, head }: History): Promise<void> {
  const end = tail?.place(head.seq)
  const piece = tail?.pieces.find(({ file }) => file === end?.file)
  const start = piece === undefined ? undefined : tail?.place(Math.max(head.base, piece.first))
  if (end !== undefined && start !== undefined && piece?.kept !== undefined) {
    const bytes = piece.kept.subarray(start.start, end.end + 1)
    const file = await folder.fs.open(join(folder.path, piece.file), 'rewrite')
    try {
      const written = await file.writeAt(bytes, start.start)
      if (written !== bytes.length) throw new ShortWrite(written, bytes.length)
      await file.datasync()
    } finally {
      await file.close()
    }
  }
  await folder.fs.syncDirectory(folder.path)
  // Whoever created the folder may have died between renaming it and syncing its own entry.
  await folder.fs.syncDirectory(parentOf(folder.path))
}
