// IT-78: the guard that every test file has catches each way out, and lets loopback through. The addresses are those reserved for
// documentation: nothing would answer there, and nothing is sent.
import dgram from 'node:dgram'
import dns, { lookup } from 'node:dns'
import { createServer, get as plainGet } from 'node:http'
import { get } from 'node:https'
import net, { connect } from 'node:net'
import { connect as tlsConnect } from 'node:tls'
import { describe, expect, it } from 'vitest'
import { isLoopback } from './loopback-guard.js'
import { assertNothingLeft, guard } from './loopback.test-support.js'

const FAR = '192.0.2.1'

describe('IT-78 nothing leaves this machine', () => {
  const ways: readonly (readonly [name: string, attempt: () => unknown, seen: string])[] = [
    ['net.connect with options', () => net.connect({ host: FAR, port: 443 }), `connect ${FAR}:443`],
    ['net.connect with port and host', () => net.connect(443, FAR), `connect ${FAR}:443`],
    ['connect as imported by name', () => connect(443, FAR), `connect ${FAR}:443`],
    ['Socket.connect', () => new net.Socket().connect(80, '2001:db8::1'), 'connect 2001:db8::1:80'],
    ['a name', () => net.connect(443, 'example.org'), 'connect example.org:443'],
    ['tls.connect', () => tlsConnect({ host: FAR, port: 443 }), `connect ${FAR}:443`],
    ['http.get', () => plainGet(`http://${FAR}/`), `connect ${FAR}:80`],
    ['https.get', () => get('https://v-apid.example.org/'), 'connect v-apid.example.org:443'],
    ['UDP', () => dgram.createSocket('udp4').send('x', 53, FAR), `send ${FAR}`],
    ['dns.lookup', () => dns.lookup('example.org', () => undefined), 'lookup example.org'],
    ['lookup as imported by name', () => lookup('example.org', () => undefined), 'lookup example.org'],
    ['dns.promises', () => dns.promises.resolve4('example.org'), 'resolve4 example.org'],
    ['a resolver', () => new dns.Resolver().resolveTxt('example.org', () => undefined), 'resolveTxt example.org'],
  ]
  it.each(ways)('IT-78 %s is refused and remembered', (_, attempt, seen) => {
    expect(attempt).toThrow('not on this machine')
    expect(guard.take()).toEqual([seen])
  })

  it('IT-78 fetch is refused as well', async () => {
    await expect(fetch(`https://${FAR}/`)).rejects.toThrow()
    expect(guard.take()).toEqual([`connect ${FAR}:443`])
  })

  it('IT-78 a test whose code swallows the refusal fails all the same', () => {
    try {
      net.connect(443, FAR)
    } catch {
      // As a transport does that takes every failure for an unreachable host.
    }
    expect(assertNothingLeft).toThrow(`tried to leave this machine: connect ${FAR}:443`)
    expect(assertNothingLeft).not.toThrow()
  })

  it('IT-78 loopback and local sockets pass', async () => {
    const server = createServer((_, response) => response.end('here'))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as net.AddressInfo
    expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe('here')
    expect(await (await fetch(`http://localhost:${port}/`)).text()).toBe('here')
    server.close()
    server.closeAllConnections()
    expect(guard.take()).toEqual([])
  })

  it.each([
    ['127.0.0.1', true],
    ['127.8.9.1', true],
    ['::1', true],
    ['[::1]', true],
    ['0:0:0:0:0:0:0:1', true],
    ['::ffff:127.0.0.1', true],
    ['localhost', true],
    ['till.localhost', true],
    ['0.0.0.0', false],
    ['::', false],
    ['10.0.0.1', false],
    ['127.0.0.1.example.org', false],
    ['localhost.example.org', false],
    ['::2', false],
    ['fe80::1', false],
    ['1::1', false],
  ])('IT-78 %s is loopback: %s', (host, expected) => {
    expect(isLoopback(host)).toBe(expected)
  })
})
