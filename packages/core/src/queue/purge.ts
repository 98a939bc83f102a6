// Removing records whose years of keeping are over and which an archive holds (FORMAT 14): the journal says so first, then whole
// segments go. Ordered again after an interruption it goes on; nothing is written twice.
import type { JsonObject } from '../canonical.js'
import { FiscalError } from '../errors.js'
import type { StorageWriter } from '../storage.js'
import { EMPTY_FRONTIER, pushLeaf, rootOf } from '../tree.js'
import { leavesOf } from './anchor.js'
import type { Outcome } from './answer.js'
import type { ChainState } from './chain.js'
import type { Plan } from './ledger.js'
import { recordAt } from './load.js'

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
  answer(record: NonNullable<Awaited<ReturnType<typeof recordAt>>>): Outcome
}

/**
 * Writes `sys.purge`, unless the newest one says the same, and removes the segments.
 * @throws FiscalError OPTION_INVALID naming what is missing: nothing was removed then
 */
export async function purgeQueue(request: PurgeRequest, context: PurgeContext): Promise<Outcome> {
  const { floor, archive, receipt } = request
  const { writer, chain } = context
  const { purge } = writer
  if (purge === undefined) throw invalid('storage', 'this store removes nothing')
  if (typeof floor !== 'bigint') throw invalid('floor', 'must be a bigint')
  if (typeof archive !== 'object' || archive === null || typeof archive.name !== 'string')
    throw invalid('archive', 'a name and 64 hex digits are needed')
  if (typeof receipt !== 'string') throw invalid('receipt', 'must be text')
  if (floor <= 0n || floor % BigInt(2 ** chain.segBits) !== 0n) throw invalid('floor', 'a floor is the first number of a segment')
  if (floor > context.durable) throw invalid('floor', `the newest record is ${context.durable}`)
  if (archive.name === '' || !/^[0-9a-f]{64}$/.test(archive.sha256))
    throw invalid('archive', 'a name and 64 hex digits are needed')
  const earlier = await statedPurge(context, request)
  await writer.putAnchor(floor, archive.name, receipt)
  const outcome = earlier ?? (await context.submit(await purgePlan(writer, request)))
  if (outcome.outcome === 'registered') await purge.call(writer, { floor, record: outcome.seq, archive: archive.name })
  return outcome
}

// Interrupted between the record and the files: the record stands and is not written again.
async function statedPurge(
  { writer, chain, answer }: PurgeContext,
  { floor, archive }: PurgeRequest,
): Promise<Outcome | undefined> {
  const newest = chain.types.get('sys.purge')?.seq
  const record = newest === undefined ? undefined : await recordAt(writer, newest)
  const payload = record?.payload as JsonObject | null | undefined
  const known = payload?.['archive'] as JsonObject | undefined
  const same = payload?.['floor'] === Number(floor) && known?.['sha256'] === archive.sha256
  return record !== undefined && same ? answer(record) : undefined
}

async function purgePlan(writer: StorageWriter, { floor, archive }: PurgeRequest): Promise<Plan> {
  const leaves = await leavesOf(writer, Number(floor))
  const frontier = leaves.reduce((grown, leaf) => pushLeaf(grown, leaf), EMPTY_FRONTIER)
  const payload = {
    archive: { name: archive.name, sha256: archive.sha256 },
    floor: Number(floor),
    frontier: [...frontier.roots],
    last: leaves.at(-1) as string,
    root: rootOf(frontier),
  }
  return { drafts: [{ type: 'sys.purge', write: () => ({ payload }) }] }
}

function invalid(path: string, message: string): FiscalError {
  return new FiscalError('OPTION_INVALID', { message: `${path}: ${message}`, path })
}
