// The signer on a real software token (SoftHSM 2), keys made on it, other components interfering.
import { execFileSync } from 'node:child_process'
import { generateKeyPairSync, verify as platformVerify, createPublicKey } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { FiscalError, memoryAudit, utf8, type AuditLog, type GuardedSigner, type JsonObject } from '@sigillo/core'
import { signerKit } from '@sigillo/testing'
import { selfSigned, titled } from '@sigillo/testing/node'
import pkcs11js from 'pkcs11js'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CK } from './cryptoki.js'
import { otherComponent, softHsmModule, tokenStore, USER_PIN, type TokenStore } from './fixtures/softhsm.js'
import { openPkcs11, type Pkcs11Options } from './index.js'

const module = softHsmModule()
const TOKEN = 'till token'
const isLong = process.env['SIGILLO_LONG'] !== undefined
const audit = memoryAudit()
const pin = (): Uint8Array => utf8(USER_PIN)
const open = (uri: string, over: Partial<Pkcs11Options> = {}): Promise<GuardedSigner> =>
  openPkcs11({ module: module as string, uri: `pkcs11:token=${TOKEN};${uri}`, pin, audit, ...over })
const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'none',
    (error: unknown) =>
      error instanceof FiscalError ? `${error.code} ${String(error.details['reason'] ?? '')}`.trim() : String(error),
  )
const eventsOf = async (log: AuditLog): Promise<string[]> => {
  const events: string[] = []
  for await (const line of log.read()) events.push(String((line as JsonObject)['event']))
  return events
}
const record = (signer: GuardedSigner, text: string): ReturnType<GuardedSigner['sign']> =>
  signer.sign({ operation: 'record', suite: signer.describe().suites[0]!, input: { message: utf8(text) } })

