// The tables of the archive (15.2): columns with their meaning, and the rows a record gives. Written once, used to write the
// archive and to check it again from the records alone.
import type { FiscalRecord } from '@sigillo/core'
import { extractOf } from '../documents.js'
import { events } from '../events.js'
import { letterOf, operationOf, type FrenchType } from '../kinds.js'
import { parseSale, salvageSale, type SaleParts } from '../parse.js'
import type { Amounts } from '../vat.js'
import { BOM, csvLine, percent, whole, type Cell } from './csv.js'
import { momentsOf, type TableContext } from './moments.js'
import { frenchMoment } from '../time.js'

/** One column: name, meaning, format. */
export type Column = readonly [name: string, meaning: string, format: string]

/** One table. */
export interface Table {
  readonly file: string
  readonly types: readonly FrenchType[]
  readonly columns: readonly Column[]
  rows(record: FiscalRecord, payload: Loose, context: TableContext): readonly (readonly Cell[])[]
}

type Loose = Readonly<Record<string, unknown>>

const T = 'texte'
const E = 'entier'
const M = 'montant en euros, virgule décimale'
const D = 'JJ/MM/AAAA HH:MM:SS, heure locale'
const U = 'AAAA-MM-JJTHH:MM:SS.mmmZ, UTC'

const till: Column = ['caisse', 'identifiant de la caisse', T]
const number: Column = ['numero', 'numéro du document dans sa série', E]
const when: readonly Column[] = [
  ['date_heure', 'moment de l’enregistrement', D],
  ['date_heure_utc', 'même moment', U],
]
const operator: Column = ['operateur', 'identifiant de l’opérateur', T]
const signature: readonly Column[] = [
  ['signature', 'signature de l’enregistrement', 'base64url'],
  ['cle', 'empreinte de la clé de signature', 'base64url'],
]

const documentColumns: readonly Column[] = [
  till,
  number,
  ['numero_global', 'rang dans le journal', E],
  ['type', 'VENTE, AVOIR, ANNUL, FACT, ACPT, AVFA, NOTE ou LIVR', T],
  ...when,
  operator,
  ['reference_pos', 'référence donnée par la caisse', T],
  ['total_ttc', 'total TTC du chiffre d’affaires', M],
  ['total_ht', 'total hors taxes', M],
  ['total_tva', 'total de la TVA', M],
  ['nb_lignes', 'nombre de lignes', E],
  ['nb_duplicatas', 'duplicatas faits dans la période', E],
  ['grand_total_perpetuel', 'grand total perpétuel algébrique après le document', M],
  ['grand_total_perpetuel_absolu', 'grand total perpétuel en valeurs absolues', M],
  ['reference_origine', 'document d’origine', T],
  ['degrade', 'numéro provisoire du mode dégradé', T],
  ['saisie_a_posteriori', 'carnet et numéro du ticket manuscrit', T],
  ['logiciel', 'nom du logiciel', T],
  ['version', 'version du logiciel', T],
  ['donnees_signees', 'chaîne de données signée', T],
  ...signature,
  ['extrait', 'caractères 3, 7, 13 et 19 de la signature', T],
]

function head(record: FiscalRecord, payload: Loose, context: TableContext): Cell[] {
  return [String(record.body.x?.['till'] ?? context.till), whole(payload['number'])]
}

function originOf(payload: Loose): string {
  const original = payload['original'] as { external?: string; type?: string; number?: number } | undefined
  if (original === undefined) return ''
  return original.external ?? `${letterOf[original.type as FrenchType] ?? '?'}${original.number ?? 0}`
}

function documentRow(record: FiscalRecord, payload: Loose, context: TableContext): Cell[] {
  const { x, ref, seq, type } = record.body
  const [name, version] = softwareOf(String(x?.['sw'] ?? ''))
  const degraded = payload['degraded'] as { counter: number } | undefined
  const late = payload['late'] as { pad: string; paperNumber: number } | undefined
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
    late === undefined ? '' : `${late.pad}/${late.paperNumber}`,
    name,
    version,
    String(x?.['ds']),
    record.sig,
    record.body.kid,
    extractOf(record.sig),
  ]
}

function softwareOf(sw: string): [string, string] {
  const at = sw.lastIndexOf('/')
  return [sw.slice(0, Math.max(at, 0)), sw.slice(at + 1)]
}

