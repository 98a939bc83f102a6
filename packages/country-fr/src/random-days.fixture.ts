// Random days of a shop: everything a till does, in any order, sometimes wrongly. What is refused must leave no trace; what is
// recorded is summed again by the naive books, from the journal alone.
import fc from 'fast-check'
import { canonical, type Outcome, type Storage } from '@sigillo/core'
import { createArchive } from './archive/create.js'
import { lineCents, NaiveBooks } from './naive.fixture.js'
import type { FranceOptions } from './options.js'
import { openShop, type Shop } from './shop.fixture.js'

type Loose = Readonly<Record<string, unknown>>

const REGIONS = {
  METRO: { zone: 'Europe/Paris', rates: [2000, 1000, 550, 210] },
  CORSE: { zone: 'Europe/Paris', rates: [2000, 1300, 1000, 550, 210, 90] },
  RE: { zone: 'Indian/Reunion', rates: [850, 210, 175, 105] },
} as const

/** A shop and what happens in it. */
export interface Story {
  readonly region: keyof typeof REGIONS
  readonly cutoffHours: number
  readonly fiscalYearEnd: string
  readonly start: string
  readonly acts: readonly Act[]
}

/** One thing that happens. `pick` chooses among earlier documents; lines refer to rates by index. */
export type Act = { readonly minutes: number; readonly pick: number } & (
  | {
      readonly kind: 'sale'
      readonly as: 'ticket' | 'invoice' | 'deposit' | 'note' | 'school'
      readonly lines: readonly Line[]
      readonly vatOff: number
    }
  | { readonly kind: Plain }
  | { readonly kind: 'night'; readonly hours: number }
)
type Plain =
  | 'refund'
  | 'cancel'
  | 'cover'
  | 'copy'
  | 'cash-in'
  | 'cash-out'
  | 'collection'
  | 'transfer'
  | 'zero'
  | 'shift'
  | 'day'
  | 'month'
  | 'year'
  | 'archive'
  | 'late'
  | 'broken'

interface Line {
  readonly rate: number
  readonly nature: string
  readonly units: number
  readonly form: 'total' | 'price' | 'weight' | 'euros'
  readonly cents: number
  readonly discount: number
}

const line: fc.Arbitrary<Line> = fc.record({
  rate: fc.nat(5),
  nature: fc.constantFrom('B', 'B', 'B', 'S', 'S', 'D', 'V', 'T', 'O'),
  units: fc.integer({ min: 1, max: 12 }),
  form: fc.constantFrom('total' as const, 'price' as const, 'weight' as const, 'euros' as const),
  cents: fc.oneof(
    { weight: 6, arbitrary: fc.integer({ min: 1, max: 20_000 }) },
    { weight: 1, arbitrary: fc.integer({ min: -900, max: 9 }) },
  ),
  discount: fc.oneof({ weight: 5, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.integer({ min: 1, max: 50 }) }),
})
const plain: readonly [number, Plain][] = [
  [4, 'refund'],
  [3, 'cancel'],
  [2, 'cover'],
  [1, 'copy'],
  [1, 'cash-in'],
  [1, 'cash-out'],
  [1, 'collection'],
  [1, 'transfer'],
  [1, 'zero'],
  [1, 'shift'],
  [2, 'day'],
  [1, 'month'],
  [1, 'year'],
  [1, 'archive'],
  [1, 'late'],
  [1, 'broken'],
]
const common = { minutes: fc.integer({ min: 1, max: 90 }), pick: fc.nat(20) }
const act: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 22,
    arbitrary: fc.record({
      ...common,
      kind: fc.constant('sale' as const),
      as: fc.constantFrom(
        'ticket' as const,
        'ticket' as const,
        'ticket' as const,
        'ticket' as const,
        'invoice' as const,
        'deposit' as const,
        'note' as const,
        'school' as const,
      ),
      lines: fc.array(line, { minLength: 1, maxLength: 6 }),
      vatOff: fc.oneof({ weight: 6, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.integer({ min: -3, max: 3 }) }),
    }),
  },
  ...plain.map(([weight, kind]) => ({
    weight,
    arbitrary: fc.record({ ...common, kind: fc.constant(kind) }) as fc.Arbitrary<Act>,
  })),
  {
    weight: 5,
    arbitrary: fc.record({ ...common, kind: fc.constant('night' as const), hours: fc.integer({ min: 6, max: 800 }) }),
  },
)

