// The command over a real token: a till whose key never leaves SoftHSM, looked at, and careful with its PIN.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { SHOP } from '../cli.fixture.js'
import { otherComponent, USER_PIN } from '../../../signer-pkcs11/src/fixtures/softhsm.js'
import { module, tokenBench, type TokenBench } from './token.fixture.js'

describe.skipIf(module === undefined)(
  `a till on a token${module === undefined ? ' (skipped: softhsm2 is not installed)' : ''}`,
  () => {
    let bench: TokenBench
    beforeAll(() => {
      bench = tokenBench(['record'])
    }, 60_000)
    afterAll(() => bench?.dispose())

    it('sells on a token; the PIN stands nowhere', async () => {
      const made = await bench.makeShop()
      writeFileSync(
        join(bench.cli.work, 'start.jsonl'),
        '{"type":"start","key":"START","operatorId":"A","posMoment":"2026-03-14T07:00:00Z"}\n',
      )
      expect(await bench.run(['record', 'shop', 'start.jsonl'])).toMatchObject({ code: 0 })
      expect(await bench.json('key', 'status', 'shop')).toMatchObject({
        kind: 'pkcs11',
        state: 'ready',
        inUse: true,
        keyId: made['keyId'],
      })
      const log = readFileSync(join(bench.cli.work, 'shop.keys', 'audit.jsonl'), 'utf8')
      expect(log).toContain('pin-intent')
      expect(log + JSON.stringify(bench.settings())).not.toContain(USER_PIN)
    }, 60_000)

    it('a PIN in the URI is refused without being repeated; a wrong PIN is sent once, however often the till is opened', async () => {
      const uri = `pkcs11:token=till;object=record?pin-value=${USER_PIN}`
      const leaked = await bench.run(['init', 'leak', ...SHOP, '--pkcs11', uri, '--module', module as string])
      expect(leaked.code).toBe(2)
      expect(leaked.stderr).toContain('PIN')
      expect(leaked.stdout + leaked.stderr).not.toContain(USER_PIN)
      const outcomes = []
      for (let i = 0; i < 3; i++) outcomes.push((await bench.run(['key', 'status', 'shop', '--json'], '0000')).stdout)
      expect(outcomes.map((text) => (JSON.parse(text) as { error: { code: string } }).error.code)).toEqual([
        'PIN_INCORRECT',
        'PIN_LATCHED',
        'PIN_LATCHED',
      ])
      expect((await bench.run(['key', 'unlock', 'shop', '--actor', 'anna', '--reason', 'mistyped'])).code).toBe(0)
      // The token itself warns now; the operator enters the PIN once with the tools of its maker.
      expect((await bench.run(['key', 'status', 'shop'])).stderr).toContain('PIN_TRIES_LOW')
      otherComponent(module as string).logout('till')
      expect(await bench.json('key', 'status', 'shop')).toMatchObject({ kind: 'pkcs11', inUse: true })
    }, 60_000)
  },
)
