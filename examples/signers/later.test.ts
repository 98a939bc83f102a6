// Five years later: only the exported journal and the evidence kept with it, no network. The key's certificates come from the journal itself.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createQueue, parseLine, type JsonObject, type Queue } from '@sigillo/core'
import { judgeCertificate, readCertificate, requestFor, nameOids, type X509 } from '@sigillo/documents'
import { softwareSigner } from '@sigillo/signer-software'
import { bareCountry, memoryStorage } from '@sigillo/testing'
import { generateKeyPairSync } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hasOpenssl, LEAF_EXTENSIONS, workshop, type Workshop } from '../../packages/documents/src/openssl-ca.fixture.js'

const DAY = 86_400_000
const YEARS = 5 * 365 * DAY

describe.skipIf(!hasOpenssl)('S-52 verifying later (needs openssl)', () => {
  let shop: Workshop
  let root: X509
  let exported: readonly Uint8Array[]
  let crl: Uint8Array
  beforeAll(async () => {
    shop = workshop()
    // The authority lives longer than what it certifies.
    root = shop.make('root', { days: 6000 })
    writeFileSync(join(shop.folder, 'leaf.ext'), LEAF_EXTENSIONS)
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const pkcs8 = new Uint8Array(privateKey.export({ format: 'der', type: 'pkcs8' }))
    const bare = await softwareSigner({ pkcs8 })
    writeFileSync(join(shop.folder, 'till.csr'), await requestFor(bare, { subject: [{ oid: nameOids.CN, value: 'till' }] }))
    await bare.close()
    shop.run(
      'x509',
      '-req',
      '-inform',
      'DER',
      '-in',
      'till.csr',
      '-CA',
      'root.pem',
      '-CAkey',
      'root.key',
      '-set_serial',
      '9',
      '-days',
      '300',
      '-extfile',
      'leaf.ext',
      '-out',
      'till.pem',
    )
    const certificate = shop.run('x509', '-in', 'till.pem', '-outform', 'DER')
    writeFileSync(join(shop.folder, 'ca.cnf'), '[ca]\ndefault_ca=d\n[d]\ndatabase=index\ndefault_md=sha256\ndefault_crl_days=3\n')
    writeFileSync(join(shop.folder, 'index'), '')
    shop.run('ca', '-config', 'ca.cnf', '-gencrl', '-keyfile', 'root.key', '-cert', 'root.pem', '-out', 'list.pem')
    crl = shop.run('crl', '-in', 'list.pem', '-outform', 'DER')
    const signer = await softwareSigner({ pkcs8, certificates: [certificate] })
    const queue = await createQueue({ country: bareCountry(), storage: memoryStorage(), signer })
    await queue.record({ type: 'ticket', key: 'A', amount: 1 })
    exported = await linesOf(queue)
    await queue.close()
  })
  afterAll(() => shop?.remove())

  async function linesOf(queue: Queue): Promise<Uint8Array[]> {
    const { lineOf } = await import('@sigillo/core')
    const lines: Uint8Array[] = []
    for await (const record of queue.records()) lines.push(new TextEncoder().encode(lineOf(record as never)))
    return lines
  }

  // What a reader of the export finds: the certificate in the first record, the time a receipt claims.
  function fromExport(): { readonly certificate: X509; readonly claimed: number } {
    const [genesis, ...rest] = exported.map((line) => parseLine(line))
    const x5c = (genesis?.payload as JsonObject)['x5c'] as readonly string[]
    const ticket = rest.find((record) => record?.body.type === 'ticket')
    const certificate = readCertificate(Uint8Array.from(Buffer.from(x5c[0] as string, 'base64')))
    return { certificate, claimed: Date.parse(String(ticket?.body.ts)) }
  }

  it('S-52 with a proof of time it is passed five years later, by the kept evidence alone; without one it stays open', async () => {
    const { certificate, claimed } = fromExport()
    const question = { certificate, anchors: [root], at: claimed + YEARS, evidence: { crls: [crl] } }
    expect(await judgeCertificate({ ...question, signed: { ms: claimed, proven: true } })).toMatchObject({
      indication: 'TOTAL-PASSED',
    })
    expect(await judgeCertificate({ ...question, signed: { ms: claimed, proven: false } })).toMatchObject({
      indication: 'INDETERMINATE',
      sub: 'OUT_OF_BOUNDS_NO_POE',
    })
    // Captured within a day after signing it counts, later or long before it does not.
    const proven = (ms: number): Promise<object> => judgeCertificate({ ...question, signed: { ms, proven: true } })
    expect(await proven(certificate.notBefore)).toMatchObject({ indication: 'TOTAL-PASSED' })
    expect(await proven(claimed + 2 * DAY)).toMatchObject({ indication: 'INDETERMINATE', sub: 'TRY_LATER' })
    expect(await proven(certificate.notAfter + DAY)).toMatchObject({ indication: 'INDETERMINATE', sub: 'OUT_OF_BOUNDS_NO_POE' })
    expect(await proven(certificate.notBefore - 1000)).toMatchObject({ indication: 'TOTAL-FAILED', sub: 'NOT_YET_VALID' })
    expect(await judgeCertificate({ ...question, evidence: {}, signed: { ms: claimed, proven: true } })).toMatchObject({
      sub: 'TRY_LATER',
    })
    expect(await judgeCertificate({ ...question, anchors: [], signed: { ms: claimed, proven: true } })).toMatchObject({
      sub: 'NO_CERTIFICATE_CHAIN_FOUND',
    })
  })

  it('S-52 a suite that has ended needs a proof of time, though every certificate is still valid', async () => {
    // Certificates of the authority are signed with RSA and PKCS#1 v1.5, which end with 2028.
    const rsa = shop.make('rsa-root', { key: 'rsa:3072', days: 6000 })
    const certificate = shop.make('rsa-leaf', { issuer: 'rsa-root', extensions: LEAF_EXTENSIONS, days: 3000 })
    shop.run('ca', '-config', 'ca.cnf', '-gencrl', '-keyfile', 'rsa-root.key', '-cert', 'rsa-root.pem', '-out', 'rsa.crl')
    const evidence = { crls: [shop.run('crl', '-in', 'rsa.crl', '-outform', 'DER')] }
    const signed = certificate.notBefore
    const at = Date.parse('2029-06-01T00:00:00Z')
    expect(at).toBeLessThan(certificate.notAfter)
    const ask = (proven: boolean, now: number): Promise<object> =>
      judgeCertificate({ certificate, anchors: [rsa], at: now, evidence, signed: { ms: signed, proven } })
    expect(await ask(true, at)).toMatchObject({ indication: 'TOTAL-PASSED' })
    expect(await ask(false, at)).toMatchObject({ indication: 'INDETERMINATE', sub: 'CRYPTO_CONSTRAINTS_FAILURE_NO_POE' })
    expect(await ask(false, signed)).toMatchObject({ indication: 'TOTAL-PASSED' })
  })

  it('S-52 a revocation counts from its moment on, and needs a proof of time to be outrun', async () => {
    const { certificate, claimed } = fromExport()
    const since = new Date(claimed + 3_600_000)
      .toISOString()
      .replaceAll(/[-:T]|\.\d+/g, '')
      .slice(2, 14)
    writeFileSync(join(shop.folder, 'index'), `R\t400101000000Z\t${since}Z,keyCompromise\t09\tunknown\t/CN=till\n`)
    shop.run('ca', '-config', 'ca.cnf', '-gencrl', '-keyfile', 'root.key', '-cert', 'root.pem', '-out', 'late.pem')
    const late = shop.run('crl', '-in', 'late.pem', '-outform', 'DER')
    expect(readFileSync(join(shop.folder, 'late.pem'), 'utf8')).toContain('X509 CRL')
    const question = { certificate, anchors: [root], at: claimed + 30 * DAY, evidence: { crls: [late] } }
    expect(await judgeCertificate({ ...question, signed: { ms: claimed, proven: true } })).toMatchObject({
      indication: 'TOTAL-PASSED',
    })
    expect(await judgeCertificate({ ...question, signed: { ms: claimed + 2 * 3_600_000, proven: true } })).toMatchObject({
      indication: 'TOTAL-FAILED',
      sub: 'REVOKED',
    })
    expect(await judgeCertificate({ ...question, signed: { ms: claimed, proven: false } })).toMatchObject({
      indication: 'INDETERMINATE',
      sub: 'REVOKED_NO_POE',
    })
  })
})
