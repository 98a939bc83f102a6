// The card signer against a virtual card over the port: byte sequences, status words, PIN safety, resets, removal, other cards.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { FiscalError, memoryAudit, utf8, type AuditLog, type GuardedSigner, type JsonObject } from '@sigillo/core'
import { signerKit } from '@sigillo/testing'
import { lacking, selfSigned } from '@sigillo/testing/node'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { openSam, type CardProfile, type SamOptions } from './index.js'
import { CARD_PIN, VirtualCard, virtualProfile, virtualReader, type VirtualReader } from './fixtures/virtual-card.js'

const keysOnce = VirtualCard.makeKeys()
const card = (serial?: string): VirtualCard => new VirtualCard(serial, undefined, keysOnce)
const open = (reader: VirtualReader, over: Partial<SamOptions> = {}): Promise<GuardedSigner> => {
  const key = over.key ?? 'record'
  const publicJwk = (reader.card ?? card()).publicJwk(key.startsWith('seal') ? 'rsa' : 'ec')
  return openSam({
    profile: virtualProfile(),
    key,
    pin: () => utf8(CARD_PIN),
    audit: memoryAudit(),
    publicJwk,
    readers: reader.readers,
    recoverMs: 300,
    ...over,
  })
}
const record = (signer: GuardedSigner, text = 'a receipt'): ReturnType<GuardedSigner['sign']> =>
  signer.sign({ operation: 'record', suite: signer.describe().suites[0]!, input: { message: utf8(text) } })
const failureOf = (work: Promise<unknown>): Promise<FiscalError | undefined> =>
  work.then(
    () => undefined,
    (error: unknown) => {
      expect(error).toBeInstanceOf(FiscalError)
      return error as FiscalError
    },
  )
const codeOf = async (work: Promise<unknown>): Promise<string> => (await failureOf(work))?.code ?? 'signed'
const commandsOf = (virtual: VirtualCard): string[] => virtual.trace.map(({ apdu }) => apdu)
const pinsSent = (virtual: VirtualCard): number =>
  commandsOf(virtual).filter((apdu) => apdu.startsWith('002000') && apdu.length > 10).length
const eventsOf = async (log: AuditLog): Promise<string[]> => {
  const events: string[] = []
  for await (const line of log.read()) events.push(String((line as JsonObject)['event']))
  return events
}
const DIGEST = '[0-9a-f]{64}'
const SELECT = '00a404000ca000000000534947494c4c4f'
const PIN_BLOCK = `${Buffer.from(CARD_PIN).toString('hex')}ffff`

for (const [name, key, change] of [
  ['P-256 under T=1', 'record', () => {}],
  ['P-256 under T=0', 'record', (virtual: VirtualCard) => (virtual.manners.protocol = 'T0')],
  ['RSA-2048 under T=1', 'seal', () => {}],
  ['RSA-2048 under T=0', 'seal', (virtual: VirtualCard) => (virtual.manners.protocol = 'T0')],
  ['DER answers', 'der', () => {}],
  ['P-256, the card ending the hash', 'hashed', () => {}],
  ['RSA-2048 under T=0, the card ending the hash', 'sealHashed', (virtual: VirtualCard) => (virtual.manners.protocol = 'T0')],
] as const) {
  describe(`the kit: ${name}`, () => {
    const virtual = card()
    change(virtual)
    const reader = virtualReader(virtual)
    for (const { name: title, run } of signerKit({ open: () => open(reader, { key }), signatures: 6 })) it(title, run)
  })
}

