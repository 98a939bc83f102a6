// Certification requests and certificate paths, judged by openssl as well.
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { softwareSigner } from '@sigillo/signer-software'
import { beforeAll, describe, expect, it } from 'vitest'
import { toBase64 } from './base64.js'
import { ecdsaFromDer, ecdsaToDer, nameOids } from './der.js'
import { checkPath } from './path.js'
import { has, makePki, type Pki } from './pki.fixture.js'
import { createRequest, readRequest } from './pkcs10.js'
import { commonNameOf, readCertificate, readCertificates } from './x509.js'

describe.skipIf(!has('openssl'))('requests and paths (needs openssl)', () => {
  let pki: Pki
  beforeAll(() => {
    pki = makePki()
  })

  it.each([
    ['RS256', 'rs256'],
    ['ES256', 'es256'],
  ] as const)('IT-16 a %s request made over a signer is accepted by openssl and read back', async (alg, suite) => {
    const signer = await softwareSigner({ alg })
    const { publicKeySpki, publicJwk } = signer.describe()
    const sign = async (message: Uint8Array): Promise<Uint8Array> =>
      (await signer.sign({ operation: 'csr', suite, input: { message } })).signature
    const subject = [
      { oid: nameOids.C, value: 'IT' },
      { oid: nameOids.CN, value: 'ZZITT000001' },
    ]
    const der = await createRequest({ subject, publicKeySpki, suite, sign })
    const file = join(pki.folder, `${suite}.csr`)
    writeFileSync(file, der)
    const said = execFileSync('openssl', ['req', '-inform', 'DER', '-in', file, '-verify', '-noout', '-subject'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    expect(said).toMatch(/C ?= ?IT, ?CN ?= ?ZZITT000001/)
    expect(readRequest(der)).toMatchObject({ subject, publicJwk })
    const pem = new TextEncoder().encode(
      `-----BEGIN CERTIFICATE REQUEST-----\n${toBase64(der)}\n-----END CERTIFICATE REQUEST-----\n`,
    )
    expect(commonNameOf(readRequest(pem).subject)).toBe('ZZITT000001')
    const bad = der.slice()
    bad[40]! ^= 1
    expect(() => readRequest(bad)).toThrow()
    expect(() => readRequest(der.subarray(1))).toThrow(expect.objectContaining({ code: 'CSR_MALFORMED' }))
  })

  it('a path needs CA rights at every step and a root from the caller’s list', async () => {
    const middle = await pki.issue('/CN=middle', { usage: 'critical,digitalSignature' })
    const leaf = readCertificate((await pki.issue('/CN=leaf')).der)
    const anchors = readCertificates(pki.ca)
    const at = Date.now()
    expect(checkPath({ certificate: leaf, anchors, at })).toMatchObject({ ok: true })
    expect(checkPath({ certificate: leaf, anchors: [readCertificate(middle.der)], at })).toMatchObject({
      ok: false,
      code: 'CERTIFICATE_UNTRUSTED',
    })
    expect(checkPath({ certificate: leaf, anchors: [], pool: anchors, at })).toMatchObject({
      ok: false,
      code: 'CERTIFICATE_UNTRUSTED',
    })
    expect(checkPath({ certificate: leaf, anchors: [leaf], at, usage: ['keyCertSign'] })).toMatchObject({
      ok: false,
      code: 'CERTIFICATE_USAGE',
    })
    const weak = await pki.issue('/CN=weak', { key: 'rsa:1024' }).catch((error: Error) => error)
    expect(weak).toBeInstanceOf(Error)
  })

  it('ECDSA values are converted both ways and only in their one right form', () => {
    const raw = new Uint8Array(64)
    raw.set([0x80, 1, 2], 0)
    raw.set([1], 63)
    const der = ecdsaToDer(raw)
    expect(ecdsaFromDer(der, 32)).toEqual(raw)
    expect(ecdsaFromDer(Uint8Array.of(...der, 0), 32)).toBeUndefined()
    expect(ecdsaFromDer(Uint8Array.of(0x30, 6, 2, 1, 0x81, 2, 1, 1), 32)).toBeUndefined()
    expect(ecdsaFromDer(Uint8Array.of(0x30, 8, 2, 2, 0, 1, 2, 2, 0, 1), 32)).toBeUndefined()
  })
})
