// The signer against a scripted module: every return value at init and at sign, the recovery ladder, PIN safety, sharing of a module.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { FiscalError, memoryAudit, utf8, type AuditLog, type GuardedSigner, type JsonObject, type KeyPolicy } from '@sigillo/core'
import { signerKit } from '@sigillo/testing'
import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { CK } from './cryptoki.js'
import { FAKE_PIN, fakeModule, type FakeCall, type FakeModule } from './fixtures/fake-cryptoki.js'
import { openPkcs11, type Pkcs11Options } from './index.js'
import { parseUri } from './uri.js'

const open = (fake: FakeModule, over: Partial<Pkcs11Options> = {}): Promise<GuardedSigner> =>
  openPkcs11({
    module: 'fake.so',
    cryptoki: fake.port,
    uri: 'pkcs11:token=fake;object=record',
    pin: () => utf8(FAKE_PIN),
    audit: memoryAudit(),
    recoverMs: 30,
    ...over,
  })
const record = (signer: GuardedSigner, text = 'a receipt'): ReturnType<GuardedSigner['sign']> =>
  signer.sign({ operation: 'record', suite: signer.describe().suites[0]!, input: { message: utf8(text) } })
const failureOf = async (work: Promise<unknown>): Promise<FiscalError | undefined> =>
  work.then(
    () => undefined,
    (error: unknown) => {
      expect(error).toBeInstanceOf(FiscalError)
      return error as FiscalError
    },
  )
const codeOf = async (work: Promise<unknown>): Promise<string> => (await failureOf(work))?.code ?? 'signed'
const linesOf = async (audit: AuditLog): Promise<JsonObject[]> => {
  const lines: JsonObject[] = []
  for await (const line of audit.read()) lines.push(line)
  return lines
}
const count = (fake: FakeModule, call: FakeCall): number => fake.trace.filter((each) => each === call).length

describe.each(['EC', 'RSA'] as const)('%s: the kit on the scripted module', (type) => {
  const fake = fakeModule(type)
  for (const { name, run } of signerKit({ open: () => open(fake), signatures: 8 })) it(name, run)
})

/** Rows of the table: return value, code while it lasts, and whether one occurrence is recovered from. */
const ROWS: readonly (readonly [number, string, boolean])[] = [
  [0x02, 'DEVICE_MEMORY', false],
  [0x03, 'TOKEN_REMOVED', true],
  [0x05, 'DEVICE_FAULT', true],
  [0x06, 'DEVICE_FAULT', true],
  [0x07, 'LIBRARY_FAULT', false],
  [0x20, 'LIBRARY_FAULT', false],
  [0x21, 'LIBRARY_FAULT', false],
  [0x30, 'DEVICE_FAULT', true],
  [0x31, 'DEVICE_MEMORY', false],
  [0x32, 'TOKEN_REMOVED', true],
  [0x60, 'HANDLE_STALE', true],
  [0x63, 'MECHANISM_UNSUPPORTED', false],
  [0x68, 'MECHANISM_UNSUPPORTED', false],
  [0x70, 'MECHANISM_UNSUPPORTED', false],
  [0x71, 'MECHANISM_UNSUPPORTED', false],
  [0x82, 'HANDLE_STALE', true],
  [0x90, 'SESSION_LOST', true],
  [0x91, 'SESSION_LOST', true],
  [0xa0, 'PIN_INCORRECT', false],
  [0xa3, 'PIN_EXPIRED', false],
  [0xa4, 'PIN_LOCKED', false],
  [0xb0, 'SESSION_LOST', true],
  [0xb1, 'DEVICE_MEMORY', false],
  [0xb3, 'SESSION_LOST', true],
  [0xe0, 'TOKEN_REMOVED', true],
  [0xe1, 'TOKEN_REMOVED', true],
  [0x101, 'NOT_LOGGED_IN', true],
  [0x102, 'PIN_MUST_CHANGE', false],
  [0x104, 'CONFIG_INVALID', false],
  [0x105, 'CONFIG_INVALID', false],
  [0x150, 'LIBRARY_FAULT', false],
  [0x190, 'SESSION_LOST', true],
  [0x200, 'OPERATION_NOT_ALLOWED', false],
  [0x203, 'DEVICE_MEMORY', false],
  [0x211, 'KEY_RETIRED', false],
  [0x80000001, 'DEVICE_FAULT', true],
  [0x7777, 'DEVICE_FAULT', true],
]

