// The keyless till protocol (12.4): SOAP over HTTPS, every receipt an XML element whose hash is its control code and the start of the
// next one. A token of the server begins the chain anew.
import { dateTime, openZone, type Zone } from '../time.js'
import { cents, wire } from '../money.js'
import { invalid } from '../errors.js'
import type { Dialect, Position, Prepared, Verdict } from './dialect.js'
import { readDocument, type DeviceDocument, type DeviceRules, type ReadDocument } from './document.js'
import { attempt, post, question, type Reach } from './exchange.js'
import { keylessVerdict } from './keyless-codes.js'
import { lineTags, paymentTags, vatId } from './printer-lines.js'
import { controlCode, readToken } from './seal.js'
import { element, envelope, NO_ANSWER, readAnswer, tag, type XmlAnswer } from './xml-parts.js'

/** Settings of a till on the keyless protocol. */
export interface KeylessOptions extends Reach, Partial<Pick<DeviceRules, 'activityCodes' | 'cashRounding'>> {
  /** Till id, 8 characters. */
  readonly till: string
  /** Serial number of the server, 11 characters. */
  readonly matricola: string
  readonly zone?: string
}

const XML_TYPE = 'text/xml; charset=utf-8'
const PATH = '/cgi-bin/fpserver.cgi'
/** Rates the protocol has an index for. */
const RATES = [2200, 1000, 500, 400]
const DOC_TYPE = { sale: '0', return: '1', void: '3' } as const
const four = (number: number): string => String(number).padStart(4, '0')

/** A dialect over the keyless protocol. @throws RangeError for an unknown zone */
export function keylessDialect(options: KeylessOptions): Dialect {
  const { till, zone = 'Europe/Rome', activityCodes = false, cashRounding = false } = options
  const rules: DeviceRules = { rates: RATES, activityCodes, cashRounding }
  const local = openZone(zone)
  const read = (document: DeviceDocument): ReadDocument => readable(readDocument(document, rules))
  const ask = <T>(command: string, take: (answer: XmlAnswer) => T | undefined): Promise<T> =>
    question(options, PATH, envelope(command), XML_TYPE, (text) => {
      const answer = readAnswer(text)
      return answer && take(answer)
    })
  const act = (command: string, path = PATH): Promise<Verdict> =>
    attempt(
      () => post(options, path, envelope(command), XML_TYPE),
      ({ text }) => judge(readAnswer(text)),
    )
  const token = (): Promise<Position> => ask(element('createToken', tag('till', { tillId: till })), positionOf)
  return {
    chains: true,
    ask: token,
    // A server has no opening of its own: the first document opens.
    open: token,
    read,
    prepare: (key, document, position, atMs) => prepare(options, local, key, { document, read: read(document), position, atMs }),
    send: ({ body }) => act(body),
    find: async (prepared) => ({ where: await ask(receiptReport(till, prepared), (answer) => whereIs(prepared, answer)) }),
    close: () => act(element('createDailyClosure', tag('till', { tillId: till, closureType: '0' }))),
    closeDevice: () =>
      act(element('printerFiscalReport', tag('printZReport', { operator: '1' })), '/cgi-bin/fpmate.cgi?timeout=10000'),
    status: () =>
      ask(element('createReport', tag('fiscalInformation', { tillId: till })), ({ code, fields }) => ({ ...fields, code })),
  }
}

// The receipt is asked for by its numbers: the server tells its control code, or that it has none.
function receiptReport(till: string, { z, n, body }: Prepared): string {
  const date = /dateTime="(\d{8})/.exec(body)?.[1] ?? ''
  return element('createReport', tag('receipt', { tillId: till, zRepNumber: four(z), recNumber: four(n), date, reportType: '0' }))
}

function whereIs({ seal }: Prepared, { code, fields }: XmlAnswer): 'registered' | 'absent' | 'elsewhere' | undefined {
  // No such file, or nothing of the kind: the numbers are free.
  if (code === '-31' || code === '-2') return 'absent'
  const stored = fields['fingerPrint'] ?? fields['controlCode']
  if (code !== '0' || stored === undefined) return undefined
  return stored === seal ? 'registered' : 'elsewhere'
}

function positionOf({ code, fields }: XmlAnswer): Position | undefined {
  const token = fields['token'] ?? fields['fingerPrint'] ?? ''
  const parts = code === '0' ? readToken(token) : undefined
  return parts && { z: parts.z - 1, n: parts.next - 1, head: token, running: parts.daily, open: true, secret: '' }
}

function judge(answer: XmlAnswer | undefined): Verdict {
  return answer === undefined || !/^-?\d+$/.test(answer.code) ? NO_ANSWER : keylessVerdict(answer.code)
}

