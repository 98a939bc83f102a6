// The way in: loopback only, TLS 1.2 or newer, a certificate a client can check.
import { connect } from 'node:tls'
import { networkInterfaces } from 'node:os'
import { describe, expect, it } from 'vitest'
import { openAuthority, operations, send } from './wire.fixture.js'

const handshake = (url: string, options: object): Promise<string> =>
  new Promise((resolve) => {
    const { hostname, port } = new URL(url)
    const socket = connect({ host: hostname.replace(/[[\]]/g, ''), port: Number(port), ...options }, () => {
      resolve(socket.getProtocol() ?? '')
      socket.destroy()
    })
    socket.on('error', (error) => resolve((error as NodeJS.ErrnoException).code ?? error.message))
  })

describe('TLS', () => {
  it.each(['0.0.0.0', '::', '192.0.2.1', 'example.org', '', '127.0.0.1.example.org'])(
    'IT-78 does not listen on %j',
    async (host) => {
      await expect(openAuthority({ host })).rejects.toMatchObject({ code: 'OPTION_INVALID', path: 'host' })
    },
  )

  it.each(['127.0.0.1', '::1', '[::1]', 'localhost'])('listens on %s', async (host) => {
    const known = Object.values(networkInterfaces()).flat()
    if (host.includes(':') && !known.some((one) => one?.address === '::1')) return
    await using authority = await openAuthority({ host })
    expect((await send(authority, operations.event, '<x/>')).codes).toEqual(['00000'])
  })

  it('TLS 1.2 and 1.3, nothing older, nothing in clear', async () => {
    await using authority = await openAuthority()
    const ca = authority.roots.tls
    const ciphers = 'DEFAULT@SECLEVEL=0'
    expect(await handshake(authority.url, { ca, maxVersion: 'TLSv1.2' })).toBe('TLSv1.2')
    expect(await handshake(authority.url, { ca })).toBe('TLSv1.3')
    expect(await handshake(authority.url, { ca, minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers })).toMatch(
      /ALERT_PROTOCOL_VERSION|ECONNRESET/,
    )
    await expect(fetch(authority.url.replace('https', 'http'))).rejects.toThrow()
  })

  it('a client that trusts other roots, or asks for another name, does not speak to it', async () => {
    await using authority = await openAuthority()
    const ca = authority.roots.tls
    expect(await handshake(authority.url, {})).toMatch(/SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_GET_ISSUER/)
    expect(await handshake(authority.url, { ca: authority.roots.answers })).toMatch(/SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO/)
    expect(await handshake(authority.url, { ca, servername: 'ivaservizi.example' })).toBe('ERR_TLS_CERT_ALTNAME_INVALID')
    expect(await handshake(authority.url.replace('127.0.0.1', 'localhost'), { ca, servername: 'localhost' })).toBe('TLSv1.3')
  })

  it('asks no certificate of a client', async () => {
    await using authority = await openAuthority()
    const answer = await send(authority, operations.receipts, '<x/>')
    expect([answer.status, answer.headers['connection']]).toEqual([406, 'close'])
  })
})
