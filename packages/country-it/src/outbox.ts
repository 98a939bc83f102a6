// The outbox, decided and folded (9.4, 9.5, 16.3): which step a message may take, and what the step makes of it. The records are
// the only memory; what is finished leaves the state.
import type { FiscalRecord } from '@sigillo/core'
import { refuse } from './errors.js'
import type { LotteryPayload, OutcomePayload, TransmissionPayload } from './payload.js'
import type { RequestOf } from './request-types.js'
import type { LotteryCounts, Message, State } from './state.js'

const FINAL = new Set(['accepted', 'acceptedPresumed', 'recordedOutside', 'released'])

/** A fresh entry for a record that owes a message. */
export function owedMessage(
  record: FiscalRecord,
  parts: Pick<Message, 'lane' | 'progressive' | 'till' | 'what'>,
  replaces = 0,
): Message {
  const { seq, ts } = record.body
  return {
    source: seq,
    state: 'owed',
    made: 0,
    sha256: '',
    attempts: 0,
    doubt: false,
    sinceMs: Date.parse(ts),
    lastMs: 0,
    replaces,
    reason: '',
    ...parts,
  }
}

/** Content of a transmission record. @throws FiscalError IT_MESSAGE */
export function transmissionOf(state: State, request: RequestOf<'transmission'>, batch?: FiscalRecord): TransmissionPayload {
  const { op, of, sha256, bytes } = request
  if (op === 'made') {
    const owed = state.outbox.find(
      (one) =>
        one.state === 'owed' &&
        one.source === of &&
        (request.progressive === undefined || one.progressive === request.progressive),
    )
    if (owed === undefined || sha256 === undefined)
      throw refuse('IT_MESSAGE', `record ${of} owes no message, or the digest is missing`, { path: 'of' })
    return {
      op,
      ...common(owed),
      blob: sha256,
      ...(bytes !== undefined && { bytes }),
      ...(owed.replaces !== 0 && { replaces: owed.replaces }),
    }
  }
  const message = messageOf(state, of)
  if (op === 'interrupted') return { op, ...common(needs(message, ['sending'])) }
  if (op === 'replace') return replacement(state, message, batch)
  needs(message, ['ready', 'unknown', 'blocked'])
  if (firstOf(state, message.lane) !== message)
    throw refuse('IT_MESSAGE', 'an earlier message of this lane is not finished', { path: 'of' })
  if (message.lane === 'event' && firstOf(state, 'receipts') !== undefined)
    throw refuse('IT_MESSAGE', 'an event waits for outstanding receipts', { path: 'of' })
  return { op, ...common(message), attempt: message.attempts + 1 }
}

const common = ({ lane, source, made, progressive, till, sha256 }: Message): Omit<TransmissionPayload, 'op'> => ({
  lane,
  source,
  made,
  progressive,
  till,
  ...(sha256 !== '' && { blob: sha256 }),
})

// Same figures, next number: made anew from the same closing (9.5). A lottery batch is formed again in halves (7).
function replacement(state: State, message: Message, batch: FiscalRecord | undefined): TransmissionPayload {
  needs(message, ['rejected'])
  const { blob: _, ...rest } = common(message)
  if (message.lane === 'lottery') return { op: 'replace', ...rest, made: 0, replaces: message.made, again: halves(batch) }
  if (message.lane !== 'receipts')
    throw refuse('IT_MESSAGE', 'only daily receipts and lottery batches are replaced', { path: 'of' })
  return { op: 'replace', ...rest, made: 0, progressive: state.progressive + 1, replaces: message.made }
}

function halves(batch: FiscalRecord | undefined): { seqs: number[]; date: string; most: number } {
  const { documents = [], date = '' } = (batch?.payload ?? {}) as unknown as Partial<LotteryPayload>
  if (documents.length < 2) throw refuse('IT_MESSAGE', 'a batch of one document cannot be split', { path: 'of' })
  return { seqs: documents.map(({ seq }) => seq), date, most: Math.ceil(documents.length / 2) }
}

function needs(message: Message, states: readonly Message['state'][]): Message {
  if (!states.includes(message.state))
    throw refuse('IT_MESSAGE', `the message is ${message.state}`, { path: 'of', state: message.state })
  return message
}

/** The entry whose bytes a record fixed. @throws FiscalError IT_MESSAGE */
export function messageOf(state: State, made: number): Message {
  const found = state.outbox.find((one) => one.made === made && made !== 0)
  if (found === undefined) throw refuse('IT_MESSAGE', `record ${made} is no message of the outbox`, { path: 'of' })
  return found
}

/** The unfinished message a lane waits for. */
export function firstOf(state: State, lane: Message['lane']): Message | undefined {
  return state.outbox.find((one) => one.lane === lane)
}

// What was refused may be let go; what may still arrive only leaves when an operator has seen it arrive by another way.
const BEFORE: Readonly<Partial<Record<string, readonly Message['state'][]>>> = {
  released: ['blocked', 'rejected'],
  recordedOutside: ['ready', 'unknown', 'blocked', 'rejected'],
}