function readable(read: ReadDocument): ReadDocument {
  const strange = read.groups.find(({ group }) => vatId(group) === undefined)
  if (strange !== undefined) throw invalid('lines', `this server has no index for VAT group ${strange.group}`)
  return read
}

interface Parts {
  readonly document: DeviceDocument
  readonly read: ReadDocument
  readonly position: Position
  readonly atMs: number
}

function prepare(options: KeylessOptions, zone: Zone, key: string, { document, read, position, atMs }: Parts): Prepared {
  const [z, n] = [position.z + 1, position.n + 1]
  const running = position.running + (read.kind === 'sale' ? read.total : 0)
  const receipt = receiptElement(read, {
    fingerPrint: position.head,
    till: options.till,
    matricola: options.matricola,
    z,
    n,
    moment: dateTime(zone, atMs),
    daily: running,
  })
  const seal = controlCode(receipt)
  const body = element('createReceipt', receipt + element('receiptSecurity', tag('hash', { fingerPrint: seal })))
  return { key, document, body, z, n, seal, amount: read.total, before: position, after: { ...position, n, head: seal, running } }
}

/** Where a receipt stands. */
export interface KeylessPlace {
  /** Token, or control code of the receipt before. */
  readonly fingerPrint: string
  readonly till: string
  readonly matricola: string
  readonly z: number
  readonly n: number
  /** Local date-time with offset. */
  readonly moment: string
  /** Sales of the day with this document, cents. */
  readonly daily: number
}

/** The `receipt` element exactly as it is hashed and sent. Pure. */
export function receiptElement(read: ReadDocument, place: KeylessPlace): string {
  const { lotteryCode, taxCode, customerVat } = read
  const customer = taxCode ?? customerVat
  const receipt = [
    tag('beginFiscalReceipt', reference(read, place)),
    lineTags(read),
    paymentTags(read),
    lotteryCode === undefined ? '' : tag('printRecLotteryID', { code: lotteryCode }),
    customer === undefined ? '' : tag('printRecTaxID', { code: customer }),
    fiscalInformation(read, place),
    tag('endFiscalReceipt'),
  ]
  return `<receipt><hash fingerPrint="${place.fingerPrint}"/><printerFiscalReceipt>${receipt.join('')}</printerFiscalReceipt></receipt>`
}

const compact = (moment: string): string => moment.slice(0, 19).replaceAll(/[-:]/g, '')

function reference(
  { kind, reference: original }: ReadDocument,
  { moment, till }: KeylessPlace,
): Record<string, string | undefined> {
  if (original === undefined) return {}
  const docType = DOC_TYPE[kind]
  if ('other' in original) return { docType, refDateTime: compact(moment), refRefundVoidType: original.other }
  return {
    docType,
    refZRepNum: four(original.z),
    refRecNum: four(original.n),
    refDateTime: `${original.date.replaceAll('-', '')}T000000`,
    refTillID: original.till ?? till,
    refSerialNumber: original.matricola,
  }
}

function fiscalInformation(read: ReadDocument, { till, matricola, z, n, moment, daily }: KeylessPlace): string {
  const { payments, tendered, change, tickets, uncollected } = read
  const cheque = payments.filter(({ kind }) => kind === 'cheque').reduce((sum, { amount }) => sum + amount, 0)
  const paid = tendered - change + read.electronic + read.ticket
  return tag('fiscalInformation', {
    dailyAmount: wire(daily),
    tillId: till,
    zRepNumber: four(z),
    recNumber: four(n),
    dateTime: compact(moment),
    recAmount: wire(read.total),
    recVAT: wire(read.vat),
    docType: DOC_TYPE[read.kind],
    cashAmount: wire(tendered - cheque),
    checkAmount: wire(cheque),
    ePayAmount: wire(read.electronic),
    ticketAmount: wire(read.ticket),
    ticketNum: tickets === 0 ? undefined : String(tickets),
    changeAmount: wire(change),
    paidAmount: wire(paid),
    discountPayment: wire(read.discount),
    noPayAmountGoods: wire(uncollected.goods),
    noPayAmountServices: wire(uncollected.services),
    noPayAmountInvoices: wire(uncollected.invoice),
    noPayAmountSSN: wire(uncollected.healthService),
    rtSerialNumber: matricola,
    srtUtcOffset: String(Number(moment.slice(20, 22))),
  })
}

/** Cents of an amount in an answer, `1.22` or `1,22`; undefined when it is none. */
export function centsOf(text: string | undefined): number | undefined {
  const plain = (text ?? '').replace(',', '.')
  return /^-?\d{1,11}(?:\.\d{1,2})?$/.test(plain) ? cents(plain, 'answer') : undefined
}
