// A fiscal printer's dialect (13, in brief): XML over HTTP. The printer numbers and seals by itself, so one document stands before it at
// a time; after a lost answer its last document is compared before anything is repeated.
import { invalid } from '../errors.js'
import type { Dialect, Position, Prepared, Verdict } from './dialect.js'
import { readDocument, type DeviceDocument, type DeviceRules, type ReadDocument } from './document.js'
import { attempt, post, question, type Reach } from './exchange.js'
import { centsOf } from './keyless.js'
import { lineTags, paymentTags, vatId } from './printer-lines.js'
import { element, envelope, NO_ANSWER, readAnswer, tag, type XmlAnswer } from './xml-parts.js'

/** Settings of a till before a fiscal printer. */
export interface PrinterOptions extends Reach, Partial<Pick<DeviceRules, 'activityCodes' | 'cashRounding'>> {
  /** Serial number of the printer, 11 characters: returns name it where no other is given. */
  readonly matricola: string
}

const XML_TYPE = 'text/xml; charset=utf-8'
const PATH = '/cgi-bin/fpmate.cgi'
const RATES = [2200, 1000, 500, 400]
const BACK = { return: 'REFUND', void: 'VOID' } as const

/** A dialect of fiscal printers. */
export function printerDialect(options: PrinterOptions): Dialect {
  const { activityCodes = false, cashRounding = false } = options
  const rules: DeviceRules = { rates: RATES, activityCodes, cashRounding }
  const read = (document: DeviceDocument): ReadDocument => readable(readDocument(document, rules))
  const query = envelope(element('printerCommand', tag('queryPrinterStatus', { operator: '1', statusType: '1' })))
  const ask = (): Promise<Position> => question(options, PATH, query, XML_TYPE, (text) => positionOf(readAnswer(text)))
  const act = (body: string): Promise<Verdict> =>
    attempt(
      () => post(options, PATH, body, XML_TYPE),
      ({ text }) => judge(readAnswer(text)),
    )
  return {
    chains: false,
    ask,
    open: ask,
    read,
    prepare: (key, document, before) => {
      const one = read(document)
      const [z, n] = [before.z + 1, before.n + 1]
      const body = envelope(fiscalReceipt(one, options.matricola))
      return { key, document, body, z, n, seal: '', amount: one.total, before, after: { ...before, n } }
    },
    send: ({ body }) => act(body),
    find: async (prepared) => {
      const position = await ask()
      return { where: whereIs(prepared, position), position }
    },
    close: () => act(envelope(element('printerFiscalReport', tag('printZReport', { operator: '1' })))),
    status: () => question(options, PATH, query, XML_TYPE, (text) => readAnswer(text)?.fields),
  }
}

// One more than before, of the right amount: ours. None more: not printed. Anything else is somebody else's.
function whereIs({ before, amount }: Prepared, { z, n, lastAmount }: Position): 'registered' | 'absent' | 'elsewhere' {
  if (z !== before.z) return 'elsewhere'
  if (n === before.n) return 'absent'
  return n === before.n + 1 && lastAmount === amount ? 'registered' : 'elsewhere'
}

function positionOf(answer: XmlAnswer | undefined): Position | undefined {
  if (answer?.success !== true) return undefined
  const { zRepNumber = '', fiscalReceiptNumber = '', fiscalReceiptAmount } = answer.fields
  if (!/^\d{1,4}$/.test(zRepNumber) || !/^\d{1,4}$/.test(fiscalReceiptNumber)) return undefined
  const lastAmount = centsOf(fiscalReceiptAmount)
  return {
    z: Number(zRepNumber) - 1,
    n: Number(fiscalReceiptNumber),
    head: '',
    running: 0,
    open: true,
    secret: '',
    ...(lastAmount !== undefined && { lastAmount }),
  }
}

// The web server answers although the printer behind it does not: then nobody knows.
function judge(answer: XmlAnswer | undefined): Verdict {
  if (answer === undefined) return NO_ANSWER
  const { success, code, fields } = answer
  if (code.startsWith('FP_NO_ANSWER')) return { is: 'unknown', problem: code, left: true }
  if (/BUSY/.test(code)) return { is: 'busy', code }
  if (!success) return { is: 'refused', code, message: `the printer refuses it: ${code}` }
  const [z, n] = [Number(fields['zRepNumber']), Number(fields['fiscalReceiptNumber'])]
  return { is: 'accepted', code, warnings: [], ...(z > 0 && { z }), ...(n > 0 && { n }) }
}

function readable(read: ReadDocument): ReadDocument {
  const strange = read.groups.find(({ group }) => vatId(group) === undefined)
  if (strange !== undefined) throw invalid('lines', `this printer has no index for VAT group ${strange.group}`)
  if (read.reference !== undefined && 'other' in read.reference)
    throw invalid('reference', 'this printer wants the numbers of the original')
  return read
}

/** The `printerFiscalReceipt` of a document, parts in the printer's order. Pure. */
export function fiscalReceipt(read: ReadDocument, matricola: string): string {
  const customer = read.taxCode ?? read.customerVat
  return element(
    'printerFiscalReceipt',
    [
      reference(read, matricola),
      tag('beginFiscalReceipt', { operator: '1' }),
      lineTags(read),
      read.lotteryCode === undefined ? '' : tag('printRecLotteryID', { operator: '1', code: read.lotteryCode }),
      paymentTags(read),
      customer === undefined ? '' : tag('directIO', { command: '1060', data: `01${customer}` }),
      tag('endFiscalReceipt', { operator: '1' }),
    ].join(''),
  )
}

function reference({ kind, reference: original }: ReadDocument, own: string): string {
  if (kind === 'sale' || original === undefined || 'other' in original) return ''
  const [year, month, day] = original.date.split('-')
  const [z, n] = [original.z, original.n].map((number) => String(number).padStart(4, '0'))
  const message = `${BACK[kind]} ${z} ${n} ${day}${month}${year} ${original.matricola ?? own}`
  return tag('printRecMessage', { operator: '1', message, messageType: '4' })
}
