// Moving from the incumbent middleware: its receipt requests become requests of this package, with a report of everything that
// was decided or lost on the way. Nothing is guessed in silence.
import { isFiscalError, type FiscalError } from '@sigillo/core'
import { refuse } from './errors.js'
import { parseRequest } from './parse.js'
import { isReverseCharge, natureOf, payModes, receiptCases, receiptFlags } from './translate-tables.js'

/** One remark of a translation. */
export interface Remark {
  readonly path: string
  /** `kept` for a decision, `lost` for what has no place here, `error` for what must be corrected before it can be recorded. */
  readonly level: 'kept' | 'lost' | 'error'
  readonly message: string
}

/** A translated receipt; without `request` it has no counterpart here. */
export interface Translation {
  readonly request?: Readonly<Record<string, unknown>>
  readonly report: readonly Remark[]
}

type Loose = Readonly<Record<string, unknown>>

/** JSON of a receipt with its 64-bit codes kept exact: they do not fit into a JavaScript number. */
export function parseIncumbentJson(text: string): Loose {
  return JSON.parse(text.replaceAll(/("ft(?:Receipt|ChargeItem|PayItem)Case"\s*:\s*)(-?\d{10,})/g, '$1"$2"')) as Loose
}

/** Translates one receipt request of the incumbent. Its amounts may be JSON numbers; they are read as the decimals they show. */
export function translateReceipt(receipt: Loose): Translation {
  const report: Remark[] = []
  try {
    const request = translated(receipt, report)
    if (request !== undefined) check(request, report)
    return request === undefined ? { report } : { request, report }
  } catch (error) {
    if (!isFiscalError(error)) throw error
    return { report: [...report, remarkOf(error)] }
  }
}

function check(request: Loose, report: Remark[]): void {
  try {
    parseRequest(request)
  } catch (error) {
    if (!isFiscalError(error)) throw error
    report.push(remarkOf(error))
  }
}

function remarkOf(error: FiscalError): Remark {
  return { path: error.path ?? '', level: 'error', message: `${error.code}: ${error.message}` }
}

function translated(receipt: Loose, report: Remark[]): Record<string, unknown> | undefined {
  const code = codeOf(receipt['ftReceiptCase'], 'ftReceiptCase')
  if (code >> 48n !== 0x4652n)
    throw refuse('FR_COUNTRY', `receipt case ${code.toString(16)} is not French`, { path: 'ftReceiptCase' })
  const row = receiptCases[Number(code & 0xffffn)]
  const tell = (path: string, level: Remark['level'], message: string): void => void report.push({ path, level, message })
  if (row === undefined) {
    tell('ftReceiptCase', 'error', `unknown receipt case ${(code & 0xffffn).toString(16)}`)
    return undefined
  }
  if (row.loss !== undefined) tell('ftReceiptCase', 'lost', `${row.name}: ${row.loss}`)
  if (row.request === undefined) return undefined
  const request: Record<string, unknown> = { ...row.request, ...common(receipt, tell) }
  if (
    request['type'] === 'ticket' ||
    request['type'] === 'invoice' ||
    request['type'] === 'note' ||
    request['type'] === 'payment'
  )
    addContent(request, receipt, code, tell)
  if (request['type'] === 'event') addEventContent(request, receipt, code, tell)
  if (request['type'] === 'copy')
    Object.assign(request, { reference: receipt['cbPreviousReceiptReference'], reason: 'Duplicata' })
  addFlags(request, receipt, code, tell)
  return request
}

type Tell = (path: string, level: Remark['level'], message: string) => void

function codeOf(value: unknown, path: string): bigint {
  if (typeof value === 'bigint') return value
  if (typeof value === 'string' && /^-?(?:\d+|0x[0-9a-fA-F]+)$/.test(value)) return BigInt(value)
  if (typeof value === 'number' && Number.isSafeInteger(value)) return BigInt(value)
  throw refuse('FR_COUNTRY', `${path} must be exact: a string, a bigint, or read by parseIncumbentJson`, { path })
}

