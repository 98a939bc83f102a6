// Removing records whose years of keeping are over and which an archive holds (FORMAT 14): the journal says so first, then whole
// segments go. Ordered again after an interruption it goes on; nothing is written twice.
import type { ParsedLine } from '../read-line.js'
import type { StorageWriter } from '../storage.js'
import { EMPTY_FRONTIER, pushLeaf, rootOf, type Frontier } from '../tree.js'
import type { Outcome } from './answer.js'
import type { ChainState } from './chain.js'
import { optionInvalid } from './check-options.js'
import type { Plan } from './ledger.js'
import { leavesOf, statedPurge } from './leaves.js'

/** What may go, and what keeps it. */
export interface PurgeRequest {
  /** Records below go: the first number of a segment, above 0. */
  readonly floor: bigint
  /** The archive that holds them, written elsewhere and read back. */
  readonly archive: { readonly name: string; readonly sha256: string }
  /** What whoever keeps the archive confirmed, kept among the anchors. */
  readonly receipt: string
}

/** What a purge works on. */
export interface PurgeContext {
  readonly writer: StorageWriter
  readonly chain: ChainState
  readonly durable: bigint
  submit(plan: Plan): Promise<Outcome>
  answer(record: ParsedLine): Outcome
}

/**
 * Writes `sys.purge`, unless the newest one says the same, and removes the segments.
 * @throws FiscalError OPTION_INVALID naming what is missing: nothing was removed then
 */
export async function purgeQueue(request: PurgeRequest, context: PurgeContext): Promise<Outcome> {
  const { floor, archive, receipt } = request
  const { writer, chain } = context
  const { purge } = writer
  if (purge === undefined) throw optionInvalid('storage', 'this store removes nothing')
  if (typeof floor !== 'bigint') throw optionInvalid('floor', 'must be a bigint')
  if (typeof archive !== 'object' || archive === null || typeof archive.name !== 'string')
    throw optionInvalid('archive', 'a name and 64 hex digits are needed')
  if (typeof receipt !== 'string') throw optionInvalid('receipt', 'must be text')
  if (floor <= 0n || floor % BigInt(2 ** chain.segBits) !== 0n)
    throw optionInvalid('floor', 'a floor is the first number of a segment')
  if (floor > context.durable) throw optionInvalid('floor', `the newest record is ${context.durable}`)
  if (archive.name === '' || !/^[0-9a-f]{64}$/.test(archive.sha256))
    throw optionInvalid('archive', 'a name and 64 hex digits are needed')
  const stated = await statedPurge(writer, chain)
  if (stated !== undefined && floor < stated.frontier.size)
    throw optionInvalid('floor', `records below ${stated.frontier.size} were purged already`)
  await writer.putAnchor(floor, archive.name, receipt)
  // Interrupted between the record and the files: the record stands and is not written again.
  const same = stated !== undefined && Number(floor) === stated.frontier.size && archive.sha256 === stated.sha256
  const outcome = same ? context.answer(stated.record) : await context.submit(await purgePlan(writer, request, stated?.frontier))
  if (outcome.outcome === 'registered') await purge.call(writer, { floor, record: outcome.seq, archive: archive.name })
  return outcome
}

// What an earlier purge took away stands in its record as the roots of its tree.
async function purgePlan(
  writer: StorageWriter,
  { floor, archive }: PurgeRequest,
  before: Frontier = EMPTY_FRONTIER,
): Promise<Plan> {
  const leaves = await leavesOf(writer, Number(floor), before.size)
  const frontier = leaves.reduce((grown, leaf) => pushLeaf(grown, leaf), before)
  const payload = {
    archive: { name: archive.name, sha256: archive.sha256 },
    floor: Number(floor),
    frontier: [...frontier.roots],
    last: leaves.at(-1) as string,
    root: rootOf(frontier),
  }
  return { drafts: [{ type: 'sys.purge', write: () => ({ payload }) }] }
}
