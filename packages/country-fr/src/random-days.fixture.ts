// Random days of a shop and their naive recomputation: a second, simple way to the same sums.
import fc from 'fast-check'
import { canonical, type Registered } from '@sigillo/core'
import { roundDiv } from './money.js'
import { openShop, type Shop } from './shop.fixture.js'

/** One thing that happens in a day. */
export type Act =
  | { readonly kind: 'sale'; readonly lines: readonly { readonly cents: number; readonly rate: number }[]; readonly mode: string }
  | { readonly kind: 'refund'; readonly back: number }
  | { readonly kind: 'cancel' }
  | { readonly kind: 'note' | 'school' | 'copy' | 'cash' | 'shift' | 'zero' }
  | { readonly kind: 'night'; readonly hours: number }

const RATES = [2000, 1000, 550, 210]

/** Random acts. */
export const acts: fc.Arbitrary<Act[]> = fc.array(
  fc.oneof(
    {
      weight: 8,
      arbitrary: fc.record({
        kind: fc.constant('sale' as const),
        lines: fc.array(fc.record({ cents: fc.integer({ min: 1, max: 20_000 }), rate: fc.constantFrom(...RATES) }), {
          minLength: 1,
          maxLength: 5,
        }),
        mode: fc.constantFrom('ESP', 'CB', 'TRE'),
      }),
    },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('refund' as const), back: fc.nat(3) }) },
    { weight: 1, arbitrary: fc.constant({ kind: 'cancel' as const }) },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constantFrom(
          'note' as const,
          'school' as const,
          'copy' as const,
          'cash' as const,
          'shift' as const,
          'zero' as const,
        ),
      }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('night' as const), hours: fc.integer({ min: 12, max: 800 }) }) },
  ),
  { minLength: 1, maxLength: 25 },
)

/** Sums by local date of the record, kept apart from every fold. */
export interface Naive {
  alg: number
  abs: number
  readonly days: Map<string, { total: number; vat: Map<number, number> }>
}

/** Plays acts in a fresh shop and sums them naively. */
export async function play(list: readonly Act[]): Promise<{ shop: Shop; naive: Naive }> {
  const shop = await openShop()
  const naive: Naive = { alg: 0, abs: 0, days: new Map() }
  const open: {
    answer: Registered
    lines: readonly { cents: number; rate: number }[]
    mode: string
    day: string
    done: boolean
  }[] = []
  const today = (): string => new Date(shop.clock.now() + 3_600_000).toISOString().slice(0, 10)
  const book = (lines: readonly { cents: number; rate: number }[], sign: number): void => {
    const total = lines.reduce((sum, { cents }) => sum + sign * cents, 0)
    naive.alg += total
    naive.abs += Math.abs(total)
    const day = naive.days.get(today()) ?? { total: 0, vat: new Map<number, number>() }
    day.total += total
    for (const rate of new Set(lines.map((line) => line.rate))) {
      const ttc = lines.filter((line) => line.rate === rate).reduce((sum, { cents }) => sum + sign * cents, 0)
      day.vat.set(rate, (day.vat.get(rate) ?? 0) + roundDiv(BigInt(ttc) * BigInt(rate), BigInt(10_000 + rate)))
    }
    naive.days.set(today(), day)
  }
  const linesOf = (lines: readonly { cents: number; rate: number }[], sign: number): object[] =>
    lines.map(({ cents, rate }, i) => ({ label: `Article ${i}`, total: sign * cents, rateBp: rate, quantity: sign }))
  for (const act of list) {
    shop.clock.step(60_000)
    if (act.kind === 'sale') {
      const amount = act.lines.reduce((sum, { cents }) => sum + cents, 0)
      const answer = await shop.ok({ type: 'ticket', lines: linesOf(act.lines, 1), payments: [{ mode: act.mode, amount }] })
      open.push({ answer, lines: act.lines, mode: act.mode, day: today(), done: false })
      book(act.lines, 1)
    } else if (act.kind === 'refund' || act.kind === 'cancel') {
      const sale =
        act.kind === 'cancel'
          ? open.findLast(({ done, day }) => !done && day === today())
          : open.filter(({ done }) => !done).at(-1 - act.back)
      if (sale === undefined) continue
      sale.done = true
      const amount = -sale.lines.reduce((sum, { cents }) => sum + cents, 0)
      await shop.ok({
        type: 'ticket',
        op: act.kind === 'cancel' ? 'cancellation' : 'refund',
        reference: sale.answer.key,
        lines: linesOf(sale.lines, -1),
        payments: [{ mode: sale.mode, amount }],
      })
      book(sale.lines, -1)
    } else if (act.kind === 'night') shop.clock.step(act.hours * 3_600_000)
    else await other(shop, act.kind, open.at(-1)?.answer)
  }
  return { shop, naive }
}

