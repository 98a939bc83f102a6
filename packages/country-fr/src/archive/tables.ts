// The tables of the archive (15.2), written once: used to write the archive and to check it again from the records alone.
import type { FiscalRecord } from '@sigillo/core'
import type { FrenchType } from '../kinds.js'
import { closingTable } from './closing-table.js'
import { BOM, csvLine } from './csv.js'
import type { TableContext } from './moments.js'
import { saleTables } from './sale-tables.js'
import type { Loose, Table } from './table.js'
import { copyTable, traceTables } from './trace-tables.js'

/** Every table, in the order of the archive. */
export const tables: readonly Table[] = [...saleTables, copyTable, closingTable, ...traceTables]

/** First line of a table. */
export function headerOf(table: Table): string {
  return BOM + csvLine(table.columns.map(([name]) => name))
}

/** Lines of a table for one record; a purged or foreign record gives none. */
export function linesFor(table: Table, record: FiscalRecord, context: TableContext): readonly string[] {
  if (record.payload === null || !table.types.includes(record.body.type as FrenchType)) return []
  return table.rows(record, record.payload as Loose, context).map(csvLine)
}

/** The dictionary of all columns. */
export function dictionary(): string {
  const rows = tables.flatMap(({ file, columns }) =>
    columns.map(([name, meaning, format]) => csvLine([file.slice('csv/'.length), name, meaning, format])),
  )
  return BOM + csvLine(['fichier', 'colonne', 'signification', 'format']) + rows.join('')
}