/** Random stories. */
export const stories: fc.Arbitrary<Story> = fc.record({
  region: fc.constantFrom('METRO' as const, 'METRO' as const, 'CORSE' as const, 'RE' as const),
  cutoffHours: fc.constantFrom(0, 3, 5),
  fiscalYearEnd: fc.constantFrom('12-31', '06-30'),
  start: fc.constantFrom(
    '2026-11-23T09:15:30.000Z',
    '2026-12-31T20:30:00.000Z',
    '2027-03-27T21:00:00.000Z',
    '2027-06-30T19:00:00.000Z',
  ),
  acts: fc.array(act, { minLength: 4, maxLength: 40 }),
})

const euros = (value: number): string =>
  `${value < 0 ? '-' : ''}${Math.floor(Math.abs(value) / 100)}.${String(Math.abs(value) % 100).padStart(2, '0')}`
const OUTSIDE = new Set(['V', 'T', 'O'])

function lineOf(one: Line, at: number, rates: readonly number[]): Loose {
  const { nature, units, form, cents } = one
  const rate = OUTSIDE.has(nature) ? {} : { rateBp: rates[one.rate % rates.length] }
  const base = { label: `Article ${at}`, nature, ...rate }
  const discount = one.discount === 0 ? {} : { discount: one.discount }
  if (form === 'total') return { ...base, total: cents }
  if (form === 'euros') return { ...base, ...discount, unitPrice: `${euros(cents)}${at % 2 === 0 ? '05' : ''}`, quantity: units }
  if (form === 'weight')
    return { ...base, ...discount, unitPrice: cents, quantity: `0.${String(units * 83).padStart(4, '0')}`, unit: 'kg' }
  return { ...base, ...discount, unitPrice: cents, quantity: units }
}

const opposite = (value: unknown): unknown =>
  typeof value === 'number' ? -value : typeof value === 'string' ? (value.startsWith('-') ? value.slice(1) : `-${value}`) : value

function mirror(one: Loose, at: number): Loose {
  const { total, discount, quantity, ...rest } = one
  return {
    ...rest,
    quantity: opposite(quantity ?? 1),
    ...(total !== undefined && { total: opposite(total) }),
    ...(discount !== undefined && { discount: opposite(discount) }),
    originalLine: at + 1,
  }
}

interface Told {
  readonly key: string
  readonly type: string
  readonly lines: readonly Loose[]
  readonly payments: readonly Loose[]
}

const customer = { name: 'Hôtel du Quai', address: '3 quai des Brumes' }
const sum = (lines: readonly Loose[]): number => Number(lines.reduce((total, one) => total + lineCents(one), 0n))

/** What surrounds the shop: whether its requests wait for one another, and what its store and queue go through meanwhile. */
export interface Weather {
  readonly storage?: Storage
  /** Given each request as it is sent; the next is sent when this returns. */
  sent(answer: Promise<Outcome>, shop: Shop): Promise<void>
  /** Before work that needs everything answered. */
  settled(shop: Shop): Promise<void>
}

const calm: Weather = {
  sent: async (answer) => {
    const outcome = await answer
    if (outcome.outcome === 'indeterminate') throw outcome.error
  },
  settled: () => Promise.resolve(),
}

