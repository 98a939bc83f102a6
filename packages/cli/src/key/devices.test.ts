// The command over a real token: a till whose key never leaves SoftHSM, looked at, and careful with its PIN.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { buildCli, SHOP, type CliUnderTest, type Ran } from '../cli.fixture.js'
import {
  otherComponent,
  softHsmModule,
  tokenStore,
  USER_PIN,
  type TokenStore,
} from '../../../signer-pkcs11/src/fixtures/softhsm.js'

const module = softHsmModule()

describe.skipIf(module === undefined)(
  `a till on a token${module === undefined ? ' (skipped: softhsm2 is not installed)' : ''}`,
  () => {
    let cli: CliUnderTest
    let store: TokenStore
    beforeAll(() => {
      cli = buildCli()
      store = tokenStore()
      store.init('till')
      const maker = otherComponent(module as string)
      maker.makeKey({ token: 'till', label: 'record', id: 1, type: 'P-256' })
    }, 60_000)
    afterAll(() => {
      store?.dispose()
      cli?.remove()
    })

    const env = (): Record<string, string> => ({ SOFTHSM2_CONF: join(store.root, 'softhsm2.conf'), SIGILLO_PASSPHRASE: USER_PIN })
    const run = async (...args: string[]): Promise<Ran> => cli.run(args, { env: env() })
    const json = async (...args: string[]): Promise<Record<string, unknown>> => {
      const ran = await run(...args, '--json')
      expect(ran.code, ran.stdout + ran.stderr).toBe(0)
      return JSON.parse(ran.stdout) as Record<string, unknown>
    }
    const token = (label: string): string[] => ['--pkcs11', `pkcs11:token=till;object=${label}`, '--module', module as string]
    const settings = (): Record<string, unknown> =>
      JSON.parse(readFileSync(join(cli.work, 'shop', 'settings.json'), 'utf8')) as Record<string, unknown>

    it('sells on a token; the PIN stands nowhere', async () => {
      const made = await json('init', 'shop', ...SHOP, ...token('record'))
      expect(made['key']).toBe('pkcs11:token=till;object=record')
      expect(settings()['signer']).toEqual({
        kind: 'pkcs11',
        module,
        uri: 'pkcs11:token=till;object=record',
        serial: expect.stringMatching(/^[0-9a-f]{16}$/),
      })
      writeFileSync(
        join(cli.work, 'start.jsonl'),
        '{"type":"start","key":"START","operatorId":"A","posMoment":"2026-03-14T07:00:00Z"}\n',
      )
      expect(await run('record', 'shop', 'start.jsonl')).toMatchObject({ code: 0 })
      expect(await json('key', 'status', 'shop')).toMatchObject({
        kind: 'pkcs11',
        state: 'ready',
        inUse: true,
        keyId: made['keyId'],
      })
      const log = readFileSync(join(cli.work, 'shop.keys', 'audit.jsonl'), 'utf8')
      expect(log).toContain('pin-intent')
      expect(log + JSON.stringify(settings())).not.toContain(USER_PIN)
    }, 60_000)

    it('a PIN in the URI is refused without being repeated; a wrong PIN is sent once, however often the till is opened', async () => {
      const leaked = await run(
        'init',
        'leak',
        ...SHOP,
        '--pkcs11',
        `pkcs11:token=till;object=record?pin-value=${USER_PIN}`,
        '--module',
        module as string,
      )
      expect(leaked.code).toBe(2)
      expect(leaked.stderr).toContain('PIN')
      expect(leaked.stdout + leaked.stderr).not.toContain(USER_PIN)
      const wrong = { ...env(), SIGILLO_PASSPHRASE: '0000' }
      const outcomes = []
      for (let i = 0; i < 3; i++) outcomes.push((await cli.run(['key', 'status', 'shop', '--json'], { env: wrong })).stdout)
      expect(outcomes.map((text) => (JSON.parse(text) as { error: { code: string } }).error.code)).toEqual([
        'PIN_INCORRECT',
        'PIN_LATCHED',
        'PIN_LATCHED',
      ])
      expect((await run('key', 'unlock', 'shop', '--actor', 'anna', '--reason', 'mistyped')).code).toBe(0)
      // The token itself warns now; the operator enters the PIN once with the tools of its maker.
      expect((await run('key', 'status', 'shop')).stderr).toContain('PIN_TRIES_LOW')
      otherComponent(module as string).logout('till')
      expect(await json('key', 'status', 'shop')).toMatchObject({ kind: 'pkcs11', inUse: true })
    }, 60_000)
  },
)