describe.each(['signInit', 'sign'] as const)('S-27 return values of %s', (call) => {
  it.each(ROWS.map(([rv, code, recovers]) => [rv.toString(16), code, recovers, rv] as const))(
    '0x%s is %s (one recovered from: %s)',
    async (_hex, code, recovers, rv) => {
      const fake = fakeModule()
      const signer = await open(fake)
      fake.faults.push({ call, rv, times: 1 })
      expect(await codeOf(record(signer))).toBe(recovers ? 'signed' : code)
      // The session that met the error is never used again: the next signature works in any case.
      expect(await codeOf(record(signer))).toBe('signed')
      fake.faults.push({ call, rv, times: Infinity })
      const error = await failureOf(record(signer))
      expect(error?.code).toBe(code)
      expect(error?.kind).toBe('signer')
      expect(String(error?.details['nativeCode'])).toMatch(/^(CKR_[A-Z_]+|0x[0-9a-f]+)$/)
      fake.faults.length = 0
      expect(await codeOf(record(signer))).toBe('signed')
      await signer.close()
      expect(fake.sessionsOpen()).toBe(0)
    },
  )
})

describe('S-27 return values of login', () => {
  it.each([
    ['a0', 'PIN_INCORRECT'],
    ['a1', 'PIN_FORMAT'],
    ['a2', 'PIN_FORMAT'],
    ['a3', 'PIN_EXPIRED'],
    ['a4', 'PIN_LOCKED'],
    ['102', 'PIN_MUST_CHANGE'],
  ])('0x%s is %s, and latches', async (hex, code) => {
    const rv = Number.parseInt(hex, 16)
    const fake = fakeModule()
    const audit = memoryAudit()
    fake.faults.push({ call: 'login', rv, times: 1 })
    expect(await codeOf(open(fake, { audit }))).toBe(code)
    expect(await codeOf(open(fake, { audit }))).toBe('PIN_LATCHED')
    expect(fake.pins).toHaveLength(1)
    expect(fake.sessionsOpen()).toBe(0)
  })

  it('already logged in is success', async () => {
    const fake = fakeModule()
    const first = await open(fake)
    const second = await open(fake)
    expect(fake.pins).toHaveLength(1)
    await record(second)
    await Promise.all([first.close(), second.close()])
  })
})

it('S-10 any return value at any call at any time ends in an error of the table, and the signer works again', async () => {
  const calls: readonly FakeCall[] = [
    'slots',
    'token',
    'mechanisms',
    'openSession',
    'closeSession',
    'isLoggedIn',
    'find',
    'attributes',
    'signInit',
    'sign',
    'initialize',
    'finalize',
  ]
  const fault = fc.record({
    call: fc.constantFrom(...calls),
    rv: fc.oneof(fc.constantFrom(...ROWS.map(([rv]) => rv)), fc.nat(0x300)).filter((rv) => rv !== 0),
    times: fc.integer({ min: 1, max: 4 }),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(fault, { maxLength: 4 }), fc.boolean(), fc.boolean(), async (faults, loggedOut, closed) => {
      const fake = fakeModule()
      const signer = await open(fake, { recoverMs: 0 })
      fake.faults.push(...faults.map((each) => ({ ...each })))
      if (loggedOut) fake.logoutBehindTheBack()
      if (closed) fake.closeAllBehindTheBack()
      await Promise.all([1, 2, 3].map((each) => failureOf(record(signer, `${each}`))))
      fake.faults.length = 0
      expect(await codeOf(record(signer))).toBe('signed')
      expect(fake.pins.length).toBeLessThan(10)
      await signer.close()
    }),
    { numRuns: 60 },
  )
})

it('reads a point bare or wrapped, whatever its bytes look like', async () => {
  const wrapped = fakeModule()
  const point = wrapped.publicObject.attributes.get(CK.CKA_EC_POINT) as Uint8Array
  wrapped.publicObject.attributes.set(CK.CKA_EC_POINT, Uint8Array.of(4, 65, ...point))
  await (await open(wrapped)).close()
  // A bare point whose x begins with 3f looks like a whole OCTET STRING: one key in 256.
  let bare = fakeModule()
  while ((bare.publicObject.attributes.get(CK.CKA_EC_POINT) as Uint8Array)[1] !== 0x3f) bare = fakeModule()
  await (await open(bare)).close()
})

