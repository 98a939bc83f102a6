// The country's own fields of an answer, made from the record alone: numbers, totals, warnings.
import type { FiscalRecord, Json, JsonObject } from '@sigillo/core'
import { documentNumber } from './lottery.js'
import type { ClosingPayload, DocumentPayload } from './payload.js'
import { isDocument } from './reference.js'

/** Answer fields of an Italian record. */
export function answerOf(record: FiscalRecord): JsonObject {
  if (record.payload === null) return {}
  if (isDocument(record)) return documentAnswer(record.payload as unknown as DocumentPayload)
  if (record.body.type !== 'it.closing') return {}
  const { z, progressive, moment, rows, totals, grand, till, warnings } = record.payload as unknown as ClosingPayload
  return {
    z,
    progressive,
    moment,
    ...inOrder({ rows, totals, grand } as unknown as JsonObject),
    ...(till !== '' && { till }),
    ...(warnings.length > 0 && { warnings }),
  }
}

// Members as they come back from the journal, so that an answer and its replay are the same text.
function inOrder<T extends Json>(value: T): T {
  if (Array.isArray(value)) return value.map(inOrder) as unknown as T
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(entries.map(([name, member]) => [name, inOrder(member as Json)])) as T
}

function documentAnswer(document: DocumentPayload): JsonObject {
  const { z, n, moment, total, vat, change, till, warnings, lottery, rounding, cash } = document
  return {
    document: documentNumber(document),
    z,
    n,
    moment,
    total,
    vat,
    cash,
    change,
    ...(rounding !== 0 && { rounding }),
    ...(till !== '' && { till }),
    ...(lottery && { lottery: { ...lottery } }),
    ...(warnings.length > 0 && { warnings: [...warnings] }),
  }
}
