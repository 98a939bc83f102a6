// From the record that owes a message to its bytes: written out by messages.ts, nothing added. The bytes are then signed once and
// kept; they are never rendered again.
import type { FiscalRecord } from '@sigillo/core'
import { refuse } from './errors.js'
import { activationMessage, enrolMessage, eventMessage, lotteryMessage, receiptsMessage } from './messages.js'
import type { ClosingPayload, LotteryPayload } from './payload.js'
import type { RequestOf } from './request-types.js'
import type { Lane } from './state.js'

/** Where a message of each kind goes (3.1). */
export const routes: Readonly<
  Record<'receipts' | 'lottery' | 'event' | 'enrol' | 'activate', { readonly method: 'POST' | 'PUT'; readonly path: string }>
> = {
  enrol: { method: 'POST', path: '/v1/dispositivi/' },
  activate: { method: 'PUT', path: '/v1/dispositivi/' },
  receipts: { method: 'POST', path: '/v1/dispositivi/corrispettivi/' },
  event: { method: 'PUT', path: '/v1/dispositivi/evento/' },
  lottery: { method: 'POST', path: '/v1/dispositivi/lotteria/corrispettivi/' },
}

/** The route of a message. */
export function routeOf(lane: Lane, what: string): (typeof routes)[keyof typeof routes] {
  if (lane !== 'setup') return routes[lane]
  return what === 'enrol' ? routes.enrol : routes.activate
}

/** Unsigned bytes of the message a record owes. @throws FiscalError IT_MESSAGE for a record that owes none */
export function renderMessage(record: FiscalRecord, progressive: number, kind: 'rt' | 'serverRt'): Uint8Array {
  const { payload } = record
  if (payload === null) throw refuse('IT_MESSAGE', 'the record was purged')
  if (record.body.type === 'it.closing') return receiptsMessage(payload as unknown as ClosingPayload, { progressive })
  if (record.body.type === 'it.lottery') {
    const batch = payload as unknown as LotteryPayload
    return lotteryMessage(batch, batch.documents)
  }
  const said = (payload as { kind?: unknown }).kind
  if (said === 'enrol') return enrolMessage(payload as unknown as RequestOf<'enrol'>, kind)
  if (said === 'activate') return activationMessage(payload as unknown as Parameters<typeof activationMessage>[0])
  if (said === 'event') return eventMessage(payload as unknown as Parameters<typeof eventMessage>[0])
  throw refuse('IT_MESSAGE', 'the record owes no message')
}
