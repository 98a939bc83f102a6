// What rows of the tables need beside their record, and moments as the tables show them.
import type { FiscalRecord } from '@sigillo/core'
import { frenchMoment } from '../time.js'

/** What rows need beside their record. */
export interface TableContext {
  readonly till: string
  /** Duplicates in the range by record number of their original. */
  readonly copies: ReadonlyMap<number, number>
}

/** Local French form and UTC form of a record's moment. */
export function momentsOf(record: FiscalRecord, payload: Readonly<Record<string, unknown>>): [string, string] {
  return [frenchMoment(String(payload['moment'])), record.body.ts]
}
