import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import type { RequestListener } from 'node:http'
import { createServer, type Server } from 'node:https'
import { createServer as createTcpServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { utf8, fromUtf8 } from '@sigillo/core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { nodeTransport } from './transport.js'

let folder: string
let tls: { cert: string; key: string }
let server: Server | undefined
const noOpenssl = spawnSync('openssl', ['version']).error !== undefined
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sigillo-tls-'))
  if (noOpenssl) return
  const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')]
  execFileSync(
    'openssl',
    [
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-keyout',
      key,
      '-out',
      cert,
      '-days',
      '2',
      '-subj',
      '/CN=localhost',
      '-addext',
      'subjectAltName=DNS:localhost,IP:127.0.0.1',
    ],
    { stdio: 'ignore' },
  )
  tls = { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') }
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))
afterEach(() => {
  server?.closeAllConnections()
  server?.close()
  server = undefined
})

function serve(answer: RequestListener): Promise<string> {
  server = createServer(tls, answer)
  return new Promise((resolve) =>
    server?.listen(0, '127.0.0.1', () =>
      resolve(`https://localhost:${((server as Server).address() as AddressInfo).port}/queues/1`),
    ),
  )
}
const post = (url: string, more: object = {}): Parameters<ReturnType<typeof nodeTransport>['send']>[0] => ({
  method: 'POST',
  url,
  body: utf8('{"a":1}'),
  ...more,
})

describe.skipIf(noOpenssl)('transport over https (needs openssl)', () => {
  it('sends the exact bytes and brings the answer back', async () => {
    const url = await serve((request, response) => {
      let text = ''
      request
        .on('data', (part: Buffer) => (text += String(part)))
        .on('end', () => response.writeHead(201, { 'x-seen': request.headers['x-till'] as string }).end(`got ${text}`))
    })
    const transport = nodeTransport({ ca: tls.cert })
    const answer = await transport.send(post(url, { headers: { 'x-till': 'T1' } }))
    expect([answer.status, answer.headers['x-seen'], fromUtf8(answer.body)]).toEqual([201, 'T1', 'got {"a":1}'])
    await transport.close?.()
  })
  it('nothing was sent: refused connection, unknown certificate', async () => {
    const url = await serve((_, response) => response.end())
    await expect(nodeTransport().send(post(url))).rejects.toMatchObject({ code: 'UNREACHABLE', registered: 'no' })
    server?.close()
    await expect(nodeTransport({ ca: tls.cert }).send(post('https://localhost:1/'))).rejects.toMatchObject({
      code: 'UNREACHABLE',
      registered: 'no',
    })
  })
  it('nothing was sent: a connection that never comes to stand is given up, long before the exchange would be', async () => {
    const mute = createTcpServer(() => undefined)
    await new Promise<void>((resolve) => void mute.listen(0, '127.0.0.1', resolve))
    try {
      const url = `https://127.0.0.1:${(mute.address() as AddressInfo).port}/`
      const transport = nodeTransport({ ca: tls.cert, connectTimeoutMs: 100 })
      await expect(transport.send(post(url, { timeoutMs: 60_000 }))).rejects.toMatchObject({
        registered: 'no',
        message: expect.stringContaining('no connection within 100 ms') as string,
      })
      await transport.close?.()
    } finally {
      mute.close()
    }
  })
  it('it is not known whether it arrived: reset, broken answer, silence', async () => {
    const reset = await serve((request) => request.socket.destroy())
    await expect(nodeTransport({ ca: tls.cert }).send(post(reset))).rejects.toMatchObject({ registered: 'unknown' })
    server?.close()
    const broken = await serve((request, response) => {
      response.writeHead(200, { 'content-length': '100' }).write('half')
      setTimeout(() => request.socket.destroy(), 20)
    })
    await expect(nodeTransport({ ca: tls.cert }).send(post(broken))).rejects.toMatchObject({ registered: 'unknown' })
    server?.close()
    const silent = await serve(() => undefined)
    await expect(nodeTransport({ ca: tls.cert }).send(post(silent, { timeoutMs: 100 }))).rejects.toMatchObject({
      registered: 'unknown',
      message: expect.stringContaining('100 ms') as string,
    })
  })
  it('an answer beyond the limit is refused, a cancelled call ends at once', async () => {
    const url = await serve((_, response) => response.end('x'.repeat(5000)))
    await expect(nodeTransport({ ca: tls.cert, maxBytes: 100 }).send(post(url))).rejects.toMatchObject({ code: 'UNREACHABLE' })
    await expect(nodeTransport({ ca: tls.cert }).send(post(url, { signal: AbortSignal.abort() }))).rejects.toMatchObject({
      registered: 'no',
    })
  })
})
