// Kept states (FORMAT 12): `snapshot-<seq>.json`, the newest two. Derived and unverified here: core compares each with the checkpoint
// that vouches for it. A digest of the file itself tells a damaged one from a foreign one.
import { canonical, fromUtf8, parseCanonical, sha256Hex, utf8, type JsonObject, type StoredSnapshot } from '@sigillo/core'
import { placeFile, readFile, removeFile } from './durable.js'
import type { Folder } from './folder.js'
import { join, parseSnapshot, snapshotName } from './paths.js'

const KEPT = 2

/** Kept states up to record `head`, newest first; damaged files are passed over. */
export async function readSnapshots(folder: Folder, head: number): Promise<readonly StoredSnapshot[]> {
  const found: StoredSnapshot[] = []
  for (const seq of await snapshotNumbers(folder)) {
    if (seq > head || found.length === KEPT) continue
    const bytes = await readFile(folder.fs, join(folder.path, snapshotName(seq)))
    const snapshot = bytes === undefined ? undefined : decodeSnapshot(bytes)
    if (snapshot !== undefined && snapshot.seq === BigInt(seq)) found.push(snapshot)
  }
  return found
}

async function snapshotNumbers(folder: Folder): Promise<readonly number[]> {
  const numbers = (await folder.fs.list(folder.path)).map(parseSnapshot).filter((seq) => seq !== undefined)
  return numbers.sort((a, b) => b - a)
}

/** Keeps a state and drops all but the newest two. */
export async function writeSnapshot(folder: Folder, snapshot: StoredSnapshot, epoch: number): Promise<void> {
  const seq = Number(snapshot.seq)
  await placeFile(folder.fs, folder.path, snapshotName(seq), encodeSnapshot(snapshot), { epoch, durable: false })
  const older = (await snapshotNumbers(folder)).filter((number) => number <= seq)
  for (const number of older.slice(KEPT)) await removeFile(folder.fs, join(folder.path, snapshotName(number)))
}

/** Bytes of a kept state. */
export function encodeSnapshot({ seq, hash, state, heads }: StoredSnapshot): Uint8Array {
  const facts: JsonObject = { hash, seq: Number(seq), state, ...(heads !== undefined && { heads }) }
  return utf8(`${canonical({ ...facts, digest: sha256Hex(canonical(facts)) })}\n`)
}

/** A kept state; undefined when damaged. */
export function decodeSnapshot(bytes: Uint8Array): StoredSnapshot | undefined {
  const text = fromUtf8(bytes)
  const value = text?.endsWith('\n') === true ? (parseCanonical(text.slice(0, -1)) as JsonObject | undefined) : undefined
  if (value === undefined) return undefined
  const { digest, ...facts } = value
  const { seq, hash, state, heads } = facts
  if (digest !== sha256Hex(canonical(facts)) || !Number.isSafeInteger(seq) || typeof hash !== 'string') return undefined
  const known = heads as Readonly<Record<string, number>> | undefined
  return { seq: BigInt(seq as number), hash, state: state as JsonObject, ...(known !== undefined && { heads: known }) }
}

/** Epoch in the newest snapshot, 0 when there is none: no epoch up to it may be used again (FORMAT 9.1, step 1). */
export async function snapshotEpoch(folder: Folder): Promise<number> {
  const newest = (await snapshotNumbers(folder))[0]
  const bytes = newest === undefined ? undefined : await readFile(folder.fs, join(folder.path, snapshotName(newest)))
  const epoch = bytes === undefined ? undefined : decodeSnapshot(bytes)?.state['epoch']
  return Number.isSafeInteger(epoch) ? (epoch as number) : 0
}
