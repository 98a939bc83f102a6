// What an open queue shows of its journal: only what is durable now.
import { concat } from '../bytes.js'
import { FiscalError } from '../errors.js'
import { parseLine } from '../read-line.js'
import type { FiscalRecord } from '../record.js'
import type { Country, RequestEnvelope } from '../country.js'
import type { StorageReader, StorageWriter } from '../storage.js'
import { inclusionProof, treeRoot } from '../tree.js'
import { purgedStart } from '../verify/purged.js'
import { verifyChunks, type Chunk, type Report, type VerifyOptions } from '../verify/verify.js'
import type { ChainState } from './chain.js'
import { leavesUpTo } from './leaves.js'
import type { WitnessKeeper } from './witness.js'

/** Records `from` … `to`. @throws FiscalError RECORD_MALFORMED, or the store's own */
export async function* recordsOf(reader: StorageReader, from: bigint, to: bigint): AsyncIterable<FiscalRecord> {
  for await (const { seq, line } of reader.read(from, to)) {
    const record = parseLine(line)
    if (record === undefined)
      throw new FiscalError('RECORD_MALFORMED', { message: `record ${seq} is not a record of this format` })
    yield record
  }
}

/**
 * Proof that record `seq` is in the tree of the first `size` records, of `durable` that there are.
 * @throws FiscalError OPTION_INVALID; RECORD_PURGED when it takes records that were purged
 */
export async function proofOf(
  { reader, chain, durable }: { readonly reader: StorageReader; readonly chain: ChainState; readonly durable: bigint },
  seq: bigint,
  size: bigint,
): Promise<{ size: number; root: string; proof: string[] }> {
  if (seq < 0n || seq >= size || size > durable)
    throw new FiscalError('OPTION_INVALID', { message: `seq: there is no record ${seq} in a tree of ${size}`, path: 'seq' })
  const { before, leaves } = await leavesUpTo(reader, chain, Number(size))
  return { size: Number(size), root: treeRoot(leaves, before), proof: inclusionProof(Number(seq), leaves, before) }
}

/** What the verification of an open queue stands on. */
export interface Verifiable {
  readonly writer: StorageWriter
  readonly durable: bigint
  readonly country: Pick<Country<RequestEnvelope, unknown, unknown>, 'auditor'>
  readonly witness: Pick<WitnessKeeper, 'last'>
}

/** Verifies what is durable: all of it, what a purge has left, or what came since an earlier verification. */
export async function verifyStored(
  { writer, durable, country, witness }: Verifiable,
  options: Pick<VerifyOptions, 'resume' | 'progress' | 'maxFindings'>,
): Promise<Report> {
  const gone = options.resume === undefined ? await writer.purged?.() : undefined
  const from = options.resume === undefined ? (gone?.floor ?? 0n) : BigInt(options.resume.state.g + 1)
  // A country judges a journal from its beginning.
  const auditor = from === 0n ? country.auditor?.() : undefined
  const start = gone && (await purgedStart(chunksOf(writer, from, durable), gone.kept))
  const seen = await witness.last()
  const witnesses = seen === undefined ? {} : { witnesses: [seen] }
  return verifyChunks(chunksOf(writer, from, durable), {
    ...options,
    ...witnesses,
    ...start,
    blob: (sha256) => writer.blob(sha256),
    ...(auditor !== undefined && { auditor }),
  })
}

/** Lines in pieces for verification. Records appended while it reads are the next verification's. */
async function* chunksOf(reader: StorageReader, from: bigint, to: bigint): AsyncIterable<Chunk> {
  const LINE_FEED = Uint8Array.of(10)
  let parts: Uint8Array[] = []
  for await (const { seq, line } of reader.read(from, to)) {
    parts.push(line, LINE_FEED)
    if (parts.length < 512 && seq < to) continue
    yield { bytes: concat(...parts) }
    parts = []
  }
}
