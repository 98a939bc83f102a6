// The daily closing on paper: what the file will say, for the drawer.
import { paperCode } from './groups.js'
import type { Paper } from './paper.js'
import type { ClosingPayload } from './payload.js'
import { paperMoment } from './time.js'

const NAMES = {
  amount: 'Ammontare',
  partial: 'Importo parziale',
  tax: 'Imposta',
  returns: 'Resi',
  voids: 'Annulli',
  suspended: 'Beni in sospeso',
  services: 'Non riscosso servizi',
  invoice: 'Non riscosso fatture',
  health: 'Non riscosso DCR a SSN',
  gifts: 'Omaggi',
} as const

/** Prints a closing. */
export function printClosing(paper: Paper, closing: ClosingPayload): void {
  const { z, progressive, moment, rows, totals, grand, inactive, till, matricola } = closing
  paper.centre('CHIUSURA GIORNALIERA')
  paper.pair(`Chiusura N. ${String(z).padStart(4, '0')}`, `Prog. ${progressive}`)
  paper.left(paperMoment(moment))
  if (inactive !== undefined) {
    paper.left('PERIODO INATTIVO')
    paper.left(`dal ${paperMoment(inactive.from)} al ${paperMoment(inactive.to)}`)
  }
  paper.rule()
  for (const row of rows) {
    paper.left(`IVA ${paperCode(row.group)}`)
    for (const name of Object.keys(NAMES) as (keyof typeof NAMES)[])
      if (row[name] !== undefined) paper.money(` ${NAMES[name]}`, row[name])
  }
  paper.rule()
  paper.pair('Documenti commerciali', String(totals.documents))
  paper.money('Pagato contanti', totals.cash ?? 0)
  paper.money('Pagato elettronico', totals.electronic ?? 0)
  paper.money('Sconto a pagare', totals.discount ?? 0)
  paper.money(`Ticket n. ${totals.tickets ?? 0}`, totals.ticket ?? 0)
  paper.rule()
  paper.money('GRAN TOTALE', grand.sales)
  paper.money('GRAN TOTALE RESI', grand.returns)
  paper.money('GRAN TOTALE ANNULLI', grand.voids)
  paper.left(`${till === '' ? 'RT' : 'Server RT'} ${matricola}`)
  if (till !== '') paper.left(`Cassa ${till}`)
}
