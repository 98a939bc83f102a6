// IT-76: what is wrong is found in the order of 16.5. Each message is wrong in two ways, and gets the status and code of the earlier.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startAuthority } from './authority.js'
import type { Authority } from './contract.js'
import { bend, csrOf, inner, messageXml, openDevice, openManufacturer, type Party } from './messages.fixture.js'
import { openAuthority, operations, send, signed, type WireAnswer } from './wire.fixture.js'

describe('IT-76 checks in their order', () => {
  let authority: Authority
  let manufacturer: Party
  let device: Party
  let now = Date.parse('2026-11-24T12:00:00Z')
  beforeAll(async () => {
    authority = await openAuthority({ now: () => now, maxBody: 200_000 })
    manufacturer = await openManufacturer(authority)
    device = await openDevice(authority, manufacturer, 'ZZITT000001', { state: 'IN_SERVIZIO', merchant: '01234567897' })
  })
  afterAll(() => authority.close())
  const outcome = ({ status, codes }: WireAnswer): readonly unknown[] => [status, ...codes]
  const post = async (body: Uint8Array | string, headers?: Record<string, string>): Promise<readonly unknown[]> =>
    outcome(await send(authority, operations.receipts, body, headers))
  const future: readonly [string, string] = ['2026-11-24T12', '2027-11-24T12']

  it('IT-76 content type before size: 415, whatever the body', async () => {
    expect(await post('x'.repeat(300_000), { 'content-type': 'text/xml' })).toEqual([415])
    expect(await post('', {})).toEqual([415])
    for (const type of ['application/xml', 'application/xml; charset=UTF-8', 'Application/XML;charset="utf-8"'])
      expect(await post('<x', { 'content-type': type })).toEqual([406, '00000'])
    expect(await post('<x', { 'content-type': 'application/xml; charset=iso-8859-1' })).toEqual([415])
  })

  it('IT-76 size before form: 413 for any message, 00301 for a lottery batch over 60,000 bytes', async () => {
    expect(await post(`<${'x'.repeat(200_001)}`)).toEqual([413])
    const batch = await send(authority, operations.lottery, `<${'x'.repeat(60_001)}`)
    expect(outcome(batch)).toEqual([406, '00301'])
    expect(batch.text).toContain('<Esito>SC</Esito>')
  })

  it.each([
    ['not UTF-8', Buffer.from([...Buffer.from('<a>'), 0xc3, 0x28, ...Buffer.from('</a>')])],
    ['not well-formed', '<a><b></a>'],
    ['two roots', '<a/><b/>'],
    ['a DOCTYPE', '<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>'],
    ['an entity', '<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>'],
    ['an instruction', '<a><?do it?></a>'],
    ['a byte order mark', `\ufeff${messageXml('receipts')}`],
    ['another encoding', messageXml('receipts').replace('UTF-8', 'ISO-8859-1')],
    ['another root', messageXml('event')],
    ['nothing', ''],
  ])('IT-76 %s: 406 and 00000', async (_, body) => {
    expect(await post(body)).toEqual([406, '00000'])
  })

  it('IT-76 shape before signature: a message that is neither gets 00000', async () => {
    const good = Buffer.from(await signed(messageXml('receipts'), device.signer)).toString('utf8')
    expect(await post(bend(good, ['<Formato>COR10</Formato>', '']))).toEqual([406, '00000'])
    expect(await post(messageXml('receipts'))).toEqual([406, '00000'])
    const many = bend(inner.lottery, ['<IdCliente>ABCD1234', '<IdCliente>-'])
    expect(outcome(await device.say('lottery', many))).toEqual([406, '00000'])
  })

  it('IT-76 more than 100 lottery documents have a code of their own, before the signature', async () => {
    const one = /<DocumentoCommerciale>.*<\/DocumentoCommerciale>/.exec(inner.lottery)![0]
    const text = messageXml('lottery', inner.lottery.replace(one, one.repeat(101)))
    expect(outcome(await send(authority, operations.lottery, text))).toEqual([406, '00300'])
  })

  it('IT-76 signature before certificate: a broken one by a stranger gets 99999', async () => {
    const other = await startAuthority({ now: () => now })
    const foreign = await openDevice(other, await openManufacturer(other), 'ZZITT000001')
    const text = Buffer.from(await signed(messageXml('receipts'), foreign.signer)).toString('utf8')
    expect(await post(text)).toEqual([403])
    const value = /<ds:SignatureValue>([^<]+)</.exec(text)![1]!
    const another = Buffer.from(await signed(messageXml('event'), foreign.signer)).toString('utf8')
    expect(await post(bend(text, [value, /<ds:SignatureValue>([^<]+)</.exec(another)![1]!]))).toEqual([406, '99999'])
    expect(await post(bend(text, ['122.00', '123.00']))).toEqual([406, '99999'])
    await other.close()
  })

  it('IT-76 certificate before state: 403 for a stranger, a wrong role, a retired or expired device, without a signed body', async () => {
    const bent = bend(inner.receipts, future)
    const other = await startAuthority({ now: () => now })
    const foreign = await openDevice(other, await openManufacturer(other), 'ZZITT000001')
    const text = await signed(messageXml('receipts', bent), foreign.signer)
    expect(await post(text)).toEqual([403])
    const csr = await csrOf(device.signer, 'ZZITT000009')
    expect(outcome(await device.say('enrol', bend(inner.enrol, ['CSR', csr])))).toEqual([403])
    expect(outcome(await manufacturer.say('receipts', bent))).toEqual([403])
    const retired = await openDevice(authority, manufacturer, 'ZZITT000002', { state: 'DISMESSO' })
    expect(outcome(await retired.say('receipts', bent))).toEqual([403])
    const renewed = await openDevice(authority, manufacturer, 'ZZITT000003', { state: 'IN_SERVIZIO' })
    authority.adopt({ certificate: device.signer.describe().certificates[0]!, kind: 'RT', state: 'IN_SERVIZIO' })
    expect(outcome(await renewed.say('receipts'))).toEqual([200])
    now += 4 * 365 * 86_400_000
    expect(outcome(await device.say('receipts', bent))).toEqual([403])
    now -= 4 * 365 * 86_400_000
    await other.close()
  })

  it('IT-18 IT-76 state before rules: a closing from the future by a device that is not activated gets 00200 alone', async () => {
    for (const [i, state] of (['CENSITO', 'DISATTIVATO'] as const).entries()) {
      const idle = await openDevice(authority, manufacturer, `ZZITT00010${i}`, { state })
      expect(outcome(await idle.say('receipts', bend(inner.receipts, future)))).toEqual([200, '00200'])
      expect(outcome(await idle.say('lottery'))).toEqual([200, '00303'])
      expect(outcome(await idle.say('event', bend(inner.event, future)))).toEqual([200, '00700'])
    }
    expect(outcome(await device.say('activate', bend(inner.activate, ['01234567897', '01234567890'])))).toEqual([200, '00100'])
  })

  it('IT-76 a refusal changes nothing: neither states nor numbers nor what counts as accepted', async () => {
    const before = JSON.stringify(authority.devices, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value))
    const bent = bend(inner.receipts, future)
    expect(outcome(await device.say('receipts', bent))).toEqual([200, '00203'])
    expect(outcome(await device.say('receipts', bent))).toEqual([200, '00203'])
    expect(JSON.stringify(authority.devices, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value))).toBe(
      before,
    )
    expect(authority.entries({ route: 'receipts', accepted: true }).every(({ codes }) => codes.length === 0)).toBe(true)
  })

  it('IT-76 other paths and methods are no operations; the base path works with and without its version', async () => {
    const bytes = await signed(messageXml('receipts', bend(inner.receipts, ['>1<', '>7<'])), device.signer)
    expect(outcome(await send(authority, ['POST', '/dispositivi/corrispettivi/'], bytes))).toEqual([200])
    expect(outcome(await send(authority, ['POST', '/v1/dispositivi/corrispettivi'], bytes))).toEqual([200])
    expect(outcome(await send(authority, ['PUT', '/v1/dispositivi/corrispettivi/'], bytes))).toEqual([405])
    expect(outcome(await send(authority, ['GET', '/v1/dispositivi/corrispettivi/'], ''))).toEqual([405])
    expect(outcome(await send(authority, ['POST', '/v1/altro/'], bytes))).toEqual([404])
    const { headers } = await send(authority, operations.receipts, bytes)
    expect(headers['connection']).toBe('close')
    expect(headers['date']).toBe(new Date(now).toUTCString())
  })
})
