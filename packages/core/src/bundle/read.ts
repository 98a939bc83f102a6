// Reading and verifying a bundle from its bytes alone (FORMAT 21). The file may come from an attacker: nothing is trusted
// before it has been hashed, no entry is unpacked beyond its stated size, nothing is written anywhere.
import { Unzip, UnzipInflate, UnzipPassThrough, type UnzipFile } from 'fflate'
import { concat } from '../bytes.js'
import type { CountryAuditor } from '../country.js'
import type { Finding } from '../verify/finding.js'
import { startJudge, type Judge, type Report } from '../verify/verify.js'
import { sha256Stream } from '#crypto'
import { parseBundleIndex, type BundleIndex } from './write.js'

/** What a bundle is and what is wrong with it. */
export interface BundleReport extends Report {
  /** Undefined when the bundle has no readable table of contents. */
  readonly index: BundleIndex | undefined
}

/** How to verify a bundle. */
export interface BundleVerifyOptions {
  /** Gives the judge for a country's profile, when there is one. */
  readonly auditorOf?: (profile: string) => CountryAuditor | undefined
  readonly progress?: (bytes: number) => void
}

interface SeenFile {
  bytes: number
  readonly sha256: () => string
}

const SMALL_FILES = new Set(['bundle.json', 'witness.json', 'queue.json'])
const MAX_SMALL_BYTES = 16 * 1024 * 1024

/** Verifies a bundle given as a stream of bytes. Damage gives findings; only the stream's own errors are thrown. */
export async function verifyBundle(source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>, options: BundleVerifyOptions = {}): Promise<BundleReport> {
  const reading = startReading(options)
  let bytes = 0
  try {
    for await (const chunk of source) {
      reading.push(chunk)
      bytes += chunk.length
      options.progress?.(bytes)
    }
    reading.end()
  } catch (error) {
    reading.damage(error instanceof Error ? error.message : String(error))
  }
  return reading.report()
}

interface Reading {
  push(chunk: Uint8Array): void
  end(): void
  damage(message: string): void
  report(): BundleReport
}

function startReading(options: BundleVerifyOptions): Reading {
  const seen = new Map<string, SeenFile>()
  const small = new Map<string, Uint8Array>()
  const findings: Finding[] = []
  const fault = (where: string, message: string): void => void findings.push({ seq: 0, code: 'BUNDLE_WRONG', where, message, severity: 'error' })
  const lines = joinLines(options)
  const unzip = new Unzip((file) => {
    if (seen.has(file.name)) fault(file.name, 'the file stands twice in the bundle')
    seen.set(file.name, readEntry(file, fault, (data) => lines.take(file.name, data), small))
  })
  unzip.register(UnzipInflate)
  unzip.register(UnzipPassThrough)
  return {
    push: (chunk) => unzip.push(chunk.slice(), false),
    end: () => unzip.push(new Uint8Array(), true),
    damage: (message) => fault('zip', `the bundle cannot be unpacked: ${message}`),
    report: () => {
      lines.flush()
      const index = parseBundleIndex(small.get('bundle.json') ?? new Uint8Array())
      compareFiles(index, seen, fault)
      const report = lines.judge().report()
      if (index !== undefined && index.from === 0 && (index.head.seq !== report.head.seq || index.head.hash !== report.head.hash)) {
        fault('bundle.json', `names record ${index.head.seq} as the last, the records end at ${report.head.seq}`)
      }
      const all = [...report.findings, ...findings]
      return { ...report, findings: all, sound: report.sound && findings.length === 0, index }
    },
  }
}

function readEntry(file: UnzipFile, fault: (where: string, message: string) => void, take: (data: Uint8Array) => void, small: Map<string, Uint8Array>): SeenFile {
  const hasher = sha256Stream()
  const entry: SeenFile = { bytes: 0, sha256: () => hasher.hex() }
  const parts: Uint8Array[] = []
  const keep = SMALL_FILES.has(file.name)
  file.ondata = (error, data, final) => {
    if (error !== null) {
      fault(file.name, `cannot be unpacked: ${error.message}`)
      return
    }
    hasher.update(data)
    entry.bytes += data.length
    if (keep && entry.bytes <= MAX_SMALL_BYTES) parts.push(data)
    if (/^s-\d{12}\.jsonl$/.test(file.name)) take(data)
    if (final && keep) small.set(file.name, concat(...parts))
  }
  file.start()
  return entry
}

// Unpacked pieces end anywhere; the judge wants whole lines. The country's judge is chosen when genesis has named its profile.
function joinLines(options: BundleVerifyOptions): { take(file: string, data: Uint8Array): void; flush(): void; judge(): Judge } {
  let judge: Judge | undefined
  let rest = new Uint8Array()
  let name: string | undefined
  let offset = 0
  const judgeOf = (bytes: Uint8Array): Judge => {
    const profile = /"profile":"([^"\\]{1,64})"/.exec(new TextDecoder().decode(bytes.subarray(0, 8192)))?.[1]
    const auditor = profile === undefined ? undefined : options.auditorOf?.(profile)
    return startJudge(auditor === undefined ? {} : { auditor })
  }
  const give = (bytes: Uint8Array): void => {
    if (bytes.length === 0) return
    judge ??= judgeOf(bytes)
    judge.chunk({ bytes, offset, ...(name !== undefined && { file: name }) })
    offset += bytes.length
  }
  return {
    take: (file, data) => {
      if (file !== name) {
        give(rest)
        ;[rest, name, offset] = [new Uint8Array(), file, 0]
      }
      const joined = concat(rest, data)
      const end = joined.lastIndexOf(10) + 1
      give(joined.subarray(0, end))
      rest = joined.slice(end)
    },
    flush: () => {
      give(rest)
      rest = new Uint8Array()
    },
    judge: () => (judge ??= startJudge()),
  }
}

function compareFiles(index: BundleIndex | undefined, seen: ReadonlyMap<string, SeenFile>, fault: (where: string, message: string) => void): void {
  if (index === undefined) {
    fault('bundle.json', 'the table of contents is missing or unreadable')
    return
  }
  const listed = new Set(['bundle.json'])
  for (const { name, bytes, sha256 } of index.files) {
    listed.add(name)
    const file = seen.get(name)
    if (file === undefined) fault(name, 'the file is missing')
    else if (file.bytes !== bytes || file.sha256() !== sha256) fault(name, 'the file was changed: size or SHA-256 differ')
  }
  for (const name of seen.keys()) if (!listed.has(name)) fault(name, 'the file is not in the table of contents')
}
