// Lines, discounts and payments of a document as the keyless server and its printers take them (12.4, 13).
import { partsOf } from '../groups.js'
import { latin } from '../latin.js'
import { wire } from '../money.js'
import type { ReadDocument } from './document.js'
import { tag } from './xml-parts.js'

const VAT_ID: Readonly<Record<string, string>> = {
  '2200': '1',
  '1000': '2',
  '400': '3',
  '500': '4',
  N1: '10',
  N2: '11',
  N3: '12',
  N4: '13',
  N5: '14',
  N6: '15',
}

/** The device's index of a VAT group; undefined for one it has none for. */
export function vatId(group: string): string | undefined {
  return VAT_ID[partsOf(group).group]
}

// 3 and 12 are the vendor's for a discount and a single-use voucher; 10 and 11 are how its printers call deposit and gift (unconfirmed).
const ADJUSTMENT = { discount: '3', depositRedeemed: '10', gift: '11', singleUseVoucherRedeemed: '12' } as const

const words = (text: string, other: string): string => latin(text).text.slice(0, 38) || other

/** Elements of all lines, in order. */
export function lineTags(read: ReadDocument): string {
  return read.lines.map((line, i) => lineTag(read, line, i)).join('')
}

function lineTag(read: ReadDocument, line: ReadDocument['lines'][number], i: number): string {
  const { kind, description, amount, group } = line
  if (kind === 'text') return tag('printRecMessage', { message: words(description, ' '), messageType: '3', index: '1' })
  if (group === undefined)
    return tag('printRecSubtotalAdjustment', {
      description: words(description, kind === 'discount' ? 'Sconto' : 'Maggiorazione'),
      adjustmentType: kind === 'discount' ? '1' : '6',
      amount: wire(Math.abs(amount)),
      justification: '1',
    })
  const id = vatId(group)
  const ateco = String(partsOf(group).activity ?? 0)
  if (kind === 'sale' || kind === 'deposit' || kind === 'singleUseVoucher' || kind === 'surcharge')
    return item(read, i, ateco, id)
  return tag('printRecItemAdjustment', {
    description: words(description, kind === 'discount' ? 'Sconto' : 'Acconto'),
    adjustmentType: ADJUSTMENT[kind],
    amount: wire(Math.abs(amount)),
    vatID: id,
  })
}

// A line whose total is not quantity times price to the cent is one piece at its total.
function item({ lines }: ReadDocument, i: number, ateco: string, id: string | undefined): string {
  const { description, amount, quantity, unitPrice } = lines[i] as ReadDocument['lines'][number]
  const exact = quantity !== undefined && unitPrice !== undefined && quantity * unitPrice === amount * 1000
  return tag('printRecItem', {
    description: words(description, 'Articolo'),
    quantity: exact ? quantityText(quantity) : '1',
    unitPrice: wire(exact ? unitPrice : amount),
    vatID: id,
    type: 'B',
    ateco,
  })
}

function quantityText(thousandths: number): string {
  const part = String(thousandths % 1000)
    .padStart(3, '0')
    .replace(/0+$/, '')
  return `${Math.floor(thousandths / 1000)}${part === '' ? '' : `.${part}`}`
}

/** Payments with their kind's number: 0 cash, 1 cheque, 2 electronic, 3 ticket, 4 to 7 uncollected, 8 discount. */
export function paymentTags(read: ReadDocument): string {
  const { tendered, payments, electronic, ticket, tickets, discount, uncollected } = read
  const cheque = payments.filter(({ kind }) => kind === 'cheque').reduce((sum, { amount }) => sum + amount, 0)
  const all: readonly (readonly [description: string, amount: number, type: string, index?: number])[] = [
    ['Contanti', tendered - cheque, '0'],
    ['Assegno', cheque, '1'],
    ['Elettronico', electronic, '2'],
    ['Ticket', ticket, '3', tickets],
    ['Non riscosso servizi', uncollected.services, '4'],
    ['Non riscosso beni', uncollected.goods, '5'],
    ['Segue fattura', uncollected.invoice, '6'],
    ['DCR a SSN', uncollected.healthService, '7'],
    ['Sconto a pagare', discount, '8'],
  ]
  const given = all.filter(([, amount, , index = 0]) => amount !== 0 || index > 0)
  // A total of nothing is still a total.
  return (given.length > 0 ? given : [['Contanti', 0, '0'] as const])
    .map(([description, amount, paymentType, index = 0]) =>
      tag('printRecTotal', { description, payment: wire(amount), paymentType, index: String(index) }),
    )
    .join('')
}
