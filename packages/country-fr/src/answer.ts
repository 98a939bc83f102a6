// The country's own fields of an answer: number, extract, marks and warnings. Made from the record alone, so that a replay after
// years gives the same.
import type { FiscalRecord, JsonObject } from '@sigillo/core'
import { extractOf } from './documents.js'
import { letterOf, type FrenchType } from './kinds.js'

/** Answer fields of a French record. */
export function answerOf(record: FiscalRecord): JsonObject {
  const payload = (record.payload ?? {}) as JsonObject
  const { type } = record.body
  const letter = letterOf[type as FrenchType] ?? '?'
  const number = typeof payload['number'] === 'number' ? payload['number'] : record.body.tseq
  const warnings = warningsOf(payload)
  return {
    chain: letter,
    document: `${letter}${number}`,
    extract: extractOf(record.sig),
    number,
    training: type === 'training',
    ...(typeof payload['total'] === 'number' && { total: payload['total'] }),
    ...(typeof payload['copy'] === 'number' && { copy: payload['copy'] }),
    ...(warnings.length > 0 && { warnings }),
    ...((payload['data'] as JsonObject | undefined)?.['anchorKnown'] === false && { anchorKnown: false }),
  }
}

function warningsOf(payload: JsonObject): string[] {
  const warnings: string[] = []
  if (typeof payload['alerts'] === 'number') warnings.push('DEFAUT D’INTEGRITE NON ACQUITTE')
  if (payload['clockBack'] === true) warnings.push('HORLOGE EN RECUL')
  if (typeof payload['closesAt'] === 'string') warnings.push(`CLOTURE A ${payload['closesAt']}`)
  if (typeof payload['unarchived'] === 'number') warnings.push(`NON ARCHIVE DEPUIS LE N° ${payload['unarchived']}`)
  return warnings
}
