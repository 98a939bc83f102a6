// An emulated server on the keyless till protocol (12.4), and an emulated fiscal printer (13), written from the other side: they hash
// the bytes that came, read them with another parser and keep their own numbers and totals.
import { createHash, randomInt } from 'node:crypto'
import { DOMParser, type Element } from '@xmldom/xmldom'
import type { DeviceRequest, Emulated } from './serve.fixture.js'

/** A document in an emulated device. */
export interface StoredReceipt {
  readonly z: number
  readonly n: number
  readonly kind: string
  readonly amount: number
  readonly controlCode: string
}

/** What stands in an emulated device. */
export interface EmulatedDevice {
  readonly handle: Emulated
  readonly documents: StoredReceipt[]
  readonly closings: { readonly z: number; readonly documents: number }[]
  readonly refusals: string[]
  /** The device closes by itself. */
  forceClosing(): void
  /** The server wants its own closing first (−26). */
  wantsClosing: boolean
}

const answer = (
  code: string,
  fields: Readonly<Record<string, string | number>> = {},
  success = !/^-|[A-Z]/.test(code),
): string => {
  const inner = Object.entries(fields).map(([name, value]) => `<${name}>${value}</${name}>`)
  return `<?xml version="1.0"?><soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body><response success="${success}" code="${code}" status="2"><addInfo>${inner.join('')}</addInfo></response></soapenv:Body></soapenv:Envelope>`
}
/** How these devices say a code. */
export const xmlCode = (code: string): string => answer(code, {}, false)

const four = (number: number): string => String(number).padStart(4, '0')
const cents = (text: string | null): number => Math.round(Number((text ?? '0').replace(',', '.')) * 100)
const read = (body: string): Element | null => new DOMParser().parseFromString(body, 'text/xml').documentElement
const all = (element: Element | null, name: string): Element[] => [...(element?.getElementsByTagName(name) ?? [])]
const at = (element: Element | undefined, name: string): string => element?.getAttribute(name) ?? ''

/** What is sold less what is taken off, of a receipt's elements. */
function totalOf(receipt: Element | null): number {
  const items = all(receipt, 'printRecItem').reduce(
    (sum, one) => sum + Math.round(Number(at(one, 'quantity')) * cents(at(one, 'unitPrice'))),
    0,
  )
  const adjusted = all(receipt, 'printRecItemAdjustment').reduce((sum, one) => sum + cents(at(one, 'amount')), 0)
  const onAll = all(receipt, 'printRecSubtotalAdjustment').reduce(
    (sum, one) => sum + (at(one, 'adjustmentType') === '6' ? -1 : 1) * cents(at(one, 'amount')),
    0,
  )
  return items - adjusted - onAll
}

/** An emulated keyless server with one till. */
export function keylessServer(matricola: string, till: string, start: { readonly z?: number } = {}): EmulatedDevice {
  let [z, n, daily, head] = [start.z ?? 0, 0, 0, '']
  const self: EmulatedDevice = { handle, documents: [], closings: [], refusals: [], forceClosing, wantsClosing: false }
  function forceClosing(): void {
    z++
    self.closings.push({ z, documents: n })
    ;[n, daily, head] = [0, 0, '']
  }
  const said = (code: string, fields?: Readonly<Record<string, string | number>>): { status: number; text: string } => {
    if (code !== '0' && code !== '-37') self.refusals.push(code)
    return { status: 200, text: answer(code, fields) }
  }
  function handle({ path, body }: DeviceRequest): { status: number; text: string } {
    const root = read(body)
    if (path.startsWith('/cgi-bin/fpmate.cgi')) {
      self.wantsClosing = false
      return said('0')
    }
    const named =
      all(root, 'till')[0] ?? all(root, 'receipt').find((one) => at(one, 'tillId') !== '') ?? all(root, 'fiscalInformation')[0]
    if (at(named, 'tillId') !== till) return said('-20')
    if (all(root, 'createToken').length > 0) return said('0', { token: reseed() })
    if (all(root, 'createReport').length > 0) return report(root)
    if (all(root, 'createDailyClosure').length > 0) {
      forceClosing()
      return said('0', { zRepNumber: four(z) })
    }
    return said(receive(body, root), { tillId: till })
  }
  function reseed(): string {
    head = `${matricola}${till}${randomInt(10_000, 99_999)}20261120${four(z + 1)}${four(n + 1)}${String(daily).padStart(9, '0')}`
    return head
  }
  function report(root: Element | null): { status: number; text: string } {
    const [asked] = all(root, 'receipt')
    if (asked === undefined)
      return said('0', { zRepNumber: four(z + 1), recNumber: four(n), dailyAmount: (daily / 100).toFixed(2) })
    const found = self.documents.find(
      (one) => one.z === Number(at(asked, 'zRepNumber')) && one.n === Number(at(asked, 'recNumber')),
    )
    return found === undefined ? said('-31') : said('0', { controlCode: found.controlCode })
  }
  function receive(body: string, root: Element | null): string {
    const bytes = /<receipt>.*<\/receipt>/s.exec(body)?.[0] ?? ''
    const code = createHash('sha256').update(bytes, 'utf8').digest('hex')
    const claimed = at(all(all(root, 'receiptSecurity')[0] ?? null, 'hash')[0], 'fingerPrint')
    if (self.documents.some((one) => one.controlCode === code)) return '-37'
    if (self.wantsClosing) return '-26'
    if (claimed !== code) return '-22'
    const [receipt] = all(root, 'receipt')
    if (at(all(receipt ?? null, 'hash')[0], 'fingerPrint') !== head || head === '') return '-21'
    const [info] = all(receipt ?? null, 'fiscalInformation')
    const amount = cents(at(info, 'recAmount'))
    const kind = at(info, 'docType')
    const after = daily + (kind === '0' ? amount : 0)
    if (Number(at(info, 'recNumber')) !== n + 1 || Number(at(info, 'zRepNumber')) !== z + 1) return '-25'
    if (cents(at(info, 'dailyAmount')) !== after) return '-23'
    if (totalOf(receipt ?? null) !== amount) return '-24'
    const [begin] = all(receipt ?? null, 'beginFiscalReceipt')
    const other = at(begin, 'refRefundVoidType') !== ''
    if (kind !== '0' && !other && !sold(Number(at(begin, 'refZRepNum')), Number(at(begin, 'refRecNum')))) return '-32'
    n++
    ;[daily, head] = [after, code]
    self.documents.push({ z: z + 1, n, kind, amount, controlCode: code })
    return paid(receipt ?? null) === amount ? '0' : '-38'
  }
  const sold = (ofZ: number, ofN: number): boolean =>
    self.documents.some((one) => one.z === ofZ && one.n === ofN && one.kind === '0')
  return self
}

