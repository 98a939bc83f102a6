// Everything a device records besides documents and closings (2, 12.5, 14): its life, its seal, its technicians, its terminals, and
// the emergency register, which is exported and never counted.
import type { DecideContext, Decision, JsonObject } from '@sigillo/core'
import { one } from './drafts.js'
import { refuse, invalid } from './errors.js'
import { needMemory, needNewPeriod, needSeal, needState, shownMoment, tillOf } from './guards.js'
import { readLines } from './lines.js'
import type { Settings } from './options.js'
import { settle } from './payments.js'
import type { Needs } from './reference.js'
import type { ItalianRequest, RequestOf } from './request-types.js'
import type { DeviceState, State } from './state.js'
import { taxCode, vatNumber } from './tax-id.js'
import { dateTime } from './time.js'

type DeviceRequest = Exclude<
  ItalianRequest,
  { type: 'sale' | 'return' | 'void' | 'closing' | 'inactivity' | 'lottery' | 'transmission' | 'outcome' }
>

/** The record of a request about the device. @throws FiscalError IT_DEVICE_STATE, IT_PERIOD_OPEN, IT_OUTSTANDING and others */
export function decideDevice(settings: Settings, state: State, request: DeviceRequest, context: DecideContext<Needs>): Decision {
  const atMs = shownMoment(state, context)
  const moment = dateTime(settings.zone, atMs)
  const { type: kind, key: _key, ...input } = request.input
  const content = { matricola: settings.matricola, ...input, kind, moment, simulation: settings.simulation }
  switch (request.type) {
    case 'open':
      return open(settings, state, request.input, content, atMs)
    case 'enrol':
      needState(state, ['unknown'], 'enrolment')
      return one('it.event', content)
    case 'activate':
      return activate(settings, state, request.input, content)
    case 'event':
      return event(state, request.input, content)
    case 'life':
      return life(state, request.input, content)
    case 'emergency':
      return emergency(settings, state, request.input, content)
    case 'intervention':
      return one('it.journal', { ...content, ...releasedAt(settings, request.input) })
    default:
      return one('it.journal', content)
  }
}

const LIVING: readonly DeviceState[] = ['CENSITO', 'ATTIVATO', 'IN_SERVIZIO', 'FUORI_SERVIZIO', 'DISATTIVATO']
// Steps made on the portal or by a technician.
const FROM: Readonly<Record<RequestOf<'life'>['to'], readonly DeviceState[]>> = {
  FUORI_SERVIZIO: ['IN_SERVIZIO'],
  DISATTIVATO: ['ATTIVATO', 'IN_SERVIZIO', 'FUORI_SERVIZIO'],
  DISMESSO: LIVING,
}

function open(settings: Settings, state: State, request: RequestOf<'open'>, content: object, atMs: number): Decision {
  needState(state, ['ATTIVATO', 'IN_SERVIZIO'], 'a period')
  needSeal(state)
  needMemory(state)
  const { id, till } = tillOf(settings, state, request.till)
  needNewPeriod(state, till, atMs)
  if (till.openedDate !== '') throw refuse('IT_PERIOD_OPEN', 'the period is open already')
  return one('it.journal', { ...content, till: id })
}

// What the former owner sold is closed while closings are still possible; a new owner must not find it in a period of his own.
function life(state: State, { to }: RequestOf<'life'>, content: object): Decision {
  needState(state, FROM[to], `the step to ${to}`)
  if (to === 'DISATTIVATO') needAllClosed(state)
  return one('it.event', content)
}

function needAllClosed({ tills }: State): void {
  if (Object.values(tills).some(({ openedDate }) => openedDate !== '')) throw refuse('IT_PERIOD_OPEN', 'close the period first')
}

function activate(settings: Settings, state: State, request: RequestOf<'activate'>, content: object): Decision {
  needState(state, ['CENSITO', 'DISATTIVATO'], 'activation')
  const merchant = request.merchant ?? settings.merchant
  const vat = vatNumber(merchant.vat)
  if (vat === undefined) throw refuse('IT_CUSTOMER_ID', 'not a VAT number', { path: 'merchant.vat' })
  if (merchant.taxCode !== undefined && taxCode(merchant.taxCode) === undefined)
    throw refuse('IT_CUSTOMER_ID', 'not a tax code', { path: 'merchant.taxCode' })
  if (state.outbox.some(({ lane }) => lane === 'receipts'))
    throw refuse('IT_OUTSTANDING', 'receipts of the former owner are not delivered')
  return one('it.event', { ...content, merchant: { ...merchant, vat } })
}

const OUT: Readonly<Record<string, readonly DeviceState[]>> = {
  FUORI_SERVIZIO: ['IN_SERVIZIO'],
  DISATTIVAZIONE: ['ATTIVATO', 'IN_SERVIZIO'],
}

// Out of service a device may send no event (00712); leaving an owner needs everything closed and delivered first (2.1).
function event(state: State, request: RequestOf<'event'>, content: object): Decision {
  needState(state, (Object.hasOwn(OUT, request.event) && OUT[request.event]) || ['ATTIVATO', 'IN_SERVIZIO'], 'this event')
  if (request.event === 'DISATTIVAZIONE') {
    needAllClosed(state)
    if (state.lottery.items.length > 0 || state.outbox.some(({ lane }) => lane === 'receipts' || lane === 'lottery'))
      throw refuse('IT_OUTSTANDING', 'messages are not delivered')
  }
  return one('it.event', content)
}

// Messages carry local time with offset, whole seconds (4).
function releasedAt({ zone }: Settings, { software }: RequestOf<'intervention'>): object {
  return software === undefined ? {} : { software: { ...software, released: dateTime(zone, Date.parse(software.released)) } }
}

function emergency(settings: Settings, state: State, request: RequestOf<'emergency'>, content: object): Decision {
  needState(state, ['FUORI_SERVIZIO'], 'the emergency register')
  const read = readLines(request.lines, settings)
  const payments = request.payments ?? []
  if (payments.length === 0 && read.total > 0) throw invalid('payments', 'are needed')
  const settlement = settle(read.total, payments, { cashRounding: settings.cashRounding, rounding: undefined })
  const { lines, groups, total } = read
  return one('it.journal', {
    ...content,
    number: state.emergency + 1,
    lines,
    groups,
    total,
    ...settlement,
  } as unknown as JsonObject)
}