describe('recovery', () => {
  it('S-15 100 concurrent requests after a logout cause one PIN submission', async () => {
    const fake = fakeModule()
    const signer = await open(fake)
    fake.logoutBehindTheBack()
    await Promise.all(Array.from({ length: 100 }, (_, i) => record(signer, `${i}`)))
    expect(fake.pins).toHaveLength(2)
    await signer.close()
  })

  it('S-24 all sessions closed behind the back: no request lost, one login', async () => {
    const fake = fakeModule()
    const signer = await open(fake)
    let go: () => void = () => {}
    fake.hold = new Promise((resolve) => (go = resolve))
    const work = Array.from({ length: 20 }, (_, i) => record(signer, `${i}`))
    await new Promise((resolve) => setTimeout(resolve, 5))
    fake.closeAllBehindTheBack()
    go()
    await Promise.all(work)
    expect(fake.pins).toHaveLength(2)
    await signer.close()
  })

  it('initialises again only when nothing is in flight, and never a module of somebody else', async () => {
    const fake = fakeModule()
    const signer = await open(fake, { sessions: 2 })
    let go: () => void = () => {}
    fake.hold = new Promise((resolve) => (go = resolve))
    const slow = record(signer, 'slow')
    await new Promise((resolve) => setTimeout(resolve, 5))
    fake.faults.push({ call: 'signInit', rv: 0x05, times: 1 })
    const second = record(signer, 'second')
    await new Promise((resolve) => setTimeout(resolve, 5))
    expect(count(fake, 'finalize')).toBe(0)
    go()
    await Promise.all([slow, second])
    expect(count(fake, 'finalize')).toBe(1)
    await signer.close()
    const shared = fakeModule()
    shared.foreign = true
    const guest = await open(shared)
    shared.faults.push({ call: 'signInit', rv: 0x05, times: 1 })
    expect(await codeOf(record(guest))).toBe('DEVICE_FAULT')
    await guest.close()
    expect(count(shared, 'finalize')).toBe(0)
  })

  it('signers share one module, which the last one finalises', async () => {
    const fake = fakeModule()
    const signers = [await open(fake), await open(fake)]
    expect(count(fake, 'initialize')).toBe(1)
    await signers[0]!.close()
    expect(count(fake, 'finalize')).toBe(0)
    await record(signers[1]!)
    await signers[1]!.close()
    expect(count(fake, 'finalize')).toBe(1)
  })

  it('S-09 a signature given up on leaves no session, and its module is finalised when it has come back', async () => {
    const fake = fakeModule()
    const signer = await open(fake)
    let go: () => void = () => {}
    fake.hold = new Promise((resolve) => (go = resolve))
    const controller = new AbortController()
    const work = failureOf(
      signer.sign({ operation: 'record', suite: 'es256', input: { message: utf8('x') } }, { signal: controller.signal }),
    )
    await new Promise((resolve) => setTimeout(resolve, 5))
    controller.abort()
    expect((await work)?.code).toBe('ABORTED')
    await signer.close()
    expect(count(fake, 'finalize')).toBe(0)
    const next = await openPkcs11({
      module: 'fake.so',
      cryptoki: fake.port,
      uri: 'pkcs11:token=fake;object=record',
      pin: () => utf8(FAKE_PIN),
      audit: memoryAudit(),
      perSignaturePin: 'allowed',
    })
    expect(count(fake, 'initialize')).toBe(1)
    go()
    await new Promise((resolve) => setTimeout(resolve, 5))
    await next.close()
    expect(fake.sessionsOpen()).toBe(0)
    expect(count(fake, 'finalize')).toBe(1)
  })

  it('uses one session at a time when the module cannot lock', async () => {
    const fake = fakeModule()
    fake.locking = false
    const signer = await open(fake)
    expect(signer.describe().limits.maxConcurrent).toBe(1)
    await Promise.all(Array.from({ length: 5 }, () => record(signer)))
    expect(fake.sessionsOpen()).toBe(2)
    await signer.close()
  })

  it('shrinks its pool when the token has no room, and loses nothing', async () => {
    const fake = fakeModule()
    fake.maxSessions = 3
    const signer = await open(fake, { sessions: 8 })
    const results = await Promise.all(Array.from({ length: 30 }, (_, i) => record(signer, `${i}`)))
    expect(results).toHaveLength(30)
    expect(fake.sessionsOpen()).toBeLessThanOrEqual(3)
    await signer.close()
  })

  it('S-27 a token that runs out of room while signing gets one session fewer', async () => {
    const fake = fakeModule()
    const signer = await open(fake, { sessions: 4 })
    await Promise.all(Array.from({ length: 12 }, (_, i) => record(signer, `${i}`)))
    const before = fake.sessionsOpen()
    fake.faults.push({ call: 'signInit', rv: 0x31, times: 1 })
    expect(await codeOf(record(signer))).toBe('DEVICE_MEMORY')
    await Promise.all(Array.from({ length: 12 }, (_, i) => record(signer, `${i}`)))
    expect(fake.sessionsOpen()).toBeLessThan(before)
    await signer.close()
  })

  it('a fault the whole ladder does not mend is down and asks for another process, until a signature succeeds', async () => {
    const fake = fakeModule()
    const signer = await open(fake)
    fake.faults.push({ call: 'sign', rv: 0x30, times: Infinity })
    expect(await codeOf(record(signer))).toBe('DEVICE_FAULT')
    const { state, reasons } = await signer.health()
    expect([state, reasons]).toEqual(['down', expect.arrayContaining(['DEVICE_FAULT', 'RESTART_PROCESS'])])
    fake.faults.length = 0
    expect(await codeOf(record(signer))).toBe('signed')
    expect((await signer.health()).state).toBe('ready')
    await signer.close()
  })

  it('keeps idle sessions alive every 20 seconds without a PIN, and lets go of those that died', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    const fake = fakeModule()
    const signer = await open(fake, { sessions: 3 })
    await Promise.all(Array.from({ length: 9 }, (_, i) => record(signer, `${i}`)))
    const open1 = fake.sessionsOpen()
    fake.trace.length = 0
    vi.advanceTimersByTime(20_000)
    // The anchor and every idle worker.
    expect(count(fake, 'isLoggedIn')).toBe(open1)
    fake.faults.push({ call: 'isLoggedIn', rv: 0xb3, times: 2 })
    vi.advanceTimersByTime(20_000)
    expect(fake.sessionsOpen()).toBe(open1 - 1)
    vi.useRealTimers()
    expect(await codeOf(record(signer))).toBe('signed')
    expect(fake.pins).toHaveLength(1)
    await signer.close()
  })

  it('S-29 a key limited to mechanisms of more than its suite is refused unless named', async () => {
    const fake = fakeModule()
    const list = (...types: number[]): Uint8Array => new Uint8Array(new BigUint64Array(types.map(BigInt)).buffer)
    fake.privateObject.attributes.set(CK.CKA_ALLOWED_MECHANISMS, list(CK.CKM_ECDSA))
    await (await open(fake)).close()
    // ECDH with the same key.
    fake.privateObject.attributes.set(CK.CKA_ALLOWED_MECHANISMS, list(CK.CKM_ECDSA, 0x1050))
    expect(await codeOf(open(fake))).toBe('CONFIG_INVALID')
    await (await open(fake, { acceptedWeaknesses: [{ name: 'CKA_ALLOWED_MECHANISMS', reason: 'test' }] })).close()
    fake.privateObject.attributes.set(CK.CKA_ALLOWED_MECHANISMS, list(CK.CKM_RSA_PKCS))
    expect(await codeOf(open(fake))).toBe('MECHANISM_UNSUPPORTED')
  })

  it('S-29 beside a key policy no list but its own excuses an attribute; a key that may leave is not called protected', async () => {
    const fake = fakeModule()
    fake.privateObject.attributes.set(CK.CKA_EXTRACTABLE, true)
    const weak = [{ name: 'CKA_EXTRACTABLE', reason: 'test' }]
    const bare = await open(fake, { acceptedWeaknesses: weak })
    const { capabilities, keyId } = bare.describe()
    expect(capabilities.hardwareProtected).toBe(false)
    await bare.close()
    const policy: KeyPolicy = { policyId: 'p', version: 1, keyId, operations: { record: { suites: ['es256'] } } }
    expect((await failureOf(open(fake, { acceptedWeaknesses: weak, guard: { policy } })))?.details['reason']).toBe(
      'weak-attributes',
    )
    const listed = { ...policy, acceptedWeaknesses: weak }
    await (await open(fake, { guard: { policy: listed } })).close()
    const asked = open(fake, { guard: { policy: { ...listed, requireHardware: true } } })
    expect((await failureOf(asked))?.details['reason']).toBe('requireHardware')
  })

  it('a policy that does not fit leaves neither session nor module open behind it', async () => {
    const fake = fakeModule()
    const policy: KeyPolicy = { policyId: 'p', version: 1, keyId: 'A'.repeat(43), operations: {} }
    expect(await codeOf(open(fake, { guard: { policy } }))).toBe('KEY_MISMATCH')
    expect([count(fake, 'openSession'), count(fake, 'finalize')]).toEqual([count(fake, 'closeSession'), 1])
  })

  it('S-05 a wrong signature is never returned', async () => {
    const fake = fakeModule()
    const signer = await open(fake)
    fake.spoilSignatures = true
    expect(await codeOf(record(signer))).toBe('SIGN_SELF_CHECK_FAILED')
    expect((await signer.health()).state).toBe('down')
    await signer.close()
    expect(await codeOf(open(fake))).toBe('KEY_MISMATCH')
  })

  it('a vendor code of the device profile comes first', async () => {
    const fake = fakeModule()
    const signer = await open(fake, { vendorCodes: { 0x80000001: 'RATE_LIMITED' } })
    fake.faults.push({ call: 'sign', rv: 0x80000001, times: 1 })
    expect(await codeOf(record(signer))).toBe('RATE_LIMITED')
    await signer.close()
  })
})