/** Content of an outcome record. @throws FiscalError IT_MESSAGE */
export function outcomeOf(
  state: State,
  request: RequestOf<'outcome'>,
  made: FiscalRecord | undefined,
  batch: FiscalRecord | undefined,
): OutcomePayload {
  const { of, result, refused, answer, certificate } = request
  const message = messageOf(state, of)
  needs(message, BEFORE[result] ?? ['sending'])
  const documents = (batch?.payload as { documents?: { seq: number }[] } | null | undefined)?.documents
  const refusals = refused?.flatMap(({ position, codes }) => {
    const seq = documents?.[position - 1]?.seq
    return seq === undefined ? [] : [{ seq, codes: [...codes] }]
  })
  const told: Partial<OutcomePayload> = {}
  for (const name of TOLD) if (request[name] !== undefined) Object.assign(told, { [name]: request[name] })
  return {
    result,
    lane: message.lane,
    source: message.source,
    made: of,
    transmission: made?.hash ?? '',
    ...told,
    ...(answer !== undefined && { answer: { blob: answer } }),
    ...(certificate && { certificate: { notAfter: certificate.notAfter, blob: certificate.sha256 } }),
    ...(documents && { documents: documents.length }),
    ...(refusals && { refused: refusals }),
  }
}

const TOLD = ['class', 'codes', 'operation', 'status', 'problem', 'skewMs', 'operator'] as const

/** Takes a transmission record into the state. */
export function foldTransmission(state: State, record: FiscalRecord): void {
  const payload = record.payload as unknown as TransmissionPayload
  const at = state.outbox.findIndex((one) =>
    payload.op === 'made'
      ? one.state === 'owed' && one.source === payload.source && one.progressive === payload.progressive
      : one.made === (payload.replaces ?? payload.made),
  )
  const message = state.outbox[at]
  if (message === undefined) return
  if (payload.op === 'made') Object.assign(message, { state: 'ready', made: record.body.seq, sha256: payload.blob })
  else if (payload.op === 'attempt')
    Object.assign(message, { state: 'sending', attempts: message.attempts + 1, lastMs: Date.parse(record.body.ts) })
  else if (payload.op === 'interrupted') Object.assign(message, { state: 'unknown', doubt: true })
  else {
    state.outbox.splice(at, 1)
    const { lane, till, what } = message
    if (payload.again !== undefined) return waitAgain(state, till, payload.again)
    state.progressive = payload.progressive
    state.outbox.push({
      ...owedMessage(record, { lane, till, what, progressive: payload.progressive }, message.made),
      source: payload.source,
      sinceMs: message.sinceMs,
    })
  }
}

function waitAgain(state: State, till: string, { seqs, date, most }: NonNullable<TransmissionPayload['again']>): void {
  state.lottery.items.unshift(...seqs.map((seq) => ({ seq, till, date, most })))
  const counts = countsOf(state, till)
  counts.rejected -= seqs.length
  counts.waiting += seqs.length
}

/** Takes an outcome record into the state. */
export function foldOutcome(state: State, record: FiscalRecord): void {
  const payload = record.payload as unknown as OutcomePayload
  const at = state.outbox.findIndex((one) => one.made === payload.made)
  const message = state.outbox[at]
  if (message === undefined) return
  if (payload.skewMs !== undefined) state.skewMs = payload.skewMs
  if (FINAL.has(payload.result)) {
    state.outbox.splice(at, 1)
    if (payload.result !== 'released') accepted(state, message, payload, Date.parse(record.body.ts))
  } else if (payload.result === 'unknown') Object.assign(message, { state: 'unknown', doubt: true })
  else if (payload.result === 'retry') message.state = 'ready'
  else {
    const reason = payload.class ?? 'defect'
    Object.assign(message, {
      state: reason === 'defect' ? 'rejected' : 'blocked',
      reason: isTooLarge(payload) ? 'split' : reason,
    })
  }
  if (message.lane === 'lottery' && (FINAL.has(payload.result) || message.state === 'rejected'))
    countBatch(state, message, payload)
}

const TOO_LARGE = ['00300', '00301']

function isTooLarge({ lane, class: of, codes = [], documents = 0 }: OutcomePayload): boolean {
  return lane === 'lottery' && of === 'defect' && documents > 1 && codes.every((code) => TOO_LARGE.includes(code))
}

function accepted(state: State, message: Message, payload: OutcomePayload, ms: number): void {
  const { lane, what } = message
  if (lane === 'receipts') {
    state.acceptedMs = ms
    // The first accepted closing is what puts a device into service (2.1).
    if (state.device === 'ATTIVATO' || state.device === 'FUORI_SERVIZIO') state.device = 'IN_SERVIZIO'
  } else if (what === 'enrol') {
    state.device = 'CENSITO'
    if (payload.certificate !== undefined)
      state.certificate = { notAfter: payload.certificate.notAfter, sha256: payload.certificate.blob }
  } else if (what === 'activate') {
    state.device = 'ATTIVATO'
    state.merchant = state.merchantNext ?? state.merchant
    state.merchantNext = null
  } else if (what === 'FUORI_SERVIZIO') state.device = 'FUORI_SERVIZIO'
  else if (what === 'DISATTIVAZIONE') state.device = 'DISATTIVATO'
}

function countBatch(state: State, message: Message, { result, documents = 0, refused = [] }: OutcomePayload): void {
  const counts = countsOf(state, message.till)
  const lost =
    result === 'accepted' ? refused.length : result === 'acceptedPresumed' || result === 'recordedOutside' ? 0 : documents
  // A batch that was rejected was counted then: its release changes nothing, and one seen accepted elsewhere is counted anew.
  const before = message.state === 'rejected' && (result === 'released' || result === 'recordedOutside')
  if (before && result === 'released') return
  if (before) counts.rejected -= documents
  else counts.sent -= documents
  counts.rejected += lost
  counts.accepted += documents - lost
}

/** Lottery statistics of a till, made when there are none. */
export function countsOf(state: State, till: string): LotteryCounts {
  return (state.lottery.counts[till] ??= { waiting: 0, sent: 0, accepted: 0, rejected: 0, excluded: 0 })
}
