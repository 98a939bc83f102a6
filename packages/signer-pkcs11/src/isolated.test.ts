// The module in a process of its own: a real module (SoftHSM 2) behind a shim that crashes, hangs or dies at login, under load.
import { readFileSync } from 'node:fs'
import { FiscalError, memoryAudit, utf8, type AuditLog, type GuardedSigner } from '@sigillo/core'
import { signerKit } from '@sigillo/testing'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { hostProgram, hostsOf, shimOf, type Shim } from './fixtures/shim.js'
import { otherComponent, softHsmModule, tokenStore, USER_PIN, type TokenStore } from './fixtures/softhsm.js'
import { fakeModule } from './fixtures/fake-cryptoki.js'
import { openPkcs11, type Pkcs11Options } from './index.js'

const module = softHsmModule()
const shim = module === undefined ? undefined : shimOf(module)
const missing = module === undefined ? 'softhsm2 is not installed' : shim === undefined ? 'there is no C compiler' : undefined
const host = hostProgram()
const TOKEN = 'isolated token'
const uri = `pkcs11:token=${TOKEN};object=record`
const pin = (): Uint8Array => utf8(USER_PIN)
const record = (signer: GuardedSigner, text = 'a receipt'): ReturnType<GuardedSigner['sign']> =>
  signer.sign({ operation: 'record', suite: 'es256', input: { message: utf8(text) } })
const failureOf = (work: Promise<unknown>): Promise<FiscalError | undefined> =>
  work.then(
    () => undefined,
    (error: unknown) => {
      expect(error).toBeInstanceOf(FiscalError)
      return error as FiscalError
    },
  )
const codeOf = async (work: Promise<unknown>): Promise<string> => {
  const error = await failureOf(work)
  return error === undefined ? 'signed' : `${error.code} ${String(error.details['reason'] ?? '')}`.trim()
}
const burst = (signer: GuardedSigner, count: number): Promise<string[]> =>
  Promise.all(Array.from({ length: count }, (_, i) => codeOf(record(signer, `receipt ${i}`))))

it('a port handed in cannot be isolated', async () => {
  const { port } = fakeModule()
  const work = openPkcs11({ module: 'x', uri, pin, audit: memoryAudit(), cryptoki: port, isolate: true })
  expect(await codeOf(work)).toBe('CONFIG_INVALID isolate')
})

it('a host program that is not there is named, and so is a module that cannot be loaded', async () => {
  const options = { module: '/no/such/module.so', uri, pin, audit: memoryAudit() }
  expect(await codeOf(openPkcs11({ ...options, isolate: { host: '/no/such/host.js' } }))).toBe('CONFIG_INVALID host-missing')
  expect(await codeOf(openPkcs11({ ...options, isolate: { host } }))).toBe('CONFIG_INVALID module-unreadable')
  await vi.waitFor(() => expect(hostsOf(host)).toEqual([]), { timeout: 5_000, interval: 50 })
})

