// The Transport port over Node's own http and https: one exchange, with an error that says whether the request may have arrived.
// Retries, order and what to do about an unknown outcome belong to the caller.
import { request as plainRequest } from 'node:http'
import { Agent, request as tlsRequest } from 'node:https'
import { FiscalError, type Transport, type TransportRequest, type TransportResponse } from '@sigillo/core'

/** Settings of a transport. */
export interface NodeTransportOptions {
  /** Certificates to trust instead of the system's, PEM. */
  readonly ca?: string | readonly string[]
  /** Certificate and key this side shows, PEM. */
  readonly cert?: string
  readonly key?: string
  /** Milliseconds until the connection must stand, TLS included; default 10,000. */
  readonly connectTimeoutMs?: number
  /** Milliseconds an exchange may take when the request names none; default 30,000. */
  readonly timeoutMs?: number
  /** Largest answer that is read, in bytes; default 16 MiB. */
  readonly maxBytes?: number
}

const DEFAULT_TIMEOUT_MS = 30_000
const DEFAULT_CONNECT_MS = 10_000
const DEFAULT_MAX_BYTES: number = 16 * 1024 * 1024

/**
 * A transport over http and https.
 * @example
 * const connection = connectHttp(nodeTransport({ ca }), 'https://queue.example/queues/paris-01')
 */
export function nodeTransport(options: NodeTransportOptions = {}): Transport {
  const { ca, cert, key } = options
  const agent = new Agent({
    keepAlive: true,
    minVersion: 'TLSv1.2',
    ...(ca !== undefined && { ca: typeof ca === 'string' ? ca : [...ca] }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
  })
  return {
    send: (request) => exchange(request, agent, options),
    close: () => {
      agent.destroy()
      return Promise.resolve()
    },
  }
}

function exchange(request: TransportRequest, agent: Agent, options: NodeTransportOptions): Promise<TransportResponse> {
  const { method, url, headers = {}, body = new Uint8Array(), timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS } = request
  const target = new URL(url)
  const secure = target.protocol === 'https:'
  return new Promise((resolve, reject) => {
    let sent = false
    const fail = (error: Error): void => {
      clearTimeout(timer)
      reject(unreachable(error, sent))
    }
    const settings = { method, headers: { ...headers, 'content-length': String(body.length) } }
    const outgoing = secure ? tlsRequest(target, { ...settings, agent }) : plainRequest(target, settings)
    const timer = setTimeout(() => outgoing.destroy(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs)
    const connectMs = options.connectTimeoutMs ?? DEFAULT_CONNECT_MS
    const connecting = setTimeout(() => outgoing.destroy(new Error(`no connection within ${connectMs} ms`)), connectMs)
    const abort = (): void => void outgoing.destroy(new Error('cancelled by the caller'))
    request.signal?.addEventListener('abort', abort, { once: true })
    if (request.signal?.aborted === true) abort()
    // Bytes can only have left once the connection stands; before that the request has certainly not arrived.
    outgoing.on('socket', (socket) => {
      const mark = (): void => {
        sent = true
        clearTimeout(connecting)
      }
      if (socket.connecting) socket.once(secure ? 'secureConnect' : 'connect', mark)
      else mark()
    })
    outgoing.on('error', fail)
    outgoing.on('close', () => clearTimeout(connecting))
    outgoing.on('close', () => request.signal?.removeEventListener('abort', abort))
    outgoing.on('response', (response) => {
      const parts: Buffer[] = []
      let size = 0
      response.on('data', (part: Buffer) => {
        size += part.length
        if (size <= (options.maxBytes ?? DEFAULT_MAX_BYTES)) parts.push(part)
        else {
          fail(new Error('the answer is too large'))
          outgoing.destroy()
        }
      })
      response.on('error', fail)
      response.on('aborted', () => fail(new Error('the connection broke in the middle of the answer')))
      response.on('end', () => {
        clearTimeout(timer)
        resolve({
          status: response.statusCode ?? 0,
          headers: plainHeaders(response.headers),
          body: new Uint8Array(Buffer.concat(parts)),
        })
      })
    })
    outgoing.end(body)
  })
}

function plainHeaders(headers: Readonly<Record<string, string | string[] | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : (value ?? '')]),
  )
}

function unreachable(cause: Error, sent: boolean): FiscalError {
  return new FiscalError('UNREACHABLE', {
    kind: 'transmission',
    registered: sent ? 'unknown' : 'no',
    retry: 'same-handle',
    message: `the other side cannot be reached: ${cause.message}`,
    remedy: sent
      ? 'Ask again with the same key: it is not known whether the request arrived.'
      : 'Check address, network and certificate; nothing was sent.',
    details: { code: (cause as NodeJS.ErrnoException).code ?? 'unknown' },
    cause,
  })
}