function saleOf(payload: Loose): SaleParts {
  const request = (payload['request'] ?? {}) as Loose
  try {
    return parseSale(request as never)
  } catch {
    return salvageSale(request)
  }
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

const document: Column = ['document', 'série du document : T ticket, I facture, B note, P encaissement', T]

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
    return [caisse, letterOf[record.body.type as FrenchType], n, mode, amount, foreign?.currency ?? 'EUR', foreign?.amount ?? '']
  })
}

const closingRates = [2000, 1300, 1000, 850, 550, 210, 175, 105, 90, 0] as const

function closingRow(record: FiscalRecord, payload: Loose, context: TableContext): Cell[] {
  const vat = payload['vat'] as Readonly<Record<string, Amounts>>
  const { first, last } = ((payload['chains'] as Record<string, { first: [number, string]; last: [number, string] }>)['ticket'] ??
    {}) as Partial<{ first: [number, string]; last: [number, string] }>
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
    alg,
    abs,
    first === undefined ? '' : `T${first[0]}`,
    last === undefined ? '' : `T${last[0]}`,
    whole(counts['sales']),
    whole(counts['refunds']),
    payload['late'] === true ? 'oui' : 'non',
    ...signatureCells(record),
  ]
}

const signatureCells = (record: FiscalRecord): Cell[] => [record.sig, record.body.kid]

