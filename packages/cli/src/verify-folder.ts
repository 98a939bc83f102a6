// Verifying the folder of a queue: its records as they lie, judged by the journal's rules and the country's, and compared with
// whatever saw a head of it: the witness file and the notes kept beside it.
import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import {
  isFiscalError,
  parseLine,
  type CountryAuditor,
  type FiscalError,
  type FiscalRecord,
  type JsonObject,
  type PurgedBeginning,
} from '@sigillo/core'
import { purgedStart, verifyChunks, type Chunk, type Finding, type HeadStatement, type Report } from '@sigillo/core/verify'
import { readEvidence, type FolderView } from '@sigillo/storage-fs'
import type { Call } from './command.js'
import { readWitness } from './file-witness.js'
import { countryByProfile } from './registry.js'
import { pathsOf } from './settings.js'
import { findTill, openReading, type Till } from './till.js'

/**
 * Verifies a folder. Damage gives findings.
 * @throws FiscalError when the folder cannot be read at all
 */
export async function verifyFolder(dir: string, { out }: Call): Promise<Report> {
  const till = await settingsIn(dir, out.note)
  const progress = out.progress('Verifying', 'records')
  const source = await openSource(dir)
  try {
    const first = await firstRecord(source)
    const queue = source.queue ?? first?.body.queue
    const auditor = await auditorFor(first, till)
    const witness = await witnessOf(till?.paths.witness ?? pathsOf(dir).witness, queue, out.note)
    const purged = await purgedStart(source.chunks([]), source.kept)
    const report = await verifyChunks(source.chunks(source.broken), {
      bytesExpected: await journalBytes(dir),
      ...purged,
      witnesses: [...witness, ...(await hintOf(dir))],
      progress: (records) => progress.at(records, source.expected),
      // A country judges a journal from its beginning.
      ...(auditor !== undefined && purged === undefined && { auditor }),
      ...(source.blob !== undefined && { blob: source.blob }),
    })
    const { broken } = source
    // Where the damage itself was found, that it also stopped the store says nothing new.
    return report.sound && broken.length > 0 ? { ...report, sound: false, findings: [...report.findings, ...broken] } : report
  } finally {
    progress.end()
    await source.close()
  }
}

interface Source {
  readonly queue: string | undefined
  /** Records expected; 0 when unknown. */
  readonly expected: number
  /** What stopped the store, if anything did. */
  readonly broken: Finding[]
  /** Lines a purge has left of the beginning. */
  readonly kept: PurgedBeginning['kept']
  /** The journal; an error that ends it early is added to `found`. */
  chunks(found: Finding[]): AsyncIterable<Chunk>
  /** A file kept beside the journal; absent when the folder cannot be opened. */
  readonly blob?: (sha256: string) => Promise<Uint8Array | undefined>
  close(): Promise<void>
}

// A folder too damaged to be opened is read by the names of its files: the verifier must name the record, whichever it is.
async function openSource(dir: string): Promise<Source> {
  const broken: Finding[] = []
  try {
    const reader = await openReading(dir)
    const { seq } = await reader.head()
    return {
      queue: reader.queue,
      expected: Number(seq) + 1,
      kept: (await reader.purged())?.kept ?? [],
      broken,
      chunks: (found) => untilBroken(wholeOf(reader), found),
      blob: (sha256) => reader.blob(sha256),
      close: () => reader.close(),
    }
  } catch (error) {
    if (!isFiscalError(error) || !['JOURNAL_CORRUPT', 'QUEUE_MISSING'].includes(error.code)) throw error
    broken.push(storageFinding(error))
    const chunks = (): AsyncIterable<Chunk> => readEvidence(dir)
    return { queue: undefined, expected: 0, broken, kept: [], chunks, close: () => Promise.resolve() }
  }
}

async function firstRecord({ chunks }: Source): Promise<FiscalRecord | undefined> {
  for await (const { bytes } of chunks([])) return parseLine(bytes.subarray(0, bytes.indexOf(10)))
  return undefined
}

// Verification must not depend on settings somebody may have spoilt.
async function settingsIn(dir: string, note: (text: string) => void): Promise<Till | undefined> {
  try {
    return await findTill(dir)
  } catch (error) {
    note(`warning: settings are not used: ${(error as Error).message}`)
    return undefined
  }
}

async function auditorFor(first: FiscalRecord | undefined, till: Till | undefined): Promise<CountryAuditor | undefined> {
  if (till !== undefined) return till.country.auditor?.()
  const profile = (first?.payload as JsonObject | null | undefined)?.['profile']
  return typeof profile === 'string' ? countryByProfile(profile)?.auditor?.() : undefined
}

async function witnessOf(
  path: string,
  queue: string | undefined,
  note: (text: string) => void,
): Promise<readonly HeadStatement[]> {
  try {
    const statement = await readWitness(path)
    if (statement === undefined) return []
    if (queue !== undefined && statement.queue !== queue) {
      note(`warning: the witness ${path} belongs to another queue and is not used`)
      return []
    }
    return [{ queue: statement.queue, seq: statement.seq, hash: statement.hash, source: 'witness' }]
  } catch (error) {
    note(`warning: the witness cannot be read: ${(error as Error).message}`)
    return []
  }
}

// The folder's own memory of its newest record (FORMAT 10.5): a forger may remove it, few think of it.
async function hintOf(dir: string): Promise<readonly HeadStatement[]> {
  try {
    const { seq, hash } = JSON.parse(await readFile(join(dir, 'hint.json'), 'utf8')) as { seq?: unknown; hash?: unknown }
    if (typeof seq === 'number' && Number.isSafeInteger(seq) && typeof hash === 'string')
      return [{ seq, hash, source: 'hint.json' }]
  } catch {
    // Missing or unreadable, it only cannot testify.
  }
  return []
}

// A store that cannot go on reading ends the records here; what was read is judged.
// The journal and what lies behind it: damage must not pass for a torn end in silence (FORMAT 13).
async function* wholeOf(reader: FolderView): AsyncIterable<Chunk> {
  yield* reader.chunks()
  yield* reader.rest()
}

async function* untilBroken(chunks: AsyncIterable<Chunk>, broken: Finding[]): AsyncIterable<Chunk> {
  try {
    yield* chunks
  } catch (error) {
    if (!isFiscalError(error)) throw error
    broken.push(storageFinding(error))
  }
}

function storageFinding({ code, message, details }: FiscalError): Finding {
  const { firstBad, file, offset } = details as { firstBad?: number; file?: string; offset?: number }
  return {
    seq: firstBad ?? null,
    code,
    where: 'storage',
    message,
    severity: 'error',
    ...(file !== undefined && { file }),
    ...(offset !== undefined && { offset }),
  }
}

async function journalBytes(dir: string): Promise<number> {
  const names = (await readdir(dir)).filter((name) => name.endsWith('.jsonl'))
  const sizes = await Promise.all(
    names.map((name) =>
      stat(join(dir, name)).then(
        ({ size }) => size,
        () => 0,
      ),
    ),
  )
  return sizes.reduce((sum, size) => sum + size, 0)
}