// Change is what cash exceeds.
function paid(receipt: Element | null): number {
  const payments = all(receipt, 'printRecTotal').reduce((sum, one) => sum + cents(at(one, 'payment')), 0)
  return payments - cents(at(all(receipt, 'fiscalInformation')[0], 'changeAmount'))
}

/** An emulated fiscal printer. */
export function fiscalPrinter(matricola: string, start: { readonly z?: number } = {}): EmulatedDevice {
  let [z, n, last] = [start.z ?? 0, 0, 0]
  const self: EmulatedDevice = { handle, documents: [], closings: [], refusals: [], forceClosing, wantsClosing: false }
  function forceClosing(): void {
    z++
    self.closings.push({ z, documents: n })
    ;[n, last] = [0, 0]
  }
  const stand = (): Record<string, string> => ({
    fiscalReceiptNumber: String(n),
    fiscalReceiptAmount: (last / 100).toFixed(2).replace('.', ','),
    zRepNumber: four(z + 1),
    serialNumber: matricola,
  })
  const said = (code: string, fields?: Readonly<Record<string, string>>): { status: number; text: string } => {
    if (code !== '') self.refusals.push(code)
    return { status: 200, text: answer(code, fields) }
  }
  function handle({ body }: DeviceRequest): { status: number; text: string } {
    const root = read(body)
    if (all(root, 'queryPrinterStatus').length > 0)
      return said('', { ...stand(), mainStatus: '02', subStatus: '08', dayOpened: n > 0 ? '1' : '0' })
    if (all(root, 'printZReport').length > 0) {
      forceClosing()
      return said('', { zRepNumber: four(z) })
    }
    const [receipt] = all(root, 'printerFiscalReceipt')
    if (receipt === undefined) return said('PARSER_ERROR')
    const names = [...receipt.childNodes].map(({ nodeName }) => nodeName)
    const order = ['printRecMessage', 'beginFiscalReceipt', 'printRecItem', 'printRecTotal', 'endFiscalReceipt']
    const places = order.map((name) => names.indexOf(name)).filter((place) => place >= 0)
    if (places.some((place, i) => i > 0 && place < (places[i - 1] as number))) return said('ORDER_ERROR')
    const back = /^(REFUND|VOID) (\d{4}) (\d{4}) (\d{8}) (\w{11})$/.exec(
      at(
        all(receipt, 'printRecMessage').find((one) => at(one, 'messageType') === '4'),
        'message',
      ),
    )
    if (back !== null && !known(Number(back[2]), Number(back[3]), back[5] ?? '')) return said('REFERENCE_ERROR')
    n++
    last = totalOf(receipt)
    self.documents.push({ z: z + 1, n, kind: back?.[1] ?? 'SALE', amount: last, controlCode: '' })
    return said('', stand())
  }
  const known = (ofZ: number, ofN: number, of: string): boolean =>
    of !== matricola || self.documents.some((one) => one.z === ofZ && one.n === ofN && one.kind === 'SALE')
  return self
}
