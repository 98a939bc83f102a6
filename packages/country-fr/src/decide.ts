// From a request to the records it becomes. One order for all: life of the queue, clock, school mode, then the rules of the type;
// what comes before the record, the record, what comes after it (10).
import { isFiscalError, type DecideContext, type Decision } from '@sigillo/core'
import { addArchive, addPurge, addSchoolArchive } from './archive-record.js'
import { addClosing, closingOf, isOpen, levelsFor } from './closings.js'
import { addClockEvent, clockStep } from './clock.js'
import { configOf } from './config.js'
import { notArchived } from './due.js'
import { addDegradedAfter, addDegradedBefore, addOutage, addZero } from './outage.js'
import { addCopyRequest, addIssue, addPayment, addTillEvent, paymentContent } from './documents.js'
import { addEvent } from './events.js'
import { invalid, refuse } from './errors.js'
import type { Settings } from './options.js'
import type { FrenchRequest } from './parse.js'
import { atOf, openPlan, type At, type Plan } from './plan.js'
import type { Needs } from './reference.js'
import type { ClosingRequest, ConfirmRequest, TicketRequest, TrainingRequest } from './request.js'
import { addRollover, rolloverLevels } from './rollover.js'
import { addSale, addSaleEvents, forcedContent, saleContent, type SaleContent } from './sale.js'
import type { ClosingLevel, State } from './state.js'
import { responsibleOf, schoolDecision } from './training.js'

/** The records a request becomes. @throws FiscalError when it is refused */
export function decide(settings: Settings, state: State, request: FrenchRequest, context: DecideContext<Needs>): Decision {
  checkLife(state, request)
  const at = atOf(settings, context.now)
  const step = request.type === 'clock' ? undefined : clockStep(settings, state, at)
  if (request.sale === undefined) checkPlain(request)
  const plan = openPlan(settings, state, at, operatorOf(request))
  mark(plan, request, step !== undefined && 'back' in step)
  const responsible = responsibleOf(state, request)
  if (responsible !== undefined) return schoolDecision(plan, responsible, () => add(plan, request, context.needs, true))
  add(plan, request, context.needs, false)
  addClockEvent(plan, step)
  return plan.decision()
}

function operatorOf(request: FrenchRequest): string {
  const operator: unknown = request.input.operatorId
  return typeof operator === 'string' && operator !== '' ? operator : 'INCONNU'
}

function checkLife(state: State, request: FrenchRequest): void {
  if (state.phase === 'stopped') throw refuse('FR_STOPPED', 'this queue was stopped for ever')
  if (state.phase === 'new' && request.type !== 'start') throw refuse('FR_NOT_STARTED', 'the queue accepts only start')
  if (state.phase === 'started' && request.type === 'start') throw invalid('type', 'the queue was started before')
}

function checkPlain(request: FrenchRequest): void {
  const { lines, payments } = request.input
  if (lines !== undefined && lines.length > 0)
    throw refuse('FR_ITEMS_FORBIDDEN', `a ${request.type} request has no lines`, { path: 'lines' })
  if (payments !== undefined && payments.length > 0)
    throw refuse('FR_PAYMENTS_FORBIDDEN', `a ${request.type} request has no payments`, { path: 'payments' })
}

// Marks every record of the request carries: clock, till's clock, alerts not acknowledged.
function mark(plan: Plan, request: FrenchRequest, back: boolean): void {
  const { settings, state, at } = plan
  const skew = Math.round((request.posMs - at.ms) / 1000)
  const late = (request.input as TicketRequest).lateCapture !== undefined
  if (!late && request.degraded === undefined && Math.abs(skew) > settings.posClockTolerance) plan.marks.posClockSkew = skew
  if (back) plan.marks.clockBack = true
  if (state.alerts > 0) plan.marks.alerts = state.alerts
  if ((request.type === 'ticket' || request.type === 'invoice') && closesSoon(settings, at))
    plan.marks.closesAt = settings.dayCutoff
}

// 9.4: the user is told some minutes before the business day ends.
function closesSoon({ cutoffMinutes, closeWarnMinutes }: Settings, { moment }: At): boolean {
  const minutes = Number(moment.slice(8, 10)) * 60 + Number(moment.slice(10, 12))
  const left = (cutoffMinutes - minutes + 1440) % 1440
  return left > 0 && left <= closeWarnMinutes
}

type Handler = (plan: Plan, request: FrenchRequest, needs: Needs, school: boolean) => void

function add(plan: Plan, request: FrenchRequest, needs: Needs, school: boolean): void {
  const handler = handlers[request.type]
  if (handler === undefined) throw invalid('type', `unknown request type ${request.type}`)
  handler(plan, request, needs, school)
  // What a till did off line beside selling: a closing, an event. Documents see to their defects themselves.
  if (request.degraded !== undefined && request.sale === undefined && !school) addDegradedAfter(plan, request.degraded, undefined)
}

