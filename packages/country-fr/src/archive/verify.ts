// The stand-alone check of an archive (15.3): needs the ZIP and nothing else. Files against the manifest, the manifest against the
// signed record, the journal by all rules, totals and tables recomputed from it, and continuity with the archive before.
import {
  algsOf,
  canonical,
  concat,
  fromBase64url,
  fromUtf8,
  importPublicKey,
  parseLine,
  parsePublicJwk,
  sha256Hex,
  thumbprint,
  utf8,
  type FiscalRecord,
  type PublicJwk,
  type RecordAlg,
} from '@sigillo/core'
import { unzipInto, type TakeEntry } from '@sigillo/core/bundle'
import type { Report } from '@sigillo/core/verify'
import { profiles } from '../profiles.js'
import { faultOf, type ArchiveFault } from './fault.js'
import { parseManifest, type Manifest } from './manifest.js'
import type { TableContext } from './moments.js'
import { joinLines, startScan, type Scan, type Scanned } from './scan.js'
import { dictionary, headerOf, linesFor, tables } from './tables.js'
import { factsOver, type FileFacts } from './zip.js'

/** How to check. */
export interface ArchiveVerifyOptions {
  /** Thumbprints published by the till's operator or the publisher; without them the enclosed keys are only consistent. */
  readonly trustedKeys?: readonly string[]
  /** Manifest of the archive before this one, as its bytes. */
  readonly previous?: Uint8Array
}

/** What an archive is and what is wrong with it. */
export interface ArchiveReport {
  readonly sound: boolean
  /** Every fault, none twice. */
  readonly faults: readonly ArchiveFault[]
  readonly manifest: Manifest | undefined
  readonly manifestSha256: string | undefined
  /** Verification of the journal lines. */
  readonly records: Report | undefined
  /** What could not be checked, in words. */
  readonly unchecked: readonly string[]
  /** The same in French. */
  readonly uncheckedFr: readonly string[]
  /** Names of the files in the container, in their order, also of those cut off; at most ten thousand. */
  readonly names: readonly string[]
}

/** Bytes of a ZIP, whole or as a stream that can be opened again. */
export type ArchiveBytes = Uint8Array | (() => AsyncIterable<Uint8Array> | Iterable<Uint8Array>)

const MAX_SMALL = 64 * 1024 * 1024

/** Checks an archive. Never throws for bad data. */
export async function verifyArchive(bytes: ArchiveBytes, options: ArchiveVerifyOptions = {}): Promise<ArchiveReport> {
  const open = typeof bytes === 'function' ? bytes : () => pieces(bytes)
  const reading = new Reading()
  const damage = await unzipInto(open(), (name) => reading.entry(name))
  if (damage !== undefined) reading.faults.push(faultOf('CONTAINER', '', damage))
  const { manifest } = reading
  if (manifest === undefined) {
    reading.faults.push(faultOf('MANIFEST', 'manifest.json'))
    return {
      sound: false,
      faults: reading.faults,
      manifest: undefined,
      manifestSha256: undefined,
      records: undefined,
      unchecked: ['everything but the container'],
      uncheckedFr: ['tout sauf le conteneur'],
      names: reading.names,
    }
  }
  checkFiles(manifest, reading)
  checkSignature(manifest, reading, options)
  const scanned = reading.finish()
  if (scanned !== undefined) {
    checkRecords(manifest, scanned, reading.faults)
    await checkTables(open, manifest, scanned, reading.faults)
  }
  checkPrevious(manifest, options.previous, reading.faults)
  const unchecked = uncheckedOf(manifest, options)
  return {
    sound: reading.faults.length === 0,
    faults: reading.faults,
    manifest,
    manifestSha256: reading.manifestSha256,
    records: scanned?.report,
    unchecked: unchecked.map(([en]) => en),
    uncheckedFr: unchecked.map(([, fr]) => fr),
    names: reading.names,
  }
}

function* pieces(bytes: Uint8Array): Iterable<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 65_536) yield bytes.subarray(at, at + 65_536)
}

// Entries as they come: small files are kept, lines go to the judge, everything is hashed.
class Reading {
  readonly faults: ArchiveFault[] = []
  readonly seen = new Map<string, FileFacts>()
  readonly names: string[] = []
  manifest: Manifest | undefined
  manifestSha256: string | undefined
  jws = ''
  #scan: Scan | undefined
  #joined: ReturnType<typeof joinLines> | undefined

