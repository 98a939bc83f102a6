// The command over a real token: a till whose key never leaves SoftHSM, tried, rotated to a file and back to another key of the token.
import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { USER_PIN } from '../../../signer-pkcs11/src/fixtures/softhsm.js'
import { module, tokenBench, type TokenBench } from './token.fixture.js'

describe.skipIf(module === undefined)(
  `a till on a token${module === undefined ? ' (skipped: softhsm2 is not installed)' : ''}`,
  () => {
    let bench: TokenBench
    beforeAll(() => {
      bench = tokenBench(['record', 'later'])
    }, 60_000)
    afterAll(() => bench?.dispose())

    it('sells, closes, shows, tests, changes key to a file and to another key of the token', async () => {
      const made = await bench.makeShop()
      const start = '{"type":"start","key":"START","operatorId":"A","posMoment":"2026-03-14T07:00:00Z"}\n'
      const day = '{"type":"closing","kind":"day","key":"Z","operatorId":"A","posMoment":"2026-03-14T20:00:00Z"}\n'
      const sale = (key: string): string =>
        `{"type":"ticket","key":"${key}","operatorId":"A","posMoment":"2026-03-14T07:01:00Z","lines":[{"label":"Café","total":180,"rateBp":1000}],"payments":[{"mode":"ESP","amount":180}]}\n`
      writeFileSync(join(bench.cli.work, 'day.jsonl'), start + sale('T-1') + day)
      expect(await bench.run(['record', 'shop', 'day.jsonl'])).toMatchObject({ code: 0 })

      expect(await bench.json('key', 'status', 'shop')).toMatchObject({
        kind: 'pkcs11',
        state: 'ready',
        inUse: true,
        keyId: made['keyId'],
      })
      expect(await bench.json('key', 'test', 'shop')).toMatchObject({ signed: true, verified: true })
      expect(await bench.json('key', 'test', ...bench.token('later'))).toMatchObject({ kind: 'pkcs11', verified: true })

      const who = ['--actor', 'anna', '--reason', 'token goes to the shop next door']
      const rotated = await bench.json('key', 'rotate', 'shop', ...who)
      expect(rotated).toMatchObject({ from: made['keyId'], mode: 'rollover' })
      writeFileSync(join(bench.cli.work, 'more.jsonl'), sale('T-2'))
      expect(await bench.run(['record', 'shop', 'more.jsonl'])).toMatchObject({ code: 0 })
      expect(await bench.json('key', 'status', 'shop')).toMatchObject({ kind: 'software', inUse: true, keyId: rotated['to'] })

      const back = await bench.json('key', 'rotate', 'shop', ...bench.token('later'), ...who)
      expect(back).toMatchObject({ from: rotated['to'] })
      writeFileSync(join(bench.cli.work, 'last.jsonl'), sale('T-3'))
      expect(await bench.run(['record', 'shop', 'last.jsonl'])).toMatchObject({ code: 0 })
      expect(await bench.json('verify', 'shop')).toMatchObject({ sound: true, findings: [] })

      const folder = join(bench.cli.work, 'shop')
      const journal = readdirSync(folder)
        .filter((name) => name.endsWith('.jsonl'))
        .map((name) => readFileSync(join(folder, name), 'utf8'))
        .join('')
      expect(journal.match(/"type":"sys\.key"/g)).toHaveLength(2)
      // The audit log of the token entered the journal at the closing.
      expect(journal.match(/"type":"signer\.audit"/g)).toHaveLength(1)
      // S-22: the PIN stands nowhere.
      const log = readFileSync(join(bench.cli.work, 'shop.keys', 'audit.jsonl'), 'utf8')
      for (const text of [journal, log, JSON.stringify(bench.settings())]) expect(text).not.toContain(USER_PIN)
    }, 120_000)
  },
)
