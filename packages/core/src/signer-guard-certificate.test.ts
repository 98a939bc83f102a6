// The certificate behind the key: dates, revocation, warnings; counted by the calls that reach the device.
import { spawnSync } from 'node:child_process'
import { createHash, createPrivateKey, createPublicKey, sign as platformSign } from 'node:crypto'
import { selfSigned } from '@sigillo/testing/node'
import { beforeAll, describe, expect, it } from 'vitest'
import { memoryAudit, type AuditLog } from './audit.js'
import { utf8 } from './bytes.js'
import { validityOf, type CertificateValidity } from './certificate.js'
import type { PublicJwk } from './crypto-contract.js'
import type { FiscalError } from './errors.js'
import { thumbprint } from './keys.js'
import { guardSigner } from './signer-guard.js'
import type { GuardedSigner, GuardOptions } from './signer-guard-contract.js'
import type { Signer, SignerDescription } from './signer.js'

const openssl = spawnSync('openssl', ['version']).error === undefined
const DAY = 86_400_000

describe.skipIf(!openssl)('the certificate behind the key (needs openssl)', () => {
  let der: Uint8Array
  let renewed: Uint8Array
  let validity: CertificateValidity
  let jwk: PublicJwk
  let sign: (message: Uint8Array) => Uint8Array
  let now: number

  beforeAll(() => {
    const { keyPem, certificateDer } = selfSigned({ days: 90 })
    der = certificateDer
    renewed = selfSigned({ keyPem, days: 400 }).certificateDer
    validity = validityOf(der) as CertificateValidity
    const key = createPrivateKey(keyPem)
    const { kty, crv, x, y } = createPublicKey(key).export({ format: 'jwk' }) as Record<string, string>
    jwk = { kty, crv, x, y } as PublicJwk
    sign = (message) => new Uint8Array(platformSign('sha256', message, { key, dsaEncoding: 'ieee-p1363' }))
    now = validity.notBeforeMs + 1000
  })

  const guardOf = (
    kind: SignerDescription['kind'],
    options: GuardOptions = {},
    certificates: readonly Uint8Array[] = [der],
    instant = false,
  ): { readonly signer: GuardedSigner; readonly calls: string[] } => {
    const calls: string[] = []
    const device: Signer = {
      describe: () =>
        ({
          signerId: 's',
          kind,
          keyId: thumbprint(jwk),
          alg: 'ES256',
          suites: ['es256'],
          publicJwk: jwk,
          publicKeySpki: new Uint8Array(),
          certificates,
          limits: { maxConcurrent: 1, maxQueue: 10, maxMessageBytes: 10_000 },
          capabilities: { acceptsDigest: false, acceptsMessage: true },
        }) as unknown as SignerDescription,
      sign: async ({ operation, input }) => {
        calls.push(operation)
        return { signature: sign((input as { message: Uint8Array }).message) }
      },
      ...(instant && { signNow: (message: Uint8Array) => (calls.push('now'), sign(message)) }),
      close: async () => undefined,
    }
    return { signer: guardSigner(device, { clock: { now: () => now }, ...options }), calls }
  }
  const ask = (signer: GuardedSigner, operation = 'record'): Promise<string> =>
    signer.sign({ operation, suite: 'es256', input: { message: utf8('a receipt') } }).then(
      () => 'signed',
      (error: FiscalError) => error.code,
    )

  it.each(['software', 'pkcs11', 'sam', 'remote'] as const)(
    'S-51 a %s signer refuses outside the dates of its certificate, with no device call',
    async (kind) => {
      const { signer, calls } = guardOf(kind)
      for (const [at, wanted] of [
        [validity.notBeforeMs - 1, 'CERT_NOT_YET_VALID'],
        [validity.notAfterMs + 1, 'CERT_EXPIRED'],
      ] as const) {
        now = at
        for (const operation of ['record', 'cades', 'note']) expect(await ask(signer, operation)).toBe(wanted)
        expect(calls).toEqual([])
        expect(await signer.health()).toMatchObject({ state: 'down', reasons: [wanted] })
      }
      now = validity.notAfterMs
      expect(await ask(signer)).toBe('signed')
      now = validity.notBeforeMs
      expect(await ask(signer)).toBe('signed')
    },
  )

  it('S-51 a revoked certificate is refused with no device call, also after a restart, until a new one is in place', async () => {
    now = validity.notBeforeMs + DAY
    const audit: AuditLog = memoryAudit()
    const first = guardOf('sam', { audit })
    expect(await ask(first.signer)).toBe('signed')
    await first.signer.revoke({ sinceMs: now, reason: 'keyCompromise' })
    const later = guardOf('sam', { audit })
    for (const { signer, calls } of [first, later]) {
      const before = calls.length
      expect(await ask(signer)).toBe('CERT_REVOKED')
      expect(calls).toHaveLength(before)
      expect(await signer.health()).toMatchObject({ state: 'down' })
    }
    const after = guardOf('sam', { audit }, [renewed])
    expect(await ask(after.signer)).toBe('signed')
  })

  it('S-51 signing at once is refused alike', async () => {
    now = validity.notBeforeMs + DAY
    const { signer, calls } = guardOf('software', {}, [der], true)
    expect(signer.signNow?.(utf8('x'))).toHaveLength(64)
    now = validity.notAfterMs + 1
    expect(() => signer.signNow?.(utf8('x'))).toThrow(expect.objectContaining({ code: 'CERT_EXPIRED' }))
    expect(calls).toEqual(['now'])
    // What is known of a revocation stands in the log, which has to be read first.
    expect(guardOf('software', { audit: memoryAudit() }, [der], true).signer.signNow).toBeUndefined()
  })

  it('an ended certificate still lets a request for a new one be signed, and records where the law lets them', async () => {
    now = validity.notAfterMs + DAY
    const strict = guardOf('software')
    expect([await ask(strict.signer, 'csr'), await ask(strict.signer, 'key-possession'), await ask(strict.signer)]).toEqual([
      'signed',
      'signed',
      'CERT_EXPIRED',
    ])
    const mild = guardOf('software', { recordsAfterExpiry: true })
    expect([await ask(mild.signer), await ask(mild.signer, 'cades')]).toEqual(['signed', 'CERT_EXPIRED'])
    expect(await mild.signer.health()).toMatchObject({ state: 'degraded', reasons: ['CERT_EXPIRED'], certificate: validity })
    await mild.signer.revoke({ sinceMs: now, reason: 'superseded' })
    expect(await ask(mild.signer)).toBe('CERT_REVOKED')
  })

  it('each signature and each line of the audit log names the certificate', async () => {
    now = validity.notBeforeMs + DAY
    const audit = memoryAudit()
    const { signer } = guardOf('sam', { audit })
    const id = createHash('sha256').update(der).digest('hex')
    expect(await signer.sign({ operation: 'note', suite: 'es256', input: { message: utf8('x') } })).toMatchObject({
      certificateId: id,
    })
    const lines: unknown[] = []
    for await (const line of audit.read()) lines.push(line['certificate'])
    expect(lines).toEqual([id])
  })

  it('warns 60, 30, 14, 7, 3 and 1 days before the end, each once', async () => {
    const { signer } = guardOf('software')
    const warned: number[] = []
    signer.on('certificate-expiring', ({ daysLeft }) => warned.push(daysLeft))
    for (let days = 80; days >= 0; days--) {
      now = validity.notAfterMs - days * DAY
      await ask(signer)
      const { certificateDaysLeft, state, reasons } = await signer.health()
      expect(certificateDaysLeft).toBe(days)
      expect([state, ...reasons]).toEqual(days <= 30 ? ['degraded', 'CERT_EXPIRING'] : ['ready'])
    }
    expect(warned).toEqual([60, 30, 14, 7, 3, 1])
  })
})
