// Writing the export bundle (FORMAT 21): a ZIP with fixed order and times, streamed, that can be checked with nothing else.
// The same records, notes and moment give the same bytes.
import { Zip, ZipDeflate, ZipPassThrough } from 'fflate'
import { concat, fromUtf8, utf8 } from '../bytes.js'
import { canonical, type JsonObject } from '../canonical.js'
import type { CountryAuditor } from '../country.js'
import { FiscalError } from '../errors.js'
import { parseLine } from '../record.js'
import type { StorageReader, WitnessStatement } from '../storage.js'
import { startJudge, type Report } from '../verify/verify.js'
import { sha256Stream, type Hasher } from '#crypto'
import { bundleReadme } from './readme.js'

/** What goes into a bundle. */
export interface BundleOptions {
  /** The text of FORMAT.md, carried along so that the reader needs nothing else. */
  readonly format: string
  /** Moment of the export, UTC with milliseconds. */
  readonly created: string
  readonly software: string
  /** Numbers of the first and last record; by default the whole journal up to what is durable. */
  readonly from?: bigint
  readonly to?: bigint
  readonly witness?: WitnessStatement
  /** Digests of kept bytes the records name, to be carried along. */
  readonly blobs?: readonly string[]
  /** A judge by the country's rules for the report. */
  readonly auditor?: CountryAuditor
  readonly progress?: (records: number, total: number) => void
}

/** The bundle's table of contents. */
export interface BundleIndex {
  readonly format: 'sigillo-bundle/1'
  readonly queue: string
  readonly profile: string
  readonly segBits: number
  readonly from: number
  readonly to: number
  readonly count: number
  readonly head: { readonly seq: number; readonly hash: string }
  readonly created: string
  readonly software: string
  readonly keys: readonly { readonly kid: string; readonly jwk: JsonObject; readonly fromSeq: number }[]
  readonly files: readonly { readonly name: string; readonly bytes: number; readonly sha256: string }[]
}

const LINE_FEED = Uint8Array.of(10)
/** Bytes gathered before they are handed on. */
const PIECE = 256 * 1024

/**
 * The bundle as a stream of bytes.
 * @throws FiscalError of the store when a record in range cannot be read
 */
export async function* writeBundle(reader: StorageReader, options: BundleOptions): AsyncIterable<Uint8Array> {
  const zip = openZip(options.created)
  const head = await reader.head()
  const from = options.from ?? 0n
  const to = options.to === undefined || options.to > head.durableThrough ? head.durableThrough : options.to
  if (from > to) throw new FiscalError('OPTION_INVALID', { message: `from: there is no record from ${from} to ${to}`, path: 'from' })
  const genesis = await genesisOf(reader)
  yield* zip.text('README.txt', bundleReadme(reader.queue))
  yield* zip.text('FORMAT.md', options.format)
  yield* zip.text('queue.json', canonical({ format: 1, genesis: genesis.hash, queue: reader.queue, segBits: reader.segBits }))
  const keys: { kid: string; jwk: JsonObject; fromSeq: number }[] = []
  const judge = startJudge(options.auditor === undefined || from > 0n ? {} : { auditor: options.auditor })
  let last = { seq: -1, hash: '' }
  for (let first = from; first <= to; first = endOfSegment(first, reader.segBits) + 1n) {
    const end = endOfSegment(first, reader.segBits) < to ? endOfSegment(first, reader.segBits) : to
    const entry = zip.entry(`s-${String(first).padStart(12, '0')}.jsonl`)
    for await (const lines of pieces(reader, first, end)) {
      judge.chunk({ bytes: lines.bytes })
      last = { seq: Number(lines.seq), hash: lines.hash }
      yield* entry.push(lines.bytes)
      options.progress?.(last.seq - Number(from) + 1, Number(to - from) + 1)
    }
    yield* entry.end()
  }
  for (const seq of await keySeqs(reader, from, to)) keys.push(seq)
  yield* extras(zip, reader, options)
  yield* zip.text('report.json', reportText(judge.report(), from))
  const index: BundleIndex = {
    format: 'sigillo-bundle/1',
    queue: reader.queue,
    profile: String((genesis.payload as JsonObject)['profile']),
    segBits: reader.segBits,
    from: Number(from),
    to: Number(to),
    count: Number(to - from) + 1,
    head: last,
    created: options.created,
    software: options.software,
    keys,
    files: zip.files,
  }
  yield* zip.text('bundle.json', canonical(index))
  yield* zip.end()
}

async function genesisOf(reader: StorageReader): Promise<{ readonly hash: string; readonly payload: unknown }> {
  for await (const { line } of reader.read(0n, 0n)) {
    const record = parseLine(line)
    if (record !== undefined) return record
  }
  throw new FiscalError('JOURNAL_CORRUPT', { message: 'the first record cannot be read', details: { firstBad: 0 } })
}

function endOfSegment(seq: bigint, segBits: number): bigint {
  return seq | ((1n << BigInt(segBits)) - 1n)
}

