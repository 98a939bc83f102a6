// The command over a real token: a till whose key never leaves SoftHSM, tried, rotated to a file and back to another key of the token.
import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
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
      maker.makeKey({ token: 'till', label: 'later', id: 2, type: 'P-256' })
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

    it('sells, closes, shows, tests, changes key to a file and to another key of the token', async () => {
      const made = await json('init', 'shop', ...SHOP, ...token('record'))
      expect(made['key']).toBe('pkcs11:token=till;object=record')
      expect(settings()['signer']).toEqual({
        kind: 'pkcs11',
        module,
        uri: 'pkcs11:token=till;object=record',
        serial: expect.stringMatching(/^[0-9a-f]{16}$/),
      })
      const start = '{"type":"start","key":"START","operatorId":"A","posMoment":"2026-03-14T07:00:00Z"}\n'
      const day = '{"type":"closing","kind":"day","key":"Z","operatorId":"A","posMoment":"2026-03-14T20:00:00Z"}\n'
      const sale = (key: string): string =>
        `{"type":"ticket","key":"${key}","operatorId":"A","posMoment":"2026-03-14T07:01:00Z","lines":[{"label":"Café","total":180,"rateBp":1000}],"payments":[{"mode":"ESP","amount":180}]}\n`
      writeFileSync(join(cli.work, 'day.jsonl'), start + sale('T-1') + day)
      expect(await run('record', 'shop', 'day.jsonl')).toMatchObject({ code: 0 })

      expect(await json('key', 'status', 'shop')).toMatchObject({
        kind: 'pkcs11',
        state: 'ready',
        inUse: true,
        keyId: made['keyId'],
      })
      expect(await json('key', 'test', 'shop')).toMatchObject({ signed: true, verified: true })
      expect(await json('key', 'test', ...token('later'))).toMatchObject({ kind: 'pkcs11', verified: true })

      const who = ['--actor', 'anna', '--reason', 'token goes to the shop next door']
      const rotated = await json('key', 'rotate', 'shop', ...who)
      expect(rotated).toMatchObject({ from: made['keyId'], mode: 'rollover' })
      writeFileSync(join(cli.work, 'more.jsonl'), sale('T-2'))
      expect(await run('record', 'shop', 'more.jsonl')).toMatchObject({ code: 0 })
      expect(await json('key', 'status', 'shop')).toMatchObject({ kind: 'software', inUse: true, keyId: rotated['to'] })

      const back = await json('key', 'rotate', 'shop', ...token('later'), ...who)
      expect(back).toMatchObject({ from: rotated['to'] })
      writeFileSync(join(cli.work, 'last.jsonl'), sale('T-3'))
      expect(await run('record', 'shop', 'last.jsonl')).toMatchObject({ code: 0 })
      expect(await json('verify', 'shop')).toMatchObject({ sound: true, findings: [] })

      const folder = join(cli.work, 'shop')
      const journal = readdirSync(folder)
        .filter((name) => name.endsWith('.jsonl'))
        .map((name) => readFileSync(join(folder, name), 'utf8'))
        .join('')
      expect(journal.match(/"type":"sys\.key"/g)).toHaveLength(2)
      // The audit log of the token entered the journal at the closing.
      expect(journal.match(/"type":"signer\.audit"/g)).toHaveLength(1)
      // S-22: the PIN stands nowhere.
      const log = readFileSync(join(cli.work, 'shop.keys', 'audit.jsonl'), 'utf8')
      for (const text of [journal, log, JSON.stringify(settings())]) expect(text).not.toContain(USER_PIN)
    }, 120_000)
  },
)
