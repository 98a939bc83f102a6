// A neutral country for tests and benches, profile XX: tickets, invoices and closings with a running total per type and one
// over all, signed in the open as `x.gt`. Complete by the Country port, and no country's law.
import { FiscalError, sealOf } from '@sigillo/core'
import type {
  Country,
  DecideContext,
  Decision,
  Draft,
  FiscalRecord,
  Json,
  JsonObject,
  Notice,
  Place,
  PrintItem,
} from '@sigillo/core'
import { bareAuditor } from './bare-audit.js'
import { parseBareRequest, type BareRequest } from './bare-request.js'
import { centsIn, foldBare, initialBare, restoreBare, totalsOfBare, type BareState } from './bare-state.js'

/** What a test wants of the bare country. */
export interface BareOptions {
  /** Journals every notice of the queue as an `event` record; off by default. */
  readonly notices?: boolean
  /** Accepts `of`, which makes every decision wait for a lookup; off by default. */
  readonly refunds?: boolean
}

/** What {@link Country.gather} finds: the record a refund takes back. */
export interface BareNeeds {
  readonly original: FiscalRecord | undefined
}

/**
 * The bare country.
 * @example
 * const queue = await createQueue({ country: bareCountry(), storage: memoryStorage(), signer })
 * await queue.record({ type: 'ticket', key: 'A-1', amount: 1250 })
 */
export function bareCountry(options: BareOptions = {}): Country<BareRequest, BareState, BareNeeds | undefined> {
  return {
    profile: 'XX',
    parse: (input) => {
      const request = parseBareRequest(input)
      if (request.of === undefined || options.refunds === true) return request
      throw new FiscalError('REQUEST_INVALID', { message: 'of: this country was made without refunds', path: 'of' })
    },
    initial: initialBare,
    ...(options.refunds === true && {
      gather: async (_state, { of }, lookup) => ({ original: of === undefined ? undefined : await lookup.byKey(of) }),
    }),
    decide,
    fold: foldBare,
    totals: totalsOfBare,
    restore: restoreBare,
    print: printBare,
    answer: ({ body }) => ({ number: numberOf(body.type, body.tseq), ...(body.x !== undefined && { gt: String(body.x['gt']) }) }),
    auditor: bareAuditor,
    nationalCode: (code) => (code === 'KEY_REUSED' ? 'XX_KEY_REUSED' : undefined),
    ...(options.notices === true && { react }),
  }
}

function decide(state: BareState, request: BareRequest, { needs }: DecideContext<BareNeeds | undefined>): Decision {
  const { type, amount, events, of } = request
  if (type === 'invoice' && amount < 0)
    throw new FiscalError('XX_INVOICE_NEGATIVE', { message: 'an invoice cannot be negative', path: 'amount' })
  if (of !== undefined && needs?.original === undefined)
    throw new FiscalError('XX_ORIGINAL_MISSING', { message: `nothing was registered as ${of}`, path: 'of' })
  const noted = Array.from({ length: events }, (_, i) => eventDraft({ kind: 'note', index: i }))
  const draft = type === 'closing' ? closingDraft(state) : saleDraft(state, request)
  if (type !== 'closing') return { drafts: [draft, ...noted] }
  // A closing follows its events, so the record that answers is not the first one.
  return { drafts: [...noted, draft], closing: true, ends: request.ends }
}

function saleDraft(state: BareState, { type, amount, lines, of }: BareRequest): Draft {
  const gt = state.gt + BigInt(amount)
  const total = (state.totals.get(type) ?? 0n) + BigInt(amount)
  return {
    type,
    principal: true,
    write: (place: Place) => ({
      payload: {
        amount,
        number: numberOf(type, place.tseq),
        ...(lines.length > 0 && { lines: lines.map((line) => ({ ...line })) }),
        ...(of !== undefined && { of }),
      },
      x: { amount, ds: dataString(place, type, amount), gt: String(gt), total: String(total) },
    }),
  }
}

function closingDraft(state: BareState): Draft {
  const totals = totalsOfBare(state)
  return {
    type: 'closing',
    principal: true,
    write: (place: Place) => ({
      payload: { number: numberOf('closing', place.tseq), period: state.closings + 1, totals },
      x: { ds: dataString(place, 'closing', 0), gt: String(state.gt) },
    }),
  }
}

function eventDraft(payload: JsonObject): Draft {
  return { type: 'event', write: () => ({ payload }) }
}

// What a law would prescribe as a data string: number, moment, amount, and the signature before it in the same chain.
function dataString(place: Place, type: string, amount: number): string {
  return [place.tseq, place.ts, amount, place.head(type)?.sig ?? ''].join(',')
}

function react(_state: BareState, notice: Notice): Decision {
  return { drafts: [eventDraft(JSON.parse(JSON.stringify(notice)) as JsonObject)] }
}

const LETTERS: Readonly<Record<string, string>> = { ticket: 'T', invoice: 'I', closing: 'G', event: 'E' }

function numberOf(type: string, tseq: number): string {
  return `${LETTERS[type] ?? type}-${tseq}`
}

function printBare(record: FiscalRecord): readonly PrintItem[] {
  const { body, payload } = record
  const lines = ((payload as { lines?: Json } | null)?.lines ?? []) as readonly { text: string; amount: number }[]
  return [
    { kind: 'title', text: numberOf(body.type, body.tseq), mandatory: true },
    ...lines.map(({ text, amount }): PrintItem => ({ kind: 'pair', text, right: decimal(BigInt(amount)) })),
    { kind: 'rule', text: '' },
    { kind: 'pair', text: 'Total', right: decimal(centsIn(body.x?.['amount'])), mandatory: true },
    { kind: 'text', text: body.ts, mandatory: true },
    { kind: 'qr', text: sealOf(record), mandatory: true },
  ]
}

function decimal(cents: bigint): string {
  const digits = String(cents < 0n ? -cents : cents).padStart(3, '0')
  return `${cents < 0n ? '-' : ''}${digits.slice(0, -2)}.${digits.slice(-2)}`
}
