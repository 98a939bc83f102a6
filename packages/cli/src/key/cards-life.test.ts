// A till over its life with cards, over a real PC/SC daemon: its key goes from a file to a card, to another key of that card and back, is
// certified, checked, limited and put into service before witnesses.
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { thumbprint } from '@sigillo/core'
import { lacking, selfSigned } from '@sigillo/testing/node'
import { pcscMissing } from '../../../signer-sam/src/fixtures/pcsc.js'
import { CARD_PIN, VirtualCard } from '../../../signer-sam/src/fixtures/virtual-card.js'
import { SHOP } from '../cli.fixture.js'
import { cardBench, pinsGiven, type CardBench } from './cards.fixture.js'

const missing = pcscMissing() ?? lacking('openssl')
const TIMEOUT = 180_000
const who = ['--actor', 'anna', '--reason', 'to the card']
const sale = (key: string): string =>
  `{"type":"ticket","key":"${key}","operatorId":"A","posMoment":"2026-03-14T07:01:00Z","lines":[{"label":"Café","total":180,"rateBp":1000}],"payments":[{"mode":"ESP","amount":180}]}\n`

describe.skipIf(missing !== undefined)(`a till with cards${missing === undefined ? '' : ` (skipped: ${missing})`}`, () => {
  const card = new VirtualCard()
  const [ec, rsa] = [thumbprint(card.publicJwk('ec')), thumbprint(card.publicJwk('rsa'))]
  let bench: CardBench
  beforeAll(async () => {
    bench = await cardBench(card)
    bench.write('pin', `${CARD_PIN}\n`)
    bench.write('pass', 'a passphrase of a file\n')
  }, 200_000)
  afterAll(() => bench?.dispose())

  const sells = async (key: string, secret: string): Promise<void> => {
    bench.write('sale.jsonl', sale(key))
    const ran = await bench.run(['record', 'shop', 'sale.jsonl', '--passphrase-file', secret])
    expect(ran.code, ran.stdout + ran.stderr).toBe(0)
  }
  const openssl = (...args: string[]): string =>
    execFileSync('openssl', args, { cwd: bench.cli.work, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
  const settingOf = (): Record<string, unknown> =>
    (JSON.parse(bench.read('shop/settings.json')) as { signer: Record<string, unknown> }).signer

  it('key rotate takes it from a file to the card, to another key of the same card, and back', { timeout: TIMEOUT }, async () => {
    await bench.json(['init', 'shop', ...SHOP, '--passphrase-file', 'pass'])
    bench.write('sale.jsonl', '{"type":"start","key":"START","operatorId":"A","posMoment":"2026-03-14T07:00:00Z"}\n')
    expect((await bench.run(['record', 'shop', 'sale.jsonl', '--passphrase-file', 'pass'])).code).toBe(0)
    const [pass, pin] = [
      ['--passphrase-file', 'pass'],
      ['--passphrase-file', 'pin'],
    ] as const
    const rotate = ['key', 'rotate', 'shop', ...who]
    const toCard = [...rotate, ...bench.key(), ...pass, '--new-passphrase-file', 'pin']
    expect(await bench.json(toCard)).toMatchObject({ to: ec, mode: 'rollover', key: 'record' })
    expect(settingOf()).toMatchObject({ kind: 'sam', key: 'record', keyId: ec, serial: card.serial })
    await sells('T-1', 'pin')
    expect(await bench.refusal([...rotate, ...bench.key(), ...pin])).toBe('USAGE')
    // Both keys sign the change: the card is shared between them meanwhile.
    const within = await bench.run([...rotate, ...bench.key('seal'), ...pin])
    expect([within.code, within.stdout + within.stderr]).toEqual([0, expect.stringContaining(`✔ ${rsa} signs from record`)])
    await sells('T-2', 'pin')
    expect(await bench.json(['key', 'status', 'shop', ...pin])).toMatchObject({ alg: 'RS256', keyId: rsa, inUse: true })
    const back = await bench.json([...rotate, ...bench.key(), ...pin])
    expect(back).toMatchObject({ from: rsa, to: ec })
    await sells('T-3', 'pin')
    expect(await bench.json(['verify', 'shop'])).toMatchObject({ sound: true, findings: [] })
    expect([new Set(pinsGiven(card)).size, card.tries]).toEqual([1, 3])
  })

  it('key request, install, status and check: the key on the card gets its certificate', { timeout: TIMEOUT }, async () => {
    const pin = ['--passphrase-file', 'pin']
    await bench.json(['key', 'request', 'shop', '--subject', 'C=FR, CN=shop', '--usage', 'sign', '--out', 'shop.csr', ...pin])
    const authority = selfSigned({ subject: '/CN=Authority' })
    bench.write('ca.pem', authority.certificatePem)
    bench.write('ca.key', authority.keyPem)
    openssl(
      'x509',
      '-req',
      '-in',
      'shop.csr',
      '-CA',
      'ca.pem',
      '-CAkey',
      'ca.key',
      '-set_serial',
      '17',
      '-days',
      '90',
      '-copy_extensions',
      'copy',
      '-out',
      'shop.pem',
    )
    const installed = await bench.json(['key', 'install', 'shop', 'shop.pem', '--roots', 'ca.pem', ...who, ...pin])
    expect(installed).toMatchObject({ keyId: ec, previous: null, chain: 'checked' })
    const status = await bench.json(['key', 'status', 'shop', ...pin])
    expect(status).toMatchObject({ kind: 'sam', state: 'ready', inUse: true, certificate: { serial: '11' } })
    await sells('T-4', 'pin')

    bench.write('ca.cnf', '[ca]\ndefault_ca=d\n[d]\ndatabase=index\ndefault_md=sha256\ndefault_crl_days=3\n')
    bench.write('index', '')
    const list = (name: string): string =>
      openssl('ca', '-config', 'ca.cnf', '-gencrl', '-keyfile', 'ca.key', '-cert', 'ca.pem', '-out', name)
    list('good.crl')
    const check = ['key', 'check', 'shop', '--roots', 'ca.pem', ...pin]
    expect(await bench.json([...check, '--crl', 'good.crl'])).toMatchObject({ keyId: ec, verdict: 'good' })
    expect(await bench.json(check, { code: 1 })).toMatchObject({ verdict: 'unknown' })
    expect(await bench.json(['verify', 'shop'])).toMatchObject({ sound: true, findings: [] })
  })

  it(
    'key ceremony and policy: the card goes into service before witnesses, and signs no more than it is told',
    { timeout: TIMEOUT },
    async () => {
      const pin = ['--passphrase-file', 'pin']
      const roles = ['administrator=ada', 'custodian=anna', 'custodian=bruno', 'witness=wim', 'operator=olga']
      const ceremony = ['key', 'ceremony', 'shop', '--transcript', 'paper.json', ...pin]
      const waits = await bench.json([...ceremony, ...roles.flatMap((role) => ['--role', role])], { code: 1 })
      expect(waits).toEqual({ transcript: 'paper.json', waits: 'thumbprint', keyId: ec })
      const done = await bench.json([...ceremony, '--confirm', ec, ...who])
      const steps = done['steps'] as readonly { readonly name: string; readonly result: object }[]
      expect(steps.map(({ name }) => name)).toEqual(['software-seal', 'device', 'pairwise-test', 'thumbprint'])
      expect(steps[1]?.result).toMatchObject({ kind: 'sam', keyId: ec, hardware: { serial: card.serial } })

      writeFileSync(
        bench.path('policy.json'),
        JSON.stringify({ policyId: 'shop', version: 1, operations: { record: { suites: ['es256'] } } }),
      )
      expect(await bench.json(['key', 'policy', 'shop', '--set', 'policy.json', ...who, ...pin])).toMatchObject({
        policy: { policyId: 'shop', keyId: ec },
      })
      expect(await bench.refusal(['key', 'request', 'shop', '--subject', 'CN=x', ...pin])).toBe('OPERATION_NOT_ALLOWED')
      const before = card.signatures
      expect(await bench.json(['key', 'test', 'shop', ...pin], { code: 1 })).toMatchObject({
        signed: false,
        error: { code: 'OPERATION_NOT_ALLOWED' },
      })
      expect(card.signatures).toBe(before)
      await sells('T-5', 'pin')
      expect(await bench.json(['verify', 'shop'])).toMatchObject({ sound: true, findings: [] })
      expect([new Set(pinsGiven(card)).size, card.tries]).toEqual([1, 3])
    },
  )
})