describe.skipIf(module === undefined)(titled('SoftHSM 2', module === undefined ? 'softhsm2 is not installed' : undefined), () => {
  let store: TokenStore
  const other = module === undefined ? undefined : otherComponent(module)
  beforeAll(() => {
    store = tokenStore()
    store.init(TOKEN)
    store.init('another token')
    other!.makeKey({ token: TOKEN, label: 'record', id: 1, type: 'P-256' })
    other!.makeKey({ token: TOKEN, label: 'record384', id: 2, type: 'P-384' })
    other!.makeKey({ token: TOKEN, label: 'seal', id: 3, type: 'RSA' })
  })
  afterAll(() => store.dispose())

  for (const [name, uri, over] of [
    ['ES256', 'object=record', {}],
    ['ES384', 'object=record384', {}],
    ['RS256', 'object=seal', {}],
    ['PS256', 'object=seal', { alg: 'PS256' }],
  ] as const) {
    describe(`${name}: the kit`, () => {
      for (const { name: title, run } of signerKit({ open: () => open(uri, over), signatures: 24 })) it(title, run)
    })
  }

  it('signs what openssl verifies, with a public key openssl reads', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'sigillo-p11-'))
    const signer = await open('object=seal')
    writeFileSync(join(folder, 'key.der'), signer.describe().publicKeySpki)
    writeFileSync(join(folder, 'message'), 'a receipt')
    writeFileSync(join(folder, 'signature'), (await record(signer, 'a receipt')).signature)
    const args = ['dgst', '-sha256', '-verify', 'key.der', '-keyform', 'DER', '-signature', 'signature', 'message']
    expect(execFileSync('openssl', args, { cwd: folder, encoding: 'utf8' })).toContain('Verified OK')
    await signer.close()
    rmSync(folder, { recursive: true })
  })

  it('S-16 describes the token it found and finds it by serial', async () => {
    const signer = await open('object=record')
    const { hardware, kind, capabilities } = signer.describe()
    expect([kind, hardware?.vendor, capabilities.hardwareProtected, capabilities.extractable]).toEqual([
      'pkcs11',
      'SoftHSM project',
      true,
      false,
    ])
    const again = await openPkcs11({
      module: module!,
      uri: `pkcs11:serial=${hardware!.serial};id=%01`,
      pin,
      audit,
      keyId: signer.describe().keyId,
    })
    expect(again.describe().keyId).toBe(signer.describe().keyId)
    await Promise.all([signer.close(), again.close()])
    expect(await codeOf(open('object=record', { keyId: 'A'.repeat(43) }))).toBe('KEY_MISMATCH')
    expect(await codeOf(open('object=record', { uri: 'pkcs11:token=no such token;object=record' }))).toBe('TOKEN_REMOVED')
    expect(await codeOf(open('object=nothing'))).toBe('KEY_NOT_FOUND')
  })

  it('S-28 two keys with the same CKA_ID and label are KEY_AMBIGUOUS; a certificate of another key is KEY_MISMATCH', async () => {
    for (let i = 0; i < 2; i++) other!.makeKey({ token: TOKEN, label: 'twin', id: 20, type: 'P-256' })
    expect(await codeOf(open('object=twin'))).toBe('KEY_AMBIGUOUS')
    expect(await codeOf(open('id=%14'))).toBe('KEY_AMBIGUOUS')
    // One id for keys of two labels: the private key is told apart, its public half is not.
    other!.makeKey({ token: TOKEN, label: 'left', id: 21, type: 'P-256' })
    other!.makeKey({ token: TOKEN, label: 'right', id: 21, type: 'P-256' })
    expect(await codeOf(open('object=left'))).toBe('KEY_AMBIGUOUS public-key')
    other!.makeKey({ token: TOKEN, label: 'certified', id: 22, type: 'P-256' })
    const good = await open('object=certified')
    await good.close()
    other!.putCertificate(TOKEN, 22, selfSigned({ subject: '/CN=other' }).certificateDer)
    expect(await codeOf(open('object=certified'))).toBe('KEY_MISMATCH certificate')
  })

  it('S-29 an extractable, non-sensitive, imported or many-purpose key is refused unless named with a reason', async () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    other!.makeKey({ token: TOKEN, label: 'loose', id: 30, type: 'P-256', attributes: { [CK.CKA_EXTRACTABLE]: true } })
    other!.makeKey({ token: TOKEN, label: 'open', id: 31, type: 'RSA', attributes: { [CK.CKA_SENSITIVE]: false } })
    other!.makeKey({
      token: TOKEN,
      label: 'many',
      id: 32,
      type: 'RSA',
      attributes: { [CK.CKA_DECRYPT]: true, [CK.CKA_MODIFIABLE]: true },
    })
    other!.importRsa({ token: TOKEN, label: 'imported', id: 33, type: 'RSA' }, privateKey.export({ format: 'jwk' }) as never)
    for (const label of ['loose', 'open', 'many', 'imported'])
      expect(await codeOf(open(`object=${label}`)), label).toBe('CONFIG_INVALID weak-attributes')
    const named = (names: readonly string[], more = {}): Partial<Pkcs11Options> => ({
      acceptedWeaknesses: names.map((name) => ({ name, reason: 'test token', ...more })),
    })
    expect(await codeOf(open('object=loose', named(['CKA_EXTRACTABLE'])))).toBe('CONFIG_INVALID weak-attributes')
    for (const [label, names] of [
      ['loose', ['CKA_EXTRACTABLE', 'CKA_NEVER_EXTRACTABLE']],
      ['many', ['CKA_DECRYPT', 'CKA_MODIFIABLE']],
      ['imported', ['importedKey']],
    ] as const) {
      const signer = await open(`object=${label}`, named(names))
      await record(signer, 'x')
      await signer.close()
      expect(await codeOf(open(`object=${label}`, named(names, { reason: ' ' })))).toBe('CONFIG_INVALID weak-attributes')
      expect(await codeOf(open(`object=${label}`, named(names, { until: '2020-01-01T00:00:00Z' })))).toBe(
        'CONFIG_INVALID weak-attributes',
      )
    }
  })

  it('S-24 closing all sessions behind the back during load loses no request and logs in once', async () => {
    const log = memoryAudit()
    const signer = await open('object=record', { audit: log })
    const work: Promise<unknown>[] = []
    for (let i = 0; i < 60; i++) {
      work.push(record(signer, `receipt ${i}`))
      if (i === 30) {
        await work[5]
        other!.closeAll(TOKEN)
      }
    }
    await Promise.all(work)
    await signer.close()
    expect((await eventsOf(log)).filter((event) => event === 'pin-intent')).toHaveLength(2)
  })

  it('S-25 S-15 a logout by another component: 100 concurrent requests find the key again with one PIN submission', async () => {
    const log = memoryAudit()
    const signer = await open('object=record', { audit: log })
    await record(signer, 'before')
    other!.logout(TOKEN)
    const results = await Promise.all(Array.from({ length: 100 }, (_, i) => record(signer, `receipt ${i}`)))
    const key = createPublicKey({ key: Buffer.from(signer.describe().publicKeySpki), format: 'der', type: 'spki' })
    for (const [i, { signature }] of results.entries())
      expect(platformVerify('sha256', utf8(`receipt ${i}`), { key, dsaEncoding: 'ieee-p1363' }, signature)).toBe(true)
    expect((await eventsOf(log)).filter((event) => event === 'pin-intent')).toHaveLength(2)
    expect((await signer.health()).state).toBe('ready')
    await signer.close()
  })

  it('S-26 a token taken out and put back during load: degraded, then ready, requests succeed or fail TOKEN_REMOVED in time', async () => {
    const signer = await open('object=record', { recoverMs: 8_000 })
    const states: string[] = []
    await record(signer, 'before')
    store.remove()
    const work = Promise.allSettled(Array.from({ length: 8 }, (_, i) => record(signer, `receipt ${i}`)))
    await new Promise((resolve) => setTimeout(resolve, 400))
    states.push((await signer.health()).state)
    store.restore()
    const results = await work
    for (const result of results)
      if (result.status === 'rejected') expect(['TOKEN_REMOVED', 'TIMEOUT']).toContain((result.reason as FiscalError).code)
    await record(signer, 'after')
    states.push((await signer.health()).state)
    expect(states).toEqual(['degraded', 'ready'])
    await signer.close()
  })

  it('S-26 a token that stays away fails TOKEN_REMOVED within the time', async () => {
    const signer = await open('object=record', { recoverMs: 300 })
    store.remove()
    try {
      expect(await codeOf(record(signer, 'x'))).toBe('TOKEN_REMOVED')
    } finally {
      store.restore()
    }
    await record(signer, 'back')
    await signer.close()
  })

  it('S-12 a wrong PIN spends one try, however often it is opened, until a new version is configured', async () => {
    store.init('pin token')
    other!.makeKey({ token: 'pin token', label: 'record', id: 1, type: 'P-256' })
    const log = memoryAudit()
    const uri = 'pkcs11:token=pin token;object=record'
    const wrong = (): Uint8Array => utf8('00000000')
    expect(await codeOf(open('', { uri, pin: wrong, audit: log }))).toBe('PIN_INCORRECT')
    for (let i = 0; i < 5; i++) expect(await codeOf(open('', { uri, pin: wrong, audit: log }))).toBe('PIN_LATCHED')
    expect((await eventsOf(log)).filter((event) => event === 'pin-intent')).toHaveLength(1)
    // SoftHSM counts nothing but raises the low flag after one wrong PIN, which stops even the right one.
    expect(await codeOf(open('', { uri, audit: log, secretVersion: '2' }))).toBe('PIN_TRIES_LOW')
    other!.logout('pin token')
    const signer = await open('', { uri, audit: log, secretVersion: '2' })
    await record(signer, 'x')
    await signer.close()
  })

  it('refuses a malformed PIN before the token sees it', async () => {
    const log = memoryAudit()
    for (const bad of ['', '123', 'x'.repeat(300), '12\n45678'])
      expect(
        await codeOf(open('object=record', { pin: () => utf8(bad), audit: log, secretVersion: bad.slice(0, 5) || 'none' })),
      ).toBe('PIN_FORMAT')
    expect(await eventsOf(log)).toEqual([])
  })

  it('wipes the PIN a function hands over', async () => {
    const handed = utf8(USER_PIN)
    const signer = await open('object=record', { pin: () => handed })
    expect(handed.every((byte) => byte === 0)).toBe(true)
    await signer.close()
  })

  it.each(isLong ? [1, 2, 3] : [1])(
    'S-23 S-32 (round %s) many asynchronous RSA signatures over 8 sessions finish without a synchronous sign call',
    { timeout: 600_000 },
    async () => {
      const count = Number(process.env['SIGILLO_COUNT'] ?? (isLong ? 10_000 : 400))
      const prototype = pkcs11js.PKCS11.prototype as { C_Sign: unknown; C_Initialize: (options?: { flags?: number }) => void }
      const [synchronous, initialise] = [prototype.C_Sign, prototype.C_Initialize]
      const asked: (number | undefined)[] = []
      prototype.C_Initialize = function (this: unknown, options) {
        asked.push(options?.flags)
        initialise.call(this, options)
      }
      prototype.C_Sign = () => {
        throw new Error('a synchronous sign call')
      }
      const signer = await open('object=seal', { sessions: 8, guard: { maxQueue: count, queueTimeoutMs: 500_000 } })
      try {
        for (let done = 0; done < count; done += 900)
          await Promise.all(Array.from({ length: Math.min(900, count - done) }, (_, i) => record(signer, `receipt ${done + i}`)))
      } finally {
        prototype.C_Sign = synchronous
        prototype.C_Initialize = initialise
      }
      // CKF_OS_LOCKING_OK, in the only call there was.
      expect(asked).toEqual([2])
      await signer.close()
    },
  )
})
