// Writing the export bundle (FORMAT 21): all that a stranger needs to check a range of a queue, streamed. The same records with
// the same moment and software give the same bytes.
import { concat } from '../bytes.js'
import { canonical, type JsonObject } from '../canonical.js'
import type { CountryAuditor } from '../country.js'
import { FiscalError } from '../errors.js'
import { emptyChain, foldChain, stateOf, type ChainState } from '../queue/chain.js'
import { parseLine, type ParsedLine } from '../read-line.js'
import type { StorageReader, WitnessStatement } from '../storage.js'
import { startJudge, type Report } from '../verify/verify.js'
import { blobsNamedIn } from '../verify/blobs.js'
import type { BundleIndex } from './index-file.js'
import { bundleReadme } from './readme.js'
import { startZip, type ZipWriter } from './zip-writer.js'

/** What goes into a bundle. */
export interface BundleOptions {
  /** The text of FORMAT.md, carried along so that the reader needs nothing else. */
  readonly format: string
  /** Moment of the export, UTC with milliseconds. */
  readonly created: string
  /** Name and version of the exporting software. */
  readonly software: string
  /** First record; must begin a request. By default the first that is there: 0, or the floor of a purge. */
  readonly from?: bigint
  /** Last record; by default, and at most, the newest durable one. */
  readonly to?: bigint
  readonly witness?: WitnessStatement
  /** Texts for the reader: what was purged or blanked, what could not be checked. */
  readonly notes?: readonly string[]
  /** A judge by the country's rules for the report. */
  readonly auditor?: CountryAuditor
  readonly progress?: (done: number, total: number) => void
}

const LINE_FEED = Uint8Array.of(10)
/** Bytes of lines gathered before they are handed on. */
const PIECE_BYTES = 256 * 1024

interface Range {
  readonly from: bigint
  readonly to: bigint
  /** Hash of record `to`. */
  readonly hash: string
  /** The queue has newer records. */
  readonly continues: boolean
}

/** What the records before and in the range give for the table of contents. */
interface Facts {
  readonly genesis: string
  readonly profile: string
  readonly start: BundleIndex['start']
  readonly keys: BundleIndex['keys'][number][]
}

/**
 * The bundle as a stream of bytes.
 * @throws FiscalError OPTION_INVALID for a range that is empty or splits a request; the store's own when a record cannot be read
 */
export async function* writeBundle(reader: StorageReader, options: BundleOptions): AsyncIterable<Uint8Array> {
  const range = await rangeOf(reader, options)
  const facts = await factsOf(reader, range)
  const zip = startZip()
  yield* zip.text('README.txt', bundleReadme(reader.queue))
  yield* zip.text('FORMAT.md', options.format)
  yield* zip.text('queue.json', canonical({ format: 1, genesis: facts.genesis, queue: reader.queue, segBits: reader.segBits }))
  const judge = startJudge(judgeOptions(reader, range, facts, options))
  const blobs = new Set<string>()
  for (let first = range.from; first <= range.to; first = endOfSegment(first, reader.segBits) + 1n) {
    const entry = zip.entry(`s-${String(first).padStart(12, '0')}.jsonl`)
    const end = endOfSegment(first, reader.segBits)
    for await (const { bytes, seq } of pieces(reader, first, end < range.to ? end : range.to)) {
      judge.chunk({ bytes, file: `s-${String(first).padStart(12, '0')}.jsonl` })
      for (const blob of blobsNamedIn(bytes)) blobs.add(blob)
      yield* entry.push(bytes)
      options.progress?.(Number(seq - range.from) + 1, Number(range.to - range.from) + 1)
    }
    yield* entry.end()
  }
  yield* companions(zip, reader, [...blobs].sort(), range.continues ? undefined : options.witness)
  yield* zip.text('report.json', reportText(judge.report(), reader.queue, range, options))
  yield* zip.text('bundle.json', canonical(indexOf(reader, range, facts, zip, options)))
  yield* zip.end()
}

async function rangeOf(reader: StorageReader, options: BundleOptions): Promise<Range> {
  const head = await reader.head()
  const floor = (await reader.purged?.())?.floor ?? 0n
  const from = options.from ?? floor
  const to = options.to === undefined || options.to > head.durableThrough ? head.durableThrough : options.to
  if (from < 0n || from > to)
    throw new FiscalError('OPTION_INVALID', { message: `from: there is no record from ${from} to ${to}`, path: 'from' })
  // A segment begins a request.
  if (from > 0n && from !== floor && ((await lineAt(reader, from - 1n))?.body.more ?? 0) > 0) {
    throw new FiscalError('OPTION_INVALID', { message: `from: record ${from} stands inside a request`, path: 'from' })
  }
  const last = await lineAt(reader, to)
  if ((last?.body.more ?? 0) > 0)
    throw new FiscalError('OPTION_INVALID', { message: `to: record ${to} stands inside a request`, path: 'to' })
  return { from, to, hash: last?.hash ?? '', continues: to < head.seq }
}

async function lineAt(reader: StorageReader, seq: bigint): Promise<ParsedLine | undefined> {
  for await (const { line } of reader.read(seq, seq)) return parseLine(line)
  return undefined
}