async function* pieces(reader: StorageReader, from: bigint, to: bigint): AsyncIterable<{ bytes: Uint8Array; seq: bigint; hash: string }> {
  let parts: Uint8Array[] = []
  let size = 0
  let newest: { seq: bigint; line: Uint8Array } | undefined
  const flush = (): { bytes: Uint8Array; seq: bigint; hash: string } => {
    const bytes = concat(...parts)
    const { seq, line } = newest as { seq: bigint; line: Uint8Array }
    parts = []
    size = 0
    return { bytes, seq, hash: parseLine(line)?.hash ?? '' }
  }
  for await (const { seq, line } of reader.read(from, to)) {
    parts.push(line, LINE_FEED)
    size += line.length + 1
    newest = { seq, line }
    if (size >= PIECE) yield flush()
  }
  if (parts.length > 0) yield flush()
}

// Keys valid anywhere in the range: genesis and every sys.key up to its end. They are found by their type's chain, newest first.
async function keySeqs(reader: StorageReader, _from: bigint, to: bigint): Promise<BundleIndex['keys'][number][]> {
  const keys: BundleIndex['keys'][number][] = []
  const marks = [utf8('"type":"sys.genesis"'), utf8('"type":"sys.key"')]
  for await (const { line } of reader.read(0n, to)) {
    if (!marks.some((mark) => includes(line, mark))) continue
    const record = parseLine(line)
    if (record === undefined || (record.body.type !== 'sys.key' && record.body.type !== 'sys.genesis')) continue
    const payload = record.payload as JsonObject
    const kid = record.body.type === 'sys.genesis' ? record.body.kid : String(payload['kid'])
    keys.push({ kid, jwk: payload['key'] as JsonObject, fromSeq: record.body.type === 'sys.genesis' ? 0 : record.body.seq + 1 })
  }
  return keys
}

function includes(bytes: Uint8Array, part: Uint8Array): boolean {
  for (let at = bytes.indexOf(part[0] as number); at >= 0; at = bytes.indexOf(part[0] as number, at + 1)) {
    if (part.every((byte, i) => bytes[at + i] === byte)) return true
  }
  return false
}

async function* extras(zip: ZipWriter, reader: StorageReader, options: BundleOptions): AsyncIterable<Uint8Array> {
  const anchors = [...(await reader.anchors())].sort((a, b) => Number(a.size - b.size) || (a.source < b.source ? -1 : 1))
  for (const { size, source, note } of anchors) yield* zip.text(`anchors/${size}-${source}.note`, note)
  if (options.witness !== undefined) yield* zip.text('witness.json', canonical(options.witness))
  for (const sha256 of [...(options.blobs ?? [])].sort()) {
    const bytes = await reader.blob(sha256)
    if (bytes === undefined) throw new FiscalError('JOURNAL_CORRUPT', { message: `kept bytes ${sha256} are missing`, details: { blob: sha256 } })
    yield* zip.bytes(`blobs/${sha256}`, bytes)
  }
}

function reportText(report: Report, from: bigint): string {
  const { sound, records, findings, more, root } = report
  return canonical({ complete: from === 0n, findings, more, records, root: root ?? null, sound })
}

interface ZipEntry {
  push(bytes: Uint8Array): Iterable<Uint8Array>
  end(): Iterable<Uint8Array>
}

interface ZipWriter {
  readonly files: BundleIndex['files'][number][]
  entry(name: string): ZipEntry
  text(name: string, text: string): Iterable<Uint8Array>
  bytes(name: string, bytes: Uint8Array): Iterable<Uint8Array>
  end(): Iterable<Uint8Array>
}

// ZIP keeps local time: the moment's UTC digits are stored as they are, whatever the machine's zone.
function openZip(created: string): ZipWriter {
  const digits = created.match(/\d+/g) as RegExpMatchArray
  const [year, month, day, hour, minute, second] = digits.map(Number) as [number, number, number, number, number, number]
  const mtime = new Date(year, month - 1, day, hour, minute, second)
  const files: BundleIndex['files'][number][] = []
  let out: Uint8Array[] = []
  const zip = new Zip((error, data) => {
    if (error !== null) throw error
    out.push(data)
  })
  const take = (): Uint8Array[] => {
    const taken = out
    out = []
    return taken
  }
  const entry = (name: string, stored = false): ZipEntry => {
    const file = stored ? new ZipPassThrough(name) : new ZipDeflate(name, { level: 6 })
    file.mtime = mtime
    const hasher: Hasher = sha256Stream()
    let bytes = 0
    zip.add(file)
    return {
      push: (data) => {
        hasher.update(data)
        bytes += data.length
        // The library keeps what it is given; a view into a shared buffer would be taken away from its owner.
        file.push(data.slice(), false)
        return take()
      },
      end: () => {
        file.push(new Uint8Array(), true)
        files.push({ name, bytes, sha256: hasher.hex() })
        return take()
      },
    }
  }
  const whole = (name: string, data: Uint8Array): Uint8Array[] => {
    const file = entry(name, data.length === 0)
    return [...file.push(data), ...file.end()]
  }
  return {
    files,
    entry,
    bytes: whole,
    text: (name, text) => whole(name, utf8(text)),
    end: () => {
      zip.end()
      return take()
    },
  }
}

/** Reads the table of contents of a bundle from its text; undefined when it is not one. */
export function parseBundleIndex(bytes: Uint8Array): BundleIndex | undefined {
  try {
    const index = JSON.parse(fromUtf8(bytes) ?? '') as BundleIndex
    return index.format === 'sigillo-bundle/1' && Array.isArray(index.files) ? index : undefined
  } catch {
    return undefined
  }
}
