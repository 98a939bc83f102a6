// HTTPS for devices (3): the five operations, each exchange on a connection of its own, and the faults a test asked for.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import { setTimeout as wait } from 'node:timers/promises'
import { certificateChain } from './tls.js'
import type { Fault, Faults } from './faults.js'
import { Crash, falseAnswer, judge, refusal, type Bench, type CrashPoint, type Reply } from './judge.js'
import { romeTime } from './rome.js'
import type { Route } from './tables.js'

/** Hours in which messages are served: always, or all but 22:00 to 24:00 as the real service. */
export type Hours = 'always' | 'genuine'

/** What serving works with. */
export interface Desk {
  readonly bench: Bench
  readonly faults: Faults
  readonly maxBody: number
  hours(): Hours
  /** Ends the process, or what stands for it. */
  crash(): void
}

const routes: Readonly<Record<string, Readonly<Record<string, Route>>>> = {
  '': { POST: 'enrol', PUT: 'activate' },
  corrispettivi: { POST: 'receipts' },
  evento: { PUT: 'event' },
  'lotteria/corrispettivi': { POST: 'lottery' },
}

/** The server; it listens nowhere yet. */
export function openServer(desk: Desk): Server {
  const { bench } = desk
  const server = createServer(
    { ...certificateChain(bench.hierarchy), minVersion: 'TLSv1.2', requestTimeout: 120_000 },
    (request, response) => {
      serve(desk, request, response).catch((error: unknown) => {
        if (error instanceof Crash) return desk.crash()
        // A defect of ours must look like one to the client, and not like an answer.
        if (!response.headersSent) bare(response, 500, `${String(error)}\n`)
        else response.destroy()
      })
    },
  )
  return server
}

async function serve(desk: Desk, request: IncomingMessage, response: ServerResponse): Promise<void> {
  response.setHeader('date', new Date(desk.bench.now()).toUTCString())
  response.setHeader('connection', 'close')
  const path = new URL(request.url ?? '/', 'https://localhost').pathname
  const inside = /^(?:\/v1)?\/dispositivi(?:\/(.*?))?\/?$/.exec(path)
  const known = inside === null ? undefined : routes[inside[1] ?? '']
  if (known === undefined) return bare(response, 404, 'no such operation\n')
  const route = known[request.method ?? '']
  if (route === undefined) return bare(response, 405, 'not with this method\n', { allow: Object.keys(known).join(', ') })
  const fault = desk.faults.take(route)
  if (fault?.kind === 'drop' && fault.where === 'beforeReading') return cut(request)
  if (fault?.kind === 'delay' && fault.where !== 'after') await wait(fault.ms)
  // Whatever will be said of it, the body is read to its end: a client that is still sending would not hear the answer.
  const bytes = await readBody(request, desk.maxBody)
  if (!isXml(request.headers['content-type'])) return bare(response, 415, 'application/xml is expected\n')
  if (bytes === undefined) return bare(response, 413, `more than ${desk.maxBody} bytes\n`)
  await respond(desk, { route, bytes, fault, request }, response)
}

interface Exchange {
  readonly route: Route
  readonly bytes: Uint8Array
  readonly fault: Fault | undefined
  readonly request: IncomingMessage
}

async function respond(desk: Desk, exchange: Exchange, response: ServerResponse): Promise<void> {
  const { fault, request, route, bytes } = exchange
  const { bench } = desk
  if (fault?.kind === 'drop' && fault.where === 'afterReading') return cut(request)
  if (fault?.kind === 'status') return bare(response, fault.status, '', fault.headers)
  if (desk.hours() === 'genuine' && romeTime(bench.now()).slice(11, 13) >= '22')
    return bare(response, 500, 'outside the hours of service\n')
  if (fault?.kind === 'refuse')
    return send(response, { status: 200, body: refusal(bench, route, fault.codes), type: 'application/xml' })
  const withheld = fault !== undefined && 'store' in fault && !(fault.store ?? true)
  const reply: Reply = withheld
    ? { status: 200, body: new Uint8Array(), type: 'application/xml' }
    : judge(bench, route, bytes, crashPoint(fault))
  await deliver(desk, exchange, reply, response)
}

function crashPoint(fault: Fault | undefined): CrashPoint | undefined {
  return fault?.kind === 'crash' && fault.where !== 'afterAnswering' ? fault.where : undefined
}

// The message is in the ledger from here on, whatever the client gets to see.
async function deliver(desk: Desk, { fault, route, request }: Exchange, reply: Reply, response: ServerResponse): Promise<void> {
  const { bench } = desk
  switch (fault?.kind) {
    case 'drop':
      return cut(request)
    case 'garbage':
      return send(response, { ...reply, body: Buffer.from('<html><body>proxy error</body></html>') })
    case 'empty':
      return send(response, { ...reply, body: new Uint8Array() })
    case 'unsigned':
      return send(response, { ...reply, body: falseAnswer(bench, route, undefined) })
    case 'wrongSigner':
      return send(response, { ...reply, body: falseAnswer(bench, route, bench.hierarchy.stranger()) })
    case 'altered':
      return send(response, { ...reply, body: alter(reply.body) })
    case 'truncate':
      return truncate(response, reply, fault.bytes ?? Math.floor(reply.body.length / 2))
    case 'trickle':
      return trickle(response, reply, fault.bytes ?? 64, fault.everyMs ?? 50)
    case 'delay':
      if (fault.where === 'after') await wait(fault.ms)
      break
    case 'crash':
      response.on('finish', () => desk.crash())
      break
    default:
  }
  send(response, reply)
}

function isXml(type: string | undefined): boolean {
  return /^application\/xml\s*(;\s*charset\s*=\s*"?utf-8"?\s*)?$/i.test(type ?? '')
}

async function readBody(request: IncomingMessage, most: number): Promise<Uint8Array | undefined> {
  const parts: Buffer[] = []
  let size = 0
  for await (const part of request as AsyncIterable<Buffer>) {
    size += part.length
    if (size <= most) parts.push(part)
  }
  return size > most ? undefined : new Uint8Array(Buffer.concat(parts))
}

function bare(response: ServerResponse, status: number, words: string, headers: Readonly<Record<string, string>> = {}): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', ...headers }).end(words)
}

function send(response: ServerResponse, { status, body, type }: Reply): void {
  response.writeHead(status, { 'content-type': type, 'content-length': body.length }).end(body)
}

function cut(request: IncomingMessage): void {
  request.socket.destroy()
}

// One digit of the identifier: well-formed, and no longer what was signed.
function alter(body: Uint8Array): Uint8Array {
  const text = Buffer.from(body).toString('utf8')
  return Buffer.from(
    text.replace(/(<IdOperazione>[^<]*?)(\d)(?=<)/, (_, before: string, digit: string) => `${before}${(Number(digit) + 1) % 10}`),
  )
}

function truncate(response: ServerResponse, { status, body, type }: Reply, bytes: number): void {
  response.writeHead(status, { 'content-type': type, 'content-length': body.length })
  response.write(body.subarray(0, bytes), () => response.destroy())
}

async function trickle(response: ServerResponse, { status, body, type }: Reply, bytes: number, everyMs: number): Promise<void> {
  response.writeHead(status, { 'content-type': type, 'content-length': body.length })
  for (let at = 0; at < body.length && !response.destroyed; at += bytes) {
    response.write(body.subarray(at, at + bytes))
    await wait(everyMs)
  }
  response.end()
}
