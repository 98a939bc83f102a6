// The control interface over HTTP: every path, from outside.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { request } from 'node:http'
import type { Authority } from './contract.js'
import { bend, inner, messageXml, openDevice, openManufacturer, sha256, type Party } from './messages.fixture.js'
import { sharedSigner } from './parties.fixture.js'
import { openAuthority, operations, send, signed } from './wire.fixture.js'
import { readPortalDay } from '@sigillo/country-it'

const NOW = Date.parse('2026-11-24T12:00:00Z')

// Whatever a path answers; each test says what it expects of it.
// oxlint-disable-next-line typescript/no-explicit-any
type Json = any

describe('control interface', () => {
  let authority: Authority
  let device: Party
  beforeAll(async () => {
    authority = await openAuthority({ now: () => NOW, controlPort: 0 })
    device = await openDevice(authority, await openManufacturer(authority), 'ZZITT000001', {
      state: 'IN_SERVIZIO',
      merchant: '01234567897',
    })
  })
  afterAll(() => authority.close())
  const ask = async (method: string, path: string, body?: unknown): Promise<{ status: number; json: Json; bytes: Buffer }> => {
    const response = await fetch(`${authority.controlUrl as string}${path}`, {
      method,
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    const bytes = Buffer.from(await response.arrayBuffer())
    const isJson = response.headers.get('content-type') === 'application/json'
    return { status: response.status, bytes, json: isJson ? (JSON.parse(bytes.toString('utf8')) as unknown) : undefined }
  }

  it('shows what it is, its roots and its devices', async () => {
    expect((await ask('GET', '/')).json).toMatchObject({ url: authority.url, now: '2026-11-24T12:00:00.000Z', devices: 1 })
    for (const root of ['device', 'answers', 'tls'] as const)
      expect((await ask('GET', `/roots/${root}.pem`)).bytes.toString()).toBe(authority.roots[root])
    expect((await ask('GET', '/devices')).json).toMatchObject([
      { matricola: 'ZZITT000001', state: 'IN_SERVIZIO', progressive: '0' },
    ])
    expect((await ask('GET', '/devices/ZZITT000001')).json).toMatchObject({ kind: 'RT' })
    expect((await ask('GET', '/devices/ZZITT000009')).status).toBe(404)
    expect((await ask('GET', '/devices/ZZITT000001/qr')).json.text).toContain('https://127.0.0.1')
  })

  it('gives back messages with their exact bytes, and a day as the portal would', async () => {
    const bytes = await signed(messageXml('receipts'), device.signer)
    const answer = await send(authority, operations.receipts, bytes)
    const { json } = await ask('GET', '/messages?route=receipts&accepted=true&sender=ZZITT000001')
    expect(json).toMatchObject([{ status: 200, accepted: true, sha256: sha256(bytes) }])
    const { n } = json[0] as { n: number }
    expect((await ask('GET', `/messages/${n}`)).json).toMatchObject({ n })
    expect((await ask('GET', `/messages/${n}/request`)).bytes.equals(Buffer.from(bytes))).toBe(true)
    expect((await ask('GET', `/messages/${n}/answer`)).bytes.equals(answer.body)).toBe(true)
    const day = (await ask('GET', `/messages/${n}/portal`)).bytes
    expect(readPortalDay(new Uint8Array(day))).toMatchObject({
      device: { kind: 'RT', id: 'ZZITT000001' },
      merchantVat: '01234567897',
      sentAt: '2026-11-24T13:00:00',
    })
    expect((await send(authority, operations.receipts, day)).codes).toEqual(['00000'])
    expect((await ask('GET', '/messages/1/portal')).status).toBe(404)
  })

  it('lists lottery documents with what became of them', async () => {
    await device.say('lottery', bend(inner.lottery, ['<Importo>10.00', '<Importo>9.00']))
    await device.say('lottery', bend(inner.lottery, ['0001-0001', '0001-0002']))
    expect((await ask('GET', '/lottery')).json).toMatchObject([
      { matricola: 'ZZITT000001', position: 1, row: { number: '0001-0001', amount: 1000, codes: ['00308'] } },
      { position: 1, row: { number: '0001-0002', codes: [] } },
    ])
  })

  it('moves the clock, changes policies and states', async () => {
    expect((await ask('PUT', '/clock', { at: '2026-11-24T21:30:00Z' })).json).toEqual({ now: '2026-11-24T21:30:00.000Z' })
    expect((await ask('PUT', '/policies', { hours: 'genuine' })).json).toMatchObject({ hours: 'genuine', style: 'schema' })
    expect((await device.say('receipts')).status).toBe(500)
    expect((await ask('PUT', '/clock', { offsetMs: 0 })).json).toEqual({ now: '2026-11-24T12:00:00.000Z' })
    expect((await device.say('receipts')).status).toBe(200)
    expect((await ask('PUT', '/clock', { sooner: true })).status).toBe(400)
    await ask('PUT', '/devices/ZZITT000001/state', { state: 'FUORI_SERVIZIO' })
    expect((await device.say('event')).codes).toEqual(['00712'])
    await ask('PUT', '/devices/ZZITT000001/state', { state: 'IN_SERVIZIO' })
    expect((await ask('PUT', '/devices/ZZITT000009/state', { state: 'IN_SERVIZIO' })).status).toBe(400)
  })

  it.each([
    ['POST', '/faults', { fault: { kind: 'drpo' } }],
    ['POST', '/faults', { fault: { kind: 'drop' } }],
    ['POST', '/faults', { fault: { kind: 'crash', where: 'afterwards' } }],
    ['POST', '/faults', { fault: { kind: 'status', status: 42 } }],
    ['POST', '/faults', { fault: { kind: 'refuse', codes: ['203'] } }],
    ['POST', '/faults', { fault: { kind: 'garbage' }, route: 'closing' }],
    ['POST', '/faults', { fault: { kind: 'garbage' }, times: 0 }],
    ['POST', '/faults', {}],
    ['PUT', '/policies', { style: 'modern' }],
    ['PUT', '/policies', { lotteryLimit: 5 }],
    ['PUT', '/policies', { duplicates: { error: 'x' } }],
    ['PUT', '/policies', { duplicatesOf: { closing: 'sameAnswer' } }],
    ['PUT', '/devices/ZZITT000001/state', { state: 'ACCESO' }],
  ])('%s %s refuses %o', async (method, path, body) => {
    const before = (await ask('GET', '/')).json
    expect((await ask(method, path, body)).status).toBe(400)
    expect((await ask('GET', '/')).json).toEqual(before)
  })

  it('takes and drops faults, certifies manufacturers, trusts roots, adopts devices', async () => {
    expect(
      (await ask('POST', '/faults', { fault: { kind: 'status', status: 503 }, route: 'receipts', times: 2 })).json,
    ).toMatchObject([{ times: 2 }])
    expect((await device.say('receipts', bend(inner.receipts, ['>1<', '>5<']))).status).toBe(503)
    expect((await ask('GET', '/faults')).json).toMatchObject([{ times: 1 }])
    await ask('DELETE', '/faults')
    expect((await ask('GET', '/faults')).json).toEqual([])
    const spki = Buffer.from((await sharedSigner()).describe().publicKeySpki).toString('base64')
    const publicKey = `-----BEGIN PUBLIC KEY-----\n${spki.replace(/.{64}/g, '$&\n')}\n-----END PUBLIC KEY-----\n`
    expect((await ask('POST', '/manufacturers', { vat: '05550001118', publicKey })).json.certificate).toContain(
      'BEGIN CERTIFICATE',
    )
    expect((await ask('POST', '/trust', { pem: authority.roots.device })).status).toBe(200)
    expect((await ask('POST', '/trust', { pem: 'nothing' })).status).toBe(400)
    const certificate = authority.devices[0]!.certificate
    const pem = `-----BEGIN CERTIFICATE-----\n${certificate.replace(/.{64}/g, '$&\n')}\n-----END CERTIFICATE-----\n`
    expect((await ask('POST', '/devices', { certificate: pem, kind: 'MC', state: 'ATTIVATO' })).status).toBe(200)
    expect(authority.devices).toMatchObject([{ kind: 'MC', state: 'ATTIVATO' }])
  })

  it('knows no other path, takes no other method, and answers under loopback names only', async () => {
    expect((await ask('GET', '/nothing')).status).toBe(404)
    expect((await ask('DELETE', '/devices')).status).toBe(404)
    expect((await fetch(`${authority.controlUrl as string}/faults`, { method: 'POST', body: '[1]' })).status).toBe(400)
    const status = await new Promise<number | undefined>((resolve) =>
      request(authority.controlUrl as string, { headers: { host: 'evil.example' } }, (response) =>
        resolve(response.resume().statusCode),
      ).end(),
    )
    expect(status).toBe(403)
  })
})
