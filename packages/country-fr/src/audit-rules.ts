// What a French record must state, recomputed (5.6): figures of a document from its request, a closing from the state before it,
// an archive from the closing it ends with.
import { canonical } from '@sigillo/core'
import { events } from './events.js'
import { figuresOf, forcedFigures, type Figures } from './figures.js'
import { parseSale, storedParts } from './parse.js'
import type { ClosingPayload, PaymentPayload, SalePayload } from './payload.js'
import { LEVELS, type LevelName, type State } from './state.js'
import { withoutZeros, type Totals } from './totals.js'

/** Code, place and meaning of a fault. */
export type Fault = readonly [code: string, where: string, message: string]

type Loose = Readonly<Record<string, unknown>>
const same = (a: unknown, b: unknown): boolean => canonical(a) === canonical(b)

/** Figures of ticket, invoice, note and payment, from the lines and payments of the request. */
export function auditFigures(type: string, payload: Loose, faults: Fault[]): void {
  const request = payload['request'] as Loose | undefined
  if (request === undefined) {
    faults.push(['FR_FIGURES_WRONG', 'payload.request', 'the request is missing'])
    return
  }
  // Only an invoice of tickets stands outside the totals, because they have been counted (11.5).
  const covering = type === 'invoice' && request['covers'] !== undefined
  if ((payload['counted'] === false) !== covering)
    faults.push(['FR_FIGURES_WRONG', 'payload.counted', covering ? 'counted a second time' : 'left out of the totals'])
  const figures = figuresFrom(payload as unknown as SalePayload, request)
  const stated = payload as unknown as SalePayload & PaymentPayload
  const expected = type === 'payment' ? { pay: figures.pay, total: figures.paid } : saleFigures(figures)
  for (const [name, value] of Object.entries(expected)) {
    if (!same(stated[name as keyof typeof stated] ?? null, value ?? null))
      faults.push(['FR_FIGURES_WRONG', `payload.${name}`, `${name} is not what the request gives`])
  }
}

function figuresFrom(payload: SalePayload, request: Loose): Figures {
  // Recorded in spite of a refusal: read the way it was read then.
  if (payload.degraded?.forced !== undefined) return forcedFigures(storedParts(request))
  // VAT the till supplied is what was recorded; the same tolerance is applied again.
  return figuresOf(parseSale(request as never), undefined, true)
}

function saleFigures(figures: Figures): Loose {
  const { lines, vat, turnover, outside, pay, discounts } = figures
  return {
    lines,
    vat,
    total: turnover.ttc,
    ht: turnover.ht,
    tax: turnover.vat,
    outside: outside === 0 ? undefined : outside,
    pay,
    discounts,
  }
}

/** A closing: sums, levels, grand totals and heads as the records before it give them. Unknown levels are not judged. */
export function auditClosing(
  state: State,
  loose: Loose,
  heads: ReadonlyMap<string, { readonly tseq: number; readonly hash: string }> | undefined,
  faults: Fault[],
): void {
  const payload = loose as unknown as ClosingPayload
  const wrong = (name: string): void =>
    void faults.push(['FR_CLOSING_WRONG', `payload.${name}`, `${name} is not what the records before give`])
  const own = LEVELS.includes(payload.kind as LevelName) ? (payload.kind as LevelName) : 'day'
  const { totals } = payload
  if (
    !same(
      [payload.vat, payload.total, payload.ht, payload.tax, payload.pay],
      [totals.rates, totals.ttc, totals.ht, totals.vat, totals.pay],
    )
  )
    wrong('total')
  if (state.blind) return
  if (!same(totals, state.levels[own].totals)) wrong('totals')
  for (const name of LEVELS)
    if (payload.levels[name] !== undefined && !same(payload.levels[name], state.levels[name])) wrong(`levels.${name}`)
  if (!same(payload.closed, state.closed)) wrong('closed')
  if (!same(payload.perpetual, state.perpetual)) wrong('perpetual')
  const level = state.levels[own]
  if (level.from !== '' && (payload.from !== level.from || payload.to !== state.to)) wrong('from')
  for (const [type, { tseq, hash }] of heads ?? []) {
    const stated = payload.heads[type]
    if (stated === undefined || stated.tseq !== tseq || stated.hash !== hash) wrong(`heads.${type}`)
  }
}

/** An event must have a listed code. */
export function auditEvent(payload: Loose, faults: Fault[]): void {
  const code = Number(payload['code'])
  if (events[code] === undefined && !(code >= 900 && code <= 999))
    faults.push(['FR_EVENT_UNKNOWN', 'payload.code', `${String(payload['code'])} is not a listed event`])
}

/** Totals of an archive, from the closing it ends with; not judged when that closing was not read. */
export function auditArchive(payload: Loose, expected: Totals | undefined, faults: Fault[]): void {
  if (expected !== undefined && !same(payload['totals'], withoutZeros(expected)))
    faults.push(['FR_ARCHIVE_WRONG', 'payload.totals', 'the totals are not those of the range'])
  const totals = payload['totals'] as Totals
  if (!same([payload['vat'], payload['total']], [totals.rates, totals.ttc]))
    faults.push(['FR_ARCHIVE_WRONG', 'payload.total', 'the total is not that of its parts'])
}
