// Taking records into the state: the only place it changes. Every record of the journal passes here in order.
import type { FiscalRecord, JsonObject } from '@sigillo/core'
import { accumulate } from './document.js'
import { countsOf, foldOutcome, foldTransmission, owedMessage } from './outbox.js'
import type { ClosingPayload, DocumentPayload, LotteryPayload } from './payload.js'
import { TAKEN_BACK } from './reference.js'
import type { RequestOf } from './request-types.js'
import { afterClosing, type PosLink, type State, type Till } from './state.js'

/** Takes one record into the state. A record whose payload was purged changes nothing. */
export function fold(state: State, record: FiscalRecord): void {
  const { type } = record.body
  if (record.payload === null || !Object.hasOwn(folds, type) || !hasHonestNames(record.payload)) return
  const moment = (record.payload as { moment?: unknown }).moment
  if (typeof moment === 'string') state.shownMs = Math.max(state.shownMs, Date.parse(moment))
  folds[type]?.(state, record)
}

const TILL = /^(?:[0-9A-Z]{8})?$/
const GROUP = /^(?:\d{1,5}|N[1-6]|VI)(?::\d{1,6})?$/

// Names become members of the state: those no device writes must not reach it, whoever holds the key (a till `__proto__`).
function hasHonestNames(payload: FiscalRecord['payload']): boolean {
  const { till, groups, reference } = payload as { till?: unknown; groups?: unknown; reference?: { seq?: unknown } | null }
  if (till !== undefined && (typeof till !== 'string' || !TILL.test(till))) return false
  if (reference?.seq !== undefined && !Number.isSafeInteger(reference.seq)) return false
  if (groups === undefined) return true
  return Array.isArray(groups) && groups.every((one: { group?: unknown } | null) => GROUP.test(String(one?.group)))
}

const folds: Readonly<Record<string, (state: State, record: FiscalRecord) => void>> = {
  'it.sale': foldDocument,
  'it.return': foldDocument,
  'it.void': foldDocument,
  'it.closing': foldClosing,
  'it.transmission': foldTransmission,
  'it.outcome': foldOutcome,
  'it.lottery': foldBatch,
  'it.event': foldEvent,
  'it.journal': foldJournal,
}

function foldDocument(state: State, record: FiscalRecord): void {
  const document = record.payload as unknown as DocumentPayload
  const till = state.tills[document.till]
  if (till === undefined) return
  const { seq } = record.body
  if (till.openedDate === '') openPeriod(till, document.moment)
  if (till.n === 0) till.firstSeq = seq
  till.n = document.n
  till.lastSeq = seq
  till.groups = accumulate(till.groups, document.kind, document.groups)
  till.grand[({ sale: 'sales', return: 'returns', void: 'voids' } as const)[document.kind]] += document.total
  if (document.kind === 'sale') addPayments(state, till, document)
  else mark(state, document)
  if (document.lottery?.queued === true && joinsLottery(document)) {
    state.lottery.items.push({ seq, till: document.till, date: document.moment.slice(0, 10) })
    countsOf(state, document.till).waiting += 1
  } else if (document.lottery !== undefined) countsOf(state, document.till).excluded += 1
}

const joinsLottery = ({ kind, reference }: DocumentPayload): boolean =>
  kind === 'sale' || (reference !== undefined && !('other' in reference))

function openPeriod(till: Till, moment: string): void {
  till.openedDate = moment.slice(0, 10)
  till.openedAt = moment
}

function addPayments(
  state: State,
  till: Till,
  { cash, electronic, discount, ticket, tickets, payments, moment }: DocumentPayload,
): void {
  const { totals } = till
  totals.cash += cash
  totals.electronic += electronic
  totals.discount += discount
  totals.ticket += ticket
  totals.tickets += tickets
  for (const { posId, amount, kind } of payments) {
    if (kind !== 'electronic') continue
    const name = `${moment.slice(0, 7)}|${posId ?? ''}`
    state.posTotals[name] = (state.posTotals[name] ?? 0) + amount
  }
}

