// Claims: one file for each epoch, made by whoever wants to be the writer (FORMAT 9.1, 9.4). The highest claim is the fencing token;
// whether its holder still lives decides only who may try.
import { canonical, FiscalError, fromUtf8, parseCanonical, utf8, type JsonObject } from '@sigillo/core'
import { createFile, readFile } from './durable.js'
import { errnoOf, isMissing } from './faults.js'
import type { FileSystem } from './file-system.js'
import type { Folder } from './folder.js'
import type { Host, Pulse } from './host.js'
import { CLAIMS, claimName, join, parseClaim } from './paths.js'

/** A claim that cannot be read is looked at again this often: its maker may be in the middle of writing it. */
const UNREADABLE_TRIES = 10
const UNREADABLE_WAIT_MS = 20

/** Identity of a folder, which a copy does not share. */
export interface FolderIdentity {
  readonly dev: string
  readonly ino: string
}

/** Bytes of a claim. `socket` is null for the claim made at creation, which nobody holds. */
export function claimBytes(host: Host, identity: FolderIdentity | undefined, socket: string | null): Uint8Array {
  const facts = {
    boot: host.boot,
    host: host.name,
    machine: host.machine,
    pid: host.pid,
    socket,
    started: new Date(host.now()).toISOString(),
  }
  return utf8(`${canonical({ ...facts, ...(identity !== undefined && { dev: identity.dev, ino: identity.ino }) })}\n`)
}

/** Epochs of all claims, ascending. */
export async function listClaims(fs: FileSystem, path: string): Promise<readonly number[]> {
  try {
    return epochsIn(await fs.list(join(path, CLAIMS)))
  } catch (error) {
    if (isMissing(error)) return []
    throw error
  }
}

function epochsIn(names: readonly string[]): readonly number[] {
  return names
    .map(parseClaim)
    .filter((epoch) => epoch !== undefined)
    .sort((a, b) => a - b)
}

/** What the holder of a claim is known to be. */
export type Holder = 'alive' | 'dead' | 'unknown'

/** Whether the holder of a claim lives. */
export async function holderOf(folder: Folder, epoch: number, identity: FolderIdentity): Promise<Holder> {
  for (let attempt = 1; attempt <= UNREADABLE_TRIES; attempt++) {
    const bytes = await readFile(folder.fs, join(folder.path, CLAIMS, claimName(epoch)))
    if (bytes === undefined) return 'dead'
    const claim = parseClaimBytes(bytes)
    if (claim !== undefined) return judgeClaim(folder, claim, identity)
    await folder.host.wait(UNREADABLE_WAIT_MS)
  }
  // Its maker died while writing it, or is stopped there: then fencing keeps it from doing harm.
  return 'dead'
}

function parseClaimBytes(bytes: Uint8Array): JsonObject | undefined {
  const text = fromUtf8(bytes)
  return text?.endsWith('\n') === true ? (parseCanonical(text.slice(0, -1)) as JsonObject | undefined) : undefined
}

async function judgeClaim({ host, path }: Folder, claim: JsonObject, identity: FolderIdentity): Promise<Holder> {
  const { boot, machine, socket, dev, ino } = claim
  if (socket === null) return 'dead'
  const sameMachine = machine === host.machine && host.machine !== ''
  const sameBoot = boot === host.boot && host.boot !== ''
  if (!sameBoot && !sameMachine) return 'unknown'
  if (!sameBoot && boot !== '' && host.boot !== '') return 'dead'
  // The claim came along with a copy: its holder holds the original.
  if (dev !== identity.dev || ino !== identity.ino) return 'dead'
  return typeof socket === 'string' ? host.probe(path, socket) : 'unknown'
}

/** Our claim, and the sign of life it names. */
export interface Claim {
  readonly epoch: number
  readonly pulse: Pulse
}

/** Makes the claim for an epoch durable; undefined when somebody else has it already (FORMAT 9.1, step 3). */
export async function makeClaim(folder: Folder, epoch: number, identity: FolderIdentity): Promise<Claim | undefined> {
  const { fs, host, path } = folder
  const pulse = await host.listen(path)
  try {
    await createFile(fs, join(path, CLAIMS, claimName(epoch)), claimBytes(host, identity, pulse.address), true)
    await fs.syncDirectory(join(path, CLAIMS))
    return { epoch, pulse }
  } catch (error) {
    await pulse.close()
    if (errnoOf(error) === 'EEXIST') return undefined
    throw error
  }
}

/**
 * The fence (FORMAT 9.2, step 6): true when a later claim exists. One directory listing, on the calling thread.
 * @throws FiscalError STORAGE_FAILED when our own claim is gone: the folder was removed, moved or replaced
 */
export function isFenced(folder: Folder, epoch: number): boolean {
  let own = false
  for (const name of folder.fs.listNow(join(folder.path, CLAIMS))) {
    const claim = parseClaim(name)
    if (claim !== undefined && claim > epoch) return true
    own ||= claim === epoch
  }
  if (!own) throw new FiscalError('STORAGE_FAILED', { message: 'the queue’s folder was removed or replaced while it was open' })
  return false
}

/**
 * The fence on the way of a sale: the same answer from two looks instead of a listing (measured: 5 µs for 12). Whoever claims after us
 * claims our epoch + 1 first, because nothing of a later epoch exists before its claim; and claims are removed in ascending order, so
 * when ours is still there after that look, the later one was not made and removed again, and the directory can be read.
 * @throws FiscalError STORAGE_FAILED when our own claim is gone
 */
export function isOvertaken(folder: Folder, paths: ClaimPaths): boolean {
  if (folder.fs.existsNow(paths.next)) return true
  if (folder.fs.existsNow(paths.own)) return false
  // Many later writers came and tidied up, or the folder is gone: the listing tells.
  return isFenced(folder, paths.epoch)
}

/** Paths the look goes to, made once. */
export interface ClaimPaths {
  readonly epoch: number
  readonly own: string
  readonly next: string
}

/** Paths of a writer's claim and the next one. */
export function claimPaths(folder: Pick<Folder, 'path'>, epoch: number): ClaimPaths {
  const at = (claim: number): string => join(folder.path, CLAIMS, claimName(claim))
  return { epoch, own: at(epoch), next: at(epoch + 1) }
}

/** The error of a fenced writer. */
export function fencedError(epoch: number): FiscalError {
  return new FiscalError('STORAGE_FENCED', { message: `a later writer has taken over from epoch ${epoch}`, details: { epoch } })
}
