// The commercial document on paper (10.2): what must be on it, in 40, 42 or 48 columns.
import type { FiscalRecord, PrintItem } from '@sigillo/core'
import { natureNames, paperCode } from './groups.js'
import type { Line } from './lines.js'
import { documentNumber } from './lottery.js'
import { printed } from './money.js'
import { openPaper, type Paper } from './paper.js'
import type { ClosingPayload, DocumentPayload, Reference } from './payload.js'
import { printClosing } from './print-closing.js'
import { paperDate, paperMoment } from './time.js'

const HEADINGS = { sale: 'di vendita o prestazione', return: 'emesso per RESO MERCE', void: 'emesso per ANNULLAMENTO' }
const SIMULATED = 'SIMULAZIONE - NON FISCALE'

/** Lines of a record's paper; empty for records that have none. */
export function printLines(record: FiscalRecord, width: number): string[] {
  const payload = record.payload as { simulation?: boolean; instant?: string } | null
  const { type } = record.body
  if (payload === null) return []
  const paper = openPaper(width)
  if (payload.simulation === true) paper.centre(SIMULATED)
  if (type === 'it.sale' || type === 'it.return' || type === 'it.void')
    printDocument(paper, payload as unknown as DocumentPayload)
  else if (type === 'it.closing') printClosing(paper, payload as unknown as ClosingPayload)
  else if (labelOf(record) !== undefined) printLabel(paper, payload as { matricola?: string; moment?: string })
  else return []
  if (payload.simulation === true) paper.centre(SIMULATED)
  return paper.lines
}

/** The same as print items: every line is mandatory as it stands; an instant lottery code follows as a code to scan. */
export function printItems(record: FiscalRecord, width: number): PrintItem[] {
  const items: PrintItem[] = printLines(record, width).map((text) => ({ kind: 'text', text, mandatory: true }))
  const code = (record.payload as { instant?: string } | null)?.instant ?? labelOf(record)
  return code === undefined ? items : [...items, { kind: 'qr', text: code, mandatory: true }]
}

// Text of the portal's QR code, of the record that brought it.
function labelOf({ body, payload }: FiscalRecord): string | undefined {
  const { kind, text } = (payload ?? {}) as { kind?: unknown; text?: unknown }
  return body.type === 'it.journal' && kind === 'qrCode' && typeof text === 'string' ? text : undefined
}

// The slip of an installation (2.1): whose device it is, and below it the code that leads to the authority's page.
function printLabel(paper: Paper, { matricola = '', moment = '' }: { matricola?: string; moment?: string }): void {
  paper.centre('REGISTRATORE TELEMATICO')
  paper.centre(matricola)
  paper.centre(paperMoment(moment))
}

function printDocument(paper: Paper, document: DocumentPayload): void {
  const { issuer, kind } = document
  for (const text of [issuer.name, ...issuer.address.split('\n')]) paper.centre(text)
  paper.centre(`P.IVA ${issuer.vat}`)
  if (issuer.taxCode !== undefined && issuer.taxCode !== issuer.vat) paper.centre(`C.F. ${issuer.taxCode}`)
  paper.blank()
  paper.centre('DOCUMENTO COMMERCIALE')
  paper.centre(HEADINGS[kind])
  if (document.reference !== undefined) printReference(paper, document, document.reference)
  paper.blank()
  paper.columns('DESCRIZIONE', 'IVA', 'Prezzo(€)')
  for (const line of document.lines) printLine(paper, line)
  paper.rule()
  printTotals(paper, document)
  paper.blank()
  printPayments(paper, document)
  paper.blank()
  printFoot(paper, document)
}