describe('S-33 byte sequences', () => {
  const sequenceOf = async (key: string, protocol: 'T0' | 'T1', over: Partial<CardProfile> = {}): Promise<string[]> => {
    const virtual = card()
    virtual.manners.protocol = protocol
    virtual.manners.environmentDropsPin = over.order === undefined
    const signer = await open(virtualReader(virtual), { key, profile: virtualProfile(over) })
    virtual.trace.length = 0
    await record(signer)
    await signer.close()
    return commandsOf(virtual)
  }
  it('a P-256 signature under T=1 is rows 1, 4, 3, 5a', async () => {
    const sent = await sequenceOf('record', 'T1')
    expect(sent.slice(0, 3)).toEqual([`${SELECT}00`, '002241b606800104840102', `0020008108${PIN_BLOCK}`])
    expect(sent[3]).toMatch(new RegExp(`^002a9e9a20${DIGEST}40$`))
    expect(sent).toHaveLength(4)
  })
  it('an RSA-2048 signature under T=1 is rows 1, 4, 3, 5b', async () => {
    const sent = await sequenceOf('seal', 'T1')
    expect(sent.slice(0, 3)).toEqual([`${SELECT}00`, '002241b606800102840103', `0020008108${PIN_BLOCK}`])
    expect(sent[3]).toMatch(new RegExp(`^002a9e9a333031300d060960864801650304020105000420${DIGEST}00$`))
    expect(sent).toHaveLength(4)
  })
  it('a card that ends the hash is rows 1, 4, 3, 6, then 5 without data', async () => {
    const sent = await sequenceOf('hashed', 'T1')
    expect(sent.slice(0, 3)).toEqual([`${SELECT}00`, '002241b606800104840102', `0020008108${PIN_BLOCK}`])
    // "a receipt" is shorter than a block: nothing is begun.
    expect(sent.slice(3)).toEqual([
      `002a90a00d900080 09${Buffer.from('a receipt').toString('hex')}`.replace(' ', ''),
      '002a9e9a40',
    ])
  })
  it('a card that ends the hash gets state, bits and rest right for messages of every length up to three blocks', async () => {
    const virtual = card()
    const signer = await open(virtualReader(virtual), { key: 'hashed' })
    for (let length = 0; length <= 192; length++) {
      const message = Uint8Array.from({ length }, (_, i) => (i * 7 + length) & 255)
      virtual.trace.length = 0
      // The guard checks each signature: a digest of anything else would not pass.
      await signer.sign({ operation: 'record', suite: 'es256', input: { message } })
      const hash = commandsOf(virtual).find((apdu) => apdu.startsWith('002a90a0')) as string
      const [begun, rest] = [Math.floor(length / 64), length % 64]
      expect(hash.slice(10, 14)).toBe(begun === 0 ? '9000' : '9028')
      if (begun > 0) expect(hash.slice(78, 94)).toBe((begun * 512).toString(16).padStart(16, '0'))
      expect(
        hash.endsWith(`80${rest.toString(16).padStart(2, '0')}${Buffer.from(message.subarray(length - rest)).toString('hex')}`),
      ).toBe(true)
    }
    expect(await codeOf(signer.sign({ operation: 'record', suite: 'es256', input: { digest: new Uint8Array(32) } }))).toBe(
      'REQUEST_INVALID',
    )
    await signer.close()
  })
  it('under T=0 Le is dropped and GET RESPONSE used', async () => {
    const ec = await sequenceOf('record', 'T0')
    expect(ec.slice(0, 4)).toEqual([SELECT, '00c0000002', '002241b606800104840102', `0020008108${PIN_BLOCK}`])
    expect(ec[4]).toMatch(new RegExp(`^002a9e9a20${DIGEST}$`))
    expect(ec.slice(5)).toEqual(['00c0000040'])
    expect((await sequenceOf('seal', 'T0')).at(-1)).toBe('00c0000000')
  })
  it('row 1b is sent where the profile wants no answer, and the order is the profile’s', async () => {
    expect((await sequenceOf('record', 'T1', { selectAnswers: false }))[0]).toBe(SELECT.replace('00a40400', '00a4040c'))
    const sent = await sequenceOf('record', 'T1', { order: ['select', 'verify', 'environment', 'sign'] })
    expect(sent.map((apdu) => apdu.slice(2, 4))).toEqual(['a4', '20', '22', '2a'])
    expect(sent[1]).toBe(`0020008108${PIN_BLOCK}`)
  })
  it('a CNS card restores its stored environment first, and takes the key with P1 F1', async () => {
    const keys = { record: { ...virtualProfile().keys['record']!, environment: '830110' } }
    const sent = await sequenceOf('record', 'T1', { environmentP1: 0xf1, restoreEnvironment: 0x03, keys })
    expect(sent.slice(1, 4)).toEqual(['0022f303', '0022f1b603830110', `0020008108${PIN_BLOCK}`])
  })
  it('later signatures of an exclusive session send the signature only', async () => {
    const virtual = card()
    const signer = await open(virtualReader(virtual))
    await record(signer)
    virtual.trace.length = 0
    await record(signer)
    expect(commandsOf(virtual).map((apdu) => apdu.slice(0, 8))).toEqual(['002a9e9a'])
    await signer.close()
  })
})

