// Writing an archive (15.1): the range is verified and summed, every file is hashed, the manifest is hashed, the archive record
// signs that hash, and only then the container is streamed. Nothing is held in memory but the manifest: files are read again from
// the journal each time they are needed, and come out the same.
import {
  algsOf,
  FiscalError,
  sealOf,
  sha256Hex,
  utf8,
  type FiscalRecord,
  type JsonObject,
  type PublicJwk,
  type Queue,
  type Registered,
} from '@sigillo/core'
import { archiveRange, checkSpan, type ArchiveRange } from '../archive-record.js'
import type { France } from '../france.js'
import { restoreState } from '../state.js'
import { compact, localTime } from '../time.js'
import { manifestText, type Manifest } from './manifest.js'
import type { TableContext } from './moments.js'
import { certificatePem, publicKeyPem } from './pem.js'
import { readmeText } from './readme.js'
import { joinLines, startScan, type Scanned } from './scan.js'
import { refuseInSchool } from './school.js'
import { keyAt, keyOf, lineBytes, rangeStart, type RecordSource } from './source.js'
import type { Table } from './table.js'
import { dictionary, headerOf, linesFor, tables } from './tables.js'
import { factsOver, requireRoom, zipFiles, type FileFacts, type ZipFile } from './zip.js'

/** How to archive. */
export interface ArchiveOptions {
  /** Idempotency key: the same key gives the same archive again. */
  readonly key: string
  readonly operatorId: string
  /** Moment of the archive, ISO 8601: creation date, time of all entries. */
  readonly posMoment: string
  readonly kind?: 'period' | 'year'
  /** Business date of the last closed day; default the newest. */
  readonly until?: string
  /** Close an open day first. */
  readonly autoClose?: boolean
  /** Files of finished outages, as the till wrote them; or who fetches them, given the outages that ended in the range. */
  readonly degraded?: readonly OutageFile[] | ((episodes: readonly string[]) => Promise<readonly OutageFile[]>)
}

/** A file an outage left at the till: path below `degrade/`, and its bytes. */
export interface OutageFile {
  readonly path: string
  readonly bytes: Uint8Array
}

/** An archive that was signed. */
export interface Archive {
  /** Suggested file name. */
  readonly name: string
  readonly manifest: Manifest
  readonly manifestSha256: string
  /** The record that signs the manifest. */
  readonly record: FiscalRecord
  /** The container, from the beginning; may be asked more than once. */
  stream(): AsyncIterable<Uint8Array>
}

/** Everything but the container's signature. */
export interface Draft {
  readonly manifest: Manifest
  readonly sha256: string
  files(seal: string): AsyncIterable<ZipFile>
}

/** What makes one archive differ from another. */
export interface DraftFacts {
  readonly range: { readonly from: number; readonly to: number }
  readonly number: number
  readonly kind: Manifest['kind']
  readonly created: string
  readonly previous: Manifest['previous']
  readonly degraded: readonly OutageFile[]
}

/**
 * Makes an archive of everything since the last one up to a closed day.
 * @throws FiscalError FR_NOTHING_TO_ARCHIVE, FR_DAY_OPEN, FR_ARCHIVE_TOO_LONG, or what recording refuses
 * @law BOI-30 (2026-03-25), 220 to 260
 */
export async function createArchive(queue: Queue, country: France, options: ArchiveOptions): Promise<Archive> {
  const known = await queue.byKey(options.key)
  if (known !== undefined) return again(queue, country, known, options)
  refuseInSchool(queue)
  if (options.autoClose === true) await closeOpenDay(queue, options)
  const state = restoreState(queue.totals() as never)
  const range = archiveRange(state, options.until)
  const last = await queue.find(BigInt(range.to))
  checkSpan(country.settings.zone, state, Date.parse((last as FiscalRecord).body.ts))
  const { number, manifest } = state.archive
  const draft = await draftArchive(queue, country, {
    range,
    number: state.archives.length + 1 + (state.offsets['archive'] ?? 0),
    kind: options.kind ?? ((await closesYear(queue, range)) ? 'year' : 'period'),
    created: new Date(options.posMoment).toISOString(),
    previous: number === 0 ? null : { manifest, number },
    degraded: await outageFiles(queue, range, options),
  })
  const outcome = await queue.record(requestOf(draft, options))
  if (outcome.outcome !== 'registered') throw outcome.error
  return finished(country, draft, outcome.record)
}

