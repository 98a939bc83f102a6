// The text a till on the keyed protocol sends and seals (12.3): JSON inside JSON, members in the vendor's order, amounts positive. The
// kind gives the sign; there is no line for a discount, so it is taken off the lines it belongs to and told in words.
import { partsOf } from '../groups.js'
import { latin } from '../latin.js'
import { printed, wire } from '../money.js'
import type { ReadDocument } from './document.js'

/** Where on the chain a document stands. */
export interface KeyedPlace {
  readonly till: string
  /** `yyyy-MM-dd HH:mm:ss`, local. */
  readonly moment: string
  readonly z: number
  readonly n: number
  /** Seal of the document before, or the day's token. */
  readonly previous: string
  /** Sales since birth before this document, cents. */
  readonly grandTotal: number
}

const DOCTYPE = { sale: 1, return: 3, void: 5 } as const

/** The text of a document at its place. Pure: the same document at the same place gives the same bytes. */
export function fiscalData(read: ReadDocument, place: KeyedPlace): string {
  const { till, moment, z, n, previous, grandTotal } = place
  const document = {
    cashuuid: till,
    doctype: DOCTYPE[read.kind],
    dtime: moment,
    docnumber: n,
    docznumber: z,
    amount: read.total,
    fiscalcode: read.taxCode ?? '',
    vatcode: read.customerVat ?? '',
    fiscaloperator: read.operator,
    businessname: null,
    prevSignature: previous,
    type_signature_id: '1',
    grandTotal,
    ...reference(read, place),
    errSignature: null,
    err_number: null,
    err_znumber: null,
    ...(read.lotteryCode !== undefined && { lottery_client_code: read.lotteryCode }),
  }
  return JSON.stringify({ document, items: [...lines(read), ...payments(read)], taxs: taxes(read) })
}

function reference({ kind, reference: original }: ReadDocument, { till, moment }: KeyedPlace): object {
  if (original === undefined) return referTo(-1, -1, null, null, null)
  if ('other' in original) {
    const number = kind === 'return' ? 0 : -1
    return referTo(number, number, `${moment.slice(0, 10)} 00:00:00`, null, 'ND')
  }
  return referTo(original.z, original.n, `${original.date} 00:00:00`, original.matricola ?? null, original.till ?? till)
}

function referTo(z: number, n: number, moment: string | null, matricola: string | null, till: string | null): object {
  return {
    referenceClosurenumber: z,
    referenceDocnumber: n,
    referenceDtime: moment,
    refSerialNum: matricola,
    referenceCashuuid: till,
  }
}

/** Twenty characters of text, six of rate, fourteen of price. */
function columns(text: string, code: string, amount: number): string {
  return latin(text).text.slice(0, 20).padEnd(20) + code.padStart(6) + printed(amount).padStart(14)
}

interface Item {
  readonly type: string
  readonly text: string
  readonly group: string
  amount: number
  readonly quantity?: number | undefined
  readonly unitPrice?: number | undefined
}

const TYPE: Readonly<Record<string, string>> = { depositRedeemed: '7', singleUseVoucherRedeemed: '7', gift: '8' }
const WORDS: Readonly<Record<string, string>> = {
  discount: 'Sconto',
  surcharge: 'Maggiorazione',
  gift: 'Omaggio',
  depositRedeemed: 'Acconto',
  singleUseVoucherRedeemed: 'Buono monouso',
}

function lines(read: ReadDocument): object[] {
  const items: (Item | string)[] = []
  for (const [i, { kind, description, amount, quantity, unitPrice }] of read.lines.entries()) {
    const text = [WORDS[kind], description].filter((part) => part !== undefined && part !== '').join(' ')
    if (kind === 'text') items.push(text)
    else if (kind === 'discount') items.push(columns(text, '', amount))
    const parts = kind === 'discount' ? [] : read.parts.filter(({ line }) => line === i)
    for (const { group, amount: part } of parts)
      items.push({ type: TYPE[kind] ?? '1', text, group, amount: Math.abs(part), quantity, unitPrice })
  }
  takeOff(items, read)
  return items.map((item) => (typeof item === 'string' ? words(item) : sold(item)))
}

