// Random days of an Italian till, played through the public way in, and their files read by another parser. What the till sends and
// what should come of it is worked out by naive-day.fixture.ts, with no arithmetic of this package.
import fc from 'fast-check'
import { DOMParser } from '@xmldom/xmldom'
import { fromUtf8, type FiscalRecord } from '@sigillo/core'
import { openDevice, type TestDevice } from './device.fixture.js'
import { renderMessage } from './render.js'
import type { ClosingPayload } from './payload.js'
import {
  euros,
  fileOf,
  Fraction,
  leaveOpen,
  partsOf,
  ZERO,
  type NaiveFile,
  type NaiveGroup,
  type NaiveLine,
  type NaivePaid,
  type NaivePart,
} from './naive-day.fixture.js'

/** Numbers a day is made from; each act takes what it needs. */
export interface Act {
  readonly kind: 'sale' | 'return' | 'void' | 'foreign' | 'close' | 'night'
  readonly lines: readonly { readonly vat: number; readonly cents: number; readonly quantity: number; readonly how: number }[]
  readonly changes: readonly { readonly kind: number; readonly line: number; readonly part: number }[]
  readonly pays: readonly number[]
  readonly pick: number
}

/** One day with the options of its device. */
export interface Day {
  readonly activityCodes: boolean
  readonly cashRounding: boolean
  readonly acts: readonly Act[]
}

const amount = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 1, max: 20_000 }) },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 9 }) },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 90_000_000_000 }) },
)
const act: fc.Arbitrary<Act> = fc.record({
  kind: fc.oneof(
    { weight: 12, arbitrary: fc.constant('sale' as const) },
    { weight: 3, arbitrary: fc.constant('return' as const) },
    { weight: 2, arbitrary: fc.constant('void' as const) },
    { weight: 1, arbitrary: fc.constantFrom('foreign' as const, 'close' as const, 'night' as const) },
  ),
  lines: fc.array(fc.record({ vat: fc.nat(16), cents: amount, quantity: fc.integer({ min: 1, max: 9999 }), how: fc.nat(5) }), {
    minLength: 1,
    maxLength: 6,
  }),
  changes: fc.array(fc.record({ kind: fc.nat(6), line: fc.nat(5), part: fc.nat(100) }), { maxLength: 3 }),
  pays: fc.array(fc.nat(100), { minLength: 12, maxLength: 12 }),
  pick: fc.nat(50),
})

/** Random days: a few dozen documents each. */
export const days: fc.Arbitrary<Day> = fc.record({
  activityCodes: fc.boolean(),
  cashRounding: fc.boolean(),
  acts: fc.array(act, { minLength: 1, maxLength: 25 }),
})

const VATS = ['22', '22', '10', '10', '5', '4', '4', '5.5', '8.8', 'N1', 'N2', 'N3', 'N4', 'N5', 'N6', 'VI', 'VI']
const EXTRA = [550, 880]

/** A sale as the till remembers it. */
interface Sold {
  readonly key: string
  readonly parts: readonly NaivePart[]
  readonly paid: NaivePaid
  voided: boolean
  /** Cents still to be returned and still open, per group and kind. */
  readonly left: Map<NaiveGroup, Fraction>
  open: Record<'services' | 'invoice' | 'healthService', Fraction>
}

interface Said {
  readonly lines: object[]
  readonly naive: NaiveLine[]
}

const NOTHING: NaivePaid = { cash: ZERO, electronic: ZERO, discount: ZERO, ticket: ZERO, tickets: 0 }
const total = (parts: readonly NaivePart[]): Fraction => parts.reduce((sum, { gross }) => sum.plus(gross), ZERO)
const centsOf = (value: Fraction): bigint => (value.n * 100n) / value.d
const part = (value: Fraction, percent: number): Fraction => euros((centsOf(value) * BigInt(percent)) / 100n)
// Amounts go in as euros of text or as whole cents, in turn.
const written = (value: Fraction, asText: boolean): string | number => (asText ? value.text() : Number(centsOf(value)))

function vatOf({ vat, activity }: NaiveGroup): object {
  const one =
    vat === 'VI' ? { apportioned: true } : vat.startsWith('N') ? { nature: vat } : { rateBp: Math.round(Number(vat) * 100) }
  return { ...one, ...(activity !== undefined && { activity }) }
}