function requestOf({ manifest, sha256 }: Draft, options: ArchiveOptions): object {
  const { key, operatorId, posMoment, until } = options
  const { kind, from, to, breaks } = manifest
  return {
    type: 'archive',
    key,
    operatorId,
    posMoment,
    kind,
    manifest: sha256,
    from,
    to,
    ...(breaks.length > 0 && { breaks: breaks.length }),
    ...(until !== undefined && { until }),
  }
}

async function closeOpenDay(queue: Queue, { key, operatorId, posMoment }: ArchiveOptions): Promise<Registered | undefined> {
  const { levels } = restoreState(queue.totals() as never)
  if (levels.day.from === '') return undefined
  const outcome = await queue.record({ type: 'closing', kind: 'day', key: `${key}-JOUR`.slice(0, 128), operatorId, posMoment })
  if (outcome.outcome !== 'registered') throw outcome.error
  return outcome
}

async function closesYear(source: RecordSource, { closing, to }: ArchiveRange): Promise<boolean> {
  for (let seq = closing; seq <= to; seq++) {
    const record = await source.find(BigInt(seq))
    if (record?.body.type === 'closing' && (record.payload as { kind?: string } | null)?.kind === 'year') return true
  }
  return false
}

// The same key: the archive is made again from the journal, and must be the one that was signed.
async function again(queue: Queue, country: France, record: FiscalRecord, options: ArchiveOptions): Promise<Archive> {
  if (record.body.type !== 'archive')
    throw new FiscalError('KEY_REUSED', { message: `key ${options.key} names another request`, national: 'FR_REFERENCE_REUSED' })
  const { from, to } = record.payload as unknown as ArchiveRange
  return recreateArchive(queue, country, record, await outageFiles(queue, { from, to }, options))
}

/** Files of the outages that ended in a range. */
export async function outageFiles(
  queue: RecordSource,
  { from, to }: DraftFacts['range'],
  { degraded = [] }: Pick<ArchiveOptions, 'degraded'>,
): Promise<readonly OutageFile[]> {
  if (typeof degraded !== 'function') return degraded
  const ended: string[] = []
  for await (const { body, payload } of queue.records({ from: BigInt(from), to: BigInt(to) })) {
    const episode =
      body.type === 'closing' ? (payload as { episode?: { episode?: unknown } } | null)?.episode?.episode : undefined
    if (typeof episode === 'string') ended.push(episode)
  }
  return degraded(ended)
}

/**
 * Makes the container of an archive again. Data files are the same bytes for ever; the manifest too, while the settings it shows
 * are those of then.
 * @throws FiscalError RECORD_PURGED when contents of the range are gone, FORMAT_UNSUPPORTED when the manifest comes out different
 */
export async function recreateArchive(
  queue: RecordSource,
  country: France,
  record: FiscalRecord,
  degraded: DraftFacts['degraded'] = [],
): Promise<Archive> {
  const payload = record.payload as unknown as {
    from: number
    to: number
    number: number
    kind: 'period' | 'year'
    previous: Manifest['previous']
    manifest: string
    request: { posMoment: string }
  }
  const { from, to, number, kind, previous } = payload
  const draft = await draftArchive(queue, country, {
    range: { from, to },
    number,
    kind,
    created: new Date(payload.request.posMoment).toISOString(),
    previous,
    degraded,
  })
  if (draft.sha256 !== payload.manifest && draft.manifest.purged > 0)
    throw new FiscalError('RECORD_PURGED', {
      message: `contents of archive ${number} were purged: take the archive from the medium named by event 440`,
    })
  if (draft.sha256 !== payload.manifest)
    throw new FiscalError('FORMAT_UNSUPPORTED', {
      message: `archive ${number} was signed over another manifest: settings or outage files differ from those of then`,
    })
  return finished(country, draft, record)
}

function finished(country: France, draft: Draft, record: FiscalRecord): Archive {
  const { manifest, sha256 } = draft
  const moment = compact(localTime(country.settings.zone, Date.parse(manifest.created)))
  return {
    name: nameOf(country, manifest),
    manifest,
    manifestSha256: sha256,
    record,
    stream: () => zipFiles(draft.files(sealOf(record)), moment),
  }
}

