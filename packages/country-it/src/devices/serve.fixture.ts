// A loopback server around an emulated device: one request after the other, as the real ones work, with faults on request.
import { createServer as plain, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as secure } from 'node:https'
import type { AddressInfo } from 'node:net'
import { selfSigned } from '@sigillo/testing/node'

/** A request as the emulated device sees it. */
export interface DeviceRequest {
  readonly path: string
  readonly body: string
  /** Name and password of the Basic scheme. */
  readonly user: string
  readonly password: string
}

/** An emulated device: a request in, a status and a text out. */
export type Emulated = (request: DeviceRequest) => { readonly status: number; readonly text: string }

/** What befalls a request. */
export type DeviceFault =
  /** The connection breaks before the device has seen it, or after it has done it. */
  | { readonly kind: 'lostBefore' | 'lostAfter' }
  /** The device takes its time; the till gives up meanwhile. */
  | { readonly kind: 'slow'; readonly ms: number }
  | { readonly kind: 'status'; readonly status: number }
  | { readonly kind: 'garbage' }
  /** The device answers with a code of its own and does nothing. */
  | { readonly kind: 'code'; readonly code: string }

/** A served device. */
export interface Served {
  readonly url: string
  /** Certificate to trust, for https. */
  readonly ca: string
  /** Faults of the coming requests, in order; undefined entries let one pass. */
  readonly faults: (DeviceFault | undefined)[]
  /** Paths asked for, in order. */
  readonly seen: string[]
  /** How the emulated device says a code. */
  close(): Promise<void>
}

let pair: { readonly key: string; readonly cert: string } | undefined

function certificate(): { readonly key: string; readonly cert: string } {
  if (pair !== undefined) return pair
  const wish = { key: 'rsa:2048', subject: '/CN=127.0.0.1', extensions: ['subjectAltName=IP:127.0.0.1'] } as const
  const { keyPem, certificatePem } = selfSigned(wish)
  return (pair = { key: keyPem, cert: certificatePem })
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** Serves a device on loopback. `sayCode` makes its answer for an injected code. */
export async function serve(
  device: Emulated,
  sayCode: (code: string) => string,
  { tls = true }: { readonly tls?: boolean } = {},
): Promise<Served> {
  const faults: Served['faults'] = []
  const seen: string[] = []
  let line: Promise<unknown> = Promise.resolve()
  const answer = async (request: DeviceRequest, response: ServerResponse): Promise<void> => {
    const fault = faults.shift()
    if (fault?.kind === 'lostBefore') return void response.destroy()
    if (fault?.kind === 'slow') await pause(fault.ms)
    if (fault?.kind === 'status') return void response.writeHead(fault.status).end('')
    if (fault?.kind === 'garbage') return void response.writeHead(200).end('<html')
    if (fault?.kind === 'code') return void response.writeHead(200).end(sayCode(fault.code))
    const { status, text } = device(request)
    if (fault?.kind === 'lostAfter') return void response.destroy()
    response.writeHead(status, { connection: 'close' }).end(text)
  }
  const listen = (incoming: IncomingMessage, response: ServerResponse): void => {
    const parts: Buffer[] = []
    incoming.on('data', (part: Buffer) => parts.push(part))
    incoming.on('error', () => undefined)
    incoming.on('end', () => {
      const path = incoming.url ?? ''
      seen.push(path)
      const [user = '', password = ''] = Buffer.from((incoming.headers.authorization ?? '').replace(/^Basic /, ''), 'base64')
        .toString()
        .split(/:(.*)/s)
      const request = { path, body: Buffer.concat(parts).toString(), user, password }
      line = line.then(() => answer(request, response)).catch(() => response.destroy())
    })
  }
  const { key, cert } = tls ? certificate() : { key: '', cert: '' }
  const server = tls ? secure({ key, cert }, listen) : plain(listen)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `${tls ? 'https' : 'http'}://127.0.0.1:${(server.address() as AddressInfo).port}`,
    ca: cert,
    faults,
    seen,
    close: async () => {
      await line
      server.closeAllConnections()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}
