// The control interface over plain HTTP on loopback: JSON in and out, one path per thing. For test programs in any language.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Authority, EntryFilter } from './contract.js'
import type { DeviceState } from './effects.js'
import type { FaultPlan } from './faults.js'
import { pem } from './certificates.js'
import type { Route } from './tables.js'

const MOST = 4 * 1_048_576

type Reply = { readonly json: unknown } | { readonly bytes: Uint8Array; readonly type: string }
type Handler = (authority: Authority, parts: readonly string[], body: Record<string, unknown>, query: URLSearchParams) => Reply

const json = (value: unknown): Reply => ({ json: value })
const done: Reply = { json: { done: true } }
const plain = (text: string, type = 'application/x-pem-file'): Reply => ({ bytes: Buffer.from(text), type })
const xml = (bytes: Uint8Array): Reply => ({ bytes, type: 'application/xml' })

const handlers: readonly (readonly [method: string, path: RegExp, Handler])[] = [
  ['GET', /^\/$/, (authority) => json(overview(authority))],
  ['GET', /^\/roots\/(device|answers|tls)\.pem$/, ({ roots }, [which]) => plain(roots[which as keyof typeof roots])],
  ['GET', /^\/devices$/, ({ devices }) => json(devices)],
  ['GET', /^\/devices\/([^/]+)$/, ({ devices }, [name]) => json(need(devices.find((one) => one.matricola === name)))],
  ['GET', /^\/devices\/([^/]+)\/qr$/, (authority, [name]) => json({ text: authority.qrText(name as string) })],
  [
    'PUT',
    /^\/devices\/([^/]+)\/state$/,
    (authority, [name], { state }) => {
      authority.setState(name as string, state as DeviceState)
      return done
    },
  ],
  [
    'POST',
    /^\/devices$/,
    (authority, _, body) => {
      authority.adopt(body as unknown as Parameters<Authority['adopt']>[0])
      return done
    },
  ],
  [
    'POST',
    /^\/manufacturers$/,
    (authority, _, { vat, publicKey }) => {
      const der = authority.certifyManufacturer(String(vat), String(publicKey))
      return json({ certificate: pem(der) })
    },
  ],
  [
    'POST',
    /^\/trust$/,
    (authority, _, { pem: root }) => {
      authority.trust(String(root))
      return done
    },
  ],
  ['GET', /^\/messages$/, (authority, _parts, _body, query) => json(authority.entries(filterOf(query)))],
  ['GET', /^\/messages\/(\d+)$/, (authority, [n]) => json(need(authority.entries({ from: Number(n) })[0]))],
  ['GET', /^\/messages\/(\d+)\/request$/, (authority, [n]) => xml(need(authority.bytes(Number(n)).request))],
  ['GET', /^\/messages\/(\d+)\/answer$/, (authority, [n]) => xml(need(authority.bytes(Number(n)).answer))],
  ['GET', /^\/messages\/(\d+)\/portal$/, (authority, [n]) => plain(need(authority.portalFile(Number(n))).xml, 'application/xml')],
  ['GET', /^\/lottery$/, (authority) => json(authority.lottery())],
  ['GET', /^\/clock$/, (authority) => json({ now: new Date(authority.now()).toISOString() })],
  [
    'PUT',
    /^\/clock$/,
    (authority, _, body) => {
      setClock(authority, body)
      return json({ now: new Date(authority.now()).toISOString() })
    },
  ],
  ['GET', /^\/policies$/, ({ policies }) => json(policies)],
  [
    'PUT',
    /^\/policies$/,
    (authority, _, body) => {
      authority.setPolicies(body)
      return json(authority.policies)
    },
  ],
  ['GET', /^\/faults$/, ({ faults }) => json(faults)],
  [
    'POST',
    /^\/faults$/,
    (authority, _, body) => {
      authority.inject(body as unknown as FaultPlan)
      return json(authority.faults)
    },
  ],
  [
    'DELETE',
    /^\/faults$/,
    (authority) => {
      authority.clearFaults()
      return done
    },
  ],
]

class NotThere extends Error {}

function need<T>(value: T | undefined): T {
  if (value === undefined) throw new NotThere('there is no such thing')
  return value
}

function overview(authority: Authority): object {
  const { url, devices, policies, faults } = authority
  const now = new Date(authority.now()).toISOString()
  return { url, now, devices: devices.length, lines: authority.entries().length, policies, faults }
}

function setClock(authority: Authority, { at, offsetMs }: Record<string, unknown>): void {
  const current = authority.now()
  const target = typeof at === 'string' ? Date.parse(at) : Number.NaN
  if (!Number.isNaN(target)) authority.setClock(authority.clockOffsetMs + target - current)
  else if (typeof offsetMs === 'number') authority.setClock(offsetMs)
  else throw new RangeError('the clock takes at (ISO 8601) or offsetMs')
}

function filterOf(query: URLSearchParams): EntryFilter {
  const [route, sender, accepted, from] = ['route', 'sender', 'accepted', 'from'].map((name) => query.get(name)) as [
    string | null,
    string | null,
    string | null,
    string | null,
  ]
  return {
    ...(route !== null && { route: route as Route }),
    ...(sender !== null && { sender }),
    ...(accepted !== null && { accepted: accepted === 'true' }),
    ...(from !== null && { from: Number(from) }),
  }
}

/** The server of the control interface. */
export function openControl(authority: Authority): Server {
  return createServer((request, response) => {
    handle(authority, request, response).catch((error: unknown) =>
      write(response, error instanceof NotThere ? 404 : 400, json({ error: (error as Error).message })),
    )
  })
}

async function handle(authority: Authority, request: IncomingMessage, response: ServerResponse): Promise<void> {
  // A page in somebody's browser must not be able to steer this under a name of its own.
  if (!/^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/.test(request.headers.host ?? ''))
    return write(response, 403, json({ error: 'only under a loopback name' }))
  const url = new URL(request.url ?? '/', 'http://localhost')
  const fitting = handlers.find(([method, path]) => method === request.method && path.test(url.pathname))
  if (fitting === undefined) return write(response, 404, json({ error: 'no such path' }))
  const body = await readJson(request)
  const parts = (fitting[1].exec(url.pathname) ?? []).slice(1).map(decodeURIComponent)
  write(response, 200, fitting[2](authority, parts, body, url.searchParams))
}

async function readJson(request: IncomingMessage): Promise<Record<string, unknown>> {
  const parts: Buffer[] = []
  let size = 0
  for await (const part of request as AsyncIterable<Buffer>) {
    size += part.length
    if (size > MOST) throw new RangeError('too large')
    parts.push(part)
  }
  const text = Buffer.concat(parts).toString('utf8')
  const value: unknown = text === '' ? {} : JSON.parse(text)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new RangeError('a JSON object is expected')
  return value as Record<string, unknown>
}

function write(response: ServerResponse, status: number, reply: Reply): void {
  const [bytes, type] =
    'json' in reply
      ? [
          Buffer.from(
            `${JSON.stringify(reply.json, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value))}\n`,
          ),
          'application/json',
        ]
      : [reply.bytes, reply.type]
  response.writeHead(status, { 'content-type': type, 'content-length': bytes.length }).end(bytes)
}