/** Every table, in the order of the archive. */
export const tables: readonly Table[] = [
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
      ['numero_ticket', 'numéro du document', E],
      ['ligne', 'rang de la ligne', E],
      ['code', 'code de l’article', T],
      ['libelle', 'désignation', T],
      ['nature', 'B bien, S service, D acompte, V bon, C compte, T pourboire, O tiers', T],
      ['quantite', 'quantité', 'décimal, virgule'],
      ['unite', 'unité', T],
      ['prix_unitaire_ttc', 'prix unitaire TTC', M],
      ['remise_ttc', 'remise comprise dans le total', M],
      ['total_ttc', 'total TTC de la ligne', M],
      ['total_ht', 'total HT de la ligne', M],
      ['taux_tva', 'taux de TVA en pour cent', 'décimal, virgule'],
      ['montant_tva', 'TVA de la ligne', M],
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
      ['base_ht', 'base hors taxes', M],
      ['tva', 'TVA', M],
      ['ttc', 'TTC', M],
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
      ['mode', 'moyen de règlement', T],
      ['montant', 'montant', M],
      ['devise', 'devise remise', T],
      ['montant_devise', 'montant en devise étrangère', T],
    ],
    rows: paymentRows,
  },
  {
    file: 'csv/factures.csv',
    types: ['invoice'],
    columns: [...documentColumns, ['comptee', 'non : facture de tickets déjà comptés', T]],
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
      ['type', 'ENCAISS, ENTREE, SORTIE ou TRANSF', T],
      ...when,
      operator,
      ['total', 'total', M],
      ['reference_origine', 'document d’origine', T],
      ['motif', 'motif', T],
      ['donnees_signees', 'chaîne de données signée', T],
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
  {
    file: 'csv/duplicatas.csv',
    types: ['copy'],
    columns: [
      till,
      number,
      ['document', 'série du document d’origine', T],
      ['numero_origine', 'numéro d’origine', E],
      ['copie', 'rang du duplicata', E],
      ...when.slice(0, 1),
      operator,
      ['motif', 'motif', T],
      ...signature.slice(0, 1),
    ],
    rows: (record, payload, context) => {
      const original = payload['original'] as { type: FrenchType; number: number }
      return [
        [
          ...head(record, payload, context),
          letterOf[original.type],
          whole(original.number),
          whole(payload['copy']),
          ...momentsOf(record, payload).slice(0, 1),
          String(payload['operator']),
          reasonOf(payload),
          record.sig,
        ],
      ]
    },
  },
  {
    file: 'csv/clotures.csv',
    types: ['closing'],
    columns: [
      till,
      number,
      ['niveau', 'SERVICE, JOUR, MOIS, ANNEE, ZERO, START ou STOP', T],
      ['debut', 'premier enregistrement', D],
      ['fin', 'dernier enregistrement', D],
      ['date_cloture', 'moment de la clôture', D],
      ['total_ttc', 'total TTC de la période', M],
      ['total_ht', 'total HT de la période', M],
      ...closingRates.map((rate): Column => [`tva_${String(rate).padStart(4, '0')}`, `TVA au taux de ${percent(rate)} %`, M]),
      ['perpetuel', 'grand total perpétuel algébrique', M],
      ['perpetuel_absolu', 'grand total perpétuel absolu', M],
      ['premier', 'premier ticket', T],
      ['dernier', 'dernier ticket', T],
      ['nb_ventes', 'nombre de ventes', E],
      ['nb_avoirs', 'nombre d’avoirs', E],
      ['tardive', 'clôture faite après la période', 'oui ou non'],
      ...signature,
    ],
    rows: (record, payload, context) => [closingRow(record, payload, context)],
  },
  {
    file: 'csv/jet.csv',
    types: ['event'],
    columns: [
      till,
      number,
      ['code', 'code de l’événement', E],
      ['libelle', 'libellé de l’événement', T],
      ['information', 'précision', T],
      ...when.slice(0, 1),
      operator,
      ...signature,
    ],
    rows: (record, payload, context) => [
      [
        ...head(record, payload, context),
        whole(payload['code']),
        events[Number(payload['code'])]?.label ?? '',
        String(payload['info']),
        ...momentsOf(record, payload).slice(0, 1),
        String(payload['operator']),
        ...signatureCells(record),
      ],
    ],
  },
  {
    file: 'csv/ecole.csv',
    types: ['training'],
    columns: [
      till,
      number,
      ['type', 'série simulée', T],
      ['operation', 'opération simulée', T],
      ...when,
      operator,
      ['responsable', 'personne responsable', T],
      ['total_ttc', 'total simulé', M],
      ['donnees_signees', 'chaîne de données signée', T],
      ...signature,
    ],
    rows: (record, payload, context) => [
      [
        ...head(record, payload, context),
        letterOf[payload['as'] as FrenchType] ?? '',
        operationOf(String(payload['as']), String(payload['op'] ?? payload['kind'] ?? payload['code'] ?? '')).word,
        ...momentsOf(record, payload),
        String(payload['operator']),
        String(payload['responsible']),
        typeof payload['total'] === 'number' ? payload['total'] : undefined,
        String(record.body.x?.['ds']),
        ...signatureCells(record),
      ],
    ],
  },
  {
    file: 'csv/degrade.csv',
    types: ['ticket', 'invoice', 'note', 'payment'],
    columns: [
      till,
      number,
      document,
      ['episode', 'panne', T],
      ['rang', 'rang dans la panne', E],
      ['compteur', 'numéro de panne de la caisse', E],
      ['moment_local', 'moment de la vente', T],
      ['empreinte', 'empreinte du reçu', 'SHA-256, hexadécimal'],
      ['integrite', 'ok, unlinked ou altered', T],
      ['force', 'règle outrepassée', T],
    ],
    rows: (record, payload, context) => {
      const degraded = payload['degraded'] as
        | {
            episode: string
            seq: number
            counter: number
            localMoment: string
            localHash: string
            integrity: string
            forced?: { code: string }
          }
        | undefined
      if (degraded === undefined) return []
      const { episode, seq, counter, localMoment, localHash, integrity, forced } = degraded
      return [
        [
          ...head(record, payload, context),
          letterOf[record.body.type as FrenchType],
          episode,
          whole(seq),
          whole(counter),
          localMoment,
          localHash,
          integrity,
          forced?.code ?? '',
        ],
      ]
    },
  },
  {
    file: 'csv/archives.csv',
    types: ['archive'],
    columns: [
      till,
      number,
      ['type', 'PERIODE ou ANNEE', T],
      ['premier', 'premier enregistrement', E],
      ['dernier', 'dernier enregistrement', E],
      ['jusqu_au', 'dernière journée', 'AAAA-MM-JJ'],
      ...when,
      ['total_ttc', 'total TTC', M],
      ['empreinte', 'SHA-256 du manifeste', 'hexadécimal'],
      ...signature,
    ],
    rows: (record, payload, context) => [
      [
        ...head(record, payload, context),
        operationOf('archive', String(payload['kind'])).word,
        whole(payload['from']),
        whole(payload['to']),
        String(payload['date']),
        ...momentsOf(record, payload),
        Number(payload['total']),
        String(payload['manifest']),
        ...signatureCells(record),
      ],
    ],
  },
]

function reasonOf(payload: Loose): string {
  const reason: unknown = (payload['request'] as Loose | undefined)?.['reason']
  return typeof reason === 'string' ? reason : ''
}

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
