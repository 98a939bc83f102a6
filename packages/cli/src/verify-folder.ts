// Verifying the folder of a queue: its records as they lie, judged by the journal's rules and the country's, and compared with
// whatever saw a head of it: the witness file and the notes kept beside it.
import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { isFiscalError, parseLine, type CountryAuditor, type JsonObject, type StorageReader } from '@sigillo/core'
import { verifyChunks, type Chunk, type Finding, type HeadStatement, type Report } from '@sigillo/core/verify'
import type { FolderReader } from '@sigillo/storage-fs'
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
  const reader = await openReading(dir)
  const progress = out.progress('Verifying', 'records')
  const broken: Finding[] = []
  try {
    const { seq: last } = await reader.head()
    const auditor = await auditorFor(reader, till)
    const witness = await witnessOf(till?.paths.witness ?? pathsOf(dir).witness, reader.queue, out.note)
    const report = await verifyChunks(chunksOf(reader, broken), {
      bytesExpected: await journalBytes(dir),
      witnesses: [...witness, ...(await hintOf(dir))],
      progress: (records) => progress.at(records, Number(last) + 1),
      ...(auditor !== undefined && { auditor }),
    })
    return { ...report, findings: [...report.findings, ...broken], sound: report.sound && broken.length === 0 }
  } finally {
    progress.end()
    await reader.close()
  }
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

async function auditorFor(reader: StorageReader, till: Till | undefined): Promise<CountryAuditor | undefined> {
  if (till !== undefined) return till.country.auditor?.()
  try {
    for await (const { line } of reader.read(0n, 0n)) {
      const profile = (parseLine(line)?.payload as JsonObject | null | undefined)?.['profile']
      return typeof profile === 'string' ? await countryByProfile(profile)?.auditor?.() : undefined
    }
  } catch {
    // The walk over all records reports what is wrong with the first one.
  }
  return undefined
}

async function witnessOf(path: string, queue: string, note: (text: string) => void): Promise<readonly HeadStatement[]> {
  try {
    const statement = await readWitness(path)
    if (statement === undefined) return []
    if (statement.queue !== queue) {
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
async function* chunksOf(reader: FolderReader, broken: Finding[]): AsyncIterable<Chunk> {
  try {
    yield* reader.chunks()
  } catch (error) {
    if (!isFiscalError(error)) throw error
    const { firstBad, file, offset } = error.details as { firstBad?: number; file?: string; offset?: number }
    broken.push({
      seq: firstBad ?? null,
      code: error.code,
      where: 'storage',
      message: error.message,
      severity: 'error',
      ...(file !== undefined && { file }),
      ...(offset !== undefined && { offset }),
    })
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