describe('S-34 answers in pieces', () => {
  it.each([1, 7, 16, 63, 200, 255])('61xx in rounds of %s bytes gives the same signature as a direct answer', async (pieces) => {
    for (const key of ['record', 'seal']) {
      if (pieces === 1 && key === 'seal') continue
      const virtual = card()
      virtual.manners.pieces = pieces
      const signer = await open(virtualReader(virtual), { key })
      expect((await record(signer)).signature).toHaveLength(key === 'seal' ? 256 : 64)
      await signer.close()
    }
  })
  it('6Cxx is answered once with the right length, for RSA byte for byte', async () => {
    const plain = card()
    const direct = await open(virtualReader(plain), { key: 'seal' })
    const { signature } = await record(direct)
    for (const change of [{ wrongLe: true }, { pieces: 100 }, { protocol: 'T0' as const }]) {
      const virtual = card()
      Object.assign(virtual.manners, change)
      const signer = await open(virtualReader(virtual), { key: 'seal' })
      expect((await record(signer)).signature).toEqual(signature)
      await signer.close()
    }
    await direct.close()
  })
  it('a card that never ends its answer is a fault, not a hang', async () => {
    const virtual = card()
    const signer = await open(virtualReader(virtual))
    virtual.script.push({ ins: 0x2a, sw: 0x6110, times: 1 }, { ins: 0xc0, sw: 0x6110, times: Infinity })
    expect(await codeOf(record(signer))).toBe('DEVICE_FAULT')
    await signer.close()
  })
})

/** Status words at COMPUTE DIGITAL SIGNATURE: code while they last, and whether one occurrence is recovered from. */
const WORDS: readonly (readonly [number, string, boolean])[] = [
  [0x6281, 'DEVICE_FAULT', false],
  [0x6400, 'DEVICE_FAULT', true],
  [0x6401, 'DEVICE_FAULT', true],
  [0x6581, 'DEVICE_FAULT', false],
  [0x6700, 'LIBRARY_FAULT', false],
  [0x6882, 'CONFIG_INVALID', false],
  [0x6883, 'LIBRARY_FAULT', false],
  [0x6884, 'LIBRARY_FAULT', false],
  [0x6982, 'NOT_LOGGED_IN', true],
  [0x6984, 'KEY_NOT_FOUND', false],
  [0x6985, 'DEVICE_FAULT', true],
  [0x6987, 'CONFIG_INVALID', false],
  [0x6988, 'CONFIG_INVALID', false],
  [0x6a80, 'LIBRARY_FAULT', false],
  [0x6a81, 'MECHANISM_UNSUPPORTED', false],
  [0x6a88, 'KEY_NOT_FOUND', false],
  [0x6d00, 'MECHANISM_UNSUPPORTED', false],
  [0x6e00, 'MECHANISM_UNSUPPORTED', false],
  [0x6f00, 'DEVICE_FAULT', true],
  [0x9001, 'DEVICE_FAULT', false],
  [0x0000, 'DEVICE_FAULT', false],
]

