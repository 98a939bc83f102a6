// What the tables of the archive share (15.2): the form of a table, columns that stand in several, cells every record gives.
import type { FiscalRecord } from '@sigillo/core'
import { letterOf, type FrenchType } from '../kinds.js'
import { whole, type Cell } from './csv.js'
import type { TableContext } from './moments.js'

/** One column: name, meaning, format. */
export type Column = readonly [name: string, meaning: string, format: string]

/** Content of a record, as it may come from anywhere. */
export type Loose = Readonly<Record<string, unknown>>

/** One table. */
export interface Table {
  readonly file: string
  readonly types: readonly FrenchType[]
  readonly columns: readonly Column[]
  rows(record: FiscalRecord, payload: Loose, context: TableContext): readonly (readonly Cell[])[]
}

/** Format: text. */
export const text = 'texte'
/** Format: whole number. */
export const integer = 'entier'
/** Format: amount. */
export const money = 'montant en euros, virgule décimale'
/** Format: local moment. */
export const localMoment = 'JJ/MM/AAAA HH:MM:SS, heure locale'
/** Format: moment in UTC. */
const utcMoment = 'AAAA-MM-JJTHH:MM:SS.mmmZ, UTC'

/** Till. */
export const till: Column = ['caisse', 'identifiant de la caisse', text]
/** Printed number. */
export const number: Column = ['numero', 'numéro du document dans sa série', integer]
/** Moment, local and UTC. */
export const when: readonly Column[] = [
  ['date_heure', 'moment de l’enregistrement', localMoment],
  ['date_heure_utc', 'même moment', utcMoment],
]
/** Operator. */
export const operator: Column = ['operateur', 'identifiant de l’opérateur', text]
/** Signature and key. */
export const signature: readonly Column[] = [
  ['signature', 'signature de l’enregistrement', 'base64url'],
  ['cle', 'empreinte de la clé de signature', 'base64url'],
]

/** Letter of a document's series. */
export const document: Column = ['document', 'série du document : T ticket, I facture, B note, P encaissement', text]

/** Cells every row begins with: till and printed number. */
export function head(record: FiscalRecord, payload: Loose, context: TableContext): Cell[] {
  return [String(record.body.x?.['till'] ?? context.till), whole(payload['number'])]
}

/** Signature and key of a record. */
export const signatureCells = (record: FiscalRecord): Cell[] => [record.sig, record.body.kid]

interface Named {
  readonly external?: string
  readonly type?: string
  readonly number?: number
}

/** The documents a record refers to: its original, or the tickets an invoice covers. */
export function originOf(payload: Loose): string {
  const covers = (payload['covers'] ?? []) as readonly { number: number }[]
  const original = payload['original'] as Named | undefined
  const named = [...(original === undefined ? [] : [original]), ...((payload['references'] ?? []) as readonly Named[])]
  const names = named.map(({ external, type, number = 0 }) => external ?? `${letterOf[type as FrenchType] ?? '?'}${number}`)
  return [...names, ...covers.map(({ number }) => `${letterOf.ticket}${number}`)].join(' ')
}

/** The reason given in a request. */
export function reasonOf(payload: Loose): string {
  const reason: unknown = (payload['request'] as Loose | undefined)?.['reason']
  return typeof reason === 'string' ? reason : ''
}