  entry(name: string): TakeEntry {
    // An attacker may put in as many entries as he likes.
    if (this.names.length < 10_000) this.names.push(name)
    const facts = factsOver(name)
    const kept: Uint8Array[] = []
    const keep = name === 'manifest.json' || name === 'manifest.jws'
    const lines = name === 'records.ndjson' ? this.#lines() : undefined
    if (this.seen.has(name)) this.faults.push(faultOf('FILE_FOREIGN', name, 'twice'))
    let size = 0
    return (piece, final) => {
      facts.add(piece)
      size += piece.length
      if (keep && size <= MAX_SMALL) kept.push(piece.slice())
      lines?.(piece, final)
      if (!final) return
      this.seen.set(name, facts.done())
      if (keep) this.#small(name, concat(...kept))
    }
  }

  #small(name: string, bytes: Uint8Array): void {
    if (name === 'manifest.jws') this.jws = fromUtf8(bytes) ?? ''
    else {
      this.manifest = parseManifest(bytes)
      this.manifestSha256 = sha256Hex(bytes)
    }
  }

  #lines(): TakeEntry {
    const { manifest } = this
    if (manifest === undefined) return () => undefined
    const keys = manifest.keys.map(({ jwk }) => parsePublicJwk(jwk)).filter((jwk): jwk is PublicJwk => jwk !== undefined)
    const scan = attempt(() => startScan({ queue: manifest.queue, start: manifest.start, keys }))
    if (scan === undefined) {
      this.faults.push(faultOf('MANIFEST', 'manifest.json', 'start'))
      return () => undefined
    }
    this.#scan = scan
    this.#joined = joinLines((bytes) => scan.lines(bytes))
    return splitLines((line, record) => {
      this.#judge(() => this.#joined?.add(line))
      if (record !== undefined) scan.record(record)
    })
  }

  // What no rule foresaw is a fault like any other, never an end of the check.
  #judge(run: () => void): void {
    try {
      run()
    } catch (error) {
      if (!this.faults.some(({ code, file }) => code === 'RECORD' && file === 'records.ndjson'))
        this.faults.push(faultOf('RECORD', 'records.ndjson', error instanceof Error ? error.name : 'unknown'))
    }
  }

  finish(): Scanned | undefined {
    this.#judge(() => this.#joined?.flush())
    const scan = this.#scan
    const scanned = scan === undefined ? undefined : attempt(() => scan.done())
    if (scanned === undefined) this.faults.push(faultOf('RECORD', 'records.ndjson', 'not judged'))
    return scanned
  }
}

function attempt<T>(run: () => T): T | undefined {
  try {
    return run()
  } catch {
    return undefined
  }
}

// Pieces end anywhere; a record that cannot be summed is told by the judge.
function splitLines(give: (line: Uint8Array, record: FiscalRecord | undefined) => void): TakeEntry {
  let rest: Uint8Array = new Uint8Array()
  const emit = (line: Uint8Array): void => {
    const record = parseLine(line.subarray(0, line.length - 1))
    try {
      give(line, record?.payloadMatches === true ? record : undefined)
    } catch {
      // The content is not that of a French record; the judge says so with its number.
    }
  }
  return (piece, final) => {
    let data = rest.length === 0 ? piece : concat(rest, piece)
    for (let end = data.indexOf(10); end >= 0; end = data.indexOf(10)) {
      emit(data.slice(0, end + 1))
      data = data.subarray(end + 1)
    }
    rest = data.slice()
    if (final && rest.length > 0) emit(concat(rest, new Uint8Array([10])))
  }
}

function checkFiles(manifest: Manifest, { seen, faults }: Reading): void {
  const listed = new Set(['manifest.json', 'manifest.jws'])
  for (const { name, bytes, sha256 } of manifest.files) {
    listed.add(name)
    const file = seen.get(name)
    if (file === undefined) faults.push(faultOf('FILE_MISSING', name))
    else if (file.bytes !== bytes || file.sha256 !== sha256) faults.push(faultOf('FILE_CHANGED', name))
  }
  for (const name of ['LISEZMOI.txt', 'records.ndjson', 'csv/colonnes.csv', ...tables.map(({ file }) => file)]) {
    if (!manifest.files.some((file) => file.name === name)) faults.push(faultOf('FILE_MISSING', name, 'not in the manifest'))
  }
  for (const name of seen.keys()) if (!listed.has(name)) faults.push(faultOf('FILE_FOREIGN', name))
  if (!seen.has('manifest.jws')) faults.push(faultOf('FILE_MISSING', 'manifest.jws'))
}

