// What a till talks to: a queue in this process or one behind a wire. Both answer alike.
import type { JsonObject } from '../canonical.js'
import { FiscalError, isFiscalError } from '../errors.js'
import type { Outcome } from '../queue/answer.js'
import type { Queue } from '../queue/contract.js'
import type { Transport } from '../transport.js'
import { fromUtf8, utf8 } from '../bytes.js'
import { canonical } from '../canonical.js'

/** A registered receipt as a connection reports it. */
export interface RegisteredReply {
  readonly outcome: 'registered'
  readonly queue: string
  readonly seq: number
  readonly hash: string
  /** The queue's whole answer as JSON: print, seal, country fields. */
  readonly reply: JsonObject
}

/** Answer over a connection. */
export type Reply = RegisteredReply | { readonly outcome: 'rejected' | 'indeterminate'; readonly error: FiscalError }

/** A way to a queue. `record` throws, or rejects, when the queue cannot be reached. */
export interface Connection {
  record(request: JsonObject, options?: { readonly signal?: AbortSignal }): Promise<Reply>
  close(): Promise<void>
}

/** A connection to a queue in this process. The queue stays open when the connection is closed. */
export function connectQueue(queue: Pick<Queue, 'record'>): Connection {
  return {
    record: async (request, options) => replyOf(await queue.record(request, options)),
    close: () => Promise.resolve(),
  }
}

function replyOf(outcome: Outcome): Reply {
  if (outcome.outcome !== 'registered') return { outcome: outcome.outcome, error: outcome.error }
  const { queue, seq, hash } = outcome
  return { outcome: 'registered', queue, seq: Number(seq), hash, reply: JSON.parse(JSON.stringify(outcome)) as JsonObject }
}

/** A connection to a queue behind HTTP: one POST of the request's JSON, answered by the outcome's JSON. */
export function connectHttp(transport: Transport, url: string, headers: Readonly<Record<string, string>> = {}): Connection {
  return {
    record: async (request, options) => {
      const response = await transport.send({
        method: 'POST',
        url,
        headers: { 'content-type': 'application/json', ...headers },
        body: utf8(canonical(request)),
        ...(options?.signal !== undefined && { signal: options.signal }),
      })
      return readReply(response.status, fromUtf8(response.body))
    },
    close: async () => transport.close?.(),
  }
}

function readReply(status: number, text: string | undefined): Reply {
  const value = parseJson(text)
  if (
    status === 200 &&
    value?.['outcome'] === 'registered' &&
    typeof value['seq'] === 'number' &&
    typeof value['hash'] === 'string'
  ) {
    return { outcome: 'registered', queue: String(value['queue']), seq: value['seq'], hash: value['hash'], reply: value }
  }
  if (value?.['outcome'] === 'rejected' || value?.['outcome'] === 'indeterminate') {
    return { outcome: value['outcome'], error: errorFrom((value['error'] ?? {}) as Record<string, unknown>) }
  }
  throw new FiscalError('UNREACHABLE', {
    kind: 'transmission',
    registered: 'unknown',
    retry: 'same-handle',
    message: `the queue’s server answered ${status} and no outcome`,
  })
}

function parseJson(text: string | undefined): JsonObject | undefined {
  try {
    return JSON.parse(text ?? '') as JsonObject
  } catch {
    return undefined
  }
}

/** A FiscalError out of its JSON form. */
export function errorFrom(json: Record<string, unknown>): FiscalError {
  const text = (name: string): string | undefined => (typeof json[name] === 'string' ? json[name] : undefined)
  const { kind, registered, retry } = json as {
    kind?: FiscalError['kind']
    registered?: FiscalError['registered']
    retry?: FiscalError['retry']
  }
  const [remedy, path, national] = [text('remedy'), text('path'), text('national')]
  return new FiscalError(text('code') ?? 'UNREACHABLE', {
    message: text('message') ?? 'the queue refused without a reason',
    ...(kind !== undefined && { kind }),
    ...(registered !== undefined && { registered }),
    ...(retry !== undefined && { retry }),
    ...(remedy !== undefined && { remedy }),
    ...(path !== undefined && { path }),
    ...(national !== undefined && { national }),
    details: (json['details'] ?? {}) as Record<string, unknown>,
  })
}

const OUTAGE_KINDS = new Set(['signer', 'storage', 'transmission'])
// A queue that is stopped, busy or found damaged serves nobody; its till goes on off line.
const OUTAGE_CODES = new Set([
  'QUEUE_STOPPED',
  'QUEUE_CLOSED',
  'QUEUE_FULL',
  'JOURNAL_CORRUPT',
  'ROLLBACK_SUSPECTED',
  'FORK_SUSPECTED',
  'MOVED_SUSPECTED',
])

/** True when an error means that the queue cannot serve now; a refusal of the sale itself, or one that has it, never does. */
export function isOutage(error: FiscalError): boolean {
  if (error.registered === 'yes') return false
  return OUTAGE_KINDS.has(error.kind) || OUTAGE_CODES.has(error.code)
}

/** Asks once, within a time; every failure to get an answer becomes an outage. */
export async function ask(connect: () => Promise<Connection>, request: JsonObject, timeoutMs: number): Promise<Reply> {
  const timeout = AbortSignal.timeout(timeoutMs)
  const late = new Promise<never>((_resolve, reject) => {
    timeout.addEventListener('abort', () => reject(unreachable(`no answer within ${timeoutMs} ms`)), { once: true })
  })
  try {
    return await Promise.race([(async () => (await connect()).record(request, { signal: timeout }))(), late])
  } catch (error) {
    if (isFiscalError(error) && isOutage(error))
      return { outcome: error.registered === 'no' ? 'rejected' : 'indeterminate', error }
    return { outcome: 'indeterminate', error: unreachable(error instanceof Error ? error.message : String(error)) }
  }
}

function unreachable(message: string): FiscalError {
  return new FiscalError('UNREACHABLE', {
    kind: 'transmission',
    registered: 'unknown',
    retry: 'same-handle',
    message: `the queue cannot be reached: ${message}`,
    remedy: 'Nothing: the till goes on off line and hands its receipts over later.',
  })
}
