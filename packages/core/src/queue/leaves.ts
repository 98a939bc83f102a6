// The leaves of a queue's tree as far as they are still there, and what stands for those that are not (FORMAT 6, 14).
import type { JsonObject } from '../canonical.js'
import { FiscalError } from '../errors.js'
import { statedHash, type ParsedLine } from '../read-line.js'
import type { StorageReader } from '../storage.js'
import { EMPTY_FRONTIER, type Frontier } from '../tree.js'
import type { ChainState } from './chain.js'
import { recordAt } from './load.js'

/** Hashes of the records `from` … `size` − 1; by default from the first. A million take 64 MB for the moment. */
export async function leavesOf(reader: StorageReader, size: number, from: number = 0): Promise<string[]> {
  const leaves: string[] = []
  if (size <= from) return leaves
  for await (const { seq, line } of reader.read(BigInt(from), BigInt(size - 1))) leaves.push(statedHash(line) ?? missing(seq))
  return leaves
}

function missing(seq: bigint): never {
  throw new FiscalError('JOURNAL_CORRUPT', { message: `record ${seq} cannot be read`, details: { firstBad: Number(seq) } })
}

/** The newest `sys.purge` and the tree of what it says is gone. */
export interface StatedPurge {
  readonly record: ParsedLine
  readonly frontier: Frontier
  /** Digest of the archive. */
  readonly sha256: unknown
}

/** What the newest `sys.purge` of a queue says; undefined when nothing was purged. */
export async function statedPurge(reader: StorageReader, chain: Pick<ChainState, 'types'>): Promise<StatedPurge | undefined> {
  const seq = chain.types.get('sys.purge')?.seq
  const record = seq === undefined ? undefined : await recordAt(reader, seq)
  if (record === undefined) return undefined
  const { floor, frontier, archive } = record.payload as { floor: number; frontier: readonly string[]; archive: JsonObject }
  return { record, frontier: { size: floor, roots: frontier }, sha256: archive['sha256'] }
}

/** The tree of the first records of a queue. */
export interface Leaves {
  /** Stands for the records that were purged. */
  readonly before: Frontier
  /** Hashes of those behind them. */
  readonly leaves: readonly string[]
}

/**
 * The tree of the first `size` records: every leaf, or the frontier of what was purged and the leaves from there on.
 * @throws FiscalError RECORD_PURGED when the tree ends within what was purged
 */
export async function leavesUpTo(reader: StorageReader, chain: Pick<ChainState, 'types'>, size: number): Promise<Leaves> {
  // Until the segments are gone all of them can still be proven.
  const gone = await reader.purged?.()
  const frontier = gone === undefined ? undefined : (await statedPurge(reader, chain))?.frontier
  if (frontier === undefined) return { before: EMPTY_FRONTIER, leaves: await leavesOf(reader, size) }
  if (size < frontier.size) throw purged(size, frontier.size)
  return { before: frontier, leaves: await leavesOf(reader, size, frontier.size) }
}

function purged(size: number, floor: number): FiscalError {
  return new FiscalError('RECORD_PURGED', {
    message: `a tree of ${size} records lies within what was purged; records from ${floor} on are here`,
    remedy: 'Prove it from the archive that holds the purged records, or ask for a tree of the size named or a larger one.',
    details: { size, floor },
  })
}