// The records before the range are folded for its start; for the whole queue only the key records inside are looked for. After a purge
// there is nothing to fold and no start (FORMAT 21); the genesis and the keys are among what it kept.
async function factsOf(reader: StorageReader, { from, to }: Range): Promise<Facts> {
  const chain = emptyChain()
  let start: BundleIndex['start']
  const keys: BundleIndex['keys'][number][] = []
  const purged = await reader.purged?.()
  for (const { line } of purged?.kept ?? []) {
    const record = parseLine(line)
    if (record?.body.type === 'sys.genesis') foldChain(chain, record)
    if (record !== undefined) noteKey(keys, record)
  }
  for await (const { seq, line } of reader.read(purged?.floor ?? 0n, to)) {
    if ((seq >= from || purged !== undefined) && seq > 0n && !holdsKeyRecord(line)) continue
    const record = parseLine(line)
    if (record === undefined) continue
    noteKey(keys, record)
    if (purged !== undefined) continue
    if (seq < from || (seq === 0n && from === 0n)) foldChain(chain, record)
    if (seq === from - 1n) start = { genesis: chain.genesis, state: withoutTotals(chain) }
  }
  return { genesis: chain.genesis, profile: chain.profile, start, keys }
}

function withoutTotals(chain: ChainState): JsonObject {
  const { totals: _unknown, ...state } = stateOf(chain, {})
  return state
}

function holdsKeyRecord(line: Uint8Array): boolean {
  return new TextDecoder('latin1').decode(line.subarray(0, 1200)).includes('"type":"sys.key"')
}

function noteKey(keys: BundleIndex['keys'][number][], record: ParsedLine): void {
  const { type, kid, seq } = record.body
  if (type !== 'sys.genesis' && type !== 'sys.key') return
  const payload = record.payload as JsonObject
  const key =
    type === 'sys.genesis'
      ? { fromSeq: 0, jwk: payload['key'] as JsonObject, kid }
      : { fromSeq: seq + 1, jwk: payload['key'] as JsonObject, kid: String(payload['kid']) }
  keys.push(Array.isArray(payload['x5c']) ? { ...key, x5c: payload['x5c'] as string[] } : key)
}

function judgeOptions(
  reader: StorageReader,
  { from, continues }: Range,
  facts: Facts,
  options: BundleOptions,
): Parameters<typeof startJudge>[0] {
  const offeredKeys = facts.keys.map(({ jwk }) => jwk as never)
  if (facts.start === undefined && from > 0n)
    return { start: { seq: Number(from) - 1, profile: facts.profile, segBits: reader.segBits }, offeredKeys, continues }
  if (facts.start === undefined) return { ...(options.auditor !== undefined && { auditor: options.auditor }), continues }
  const { genesis, state } = facts.start
  const hash = (state['head'] as { hash: string }).hash
  return {
    start: { seq: Number(from) - 1, hash, queue: reader.queue, genesis, profile: facts.profile, segBits: reader.segBits, state },
    offeredKeys,
    continues,
  }
}

function endOfSegment(seq: bigint, segBits: number): bigint {
  return seq | ((1n << BigInt(segBits)) - 1n)
}

async function* pieces(
  reader: StorageReader,
  from: bigint,
  to: bigint,
): AsyncIterable<{ readonly bytes: Uint8Array; readonly seq: bigint }> {
  let parts: Uint8Array[] = []
  let size = 0
  for await (const { seq, line } of reader.read(from, to)) {
    parts.push(line, LINE_FEED)
    size += line.length + 1
    if (size < PIECE_BYTES && seq < to) continue
    yield { bytes: concat(...parts), seq }
    parts = []
    size = 0
  }
}

async function* companions(
  zip: ZipWriter,
  reader: StorageReader,
  blobs: readonly string[],
  witness: WitnessStatement | undefined,
): AsyncIterable<Uint8Array> {
  const anchors = [...(await reader.anchors())].sort((a, b) => Number(a.size - b.size) || (a.source < b.source ? -1 : 1))
  for (const { size, source, note } of anchors) yield* zip.text(`anchors/${size}-${source}.note`, note)
  if (witness !== undefined) yield* zip.text('witness.json', canonical(witness))
  for (const sha256 of blobs) {
    const bytes = await reader.blob(sha256)
    if (bytes === undefined)
      throw new FiscalError('JOURNAL_CORRUPT', { message: `kept bytes ${sha256} are missing`, details: { blob: sha256 } })
    yield* zip.bytes(`blobs/${sha256}`, bytes)
  }
}

function reportText(report: Report, queue: string, { from, to }: Range, { created, software }: BundleOptions): string {
  const { sound, records, findings, head, unchecked } = report
  return canonical({
    count: records,
    created,
    findings: findings.map(({ offset: _offset, ...finding }) => finding),
    format: 'sigillo-report/1',
    head,
    queue,
    range: { from, to },
    software,
    unchecked,
    verdict: sound ? 'sound' : 'unsound',
  })
}

function indexOf(
  reader: StorageReader,
  { from, to, hash, continues }: Range,
  facts: Facts,
  zip: ZipWriter,
  options: BundleOptions,
): BundleIndex {
  const { created, software, notes } = options
  return {
    format: 'sigillo-bundle/1',
    queue: reader.queue,
    profile: facts.profile,
    segBits: reader.segBits,
    from: Number(from),
    to: Number(to),
    count: Number(to - from) + 1,
    head: { hash, seq: Number(to) },
    ...(continues && { continues }),
    ...(facts.start !== undefined && { start: facts.start }),
    keys: facts.keys,
    files: zip.files,
    created,
    software,
    ...(notes !== undefined && notes.length > 0 && { notes }),
  }
}