const handlers: Readonly<Record<string, Handler>> = {
  ticket: addDocument,
  invoice: addDocument,
  note: addDocument,
  payment: addDocument,
  start: addStart,
  stop: addStop,
  closing: addClosings,
  zero: (plan, request) => addZero(plan, request),
  outage: addOutage,
  event: addTillEvent,
  copy: addCopyRequest,
  issue: addIssue,
  archive: (plan, request, needs, school) => (school ? addSchoolArchive(plan, request) : addArchive(plan, request, needs)),
  purge: (plan, request, _, school) =>
    school ? addEvent(plan, 200, 'Purge', undefined, { principal: true }) : addPurge(plan, request),
  training: addTraining,
  clock: (plan, request) =>
    addEvent(
      plan,
      910,
      `Horloge confirmée ${(request.input as ConfirmRequest).reason}`,
      { confirmed: true },
      { principal: true },
    ),
  acknowledge: (plan, request) => {
    const { reason } = request.input as ConfirmRequest
    addEvent(plan, 912, `Rupture prise en compte ${reason}`, { alerts: plan.state.alerts }, { principal: true })
  },
}

function addStart(plan: Plan): void {
  plan.add(
    'closing',
    (place, state) => ({ ...closingOf(plan, 'start', place, state, state.levels.day), config: configOf(plan.settings) }),
    {
      principal: true,
    },
  )
  addEvent(plan, 260, 'Initialisation des données')
}

function addStop(plan: Plan): void {
  const { state } = plan
  const open = (['shift', 'day', 'month', 'year'] as const).filter((level) => isOpen(state, level))
  plan.closes()
  plan.ends()
  for (const level of open) addClosing(plan, level)
  const left = notArchived(state)
  plan.add(
    'closing',
    (place, now) => ({
      ...closingOf(plan, 'stop', place, now, now.levels.day),
      ...(left !== undefined && { unarchived: left.from }),
    }),
    { principal: true },
  )
}

function addClosings(plan: Plan, request: FrenchRequest): void {
  const { kind, drawer } = request.input as ClosingRequest
  for (const level of levelsFor(plan.state, kind))
    addClosing(plan, level, { principal: level === kind, ...(level === kind && { drawer }) })
}

function addTraining(plan: Plan, request: FrenchRequest): void {
  const { on, responsible = '' } = request.input as TrainingRequest
  if (on && responsible.trim() === '')
    throw refuse('FR_TRAINING_RESPONSIBLE', 'school mode needs a responsible person', { path: 'responsible' })
  addEvent(plan, on ? 100 : 105, 'mode école', on ? { responsible } : {}, { principal: true })
}

// A document that belongs to a day: an outage told, older periods closed, the record, its events.
function addDocument(plan: Plan, request: FrenchRequest, needs: Needs, school: boolean): void {
  const { settings, state, at } = plan
  const { degraded } = request
  const levels = school ? [] : rolloverLevels(settings, state, at)
  const content = documentContent(plan, request, needs, levels)
  if (degraded !== undefined) addDegradedBefore(plan, degraded)
  addRollover(plan, levels)
  if (request.type === 'payment') addPayment(plan, content as ReturnType<typeof paymentContent>)
  else {
    addSale(plan, request, content as SaleContent)
    addSaleEvents(plan, request, content as SaleContent)
  }
  if (degraded !== undefined) addDegradedAfter(plan, degraded, content.degraded?.forced)
}

function documentContent(
  plan: Plan,
  request: FrenchRequest,
  needs: Needs,
  levels: readonly ClosingLevel[],
): SaleContent | ReturnType<typeof paymentContent> {
  const { degraded } = request
  if (degraded === undefined) return plainContent(plan, request, needs, levels)
  try {
    if (request.fault !== undefined) throw request.fault
    return { ...plainContent(plan, request, needs, levels), degraded }
  } catch (error) {
    // Only a rule's refusal of the content is overridden; "not now" is said again to the till, which repeats.
    if (!isFiscalError(error) || error.kind !== 'input') throw error
    const forced = { code: error.code, message: error.message }
    const { date, op, pay, total, ...rest } = forcedContent(plan, request, error)
    if (request.type === 'payment')
      return {
        date,
        op,
        pay,
        total: Object.values(pay).reduce((sum, amount) => sum + amount, 0),
        degraded: { ...degraded, forced },
      }
    return { ...rest, date, op, pay, total, degraded: { ...degraded, forced } }
  }
}

function plainContent(
  plan: Plan,
  request: FrenchRequest,
  needs: Needs,
  levels: readonly ClosingLevel[],
): SaleContent | ReturnType<typeof paymentContent> {
  return request.type === 'payment'
    ? paymentContent(plan, request, needs)
    : saleContent(plan, request, needs, levels.includes('day'))
}
