// A second way to the figures of a closing (8.1 to 8.4), for comparing: exact fractions of euros, sums over what the till sent, nothing
// taken from the arithmetic of this package. Slow and plain on purpose.

/** A fraction, always exact. */
export class Fraction {
  readonly n: bigint
  readonly d: bigint

  constructor(n: bigint | number, d: bigint | number = 1n) {
    this.n = BigInt(n)
    this.d = BigInt(d)
  }
  plus(other: Fraction): Fraction {
    return new Fraction(this.n * other.d + other.n * this.d, this.d * other.d).lowest()
  }
  minus(other: Fraction): Fraction {
    return this.plus(new Fraction(-other.n, other.d))
  }
  times(other: Fraction): Fraction {
    return new Fraction(this.n * other.n, this.d * other.d).lowest()
  }
  over(other: Fraction): Fraction {
    const sign = other.n < 0n ? -1n : 1n
    return new Fraction(sign * this.n * other.d, sign * this.d * other.n).lowest()
  }
  below(other: Fraction): boolean {
    return this.n * other.d < other.n * this.d
  }
  get zero(): boolean {
    return this.n === 0n
  }
  private lowest(): Fraction {
    let [a, b] = [this.n < 0n ? -this.n : this.n, this.d]
    while (b !== 0n) [a, b] = [b, a % b]
    return a <= 1n ? this : new Fraction(this.n / a, this.d / a)
  }
  /** To the nearest cent, halves away from zero: as a fraction of whole cents. */
  rounded(): Fraction {
    const hundredfold = this.n * 100n
    const magnitude = hundredfold < 0n ? -hundredfold : hundredfold
    const whole = magnitude / this.d + ((magnitude % this.d) * 2n >= this.d ? 1n : 0n)
    return new Fraction(hundredfold < 0n ? -whole : whole, 100n)
  }
  /** `-12.30`. @throws Error unless it is whole cents */
  text(): string {
    const cents = this.n * 100n
    if (cents % this.d !== 0n) throw new Error(`${this.n}/${this.d} is not whole cents`)
    const magnitude = String(cents < 0n ? -cents / this.d : cents / this.d).padStart(3, '0')
    return `${cents < 0n ? '-' : ''}${magnitude.slice(0, -2)}.${magnitude.slice(-2)}`
  }
}

export const ZERO: Fraction = new Fraction(0n)
/** Whole cents as a fraction of euros. */
export const euros = (cents: bigint | number): Fraction => new Fraction(cents, 100n)
const sum = (all: Iterable<Fraction>): Fraction => [...all].reduce((a, b) => a.plus(b), ZERO)

/** A VAT group: rate in percent as text (`22`, `5.5`), nature, or `VI`; activity code or none. */
export interface NaiveGroup {
  readonly vat: string
  readonly activity: number | undefined
}
const nameOf = ({ vat, activity }: NaiveGroup): string => `${vat}/${activity ?? ''}`
const isRate = (vat: string): boolean => /^\d/.test(vat)

/** A line of a document as it counts: what it does to its group. */
export interface NaiveLine {
  readonly kind: 'sold' | 'less' | 'more' | 'gift' | 'redeemed'
  readonly amount: Fraction
  /** Absent for a discount or surcharge on the whole document so far. */
  readonly group?: NaiveGroup
}

/** What a document adds to one group. */
export interface NaivePart {
  readonly group: NaiveGroup
  gross: Fraction
  sales: Fraction
  gifts: Fraction
  suspended: Fraction
  services: Fraction
  invoice: Fraction
  health: Fraction
}
const OPEN = ['services', 'invoice', 'health'] as const

/** Order of rows: high rates first, natures by number, VI last; then activity. */
function inOrder(a: NaiveGroup, b: NaiveGroup): number {
  const place = ({ vat }: NaiveGroup): number => (isRate(vat) ? 1000 - Number(vat) : vat === 'VI' ? 9000 : 2000 + Number(vat[1]))
  return place(a) - place(b) || (a.activity ?? 0) - (b.activity ?? 0)
}

/** An amount over groups by their gross, cent by cent to whoever is furthest below its exact share (8.4). */
export function share(amount: Fraction, parts: readonly NaivePart[]): Fraction[] {
  const weights = parts.map(({ gross }) => (gross.n < 0n ? ZERO : gross))
  const whole = sum(weights)
  if (whole.zero) return parts.map(() => ZERO)
  const exact = weights.map((weight) => amount.times(weight).over(whole))
  const given = exact.map((one) => new Fraction((one.n * 100n) / one.d, 100n))
  let left = amount.minus(sum(given))
  const lacking = parts
    .map((part, i) => ({ i, part, lacks: (exact[i] as Fraction).minus(given[i] as Fraction) }))
    .sort((a, b) => {
      if (a.lacks.below(b.lacks)) return 1
      if (b.lacks.below(a.lacks)) return -1
      const [x, y] = [weights[a.i] as Fraction, weights[b.i] as Fraction]
      return x.below(y) ? 1 : y.below(x) ? -1 : inOrder(a.part.group, b.part.group)
    })
  for (const { i } of lacking) {
    if (left.zero) break
    given[i] = (given[i] as Fraction).plus(euros(1))
    left = left.minus(euros(1))
  }
  return given
}

