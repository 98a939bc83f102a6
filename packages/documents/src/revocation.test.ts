// Revocation judged from what openssl's own responder and CA say, and from everything that looks like it and is not.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CA_EXTENSIONS, hasOpenssl, LEAF_EXTENSIONS, workshop, type Workshop } from './openssl-ca.fixture.js'
import { readCrl } from './crl.js'
import { createOcspRequest, readOcspAnswer } from './ocsp.js'
import { checkRevocation } from './revocation.js'
import type { RevocationAnswer } from './revocation-answer.js'
import type { X509 } from './x509.js'

const HOUR = 3_600_000
const RESPONDER = 'keyUsage=critical,digitalSignature\nextendedKeyUsage=OCSPSigning\nnoCheck=ignored\n'

describe.skipIf(!hasOpenssl)('revocation (needs openssl)', () => {
  let shop: Workshop
  let ca: X509
  const leaves = new Map<string, X509>()
  const leaf = (name: string): X509 => leaves.get(name) as X509

  beforeAll(() => {
    shop = workshop()
    ca = shop.make('ca')
    shop.make('stranger')
    const serials = { good: 0x10, revoked: 0xf1, unlisted: 0x33 }
    for (const [name, serial] of Object.entries(serials))
      leaves.set(name, shop.make(name, { issuer: 'ca', extensions: LEAF_EXTENSIONS, serial }))
    const responder = { issuer: 'ca', extensions: RESPONDER.replace('noCheck=ignored\n', '') }
    shop.make('responder', responder)
    shop.make('usurper', { ...responder, issuer: 'stranger' })
    shop.make('nobody', { issuer: 'ca', extensions: LEAF_EXTENSIONS })
    const end = '300101000000Z'
    writeFileSync(
      join(shop.folder, 'index'),
      `V\t${end}\t\t10\tunknown\t/CN=good\nR\t${end}\t260101000000Z,keyCompromise\tF1\tunknown\t/CN=revoked\n`,
    )
    writeFileSync(
      join(shop.folder, 'ca.cnf'),
      '[ca]\ndefault_ca=d\n[d]\ndatabase=index\ndefault_md=sha256\ndefault_crl_days=3\ncrlnumber=crlnumber\n[delta]\n2.5.29.27=critical,ASN1:INTEGER:1\n[part]\nissuingDistributionPoint=critical,@idp\n[idp]\nonlyuser=TRUE\n',
    )
    writeFileSync(join(shop.folder, 'crlnumber'), '01\n')
  })
  afterAll(() => shop?.remove())

  async function answer(
    name: string,
    { by = 'responder', hash = 'sha256', extra = [] }: { by?: string; hash?: 'sha256' | 'sha1'; extra?: string[] } = {},
  ): Promise<Uint8Array> {
    const request = await createOcspRequest({ certificate: leaf(name), issuer: ca }, { hash })
    writeFileSync(join(shop.folder, 'req.der'), request)
    const signer = ['-rsigner', `${by}.pem`, '-rkey', `${by}.key`]
    shop.run(
      'ocsp',
      '-index',
      'index',
      '-CA',
      'ca.pem',
      ...signer,
      '-reqin',
      'req.der',
      '-respout',
      'resp.der',
      '-nmin',
      '60',
      ...extra,
    )
    return new Uint8Array(readFileSync(join(shop.folder, 'resp.der')))
  }
  const ask = (der: Uint8Array, name: string, at = Date.now(), more: object = {}): Promise<RevocationAnswer> =>
    readOcspAnswer(der, { certificate: leaf(name), issuer: ca, at, ...more })

  it.each(['sha256', 'sha1'] as const)(
    'S-55 a real responder answers our request by %s: good, revoked, unknown',
    async (hash) => {
      expect(await ask(await answer('good', { hash }), 'good')).toMatchObject({ status: 'good' })
      expect(await ask(await answer('revoked', { hash }), 'revoked')).toEqual({
        status: 'revoked',
        since: Date.parse('2026-01-01T00:00:00Z'),
        reason: 'keyCompromise',
      })
      expect(await ask(await answer('unlisted', { hash }), 'unlisted')).toMatchObject({
        status: 'unknown',
        code: 'REVOCATION_UNKNOWN',
      })
    },
  )

  it('S-55 the issuer may answer itself, by name or by key', async () => {
    expect(await ask(await answer('good', { by: 'ca' }), 'good')).toMatchObject({ status: 'good' })
    expect(await ask(await answer('good', { by: 'ca', extra: ['-resp_key_id'] }), 'good')).toMatchObject({ status: 'good' })
    expect(await ask(await answer('good', { extra: ['-resp_key_id'] }), 'good')).toMatchObject({ status: 'good' })
  })

  it('S-55 an answer about another certificate is not good', async () => {
    const der = await answer('good')
    expect(await ask(der, 'revoked')).toMatchObject({ status: 'unknown', code: 'REVOCATION_FOREIGN' })
    // Same serial number, other issuer.
    const other = shop.make('other-ca')
    const twin = shop.make('twin', { issuer: 'other-ca', extensions: LEAF_EXTENSIONS, serial: 0x10 })
    const verdict = await readOcspAnswer(der, { certificate: twin, issuer: other, at: Date.now() })
    expect(verdict.status).toBe('unknown')
  })

  it('S-55 a stale answer, or one of a time to come, is not good', async () => {
    const der = await answer('good')
    const now = Date.now()
    expect(await ask(der, 'good', now + 0.9 * HOUR)).toMatchObject({ status: 'good' })
    expect(await ask(der, 'good', now + 2 * HOUR)).toMatchObject({ status: 'unknown', code: 'REVOCATION_STALE' })
    expect(await ask(der, 'good', now - HOUR)).toMatchObject({ status: 'unknown', code: 'REVOCATION_STALE' })
    const long = await answer('good', { extra: ['-ndays', '30'] })
    expect(await ask(long, 'good', now + 25 * HOUR)).toMatchObject({ code: 'REVOCATION_STALE' })
    expect(await ask(long, 'good', now + 25 * HOUR, { maxAgeMs: 48 * HOUR })).toMatchObject({ status: 'good' })
    expect(await ask(der, 'good', now, { nonce: new Uint8Array(16) })).toMatchObject({ code: 'REVOCATION_STALE' })
  })

  it('S-55 a responder the issuer did not authorise is not believed', async () => {
    for (const by of ['usurper', 'nobody', 'stranger'])
      expect(await ask(await answer('good', { by }), 'good'), by).toMatchObject({
        status: 'unknown',
        code: 'REVOCATION_UNAUTHORISED',
      })
    const der = await answer('good')
    let good = 0
    for (let i = 0; i < der.length; i += 3) {
      const altered = der.slice()
      altered[i] = (altered[i] as number) ^ 1
      const { status } = await ask(altered, 'good')
      // Bits outside of what is signed and of the responder's own certificate: none turns the answer.
      if (status === 'good') good++
      expect(status).not.toBe('revoked')
    }
    expect(good).toBeLessThan(der.length / 10)
    for (const cut of [0, 1, 10, der.length - 1]) expect((await ask(der.subarray(0, cut), 'good')).status).toBe('unknown')
  })

  it('S-55 a nonce of the request comes back in an answer made for it', async () => {
    const nonce = Uint8Array.from({ length: 16 }, (_, i) => i)
    writeFileSync(join(shop.folder, 'req.der'), await createOcspRequest({ certificate: leaf('good'), issuer: ca }, { nonce }))
    shop.run(
      'ocsp',
      '-index',
      'index',
      '-CA',
      'ca.pem',
      '-rsigner',
      'responder.pem',
      '-rkey',
      'responder.key',
      '-reqin',
      'req.der',
      '-respout',
      'nonce.der',
      '-nmin',
      '5',
    )
    const der = new Uint8Array(readFileSync(join(shop.folder, 'nonce.der')))
    expect(await ask(der, 'good', Date.now(), { nonce })).toMatchObject({ status: 'good' })
    expect(await ask(der, 'good', Date.now(), { nonce: nonce.slice(1) })).toMatchObject({ code: 'REVOCATION_STALE' })
  })

  function list(by = 'ca', ...more: string[]): Uint8Array {
    shop.run('ca', '-config', 'ca.cnf', '-gencrl', '-keyfile', `${by}.key`, '-cert', `${by}.pem`, '-out', 'list.pem', ...more)
    return shop.run('crl', '-in', 'list.pem', '-outform', 'DER')
  }
  const look = (der: Uint8Array, name: string, at = Date.now(), more: object = {}): RevocationAnswer =>
    readCrl(der, { certificate: leaf(name), issuer: ca, at, ...more })

  it('S-55 a revocation list of the issuer is judged entry by entry', () => {
    const der = list()
    expect(look(der, 'good')).toMatchObject({ status: 'good' })
    expect(look(der, 'revoked')).toEqual({
      status: 'revoked',
      since: Date.parse('2026-01-01T00:00:00Z'),
      reason: 'keyCompromise',
    })
    expect(look(der, 'good', Date.now() + 25 * HOUR)).toMatchObject({ code: 'REVOCATION_STALE' })
    expect(look(der, 'good', Date.now() + 25 * HOUR, { maxAgeMs: 96 * HOUR })).toMatchObject({ status: 'good' })
    expect(look(der, 'good', Date.now() + 80 * HOUR, { maxAgeMs: 96 * HOUR })).toMatchObject({ code: 'REVOCATION_STALE' })
    expect(look(list('stranger'), 'good')).toMatchObject({ code: 'REVOCATION_FOREIGN' })
    expect(look(list('ca', '-crlexts', 'delta'), 'good')).toMatchObject({ code: 'REVOCATION_UNKNOWN' })
    expect(look(list('ca', '-crlexts', 'part'), 'good')).toMatchObject({ code: 'REVOCATION_UNKNOWN' })
    for (let i = 0; i < der.length; i += 5) {
      const altered = der.slice()
      altered[i] = (altered[i] as number) ^ 1
      expect(look(altered, 'good').status, `byte ${i}`).toBe('unknown')
    }
  })

  it('S-55 an authority of the same name with another key, or without the right to lists, is not believed', () => {
    const twin = shop.make('twin-ca', { subject: '/CN=ca' })
    expect(twin.subjectDer).toEqual(ca.subjectDer)
    expect(look(list('twin-ca'), 'good')).toMatchObject({ code: 'REVOCATION_UNAUTHORISED' })
    const bare = shop.make('bare', { extensions: CA_EXTENSIONS.replace(',cRLSign', '') })
    const under = shop.make('under-bare', { issuer: 'bare', extensions: LEAF_EXTENSIONS })
    expect(readCrl(list('bare'), { certificate: under, issuer: bare, at: Date.now() })).toMatchObject({
      code: 'REVOCATION_UNAUTHORISED',
    })
  })

  it('S-55 unknown is never good: require refuses, prefer leaves open, and one revocation outweighs any good', async () => {
    const question = (name: string): { certificate: X509; issuer: X509; at: number } => ({
      certificate: leaf(name),
      issuer: ca,
      at: Date.now(),
    })
    const der = list()
    expect(await checkRevocation(question('good'), {})).toMatchObject({ ok: false, code: 'REVOCATION_UNKNOWN' })
    expect(await checkRevocation(question('good'), {}, 'prefer')).toMatchObject({ ok: true, open: true })
    expect(await checkRevocation(question('good'), {}, 'none')).toEqual({ ok: true, open: false })
    expect(await checkRevocation(question('good'), { crls: [der] })).toEqual({ ok: true, open: false })
    expect(await checkRevocation(question('revoked'), { crls: [der] }, 'prefer')).toMatchObject({
      ok: false,
      code: 'CERTIFICATE_REVOKED',
    })
    const foreign = await answer('good')
    expect(await checkRevocation(question('revoked'), { ocsp: [foreign], crls: [der] }, 'prefer')).toMatchObject({ ok: false })
    // At a time before the revocation it was good.
    const before = { ...question('revoked'), at: Date.parse('2025-12-31T00:00:00Z') }
    expect(await checkRevocation(before, { crls: [der] })).toEqual({ ok: true, open: false })
  })
})