async function other(
  shop: Shop,
  kind: 'note' | 'school' | 'copy' | 'cash' | 'shift' | 'zero',
  sale: Registered | undefined,
): Promise<void> {
  const lines = [{ label: 'x', total: 100, rateBp: 2000 }]
  const requests = {
    note: { type: 'note', lines },
    school: { type: 'ticket', training: { responsible: 'CHEF' }, lines, payments: [{ mode: 'ESP', amount: 100 }] },
    copy: sale === undefined ? { type: 'zero' } : { type: 'copy', reference: sale.key, reason: 'client' },
    cash: { type: 'payment', op: 'cash-in', reason: 'fond', payments: [{ mode: 'ESP', amount: 100 }] },
    shift: { type: 'closing', kind: 'shift' },
    zero: { type: 'zero' },
  }
  await shop.ok(requests[kind])
}

/** Asserts everything that must hold after acts, by the naive sums. Returns what is wrong, or undefined. */
export async function wrongWith(list: readonly Act[]): Promise<string | undefined> {
  const { shop, naive } = await play(list)
  await shop.ok({ type: 'closing', kind: 'year' })
  const records = await shop.records()
  const byDay = new Map<string, number>()
  const vatByDay = new Map<string, Map<number, number>>()
  let [days, months, years] = [0, 0, 0]
  for (const { body, payload } of records) {
    if (body.type !== 'closing') continue
    const { kind, total, from, vat } = payload as unknown as {
      kind: string
      total: number
      from: string
      vat: Record<string, { vat: number }>
    }
    if (kind === 'month') months += total
    if (kind === 'year') years += total
    if (kind !== 'day') continue
    days += total
    const date = `${from.slice(0, 4)}-${from.slice(4, 6)}-${from.slice(6, 8)}`
    byDay.set(date, (byDay.get(date) ?? 0) + total)
    const rates = vatByDay.get(date) ?? new Map<number, number>()
    for (const [rate, amounts] of Object.entries(vat)) rates.set(Number(rate), (rates.get(Number(rate)) ?? 0) + amounts.vat)
    vatByDay.set(date, rates)
  }
  if (days !== naive.alg || months !== naive.alg || years !== naive.alg)
    return `closings sum to ${days}, ${months}, ${years}, not ${naive.alg}`
  for (const [date, { total, vat }] of naive.days) {
    if (byDay.get(date) !== total) return `day ${date} closed with ${String(byDay.get(date))}, not ${total}`
    for (const [rate, tax] of vat)
      if (vatByDay.get(date)?.get(rate) !== tax)
        return `day ${date} has VAT ${String(vatByDay.get(date)?.get(rate))} at ${rate}, not ${tax}`
  }
  const { perpetual } = shop.totals() as unknown as { perpetual: { alg: string; abs: string } }
  if (perpetual.alg !== String(naive.alg) || perpetual.abs !== String(naive.abs))
    return `perpetual ${perpetual.alg}/${perpetual.abs}, not ${naive.alg}/${naive.abs}`
  const state = shop.country.initial()
  const auditor = shop.country.auditor?.()
  for (const record of records) {
    shop.country.fold(state, record)
    const findings = auditor?.next(record) ?? []
    if (findings.length > 0) return `auditor: ${findings[0]?.code ?? ''} at ${String(findings[0]?.seq)}`
  }
  return canonical(shop.country.totals(state)) === canonical(shop.totals())
    ? undefined
    : 'a fold from the beginning gives another state'
}