/** Groups of a document, of its lines one after the other. */
export function partsOf(lines: readonly NaiveLine[]): NaivePart[] {
  const parts = new Map<string, NaivePart>()
  const at = (group: NaiveGroup): NaivePart => {
    const found = parts.get(nameOf(group))
    if (found !== undefined) return found
    const fresh = { group, gross: ZERO, sales: ZERO, gifts: ZERO, suspended: ZERO, services: ZERO, invoice: ZERO, health: ZERO }
    parts.set(nameOf(group), fresh)
    return fresh
  }
  for (const { kind, amount, group } of lines) {
    const all = [...parts.values()]
    const shares =
      group === undefined
        ? share(amount, all).map((part, i) => [all[i] as NaivePart, part] as const)
        : [[at(group), amount] as const]
    for (const [part, cents] of shares) {
      if (kind === 'sold' || kind === 'more') [part.gross, part.sales] = [part.gross.plus(cents), part.sales.plus(cents)]
      else if (kind === 'less') [part.gross, part.sales] = [part.gross.minus(cents), part.sales.minus(cents)]
      else if (kind === 'gift') [part.gross, part.gifts] = [part.gross.minus(cents), part.gifts.plus(cents)]
      else [part.gross, part.suspended] = [part.gross.minus(cents), part.suspended.plus(cents)]
    }
  }
  return [...parts.values()].sort((a, b) => inOrder(a.group, b.group))
}

/** What is not collected of a document, over its groups. */
export function leaveOpen(parts: readonly NaivePart[], open: Readonly<Record<(typeof OPEN)[number], Fraction>>): void {
  for (const of of OPEN) for (const [i, cents] of share(open[of], parts).entries()) (parts[i] as NaivePart)[of] = cents
}

/** Payments of a document as they count. */
export interface NaivePaid {
  readonly cash: Fraction
  readonly electronic: Fraction
  readonly discount: Fraction
  readonly ticket: Fraction
  readonly tickets: number
}

/** Documents since the last closing. */
export interface NaivePeriod {
  readonly documents: {
    readonly kind: 'sale' | 'return' | 'void'
    readonly parts: readonly NaivePart[]
    readonly paid: NaivePaid
  }[]
}

/** The elements of a file of daily receipts that hold figures, as text, in order. */
export interface NaiveFile {
  readonly rows: Record<string, string>[]
  readonly totals: Record<string, string>
}

/** The file of a period. */
export function fileOf({ documents }: NaivePeriod): NaiveFile {
  const groups = new Map(documents.flatMap(({ parts }) => parts.map(({ group }) => [nameOf(group), group] as const)))
  const rows = [...groups.values()].sort(inOrder).flatMap((group) => {
    const of = (name: Exclude<keyof NaivePart, 'group'>, kinds: Readonly<Record<string, number>>): Fraction =>
      sum(
        documents.flatMap(({ kind, parts }) =>
          parts
            .filter((part) => nameOf(part.group) === nameOf(group))
            .map((part) => part[name].times(new Fraction(kinds[kind] ?? 0))),
        ),
      )
    const both = { sale: 1, return: -1, void: -1 }
    const figures = {
      Ammontare: of('sales', { sale: 1 }),
      TotaleAmmontareResi: of('sales', { return: 1 }),
      TotaleAmmontareAnnulli: of('sales', { void: 1 }),
      BeniInSospeso: of('suspended', both),
      NonRiscossoServizi: of('services', both),
      NonRiscossoFatture: of('invoice', both),
      NonRiscossoDCRaSSN: of('health', both),
      NonRiscossoOmaggio: of('gifts', both),
    }
    return Object.values(figures).every((one) => one.zero) ? [] : [rowOf(group, figures)]
  })
  const total = (name: Exclude<keyof NaivePaid, 'tickets'>): Fraction =>
    sum(documents.filter(({ kind }) => kind === 'sale').map(({ paid }) => paid[name]))
  const tickets = documents.filter(({ kind }) => kind === 'sale').reduce((all, { paid }) => all + paid.tickets, 0)
  const totals = {
    NumeroDocCommerciali: String(documents.length),
    ...unlessZero('PagatoContanti', total('cash')),
    ...unlessZero('PagatoElettronico', total('electronic')),
    ...unlessZero('ScontoApagare', total('discount')),
    ...(tickets > 0 && { PagatoTicket: total('ticket').text(), NumeroTicket: String(tickets) }),
  }
  return { rows: rows.length > 0 ? rows : [{ Natura: 'N4', Ammontare: '0.00', ImportoParziale: '0.00' }], totals }
}

const unlessZero = (name: string, value: Fraction): Record<string, string> => (value.zero ? {} : { [name]: value.text() })

function rowOf({ vat, activity }: NaiveGroup, gross: Readonly<Record<string, Fraction>>): Record<string, string> {
  const net = (amount: Fraction): Fraction =>
    isRate(vat) ? amount.over(new Fraction(1).plus(percent(vat).over(new Fraction(100)))).rounded() : amount
  const { Ammontare, NonRiscossoOmaggio, ...less } = gross as Record<string, Fraction> & {
    Ammontare: Fraction
    NonRiscossoOmaggio: Fraction
  }
  // Gifts are taxed: they stay in what the tax is due on.
  const partial = Object.values(less).reduce((rest, one) => rest.minus(one), Ammontare)
  const row: Record<string, string> = isRate(vat)
    ? { AliquotaIVA: percent(vat).text(), Imposta: partial.minus(net(partial)).text() }
    : vat === 'VI'
      ? { VentilazioneIVA: 'SI' }
      : { Natura: vat }
  row['Ammontare'] = net(Ammontare).text()
  row['ImportoParziale'] = net(partial).text()
  for (const [name, amount] of [...Object.entries(less), ['NonRiscossoOmaggio', NonRiscossoOmaggio] as const])
    if (!net(amount).zero) row[name] = net(amount).text()
  if (activity !== undefined) row['CodiceAttivita'] = String(activity)
  return row
}

function percent(vat: string): Fraction {
  const [whole = '', part = ''] = vat.split('.')
  return new Fraction(BigInt(whole + part), 10n ** BigInt(part.length))
}