describe.skipIf(missing !== undefined)(
  `a module in a process of its own${missing === undefined ? '' : ` (skipped: ${missing})`}`,
  () => {
    const device = shim as Shim
    let store: TokenStore
    let audit: AuditLog
    const opened: GuardedSigner[] = []
    beforeAll(() => {
      store = tokenStore()
      store.init(TOKEN)
      otherComponent(module as string).makeKey({ token: TOKEN, label: 'record', id: 1, type: 'P-256' })
    })
    afterAll(() => {
      store.dispose()
      device.dispose()
    })
    afterEach(async () => {
      for (const what of ['crash-sign', 'crash-login', 'crash-always', 'hang', 'out', 'log', 'tokens']) device.takeBack(what)
      await Promise.all(opened.splice(0).map((signer) => signer.close()))
      await vi.waitFor(() => expect(hostsOf(host)).toEqual([]), { timeout: 5_000, interval: 50 })
    })
    const open = async (over: Partial<Pkcs11Options> = {}): Promise<GuardedSigner> => {
      audit = memoryAudit()
      const signer = await openPkcs11({ module: device.module, uri, pin, audit, isolate: { host }, ...over })
      opened.push(signer)
      return signer
    }

    for (const { name, run } of signerKit({ open: () => open(), signatures: 12 })) it(name, run)

    it('S-10 a crash while signing is not seen by those who wait, and costs one login', async () => {
      const signer = await open()
      for (let round = 0; round < 3; round++) {
        device.tell('crash-sign')
        expect(new Set(await burst(signer, 40))).toEqual(new Set(['signed']))
      }
      // Once at the start and once after each crash: never more, never a wrong one.
      expect(device.logins()).toEqual(['accepted', 'accepted', 'accepted', 'accepted'])
      expect((await signer.health()).state).toBe('ready')
    })

    it('a crash while it is opened costs one login more; one with the PIN in its hands leaves it latched', async () => {
      device.tell('crash-sign')
      expect(await codeOf(record(await open()))).toBe('signed')
      expect(device.logins()).toEqual(['accepted', 'accepted'])
      device.tell('crash-login')
      expect(await codeOf(open())).toBe('PIN_LATCHED')
      expect(device.logins()).toHaveLength(3)
    })

    it('S-12 two processes opened at once with a wrong PIN and one log spend one try', async () => {
      store.init('once')
      otherComponent(module as string).makeKey({ token: 'once', label: 'record', id: 1, type: 'P-256' })
      const shared = memoryAudit()
      const wrong = { audit: shared, uri: 'pkcs11:token=once;object=record', pin: utf8('00000000') }
      const codes = await Promise.all([codeOf(open(wrong)), codeOf(open(wrong))])
      expect(codes.filter((code) => code === 'PIN_INCORRECT')).toHaveLength(1)
      expect(device.logins()).toHaveLength(1)
      expect(await codeOf(open(wrong))).toBe('PIN_LATCHED')
      const lines: unknown[] = []
      for await (const line of shared.read()) if (line['outcome'] !== 'not-sent') lines.push(line['event'], line['outcome'])
      expect(lines.filter((each) => each === 'failed')).toHaveLength(1)
    })

    it('S-10 a process killed from outside under load loses no signature', async () => {
      const signer = await open()
      const work = burst(signer, 200)
      await record(signer)
      const [pid] = hostsOf(host)
      process.kill(pid as number, 'SIGSEGV')
      expect(new Set(await work)).toEqual(new Set(['signed']))
      await vi.waitFor(() => expect(hostsOf(host)).not.toContain(pid), { timeout: 10_000, interval: 50 })
      expect(await codeOf(record(signer))).toBe('signed')
    })

    it('a module that always crashes is an error for its caller only, is left alone after a while, and may come back', async () => {
      const signer = await open()
      device.tell('crash-always')
      const error = await failureOf(record(signer))
      expect([error?.code, error?.details['reason'], error?.details['nativeCode'], error?.details['outcome']]).toEqual([
        'DEVICE_FAULT',
        'module-crashed',
        'SIGABRT',
        'unknown',
      ])
      expect((await signer.health()).reasons).toContain('MODULE_CRASHED')
      for (let i = 0; i < 4; i++) await codeOf(record(signer))
      expect(await codeOf(record(signer))).toBe('DEVICE_FAULT module-crashes')
      const logins = device.logins().length
      expect(logins).toBeLessThanOrEqual(6)
      for (let i = 0; i < 20; i++) expect(await codeOf(record(signer))).toBe('DEVICE_FAULT module-crashes')
      expect(device.logins()).toHaveLength(logins)
      device.takeBack('crash-always')
      vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 61_000 })
      try {
        expect(await codeOf(record(signer))).toBe('signed')
      } finally {
        vi.useRealTimers()
      }
    })

    it('S-13 a module that dies at the login, with the PIN in its hands, never gets it again', async () => {
      const signer = await open()
      device.tell('crash-sign')
      device.tell('crash-login')
      // The crash at the signature makes a login necessary; that one is never answered.
      const codes = await burst(signer, 10)
      expect(new Set(codes)).not.toContain('signed')
      for (let i = 0; i < 10; i++) expect(await codeOf(record(signer))).toBe('PIN_LATCHED')
      expect(device.logins()).toEqual(['accepted', 'accepted'])
      expect((await signer.health()).state).not.toBe('ready')
      // A restart of the till changes nothing about it; another version of the PIN does.
      expect(await codeOf(openPkcs11({ module: device.module, uri, pin, audit, isolate: { host } }))).toBe('PIN_LATCHED')
      expect(device.logins()).toHaveLength(2)
      const again = await openPkcs11({ module: device.module, uri, pin, audit, isolate: { host }, secretVersion: '2' })
      opened.push(again)
      expect(await codeOf(record(again))).toBe('signed')
    })

    it('S-11 a module that hangs keeps nobody waiting and is ended; the next signature finds a new one', async () => {
      const signer = await open({ isolate: { host, hangMs: 1_500 }, guard: { timeoutMs: 300 } })
      device.tell('hang')
      const [pid] = hostsOf(host)
      expect(await codeOf(record(signer))).toBe('TIMEOUT')
      const began = Date.now()
      await signer.health()
      expect(Date.now() - began).toBeLessThan(1_000)
      await vi.waitFor(() => expect(hostsOf(host)).not.toContain(pid), { timeout: 10_000, interval: 50 })
      device.takeBack('hang')
      const next = signer.sign({ operation: 'record', suite: 'es256', input: { message: utf8('next') } }, { timeoutMs: 20_000 })
      expect(await codeOf(next)).toBe('signed')
    })

    it('S-16 after a crash the PIN goes to the same token only', async () => {
      const signer = await open()
      store.remove()
      store.init(TOKEN)
      otherComponent(module as string).makeKey({ token: TOKEN, label: 'record', id: 1, type: 'P-256' })
      device.tell('crash-sign')
      expect(await codeOf(record(signer))).toMatch(/^(KEY_MISMATCH|TOKEN_REMOVED)/)
      expect(new Set(device.tokens())).toEqual(new Set([signer.describe().hardware?.serial]))
      expect(device.logins()).not.toContain('refused')
    })

    it('S-22 the PIN is neither an argument nor in the environment of the process, and not in its words', async () => {
      const signer = await open()
      const [pid] = hostsOf(host)
      for (const name of ['cmdline', 'environ']) expect(readFileSync(`/proc/${pid}/${name}`, 'utf8')).not.toContain(USER_PIN)
      device.tell('crash-always')
      const error = await failureOf(record(signer))
      expect(JSON.stringify(error) + String(error?.stack)).not.toContain(USER_PIN)
      const lines: unknown[] = []
      for await (const line of audit.read()) lines.push(line)
      expect(JSON.stringify(lines)).not.toContain(USER_PIN)
      expect(lines).toEqual(
        expect.arrayContaining([
          expect.objectContaining({ event: 'pin-intent' }),
          expect.objectContaining({ event: 'pin-outcome' }),
        ]),
      )
    })

    it('wipes the PIN a function hands over', async () => {
      const handed = utf8(USER_PIN)
      await open({ pin: () => handed })
      expect(handed.every((byte) => byte === 0)).toBe(true)
    })
  },
)
