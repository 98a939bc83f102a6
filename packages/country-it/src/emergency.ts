// The emergency register as a file (2.1): what was sold while the device was out of service, to be typed in on the portal. Nothing of it
// is ever transmitted or counted in a closing.
import { sha256Hex, utf8, type FiscalRecord } from '@sigillo/core'
import { partsOf } from './groups.js'
import type { Line } from './lines.js'
import { printed, wire } from './money.js'
import type { Payment } from './payments.js'

const HEAD = 'numero;data_ora;data;cassa;registro;riga;tipo_riga;descrizione;importo;iva;natura;codice_attivita;pagamento'

interface Entry {
  readonly kind: string
  readonly number: number
  readonly moment: string
  readonly date?: string
  readonly till?: string
  readonly paper?: string
  readonly lines: readonly Line[]
  readonly payments: readonly Payment[]
}

/**
 * The register as CSV: a row for each line and each payment, semicolons, decimal comma, CRLF; the last line is the SHA-256 of all bytes
 * before it. Text that a spreadsheet would run begins with an apostrophe.
 * @param records records of the queue, all of them or from some number on
 */
export async function emergencyCsv(records: AsyncIterable<FiscalRecord> | Iterable<FiscalRecord>): Promise<string> {
  const rows = [HEAD]
  for await (const { body, payload } of records) {
    const entry = payload as unknown as Entry | null
    if (body.type === 'it.journal' && entry?.kind === 'emergency') rows.push(...rowsOf(entry))
  }
  const text = `${rows.join('\r\n')}\r\n`
  return `${text}#sha256=${sha256Hex(utf8(text))}\r\n`
}

function rowsOf({ number, moment, date, till = '', paper = '', lines, payments }: Entry): string[] {
  const common = [String(number), moment, date ?? moment.slice(0, 10), till, words(paper)]
  const sold = lines.map(({ kind, description, amount, group }) => {
    const { group: vat, rateBp, activity } = partsOf(group ?? '')
    const rate = rateBp === undefined ? '' : wire(rateBp).replace('.', ',')
    return [kind, words(description), printed(amount), rate, rateBp === undefined ? vat : '', String(activity ?? ''), '']
  })
  const paid = payments.map(({ kind, amount, of }) => [
    'pagamento',
    '',
    printed(amount),
    '',
    '',
    '',
    of === undefined ? kind : `${kind}:${of}`,
  ])
  return [...sold, ...paid].map((cells, i) => [...common, String(i + 1), ...cells].join(';'))
}

function words(text: string): string {
  const tame = /^[=+\-@\t]/.test(text) ? `'${text}` : text
  return /[;"\r\n]/.test(tame) ? `"${tame.replaceAll('"', '""')}"` : tame
}