describe('S-38 status words', () => {
  it.each(WORDS.map(([sw, code, recovers]) => [sw.toString(16), code, recovers, sw] as const))(
    '%s at a signature is %s (one recovered from: %s)',
    async (_hex, code, recovers, sw) => {
      const virtual = card()
      const signer = await open(virtualReader(virtual))
      virtual.script.push({ ins: 0x2a, sw, times: 1 })
      expect(await codeOf(record(signer))).toBe(recovers ? 'signed' : code)
      virtual.script.push({ ins: 0x2a, sw, times: Infinity })
      const error = await failureOf(record(signer))
      expect(error?.code).toBe(code)
      expect(error?.details['nativeCode']).toBe(sw.toString(16).padStart(4, '0'))
      virtual.script.length = 0
      expect(await codeOf(record(signer))).toBe('signed')
      await signer.close()
    },
  )

  it.each([
    [0x63c2, 'PIN_INCORRECT', 2],
    [0x63c0, 'PIN_INCORRECT', 0],
    [0x6300, 'PIN_INCORRECT', undefined],
    [0x6983, 'PIN_LOCKED', 0],
    [0x6700, 'LIBRARY_FAULT', undefined],
  ] as const)('0x%s at VERIFY latches: %s', async (sw, code, triesLeft) => {
    const virtual = card()
    const audit = memoryAudit()
    const signer = await open(virtualReader(virtual), { audit })
    virtual.script.push({ ins: 0x20, sw, times: 1 })
    const error = await failureOf(record(signer))
    expect([error?.code, error?.details['triesLeft'], error?.details['pinDanger']]).toEqual([code, triesLeft, true])
    expect(await codeOf(record(signer))).toBe('PIN_LATCHED')
    expect(pinsSent(virtual)).toBe(1)
    await signer.close()
  })

  it('another application or no application is KEY_MISMATCH', async () => {
    const virtual = card()
    virtual.script.push({ ins: 0xa4, sw: 0x6a82, times: 1 })
    expect(await codeOf(open(virtualReader(virtual)))).toBe('KEY_MISMATCH')
  })

  it('S-10 any word at any command ends in an error of the table, and the signer works again', async () => {
    const fault = fc.record({
      ins: fc.constantFrom(0xa4, 0x22, 0x2a, 0xc0),
      sw: fc
        .oneof(fc.constantFrom(...WORDS.map(([sw]) => sw)), fc.integer({ min: 0, max: 0xffff }))
        .filter((sw) => sw !== 0x9000),
      times: fc.integer({ min: 1, max: 3 }),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(fault, { maxLength: 3 }), fc.constantFrom('T0', 'T1'), async (faults, protocol) => {
        const virtual = card()
        virtual.manners.protocol = protocol
        const signer = await open(virtualReader(virtual), { recoverMs: 0 })
        virtual.script.push(...faults.map((each) => ({ ...each })))
        await failureOf(record(signer))
        virtual.script.length = 0
        virtual.reset()
        // A wrong word of success hands over no signature, which is the one thing that takes a signer down for good.
        expect(['signed', 'SIGN_SELF_CHECK_FAILED']).toContain(await codeOf(record(signer)))
        expect(virtual.tries).toBe(3)
        await signer.close()
      }),
      { numRuns: 100 },
    )
  })
})

