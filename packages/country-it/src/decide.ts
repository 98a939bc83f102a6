// From a request to the records it becomes: guards first, then the rules of its kind. Nothing here changes the state.
import type { DecideContext, Decision, Draft, JsonObject } from '@sigillo/core'
import { closingDue, closingOf, inactivityOf } from './closing.js'
import { decideDevice } from './device.js'
import { draft, one } from './drafts.js'
import { checkPeriod, contentOf, type DocumentRequest } from './document.js'
import { refuse } from './errors.js'
import { needMemory, needNewPeriod, needSeal, needState, needTrueClock, shownMoment, standingWarnings, tillOf } from './guards.js'
import { lotteryEntry } from './lottery.js'
import type { Settings } from './options.js'
import { outcomeOf, transmissionOf } from './outbox.js'
import type { ClosingPayload, DocumentPayload, LotteryPayload } from './payload.js'
import { documentOf, type Needs } from './reference.js'
import type { ItalianRequest, RequestOf } from './request-types.js'
import { afterClosing, type State } from './state.js'
import { dateTime } from './time.js'

const WORKING = ['ATTIVATO', 'IN_SERVIZIO'] as const

/** The records a request becomes. @throws FiscalError when it is refused */
export function decide(settings: Settings, state: State, request: ItalianRequest, context: DecideContext<Needs>): Decision {
  switch (request.type) {
    case 'sale':
    case 'return':
    case 'void':
      return decideDocument(settings, state, request.type, request.input, context)
    case 'closing':
      return decideClosing(settings, state, request.input, context)
    case 'inactivity':
      return decideInactivity(settings, state, request.input, context)
    case 'lottery':
      return decideBatch(settings, state, request.input, context)
    case 'transmission':
      return one('it.transmission', transmissionOf(state, request.input, context.needs.source))
    case 'outcome':
      return one('it.outcome', outcomeOf(state, request.input, context.needs.made, context.needs.source))
    default:
      return decideDevice(settings, state, request, context)
  }
}

function decideDocument(
  settings: Settings,
  state: State,
  kind: DocumentPayload['kind'],
  request: DocumentRequest,
  context: DecideContext<Needs>,
): Decision {
  needState(state, WORKING, 'a document')
  needSeal(state)
  needMemory(state)
  const atMs = shownMoment(state, context)
  const { id, till: found } = tillOf(settings, state, request.till)
  const due = closingDue(settings, found, atMs)
  if (due) needTrueClock(state)
  const closing = due
    ? closingOf(settings, state, { id, till: found, atMs, progressive: state.progressive + 1, automatic: true, carries: true })
    : undefined
  const till = closing === undefined ? found : afterClosing(found)
  if (till.openedDate === '') needNewPeriod(state, till, atMs)
  const [z, n] = [till.z + 1, till.n + 1]
  if (request.number !== undefined && (request.number.z !== z || request.number.n !== n))
    throw refuse('IT_TILL_NUMBER', `the next document is ${z}-${n}`, { path: 'number', z, n })
  const moment = dateTime(settings.zone, atMs)
  const content = contentOf(settings, state, kind, request, context.needs.original, { till: id, date: moment.slice(0, 10) })
  checkPeriod(till, kind, content.groups)
  const { warnings, ...rest } = content
  const payload: DocumentPayload = {
    kind,
    matricola: settings.matricola,
    till: id,
    z,
    n,
    moment,
    issuer: state.merchant ?? settings.merchant,
    ...rest,
    warnings: [...warnings, ...standingWarnings(state, till, atMs)],
    simulation: settings.simulation,
    ...(request.operatorId !== undefined && { operator: request.operatorId }),
  }
  const x = {
    dev: settings.matricola,
    doc: `${z}-${n}`,
    gt: String(till.grand.sales + (kind === 'sale' ? payload.total : 0)),
    till: id,
    tot: String(payload.total),
  }
  const own = draft(`it.${kind}`, payload, x)
  return closing === undefined ? { drafts: [own] } : { drafts: [closingDraft(closing, false), own], closing: true }
}

function closingDraft(closing: ClosingPayload, principal: boolean): Draft {
  const { matricola, grand, progressive, till, z } = closing
  return draft('it.closing', closing, { dev: matricola, gt: String(grand.sales), prog: progressive, till, z }, principal)
}

function decideClosing(
  settings: Settings,
  state: State,
  { till }: RequestOf<'closing'>,
  context: DecideContext<Needs>,
): Decision {
  const atMs = closingMoment(state, context)
  // A server without a till named closes all of them and then itself (12.5).
  const all = settings.kind === 'serverRt' && till === undefined
  const ids = all ? settings.tills : [tillOf(settings, state, till).id]
  const closings = ids.map((id, i) =>
    closingOf(settings, state, {
      id,
      till: tillOf(settings, state, id).till,
      atMs,
      progressive: state.progressive + 1 + i,
      carries: i === 0,
    }),
  )
  const drafts = closings.map((closing) => closingDraft(closing, !all))
  if (all) drafts.push(serverDraft(settings, closings, dateTime(settings.zone, atMs)))
  return { drafts, closing: true }
}

function closingMoment(state: State, context: DecideContext<Needs>): number {
  needState(state, ['ATTIVATO', 'IN_SERVIZIO', 'FUORI_SERVIZIO'], 'a closing')
  needSeal(state)
  const atMs = shownMoment(state, context)
  needTrueClock(state)
  return atMs
}

function serverDraft({ matricola, simulation }: Settings, closings: readonly ClosingPayload[], moment: string): Draft {
  const tills = closings.map(({ till, z, progressive, totals, grand, rows }) => ({
    till,
    z,
    progressive,
    documents: totals.documents,
    amount: rows.reduce((sum, { amount }) => sum + amount, 0),
    grand: grand.sales,
  }))
  return draft('it.server-closing', { matricola, moment, tills, simulation }, { dev: matricola, tills: tills.length })
}

function decideInactivity(
  settings: Settings,
  state: State,
  request: RequestOf<'inactivity'>,
  context: DecideContext<Needs>,
): Decision {
  const atMs = closingMoment(state, context)
  const { id, till } = tillOf(settings, state, request.till)
  const inactive = inactivityOf(settings, state, till, request, atMs)
  const closing = closingOf(settings, state, { id, till, atMs, progressive: state.progressive + 1, inactive, carries: true })
  return { drafts: [closingDraft(closing, true)], closing: true }
}

// One till and one day a file, at most a hundred documents (11.2).
function decideBatch(settings: Settings, state: State, request: RequestOf<'lottery'>, { needs }: DecideContext<Needs>): Decision {
  const records = needs.documents ?? []
  const waiting = request.items.map((seq) => state.lottery.items.find((item) => item.seq === seq))
  const [first] = waiting
  const together = first !== undefined && waiting.every((item) => item?.till === first.till && item.date === first.date)
  if (!together || new Set(request.items).size !== records.length)
    throw refuse('IT_LOTTERY_BATCH', 'not waiting documents of one till and one day', { path: 'items' })
  const issuer = documentOf(records[0] as (typeof records)[number]).issuer
  const payload: LotteryPayload = {
    batch: 0,
    till: first.till,
    date: first.date,
    name: issuer.name,
    documents: records.map(lotteryEntry),
    simulation: settings.simulation,
  }
  return {
    drafts: [{ type: 'it.lottery', write: ({ tseq }) => ({ payload: { ...payload, batch: tseq } as unknown as JsonObject }) }],
  }
}