function common(receipt: Loose, tell: Tell): Record<string, unknown> {
  const user: unknown = receipt['cbUser']
  const operatorId = typeof user === 'string' && user !== '' ? user : 'INCONNU'
  if (operatorId === 'INCONNU') tell('cbUser', 'kept', 'no user is named; the operator is INCONNU')
  const moment = String(receipt['cbReceiptMoment'] ?? '')
  const zoned = /(?:Z|[+-]\d\d:\d\d)$/.test(moment) ? moment : `${moment}Z`
  if (zoned !== moment) tell('cbReceiptMoment', 'kept', 'has no zone and is taken as UTC')
  for (const name of ['ftCashBoxID', 'ftPosSystemId', 'cbTerminalID'])
    if (receipt[name] !== undefined) tell(name, 'lost', 'identifies the other system')
  return { key: receipt['cbReceiptReference'], operatorId, posMoment: zoned }
}

function addContent(request: Record<string, unknown>, receipt: Loose, code: bigint, tell: Tell): void {
  const lines = listOf(receipt['cbChargeItems']).map((item, i) => lineOf(item, `cbChargeItems[${i}]`, tell))
  const payments = listOf(receipt['cbPayItems']).map((item, i) => paymentOf(item, `cbPayItems[${i}]`, tell))
  if (lines.length > 0) request['lines'] = lines
  if (request['type'] === 'note') {
    if (payments.length > 0) tell('cbPayItems', 'lost', 'a note shows no payment; the internal pay item is left out')
  } else if (payments.length > 0) request['payments'] = withoutCounterItems(request, payments, tell)
  const previous = receipt['cbPreviousReceiptReference']
  if (typeof previous === 'string' && previous !== '') request['reference'] = previous
  if (typeof receipt['cbArea'] === 'string' && receipt['cbArea'] !== '' && request['type'] !== 'payment')
    request['table'] = receipt['cbArea']
  if (request['op'] === 'cash-in' || request['op'] === 'cash-out')
    request['reason'] = String(listOf(receipt['cbPayItems'])[0]?.['Description'] ?? 'Mouvement de caisse')
  addCustomer(request, receipt['cbCustomer'], tell)
  if ((code & receiptFlags.reverse) === 0n) return
  request['op'] = request['type'] === 'invoice' ? 'credit' : request['type'] === 'ticket' ? 'refund' : request['op']
  tell('ftReceiptCase', 'kept', 'reversed: becomes a refund of the receipt it refers to')
}

// There a payment proof and cash in or out are balanced to zero by an internal item; here they state what was paid.
function withoutCounterItems(
  { type, op }: Record<string, unknown>,
  payments: readonly Record<string, unknown>[],
  tell: Tell,
): readonly Record<string, unknown>[] {
  const paid = payments.filter(({ mode }) => mode !== 'INT')
  if (type !== 'payment' || op === 'transfer' || paid.length === 0 || paid.length === payments.length) return payments
  tell('cbPayItems', 'kept', 'the internal item that balances the others is left out')
  return paid
}

function listOf(value: unknown): readonly Loose[] {
  return Array.isArray(value) ? value.filter((item): item is Loose => typeof item === 'object' && item !== null) : []
}

function addCustomer(request: Record<string, unknown>, customer: unknown, tell: Tell): void {
  if (customer === undefined || customer === null || request['type'] === 'payment') return
  const value = typeof customer === 'string' ? tryJson(customer) : customer
  const {
    CustomerName: name,
    CustomerStreet: street,
    CustomerZip: zip,
    CustomerCity: city,
    CustomerVATId: vatId,
  } = (typeof value === 'object' && value !== null ? value : {}) as Record<string, string | undefined>
  if (name === undefined) return tell('cbCustomer', 'lost', 'has no name that can be read')
  const address = [street, [zip, city].filter((part) => part !== undefined).join(' ')]
    .filter((part) => part !== undefined && part !== '')
    .join('\n')
  request['customer'] = { name, ...(address !== '' && { address }), ...(vatId !== undefined && { vatId }) }
}

function tryJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}

// A JSON number is read as the decimal it shows; 0.1 + 0.2 shows seventeen digits and is refused by its precision.
function decimalText(value: unknown): string {
  const text = String(value ?? '0')
  return /e/i.test(text) ? Number(text).toFixed(6) : text
}

