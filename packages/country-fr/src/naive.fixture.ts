// A second, simple way to every sum of a French journal: from the stored requests and the records' moments alone, on exact rationals
// (7.2–7.5, 7.9, 8, 9.1–9.3). It shares nothing with the country's own arithmetic, and complains of the first thing that differs.
import type { FiscalRecord } from '@sigillo/core'

type Loose = Readonly<Record<string, unknown>>
/** n ÷ d, d > 0. */
type Ratio = { readonly n: bigint; readonly d: bigint }

/** Where the shop stands and when its day and year end. */
export interface NaiveSettings {
  readonly zone: string
  readonly cutoffMinutes: number
  /** MM-DD. */
  readonly fiscalYearEnd: string
}

/** A decimal text or an integer in a unit, as a ratio: integers count `whole` parts, strings are decimal. */
function ratio(value: unknown, perInteger: Ratio): Ratio {
  if (typeof value === 'number') return { n: BigInt(value) * perInteger.n, d: perInteger.d }
  const [, sign = '', whole = '', fraction = ''] = /^(-?)(\d+)(?:\.(\d+))?$/.exec(String(value)) ?? []
  return { n: BigInt(`${sign}${whole}${fraction}`), d: 10n ** BigInt(fraction.length) }
}

const EURO_OF_CENT: Ratio = { n: 1n, d: 100n }
const ONE: Ratio = { n: 1n, d: 1n }
const times = (a: Ratio, b: Ratio): Ratio => ({ n: a.n * b.n, d: a.d * b.d })

/** To the nearest integer, half away from zero. */
function round({ n, d }: Ratio): bigint {
  const twice = (n < 0n ? -n : n) * 2n
  const up = (twice / d + 1n) / 2n
  return n < 0n ? -up : up
}

const cents = (value: unknown): bigint => round(times(ratio(value, EURO_OF_CENT), { n: 100n, d: 1n }))

/** Cents of a line of a request, VAT included. */
export function lineCents(line: Loose): bigint {
  if (line['total'] !== undefined) return cents(line['total'])
  const price = times(ratio(line['quantity'] ?? 1, ONE), ratio(line['unitPrice'], EURO_OF_CENT))
  return round(times(price, { n: 100n, d: 1n })) - cents(line['discount'] ?? 0)
}

interface Amount {
  ttc: bigint
  vat: bigint
}

/** What one document adds to a period. */
interface Part {
  readonly seq: number
  readonly rates: Map<string, Amount>
  readonly lines: bigint[]
  readonly pay: Map<string, bigint>
  readonly outside: bigint
  readonly discounts: bigint
  readonly counts: Map<string, bigint>
}

const abs = (value: bigint): bigint => (value < 0n ? -value : value)
const add = (sums: Map<string, bigint>, name: string, value: bigint): void => void sums.set(name, (sums.get(name) ?? 0n) + value)
const OUTSIDE = new Set(['V', 'C', 'T', 'O'])
const list = (value: unknown): Loose[] => (value ?? []) as Loose[]

// 7.4: each line's exact share truncated, the missing cents to the largest fractions, ties to the first.
function shareOut(
  vat: bigint,
  lines: readonly { readonly at: number; readonly ttc: bigint }[],
  rate: bigint,
  out: bigint[],
): void {
  const by = 10_000n + rate
  let left = vat
  for (const { at, ttc } of lines) {
    out[at] = (ttc * rate) / by
    left -= out[at]
  }
  const sign = left < 0n ? -1n : 1n
  const able = lines.filter(({ ttc }) => ((ttc * rate) % by) * sign > 0n)
  able.sort((a, b) =>
    abs((a.ttc * rate) % by) === abs((b.ttc * rate) % by) ? 0 : abs((a.ttc * rate) % by) > abs((b.ttc * rate) % by) ? -1 : 1,
  )
  const order = able.slice(0, Number(abs(left)))
  let rest = abs(left) - BigInt(order.length)
  while (rest > 0n) for (const line of lines.slice(0, Number(rest))) [rest] = [rest - 1n, order.push(line)]
  for (const { at } of order) out[at] = (out[at] as bigint) + sign
}

