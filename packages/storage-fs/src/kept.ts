// What stays of a purged beginning (FORMAT 14): the few lines without which nobody could open what follows (genesis, every change of
// key, the newest record of each type, contents of receipts blanked), and one kept state. Made durable before anything is removed.
import { parseLine, stateDigest, utf8, type JsonObject, type StoredSnapshot } from '@sigillo/core'
import { placeFile, readFile } from './durable.js'
import { corrupt } from './faults.js'
import type { Folder } from './folder.js'
import type { Journal } from './journal.js'
import { BASE_FILE, join, KEPT_FILE } from './paths.js'
import { decodeSnapshot, encodeSnapshot, readSnapshots } from './snapshots.js'

const SLICE = 500
const otherWork = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** Kept lines by number; damaged ones are passed over. */
export async function readKept(folder: Folder): Promise<ReadonlyMap<number, Uint8Array>> {
  const bytes = (await readFile(folder.fs, join(folder.path, KEPT_FILE))) ?? new Uint8Array()
  const kept = new Map<number, Uint8Array>()
  for (let start = 0, end = bytes.indexOf(0x0a); end >= 0; start = end + 1, end = bytes.indexOf(0x0a, start)) {
    const line = bytes.subarray(start, end)
    const record = parseLine(line)
    if (record?.hash === record?.recomputedHash && record?.body.queue === folder.queue) kept.set(record.body.seq, line)
  }
  return kept
}

/**
 * Gathers the lines to keep of the records below `floor`.
 * @throws FiscalError JOURNAL_CORRUPT when one of them is damaged
 */
export async function gatherKept(journal: Journal, floor: number): Promise<ReadonlyMap<number, Uint8Array>> {
  const kept = new Map(journal.kept)
  const newest = new Map<string, number>()
  for (const [seq, line] of kept) noteNewest(newest, typeIn(line), seq)
  for await (const { seq, line } of journal.lines(journal.floor, floor - 1)) {
    const number = Number(seq)
    if (number % SLICE === 0) await otherWork()
    const type = typeIn(line)
    const before = newest.get(type)
    if (before !== undefined && !isAnchor(type)) kept.delete(before)
    kept.set(number, line.slice())
    noteNewest(newest, type, number)
  }
  for (const [seq, line] of kept) kept.set(seq, withoutContent(line, seq))
  return kept
}

function noteNewest(newest: Map<string, number>, type: string, seq: number): void {
  newest.set(type, Math.max(newest.get(type) ?? -1, seq))
}

// Records every later reader needs, not only the newest of them.
function isAnchor(type: string): boolean {
  return type === 'sys.genesis' || type === 'sys.key' || type === 'sys.purge'
}

function typeIn(line: Uint8Array): string {
  const text = Buffer.from(line.buffer, line.byteOffset, Math.min(2048, line.length)).toString('latin1')
  return /"tseq":\d+,"type":"([a-z0-9._-]+)","v":1/.exec(text)?.[1] ?? ''
}

function withoutContent(line: Uint8Array, seq: number): Uint8Array {
  const record = parseLine(line)
  if (record === undefined || record.hash !== record.recomputedHash || record.body.seq !== seq) {
    throw corrupt({ file: KEPT_FILE, offset: 0, firstBad: seq }, `record ${seq}, which must be kept, is damaged`)
  }
  if (record.body.type.startsWith('sys.') || record.payloadText === 'null') return line
  return utf8(`{"body":${record.bodyText},"hash":"${record.hash}","payload":null,"sig":"${record.sig}"}`)
}

/**
 * The newest kept state that can be opened from without any record below `floor`: its checkpoint is there and vouches for it.
 * Undefined when there is none.
 */
export async function baseFor(journal: Journal, floor: number): Promise<StoredSnapshot | undefined> {
  for (const snapshot of await snapshotsWithBase(journal.folder, journal.head.seq)) {
    const line = Number(snapshot.seq) + 1 < floor ? undefined : await journal.line(Number(snapshot.seq) + 1)
    const record = line === undefined ? undefined : parseLine(line)
    const claimed = (record?.payload as JsonObject | null | undefined)?.['state']
    const vouched =
      record?.body.type === 'sys.checkpoint' && record.body.prev === snapshot.hash && claimed === stateDigest(snapshot.state)
    if (vouched && record.hash === record.recomputedHash) return snapshot
  }
  return undefined
}

/** Makes both durable. */
export async function writeKept(
  folder: Folder,
  kept: ReadonlyMap<number, Uint8Array>,
  base: StoredSnapshot,
  epoch: number,
): Promise<void> {
  const lines = [...kept].sort(([a], [b]) => a - b).flatMap(([, line]) => [line, utf8('\n')])
  await placeFile(folder.fs, folder.path, KEPT_FILE, Buffer.concat(lines), { epoch, durable: true })
  await placeFile(folder.fs, folder.path, BASE_FILE, encodeSnapshot(base), { epoch, durable: true })
}

/** Kept states, newest first, and after them the one a purge left as the last resort. */
export async function snapshotsWithBase(folder: Folder, head: number): Promise<readonly StoredSnapshot[]> {
  const found = await readSnapshots(folder, head)
  const bytes = await readFile(folder.fs, join(folder.path, BASE_FILE))
  const base = bytes === undefined ? undefined : decodeSnapshot(bytes)
  const more = base !== undefined && base.seq <= BigInt(head) && found.every(({ seq }) => seq !== base.seq)
  return more ? [...found, base].sort((a, b) => Number(b.seq - a.seq)) : found
}