function lineOf(item: Loose, path: string, tell: Tell): Record<string, unknown> {
  const itemCase = Number(codeOf(item['ftChargeItemCase'] ?? 0, `${path}.ftChargeItemCase`) & 0xffffn)
  const nature = natureOf(itemCase)
  const quantity = decimalText(item['Quantity'] ?? 1)
  const line: Record<string, unknown> = {
    label: String(item['Description'] ?? '?'),
    total: decimalText(item['Amount']),
    quantity,
    nature,
  }
  if (item['ProductNumber'] !== undefined) line['productId'] = String(item['ProductNumber'])
  if (item['Unit'] !== undefined) line['unit'] = String(item['Unit'])
  if (item['UnitPrice'] !== undefined) line['unitPrice'] = decimalText(item['UnitPrice'])
  else if (Math.abs(Number(quantity)) !== 1) {
    line['unitPrice'] = (Number(line['total']) / Number(quantity)).toFixed(6)
    tell(`${path}.UnitPrice`, 'kept', 'is missing and was computed from amount and quantity')
  }
  if (nature === 'O') return line
  line['rateBp'] = Math.round(Number(item['VATRate'] ?? 0) * 100)
  if (line['rateBp'] === 0) {
    line['exemption'] = isReverseCharge(itemCase) ? 'AUT' : 'EXO'
    if (!isReverseCharge(itemCase)) tell(`${path}.VATRate`, 'kept', 'is 0; exempt (EXO) is assumed, state the true reason')
  }
  return line
}

function paymentOf(item: Loose, path: string, tell: Tell): Record<string, unknown> {
  const itemCase = Number(codeOf(item['ftPayItemCase'] ?? 0, `${path}.ftPayItemCase`) & 0xffffn)
  const mode = payModes[itemCase] ?? 'AUT'
  if (mode === 'AUT') tell(`${path}.ftPayItemCase`, 'kept', `case ${itemCase.toString(16)} becomes AUT`)
  return { mode, amount: decimalText(item['Amount']) }
}

function addEventContent(request: Record<string, unknown>, receipt: Loose, code: bigint, tell: Tell): void {
  const data =
    typeof receipt['ftReceiptCaseData'] === 'string' ? tryJson(receipt['ftReceiptCaseData']) : receipt['ftReceiptCaseData']
  const { code: given, info } = (typeof data === 'object' && data !== null ? data : {}) as { code?: number; info?: string }
  const fallback = (code & 0xffffn) === 0x13n ? 160 : 300
  request['code'] = given ?? fallback
  if (given === undefined) tell('ftReceiptCaseData', 'kept', `names no event; ${fallback} is used`)
  if (info !== undefined) request['info'] = info
}

function addFlags(request: Record<string, unknown>, receipt: Loose, code: bigint, tell: Tell): void {
  if ((code & receiptFlags.training) !== 0n) {
    const data =
      typeof receipt['ftReceiptCaseData'] === 'string' ? tryJson(receipt['ftReceiptCaseData']) : receipt['ftReceiptCaseData']
    const responsible = (data as { ManagerId?: string } | undefined)?.ManagerId
    request['training'] = responsible === undefined ? true : { responsible }
    if (responsible === undefined) tell('ftReceiptCaseData', 'error', 'school mode needs the responsible person (ManagerId)')
  }
  if ((code & receiptFlags.failed) !== 0n)
    tell('ftReceiptCase', 'lost', 'sent late after a failure: hand such receipts over with an off-line log to keep their chain')
  if ((code & receiptFlags.receiptRequest) !== 0n)
    tell('ftReceiptCase', 'kept', 'a question for an earlier answer: the same key gives it')
  if ((code & receiptFlags.handwritten) === 0n || request['type'] !== 'ticket') return
  const number = Number(/(\d{1,9})\s*$/.exec(String(receipt['cbReceiptReference']))?.[1])
  const moment = String(request['posMoment'])
  if (!Number.isInteger(number) || number < 1)
    return tell('cbReceiptReference', 'error', 'a handwritten receipt needs its number at the end of the reference')
  request['lateCapture'] = {
    pad: 'REPRISE',
    paperNumber: number,
    paperDate: moment.slice(0, 10),
    paperTime: moment.slice(11, 19),
    reason: 'Saisie a posteriori',
    capturedBy: request['operatorId'],
  }
  tell('ftReceiptCase', 'kept', 'handwritten: captured late under pad REPRISE')
}