describe('PIN', () => {
  it('S-12 a wrong PIN: any number of signatures, restarts and health checks spends one try', async () => {
    const virtual = card()
    const audit = memoryAudit()
    for (let restart = 0; restart < 4; restart++) {
      const signer = await open(virtualReader(virtual), { audit, pin: () => utf8('000000') })
      for (let i = 0; i < 3; i++) expect(await codeOf(record(signer))).toMatch(/PIN_INCORRECT|PIN_LATCHED/)
      expect((await signer.health({ probe: true })).state).toBe('locked')
      await signer.close()
    }
    expect(virtual.tries).toBe(2)
    expect(pinsSent(virtual)).toBe(1)
  })

  it('S-13 a process that dies between submission and answer spends one try', async () => {
    const virtual = card()
    const audit = memoryAudit()
    await audit.append({ event: 'pin-intent', token: virtual.serial, secret: '1' })
    for (let restart = 0; restart < 10; restart++) {
      const signer = await open(virtualReader(virtual), { audit })
      expect(await codeOf(record(signer))).toBe('PIN_LATCHED')
      await signer.close()
    }
    expect(pinsSent(virtual)).toBe(0)
  })

  it('S-14 with 2 tries left, readable for free, no PIN is sent', async () => {
    const virtual = card()
    virtual.tries = 2
    const signer = await open(virtualReader(virtual), { profile: virtualProfile({ statusQueryIsFree: true }) })
    const error = await failureOf(record(signer))
    expect([error?.code, error?.details['triesLeft']]).toEqual(['PIN_TRIES_LOW', 2])
    virtual.tries = 0
    expect(await codeOf(record(signer))).toBe('PIN_LOCKED')
    expect(pinsSent(virtual)).toBe(0)
    virtual.tries = 3
    expect(await codeOf(record(signer))).toBe('signed')
    await signer.close()
  })

  it('S-13 a card pulled out while it is given the PIN tells when it is back that no try was spent; one that does not tell stays latched', async () => {
    for (const [isFree, isWrong, mode] of [
      [true, false, 'exclusive'],
      [true, false, 'shared'],
      [true, true, 'exclusive'],
      [false, false, 'exclusive'],
    ] as const) {
      const virtual = card()
      const reader = virtualReader(virtual)
      const audit = memoryAudit()
      const profile = virtualProfile({ statusQueryIsFree: isFree })
      const pin = (): Uint8Array => utf8(isWrong ? '000000' : CARD_PIN)
      const signer = await open(reader, { audit, profile, mode, pin, recoverMs: 600 })
      let pulled = false
      virtual.before = (ins, apdu) => {
        if (ins !== 0x20 || apdu.length < 6 || pulled) return
        pulled = true
        // It has the PIN and is gone before it answers.
        reader.card = undefined
        setTimeout(() => (reader.card = virtual), 40)
      }
      const first = await codeOf(record(signer))
      const second = await codeOf(record(signer))
      if (isFree && !isWrong) expect([first, second], mode).toEqual(['signed', 'signed'])
      else expect([first, second]).toEqual(['PIN_LATCHED', 'PIN_LATCHED'])
      // A shared card wants it for each signature.
      expect(pinsSent(virtual)).toBe(isFree && !isWrong ? (mode === 'shared' ? 3 : 2) : 1)
      await signer.close()
    }
  })

  it('S-14 after a lost card the PIN goes again only while every try is left', async () => {
    const virtual = card()
    const reader = virtualReader(virtual)
    const profile = virtualProfile({ statusQueryIsFree: true, pinTries: 5 })
    virtual.tries = 4
    const signer = await open(reader, { profile })
    // The first one may go: four are left of five.
    expect(await codeOf(record(signer))).toBe('signed')
    virtual.tries = 4
    reader.resetByOther()
    const error = await failureOf(record(signer))
    expect([error?.code, error?.details['triesLeft']]).toEqual(['PIN_TRIES_LOW', 4])
    expect((await signer.health()).state).toBe('locked')
    expect(pinsSent(virtual)).toBe(1)
    await signer.close()
  })

  it('S-17 for a card whose status query is not free no VERIFY without data is ever sent', async () => {
    const virtual = card()
    virtual.manners.countsEmptyVerify = true
    const reader = virtualReader(virtual)
    const signer = await open(reader)
    for (let i = 0; i < 3; i++) {
      await record(signer)
      reader.resetByOther()
      await signer.health()
    }
    virtual.script.push({ ins: 0x2a, sw: 0x6982, times: 1 })
    await record(signer)
    await signer.close()
    expect(commandsOf(virtual).filter((apdu) => apdu.startsWith('0020') && apdu.length <= 10)).toEqual([])
    expect(virtual.tries).toBe(3)
  })

  it('S-15 any number of callers cause one submission, and a malformed PIN none', async () => {
    const virtual = card()
    const signer = await open(virtualReader(virtual))
    await Promise.all(Array.from({ length: 100 }, (_, i) => record(signer, `${i}`)))
    expect(pinsSent(virtual)).toBe(1)
    await signer.close()
    for (const bad of ['', '1234', '123456789', '12345a']) {
      const other = card()
      const refused = await open(virtualReader(other), { pin: () => utf8(bad) })
      expect(await codeOf(record(refused))).toBe('PIN_FORMAT')
      expect(pinsSent(other)).toBe(0)
      await refused.close()
    }
  })

  it('a card that wants the PIN for each signature is refused unless allowed, and gets exactly one each', async () => {
    const virtual = card()
    virtual.manners.pinOnce = true
    const profile = virtualProfile({ pinLifetime: 'once' })
    expect(await codeOf(open(virtualReader(virtual), { profile }))).toBe('CONFIG_INVALID')
    const signer = await open(virtualReader(virtual), { profile, perSignaturePin: 'allowed' })
    for (let i = 0; i < 4; i++) await record(signer)
    expect(pinsSent(virtual)).toBe(4)
    await signer.close()
  })

  it('a shared card is not held while somebody looks for the PIN', async () => {
    const reader = virtualReader(card())
    let held = false
    const { connect } = reader.readers
    const readers = {
      ...reader.readers,
      connect: async (...args: Parameters<typeof connect>) => {
        const connection = await connect(...args)
        const { begin, end } = connection
        return Object.assign(connection, {
          begin: async () => {
            await begin()
            held = true
          },
          end: async (how: 'leave' | 'reset') => {
            held = false
            await end(how)
          },
        })
      },
    }
    const seen: boolean[] = []
    const handed: Uint8Array[] = []
    const pin = (): Uint8Array => {
      seen.push(held)
      handed.push(utf8(CARD_PIN))
      return handed.at(-1)!
    }
    const signer = await open(reader, { readers, mode: 'shared', pin })
    await record(signer)
    await record(signer)
    expect(seen).toEqual([false, false])
    expect(handed.every((bytes) => bytes.every((byte) => byte === 0))).toBe(true)
    await signer.close()
  })

  it('wipes the PIN a function hands over, and writes it nowhere', async () => {
    const audit = memoryAudit()
    const handed = utf8(CARD_PIN)
    const signer = await open(virtualReader(card()), { audit, pin: () => handed })
    await record(signer)
    expect(handed.every((byte) => byte === 0)).toBe(true)
    const lines: unknown[] = []
    for await (const line of audit.read()) lines.push(line)
    expect(JSON.stringify(lines)).not.toContain(CARD_PIN)
    expect(await eventsOf(audit)).toEqual(['pin-intent', 'pin-outcome'])
    await signer.close()
  })

  it('S-18 no source file can emit CHANGE REFERENCE DATA, RESET RETRY COUNTER or a write', async () => {
    const folder = join(import.meta.dirname, '.')
    const sources = readdirSync(folder).filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
    const instructions = sources.flatMap((name) =>
      [...readFileSync(join(folder, name), 'utf8').matchAll(/ins: (0x[0-9a-f]{2})/g)].map(([, ins]) => ins),
    )
    expect([...new Set(instructions)].sort()).toEqual(['0x20', '0x22', '0x2a', '0xa4', '0xb0', '0xc0', '0xcb'])
    // Every instruction is a literal: none is computed or handed in from outside.
    const computed = sources.flatMap((name) =>
      [...readFileSync(join(folder, name), 'utf8').matchAll(/\bins: (?!0x)(\S+)/g)].map(([, value]) => value),
    )
    expect(computed).toEqual(['number'])
  })
})