function checkSignature(
  manifest: Manifest,
  { jws, manifestSha256, faults }: Reading,
  { trustedKeys }: ArchiveVerifyOptions,
): void {
  const wrong = (detail: string): void => void faults.push(faultOf('SIGNATURE', 'manifest.jws', detail))
  const parts = jws.split('.')
  const [header, body] = [decode(parts[0]), decode(parts[1])]
  const signature = fromBase64url(parts[2] ?? '')
  if (parts.length !== 3 || header === undefined || body === undefined || signature === undefined) return wrong('not a JWS')
  const { alg, kid } = header as { alg?: RecordAlg; kid?: string }
  const key = parsePublicJwk(manifest.keys.find((known) => known.kid === kid)?.jwk)
  if (key === undefined || thumbprint(key) !== kid) return void faults.push(faultOf('KEY', 'manifest.jws', String(kid)))
  if (trustedKeys !== undefined && !trustedKeys.includes(kid)) faults.push(faultOf('KEY', 'manifest.jws', kid))
  if (alg === undefined || !algsOf(key).includes(alg)) return wrong(`algorithm ${String(alg)}`)
  if (!importPublicKey(key).verify(alg, `${parts[0]}.${parts[1]}`, signature)) return wrong('signature')
  const { queue, type, x } = body as { queue?: string; type?: string; x?: { ds?: string; siret?: string; till?: string } }
  if (queue !== manifest.queue || x?.till !== manifest.till || x?.siret !== manifest.establishment['siret'])
    wrong('of another till')
  if (!names(String(x?.ds), type, manifest, manifestSha256 as string)) wrong('SHA-256 of manifest.json')
}

function decode(part: string | undefined): Record<string, unknown> | undefined {
  const text = fromUtf8(fromBase64url(part ?? '') ?? new Uint8Array([255]))
  const value = attempt(() => JSON.parse(text ?? '') as unknown)
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined
}

// The digest stands in its own field of an archive's data string, and in the text of an export event.
function names(ds: string, type: string | undefined, manifest: Manifest, sha256: string): boolean {
  const fields = ds.split(',')
  if (manifest.kind === 'export') return type === 'event' && fields.some((field) => field.endsWith(` ${sha256}`))
  return (
    type === 'archive' &&
    Object.values(profiles).some(
      (profile) => profile.archive.length === fields.length && fields[profile.archive.indexOf('manifest')] === sha256,
    )
  )
}

function checkRecords(manifest: Manifest, scanned: Scanned, faults: ArchiveFault[]): void {
  const { report, first, last, chains, totals, perpetual, episodes, purged, keys } = scanned
  for (const { seq, code, where, severity } of report.findings) {
    // Content purged after this archive's range is announced by a record beyond it.
    if (severity === 'error' && !(code === 'REDACT_WRONG' && manifest.purged > 0))
      faults.push(faultOf('RECORD', 'records.ndjson', `${code} ${where}`, seq))
  }
  const differs = (name: string): void => void faults.push(faultOf('TOTALS', 'manifest.json', name))
  if (first?.body.seq !== manifest.from || last?.body.seq !== manifest.to || report.records !== manifest.to - manifest.from + 1)
    differs('from, to')
  if (report.queue !== '' && report.queue !== manifest.queue) differs('queue')
  if (!same(totals, manifest.totals) && purged === 0) differs('totals')
  if (!same(perpetual, manifest.perpetual.end)) differs('perpetual')
  if (
    !same(manifest.perpetual.start, {
      abs: manifest.start?.state?.perpetual.abs ?? 0,
      alg: manifest.start?.state?.perpetual.alg ?? 0,
    })
  )
    differs('perpetual.start')
  if (!same(chains, manifest.chains)) differs('chains')
  if (!same(episodes, manifest.episodes)) differs('episodes')
  if (purged !== manifest.purged) differs('purged')
  if (first?.body.ts !== manifest.firstMoment || last?.body.ts !== manifest.lastMoment) differs('moments')
  for (const { kid } of keys) if (!manifest.keys.some((key) => key.kid === kid)) differs(`keys ${kid}`)
}

