// Requests and certificates through every kind of signer: a key in memory, on a SoftHSM token, on the virtual card. openssl judges what leaves.
import { execFileSync, spawnSync } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { memoryAudit, utf8, type FiscalError, type GuardedSigner, type GuardOptions, type RecordAlg } from '@sigillo/core'
import { keyUsageExtension, nameOids, readRequest, requestFor } from '@sigillo/documents'
import { openSam } from '@sigillo/signer-sam'
import { softwareSigner } from '@sigillo/signer-software'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hasOpenssl, LEAF_EXTENSIONS, workshop, type Workshop } from '../../packages/documents/src/openssl-ca.fixture.js'
import { otherComponent, softHsmModule, tokenStore, type TokenStore } from '../../packages/signer-pkcs11/src/fixtures/softhsm.js'
import { CARD_PIN, VirtualCard, virtualProfile, virtualReader } from '../../packages/signer-sam/src/fixtures/virtual-card.js'
import { hsmSigner, TOKEN } from './signers.fixture.js'

const module = softHsmModule()
const card = new VirtualCard(undefined, undefined, VirtualCard.makeKeys())
const DAY = 86_400_000
const ROUNDS = process.env['SIGILLO_LONG'] === '1' ? 200 : 2
type Opened = (certificates: readonly Uint8Array[], guard?: Omit<GuardOptions, 'audit'>) => Promise<GuardedSigner>

const onCard =
  (key: 'record' | 'seal' | 'der'): Opened =>
  (certificates, guard = {}) =>
    openSam({
      profile: virtualProfile(),
      key,
      pin: () => utf8(CARD_PIN),
      audit: memoryAudit(),
      publicJwk: card.publicJwk(key === 'seal' ? 'rsa' : 'ec'),
      readers: virtualReader(card).readers,
      certificates,
      guard,
    })
const onToken =
  (object: string): Opened =>
  (certificates, guard = {}) =>
    hsmSigner(module as string, { uri: `pkcs11:token=${TOKEN};object=${object}`, certificates, guard })
function inMemory(alg: RecordAlg): Opened {
  const { privateKey } = alg.startsWith('ES')
    ? generateKeyPairSync('ec', { namedCurve: alg === 'ES256' ? 'P-256' : 'P-384' })
    : generateKeyPairSync('rsa', { modulusLength: alg === 'RS256' ? 2048 : 3072 })
  const pkcs8 = new Uint8Array(privateKey.export({ format: 'der', type: 'pkcs8' }))
  return (certificates, guard) => softwareSigner({ pkcs8, alg, certificates, ...(guard !== undefined && { guard }) })
}

const software = (['ES256', 'ES384', 'PS256'] as const).map((alg) => [`software ${alg}`, inMemory(alg)] as const)
const tokens = (['record', 'p384', 'rsa'] as const).map((object) => [`SoftHSM ${object}`, onToken(object)] as const)
const cards = (['record', 'seal', 'der'] as const).map((key) => [`virtual card ${key}`, onCard(key)] as const)

