// --isolate: the module of a token in a process of its own. A real module (SoftHSM 2) behind a shim that crashes when it is told to: the command
// answers all the same, and a till sells through it.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { shimOf, type Shim } from '../../../signer-pkcs11/src/fixtures/shim.js'
import {
  otherComponent,
  softHsmModule,
  tokenStore,
  USER_PIN,
  type TokenStore,
} from '../../../signer-pkcs11/src/fixtures/softhsm.js'
import { buildCli, SHOP, type CliUnderTest, type Ran } from '../cli.fixture.js'

const module = softHsmModule()
const shim = module === undefined ? undefined : shimOf(module)
const missing = module === undefined ? 'softhsm2 is not installed' : shim === undefined ? 'there is no C compiler' : undefined
const TIMEOUT = 60_000

describe.skipIf(missing !== undefined)(
  `a module in a process of its own${missing === undefined ? '' : ` (skipped: ${missing})`}`,
  () => {
    const device = shim as Shim
    let cli: CliUnderTest
    let store: TokenStore
    beforeAll(() => {
      cli = buildCli()
      store = tokenStore()
      store.init('till')
      otherComponent(module as string).makeKey({ token: 'till', label: 'record', id: 1, type: 'P-256' })
    }, 60_000)
    afterEach(() => {
      for (const what of ['crash-sign', 'crash-always', 'log']) device.takeBack(what)
    })
    afterAll(() => {
      store?.dispose()
      device.dispose()
      cli?.remove()
    })

    const run = (...args: string[]): Promise<Ran> => {
      const names = ['SOFTHSM2_CONF', 'SIGILLO_SHIM_MODULE', 'SIGILLO_SHIM_DIR']
      const env = Object.fromEntries(names.map((name) => [name, process.env[name] as string]))
      return cli.run(args, { env: { ...env, SIGILLO_PASSPHRASE: USER_PIN } })
    }
    const key = ['--pkcs11', 'pkcs11:token=till;object=record', '--module', device?.module]

    it('key status, test and request work as in this process', { timeout: TIMEOUT }, async () => {
      const answer = async (...args: string[]): Promise<Record<string, unknown>> => {
        const ran = await run('key', ...args, ...key, '--json')
        expect(ran.code, ran.stdout + ran.stderr).toBe(0)
        const { request: _, ...said } = JSON.parse(ran.stdout) as Record<string, unknown>
        // The log goes on from one call to the next.
        return { ...said, auditCount: null, auditHead: null }
      }
      for (const args of [['status'], ['test'], ['request', '--subject', 'CN=till 7']])
        expect(await answer(...args, '--isolate')).toEqual(await answer(...args))
    })

    it('a crash at a signature ends the command without it; with it the next process signs', { timeout: TIMEOUT }, async () => {
      device.tell('crash-sign')
      const without = await run('key', 'test', ...key, '--json')
      expect([without.code, without.stdout]).toEqual([-1, ''])
      device.tell('crash-sign')
      const within = await run('key', 'test', ...key, '--isolate', '--json')
      expect([within.code, JSON.parse(within.stdout)]).toEqual([0, expect.objectContaining({ signed: true, verified: true })])
      // One login of the process that died, one of the next.
      expect(device.logins()).toEqual(['accepted', 'accepted', 'accepted'])
    })

    it('a module that always crashes is an error in words and in JSON', { timeout: TIMEOUT }, async () => {
      device.tell('crash-always')
      const json = await run('key', 'status', ...key, '--isolate', '--json')
      expect(json.code).toBe(2)
      const { error } = JSON.parse(json.stdout) as { error: { code: string; details: object } }
      expect(error).toMatchObject({ code: 'DEVICE_FAULT', details: { reason: 'module-crashed' } })
      const words = await run('key', 'status', ...key, '--isolate')
      expect([words.code, words.stderr]).toEqual([
        2,
        expect.stringMatching(/^error DEVICE_FAULT: the process of the module ended/m),
      ])
    })

    it('it is a setting of a till: written by init, and the till sells through a crash', { timeout: TIMEOUT }, async () => {
      expect((await run('init', 'shop', ...SHOP, ...key, '--isolate')).code).toBe(0)
      const settings = JSON.parse(readFileSync(join(cli.work, 'shop', 'settings.json'), 'utf8')) as { signer: object }
      expect(settings.signer).toMatchObject({ kind: 'pkcs11', isolate: true })
      writeFileSync(
        join(cli.work, 'start.jsonl'),
        '{"type":"start","key":"START","operatorId":"A","posMoment":"2026-03-14T07:00:00Z"}\n',
      )
      device.tell('crash-sign')
      const sold = await run('record', 'shop', 'start.jsonl')
      expect([sold.code, sold.stderr]).toEqual([0, expect.not.stringContaining('error')])
      const verified = await run('verify', 'shop', '--json')
      expect(JSON.parse(verified.stdout)).toMatchObject({ sound: true, findings: [] })
      const wrong = { ...settings, signer: { ...settings.signer, isolate: 'yes' } }
      writeFileSync(join(cli.work, 'shop', 'settings.json'), JSON.stringify(wrong))
      const refused = await run('key', 'status', 'shop')
      expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining('SETTINGS_INVALID: settings: signer: isolate')])
    })
  },
)
