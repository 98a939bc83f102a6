// The commands that take --card, over a real PC/SC daemon: a key on a card looked at, tried, certified and selling; what a wrong PIN, a card that
// is not there, several readers and another card come to.
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { thumbprint } from '@sigillo/core'
import { lacking } from '@sigillo/testing/node'
import { pcscMissing } from '../../../signer-sam/src/fixtures/pcsc.js'
import { CARD_PIN, VirtualCard } from '../../../signer-sam/src/fixtures/virtual-card.js'
import { SHOP } from '../cli.fixture.js'
import { cardBench, pinsGiven, publicPem, type CardBench } from './cards.fixture.js'

const missing = pcscMissing() ?? lacking('openssl')
const WRONG = '999999'
const TIMEOUT = 120_000
const sale = (key: string): string =>
  `{"type":"ticket","key":"${key}","operatorId":"A","posMoment":"2026-03-14T07:01:00Z","lines":[{"label":"Café","total":180,"rateBp":1000}],"payments":[{"mode":"ESP","amount":180}]}\n`
const start = '{"type":"start","key":"START","operatorId":"A","posMoment":"2026-03-14T07:00:00Z"}\n'

describe.skipIf(missing !== undefined)(`keys on cards${missing === undefined ? '' : ` (skipped: ${missing})`}`, () => {
  const card = new VirtualCard()
  let bench: CardBench
  beforeAll(async () => {
    bench = await cardBench(card)
  }, 200_000)
  afterAll(() => bench?.dispose())

  it('key status tells which key it is, in words and as JSON, and sends no PIN', { timeout: TIMEOUT }, async () => {
    const keyId = thumbprint(card.publicJwk('ec'))
    const said = await bench.json(['key', 'status', ...bench.key()])
    expect(said).toMatchObject({ key: 'card key record in 00 00', keyId, alg: 'ES256', kind: 'sam', state: 'ready', inUse: null })
    expect(said['hardware']).toMatchObject({ serial: card.serial, model: 'virtual card' })
    const { code, stdout } = await bench.run(['key', 'status', ...bench.key()])
    expect([code, stdout.split('\n')[0]]).toEqual([0, `ES256 ${keyId} (sam)`])
    expect(stdout).toContain(`device       virtual card virtual card, serial ${card.serial}`)
    expect(pinsGiven(card)).toEqual([])
  })

  it('key test signs once, with one PIN; a key of another suite too', { timeout: TIMEOUT }, async () => {
    expect(await bench.json(['key', 'test', ...bench.key()])).toMatchObject({
      alg: 'ES256',
      signed: true,
      verified: true,
      error: null,
    })
    expect(await bench.json(['key', 'test', ...bench.key('der')])).toMatchObject({ alg: 'ES256', verified: true })
    const { code, stdout } = await bench.run(['key', 'test', ...bench.key('seal')])
    expect([code, stdout]).toEqual([0, expect.stringMatching(/^✔ RS256 \S+ \(sam\) signs, and the signature verifies$/m)])
    expect([pinsGiven(card).length, card.signatures]).toEqual([3, 3])
  })

  it('key test leaves a card that counts its signatures alone unless told to spend one', { timeout: TIMEOUT }, async () => {
    bench.write('counting.json', { ...(JSON.parse(bench.read('profile.json')) as object), counterTag: '5c0193' })
    const counting = bench.key().map((word) => (word === 'profile.json' ? 'counting.json' : word))
    const before = card.signatures
    const spared = await bench.json(['key', 'test', ...counting], { code: 1 })
    expect(spared).toMatchObject({ signed: false, verified: false, error: { code: 'OPERATION_NOT_ALLOWED' } })
    expect(card.signatures).toBe(before)
    expect(await bench.json(['key', 'test', ...counting, '--spend'])).toMatchObject({ verified: true })
    expect(card.signatures).toBe(before + 1)
  })

  it(
    'a card that wants its PIN for each signature is refused unless that is allowed, then gets one for each',
    { timeout: TIMEOUT },
    async () => {
      bench.write('once.json', { ...(JSON.parse(bench.read('profile.json')) as object), pinLifetime: 'once' })
      card.manners.pinOnce = true
      const once = bench.key().map((word) => (word === 'profile.json' ? 'once.json' : word))
      expect(await bench.refusal(['key', 'test', ...once, '--spend'])).toBe('CONFIG_INVALID')
      card.trace.length = 0
      const spared = await bench.json(['key', 'test', ...once, '--pin-each'], { code: 1 })
      expect(spared).toMatchObject({ signed: false, error: { code: 'OPERATION_NOT_ALLOWED' } })
      expect(await bench.json(['key', 'test', ...once, '--pin-each', '--spend'])).toMatchObject({ verified: true })
      expect(pinsGiven(card)).toHaveLength(1)
      await bench.json(['init', 'each', ...SHOP, ...once, '--pin-each'])
      bench.write('each.jsonl', start + sale('T-1') + sale('T-2'))
      card.trace.length = 0
      const before = card.signatures
      expect((await bench.run(['record', 'each', 'each.jsonl'])).code).toBe(0)
      expect(card.signatures - before).toBeGreaterThanOrEqual(3)
      expect(pinsGiven(card)).toHaveLength(card.signatures - before)
      card.manners.pinOnce = false
    },
  )

  it('S-50 key request makes a request that openssl accepts, without a certificate first', { timeout: TIMEOUT }, async () => {
    const subject = ['--subject', 'C=FR, CN=till 7']
    const said = await bench.json(['key', 'request', ...bench.key(), ...subject, '--usage', 'sign', '--out', 'till.csr'])
    expect(said).toMatchObject({ keyId: thumbprint(card.publicJwk('ec')), subject: 'C=FR, CN=till 7', file: 'till.csr' })
    expect(bench.read('till.csr')).toBe(said['request'])
    const openssl = (...args: string[]): string =>
      execFileSync('openssl', args, { cwd: bench.cli.work, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
    expect(openssl('req', '-in', 'till.csr', '-verify', '-noout', '-pubkey')).toBe(publicPem(card, 'ec'))
    const { code, stdout } = await bench.run(['key', 'request', ...bench.key('seal'), ...subject])
    expect([code, stdout]).toEqual([0, expect.stringContaining('BEGIN CERTIFICATE REQUEST')])
  })

  it(
    'init, record, status and verify: a till whose key is on the card sells; the PIN stands nowhere',
    { timeout: TIMEOUT },
    async () => {
      const made = await bench.json(['init', 'shop', ...SHOP, ...bench.key()])
      expect(made).toMatchObject({ key: 'card key record in 00 00', keyId: thumbprint(card.publicJwk('ec')) })
      const { signer } = JSON.parse(bench.read('shop/settings.json')) as { signer: object }
      expect(signer).toEqual({
        kind: 'sam',
        profile: bench.path('profile.json'),
        key: 'record',
        reader: '00 00',
        publicKey: bench.path('ec.pub'),
        serial: card.serial,
      })
      expect(existsSync(bench.path('shop.keys/main.pem'))).toBe(false)
      bench.write('day.jsonl', start + sale('T-1') + sale('T-2'))
      expect((await bench.run(['record', 'shop', 'day.jsonl'])).code).toBe(0)
      expect(await bench.json(['key', 'status', 'shop'])).toMatchObject({ kind: 'sam', inUse: true, keyId: made['keyId'] })
      expect(await bench.json(['verify', 'shop'])).toMatchObject({ sound: true, findings: [] })
      const texts = ['shop/settings.json', 'shop.keys/audit.jsonl', 'audit.jsonl'].map(bench.read)
      expect(texts.join('')).not.toContain(CARD_PIN)
    },
  )

  it('S-16 another card in the reader gets no PIN from a till, though it looks the same', { timeout: TIMEOUT }, async () => {
    const other = new VirtualCard('9999999999999999', undefined, card.keys)
    await bench.daemon.unplug()
    await bench.daemon.plug(other)
    for (const command of [
      ['record', 'shop', 'day.jsonl'],
      ['key', 'test', 'shop'],
      ['key', 'status', 'shop'],
    ])
      expect(await bench.refusal(command)).toBe('KEY_MISMATCH')
    expect(pinsGiven(other)).toEqual([])
    await bench.daemon.unplug()
    await bench.daemon.plug(card)
  })

  it('S-12 a wrong PIN is sent once: to a card named by options, and by a till', { timeout: TIMEOUT }, async () => {
    const codeOf = async (args: readonly string[]): Promise<string> =>
      ((await bench.json(args, { code: 1, pin: WRONG }))['error'] as { code: string }).code
    card.trace.length = 0
    const test = ['key', 'test', ...bench.key(), '--secret-version', 'mistyped']
    expect([await codeOf(test), await codeOf(test), await codeOf(test)]).toEqual(['PIN_INCORRECT', 'PIN_LATCHED', 'PIN_LATCHED'])
    expect(await bench.json(['key', 'status', ...bench.key(), '--secret-version', 'mistyped'], { code: 1 })).toMatchObject({
      state: 'locked',
      reasons: ['PIN_LATCHED'],
    })
    expect([pinsGiven(card).length, card.tries]).toEqual([1, 2])
    // Corrected under a new version it goes again, and the card counts from the beginning.
    expect(await bench.json(['key', 'test', ...bench.key(), '--secret-version', '2'])).toMatchObject({ verified: true })
    expect([pinsGiven(card).length, card.tries]).toEqual([2, 3])

    const refused = await bench.run(['record', 'shop', 'day.jsonl'], WRONG)
    expect(refused.code).not.toBe(0)
    expect(refused.stdout + refused.stderr).toContain('PIN_INCORRECT')
    for (const args of [
      ['record', 'shop', 'day.jsonl'],
      ['key', 'test', 'shop'],
      ['key', 'status', 'shop'],
    ])
      expect((await bench.run(args)).stdout).not.toContain('"verified":true')
    expect([pinsGiven(card).length, card.tries]).toEqual([3, 2])
    const who = ['--actor', 'anna', '--reason', 'mistyped']
    expect(await bench.json(['key', 'unlock', 'shop', ...who])).toEqual({ cleared: [{ token: card.serial, secret: '1' }] })
    expect(await bench.json(['key', 'unlock', 'shop', ...who], { code: 1 })).toEqual({ cleared: [] })
    expect(await bench.json(['key', 'test', 'shop'])).toMatchObject({ verified: true })
    expect([pinsGiven(card).length, card.tries]).toEqual([4, 3])
    expect(bench.read('shop.keys/audit.jsonl') + bench.read('audit.jsonl')).not.toContain(WRONG)
  })

  it('several readers: which one is asked for, by the names there are', { timeout: TIMEOUT }, async () => {
    const second = new VirtualCard('0102030405060709')
    bench.write('second.pub', publicPem(second, 'ec'))
    await bench.daemon.plug(second, 1)
    const named = (reader: readonly string[]): string[] => [
      'key',
      'status',
      '--card',
      'profile.json',
      '--card-key',
      'record',
      '--public-key',
      'second.pub',
      ...reader,
    ]
    const without = await bench.run(named([]))
    expect([without.code, without.stderr]).toEqual([2, expect.stringContaining('KEY_AMBIGUOUS')])
    expect(without.stderr).toMatch(/Virtual PCD.*00 00; Virtual PCD.*00 01/)
    expect(await bench.json(named(['--reader', '00 01']))).toMatchObject({
      keyId: thumbprint(second.publicJwk('ec')),
      hardware: { serial: second.serial },
    })
    const none = await bench.run(named(['--reader', 'upstairs']))
    expect([none.code, none.stderr]).toEqual([
      2,
      expect.stringMatching(/CARD_REMOVED: no such card reader; there are: Virtual PCD/),
    ])
    // The card of the first reader is not the till's key: what it signs does not leave.
    const wrong = await bench.json(['key', 'test', ...named(['--reader', '00 00']).slice(2)], { code: 1 })
    expect(wrong).toMatchObject({ verified: false, error: { code: 'SIGN_SELF_CHECK_FAILED' } })
    await bench.daemon.unplug(1)
  })

  it('a card that is not there is told as such by every command, and nothing is made', { timeout: TIMEOUT }, async () => {
    await bench.daemon.unplug()
    const who = ['--actor', 'anna', '--reason', 'try']
    for (const args of [
      ['key', 'status', ...bench.key()],
      ['key', 'test', ...bench.key()],
      ['key', 'request', ...bench.key(), '--subject', 'CN=x'],
      ['init', 'absent', ...SHOP, ...bench.key()],
      ['key', 'rotate', 'shop', ...bench.key('seal'), ...who],
      ['key', 'status', 'shop'],
      ['record', 'shop', 'day.jsonl'],
    ])
      expect([args[1], await bench.refusal(args)]).toEqual([args[1], 'CARD_REMOVED'])
    expect(existsSync(bench.path('absent/settings.json'))).toBe(false)
    const words = await bench.run(['key', 'test', ...bench.key()])
    expect(words.stderr).toMatch(/^error CARD_REMOVED: .+\n {2}Put the card back\.$/m)
    await bench.daemon.plug(card)
    expect(await bench.json(['key', 'test', 'shop'])).toMatchObject({ verified: true })
  })

  it('a machine without a PC/SC service is told to start it', { timeout: TIMEOUT }, async () => {
    const env = { PCSCLITE_CSOCK_NAME: bench.path('no.sock'), SIGILLO_PASSPHRASE: CARD_PIN }
    const { code, stderr } = await bench.cli.run(['key', 'test', ...bench.key()], { env })
    expect([code, stderr]).toEqual([2, expect.stringMatching(/^error DEVICE_FAULT: .*start pcscd$/m)])
  })

  it(
    'options that do not go together, a profile or a key that cannot be used end with a code',
    { timeout: TIMEOUT },
    async () => {
      bench.write('broken.json', '{')
      bench.write('empty.json', '{}')
      const status = (...args: string[]): Promise<string> => bench.refusal(['key', 'status', ...args])
      expect(await status('--card', 'profile.json')).toBe('USAGE')
      expect(await status('--card-key', 'record')).toBe('USAGE')
      expect(await status('--public-key', 'ec.pub', 'shop')).toBe('USAGE')
      expect(await status('--isolate', 'shop')).toBe('USAGE')
      expect(await status('--pin-each', 'shop')).toBe('USAGE')
      expect(await status('shop', ...bench.key())).toBe('USAGE')
      expect(await status(...bench.key(), '--pkcs11', 'pkcs11:token=x;object=y', '--module', 'm.so')).toBe('USAGE')
      expect(await status(...bench.key('nothing'))).toBe('CONFIG_INVALID')
      expect(await status(...bench.key().slice(0, 6))).toBe('CONFIG_INVALID')
      for (const profile of ['no-such.json', 'broken.json']) {
        expect(await status('--card', profile, '--card-key', 'record')).toBe('SETTINGS_INVALID')
      }
      expect(await status('--card', 'empty.json', '--card-key', 'record')).toBe('CONFIG_INVALID')
      expect(await status(...bench.key().slice(0, 6), '--public-key', 'profile.json')).toBe('SETTINGS_INVALID')
      const mixed = await bench.run(['key', 'status', ...bench.key('seal').slice(0, 6), '--public-key', 'ec.pub'])
      expect([mixed.code, mixed.stderr]).toEqual([2, expect.stringContaining('KEY_MISMATCH')])
    },
  )
})