describe('PIN', () => {
  it('S-12 a wrong PIN: any number of signatures, restarts and health checks spends one try', async () => {
    const fake = fakeModule('EC', 'another PIN')
    const audit = memoryAudit()
    for (let i = 0; i < 10; i++) expect(await codeOf(open(fake, { audit }))).toBe(i === 0 ? 'PIN_INCORRECT' : 'PIN_LATCHED')
    expect(fake.pins).toHaveLength(1)
    const text = JSON.stringify(await linesOf(audit))
    expect(text).not.toContain(FAKE_PIN)
  })

  it('S-13 a process that dies between submission and answer, restarted 10 times, spends one try', async () => {
    const fake = fakeModule()
    const audit = memoryAudit()
    // What the process wrote before it died.
    await audit.append({ event: 'pin-intent', token: 'F-0001', secret: '1' })
    for (let i = 0; i < 10; i++) expect(await codeOf(open(fake, { audit }))).toBe('PIN_LATCHED')
    expect(fake.pins).toHaveLength(0)
    await (await open(fake, { audit, secretVersion: '2' })).close()
    expect(fake.pins).toHaveLength(1)
  })

  it('S-13 nothing is submitted when the intent cannot be made durable', async () => {
    const fake = fakeModule()
    const audit: AuditLog = { ...memoryAudit(), append: () => Promise.reject(new Error('disk full')) }
    expect(await codeOf(open(fake, { audit }))).not.toBe('signed')
    expect(fake.pins).toHaveLength(0)
  })

  it.each([
    [CK.CKF_PIN_COUNT_LOW, 'PIN_TRIES_LOW'],
    [CK.CKF_PIN_FINAL_TRY, 'PIN_TRIES_LOW'],
    [CK.CKF_PIN_LOCKED, 'PIN_LOCKED'],
    [CK.CKF_USER_PIN_TO_BE_CHANGED, 'PIN_MUST_CHANGE'],
  ])('S-14 with the flag 0x%s no PIN is sent: %s', async (flag, code) => {
    const fake = fakeModule()
    fake.facts = { ...fake.facts, flags: fake.facts.flags | flag }
    const audit = memoryAudit()
    expect(await codeOf(open(fake, { audit }))).toBe(code)
    expect(fake.pins).toEqual([])
    expect(audit.head().count).toBe(0)
  })

  it('S-16 another token in the same slot never gets the PIN', async () => {
    const fake = fakeModule()
    const signer = await open(fake)
    fake.facts = { ...fake.facts, serial: 'F-0002' }
    fake.closeAllBehindTheBack()
    expect(await codeOf(record(signer))).toBe('KEY_MISMATCH')
    fake.logoutBehindTheBack()
    expect(await codeOf(record(signer))).toBe('KEY_MISMATCH')
    expect(fake.pins).toEqual(['user F-0001'])
    await signer.close()
  })

  it('S-16 opened for a serial number, the PIN goes to that token only', async () => {
    const fake = fakeModule()
    expect(await codeOf(open(fake, { serial: 'F-0002' }))).toBe('KEY_MISMATCH')
    expect(fake.pins).toEqual([])
    await (await open(fake, { serial: 'F-0001' })).close()
    expect(fake.pins).toEqual(['user F-0001'])
  })

  it('logs in again only what worked, and not after a failure', async () => {
    const fake = fakeModule()
    const signer = await open(fake)
    fake.logoutBehindTheBack()
    fake.faults.push({ call: 'login', rv: 0xa0, times: 1 })
    expect(await codeOf(record(signer))).toBe('PIN_INCORRECT')
    for (let i = 0; i < 5; i++) expect(await codeOf(record(signer))).toBe('PIN_LATCHED')
    expect(fake.pins).toHaveLength(2)
    const health = await signer.health({ probe: true })
    expect(health.state).toBe('locked')
    expect(fake.pins).toHaveLength(2)
    await signer.close()
  })

  it('a device failure during login that spent no try may be tried again; one in doubt may not', async () => {
    const fake = fakeModule()
    fake.faults.push({ call: 'login', rv: 0x30, times: 1 })
    const audit = memoryAudit()
    expect(await codeOf(open(fake, { audit }))).toBe('DEVICE_FAULT')
    await (await open(fake, { audit })).close()
    fake.faults.push({ call: 'login', rv: 0x30, times: 1 })
    fake.facts = { ...fake.facts }
    const low = fake.facts
    const originalLogin = fake.port.login
    Object.assign(fake.port, {
      login: (...args: Parameters<typeof originalLogin>) => {
        fake.facts = { ...low, flags: low.flags | CK.CKF_PIN_COUNT_LOW }
        return originalLogin(...args)
      },
    })
    expect(await codeOf(open(fake, { audit }))).toBe('DEVICE_FAULT')
    fake.facts = low
    expect(await codeOf(open(fake, { audit }))).toBe('PIN_LATCHED')
  })

  it('S-12 a second failure in a row that only flags call harmless latches, in this process and the next', async () => {
    const fake = fakeModule()
    const audit = memoryAudit()
    fake.faults.push({ call: 'login', rv: 0x30, times: 2 })
    expect(await codeOf(open(fake, { audit }))).toBe('DEVICE_FAULT')
    expect(await codeOf(open(fake, { audit }))).toBe('DEVICE_FAULT')
    expect(await codeOf(open(fake, { audit }))).toBe('PIN_LATCHED')
    expect(fake.pins).toHaveLength(2)
  })

  it('what the module refuses before it sends anything spends no try, however often, and with the token gone', async () => {
    const fake = fakeModule()
    const audit = memoryAudit()
    for (const rv of [0xe0, 0xb3, 0xb0, 0x190, 0xe0]) {
      fake.faults.push({ call: 'login', rv, times: 1 })
      expect(await codeOf(open(fake, { audit }))).not.toBe('PIN_LATCHED')
    }
    await (await open(fake, { audit })).close()
  })

  it('S-12 two signers of one token that are opened at once with a wrong PIN spend one try', async () => {
    const fake = fakeModule()
    const audit = memoryAudit()
    // As a token answers that never sets its flags.
    fake.faults.push({ call: 'login', rv: 0xa0, times: 2 })
    const both = await Promise.all([codeOf(open(fake, { audit })), codeOf(open(fake, { audit }))])
    expect(both.toSorted()).toEqual(['PIN_INCORRECT', 'PIN_LATCHED'])
    expect(fake.pins).toHaveLength(1)
  })

  it('S-18 only the user or the key context logs in: the port has no other login', async () => {
    const fake = fakeModule()
    const signer = await open(fake)
    await record(signer)
    await signer.close()
    expect(new Set(fake.pins.map((each) => each.split(' ')[0]))).toEqual(new Set(['user']))
  })

  it('S-18 no source file names a call that sets, changes or unblocks a PIN or writes to a token', () => {
    const sources = readdirSync(import.meta.dirname).filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
    const calls = sources.flatMap((name) =>
      [...readFileSync(join(import.meta.dirname, name), 'utf8').matchAll(/\bC_[A-Za-z]+/g)].map(([call]) => call),
    )
    expect([...new Set(calls)].toSorted()).toEqual([
      'C_CloseSession',
      'C_Finalize',
      'C_FindObjects',
      'C_FindObjectsFinal',
      'C_FindObjectsInit',
      'C_GetAttributeValue',
      'C_GetMechanismList',
      'C_GetSessionInfo',
      'C_GetSlotList',
      'C_GetTokenInfo',
      'C_Initialize',
      'C_Login',
      'C_OpenSession',
      'C_Sign',
      'C_SignAsync',
      'C_SignInit',
    ])
    // The officer's login is kind 0; the binding knows 1 and 2.
    expect(readFileSync(join(import.meta.dirname, 'binding.ts'), 'utf8')).toContain("kind === 'user' ? USER : CONTEXT, pin")
  })

  it('S-31 a key with always-authenticate signs with one context login per signature, and is refused unless allowed', async () => {
    const fake = fakeModule()
    fake.privateObject.attributes.set(CK.CKA_ALWAYS_AUTHENTICATE, true)
    expect(await codeOf(open(fake))).toBe('CONFIG_INVALID')
    fake.pins.length = 0
    const signer = await open(fake, { perSignaturePin: 'allowed' })
    expect(signer.describe().capabilities.perUseAuthentication).toBe(true)
    await Promise.all(Array.from({ length: 5 }, (_, i) => record(signer, `${i}`)))
    expect(fake.pins.filter((each) => each.startsWith('context'))).toHaveLength(5)
    fake.faults.push({ call: 'login', rv: 0xa0, times: 1 })
    expect(await codeOf(record(signer))).toBe('PIN_INCORRECT')
    expect(await codeOf(record(signer))).toBe('PIN_LATCHED')
    await signer.close()
  })
})

