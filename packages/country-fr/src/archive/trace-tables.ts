// Tables of what a till did beside selling (15.2): duplicates; events, school mode, outages, archives.
import { events } from '../events.js'
import { letterOf, operationOf, type FrenchType } from '../kinds.js'
import { whole } from './csv.js'
import { momentsOf } from './moments.js'
import {
  document,
  head,
  integer,
  money,
  number,
  operator,
  reasonOf,
  signature,
  signatureCells,
  text,
  till,
  when,
  type Table,
} from './table.js'

/** Duplicates. */
export const copyTable: Table = {
  file: 'csv/duplicatas.csv',
  types: ['copy'],
  columns: [
    till,
    number,
    ['document', 'série du document d’origine', text],
    ['numero_origine', 'numéro d’origine', integer],
    ['copie', 'rang du duplicata', integer],
    ...when.slice(0, 1),
    operator,
    ['motif', 'motif', text],
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
}

/** Events, school mode, outages and archives, in the order of the archive. */
export const traceTables: readonly Table[] = [
  {
    file: 'csv/jet.csv',
    types: ['event'],
    columns: [
      till,
      number,
      ['code', 'code de l’événement', integer],
      ['libelle', 'libellé de l’événement', text],
      ['information', 'précision', text],
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
      ['type', 'série simulée', text],
      ['operation', 'opération simulée', text],
      ...when,
      operator,
      ['responsable', 'personne responsable', text],
      ['total_ttc', 'total simulé', money],
      ['donnees_signees', 'chaîne de données signée', text],
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
      ['episode', 'panne', text],
      ['rang', 'rang dans la panne', integer],
      ['compteur', 'numéro de panne de la caisse', integer],
      ['moment_local', 'moment de la vente', text],
      ['empreinte', 'empreinte du reçu', 'SHA-256, hexadécimal'],
      ['integrite', 'ok, unlinked ou altered', text],
      ['force', 'règle outrepassée', text],
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
      ['type', 'PERIODE ou ANNEE', text],
      ['premier', 'premier enregistrement', integer],
      ['dernier', 'dernier enregistrement', integer],
      ['jusqu_au', 'dernière journée', 'AAAA-MM-JJ'],
      ...when,
      ['total_ttc', 'total TTC', money],
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
