// Lottery batches (5.6, 7, 11.2): refused whole, or taken with remarks on single documents.
import type { Remark } from './answers.js'
import { cents } from './arithmetic.js'
import type { LotteryRow } from './effects.js'
import { momentOf } from './rome.js'
import { granted, refused, type Context, type Ruling } from './rules.js'
import { at, child, childrenNamed, type Element } from './xml.js'

/** Judges a batch. */
export function judgeLottery(root: Element, { device, nowMs }: Context): Ruling {
  if (device?.state !== 'IN_SERVIZIO') return refused('00303')
  const till = at(root, 'DatiTrasmissione/IdCassa')
  const rows = childrenNamed(root, 'DocumentoCommerciale').map((one) => rowOf(one, till, nowMs))
  const remarks: Remark[] = rows
    .map(({ number, moment, codes }, i) => ({ position: i + 1, number, moment, codes }))
    .filter(({ codes }) => codes.length > 0)
  return {
    ...granted([{ do: 'lottery', matricola: device.matricola, rows }]),
    remarks,
    elements: rows.length,
  }
}

function rowOf(document: Element, till: string | undefined, nowMs: number): LotteryRow {
  const moment = at(document, 'DataOra') ?? ''
  const amount = cents(at(document, 'Ammontare') ?? '')
  const sale = child(document, 'Vendita')
  const paid = childrenNamed(sale, 'DatiPagamento').reduce((sum, one) => sum + cents(at(one, 'Importo') ?? ''), 0)
  return {
    code: at(document, 'IdCliente') ?? '',
    number: at(document, 'NumeroProgressivo') ?? '',
    moment,
    amount,
    kind: sale !== undefined ? 'sale' : at(document, 'ResoAnnullo/Tipologia') === 'R' ? 'return' : 'annulment',
    ...(till !== undefined && { till }),
    codes: [...(momentOf(moment) > nowMs ? ['00307'] : []), ...(sale !== undefined && paid !== amount ? ['00308'] : [])],
  }
}