describe('resets and removal', () => {
  it('S-35 a reset by another process between MSE and PSO leads to a valid signature', async () => {
    const virtual = card()
    const reader = virtualReader(virtual)
    const signer = await open(reader)
    let seen = 0
    virtual.before = (ins) => {
      if (ins === 0x22 && seen++ === 0) queueMicrotask(() => reader.resetByOther())
    }
    expect((await record(signer)).signature).toHaveLength(64)
    const sent = commandsOf(virtual).map((apdu) => apdu.slice(2, 4))
    expect(sent.slice(-4)).toEqual(['a4', '22', '20', '2a'])
    await signer.close()
  })

  it('S-36 the same card put back recovers; another card is KEY_MISMATCH and gets no PIN', async () => {
    const virtual = card()
    const reader = virtualReader(virtual)
    const signer = await open(reader)
    await record(signer)
    reader.card = undefined
    setTimeout(() => (reader.card = virtual), 50)
    expect((await record(signer)).signature).toHaveLength(64)
    const stranger = card('9999999999999999')
    reader.card = undefined
    setTimeout(() => (reader.card = stranger), 20)
    expect(await codeOf(record(signer))).toBe('KEY_MISMATCH')
    expect(pinsSent(stranger)).toBe(0)
    expect(await codeOf(record(signer))).toBe('KEY_MISMATCH')
    reader.atr = Uint8Array.of(0x3b, 0)
    reader.card = undefined
    reader.card = virtual
    expect(await codeOf(record(signer))).toBe('KEY_MISMATCH')
    reader.atr = Uint8Array.from(Buffer.from('3b80800101', 'hex'))
    expect(await codeOf(record(signer))).toBe('signed')
    await signer.close()
  })

  it('S-36 a card put back that is reset once more while it is looked at is asked again', async () => {
    const virtual = card()
    const reader = virtualReader(virtual)
    const signer = await open(reader)
    await record(signer)
    let resets = 1
    virtual.before = (ins) => {
      if (ins === 0xcb && resets-- > 0) virtual.reset()
    }
    reader.card = undefined
    setTimeout(() => (reader.card = virtual), 50)
    expect((await record(signer)).signature).toHaveLength(64)
    expect(resets).toBeLessThan(1)
    resets = 1_000
    reader.card = undefined
    setTimeout(() => (reader.card = virtual), 50)
    expect(await codeOf(record(signer))).toBe('DEVICE_FAULT')
    expect(pinsSent(virtual)).toBe(2)
    await signer.close()
  })

  it('a card that stays away is CARD_REMOVED, and health says so', async () => {
    const reader = virtualReader(card())
    const signer = await open(reader, { recoverMs: 50 })
    reader.card = undefined
    expect(await codeOf(record(signer))).toBe('CARD_REMOVED')
    expect((await signer.health()).state).toBe('degraded')
    await signer.close()
  })

  it('S-37 two signers on one shared card never interleave their sequences, and leave no verified PIN behind', async () => {
    const virtual = card()
    const reader = virtualReader(virtual)
    const [one, two] = [await open(reader, { mode: 'shared' }), await open(reader, { mode: 'shared' })]
    virtual.trace.length = 0
    reader.events.length = 0
    await Promise.all(Array.from({ length: 12 }, (_, i) => record(i % 2 === 0 ? one : two, `${i}`)))
    for (let at = 0; at < virtual.trace.length;) {
      const { from, apdu } = virtual.trace[at]!
      expect(apdu.slice(2, 4)).toBe('a4')
      const sequence = virtual.trace.slice(at, at + 4)
      expect(sequence.every((each) => each.from === from)).toBe(true)
      at += sequence.findIndex((each) => each.apdu.slice(2, 4) === '2a') + 1
    }
    expect(reader.events.filter((event) => event === 'end reset')).toHaveLength(12)
    await Promise.all([one.close(), two.close()])
  })

  it('a signature counter is returned, and a jump nobody here made is an alert', async () => {
    const virtual = card()
    const audit = memoryAudit()
    const signer = await open(virtualReader(virtual), { audit, profile: virtualProfile({ counterTag: '5c0193' }) })
    expect((await record(signer)).deviceCounter).toBe(1)
    expect((await record(signer)).deviceCounter).toBe(2)
    virtual.signatures += 5
    expect((await record(signer)).deviceCounter).toBe(8)
    expect(await eventsOf(audit)).toContain('counter-jump')
    expect((await signer.health()).reasons).toContain('COUNTER_JUMP')
    await signer.close()
  })

  it('a card that counts is not asked again when it may have signed', async () => {
    const virtual = card()
    const reader = virtualReader(virtual)
    const signer = await open(reader, { profile: virtualProfile({ counterTag: '5c0193' }) })
    await record(signer)
    // It signs, and is gone before it answers.
    virtual.script.push({ ins: 0x2a, sw: 0x6f00, times: 1 })
    virtual.signatures += 1
    const error = await failureOf(record(signer))
    expect([error?.code, error?.details['outcome']]).toEqual(['DEVICE_FAULT', 'unknown'])
    expect(virtual.signatures).toBe(2)
    await signer.close()
  })

  it('S-05 a wrong signature is never returned', async () => {
    const virtual = card()
    const signer = await open(virtualReader(virtual))
    virtual.spoil = true
    expect(await codeOf(record(signer))).toBe('SIGN_SELF_CHECK_FAILED')
    await signer.close()
  })
})