/** `ARCHIVE-FR_<siret>_<till>_<from>_<to>_<n>.zip`. */
export function nameOf({ settings }: France, manifest: Manifest): string {
  const day = (moment: string): string => localTime(settings.zone, Date.parse(moment)).slice(0, 10).replaceAll('-', '')
  return `ARCHIVE-FR_${settings.siret}_${settings.till}_${day(manifest.firstMoment)}_${day(manifest.lastMoment)}_${manifest.number}.zip`
}

/** Reads the range and makes the manifest; files are streamed later. */
export async function draftArchive(source: RecordSource, country: France, facts: DraftFacts): Promise<Draft> {
  const { from, to } = facts.range
  const { start, first, scanned } = await scanRange(source, facts.range)
  const keys = uniqueKeys([first, ...scanned.keys, ...(await keysAfter(source, to))])
  const context: TableContext = { till: country.settings.till, copies: scanned.copies }
  const small = await smallFiles(country, facts, scanned, keys)
  const files: (FileFacts & { rows?: number })[] = []
  for (const [name, bytes] of small.before) files.push(factsOf(name, bytes))
  const { hashed, spans } = await hashFiles(source, facts.range, context)
  files.push(...hashed)
  for (const [name, bytes] of small.after) files.push(factsOf(name, bytes))
  requireRoom(files)
  const manifest = manifestOf(source, country, { facts, start, scanned, keys, files })
  const text = manifestText(manifest)
  const ordered = async function* (seal: string): AsyncIterable<ZipFile> {
    const [readme, ...certificates] = small.before as [Named, ...Named[]]
    yield [readme[0], [readme[1]]]
    yield ['manifest.json', [utf8(text)]]
    yield ['manifest.jws', [utf8(seal)]]
    yield ['records.ndjson', recordLines(source, from, to)]
    for (const [name, bytes] of certificates) yield [name, [bytes]]
    for (const table of tables) yield [table.file, tableBytes(source, spans.get(table.file), table, context)]
    for (const [name, bytes] of small.after) yield [name, [bytes]]
  }
  return { manifest, sha256: sha256Hex(text), files: ordered }
}

type Named = readonly [name: string, bytes: Uint8Array]
type Key = Scanned['keys'][number]

/** Verifies and sums a range of a queue. */
export async function scanRange(
  source: RecordSource,
  range: DraftFacts['range'],
): Promise<{ readonly start: Manifest['start']; readonly first: Key; readonly scanned: Scanned }> {
  const start = await rangeStart(source, range.from)
  const first = await keyAt(source, range.from)
  return { start, first, scanned: await scan(source, range, start, first.jwk as unknown as PublicJwk) }
}

async function scan(
  source: RecordSource,
  { from, to }: DraftFacts['range'],
  start: Manifest['start'],
  key: PublicJwk,
): Promise<Scanned> {
  const running = startScan({ queue: source.id, start, keys: [key] })
  const joined = joinLines((bytes) => running.lines(bytes))
  for await (const record of source.records({ from: BigInt(from), to: BigInt(to) })) {
    joined.add(lineBytes(record))
    running.record(record)
  }
  joined.flush()
  return running.done()
}

// The record that signs the manifest comes after the range, maybe with a newer key.
async function keysAfter(source: RecordSource, to: number): Promise<Key[]> {
  const keys: Key[] = []
  for await (const record of source.records({ from: BigInt(to + 1) }))
    if (record.body.type === 'sys.key') keys.push(keyOf(record))
  return keys
}

function uniqueKeys(keys: readonly Key[]): Key[] {
  return [...new Map(keys.map((key) => [key.kid, key])).values()]
}

async function smallFiles(
  country: France,
  facts: DraftFacts,
  scanned: Scanned,
  keys: readonly Key[],
): Promise<{ before: Named[]; after: Named[] }> {
  const { settings } = country
  const local = (record: FiscalRecord | undefined): string =>
    localTime(settings.zone, Date.parse(record?.body.ts ?? facts.created)).slice(0, 10)
  const readme = readmeText({
    title: facts.kind === 'export' ? 'EXPORTATION FISCALE DE CAISSE' : `ARCHIVE FISCALE DE CAISSE N° ${facts.number}`,
    legalName: settings.legalName,
    siret: settings.siret,
    till: settings.till,
    from: local(scanned.first),
    to: local(scanned.last),
    algs: [...new Set(keys.flatMap(({ jwk }) => algsOf(jwk as unknown as PublicJwk)))],
    export: facts.kind === 'export',
  })
  const before: Named[] = [['LISEZMOI.txt', utf8(readme)]]
  for (const { kid, jwk, x5c } of keys) {
    before.push([`certificats/${kid}.pem`, utf8(await publicKeyPem(jwk as unknown as PublicJwk))])
    x5c.forEach((der, i) => before.push([`certificats/${kid}-${i + 1}.pem`, utf8(certificatePem(der))]))
  }
  const degraded = facts.degraded.map(({ path, bytes }): Named => [`degrade/${path}`, bytes])
  return { before, after: [['csv/colonnes.csv', utf8(dictionary())], ...degraded] }
}

