// Record types of France: chain letter, French words of operations and closings, what they move (5.1, 6, 8.4). One table; no
// rule elsewhere branches on a letter.
import type { ChainType } from './profiles.js'

/** Every record type of France. */
export type FrenchType = ChainType | 'training'

/** Chain letter of a type, for print, tables and documents. */
export const letterOf: Readonly<Record<FrenchType, string>> = {
  ticket: 'T',
  invoice: 'I',
  payment: 'P',
  note: 'B',
  closing: 'G',
  event: 'L',
  copy: 'C',
  archive: 'A',
  training: 'X',
}

/** One operation: the word in data strings and the title on paper. */
export interface Operation {
  readonly word: string
  readonly title: string
}

/** Operations by type and name. */
export const operations: Readonly<Record<string, Readonly<Record<string, Operation>>>> = {
  ticket: {
    sale: { word: 'VENTE', title: 'TICKET' },
    refund: { word: 'AVOIR', title: 'AVOIR' },
    cancellation: { word: 'ANNUL', title: 'ANNULATION' },
  },
  invoice: {
    invoice: { word: 'FACT', title: 'FACTURE' },
    deposit: { word: 'ACPT', title: 'FACTURE D’ACOMPTE' },
    credit: { word: 'AVFA', title: 'AVOIR SUR FACTURE' },
  },
  payment: {
    collection: { word: 'ENCAISS', title: 'ENCAISSEMENT' },
    'cash-in': { word: 'ENTREE', title: 'ENTRÉE DE CAISSE' },
    'cash-out': { word: 'SORTIE', title: 'SORTIE DE CAISSE' },
    transfer: { word: 'TRANSF', title: 'CHANGEMENT DE RÈGLEMENT' },
  },
  note: {
    note: { word: 'NOTE', title: 'NOTE' },
    delivery: { word: 'LIVR', title: 'BON DE LIVRAISON' },
  },
  closing: {
    shift: { word: 'SERVICE', title: 'CLÔTURE DE SERVICE' },
    day: { word: 'JOUR', title: 'CLÔTURE JOURNALIÈRE' },
    month: { word: 'MOIS', title: 'CLÔTURE MENSUELLE' },
    year: { word: 'ANNEE', title: 'CLÔTURE ANNUELLE' },
    zero: { word: 'ZERO', title: 'TICKET ZÉRO' },
    start: { word: 'START', title: 'MISE EN SERVICE' },
    stop: { word: 'STOP', title: 'MISE HORS SERVICE' },
  },
  archive: {
    period: { word: 'PERIODE', title: 'ARCHIVE DE PÉRIODE' },
    year: { word: 'ANNEE', title: 'ARCHIVE ANNUELLE' },
  },
}

/** Word and title of an operation; the name itself when unknown, so that hostile records still show. */
export function operationOf(type: string, name: string): Operation {
  const table = Object.hasOwn(operations, type) ? operations[type] : undefined
  return (
    (table !== undefined && Object.hasOwn(table, name) ? table[name] : undefined) ?? { word: name, title: name.toUpperCase() }
  )
}

/** Payment modes (7.6) with their French names. */
export const paymentModes: Readonly<Record<string, string>> = {
  AVO: 'Avoir',
  AUT: 'Autre',
  CB: 'Carte bancaire',
  CHQ: 'Chèque',
  CRE: 'Créance client',
  ESP: 'Espèces',
  INT: 'Interne',
  LIG: 'Paiement en ligne',
  PRE: 'Prélèvement',
  TRD: 'Titre-restaurant papier',
  TRE: 'Titre-restaurant carte',
  VIR: 'Virement',
}

/** Natures of a line (7.9); the last four lie outside turnover. */
export const natures: Readonly<Record<string, { readonly label: string; readonly turnover: boolean }>> = {
  B: { label: 'Bien', turnover: true },
  S: { label: 'Service', turnover: true },
  D: { label: 'Acompte', turnover: true },
  V: { label: 'Bon à usages multiples', turnover: false },
  C: { label: 'Compte client', turnover: false },
  T: { label: 'Pourboire', turnover: false },
  O: { label: 'Encaissement pour un tiers', turnover: false },
}

/** True for a type whose records count in grand totals (8.4). */
export function isCounted(type: string): boolean {
  return type === 'ticket' || type === 'invoice'
}

/** True for a type whose records belong to a day and open it (9.2). */
export function opensDay(type: string): boolean {
  return type === 'ticket' || type === 'invoice' || type === 'payment' || type === 'note'
}

/** True for a type whose `x` carries the grand totals. */
export function showsTotals(type: string): boolean {
  return type === 'ticket' || type === 'invoice' || type === 'closing' || type === 'archive'
}
