// From stored bytes to a ledger: the newest snapshot a signed checkpoint vouches for, then every record after it
// (FORMAT 12). A snapshot that does not match is passed over; in the end genesis takes its place.
import { fromBase64url } from '../bytes.js'
import type { Json, JsonObject } from '../canonical.js'
import type { ChainHead, Country, RequestEnvelope } from '../country.js'
import { stateDigest } from '../digest.js'
import { FiscalError } from '../errors.js'
import { parsePublicJwk, thumbprint } from '../keys.js'
import { parseLine, type ParsedLine } from '../read-line.js'
import { signingInput } from '../record.js'
import type { StorageReader, StoredSnapshot } from '../storage.js'
import { rootOf } from '../tree.js'
import { importPublicKey } from '#crypto'
import { emptyChain, type ChainState } from './chain.js'
import { foldLedger, type Ledger } from './ledger.js'

/** A ledger and what was passed over on the way to it. */
export interface Loaded {
  readonly ledger: Ledger
  readonly warnings: readonly string[]
}

/**
 * Folds the journal into a ledger.
 * @throws FiscalError JOURNAL_CORRUPT when a record that must be there cannot be read
 */
export async function loadLedger(reader: StorageReader, country: Country<RequestEnvelope, unknown, unknown>): Promise<Loaded> {
  const warnings: string[] = []
  const ledger = (await resume(reader, country, warnings)) ?? { chain: emptyChain(), state: country.initial(), country }
  for await (const { line } of reader.read(BigInt(ledger.chain.seq + 1))) {
    const record = parseLine(line)
    if (record === undefined || !follows(ledger.chain, record)) throw corrupt(ledger.chain.seq + 1)
    foldLedger(ledger, record)
  }
  return { ledger, warnings }
}

function follows(chain: ChainState, record: ParsedLine): boolean {
  return (
    record.hash === record.recomputedHash &&
    record.body.seq === chain.seq + 1 &&
    record.body.prev === chain.hash &&
    (record.payloadMatches || record.payloadText === 'null')
  )
}

function corrupt(seq: number): FiscalError {
  return new FiscalError('JOURNAL_CORRUPT', {
    message: `record ${seq} cannot be read or does not follow`,
    details: { firstBad: seq },
  })
}

async function resume(
  reader: StorageReader,
  country: Country<RequestEnvelope, unknown, unknown>,
  warnings: string[],
): Promise<Ledger | undefined> {
  for (const snapshot of await reader.snapshots()) {
    const chain = await chainOf(reader, snapshot).catch(() => undefined)
    if (chain === undefined) {
      warnings.push(`snapshot ${snapshot.seq} does not match its checkpoint and was passed over`)
      continue
    }
    return { chain, state: country.restore(snapshot.state['totals'] as Json), country }
  }
  return undefined
}

async function chainOf(reader: StorageReader, snapshot: StoredSnapshot): Promise<ChainState | undefined> {
  const { state } = snapshot
  const head = state['head'] as JsonObject
  const types = state['types'] as Record<string, { hash: string; tseq: number }>
  const checkpoint = await recordAt(reader, snapshot.seq + 1n)
  if (checkpoint === undefined || head['seq'] !== Number(snapshot.seq) || head['hash'] !== checkpoint.body.prev) return undefined
  const heads = await headsOf(reader, types, snapshot.heads ?? {})
  if (heads === undefined) return undefined
  const chain = await chainFrom(reader, state, heads)
  const claims = checkpoint.payload as JsonObject
  if (
    checkpoint.body.type !== 'sys.checkpoint' ||
    claims['state'] !== stateDigest(state) ||
    claims['root'] !== rootOf(chain.frontier)
  )
    return undefined
  if (checkpoint.body.kid !== chain.kid || !signed(checkpoint, chain)) return undefined
  return chain
}

function signed(record: ParsedLine, chain: ChainState): boolean {
  const { alg, kid } = record.body
  const signature = fromBase64url(record.sig)
  return signature !== undefined && importPublicKey(chain.key).verify(alg, signingInput(alg, kid, record.bodyText), signature)
}

async function headsOf(
  reader: StorageReader,
  types: Readonly<Record<string, { hash: string; tseq: number }>>,
  places: Readonly<Record<string, number>>,
): Promise<Map<string, ChainHead> | undefined> {
  const heads = new Map<string, ChainHead>()
  for (const [type, { hash, tseq }] of Object.entries(types)) {
    const seq = places[type]
    const record = seq === undefined ? undefined : await recordAt(reader, BigInt(seq))
    if (record === undefined || record.recomputedHash !== hash || record.body.tseq !== tseq) return undefined
    heads.set(type, { seq: BigInt(record.body.seq), tseq, hash, sig: record.sig })
  }
  return heads
}

async function chainFrom(reader: StorageReader, state: JsonObject, heads: Map<string, ChainHead>): Promise<ChainState> {
  const genesis = (await recordAt(reader, 0n)) as ParsedLine
  const keyRecord = (await recordAt(reader, heads.get('sys.key')?.seq ?? 0n)) as ParsedLine
  const key = parsePublicJwk((keyRecord.payload as JsonObject)['key'])
  const head = state['head'] as { seq: number; hash: string }
  if (key === undefined || thumbprint(key) !== state['kid']) throw corrupt(keyRecord.body.seq)
  return {
    ...emptyChain(),
    queue: genesis.body.queue,
    profile: String((genesis.payload as JsonObject)['profile']),
    segBits: Number((genesis.payload as JsonObject)['segBits']),
    genesis: genesis.hash,
    seq: head.seq,
    hash: head.hash,
    epoch: Number(state['epoch']),
    lastTs: String(state['lastTs']),
    kid: String(state['kid']),
    key,
    types: heads,
    frontier: { size: head.seq + 1, roots: state['frontier'] as readonly string[] },
    ended: heads.has('sys.close'),
  }
}

/** One record, or undefined when the journal does not reach it or its bytes are damaged. */
export async function recordAt(reader: StorageReader, seq: bigint): Promise<ParsedLine | undefined> {
  for await (const { line } of reader.read(seq, seq)) {
    const record = parseLine(line)
    return record?.hash === record?.recomputedHash ? record : undefined
  }
  return undefined
}
