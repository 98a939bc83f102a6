// A closing on paper, the Z (18): period, number, sums, rates, modes, counts, perpetual totals.
import type { PrintItem } from '@sigillo/core'
import { operationOf, paymentModes } from './kinds.js'
import { frenchAmount } from './money.js'
import { must, pair, rateText, rule, title } from './print-items.js'
import { frenchMoment } from './time.js'
import type { ClosingPayload } from './payload.js'
import type { Amounts } from './vat.js'

const countLabels: readonly (readonly [string, string])[] = [
  ['sales', 'Ventes'],
  ['refunds', 'Avoirs'],
  ['cancellations', 'Annulations'],
  ['lines', 'Lignes'],
  ['discounts', 'Remises'],
  ['notes', 'Notes'],
  ['notesAbandoned', 'Notes abandonnées'],
  ['payments', 'Encaissements et mouvements'],
  ['copies', 'Duplicatas'],
  ['training', 'Mode école'],
  ['degraded', 'Reçus dégradés'],
  ['breaks', 'Défauts et ruptures'],
]

/** Items between head and foot. */
export function closingItems(loose: Readonly<Record<string, unknown>>, numbered: PrintItem[]): PrintItem[] {
  const payload = loose as unknown as ClosingPayload
  const { totals } = payload
  return [
    title(operationOf('closing', payload.kind).title),
    ...numbered,
    ...must(`Du ${frenchMoment(payload.from)}`, `Au ${frenchMoment(payload.to)}`),
    ...(payload.late === true ? must(`Clôture tardive, ${payload.days ?? 1} jour(s)`) : []),
    ...(payload.unarchived === undefined ? [] : must(`Non archivé à partir de l’enregistrement n° ${payload.unarchived}`)),
    ...(payload.forced === true ? must('Clôture forcée par le système') : []),
    ...episodeItems(payload.episode),
    rule(),
    pair('TOTAL TTC', frenchAmount(payload.total), true),
    pair('Total HT', frenchAmount(payload.ht), true),
    pair('Total TVA', frenchAmount(payload.tax), true),
    ...rateItems(payload.vat),
    ...Object.keys(payload.pay)
      .sort()
      .map((mode) => pair(paymentModes[mode] ?? mode, frenchAmount(payload.pay[mode] as number), true)),
    ...(totals.outside === 0 ? [] : [pair('Hors chiffre d’affaires', frenchAmount(totals.outside), true)]),
    ...(totals.discounts === 0 ? [] : [pair('Montant des remises', frenchAmount(totals.discounts), true)]),
    ...countLabels.flatMap(([name, label]) =>
      totals.counts[name] === undefined ? [] : [pair(label, String(totals.counts[name]), true)],
    ),
    ...cashItems(totals.counts),
    ...drawerItems(payload),
    rule(),
    pair('Grand total perpétuel', frenchAmount(payload.perpetual.alg), true),
    pair('Perpétuel absolu', frenchAmount(payload.perpetual.abs), true),
  ]
}

function rateItems(vat: Readonly<Record<string, Amounts>>): PrintItem[] {
  return Object.keys(vat)
    .sort((a, b) => Number(b) - Number(a))
    .flatMap((rate) => {
      const { ttc, ht, vat: tax } = vat[rate] as Amounts
      return [
        pair(`TTC à ${rateText(Number(rate))}`, frenchAmount(ttc), true),
        pair(`TVA ${rateText(Number(rate))} sur ${frenchAmount(ht)}`, frenchAmount(tax), true),
      ]
    })
}

// The zero receipt that ends an outage tells its receipts (13.6).
function episodeItems(episode: ClosingPayload['episode']): PrintItem[] {
  if (episode === undefined) return []
  const { count, firstCounter, lastCounter, breaks } = episode
  return [
    pair('Fin de mode dégradé', `${String(count)} reçu(s)`, true),
    ...(firstCounter === undefined ? [] : [pair('Pannes n°', `${String(firstCounter)} à ${String(lastCounter)}`, true)]),
    ...(breaks === 0 || breaks === undefined ? [] : [pair('Ruptures de la chaîne dégradée', String(breaks), true)]),
  ]
}

// Counted in cents beside the numbers of documents.
function cashItems({ cashIn, cashOut }: Readonly<Record<string, number>>): PrintItem[] {
  return [
    ...(cashIn === undefined ? [] : [pair('Entrées de caisse', frenchAmount(cashIn), true)]),
    ...(cashOut === undefined ? [] : [pair('Sorties de caisse', frenchAmount(cashOut), true)]),
  ]
}

function drawerItems({ drawer }: ClosingPayload): PrintItem[] {
  return drawer === undefined
    ? []
    : [
        pair('Espèces comptées', frenchAmount(drawer.declared), true),
        pair('Écart de caisse', frenchAmount(drawer.difference), true),
      ]
}
