// Verifying the folder of a queue: its records as they lie, judged by the journal's rules and the country's, and compared with
// whatever saw a head of it: the witness file and the notes kept beside it.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseLine, type CountryAuditor, type FiscalRecord, type JsonObject } from '@sigillo/core'
import { purgedStart, verifyChunks, type HeadStatement, type Report, type Statements } from '@sigillo/core/verify'
import type { Call } from './command.js'
import { readWitness } from './file-witness.js'
import { openSource, type FolderSource } from './folder-source.js'
import { countryByProfile } from './registry.js'
import { pathsOf } from './settings.js'
import { findTill, type Till } from './till.js'

/**
 * Verifies a folder, also against what others say of it. Damage gives findings.
 * @throws FiscalError when the folder cannot be read at all
 */
export async function verifyFolder(dir: string, { out }: Call, { witnesses = [], notes = [] }: Statements = {}): Promise<Report> {
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
      bytesExpected: source.bytes,
      ...purged,
      witnesses: [...witness, ...(await hintOf(dir)), ...witnesses],
      notes,
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

async function firstRecord({ chunks }: FolderSource): Promise<FiscalRecord | undefined> {
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