function mark(state: State, { kind, reference, groups, uncollected }: DocumentPayload): void {
  if (reference === undefined || 'other' in reference || reference.seq === undefined) return
  const found = (state.marks[String(reference.seq)] ??= {})
  if (kind === 'void') found.voided = true
  else {
    const returned = (found.returned ??= {})
    for (const { group, sales, gifts, suspended } of groups) {
      returned[group] = (returned[group] ?? 0) + sales
      if (gifts === 0 && suspended === 0) continue
      const freed = ((found.freed ??= {})[group] ??= { gifts: 0, suspended: 0 })
      freed.gifts += gifts
      freed.suspended += suspended
    }
    for (const of of TAKEN_BACK) if (uncollected[of] !== 0) (found.open ??= {})[of] = (found.open[of] ?? 0) + uncollected[of]
  }
}

function foldClosing(state: State, record: FiscalRecord): void {
  const closing = record.payload as unknown as ClosingPayload
  const till = state.tills[closing.till]
  if (till === undefined) return
  const next = afterClosing(till)
  if (till.n > 0) next.periods = [...till.periods, [closing.z, till.firstSeq, till.lastSeq]]
  next.z = closing.z
  next.coveredTo = (closing.inactive?.to ?? closing.moment).slice(0, 10)
  state.tills[closing.till] = next
  state.progressive = closing.progressive
  state.interventions = state.interventions.slice(closing.interventions.length)
  state.reports = state.reports.slice(closing.reports.length)
  state.outbox.push(owedMessage(record, { lane: 'receipts', progressive: closing.progressive, till: closing.till, what: '' }))
}

function foldBatch(state: State, record: FiscalRecord): void {
  const { till, documents } = record.payload as unknown as LotteryPayload
  const taken = new Set(documents.map(({ seq }) => seq))
  state.lottery.items = state.lottery.items.filter(({ seq }) => !taken.has(seq))
  state.lottery.lastBatchMs = Date.parse(record.body.ts)
  const counts = countsOf(state, till)
  counts.waiting -= taken.size
  counts.sent += taken.size
  state.outbox.push(owedMessage(record, { lane: 'lottery', progressive: 0, till, what: '' }))
}

function foldEvent(state: State, record: FiscalRecord): void {
  const payload = record.payload as JsonObject
  const kind = String(payload['kind'])
  if (payload['to'] === 'FUORI_SERVIZIO' || payload['event'] === 'FUORI_SERVIZIO')
    state.outSince = String(payload['moment']).slice(0, 10)
  if (kind === 'life') state.device = payload['to'] as State['device']
  else if (kind === 'activate') state.merchantNext = payload['merchant'] as unknown as State['merchant']
  if (kind === 'life') return
  const what = kind === 'event' ? String(payload['event']) : kind
  state.outbox.push(owedMessage(record, { lane: kind === 'event' ? 'event' : 'setup', progressive: 0, till: '', what }))
}

function foldJournal(state: State, record: FiscalRecord): void {
  const payload = record.payload as JsonObject
  const handler = journal[String(payload['kind'])]
  handler?.(state, payload)
}

const journal: Readonly<Record<string, (state: State, payload: JsonObject) => void>> = {
  open: (state, payload) => {
    const till = state.tills[String(payload['till'])]
    if (till !== undefined) openPeriod(till, String(payload['moment']))
  },
  // A technician's work seals the device again and goes into the next closing.
  intervention: (state, payload) => {
    const request = payload as unknown as RequestOf<'intervention'>
    state.interventions.push(payload)
    if (state.seal === 'tampered') state.initialisations += 1
    state.seal = 'sealed'
    if (request.nextVerificationDue !== undefined) state.verificationDue = request.nextVerificationDue
  },
  report: (state, payload) => void state.reports.push(payload),
  tamper: (state) => void (state.seal = 'tampered'),
  unseal: (state) => void (state.seal = state.seal === 'tampered' ? 'tampered' : 'open'),
  clock: (state) => void (state.skewMs = 0),
  qrCode: (state, payload) => void (state.qr = String(payload['text'])),
  memory: (state, payload) => void (state.memoryPercent = Number(payload['percent'])),
  emergency: (state, payload) => void (state.emergency = Number(payload['number'])),
  posLink: (state, payload) => {
    const link = posLink(payload as unknown as RequestOf<'posLink'>)
    state.pos = [...state.pos.filter((one) => one.posId !== link.posId || one.validFrom !== link.validFrom), link]
  },
}

function posLink({
  posId,
  tillId = '',
  acquirerVat = '',
  localUnitAddress,
  validFrom,
  validTo = '',
  declaredOnPortalAt = '',
}: RequestOf<'posLink'>): PosLink {
  return { posId, tillId, acquirerVat, localUnitAddress, validFrom, validTo, declaredOnPortalAt }
}
