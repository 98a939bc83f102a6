import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { fetchTransport } from './fetch-transport.js'

let server: Server
let base: string
const seen: { method: string | undefined; url: string | undefined; type: string | undefined; body: string }[] = []
beforeAll(async () => {
  server = createServer((request, response) => {
    let body = ''
    request.on('data', (part: Buffer) => (body += part.toString('utf8')))
    request.on('end', () => {
      seen.push({ method: request.method, url: request.url, type: request.headers['content-type'], body })
      if (request.url === '/silent') return
      if (request.url === '/cut') return void request.socket.destroy()
      if (request.url === '/elsewhere') return void response.writeHead(302, { location: '/records' }).end()
      response.writeHead(request.url === '/records' ? 200 : 500, { 'x-till': 'T1' }).end(`{"got":${body.length}}`)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
})

const body = new TextEncoder().encode('{"é":1}')
const unknown = { code: 'UNREACHABLE', kind: 'transmission', registered: 'unknown' }

it('sends the bytes and gives status, headers and bytes back, whatever the status', async () => {
  const headers = { 'content-type': 'application/json' }
  // A view into a larger buffer: its neighbours do not leave.
  const view = new Uint8Array([0, ...body, 0]).subarray(1, body.length + 1)
  const response = await fetchTransport().send({ method: 'POST', url: `${base}/records`, headers, body: view })
  expect(response.status).toBe(200)
  expect(response.headers['x-till']).toBe('T1')
  expect(new TextDecoder().decode(response.body)).toBe('{"got":7}')
  expect(seen.at(-1)).toEqual({ method: 'POST', url: '/records', type: 'application/json', body: '{"é":1}' })
  expect((await fetchTransport().send({ method: 'POST', url: `${base}/broken`, body })).status).toBe(500)
})
it('every failure to get an answer says that the outcome is unknown', async () => {
  const { send } = fetchTransport()
  await expect(send({ method: 'POST', url: `${base}/cut`, body })).rejects.toMatchObject(unknown)
  await expect(send({ method: 'POST', url: `${base}/elsewhere`, body })).rejects.toMatchObject(unknown)
  await expect(send({ method: 'POST', url: `${base}/silent`, body, timeoutMs: 50 })).rejects.toMatchObject(unknown)
  await expect(send({ method: 'POST', url: `${base}/silent`, body, signal: AbortSignal.timeout(50) })).rejects.toMatchObject(
    unknown,
  )
  const closed = createServer()
  await new Promise<void>((resolve) => closed.listen(0, '127.0.0.1', resolve))
  const { port } = closed.address() as AddressInfo
  await new Promise((resolve) => closed.close(resolve))
  await expect(send({ method: 'POST', url: `http://127.0.0.1:${port}/`, body })).rejects.toMatchObject(unknown)
})