describe('URI', () => {
  const reasonOf = (uri: string): string => {
    try {
      parseUri(uri, '/usr/lib/x.so')
      return 'taken'
    } catch (error) {
      const { message, details } = error as FiscalError
      expect(message).not.toMatch(/1234|geheim/)
      return String(details['reason'])
    }
  }
  it('S-30 a pin-value is refused wherever it stands, and not echoed', () => {
    expect(reasonOf('pkcs11:token=t;object=o?pin-value=1234')).toBe('uri-pin')
    expect(reasonOf('pkcs11:token=t;object=o;pin-value=geheim')).toBe('uri-pin')
    expect(reasonOf('pkcs11:token=t;object=o?pin-source=file:geheim')).toBe('uri-pin')
  })
  it('selects by token and key, with percent-encoding, and refuses everything else', () => {
    expect(parseUri('pkcs11:token=Caf%C3%A9%20till;object=a%3Bb;id=%01%ff;type=private', undefined)).toEqual({
      token: 'Café till',
      object: 'a;b',
      id: Uint8Array.of(1, 255),
    })
    expect(reasonOf('pkcs11:serial=1;id=%01?module-path=/usr/lib/x.so')).toBe('taken')
    for (const [uri, reason] of [
      ['http:token=t', 'uri-scheme'],
      ['pkcs11:object=o', 'uri-token'],
      ['pkcs11:token=t', 'uri-key'],
      ['pkcs11:token=t;object=o;slot-id=3', 'uri-slot'],
      ['pkcs11:token=t;object=o;type=public', 'uri-type'],
      ['pkcs11:token=t;token=u;object=o', 'uri-repeated'],
      ['pkcs11:token=t;object=o;library-version=3', 'uri-attribute'],
      ['pkcs11:token=t;object=o?module-path=/tmp/evil.so', 'uri-module'],
      ['pkcs11:token=t;object=o?x-vendor=1', 'uri-attribute'],
      ['pkcs11:token=%zz;object=o', 'uri-form'],
      ['pkcs11:token=%ff;object=o', 'uri-form'],
      ['pkcs11:token', 'uri-form'],
    ] as const) {
      expect(reasonOf(uri), uri).toBe(reason)
    }
  })
})