function same(a: unknown, b: unknown): boolean {
  return attempt(() => canonical(a ?? null) === canonical(b ?? null)) ?? false
}

// Tables are written again from the journal; rows and sums are then equal because the bytes are.
async function checkTables(
  open: () => AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  manifest: Manifest,
  { copies }: Scanned,
  faults: ArchiveFault[],
): Promise<void> {
  const context: TableContext = { till: manifest.till, copies }
  const sheets = tables.map((table) => ({ table, facts: factsOver(table.file), rows: 0 }))
  for (const { table, facts } of sheets) facts.add(utf8(headerOf(table)))
  const take = splitLines((_, record) => {
    if (record === undefined) return
    for (const sheet of sheets) {
      for (const line of linesFor(sheet.table, record, context)) {
        sheet.facts.add(utf8(line))
        sheet.rows += 1
      }
    }
  })
  await unzipInto(open(), (name) => (name === 'records.ndjson' ? take : () => undefined))
  for (const { facts, rows, table } of sheets) {
    const listed = manifest.files.find(({ name }) => name === table.file)
    const { sha256 } = facts.done()
    if (listed !== undefined && (listed.sha256 !== sha256 || listed.rows !== rows)) faults.push(faultOf('TABLE', table.file))
  }
  const columns = manifest.files.find(({ name }) => name === 'csv/colonnes.csv')
  if (columns !== undefined && columns.sha256 !== sha256Hex(dictionary())) faults.push(faultOf('TABLE', 'csv/colonnes.csv'))
}

function checkPrevious(manifest: Manifest, bytes: Uint8Array | undefined, faults: ArchiveFault[]): void {
  if (manifest.kind !== 'export' && (manifest.from === 0) !== (manifest.previous === null))
    faults.push(faultOf('CONTINUITY', 'manifest.json', 'previous'))
  if (bytes === undefined) return
  const previous = parseManifest(bytes)
  const wrong = (detail: string): void => void faults.push(faultOf('CONTINUITY', 'manifest.json', detail))
  if (previous === undefined) return wrong('the previous manifest is unreadable')
  if (manifest.previous?.manifest !== sha256Hex(bytes) || manifest.previous.number !== previous.number) wrong('previous')
  if (manifest.from !== previous.to + 1 || manifest.queue !== previous.queue) wrong(`from ${manifest.from} after ${previous.to}`)
  if (!same(manifest.perpetual.start, previous.perpetual.end)) wrong('perpetual')
  for (const [type, { lastTypeHash }] of Object.entries(previous.chains)) {
    if (manifest.start?.heads[type]?.hash !== lastTypeHash) wrong(`chain ${type}`)
  }
}

function uncheckedOf(manifest: Manifest, { trustedKeys, previous }: ArchiveVerifyOptions): (readonly [en: string, fr: string])[] {
  const out: [string, string][] = []
  if (trustedKeys === undefined)
    out.push([
      'whose key it is: compare the thumbprint with the published one',
      'à qui appartient la clé : comparer son empreinte à celle qui est publiée',
    ])
  if (manifest.from > 0 && previous === undefined)
    out.push([
      'continuity with the archive before: give its manifest',
      'la continuité avec l’archive précédente : donner son inventaire',
    ])
  if (manifest.purged > 0)
    out.push([
      `content of ${manifest.purged} purged records: see the archive made before the purge`,
      `le contenu de ${manifest.purged} enregistrements purgés : voir l’archive faite avant la purge`,
    ])
  return out
}

/**
 * Bytes of manifest.json in an archive; undefined when there is none. Give it to the check of the next archive as `previous`.
 * The archive itself is not judged.
 */
export async function archiveManifest(bytes: ArchiveBytes): Promise<Uint8Array | undefined> {
  const kept: Uint8Array[] = []
  let size = 0
  let whole = false
  const open = typeof bytes === 'function' ? bytes : () => pieces(bytes)
  await unzipInto(open(), (name) => (piece, final) => {
    if (name !== 'manifest.json') return
    size += piece.length
    if (size <= MAX_SMALL) kept.push(piece.slice())
    if (final) whole = size <= MAX_SMALL
  })
  return whole ? concat(...kept) : undefined
}