/** Plays a story in a fresh shop. What rules refuse is refused. */
export async function play(story: Story, weather: Weather = calm): Promise<Shop> {
  const options: Partial<FranceOptions> = {
    region: story.region,
    dayCutoff: `0${story.cutoffHours}:00`,
    fiscalYearEnd: story.fiscalYearEnd,
  }
  const shop = await openShop(options, { at: story.start, ...(weather.storage !== undefined && { storage: weather.storage }) })
  const told: Told[] = []
  let [paper, sent] = [0, 0]
  const send = async (request: Loose): Promise<Outcome> => {
    const key = `${String(request['type'])}-${sent++}-${shop.clock.now()}`
    const outcome = await shop.send({ key, ...request })
    if (outcome.outcome === 'registered' && request['lines'] !== undefined)
      told.push({ key, type: String(request['type']), lines: list(request['lines']), payments: list(request['payments']) })
    return outcome
  }
  const tell = (request: Loose): Promise<void> => weather.sent(send(request), shop)
  for (const one of story.acts) {
    shop.clock.step(one.minutes * 60_000)
    if (one.kind === 'night') shop.clock.step(one.hours * 3_600_000)
    else if (one.kind === 'sale') await tell(saleOf(one, REGIONS[story.region].rates))
    else if (one.kind === 'archive') {
      await weather.settled(shop)
      await archive(shop)
    } else if (one.kind === 'late') await tell(lateOf(shop, REGIONS[story.region].rates, ++paper))
    else {
      const before = told.filter(({ type }) => type === 'ticket' || type === 'invoice').at(-1 - (one.pick % 6))
      const request = plainOf(one.kind, before)
      if (request !== undefined) await tell(request)
    }
  }
  await weather.settled(shop)
  return shop
}

const list = (value: unknown): Loose[] => (value ?? []) as Loose[]

function saleOf(one: Extract<Act, { kind: 'sale' }>, rates: readonly number[]): Loose {
  const lines = one.lines.map((each, at) => lineOf(each, at, rates))
  const total = sum(lines)
  const type = { ticket: 'ticket', invoice: 'invoice', deposit: 'invoice', note: 'note', school: 'ticket' }[one.as]
  // A total below zero is no sale; sent all the same, it must be refused.
  const half = Math.trunc(total / 3)
  const modes = ['ESP', 'CB', 'TRE', 'CHQ', 'CRE']
  const payments =
    one.as === 'note' || total === 0
      ? []
      : [{ mode: modes[one.pick % 5], amount: total - half }, ...(half === 0 ? [] : [{ mode: 'CB', amount: half }])]
  const vat = one.vatOff === 0 ? {} : { vat: suppliedVat(lines, one.vatOff) }
  return {
    type,
    ...(one.as === 'deposit' && { op: 'deposit' }),
    ...(type === 'invoice' && { customer }),
    ...(one.as === 'school' && { training: { responsible: 'CHEF' } }),
    lines,
    ...(payments.length > 0 && { payments }),
    ...vat,
  }
}

// VAT as a till might work it out: in floating point, and a cent or two off.
function suppliedVat(lines: readonly Loose[], off: number): Loose[] {
  const byRate = new Map<number, number>()
  for (const one of lines) {
    const rate = one['rateBp'] as number | undefined
    if (rate !== undefined) byRate.set(rate, (byRate.get(rate) ?? 0) + Number(lineCents(one)))
  }
  return [...byRate].map(([rateBp, ttc]) => ({ rateBp, amount: Math.round((ttc * rateBp) / (10_000 + rateBp)) + off }))
}

function lateOf(shop: Shop, rates: readonly number[], paperNumber: number): Loose {
  const paperDate = new Date(shop.clock.now() - 2 * 86_400_000).toISOString().slice(0, 10)
  return {
    type: 'ticket',
    lines: [{ label: 'Carnet', total: 700 + paperNumber, rateBp: rates[0] }],
    payments: [{ mode: 'CHQ', amount: 700 + paperNumber }],
    lateCapture: { pad: 'CARNET-1', paperNumber, paperDate, reason: 'panne', capturedBy: 'OP-7' },
  }
}