// A discount comes off the lines of its group, the last ones first; none falls below nothing.
function takeOff(items: readonly (Item | string)[], { parts, lines: all }: ReadDocument): void {
  const off = new Map<string, number>()
  for (const { line, group, amount } of parts) if (all[line]?.kind === 'discount') off.set(group, (off.get(group) ?? 0) - amount)
  for (const item of [...items].reverse()) {
    if (typeof item === 'string' || item.type !== '1') continue
    const less = Math.min(off.get(item.group) ?? 0, item.amount)
    item.amount -= less
    off.set(item.group, (off.get(item.group) ?? 0) - less)
  }
}

function sold({ type, text, group, amount, quantity, unitPrice }: Item): object {
  const { group: vat, rateBp, activity } = partsOf(group)
  // What was reduced is one piece at its new price.
  const whole = quantity !== undefined && unitPrice !== undefined && Math.abs(quantity * unitPrice - amount * 1000) <= 1000
  return item(type, columns(text, rateBp === undefined ? vat : `${Number(wire(rateBp))}%`.replace('.', ','), amount), {
    amount: String(amount),
    quantity: String(whole ? quantity : 1000),
    unitprice: String(whole ? unitPrice : amount),
    vatvalue: String(rateBp ?? 0),
    vatcode: rateBp === undefined ? vat : '',
    businesscode: activity === undefined ? '' : String(activity),
  })
}

function words(text: string): object {
  return item('97', text.slice(0, 40), {
    amount: '0',
    quantity: '1000',
    unitprice: '',
    vatvalue: '',
    vatcode: '',
    businesscode: '',
  })
}

interface ItemFigures {
  readonly amount: string
  readonly quantity: string
  readonly unitprice: string
  readonly vatvalue: string
  readonly vatcode: string | null
  readonly businesscode: string
}

function item(type: string, description: string, figures: ItemFigures, paymentid = ''): object {
  const { amount, quantity, unitprice, vatvalue, vatcode, businesscode } = figures
  const [fiscalvoid, signid, plu, department, service] = ['0', '1', '', '', '0']
  return {
    type,
    description,
    amount,
    quantity,
    unitprice,
    vatvalue,
    fiscalvoid,
    signid,
    paymentid,
    plu,
    department,
    vatcode,
    service,
    businesscode,
  }
}

function payments(read: ReadDocument): object[] {
  const { cash, electronic, ticket, tickets, discount, uncollected } = read
  const all: readonly (readonly [id: string, text: string, amount: number, count?: number])[] = [
    ['1', 'PAGAMENTO CONTANTE', cash],
    ['2', 'PAGAM. ELETTRONICO', electronic],
    ['3', 'NON RISCOSSO BENI', uncollected.goods],
    ['4', 'TICKET', ticket, tickets],
    ['5', 'NON RISCOSSO SERVIZI', uncollected.services],
    ['6', 'SEGUE FATTURA', uncollected.invoice],
    ['7', 'DCR A SSN', uncollected.healthService],
    ['8', 'SCONTO A PAGARE', discount],
  ]
  return all
    .filter(([, , amount, count = 0]) => amount !== 0 || count > 0)
    .map(([id, text, amount, count = 1]) =>
      item(
        '5',
        columns(text, '', amount),
        { amount: String(amount), quantity: String(count * 1000), unitprice: '', vatvalue: '', vatcode: null, businesscode: '' },
        id,
      ),
    )
}

function taxes({ groups }: ReadDocument): object[] {
  return groups.map(({ group, gross, tax }) => {
    const { group: vat, rateBp, activity } = partsOf(group)
    return {
      gross,
      tax,
      vatvalue: rateBp ?? 0,
      vatcode: rateBp === undefined ? vat : '',
      businesscode: activity === undefined ? null : String(activity),
      additional_tax_data: [],
    }
  })
}
