// Tables of documents that show goods or money (15.2): tickets, invoices, notes, their lines, VAT and payments, payment documents.
import type { FiscalRecord } from '@sigillo/core'
import { extractOf } from '../documents.js'
import { letterOf, operationOf, type FrenchType } from '../kinds.js'
import { storedParts, type SaleParts } from '../parse.js'
import { frenchMoment } from '../time.js'
import type { Amounts } from '../vat.js'
import { percent, whole, type Cell } from './csv.js'
import { momentsOf, type TableContext } from './moments.js'
import {
  document,
  head,
  integer,
  money,
  number,
  operator,
  originOf,
  reasonOf,
  signature,
  signatureCells,
  text,
  till,
  when,
  type Column,
  type Loose,
  type Table,
} from './table.js'

const documentColumns: readonly Column[] = [
  till,
  number,
  ['numero_global', 'rang dans le journal', integer],
  ['type', 'VENTE, AVOIR, ANNUL, FACT, ACPT, AVFA, NOTE ou LIVR', text],
  ...when,
  operator,
  ['reference_pos', 'référence donnée par la caisse', text],
  ['total_ttc', 'total TTC du chiffre d’affaires', money],
  ['total_ht', 'total hors taxes', money],
  ['total_tva', 'total de la TVA', money],
  ['nb_lignes', 'nombre de lignes', integer],
  ['nb_duplicatas', 'duplicatas faits dans la période', integer],
  ['grand_total_perpetuel', 'grand total perpétuel algébrique après le document', money],
  ['grand_total_perpetuel_absolu', 'grand total perpétuel en valeurs absolues', money],
  ['reference_origine', 'document d’origine, tickets facturés', text],
  ['degrade', 'numéro provisoire du mode dégradé', text],
  ['saisie_a_posteriori', 'carnet et numéro du ticket manuscrit, date et heure de la vente', text],
  ['logiciel', 'nom du logiciel', text],
  ['version', 'version du logiciel', text],
  ['donnees_signees', 'chaîne de données signée', text],
  ...signature,
  ['extrait', 'caractères 3, 7, 13 et 19 de la signature', text],
]

function documentRow(record: FiscalRecord, payload: Loose, context: TableContext): Cell[] {
  const { x, ref, seq, type } = record.body
  const [name, version] = softwareOf(String(x?.['sw'] ?? ''))
  const degraded = payload['degraded'] as { counter: number } | undefined
  return [
    ...head(record, payload, context),
    whole(seq),
    operationOf(type, String(payload['op'])).word,
    ...momentsOf(record, payload),
    String(payload['operator']),
    ref ?? '',
    Number(payload['total']),
    Number(payload['ht']),
    Number(payload['tax']),
    whole((payload['lines'] as unknown[]).length),
    whole(context.copies.get(seq)),
    x?.['gta'] === undefined ? undefined : Number(x['gta']),
    x?.['gtp'] === undefined ? undefined : Number(x['gtp']),
    originOf(payload),
    degraded === undefined ? '' : `D-${context.till}-${degraded.counter}`,
    lateCell(payload),
    name,
    version,
    String(x?.['ds']),
    record.sig,
    record.body.kid,
    extractOf(record.sig),
  ]
}

// The paper's own date is that of the sale.
function lateCell(payload: Loose): string {
  const late = payload['late'] as { pad: string; paperNumber: number; moment: string } | undefined
  return late === undefined ? '' : `${late.pad}/${late.paperNumber} du ${frenchMoment(late.moment)}`
}

function softwareOf(sw: string): [string, string] {
  const at = sw.lastIndexOf('/')
  return [sw.slice(0, Math.max(at, 0)), sw.slice(at + 1)]
}

function saleOf(payload: Loose): SaleParts {
  return storedParts((payload['request'] ?? {}) as Loose)
}

function lineRows(record: FiscalRecord, payload: Loose, context: TableContext): Cell[][] {
  const { lines } = saleOf(payload)
  return (payload['lines'] as Amounts[]).map((amount, i) => {
    const line = lines[i]
    const input = line?.input
    const unit = input?.unitPrice
    return [
      ...head(record, payload, context),
      whole(i + 1),
      input?.productId ?? '',
      input?.label ?? '',
      line?.nature ?? '',
      line === undefined ? '' : quantityCell(line.quantity),
      input?.unit ?? '',
      unit === undefined
        ? Math.abs(amount.ttc + (line?.discount ?? 0))
        : typeof unit === 'number'
          ? unit
          : { figure: unit.replace('.', ',') },
      line?.discount ?? 0,
      amount.ttc,
      amount.ht,
      line?.rate === undefined ? '' : percent(line.rate),
      amount.vat,
      letterOf[record.body.type as FrenchType],
    ]
  })
}

function quantityCell(quantityE4: number): Cell {
  const digits = String(Math.abs(quantityE4)).padStart(5, '0')
  const fraction = digits.slice(-4).replace(/0+$/, '')
  return { figure: `${quantityE4 < 0 ? '-' : ''}${digits.slice(0, -4)}${fraction === '' ? '' : `,${fraction}`}` }
}