describe.skipIf(!hasOpenssl)('certificates of every kind of signer (needs openssl)', () => {
  let shop: Workshop
  let store: TokenStore | undefined
  beforeAll(() => {
    shop = workshop()
    shop.make('ca')
    writeFileSync(join(shop.folder, 'leaf.ext'), LEAF_EXTENSIONS)
    if (module === undefined) return
    store = tokenStore()
    store.init(TOKEN)
    const maker = otherComponent(module)
    maker.makeKey({ token: TOKEN, label: 'record', id: 1, type: 'P-256' })
    maker.makeKey({ token: TOKEN, label: 'p384', id: 2, type: 'P-384' })
    maker.makeKey({ token: TOKEN, label: 'rsa', id: 3, type: 'RSA' })
  })
  afterAll(() => {
    store?.dispose()
    shop?.remove()
  })

  const subject = [
    { oid: nameOids.C, value: 'IT' },
    { oid: nameOids.O, value: 'Bottega & Figli' },
    { oid: nameOids.CN, value: 'till 7' },
  ]
  const accepts = (der: Uint8Array): boolean => {
    writeFileSync(join(shop.folder, 'one.csr'), der)
    const said = spawnSync('openssl', ['req', '-inform', 'DER', '-in', 'one.csr', '-verify', '-noout'], {
      cwd: shop.folder,
      encoding: 'utf8',
    })
    // openssl 3.0 tells of a bad signature by words alone.
    return said.status === 0 && !/fail|error/i.test(said.stderr + said.stdout)
  }

  async function request(open: Opened): Promise<Uint8Array> {
    const signer = await open([])
    try {
      return await requestFor(signer, { subject, extensions: [keyUsageExtension(['nonRepudiation'])] })
    } finally {
      await signer.close()
    }
  }

  // The certificate an authority makes from the signer's own request.
  async function certified(open: Opened): Promise<Uint8Array> {
    writeFileSync(join(shop.folder, 'one.csr'), await request(open))
    shop.run(
      'x509',
      '-req',
      '-inform',
      'DER',
      '-in',
      'one.csr',
      '-CA',
      'ca.pem',
      '-CAkey',
      'ca.key',
      '-set_serial',
      '4711',
      '-days',
      '90',
      '-extfile',
      'leaf.ext',
      '-out',
      'one.pem',
    )
    return shop.run('x509', '-in', 'one.pem', '-outform', 'DER')
  }

  const codeOf = (signer: GuardedSigner, operation = 'record'): Promise<string> =>
    signer.sign({ operation, suite: signer.describe().suites[0] as 'es256', input: { message: utf8('a receipt') } }).then(
      () => 'signed',
      (error: FiscalError) => error.code,
    )

  function kinds(list: readonly (readonly [string, Opened])[]): void {
    it.each(list)('S-50 %s: a request passes openssl req -verify and asks for what was said', async (_name, open) => {
      // Signatures whose numbers begin with a set bit come every other time, short ones seldom: more of them in the long run.
      for (let i = 0; i < ROUNDS; i++) {
        const der = await request(open)
        expect(accepts(der)).toBe(true)
        expect(readRequest(der).subject).toEqual(subject)
        const forged = der.slice()
        forged[30] = (forged[30] as number) ^ 1
        expect(accepts(forged)).toBe(false)
      }
      writeFileSync(join(shop.folder, 'two.csr'), await request(open))
      const text = execFileSync('openssl', ['req', '-in', 'two.csr', '-inform', 'DER', '-noout', '-text'], {
        cwd: shop.folder,
        encoding: 'utf8',
      })
      expect(text).toMatch(/X509v3 Key Usage: critical\s+Non Repudiation/)
      expect(text).toContain('Bottega & Figli')
    })

    it.each(list)('S-51 %s: signs with its certificate only while that is valid and not revoked', async (_name, open) => {
      const certificate = await certified(open)
      const now = Date.now()
      const at = async (ms: number): Promise<string> => {
        const signer = await open([certificate], { clock: { now: () => ms } })
        try {
          return await codeOf(signer)
        } finally {
          await signer.close()
        }
      }
      expect([await at(now), await at(now + 91 * DAY), await at(now - DAY)]).toEqual([
        'signed',
        'CERT_EXPIRED',
        'CERT_NOT_YET_VALID',
      ])
      const signer = await open([certificate])
      const before = card.trace.length
      await signer.revoke({ sinceMs: now, reason: 'keyCompromise' })
      expect(await codeOf(signer)).toBe('CERT_REVOKED')
      expect(card.trace.length).toBe(before)
      expect(await signer.health()).toMatchObject({ state: 'down', reasons: ['CERT_REVOKED'] })
      await signer.close()
    })
  }

  describe('software', () => kinds(software))
  describe.skipIf(module === undefined)(`SoftHSM${module === undefined ? ' (skipped: softhsm2 is not installed)' : ''}`, () =>
    kinds(tokens),
  )
  describe('virtual card', () => kinds(cards))
})
