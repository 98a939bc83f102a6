// Lines of a document and what they mean per VAT group (8.1, 10.4): what is sold, what is given away, what was taxed before.
import { refuse, invalid } from './errors.js'
import { compareGroups, groupOf, rankOf, type VatRules } from './groups.js'
import { latin } from './latin.js'
import { cents, roundDiv, split, thousandths, MAX_CENTS } from './money.js'
import type { LineInput } from './request-types.js'

/** A line as recorded. `amount` carries its sign. */
export type Line = {
  kind: NonNullable<LineInput['kind']>
  description: string
  /** Thousandths of a unit; absent for lines without quantity. */
  quantity?: number
  unitPrice?: number
  amount: number
  /** Absent for text and for what is spread over all groups. */
  group?: string
}

/** One group of a document, cents. */
export type DocumentGroup = {
  group: string
  /** Part of the printed total. */
  gross: number
  /** What the accumulator `sales`, `returns` or `voids` takes: gross, gifts and redemptions. */
  sales: number
  gifts: number
  suspended: number
}

/** Lines read. */
export interface ReadLines {
  readonly lines: Line[]
  readonly groups: DocumentGroup[]
  /** What each line does to each group, signed; a line spread over all groups has several parts, text has none. */
  readonly parts: { readonly line: number; readonly group: string; readonly amount: number }[]
  readonly total: number
  /** Text was transliterated. */
  readonly replaced: boolean
}

const NEGATIVE = new Set(['discount', 'gift', 'depositRedeemed', 'singleUseVoucherRedeemed'])
const SOLD = new Set(['sale', 'deposit', 'singleUseVoucher'])

/** @throws FiscalError IT_EMPTY_DOCUMENT, IT_VAT_GROUP, IT_AMOUNT, IT_LINE_TOTAL, IT_NEGATIVE_TOTAL */
export function readLines(input: readonly LineInput[], rules: VatRules): ReadLines {
  const groups = new Map<string, DocumentGroup>()
  const lines: Line[] = []
  const parts: { line: number; group: string; amount: number }[] = []
  let replaced = false
  for (const [i, one] of input.entries()) {
    const line = readLine(one, rules, `lines[${i}]`)
    const description = latin(line.description)
    replaced ||= description.replaced
    lines.push({ ...line, description: description.text })
    if (line.kind !== 'text')
      for (const [group, amount] of book(groups, line, `lines[${i}]`)) parts.push({ line: i, group, amount })
  }
  if (!lines.some(({ kind }) => SOLD.has(kind))) throw refuse('IT_EMPTY_DOCUMENT', 'nothing is sold', { path: 'lines' })
  const list = [...groups.values()].sort((a, b) => compareGroups(a.group, b.group))
  const total = list.reduce((sum, { gross }) => sum + gross, 0)
  if (total < 0) throw refuse('IT_NEGATIVE_TOTAL', 'the document total is below zero', { path: 'lines' })
  const below = list.find(({ sales }) => sales < 0)
  if (below !== undefined)
    throw refuse('IT_NEGATIVE_TOTAL', `discounts exceed what is sold in group ${below.group}`, {
      path: 'lines',
      group: below.group,
    })
  if (total > MAX_CENTS) throw refuse('IT_AMOUNT', 'the document total is out of range', { path: 'lines' })
  return { lines, groups: list, parts, total, replaced }
}

function readLine(input: LineInput, rules: VatRules, path: string): Line {
  const kind = input.kind ?? 'sale'
  const description = input.description ?? ''
  if (kind === 'text') return { kind, description, amount: 0 }
  if (SOLD.has(kind) && description.trim() === '') throw invalid(`${path}.description`, 'must not be empty')
  const money = amountOf(input, path)
  const sold = SOLD.has(kind)
  if (sold && money.amount < 0)
    throw refuse('IT_AMOUNT', `${path}.amount: what is sold is not negative; use a discount`, { path: `${path}.amount` })
  // A minus sign before a discount or a redemption says what the kind says already.
  const amount = (NEGATIVE.has(kind) ? -1 : 1) * Math.abs(money.amount) + 0
  const spread =
    (kind === 'discount' || kind === 'surcharge') &&
    input.rateBp === undefined &&
    input.nature === undefined &&
    input.apportioned !== true
  const group = spread ? {} : { group: groupOf(input, rules, path) }
  return { kind, description, ...money, amount, ...group }
}

function amountOf(input: LineInput, path: string): { amount: number; quantity?: number; unitPrice?: number } {
  const quantity = input.quantity === undefined ? undefined : thousandths(input.quantity, `${path}.quantity`)
  const unitPrice = input.unitPrice === undefined ? undefined : cents(input.unitPrice, `${path}.unitPrice`)
  if (input.amount === undefined && unitPrice === undefined)
    throw refuse('IT_AMOUNT', `${path}: an amount or a unit price is needed`, { path: `${path}.amount` })
  const product = unitPrice === undefined ? undefined : roundDiv(BigInt(unitPrice) * BigInt(quantity ?? 1000), 1000n)
  const amount = input.amount === undefined ? (product as number) : cents(input.amount, `${path}.amount`)
  if (product !== undefined && Math.abs(Math.abs(amount) - Math.abs(product)) > 1) {
    throw refuse('IT_LINE_TOTAL', `${path}.amount: quantity times price is ${product} cents`, {
      path: `${path}.amount`,
      expected: product,
    })
  }
  if (Math.abs(amount) > MAX_CENTS) throw refuse('IT_AMOUNT', `${path}: out of range`, { path })
  return { amount, ...(quantity !== undefined && { quantity }), ...(unitPrice !== undefined && { unitPrice }) }
}

function book(
  groups: Map<string, DocumentGroup>,
  { kind, amount, group }: Line,
  path: string,
): (readonly [group: string, amount: number])[] {
  if (group !== undefined) return [add(groups, group, kind, amount)]
  // In the order of rows: where shares are equal the cent may not depend on which line came first.
  const all = [...groups.values()].sort((a, b) => compareGroups(a.group, b.group))
  const parts = split(
    amount,
    all.map((one) => ({ weight: one.gross, rank: rankOf(one.group) })),
  )
  if (amount !== 0 && parts.every((part) => part === 0))
    throw refuse('IT_NEGATIVE_TOTAL', `${path}: nothing to spread this over`, { path })
  return parts.map((part, i) => add(groups, (all[i] as DocumentGroup).group, kind, part))
}

function add(groups: Map<string, DocumentGroup>, group: string, kind: string, amount: number): readonly [string, number] {
  const found = groups.get(group) ?? { group, gross: 0, sales: 0, gifts: 0, suspended: 0 }
  groups.set(group, found)
  found.gross += amount
  if (kind === 'gift') found.gifts -= amount
  else if (kind === 'depositRedeemed' || kind === 'singleUseVoucherRedeemed') found.suspended -= amount
  else found.sales += amount
  return [group, amount]
}
