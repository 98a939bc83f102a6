// An emulated Server RT on the keyed till protocol (12.3), written from the other side: it recomputes every seal with the platform's
// own HMAC, keeps numbers and totals, and shares nothing with the till but the text of the protocol.
import { createHash, createHmac, randomBytes } from 'node:crypto'
import type { DeviceRequest, Emulated } from './serve.fixture.js'

interface Stored {
  readonly z: number
  readonly n: number
  readonly doctype: number
  readonly amount: number
  readonly text: string
  readonly signature: string
}

/** What stands in the emulated server. */
export interface KeyedServer {
  readonly handle: Emulated
  readonly documents: Stored[]
  readonly closings: { readonly z: number; readonly amount: number; readonly documents: number }[]
  /** What was refused, by reason. */
  readonly refusals: string[]
  grandTotal: number
  /** The server closes the till by itself, as at midnight. */
  forceClosing(): void
  /** A technician gives the chain another start. */
  reseed(): void
}

/** Codes of this emulation for what the vendor's list does not name. */
const CODES = { reference: 1201, value: 1206, seal: 1302, number: 1303, closed: 1304, znum: 1305 }

/** An emulated server with one till. */
export function keyedServer(
  till: string,
  password: string,
  start: { readonly z?: number; readonly grandTotal?: number } = {},
): KeyedServer {
  const key = randomBytes(32)
  let [z, n, open, token] = [start.z ?? 0, 0, false, '']
  const fresh = (): void => void (token = randomBytes(32).toString('base64'))
  const self: KeyedServer = {
    handle,
    documents: [],
    closings: [],
    refusals: [],
    grandTotal: start.grandTotal ?? 0,
    forceClosing: closeDay,
    reseed: fresh,
  }
  function closeDay(): void {
    z++
    self.closings.push({ z, amount: self.grandTotal, documents: n })
    ;[n, open] = [0, false]
  }
  const said = (code: number, more: object = {}): { status: number; text: string } => {
    if (code !== 0) self.refusals.push(String(code))
    return {
      status: 200,
      text: JSON.stringify({
        responseCode: code,
        responseDesc: code === 0 ? 'OK' : 'KO',
        responseSubCode: [],
        responseErr: {},
        ...more,
      }),
    }
  }
  const stand = (): { status: number; text: string } =>
    said(0, {
      numberClosure: z,
      idClosure: z,
      fiscalBoxId: 'ZZSTT000001',
      cashName: till,
      cashToken: token,
      cashHmacKey: key.toString('base64'),
      cashStatus: open ? '1' : '0',
      cashLastDocNumber: n,
      grandTotalDB: self.grandTotal,
      dateTimeServer: '2026-11-20 10:00:00',
    })
  function handle({ path, body, user, password: given }: DeviceRequest): { status: number; text: string } {
    if (user !== till || given !== password) return { status: 401, text: '' }
    const { data } = JSON.parse(body) as { data: Record<string, unknown> }
    if (path === '/getDailyStatus.php') return stand()
    if (path === '/getDailyOpen.php') {
      if (!open) [open] = [true, fresh()]
      return stand()
    }
    if (path.startsWith('/insertFiscalDocument'))
      return insert(data as { fiscalData: string; qrData: Record<string, unknown> }, path)
    if (path !== '/insertZDocument.php') return { status: 404, text: '' }
    if (data['znum'] !== z + 1 || data['amount'] !== self.grandTotal) return said(CODES.znum)
    closeDay()
    return said(0)
  }
  function insert(
    { fiscalData, qrData }: { fiscalData: string; qrData: Record<string, unknown> },
    path: string,
  ): { status: number; text: string } {
    const sha = createHash('sha256').update(fiscalData, 'utf8').digest('base64')
    const signature = createHmac('sha256', key).update(sha, 'ascii').digest('base64')
    if (qrData['shaMetadata'] !== sha || qrData['signature'] !== signature) return said(CODES.seal)
    const { document, items, taxs } = JSON.parse(fiscalData) as {
      document: Record<string, unknown>
      items: Record<string, string>[]
      taxs: Record<string, number>[]
    }
    const is = document
    if (!open) return said(CODES.closed)
    if (is['prevSignature'] !== token) return said(CODES.seal)
    if (is['docnumber'] !== n + 1 || is['docznumber'] !== z + 1 || is['grandTotal'] !== self.grandTotal) return said(CODES.number)
    const amount = Number(is['amount'])
    if (path.includes('Lottery') !== 'lottery_client_code' in is || !adds(amount, items, taxs)) return said(CODES.value)
    if (!known(is)) return said(CODES.reference)
    n++
    self.documents.push({ z: z + 1, n, doctype: Number(is['doctype']), amount, text: fiscalData, signature })
    token = signature
    if (is['doctype'] === 1) self.grandTotal += amount
    return said(0, { fiscalDocId: self.documents.length })
  }
  // No negative amount anywhere; what is sold less what is redeemed or given, what is paid, and the groups all make the amount.
  function adds(amount: number, items: readonly Record<string, string>[], taxs: readonly Record<string, number>[]): boolean {
    if (!Number.isSafeInteger(amount) || amount < 0 || items.some((one) => Number(one['amount']) < 0)) return false
    const sum = (...types: string[]): number =>
      items.filter((one) => types.includes(one['type'] ?? '')).reduce((all, one) => all + Number(one['amount']), 0)
    const gross = taxs.reduce((all, one) => all + Number(one['gross']), 0)
    return sum('1') - sum('7', '8') === amount && sum('5') === amount && gross === amount
  }
  function known(is: Readonly<Record<string, unknown>>): boolean {
    if (is['doctype'] === 1 || is['referenceCashuuid'] !== till || is['refSerialNum'] !== null) return true
    return self.documents.some(
      (one) => one.z === is['referenceClosurenumber'] && one.n === is['referenceDocnumber'] && one.doctype === 1,
    )
  }
  return self
}

/** How this server says a code. */
export const keyedCode = (code: string): string =>
  JSON.stringify({ responseCode: Number(code), responseDesc: 'KO', responseSubCode: [], responseErr: {} })
