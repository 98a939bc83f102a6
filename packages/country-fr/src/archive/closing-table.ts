// The table of closings (15.2). Every rate of the French regions has its column; others, listed in `extraRates`, share the last one,
// so that the columns always sum to the VAT of the period.
import type { FiscalRecord } from '@sigillo/core'
import { letterOf, operationOf, type FrenchType } from '../kinds.js'
import { frenchMoment } from '../time.js'
import type { Amounts } from '../vat.js'
import { percent, whole, type Cell } from './csv.js'
import type { TableContext } from './moments.js'
import {
  head,
  integer,
  localMoment,
  money,
  number,
  signature,
  signatureCells,
  text,
  till,
  type Column,
  type Loose,
  type Table,
} from './table.js'

const closingRates = [2000, 1300, 1000, 850, 550, 210, 175, 105, 90, 0] as const

function otherVat(vat: Readonly<Record<string, Amounts>>): number {
  const listed = new Set<number>(closingRates)
  return Object.entries(vat).reduce((sum, [rate, amounts]) => (listed.has(Number(rate)) ? sum : sum + amounts.vat), 0)
}

type Ends = Readonly<Record<string, { readonly first: [number, string]; readonly last: [number, string] }>>

// Tickets and invoices are what a period counts.
function ends(chains: Ends, end: 'first' | 'last'): string {
  return (['ticket', 'invoice'] satisfies FrenchType[])
    .flatMap((type) => (chains[type] === undefined ? [] : [`${letterOf[type]}${chains[type][end][0]}`]))
    .join(' ')
}

function closingRow(record: FiscalRecord, payload: Loose, context: TableContext): Cell[] {
  const vat = payload['vat'] as Readonly<Record<string, Amounts>>
  const chains = payload['chains'] as Ends
  const counts = ((payload['totals'] as { counts: Record<string, number> } | undefined)?.counts ?? {}) as Record<string, number>
  const { alg, abs } = payload['perpetual'] as { alg: number; abs: number }
  return [
    ...head(record, payload, context),
    operationOf('closing', String(payload['kind'])).word,
    frenchMoment(String(payload['from'])),
    frenchMoment(String(payload['to'])),
    frenchMoment(String(payload['moment'])),
    Number(payload['total']),
    Number(payload['ht']),
    ...closingRates.map((rate) => vat[rate]?.vat ?? 0),
    otherVat(vat),
    alg,
    abs,
    ends(chains, 'first'),
    ends(chains, 'last'),
    whole(counts['sales']),
    whole(counts['refunds']),
    payload['late'] === true ? 'oui' : 'non',
    ...signatureCells(record),
  ]
}

/** Closings of every level, zero, start and stop. */
export const closingTable: Table = {
  file: 'csv/clotures.csv',
  types: ['closing'],
  columns: [
    till,
    number,
    ['niveau', 'SERVICE, JOUR, MOIS, ANNEE, ZERO, START ou STOP', text],
    ['debut', 'premier enregistrement', localMoment],
    ['fin', 'dernier enregistrement', localMoment],
    ['date_cloture', 'moment de la clôture', localMoment],
    ['total_ttc', 'total TTC de la période', money],
    ['total_ht', 'total HT de la période', money],
    ...closingRates.map((rate): Column => [`tva_${String(rate).padStart(4, '0')}`, `TVA au taux de ${percent(rate)} %`, money]),
    ['tva_autres', 'TVA aux autres taux', money],
    ['perpetuel', 'grand total perpétuel algébrique', money],
    ['perpetuel_absolu', 'grand total perpétuel absolu', money],
    ['premier', 'premier ticket et première facture', text],
    ['dernier', 'dernier ticket et dernière facture', text],
    ['nb_ventes', 'nombre de ventes', integer],
    ['nb_avoirs', 'nombre d’avoirs', integer],
    ['tardive', 'clôture faite après la période', 'oui ou non'],
    ...signature,
  ],
  rows: (record, payload, context) => [closingRow(record, payload, context)],
}