const negative = (payments: readonly Loose[]): Loose[] => payments.map(({ mode, amount }) => ({ mode, amount: opposite(amount) }))

function plainOf(kind: Exclude<Plain, 'archive' | 'late'>, before: Told | undefined): Loose | undefined {
  const reference = before?.key
  switch (kind) {
    case 'refund': {
      if (before === undefined) return undefined
      const lines = before.lines
        .filter((_, at) => at % 2 === 0 || before.lines.length < 3)
        .map((one) => mirror(one, before.lines.indexOf(one)))
      const invoice = before.type === 'invoice'
      const payments = sum(lines) === 0 ? {} : { payments: [{ mode: 'ESP', amount: sum(lines) }] }
      return { type: before.type, op: invoice ? 'credit' : 'refund', ...(invoice && { customer }), reference, lines, ...payments }
    }
    case 'cancel': {
      if (before === undefined) return undefined
      const lines = before.lines.map((one, at) => mirror(one, at))
      return { type: 'ticket', op: 'cancellation', reference, lines, payments: negative(before.payments) }
    }
    case 'cover':
      return before === undefined ? undefined : { type: 'invoice', covers: [reference], customer, lines: before.lines }
    case 'copy':
      return before === undefined ? undefined : { type: 'copy', reference, reason: 'client' }
    case 'collection':
      return before === undefined
        ? undefined
        : { type: 'payment', op: 'collection', reference, payments: [{ mode: 'VIR', amount: '12.34' }] }
    case 'transfer': {
      const payments = [
        { mode: 'ESP', amount: -100 },
        { mode: 'CB', amount: 100 },
      ]
      return before === undefined ? undefined : { type: 'payment', op: 'transfer', reference, payments }
    }
    case 'cash-in':
    case 'cash-out':
      return {
        type: 'payment',
        op: kind,
        reason: 'fond',
        payments: [{ mode: 'ESP', amount: kind === 'cash-in' ? '150.00' : -2000 }],
      }
    case 'broken':
      return { type: 'ticket', lines: [{ label: 'Faux', total: 4000, rateBp: 2000 }], payments: [{ mode: 'CB', amount: 3000 }] }
    case 'zero':
      return { type: 'zero' }
    default:
      return { type: 'closing', kind }
  }
}

async function archive(shop: Shop): Promise<void> {
  await shop.send({ type: 'closing', kind: 'day' })
  const posMoment = new Date(shop.clock.now()).toISOString()
  await createArchive(shop.queue, shop.country, { key: `ARCHIVE-${posMoment}`, operatorId: 'OP-7', posMoment })
}

/** What is wrong after a story, or undefined; and what the books have seen. */
export async function wrongWith(
  story: Story,
  weather: Weather = calm,
): Promise<{ wrong: string | undefined; seen: Readonly<Record<string, number>> }> {
  const shop = await play(story, weather)
  await shop.ok({ type: 'closing', kind: 'year' })
  const { region, cutoffHours, fiscalYearEnd } = story
  const books = new NaiveBooks({ zone: REGIONS[region].zone, cutoffMinutes: cutoffHours * 60, fiscalYearEnd })
  const records = await shop.records()
  let wrong: string | undefined
  for (const record of records) wrong ??= books.next(record)
  wrong ??= await judged(shop)
  const state = shop.country.initial()
  for (const record of records) shop.country.fold(state, record)
  if (canonical(shop.country.totals(state)) !== canonical(shop.totals()))
    wrong ??= 'a fold from the beginning gives another state'
  await shop.queue.close()
  return { wrong, seen: books.seen }
}

async function judged(shop: Shop): Promise<string | undefined> {
  const { findings } = await shop.queue.verify()
  const [first] = findings
  return first === undefined ? undefined : `verify: ${first.code} at ${String(first.seq)}: ${first.message}`
}