function printReference(paper: Paper, { matricola, till }: DocumentPayload, reference: Reference): void {
  if ('other' in reference) return paper.centre(`${reference.other} del ${paperDate(reference.date)}`)
  paper.centre(`N. ${documentNumber(reference)} del ${paperDate(reference.date)}`)
  if (reference.matricola === matricola && reference.till === till) return
  const server = reference.till !== ''
  paper.centre(`${server ? 'Server RT' : 'RT'} ${reference.matricola}${server ? ` Cassa ${reference.till}` : ''}`)
}

const PREFIX: Readonly<Partial<Record<Line['kind'], string>>> = {
  discount: 'Sconto',
  surcharge: 'Maggiorazione',
  gift: 'Omaggio',
  depositRedeemed: 'Acconto',
  singleUseVoucherRedeemed: 'Buono monouso',
}

function printLine(paper: Paper, { kind, description, quantity, unitPrice, amount, group }: Line): void {
  if (kind === 'text') return paper.left(description)
  if (quantity !== undefined && quantity !== 1000)
    paper.left(`${quantityText(quantity)} x${unitPrice === undefined ? '' : ` ${printed(unitPrice)}`}`)
  const prefix = PREFIX[kind]
  const text = prefix === undefined ? description : description === '' ? prefix : `${prefix} ${description}`
  paper.columns(text, group === undefined ? '' : paperCode(group), printed(amount))
}

function quantityText(thousandths: number): string {
  const fraction = String(thousandths % 1000)
    .padStart(3, '0')
    .replace(/0+$/, '')
  return `${Math.floor(thousandths / 1000)}${fraction === '' ? '' : `,${fraction}`}`
}

function printTotals(paper: Paper, { total, vat, groups }: DocumentPayload): void {
  paper.money('SUBTOTALE', total)
  paper.money('TOTALE COMPLESSIVO', total)
  paper.money('DI CUI IVA', vat)
  const codes = new Set(groups.map(({ group }) => paperCode(group)).filter((code) => code.endsWith('*')))
  for (const code of codes) paper.left(`${code} = ${natureNames[code.slice(0, -1)] ?? ''}`)
}

const OPEN = { goods: 'beni', services: 'servizi', invoice: 'segue fattura', healthService: 'DCR a SSN' } as const

function printPayments(paper: Paper, document: DocumentPayload): void {
  const { tendered, electronic, ticket, tickets, discount, rounding, change, uncollected, cash, lines } = document
  if (tendered !== 0) paper.money('Pagamento contante', tendered)
  if (electronic !== 0) paper.money('Pagamento elettronico', electronic)
  if (ticket !== 0 || tickets !== 0) paper.money(`Ticket restaurant n. ${tickets}`, ticket)
  for (const of of ['goods', 'services', 'invoice', 'healthService'] as const)
    if (uncollected[of] !== 0) paper.money(`Non riscosso ${OPEN[of]}`, uncollected[of])
  const gifts = lines.filter(({ kind }) => kind === 'gift').reduce((sum, { amount }) => sum - amount, 0)
  if (gifts !== 0) paper.money('Non riscosso omaggio', gifts)
  const given = discount - Math.max(0, -rounding)
  if (given !== 0) paper.money('Sconto a pagare', given)
  if (rounding !== 0) paper.money('Arrotondamento', rounding)
  if (change !== 0) paper.money('Resto', change)
  paper.money('Importo pagato', cash + electronic + ticket)
}

function printFoot(paper: Paper, document: DocumentPayload): void {
  const { moment, lottery, customer, matricola, till } = document
  paper.left(paperMoment(moment))
  paper.left(`DOCUMENTO N. ${documentNumber(document)}`)
  if (lottery !== undefined) paper.left(`Codice Lotteria ${lottery.code}`)
  if (customer?.taxCode !== undefined) paper.left(`Cod.Fisc. ${customer.taxCode}`)
  if (customer?.vat !== undefined) paper.left(`P.IVA cliente ${customer.vat}`)
  paper.left(`${till === '' ? 'RT' : 'Server RT'} ${matricola}`)
  if (till !== '') paper.left(`Cassa ${till}`)
}
