// What a till hands to a device, read by the same rules as a document of our own (8.4, 10.4 to 10.6): the device gets figures that
// add up, whatever its dialect.
import { invalid, refuse } from '../errors.js'
import { partsOf } from '../groups.js'
import { readLines, type Line, type ReadLines } from '../lines.js'
import { lotteryCodeOf } from '../lottery.js'
import { baseOf } from '../money.js'
import { settle, type Settlement } from '../payments.js'
import type { LineInput, PaymentInput } from '../request-types.js'
import { taxCode, vatNumber } from '../tax-id.js'
import type { MoneyInput } from '../money.js'

/** The original of a return or annulment as a device knows it: its numbers, or other evidence. */
export type DeviceReference =
  | {
      readonly z: number
      readonly n: number
      /** Local date, `YYYY-MM-DD`. */
      readonly date: string
      /** Serial number of the device that issued it, when it is another one. */
      readonly matricola?: string | undefined
      /** Till that issued it, when it is another one. */
      readonly till?: string | undefined
    }
  | { readonly other: 'ND' | 'POS' | 'VR'; readonly date: string }

/** A document for a device. Lines and payments are those of a request to a queue. */
export interface DeviceDocument {
  readonly kind: 'sale' | 'return' | 'void'
  readonly lines: readonly LineInput[]
  /** Without payments a return or annulment goes back in cash. */
  readonly payments?: readonly PaymentInput[] | undefined
  readonly rounding?: MoneyInput | undefined
  readonly reference?: DeviceReference | undefined
  readonly customer?: { readonly taxCode?: string | undefined; readonly vat?: string | undefined } | undefined
  readonly lotteryCode?: string | undefined
  readonly operator?: string | undefined
}

/** Rules of the device a document is read by. */
export interface DeviceRules {
  /** Rates in hundredths of a percent. */
  readonly rates: readonly number[]
  readonly activityCodes: boolean
  readonly cashRounding: boolean
}

/** One VAT group of a document, cents. */
export interface DeviceGroup {
  readonly group: string
  /** Part of the printed total, and the VAT inside it. */
  readonly gross: number
  readonly tax: number
}

/** A document read: figures in cents, identifiers checked. */
export interface ReadDocument extends Settlement {
  readonly kind: DeviceDocument['kind']
  readonly lines: readonly Line[]
  readonly parts: ReadLines['parts']
  readonly groups: readonly DeviceGroup[]
  readonly total: number
  readonly vat: number
  readonly reference: DeviceReference | undefined
  readonly taxCode: string | undefined
  readonly customerVat: string | undefined
  readonly lotteryCode: string | undefined
  readonly operator: string
}

const DATE = /^\d{4}-\d{2}-\d{2}$/

/** @throws FiscalError with a code of 16.6, or REQUEST_INVALID */
export function readDocument(document: DeviceDocument, rules: DeviceRules): ReadDocument {
  const { kind, lines, payments, rounding, reference, customer, lotteryCode, operator = '' } = document
  if ((kind === 'sale') !== (reference === undefined))
    throw invalid('reference', 'belongs to returns and annulments, and only to them')
  if (reference !== undefined && !DATE.test(reference.date)) throw invalid('reference.date', 'is not a date')
  const read = readLines(lines, rules)
  const back = kind !== 'sale' && payments === undefined
  const settlement = settle(read.total, back ? [{ kind: 'cash', amount: read.total }] : (payments ?? []), {
    cashRounding: kind === 'sale' && rules.cashRounding,
    rounding,
  })
  const groups = read.groups.map(({ group, gross }) => ({ group, gross, tax: taxOf(group, gross) }))
  return {
    ...settlement,
    kind,
    lines: read.lines,
    parts: read.parts,
    groups,
    total: read.total,
    vat: groups.reduce((sum, { tax }) => sum + tax, 0),
    reference,
    ...customerOf(customer, lotteryCode),
    lotteryCode: lotteryCode === undefined ? undefined : lotteryCodeOf(lotteryCode),
    operator,
  }
}

function taxOf(group: string, gross: number): number {
  const { rateBp } = partsOf(group)
  return rateBp === undefined ? 0 : gross - baseOf(gross, rateBp)
}

function customerOf(
  customer: DeviceDocument['customer'],
  lotteryCode: string | undefined,
): { readonly taxCode: string | undefined; readonly customerVat: string | undefined } {
  const given = customer?.taxCode !== undefined || customer?.vat !== undefined
  if (given && lotteryCode !== undefined)
    throw refuse('IT_LOTTERY_EXCLUSIVE', 'a tax identifier and a lottery code exclude each other', { path: 'lotteryCode' })
  const code = customer?.taxCode === undefined ? undefined : taxCode(customer.taxCode)
  if (customer?.taxCode !== undefined && code === undefined)
    throw refuse('IT_CUSTOMER_ID', 'not a tax code', { path: 'customer.taxCode' })
  const customerVat = customer?.vat === undefined ? undefined : vatNumber(customer.vat)
  if (customer?.vat !== undefined && customerVat === undefined)
    throw refuse('IT_CUSTOMER_ID', 'not an Italian VAT number', { path: 'customer.vat' })
  return { taxCode: code, customerVat }
}
