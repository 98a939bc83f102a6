// Removing sealed segments that were archived (FORMAT 14). The journal itself says so first (`sys.purge`), and the archive's receipt lies
// in `anchors/`; segments go oldest first, so an interruption leaves a journal that begins a little earlier.
import {
  canonical,
  FiscalError,
  fromUtf8,
  parseCanonical,
  parseLine,
  utf8,
  type JsonObject,
  type PurgeOrder,
} from '@sigillo/core'
import { readAnchors } from './anchors.js'
import { placeFile, readFile, removeFile } from './durable.js'
import { isMissing } from './faults.js'
import type { Folder } from './folder.js'
import type { Journal, Purged } from './journal.js'
import { baseFor, gatherKept, readKept, writeKept } from './kept.js'
import { CURSORS, indexName, join, PURGE_FILE, sealedName } from './paths.js'
import { requireUnfenced } from './seal.js'

/**
 * Purges; begun again after an interruption it goes on.
 * @throws FiscalError OPTION_INVALID naming what is missing; nothing was removed then. STORAGE_FENCED
 */
export async function purgeFolder(journal: Journal, order: PurgeOrder, epoch: number): Promise<void> {
  const { folder } = journal
  const floor = Number(order.floor)
  if (floor % folder.segment !== 0) throw refused('floor', 'a floor is the first number of a segment')
  const gone = journal.sealedFirsts().filter((first) => first < floor)
  const sealedTo = (journal.sealedFirsts().at(-1) ?? -folder.segment) + folder.segment
  if (floor > sealedTo) throw refused('floor', `records from ${sealedTo} on are not sealed yet`)
  await requireRecord(journal, order)
  await requireReceipt(folder, order)
  await requireDelivered(folder, floor)
  const base = await baseFor(journal, floor)
  if (base === undefined)
    throw refused('floor', `no kept state from ${floor} on: the queue could not be opened without the records below`)
  const kept = await gatherKept(journal, floor)
  requireUnfenced(folder, epoch)
  await writeKept(folder, kept, base, epoch)
  const facts = utf8(`${canonical({ floor, record: Number(order.record) })}\n`)
  await placeFile(folder.fs, folder.path, PURGE_FILE, facts, { epoch, durable: true })
  journal.kept = kept
  journal.floor = Math.max(journal.floor, floor)
  for (const first of gone) {
    requireUnfenced(folder, epoch)
    await removeFile(folder.fs, join(folder.path, sealedName(first)))
    await removeFile(folder.fs, join(folder.path, indexName(first)))
    journal.removedSealed(first)
  }
  await folder.fs.syncDirectory(folder.path)
}

async function requireRecord(journal: Journal, { floor, record }: PurgeOrder): Promise<void> {
  const line = await journal.line(Number(record))
  const found = line === undefined ? undefined : parseLine(line)
  const payload = found?.payload as JsonObject | null | undefined
  if (found?.body.type !== 'sys.purge' || payload?.['floor'] !== Number(floor))
    throw refused('record', `record ${record} is no sys.purge of floor ${floor}`)
  if (floor === 0n || Number(floor) <= journal.floor) return
  const before = await journal.line(Number(floor) - 1)
  const last = before === undefined ? undefined : parseLine(before)
  if (last?.hash !== payload['last']) throw refused('record', `record ${record} names another record before the floor`)
}

async function requireReceipt(folder: Folder, { floor, archive }: PurgeOrder): Promise<void> {
  const anchors = await readAnchors(folder)
  if (!anchors.some(({ size, source }) => source === archive && size >= floor)) {
    throw refused('archive', `no receipt of ${archive} covers the records below ${floor}`)
  }
}

// A cursor that cannot be read counts as not past the floor.
async function requireDelivered(folder: Folder, floor: number): Promise<void> {
  const directory = join(folder.path, CURSORS)
  const names = await folder.fs.list(directory).catch((error: unknown) => {
    if (isMissing(error)) return []
    throw error
  })
  for (const name of names.filter((each) => each.endsWith('.json'))) {
    const text = fromUtf8((await readFile(folder.fs, join(directory, name))) ?? new Uint8Array())
    const next = (JSON.parse(text === undefined || text === '' ? '{}' : text) as { next?: unknown } | null)?.next
    if (typeof next !== 'number' || next < floor)
      throw refused('floor', `records below ${floor} are not delivered to ${name.slice(0, -5)}`)
  }
}

function refused(path: string, message: string): FiscalError {
  return new FiscalError('OPTION_INVALID', { message: `${path}: ${message}`, path })
}

/** What a purge has left of the beginning. */
export async function readPurged(folder: Folder, sealed: readonly number[], tail: Uint8Array | undefined): Promise<Purged> {
  const floor = await readFloor(folder, sealed, tail)
  return { floor, kept: floor === 0 ? new Map() : await readKept(folder) }
}

/**
 * First record that was not purged. When nothing is left of the purge's own file, the record in the journal is looked for; without one
 * missing segments are damage, not a purge.
 */
async function readFloor(folder: Folder, sealed: readonly number[], tail: Uint8Array | undefined): Promise<number> {
  const bytes = await readFile(folder.fs, join(folder.path, PURGE_FILE))
  const text = bytes === undefined ? undefined : fromUtf8(bytes)
  const floor = text === undefined ? undefined : (parseCanonical(text.trimEnd()) as JsonObject | undefined)?.['floor']
  if (Number.isSafeInteger(floor) && (floor as number) % folder.segment === 0) return floor as number
  if (sealed.length === 0 || sealed[0] === 0) return 0
  for (const source of [tail, ...[...sealed].reverse()]) {
    const content = typeof source === 'number' ? await readFile(folder.fs, join(folder.path, sealedName(source))) : source
    const stated = content === undefined ? undefined : newestPurge(content)
    if (stated !== undefined) return stated
  }
  return 0
}

function newestPurge(content: Uint8Array): number | undefined {
  const text = Buffer.from(content.buffer, content.byteOffset, content.length)
  for (let at = text.lastIndexOf('"type":"sys.purge"'); at >= 0; at = text.lastIndexOf('"type":"sys.purge"', at - 1)) {
    const start = text.lastIndexOf(0x0a, at) + 1
    const record = parseLine(content.subarray(start, text.indexOf(0x0a, at)))
    const floor =
      record?.hash === record?.recomputedHash ? (record?.payload as JsonObject | null | undefined)?.['floor'] : undefined
    if (record?.body.type === 'sys.purge' && Number.isSafeInteger(floor)) return floor as number
    if (at === 0) return undefined
  }
  return undefined
}
