// What the journal says of a till's key and of its audit log, beside what is there: for `sigillo doctor`. Nothing is opened that needs a secret.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseAuditLine, parseLine, sha256Hex, viewQueue, type JsonObject, type StorageReader } from '@sigillo/core'
import type { Check } from '../doctor.js'
import type { Till } from '../till.js'
import { KEY_FILES, keyPlace } from './open-signer.js'

/** Rows about the end of the key and the audit log; none for a till that has neither. @throws FiscalError JOURNAL_CORRUPT */
export async function keyStanding(till: Till, reader: StorageReader): Promise<readonly Check[]> {
  const { heads, keyEnd } = await viewQueue(reader, till.country)
  const ended: Check = {
    name: 'key in use',
    state: 'wrong',
    message: `the journal says that it is ${keyEnd}; nothing is sealed with it`,
    remedy: 'Change it: sigillo key rotate DIR, with --recovery for a compromised one.',
  }
  const seq = heads.get('signer.audit')?.seq
  const told = seq === undefined ? undefined : await payloadAt(reader, seq)
  return [...(keyEnd === undefined ? [] : [ended]), ...(told === undefined ? [] : [await auditLog(till, told, seq as bigint)])]
}

async function payloadAt(reader: StorageReader, seq: bigint): Promise<JsonObject | undefined> {
  for await (const { line } of reader.read(seq, seq))
    return (parseLine(line)?.payload as JsonObject | null | undefined) ?? undefined
  return undefined
}

async function auditLog({ paths }: Till, { count, hash, broken }: JsonObject, seq: bigint): Promise<Check> {
  const name = 'audit log'
  const remedy = 'Keep the file as it is and find out who wrote to the folder of the keys; the next closing tells of it.'
  const text = await readFile(join(keyPlace(paths.folder).folder, KEY_FILES.audit), 'utf8').catch(() => undefined)
  const found = text?.split('\n').find((line) => parseAuditLine(line)?.['n'] === count)
  if (count !== 0 && (found === undefined || sha256Hex(found) !== hash)) {
    const what = text === undefined ? 'is gone' : found === undefined ? 'was cut' : 'was altered'
    return { name, state: 'wrong', message: `it ${what}: record #${seq} of the journal tells of another one`, remedy }
  }
  if (broken === undefined)
    return { name, state: 'good', message: `holds what record #${seq} tells of it: ${String(count)} lines` }
  const { found: how } = broken as JsonObject
  return { name, state: 'wrong', message: `record #${seq} of the journal tells that it was ${String(how)}`, remedy }
}