it.skipIf(lacking('openssl') !== undefined)(
  'reads the certificate from the card, and refuses one of another key (needs openssl)',
  async () => {
    const keyPem = keysOnce['ec']!.export({ type: 'pkcs8', format: 'pem' }) as string
    const { certificateDer: certificate } = selfSigned({ keyPem, subject: '/CN=card' })
    const virtual = new VirtualCard(undefined, certificate, keysOnce)
    const profile = virtualProfile({ certificateFile: 'c001' })
    const { publicJwk: _none, ...withoutKey } = { publicJwk: undefined }
    const signer = await openSam({
      profile,
      key: 'record',
      pin: () => utf8(CARD_PIN),
      audit: memoryAudit(),
      readers: virtualReader(virtual).readers,
      ...withoutKey,
    })
    expect(signer.describe().certificates).toEqual([certificate])
    expect(signer.describe().publicJwk).toEqual(virtual.publicJwk('ec'))
    await record(signer)
    await signer.close()
    expect(await codeOf(open(virtualReader(virtual), { profile, publicJwk: new VirtualCard().publicJwk('ec') }))).toBe(
      'KEY_MISMATCH',
    )
  },
)

it('S-16 opened for a serial number, the PIN goes to that card only', async () => {
  const [one, other] = [card(), card('9999999999999999')]
  const signer = await open(virtualReader(one), { serial: one.serial })
  await record(signer)
  await signer.close()
  expect(await codeOf(open(virtualReader(other), { serial: one.serial }))).toBe('KEY_MISMATCH')
  expect([pinsSent(one), pinsSent(other)]).toEqual([1, 0])
})