/** Plays one day; returns the closings in order with what they should say. */
class Play {
  readonly device: TestDevice
  readonly #sold: Sold[] = []
  readonly #expected: NaiveFile[] = []
  #period: Parameters<typeof fileOf>[0]['documents'] = []
  #opened = ''
  #day: Day
  #serial = 0

  constructor(device: TestDevice, day: Day) {
    this.device = device
    this.#day = day
  }

  async run(): Promise<NaiveFile[]> {
    for (const one of this.#day.acts) {
      this.device.clock.step(1000 * (1 + one.pick))
      await this.#act(one)
    }
    await this.#close()
    return this.#expected
  }

  async #act(one: Act): Promise<void> {
    if (one.kind === 'close') return this.#close()
    if (one.kind === 'night') return void this.device.clock.step(3_600_000 * (1 + (one.pick % 40)))
    if (one.kind === 'sale') return this.#sell(one)
    if (one.kind === 'foreign') return this.#foreign(one)
    const open = this.#sold.filter((sold) => !sold.voided)
    const sold = open[one.pick % Math.max(open.length, 1)]
    if (sold === undefined) return
    await (one.kind === 'void' ? this.#annul(sold) : this.#takeBack(sold, one))
  }

  #today(): string {
    return new Intl.DateTimeFormat('sv-SE', { timeZone: 'Europe/Rome' }).format(this.device.clock.now())
  }

  // The evening's period closes by itself at the first document of another day.
  #document(kind: 'sale' | 'return' | 'void', parts: readonly NaivePart[], paid: NaivePaid): void {
    if (this.#opened !== '' && this.#opened < this.#today()) this.#freeze()
    if (this.#opened === '') this.#opened = this.#today()
    this.#period.push({ kind, parts, paid })
  }

  #freeze(): void {
    this.#expected.push(fileOf({ documents: this.#period }))
    this.#period = []
    this.#opened = ''
  }

  async #close(): Promise<void> {
    await this.device.ok({ type: 'closing' })
    this.#freeze()
  }

  #group(vat: number, line: number): NaiveGroup {
    const activity = this.#day.activityCodes ? [471_100, 561_011][(vat + line) % 2] : undefined
    return { vat: VATS[vat] as string, activity }
  }

  #say({ lines, changes }: Act): Said {
    const said: Said = { lines: [], naive: [] }
    for (const [i, line] of lines.entries()) this.#sayLine(said, line, this.#group(line.vat, i))
    for (const change of changes) this.#sayChange(said, change)
    return said
  }

  #sayLine({ lines, naive }: Said, { cents, quantity, how }: Act['lines'][number], group: NaiveGroup): void {
    const price = euros(cents)
    const kind = how === 4 ? 'deposit' : how === 5 ? 'singleUseVoucher' : 'sale'
    const product = price.times(new Fraction(quantity, 1000n)).rounded()
    const byQuantity = how === 1 && product.n > 0n && product.below(euros(900_000_000_000))
    const value = byQuantity ? product : price
    lines.push({
      kind,
      description: 'Articolo',
      ...(byQuantity
        ? {
            quantity: `${Math.floor(quantity / 1000)}.${String(quantity % 1000).padStart(3, '0')}`,
            unitPrice: written(price, true),
          }
        : { amount: written(value, how % 2 === 0) }),
      ...vatOf(group),
    })
    naive.push({ kind: 'sold', amount: value, group })
  }

  // Never more off a group than is in it: what a device must refuse is tested elsewhere.
  #sayChange({ lines, naive }: Said, { kind, line, part: percent }: Act['changes'][number]): void {
    if (kind === 6) return void lines.push({ kind: 'text', description: 'Grazie' })
    const parts = partsOf(naive)
    if (kind === 0 || kind === 5) {
      const all = parts.every(({ gross }) => gross.n >= 0n) ? part(total(parts), percent % 60) : ZERO
      const spread = kind === 0 ? 'less' : 'more'
      if (all.zero) return
      lines.push({
        kind: kind === 0 ? 'discount' : 'surcharge',
        description: 'su tutto',
        amount: written(all, percent % 2 === 0),
      })
      return void naive.push({ kind: spread, amount: all })
    }
    const { group, gross } = parts[line % parts.length] as NaivePart
    const some = part(gross, percent)
    if (some.n <= 0n) return
    const names = ['', 'discount', 'gift', 'depositRedeemed', 'singleUseVoucherRedeemed']
    const kinds = ['less', 'less', 'gift', 'redeemed', 'redeemed'] as const
    // With a minus sign or without: the kind says it.
    const signed = percent % 3 === 0 ? ZERO.minus(some) : some
    lines.push({ kind: names[kind], description: 'x', amount: written(signed, percent % 2 === 0), ...vatOf(group) })
    naive.push({ kind: kinds[kind] as NaiveLine['kind'], amount: some, group })
  }

  async #sell(one: Act): Promise<void> {
    const { lines, naive } = this.#say(one)
    const parts = partsOf(naive)
    const { payments, paid, open } = this.#pay(total(parts), one.pays)
    leaveOpen(parts, { services: open.services, invoice: open.invoice, health: open.healthService })
    const key = `S-${++this.#serial}`
    await this.device.ok({ type: 'sale', key, lines, payments })
    this.#document('sale', parts, paid)
    const left = new Map(parts.map(({ group, sales }) => [group, sales]))
    this.#sold.push({ key, parts, paid, voided: false, left, open })
  }

  #pay(due: Fraction, pays: readonly number[]): { payments: object[]; paid: NaivePaid; open: Sold['open'] } {
    const payments: object[] = []
    let [left, tickets] = [due, 0]
    const take = (at: number, kind: string, more: object = {}): Fraction => {
      const chance = pays[at] as number
      const cents = chance < 70 ? ZERO : part(left, chance === 100 ? 100 : chance - 60)
      if (cents.zero) return ZERO
      left = left.minus(cents)
      payments.push({ kind, amount: written(cents, chance % 2 === 0), ...more })
      return cents
    }
    const services = take(0, 'uncollected', { of: 'services' })
    const invoice = take(1, 'uncollected', { of: 'invoice' })
    const healthService = take(2, 'uncollected', { of: 'healthService' })
    take(3, 'uncollected', { of: 'goods' })
    const discount = take(4, 'discountAtPayment').plus(take(5, 'multiUseVoucher'))
    const ticket = take(6, 'ticket', { count: 1 + ((pays[6] as number) % 4) })
    if (!ticket.zero) tickets = 1 + ((pays[6] as number) % 4)
    const electronic = take(7, 'electronic').plus(take(8, 'transfer'))
    const cheque = take(9, 'cheque')
    const onlyCash = payments.length === 0 && !left.zero
    const kept = onlyCash && this.#day.cashRounding ? roundedToFive(left) : left
    if (!left.zero) payments.push({ kind: 'cash', amount: written(this.#tender(left, kept, pays[10] as number), false) })
    const down = kept.below(left) ? left.minus(kept) : ZERO
    const paid = { cash: kept.plus(cheque), electronic, discount: discount.plus(down), ticket, tickets }
    return { payments, paid, open: { services, invoice, healthService } }
  }

  // Exact, or more than is due: change comes back and counts nowhere.
  #tender(left: Fraction, kept: Fraction, chance: number): Fraction {
    const most = kept.below(left) ? left : kept
    return chance < 50 ? left : most.plus(euros(BigInt(chance) * 5n))
  }

  async #annul(sold: Sold): Promise<void> {
    if (sold.parts.some(({ group, sales }) => sales.minus(sold.left.get(group) as Fraction).n !== 0n)) return
    await this.device.ok({ type: 'void', reference: { key: sold.key } })
    sold.voided = true
    this.#document('void', sold.parts, NOTHING)
  }

  // Part of every group that has something left; of what was left uncollected, at most what is still open.
  async #takeBack(sold: Sold, { pays, pick }: Act): Promise<void> {
    const naive: NaiveLine[] = []
    const lines: object[] = []
    for (const [i, { group }] of sold.parts.entries()) {
      const back = part(sold.left.get(group) as Fraction, pick % 2 === 0 ? 100 : (pays[i % 12] as number))
      if (back.zero) continue
      naive.push({ kind: 'sold', amount: back, group })
      lines.push({ description: 'Reso', amount: written(back, false), ...vatOf(group) })
    }
    if (naive.length === 0) return
    const parts = partsOf(naive)
    const payments: object[] = []
    let left = total(parts)
    const opened = { services: ZERO, invoice: ZERO, healthService: ZERO }
    for (const of of ['services', 'invoice', 'healthService'] as const) {
      opened[of] = sold.open[of].below(left) ? sold.open[of] : left
      left = left.minus(opened[of])
      sold.open[of] = sold.open[of].minus(opened[of])
      if (!opened[of].zero) payments.push({ kind: 'uncollected', of, amount: written(opened[of], true) })
    }
    if (payments.length > 0 && !left.zero) payments.push({ kind: 'cash', amount: written(left, true) })
    leaveOpen(parts, { services: opened.services, invoice: opened.invoice, health: opened.healthService })
    await this.device.ok({
      type: 'return',
      reference: { key: sold.key },
      lines,
      ...(payments.length > 0 && { payments }),
    })
    for (const { kind: _kind, amount: cents, group } of naive)
      sold.left.set(group as NaiveGroup, (sold.left.get(group as NaiveGroup) as Fraction).minus(cents))
    this.#document('return', parts, NOTHING)
  }

  // The original is not in this device: only the paper says what it was.
  async #foreign(one: Act): Promise<void> {
    const { lines, naive } = this.#say({ ...one, changes: [] })
    const kind = one.pick % 2 === 0 ? 'return' : 'void'
    await this.device.ok({ type: kind, lines, reference: { other: 'ND', date: '2026-11-02' } })
    this.#document(kind, partsOf(naive), NOTHING)
  }
}

