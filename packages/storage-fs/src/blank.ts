// Blanking payloads a law orders to be erased (FORMAT 3.2 c): a sealed segment is written anew with `"payload":null` in the lines chosen.
// Body, hash and signature stay, so the chain does. The record that says so is in the journal first. May be interrupted and repeated.
import { canonical, FiscalError, fromUtf8, parseCanonical, parseLine, sha256Hex, utf8 } from '@sigillo/core'
import type { BlankOrder, BlankResult, JsonObject } from '@sigillo/core'
import { createFile, placeFile, readFile, removeFile } from './durable.js'
import { corrupt } from './faults.js'
import type { Folder } from './folder.js'
import type { Journal } from './journal.js'
import { cutLines } from './lines.js'
import { BLANKS_FILE, indexName, join, sealedName, temporaryName } from './paths.js'
import { placeIndex, requireUnfenced } from './seal.js'
import { offsetsOf } from './sealed-index.js'

const otherWork = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
const SLICE = 200

/**
 * Blanks payloads in sealed segments.
 * @throws FiscalError OPTION_INVALID when the record does not say so, JOURNAL_CORRUPT, STORAGE_FENCED
 */
export async function blankPayloads(journal: Journal, order: BlankOrder, epoch: number): Promise<BlankResult> {
  const { folder } = journal
  const line = await journal.line(Number(order.record))
  if (line === undefined || parseLine(line)?.body.type !== 'sys.redact') {
    throw new FiscalError('OPTION_INVALID', { message: `record: record ${order.record} is no sys.redact`, path: 'record' })
  }
  await noteBlank(folder, Number(order.record), 'begun', epoch)
  const [from, to] = [Math.max(Number(order.from), journal.floor), Number(order.to)]
  let blanked = 0
  for (const first of journal.sealedFirsts()) {
    if (first > to || first + folder.segment <= from) continue
    blanked += await blankSegment(journal, first, { ...order, from: BigInt(from) }, epoch)
  }
  const sealedTo = (journal.sealedFirsts().at(-1) ?? -folder.segment) + folder.segment
  if (to >= sealedTo) return { blanked, remainingFrom: BigInt(Math.max(from, sealedTo)) }
  await noteBlank(folder, Number(order.record), 'ended', epoch)
  return { blanked }
}

interface Noted {
  readonly ended: readonly number[]
  readonly unfinished: readonly number[]
}

// Lost or damaged it only costs a look at the segments of the newest order.
async function readNoted({ fs, path }: Folder): Promise<Noted> {
  const bytes = await readFile(fs, join(path, BLANKS_FILE))
  const text = bytes === undefined ? undefined : fromUtf8(bytes)
  const value = text === undefined ? undefined : (parseCanonical(text.trimEnd()) as JsonObject | undefined)
  const numbers = (name: string): number[] => {
    const list = value?.[name]
    return Array.isArray(list) ? list.filter((each): each is number => Number.isSafeInteger(each)) : []
  }
  return { ended: numbers('ended'), unfinished: numbers('unfinished') }
}

async function noteBlank(folder: Folder, record: number, what: 'begun' | 'ended', epoch: number): Promise<void> {
  const known = await readNoted(folder)
  if (what === 'begun' && known.unfinished.includes(record)) return
  const others = known.unfinished.filter((each) => each !== record)
  const noted = what === 'begun' ? { ...known, unfinished: [...others, record] } : { ended: [record], unfinished: others }
  const bytes = utf8(`${canonical({ ...noted })}\n`)
  await placeFile(folder.fs, folder.path, BLANKS_FILE, bytes, { epoch, durable: true })
}

/** Orders whose blanking has not ended; `newest` among them unless it is known to have. */
export async function unfinishedBlanks(folder: Folder, newest: bigint): Promise<readonly bigint[]> {
  const { ended, unfinished } = await readNoted(folder)
  const open = new Set(unfinished.map(BigInt))
  if (!ended.includes(Number(newest))) open.add(newest)
  return [...open]
}

async function blankSegment(journal: Journal, first: number, order: BlankOrder, epoch: number): Promise<number> {
  const { folder } = journal
  const { fs, path } = folder
  const name = sealedName(first)
  const bytes = await readFile(fs, join(path, name))
  if (bytes === undefined) throw corrupt({ file: name, offset: 0, firstBad: first }, 'a sealed segment is missing')
  const written = await rewriteLines(folder, first, bytes, order)
  if (written.blanked === 0) return 0
  const temporary = join(path, temporaryName(name, epoch))
  await removeFile(fs, temporary)
  try {
    await createFile(fs, temporary, written.bytes, true)
    const copy = await readFile(fs, temporary)
    if (copy === undefined || sha256Hex(copy) !== sha256Hex(written.bytes)) {
      throw corrupt({ file: temporary, offset: 0, firstBad: first }, 'the blanked copy differs from what was written')
    }
    requireUnfenced(folder, epoch)
    // The old index would point into the middle of lines.
    await removeFile(fs, join(path, indexName(first)))
    await fs.rename(temporary, join(path, name))
  } catch (error) {
    await removeFile(fs, temporary).catch(() => undefined)
    throw error
  }
  await fs.syncDirectory(path)
  journal.changedSealed(first)
  await placeIndex(folder, first, offsetsOf(written.lengths), { seq: first + folder.segment - 1, hash: written.hash }, epoch)
  return written.blanked
}

interface Rewritten {
  readonly bytes: Uint8Array
  readonly lengths: readonly number[]
  readonly blanked: number
  readonly hash: string
}

// Every line is checked on the way: a damaged one must not be given a new, sound-looking home.
async function rewriteLines(folder: Folder, first: number, bytes: Uint8Array, order: BlankOrder): Promise<Rewritten> {
  const parts: Uint8Array[] = []
  let [blanked, count, hash] = [0, 0, '']
  for (const { seq, start, end } of cutLines(bytes, first)) {
    const line = bytes.subarray(start, end)
    const record = parseLine(line)
    // Already blank lines stay as they are.
    const content = record?.payloadMatches === true || record?.payloadText === 'null'
    if (record === undefined || record.hash !== record.recomputedHash || !content || record.body.seq !== first + count) {
      throw corrupt({ file: sealedName(first), offset: start, firstBad: first + count }, `record ${first + count} is damaged`)
    }
    const { body, bodyText, sig } = record
    const chosen = seq >= order.from && seq <= order.to && !body.type.startsWith('sys.') && order.select(body)
    const blank = chosen && record.payloadText !== 'null'
    parts.push(
      blank
        ? utf8(`{"body":${bodyText},"hash":"${record.hash}","payload":null,"sig":"${sig}"}\n`)
        : bytes.subarray(start, end + 1),
    )
    if (blank) blanked += 1
    hash = record.hash
    if (++count % SLICE === 0) await otherWork()
  }
  if (count !== folder.segment)
    throw corrupt({ file: sealedName(first), offset: bytes.length, firstBad: first + count }, 'a sealed segment is incomplete')
  return { bytes: new Uint8Array(Buffer.concat(parts)), lengths: parts.map(({ length }) => length), blanked, hash }
}