function documentPart(seq: number, request: Loose): Part {
  const lines = list(request['lines'])
  const vatOfLine: bigint[] = lines.map(() => 0n)
  const byRate = new Map<string, { at: number; ttc: bigint }[]>()
  let [outside, discounts] = [0n, 0n]
  const counts = new Map<string, bigint>([['lines', BigInt(lines.length)]])
  lines.forEach((line, at) => {
    const ttc = lineCents(line)
    if (line['discount'] !== undefined && cents(line['discount']) !== 0n) {
      discounts += cents(line['discount'])
      add(counts, 'discounts', 1n)
    }
    if (OUTSIDE.has(String(line['nature'] ?? 'B'))) outside += ttc
    else byRate.set(String(line['rateBp']), [...(byRate.get(String(line['rateBp'])) ?? []), { at, ttc }])
  })
  const rates = new Map<string, Amount>()
  for (const [rate, own] of byRate) {
    const ttc = own.reduce((sum, one) => sum + one.ttc, 0n)
    const supplied = list(request['vat']).find(({ rateBp }) => String(rateBp) === rate)
    const vat = supplied === undefined ? round({ n: ttc * BigInt(rate), d: 10_000n + BigInt(rate) }) : cents(supplied['amount'])
    rates.set(rate, { ttc, vat })
    shareOut(vat, own, BigInt(rate), vatOfLine)
  }
  const kind = { refund: 'refunds', credit: 'refunds', cancellation: 'cancellations' }[String(request['op'])] ?? 'sales'
  add(counts, kind, 1n)
  return { seq, rates, lines: vatOfLine, pay: paid(request), outside, discounts, counts }
}

function paid(request: Loose): Map<string, bigint> {
  const pay = new Map<string, bigint>()
  for (const { mode, amount } of list(request['payments'])) add(pay, String(mode), cents(amount))
  return pay
}

function paymentPart(seq: number, request: Loose): Part {
  const pay = paid(request)
  return { seq, rates: new Map(), lines: [], pay, outside: 0n, discounts: 0n, counts: new Map([['payments', 1n]]) }
}

/** Sums of a period since its last closing. */
class Period {
  parts: Part[] = []
  /** Business dates of its documents. */
  dates = new Set<string>()

  get ttc(): bigint {
    return [...this.rates.values()].reduce((sum, { ttc }) => sum + ttc, 0n)
  }

  get rates(): Map<string, Amount> {
    const out = new Map<string, Amount>()
    for (const { rates } of this.parts)
      for (const [rate, { ttc, vat }] of rates) {
        const sum = out.get(rate) ?? { ttc: 0n, vat: 0n }
        out.set(rate, { ttc: sum.ttc + ttc, vat: sum.vat + vat })
      }
    return out
  }

  sums(of: (part: Part) => Map<string, bigint>): Map<string, bigint> {
    const out = new Map<string, bigint>()
    for (const part of this.parts) for (const [name, value] of of(part)) add(out, name, value)
    return out
  }
}

type LevelName = 'shift' | 'day' | 'month' | 'year'
const LEVELS: readonly LevelName[] = ['shift', 'day', 'month', 'year']
const same = (stated: unknown, sum: bigint): boolean => String(stated ?? 0) === String(sum)
const show = (value: unknown): string => JSON.stringify(value, (_, one: unknown) => (typeof one === 'bigint' ? String(one) : one))

