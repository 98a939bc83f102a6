// The French till behind a folder: what every French command opens, and the refusal of tills and journals of other countries.
import { parseLine, type FiscalRecord, type JsonObject } from '@sigillo/core'
import type { France } from '@sigillo/country-fr'
import type { FolderReader } from '@sigillo/storage-fs'
import type { Call } from '../command.js'
import { usageError } from '../errors.js'
import { openReading, openTill, readTill, type OpenTill, type Till } from '../till.js'

/** A French till open for writing. */
export interface FrenchTill extends OpenTill {
  readonly france: France
}

/**
 * Settings of a French till.
 * @throws FiscalError SETTINGS_MISSING, SETTINGS_INVALID; USAGE for a till of another country
 */
export async function readFrench(dir: string): Promise<Till & { readonly france: France }> {
  const till = await readTill(dir)
  if (till.entry.code !== 'fr') throw usageError(`${dir} is a till of ${till.entry.title}, not of France`)
  return { ...till, france: till.country as unknown as France }
}

/**
 * Becomes the writer of a French till; the country is looked at before the key is opened.
 * @throws FiscalError as `readFrench` and `openTill`
 */
export async function openFrench(call: Call): Promise<FrenchTill> {
  const [dir = ''] = call.args
  await readFrench(dir)
  const till = await openTill(dir, call)
  return { ...till, france: till.country as unknown as France }
}

/**
 * In school mode whatever is asked is simulated: what is for ever must not seem done.
 * @throws FiscalError USAGE while the till is in school mode
 */
export function refuseInSchool({ queue }: Pick<FrenchTill, 'queue'>): void {
  const { training } = queue.totals() as { readonly training?: string }
  if (training !== undefined && training !== '')
    throw usageError('the till is in school mode: switch it off first (a training request with "on": false)')
}

/**
 * Reads a French journal, also beside a running till; settings are not needed.
 * @throws FiscalError QUEUE_MISSING; USAGE for a journal of another country
 */
export async function readFrenchJournal(dir: string): Promise<FolderReader> {
  const reader = await openReading(dir)
  const profile = ((await firstRecord(reader))?.payload as JsonObject | null | undefined)?.['profile']
  if (profile === 'FR') return reader
  await reader.close()
  throw usageError(`${dir} holds a journal of profile ${String(profile ?? 'unknown')}, not of France`)
}

async function firstRecord(reader: FolderReader): Promise<FiscalRecord | undefined> {
  for await (const { line } of reader.read(0n, 0n)) return parseLine(line)
  return undefined
}
