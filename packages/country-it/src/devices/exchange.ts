// One exchange with a device over the Transport port, and what its failure means.
import { FiscalError, fromUtf8, isFiscalError, utf8, type Transport } from '@sigillo/core'
import { toBase64 } from '@sigillo/documents'
import type { Verdict } from './dialect.js'

/** How a device is reached. */
export interface Reach {
  readonly transport: Transport
  /** `https://host:port` of the device; there is no default. */
  readonly baseUrl: string
  /** Name and password, where the device wants them. They stay out of errors and memory. */
  readonly user?: string
  readonly password?: string
  /** Milliseconds for a document or a closing, and for a question; 15,000 and 10,000 by default. */
  readonly timeoutMs?: number
  readonly askTimeoutMs?: number
}

/** What came back, as text. */
export interface Reply {
  readonly status: number
  readonly text: string
}

/** Headers of the Basic scheme, where a password is given. */
function authorization({ user, password }: Reach): Record<string, string> {
  return user === undefined ? {} : { authorization: `Basic ${toBase64(utf8(`${user}:${password ?? ''}`))}` }
}

/** One POST. @throws FiscalError of kind transmission */
export async function post(reach: Reach, path: string, body: string, type: string, timeoutMs?: number): Promise<Reply> {
  const { status, body: bytes } = await reach.transport.send({
    method: 'POST',
    url: `${reach.baseUrl.replace(/\/+$/, '')}${path}`,
    headers: { 'content-type': type, ...authorization(reach) },
    body: utf8(body),
    timeoutMs: timeoutMs ?? reach.timeoutMs ?? 15_000,
  })
  return { status, text: fromUtf8(bytes) ?? '' }
}

/**
 * A question. It changes nothing: whatever goes wrong with it, nothing was registered by it.
 * @throws FiscalError UNREACHABLE, registered `no`
 */
export async function question<T>(
  reach: Reach,
  path: string,
  body: string,
  type: string,
  read: (text: string) => T | undefined,
): Promise<T> {
  let problem: string
  try {
    const { status, text } = await post(reach, path, body, type, reach.askTimeoutMs ?? 10_000)
    const answer = status === 200 ? read(text) : undefined
    if (answer !== undefined) return answer
    problem = `HTTP ${status}`
  } catch (error) {
    if (!isFiscalError(error) || error.kind !== 'transmission') throw error
    problem = error.message
  }
  throw new FiscalError('UNREACHABLE', {
    kind: 'transmission',
    registered: 'no',
    retry: 'same-handle',
    message: `the device gives no answer to ${path}: ${problem}`,
    remedy: 'Check address, name and password of the device, then try again.',
  })
}

/** A message that changes something: its failure is a verdict. */
export async function attempt(send: () => Promise<Reply>, judge: (reply: Reply) => Verdict): Promise<Verdict> {
  let reply: Reply
  try {
    reply = await send()
  } catch (error) {
    if (!isFiscalError(error) || error.kind !== 'transmission') throw error
    return { is: 'unknown', problem: error.code, left: error.registered !== 'no' }
  }
  if (reply.status === 401 || reply.status === 403)
    return { is: 'unknown', problem: `the device knows this till not: HTTP ${reply.status}`, left: false }
  return reply.status === 200 ? judge(reply) : { is: 'unknown', problem: `HTTP ${reply.status}`, left: true }
}