function factsOf(name: string, bytes: Uint8Array): FileFacts {
  const facts = factsOver(name)
  facts.add(bytes)
  return facts.done()
}

type Span = DraftFacts['range']

// One reading hashes the journal lines and every table at once, and learns between which records a table has rows.
async function hashFiles(
  source: RecordSource,
  { from, to }: DraftFacts['range'],
  context: TableContext,
): Promise<{ readonly hashed: (FileFacts & { rows: number })[]; readonly spans: ReadonlyMap<string, Span> }> {
  const records = { facts: factsOver('records.ndjson'), rows: 0 }
  const sheets = tables.map((table) => ({ table, facts: factsOver(table.file), rows: 0 }))
  const spans = new Map<string, Span>()
  for (const { table, facts } of sheets) facts.add(utf8(headerOf(table)))
  for await (const record of source.records({ from: BigInt(from), to: BigInt(to) })) {
    records.facts.add(lineBytes(record))
    records.rows += 1
    const { seq } = record.body
    for (const sheet of sheets) {
      const lines = linesFor(sheet.table, record, context)
      if (lines.length === 0) continue
      for (const line of lines) sheet.facts.add(utf8(line))
      sheet.rows += lines.length
      spans.set(sheet.table.file, { from: spans.get(sheet.table.file)?.from ?? seq, to: seq })
    }
  }
  return { hashed: [records, ...sheets].map(({ facts, rows }) => ({ ...facts.done(), rows })), spans }
}

async function* recordLines(source: RecordSource, from: number, to: number): AsyncIterable<Uint8Array> {
  for await (const record of source.records({ from: BigInt(from), to: BigInt(to) })) yield lineBytes(record)
}

async function* tableBytes(
  source: RecordSource,
  span: Span | undefined,
  table: Table,
  context: TableContext,
): AsyncIterable<Uint8Array> {
  yield utf8(headerOf(table))
  if (span === undefined) return
  for await (const record of source.records({ from: BigInt(span.from), to: BigInt(span.to) })) {
    for (const line of linesFor(table, record, context)) yield utf8(line)
  }
}

interface ManifestParts {
  readonly facts: DraftFacts
  readonly start: Manifest['start']
  readonly scanned: Scanned
  readonly keys: readonly Key[]
  readonly files: Manifest['files']
}

function manifestOf(source: RecordSource, { settings }: France, { facts, start, scanned, keys, files }: ManifestParts): Manifest {
  const { alg = 0, abs = 0 } = start?.state?.perpetual ?? {}
  const findings = scanned.report.findings.filter(({ severity, code }) => severity === 'error' && code !== 'REDACT_WRONG')
  return {
    format: 'fr-archive/1',
    queue: source.id,
    establishment: {
      address: settings.address,
      legalName: settings.legalName,
      naf: settings.naf ?? null,
      siret: settings.siret,
      vatId: settings.vatId ?? null,
    },
    till: settings.till,
    software: { ...settings.software, fingerprint: settings.fingerprint ?? null },
    conformity: Object.fromEntries(Object.entries(settings.conformity).filter(([, value]) => value !== undefined)) as JsonObject,
    number: facts.number,
    kind: facts.kind,
    from: facts.range.from,
    to: facts.range.to,
    firstMoment: scanned.first?.body.ts ?? facts.created,
    lastMoment: scanned.last?.body.ts ?? facts.created,
    created: facts.created,
    previous: facts.previous,
    start,
    chains: scanned.chains,
    totals: scanned.totals,
    perpetual: { start: { alg, abs }, end: scanned.perpetual },
    keys: keys.map(({ kid, jwk }) => ({ kid, jwk, file: `certificats/${kid}.pem` })),
    breaks: findings.slice(0, 1000).map(({ seq, code, where }) => ({ seq, code, where })),
    episodes: scanned.episodes,
    purged: scanned.purged,
    files,
  }
}
