// Settling a document (8.3, 10.5): every cent of the total is paid, given away at payment or left open; only cash gives change.
import { refuse, invalid } from './errors.js'
import { rankOf } from './groups.js'
import type { DocumentGroup } from './lines.js'
import { cents, split, type MoneyInput } from './money.js'
import type { PaymentInput } from './request-types.js'

/** A payment as recorded. */
export type Payment = { kind: PaymentInput['kind']; amount: number; count?: number; of?: string; posId?: string }

/** What is left open, by reason. */
export type Uncollected = { goods: number; services: number; invoice: number; healthService: number }

/** A settled document, cents. */
export type Settlement = {
  payments: Payment[]
  /** Cash kept: tendered minus change, rounding included. */
  cash: number
  electronic: number
  ticket: number
  tickets: number
  /** Discount at payment: given, vouchers redeemed, rounding down. */
  discount: number
  /** Signed; 0 when nothing was rounded. */
  rounding: number
  tendered: number
  change: number
  uncollected: Uncollected
}

const OF_CASH = new Set(['cash', 'cheque'])
const OF_DISCOUNT = new Set(['discountAtPayment', 'multiUseVoucher'])
const nearest5 = (amount: number): number => Math.floor((amount + 2) / 5) * 5

/** @throws FiscalError IT_PAYMENTS, IT_CHANGE, IT_ROUNDING, IT_AMOUNT */
export function settle(
  total: number,
  input: readonly PaymentInput[],
  rule: { readonly cashRounding: boolean; readonly rounding: MoneyInput | undefined },
): Settlement {
  const payments = input.map(readPayment)
  const sum = (test: (payment: Payment) => boolean): number => payments.filter(test).reduce((all, { amount }) => all + amount, 0)
  const tendered = sum(({ kind }) => OF_CASH.has(kind))
  const due = total - sum(({ kind }) => !OF_CASH.has(kind))
  if (due < 0) throw refuse('IT_CHANGE', 'payments other than cash exceed what is due', { path: 'payments', due: total })
  const onlyCash = payments.length > 0 && payments.every(({ kind }) => kind === 'cash')
  const rounding = roundingOf(total, onlyCash, rule)
  const kept = due + rounding
  // Rounding is the device's: a till that hands in the exact total means the rounded one.
  const given = onlyCash && tendered === total ? kept : tendered
  if (given < kept)
    throw refuse('IT_PAYMENTS', `${kept - given} cents are not settled`, { path: 'payments', missing: kept - given })
  const change = given - kept
  const notes = sum(({ kind }) => kind === 'cash')
  if (change > 0 && change > notes) throw refuse('IT_CHANGE', 'only cash gives change', { path: 'payments' })
  const open = (of: string): number => sum((payment) => payment.kind === 'uncollected' && payment.of === of)
  return {
    payments,
    cash: kept,
    electronic: sum(({ kind }) => kind === 'electronic' || kind === 'transfer'),
    ticket: sum(({ kind }) => kind === 'ticket'),
    tickets: payments.reduce((all, { count = 0 }) => all + count, 0),
    discount: sum(({ kind }) => OF_DISCOUNT.has(kind)) + Math.max(0, -rounding),
    rounding,
    tendered: given,
    change,
    uncollected: {
      goods: open('goods'),
      services: open('services'),
      invoice: open('invoice'),
      healthService: open('healthService'),
    },
  }
}

function roundingOf(
  total: number,
  onlyCash: boolean,
  { cashRounding, rounding }: { readonly cashRounding: boolean; readonly rounding: MoneyInput | undefined },
): number {
  if (rounding === undefined) return cashRounding && onlyCash ? nearest5(total) - total : 0
  const wanted = cents(rounding, 'rounding')
  const fits = wanted === 0 || (cashRounding && onlyCash && Math.abs(wanted) <= 2 && (total + wanted) % 5 === 0)
  if (!fits)
    throw refuse('IT_ROUNDING', 'rounding: only for documents paid entirely in cash, by at most two cents', { path: 'rounding' })
  return wanted
}

function readPayment(input: PaymentInput, index: number): Payment {
  const path = `payments[${index}]`
  const amount = cents(input.amount, `${path}.amount`)
  const { kind, count, of, posId } = input
  if (amount < 0 && kind !== 'cash') throw refuse('IT_CHANGE', `${path}: only cash gives change`, { path: `${path}.amount` })
  if ((kind === 'uncollected') !== (of !== undefined))
    throw invalid(`${path}.of`, 'belongs to uncollected payments, and only to them')
  if ((kind === 'ticket') !== (count !== undefined)) throw invalid(`${path}.count`, 'belongs to meal vouchers, and only to them')
  return {
    kind,
    amount,
    ...(count !== undefined && { count }),
    ...(of !== undefined && { of }),
    ...(posId !== undefined && { posId }),
  }
}

/** Uncollected parts of each group, in the order of the groups (8.4). Goods leave no trace: their VAT is due now. */
export function spreadUncollected(
  groups: readonly DocumentGroup[],
  { services, invoice, healthService }: Uncollected,
): { readonly services: number; readonly invoice: number; readonly health: number }[] {
  const shares = groups.map(({ gross, group }) => ({ weight: gross, rank: rankOf(group) }))
  const [s, i, h] = [split(services, shares), split(invoice, shares), split(healthService, shares)]
  return groups.map((_, at) => ({ services: s[at] as number, invoice: i[at] as number, health: h[at] as number }))
}