it('readers are told by name where one has to be chosen', async () => {
  const reader = virtualReader(card())
  const readers = { ...reader.readers, list: async () => ['Left 00', 'Right 01'] }
  const told = async (over: Partial<SamOptions>): Promise<readonly unknown[]> => {
    const error = await failureOf(open(reader, { readers, ...over }))
    return [error?.code, error?.message]
  }
  expect(await told({})).toEqual(['KEY_AMBIGUOUS', 'more than one reader answers to the name: Left 00; Right 01'])
  expect(await told({ reader: 'Up' })).toEqual(['CARD_REMOVED', 'no such card reader; there are: Left 00; Right 01'])
  expect(await told({ reader: '01' })).toEqual([undefined, undefined])
  expect(await told({ readers: { ...readers, list: async () => [] } })).toEqual(['CARD_REMOVED', 'there is no card reader'])
})

it('S-10 refuses profiles that cannot work, naming what is wrong, whatever a file held', async () => {
  const bad: Readonly<Record<string, object>> = {
    'secureMessagingRequired: use the PKCS#11 module of this card': { secureMessagingRequired: true },
    applicationId: { applicationId: 'xyz' },
    atr: { atr: { value: '3b', mask: 'ffff' } },
    'atr.mask': { atr: { value: '3b' } },
    order: { order: ['select', 'verify', 'sign'] },
    pin: { pin: { least: 5, most: 12, bytes: 8, padding: 255, digitsOnly: true } },
    'pin.padding': { pin: { least: 5, most: 8, bytes: 8, digitsOnly: true } },
    statusQueryIsFree: { statusQueryIsFree: 'true' },
    pinLifetime: { pinLifetime: 'for ever' },
    pinTries: { pinTries: -1 },
    counterTag: { counterTag: 93 },
    keys: { keys: [] },
    'keys.record': { keys: { record: 'es256' } },
    'keys.record.suite': { keys: { record: { ...virtualProfile().keys['record'], suite: 'ed25519' } } },
    'keys.record.answerBytes': {
      chaining: false,
      keys: { record: { ...virtualProfile().keys['record'], answerBytes: 384 } },
    },
  }
  const reasonOf = async (profile: unknown): Promise<unknown> => {
    const error = await open(virtualReader(card()), { profile: profile as CardProfile }).catch((thrown: unknown) => thrown)
    expect((error as FiscalError).code).toBe('CONFIG_INVALID')
    return (error as FiscalError).details['reason']
  }
  for (const [what, over] of Object.entries(bad)) expect(await reasonOf({ ...virtualProfile(), ...over })).toBe(`profile ${what}`)
  expect(await reasonOf({ ...virtualProfile(), order: ['sign', 'select', 'environment', 'verify'] })).toBe('profile order')
  expect(await reasonOf({ ...virtualProfile(), order: 'select environment verify sign' })).toBe('profile order')
  for (const nothing of [null, [], 'profile', 7]) expect(await reasonOf(nothing)).toBe('profile its form')
  expect(await reasonOf({})).toBe('profile name')
  expect(await codeOf(open(virtualReader(card()), { key: 'nothing' }))).toBe('CONFIG_INVALID')
})