// A decimal number as the others are written; anything else as it was given.
function foreignCell(amount: string | undefined): Cell {
  return amount !== undefined && /^-?\d+(?:\.\d+)?$/.test(amount) ? { figure: amount.replace('.', ',') } : amount
}

function vatRows(record: FiscalRecord, payload: Loose, context: TableContext): Cell[][] {
  if (payload['counted'] === false) return []
  const vat = payload['vat'] as Readonly<Record<string, Amounts>>
  return Object.keys(vat)
    .sort((a, b) => Number(b) - Number(a))
    .map((rate) => {
      const { ht, vat: tax, ttc } = vat[rate] as Amounts
      const [caisse, n] = head(record, payload, context)
      return [caisse, letterOf[record.body.type as FrenchType], n, percent(Number(rate)), ht, tax, ttc]
    })
}

function paymentRows(record: FiscalRecord, payload: Loose, context: TableContext): Cell[][] {
  if (payload['counted'] === false) return []
  const inputs = ((payload['request'] as Loose | undefined)?.['payments'] ?? []) as readonly {
    foreignAmount?: { amount: string; currency: string }
  }[]
  const [caisse, n] = head(record, payload, context)
  return saleOf(payload).payments.map(({ mode, amount }, i) => {
    const foreign = Array.isArray(inputs) ? inputs[i]?.foreignAmount : undefined
    return [
      caisse,
      letterOf[record.body.type as FrenchType],
      n,
      mode,
      amount,
      foreign?.currency ?? 'EUR',
      foreignCell(foreign?.amount),
    ]
  })
}

/** Tables of documents, in the order of the archive. */
export const saleTables: readonly Table[] = [
  {
    file: 'csv/tickets.csv',
    types: ['ticket'],
    columns: documentColumns,
    rows: (record, payload, context) => [documentRow(record, payload, context)],
  },
  {
    file: 'csv/lignes.csv',
    types: ['ticket', 'invoice', 'note'],
    columns: [
      till,
      ['numero_ticket', 'numéro du document', integer],
      ['ligne', 'rang de la ligne', integer],
      ['code', 'code de l’article', text],
      ['libelle', 'désignation', text],
      ['nature', 'B bien, S service, D acompte, V bon, C compte, T pourboire, O tiers', text],
      ['quantite', 'quantité', 'décimal, virgule'],
      ['unite', 'unité', text],
      ['prix_unitaire_ttc', 'prix unitaire TTC', money],
      ['remise_ttc', 'remise comprise dans le total', money],
      ['total_ttc', 'total TTC de la ligne', money],
      ['total_ht', 'total HT de la ligne', money],
      ['taux_tva', 'taux de TVA en pour cent', 'décimal, virgule'],
      ['montant_tva', 'TVA de la ligne', money],
      document,
    ],
    rows: lineRows,
  },
  {
    file: 'csv/tva.csv',
    types: ['ticket', 'invoice'],
    columns: [
      till,
      document,
      number,
      ['taux', 'taux de TVA en pour cent', 'décimal, virgule'],
      ['base_ht', 'base hors taxes', money],
      ['tva', 'TVA', money],
      ['ttc', 'TTC', money],
    ],
    rows: vatRows,
  },
  {
    file: 'csv/reglements.csv',
    types: ['ticket', 'invoice', 'payment'],
    columns: [
      till,
      document,
      number,
      ['mode', 'moyen de règlement', text],
      ['montant', 'montant', money],
      ['devise', 'devise remise', text],
      ['montant_devise', 'montant en devise étrangère', text],
    ],
    rows: paymentRows,
  },
  {
    file: 'csv/factures.csv',
    types: ['invoice'],
    columns: [...documentColumns, ['comptee', 'non : facture de tickets déjà comptés', text]],
    rows: (record, payload, context) => [
      [...documentRow(record, payload, context), payload['counted'] === false ? 'non' : 'oui'],
    ],
  },
  {
    file: 'csv/notes.csv',
    types: ['note'],
    columns: documentColumns,
    rows: (record, payload, context) => [documentRow(record, payload, context)],
  },
  {
    file: 'csv/paiements.csv',
    types: ['payment'],
    columns: [
      till,
      number,
      ['type', 'ENCAISS, ENTREE, SORTIE ou TRANSF', text],
      ...when,
      operator,
      ['total', 'total', money],
      ['reference_origine', 'document d’origine', text],
      ['motif', 'motif', text],
      ['donnees_signees', 'chaîne de données signée', text],
      ...signature,
    ],
    rows: (record, payload, context) => [
      [
        ...head(record, payload, context),
        operationOf('payment', String(payload['op'])).word,
        ...momentsOf(record, payload),
        String(payload['operator']),
        Number(payload['total']),
        originOf(payload),
        reasonOf(payload),
        String(record.body.x?.['ds']),
        ...signatureCells(record),
      ],
    ],
  },
]