function roundedToFive(value: Fraction): Fraction {
  const by = [0, -1, -2, 2, 1, 0, -1, -2, 2, 1][Number(centsOf(value) % 10n)] as number
  return value.plus(euros(by))
}

/** Figures of a file of daily receipts, read by a parser this package does not use. */
export function readFile(xml: string): NaiveFile {
  const root = new DOMParser().parseFromString(xml, 'text/xml').documentElement
  const leaves = (name: string): Record<string, string>[] =>
    [...(root?.getElementsByTagName(name) ?? [])].map((element) =>
      Object.fromEntries(
        [...element.getElementsByTagName('*')]
          .filter((one) => one.getElementsByTagName('*').length === 0)
          .map((one) => [one.localName ?? '', one.textContent ?? '']),
      ),
    )
  return { rows: leaves('Riepilogo'), totals: leaves('Totali')[0] ?? {} }
}

/** What is wrong with a day's files, or undefined. */
export async function wrongWith(day: Day): Promise<string | undefined> {
  const { activityCodes, cashRounding } = day
  const device = await openDevice({
    activityCodes,
    cashRounding,
    extraRates: EXTRA,
    ...(activityCodes && { defaultActivity: 471_100 }),
  })
  const expected = await new Play(device, day).run()
  const closings = await device.records('it.closing')
  const files = closings.map((record) => readFile(xmlOf(record)))
  if (activityCodes) for (const { rows } of expected) for (const row of rows) row['CodiceAttivita'] ??= '471100'
  if (files.length !== expected.length) return `${files.length} closings, ${expected.length} expected`
  for (const [i, file] of files.entries()) {
    const [is, due] = [text(file), text(expected[i] as NaiveFile)]
    if (is !== due) return `closing ${i + 1} says\n${is}\nand not\n${due}`
  }
  const progressive = closings.map(({ payload }) => (payload as unknown as ClosingPayload).progressive)
  return progressive.every((one, i) => one === i + 1) ? undefined : `numbers ${progressive.join()}`
}

const xmlOf = (record: FiscalRecord): string =>
  fromUtf8(renderMessage(record, (record.payload as unknown as ClosingPayload).progressive, 'rt')) as string

// Rows in their order, their elements in any: order inside a row is the schema's business.
function text({ rows, totals }: NaiveFile): string {
  const sorted = (one: Readonly<Record<string, string>>): object =>
    Object.fromEntries(Object.entries(one).sort(([a], [b]) => (a < b ? -1 : 1)))
  return JSON.stringify({ rows: rows.map(sorted), totals: sorted(totals) }, null, 1)
}