/** Recomputes a journal, record by record. */
export class NaiveBooks {
  readonly #settings: NaiveSettings
  readonly #levels: Record<LevelName, Period> = {
    shift: new Period(),
    day: new Period(),
    month: new Period(),
    year: new Period(),
  }
  #sinceArchive: Part[] = []
  #alg = 0n
  #abs = 0n
  readonly #rates = new Map<string, bigint>()
  /** Closings compared, by kind; and documents counted. */
  readonly seen: Record<string, number> = {}

  constructor(settings: NaiveSettings) {
    this.#settings = settings
  }

  /** What differs at the next record, or undefined. */
  next(record: FiscalRecord): string | undefined {
    const { type, seq } = record.body
    const payload = record.payload as unknown as Loose
    const wrong = this.#take(type, record, payload)
    if (wrong !== undefined) return `#${seq} ${type}: ${wrong}`
    const x = record.body.x as Loose | undefined
    if (x?.['gta'] !== undefined && (!same(x['gta'], this.#alg) || !same(x['gtp'], this.#abs)))
      return `#${seq} ${type}: grand totals ${String(x['gta'])}/${String(x['gtp'])}, not ${this.#alg}/${this.#abs}`
    return undefined
  }

  #take(type: string, record: FiscalRecord, payload: Loose): string | undefined {
    if (type === 'closing') return this.#closing(payload)
    if (type === 'archive') return this.#archive(payload)
    if (type !== 'ticket' && type !== 'invoice' && type !== 'payment' && type !== 'note') return undefined
    const { seq } = record.body
    const request = payload['request'] as Loose
    const part = type === 'payment' ? paymentPart(seq, request) : documentPart(seq, request)
    this.#see(type)
    const wrong = this.#document(type, part, payload)
    if (wrong !== undefined) return wrong
    for (const level of LEVELS) this.#levels[level].dates.add(this.#date(record.body.ts))
    if (type !== 'note' && request['covers'] === undefined) this.#count(part, type !== 'payment')
    return this.#crossed()
  }

  #see(what: string): void {
    this.seen[what] = (this.seen[what] ?? 0) + 1
  }

  // The record's own figures.
  #document(type: string, part: Part, payload: Loose): string | undefined {
    const total = type === 'payment' ? [...part.pay.values()].reduce((a, b) => a + b, 0n) : sumTtc(part.rates)
    if (!same(payload['total'], total)) return `total ${String(payload['total'])}, not ${total}`
    if (type === 'payment') return undefined
    const stated = list(payload['lines']).map(({ vat }) => String(vat))
    if (stated.join() !== part.lines.join()) return `VAT of lines ${stated.join()}, not ${part.lines.join()}`
    return differentRates(payload['vat'], part.rates)
  }

  #count(part: Part, turnover: boolean): void {
    for (const level of LEVELS) this.#levels[level].parts.push(part)
    this.#sinceArchive.push(part)
    if (!turnover) return
    const total = sumTtc(part.rates)
    this.#alg += total
    this.#abs += abs(total)
    for (const [rate, { ttc }] of part.rates) add(this.#rates, rate, ttc)
  }

  // With the setting that closes by itself no period ever holds two of its kind.
  #crossed(): string | undefined {
    const { day, month, year } = this.#levels
    if (day.dates.size > 1) return `one day holds ${[...day.dates].join()}`
    const months = new Set([...month.dates].map((date) => date.slice(0, 7)))
    if (months.size > 1) return `one month holds ${[...months].join()}`
    const years = new Set([...year.dates].map((date) => this.#yearOf(date)))
    return years.size > 1 ? `one year holds ${[...years].join()}` : undefined
  }

  #yearOf(date: string): number {
    return Number(date.slice(0, 4)) + (date.slice(5) > this.#settings.fiscalYearEnd ? 1 : 0)
  }

  // The clock on the wall, set back by the cut-off: on the night clocks change the day still ends at that hour.
  #date(ts: string): string {
    const wall = new Intl.DateTimeFormat('sv-SE', { timeZone: this.#settings.zone, dateStyle: 'short', timeStyle: 'medium' })
    const ms = Date.parse(`${wall.format(Date.parse(ts)).replace(' ', 'T')}Z`)
    return new Date(ms - this.#settings.cutoffMinutes * 60_000).toISOString().slice(0, 10)
  }

  #closing(payload: Loose): string | undefined {
    const kind = String(payload['kind'])
    const level = LEVELS.find((name) => name === kind)
    this.#see(`closing ${kind}`)
    const wrong =
      differentPeriod(payload['totals'] as Loose, this.#levels[level ?? 'day']) ??
      (same(payload['total'], this.#levels[level ?? 'day'].ttc) ? undefined : `total ${String(payload['total'])}`) ??
      this.#otherLevels(kind, payload['levels'] as Readonly<Record<string, { totals: Loose }>>) ??
      this.#perpetual(payload['perpetual'] as Loose)
    if (level !== undefined) this.#levels[level] = new Period()
    return wrong === undefined ? undefined : `${kind}: ${wrong}`
  }

  #otherLevels(kind: string, levels: Readonly<Record<string, { totals: Loose }>>): string | undefined {
    for (const name of LEVELS) {
      const wrong = name === kind ? undefined : differentPeriod(levels[name]?.totals ?? {}, this.#levels[name])
      if (wrong !== undefined) return `level ${name}: ${wrong}`
    }
    return undefined
  }

  #perpetual(stated: Loose): string | undefined {
    if (!same(stated['alg'], this.#alg) || !same(stated['abs'], this.#abs)) return `perpetual ${show(stated)}`
    const rates = stated['rates'] as Readonly<Record<string, number>>
    for (const [rate, ttc] of this.#rates) if (!same(rates[rate], ttc)) return `perpetual at ${rate}: ${rates[rate]}, not ${ttc}`
    return undefined
  }

  #archive(payload: Loose): string | undefined {
    const period = new Period()
    period.parts = this.#sinceArchive.filter(({ seq }) => seq <= Number(payload['to']))
    this.#sinceArchive = this.#sinceArchive.filter(({ seq }) => seq > Number(payload['to']))
    this.#see('archive')
    return differentPeriod(payload['totals'] as Loose, period)
  }
}

function sumTtc(rates: ReadonlyMap<string, Amount>): bigint {
  return [...rates.values()].reduce((sum, { ttc }) => sum + ttc, 0n)
}

function differentRates(stated: unknown, rates: ReadonlyMap<string, Amount>): string | undefined {
  const given = stated as Readonly<Record<string, { ttc: number; ht: number; vat: number }>>
  for (const rate of new Set([...Object.keys(given), ...rates.keys()])) {
    const { ttc, vat } = rates.get(rate) ?? { ttc: 0n, vat: 0n }
    const { [rate]: one } = given
    if (!same(one?.ttc, ttc) || !same(one?.vat, vat) || !same(one?.ht, ttc - vat))
      return `rate ${rate}: ${show(one)}, not ${show({ ttc, vat, ht: ttc - vat })}`
  }
  return undefined
}

function differentSums(what: string, stated: unknown, sums: ReadonlyMap<string, bigint>): string | undefined {
  const given = stated as Readonly<Record<string, number>>
  for (const [name, sum] of sums) if (!same(given[name], sum)) return `${what} ${name}: ${given[name]}, not ${sum}`
  return undefined
}

function differentPeriod(totals: Loose, period: Period): string | undefined {
  const pay = period.sums((part) => part.pay)
  for (const mode of Object.keys((totals['pay'] ?? {}) as object)) if (!pay.has(mode)) pay.set(mode, 0n)
  const outside = period.parts.reduce((sum, part) => sum + part.outside, 0n)
  const discounts = period.parts.reduce((sum, part) => sum + part.discounts, 0n)
  if (!same(totals['ttc'], period.ttc)) return `ttc ${String(totals['ttc'])}, not ${period.ttc}`
  if (!same(totals['outside'], outside)) return `outside ${String(totals['outside'])}, not ${outside}`
  if (!same(totals['discounts'], discounts)) return `discounts ${String(totals['discounts'])}, not ${discounts}`
  return (
    differentRates(totals['rates'], period.rates) ??
    differentSums('paid by', totals['pay'], pay) ??
    differentSums(
      'count of',
      totals['counts'],
      period.sums((part) => part.counts),
    )
  )
}
