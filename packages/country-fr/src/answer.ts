// The country's own fields of an answer: number, extract, marks and warnings. Made from the record alone, so that a replay after
// years gives the same.
import type { FiscalRecord, JsonObject } from '@sigillo/core'
import { extractOf } from './documents.js'
import { letterOf, type FrenchType } from './kinds.js'
import type { Settings } from './options.js'
import { localTime } from './time.js'

/** Answer fields of a French record. */
export function answerOf(settings: Settings, record: FiscalRecord): JsonObject {
  const payload = (record.payload ?? {}) as JsonObject
  const { type } = record.body
  const letter = letterOf[type as FrenchType] ?? '?'
  const number = typeof payload['number'] === 'number' ? payload['number'] : record.body.tseq
  const warnings = warningsOf(settings, record, payload)
  return {
    chain: letter,
    document: `${letter}${number}`,
    extract: extractOf(record.sig),
    number,
    training: type === 'training',
    ...(typeof payload['total'] === 'number' && { total: payload['total'] }),
    ...(typeof payload['copy'] === 'number' && { copy: payload['copy'] }),
    ...(warnings.length > 0 && { warnings }),
  }
}

function warningsOf(settings: Settings, record: FiscalRecord, payload: JsonObject): string[] {
  const warnings: string[] = []
  if (typeof payload['alerts'] === 'number') warnings.push('DEFAUT D’INTEGRITE NON ACQUITTE')
  if (payload['clockBack'] === true) warnings.push('HORLOGE EN RECUL')
  if (closesSoon(settings, record)) warnings.push(`CLOTURE A ${settings.dayCutoff}`)
  return warnings
}

// 9.4: the user is told some minutes before the business day ends.
function closesSoon(settings: Settings, record: FiscalRecord): boolean {
  if (record.body.type !== 'ticket' && record.body.type !== 'invoice') return false
  const local = localTime(settings.zone, Date.parse(record.body.ts))
  const minutes = Number(local.slice(11, 13)) * 60 + Number(local.slice(14, 16))
  const left = (settings.cutoffMinutes - minutes + 1440) % 1440
  return left > 0 && left <= settings.closeWarnMinutes
}
