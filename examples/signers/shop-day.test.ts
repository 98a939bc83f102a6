// One shop day in each country on three kinds of key: the same records, answers, paper and files, signatures aside, and the same verdicts.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { memoryAudit, type GuardedSigner } from '@sigillo/core'
import { generateKey, softwareSigner } from '@sigillo/signer-software'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { otherComponent, softHsmModule, tokenStore, type TokenStore } from '../../packages/signer-pkcs11/src/fixtures/softhsm.js'
import { pcscMissing, startPcsc, type PcscDaemon } from '../../packages/signer-sam/src/fixtures/pcsc.js'
import { VirtualCard } from '../../packages/signer-sam/src/fixtures/virtual-card.js'
import { likeness, type Day } from './day.fixture.js'
import { dayRequests, playDay } from './day-fr.fixture.js'
import { italianLikeness, playItalianDay, type ItalianDay } from './day-it.fixture.js'
import { cardSigner, hsmSigner, TOKEN } from './signers.fixture.js'

// To the first annulment: start, float, tickets, notes, a refund. The closing of the day follows.
const requests = dayRequests(121)
const module = softHsmModule()
const noCard = pcscMissing()
const folder = mkdtempSync(join(tmpdir(), 'sigillo-day-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Opens a till's keys of one kind: for records, and for what an Italian device seals. */
interface Keys {
  record(): Promise<GuardedSigner>
  device(): Promise<GuardedSigner>
}

const software: Keys = {
  record: async () => {
    // A device's log tells of its PIN, and closings carry how long that log is: this one has as many lines.
    const audit = memoryAudit()
    for (const event of ['pin-intent', 'pin-outcome']) await audit.append({ event })
    return softwareSigner({ guard: { selfCheck: true, audit } })
  },
  device: async () => softwareSigner({ key: await generateKey('RS256', { modulusLength: 2048 }) }),
}

async function frenchDay(name: string, keys: Keys): Promise<Day> {
  const record = await keys.record()
  try {
    const day = await playDay(record, join(folder, name), requests)
    expectSound(day, record)
    return day
  } finally {
    await record.close()
  }
}

async function italianDay(name: string, keys: Keys): Promise<ItalianDay> {
  const [record, device] = [await keys.record(), await keys.device()]
  try {
    const day = await playItalianDay({ record, device }, join(folder, `${name}-it`))
    expectSound(day, record)
    return day
  } finally {
    await Promise.all([record.close(), device.close()])
  }
}

function expectSound({ own, later, records }: Day, signer: GuardedSigner): void {
  expect([own.sound, own.findings, later.sound, later.findings]).toEqual([true, [], true, []])
  expect(records.length).toBeGreaterThanOrEqual(own.records)
  expect(new Set(records.map(({ body }) => body.kid))).toEqual(new Set([signer.describe().keyId]))
}

// One request of each day is wrong on purpose.
const refused = ({ answers }: Day): string[] =>
  answers.flatMap((outcome) => (outcome.outcome === 'registered' ? [] : [`${outcome.key} ${outcome.error.code}`]))

describe('a shop day on any key', () => {
  const played: { fr?: Day; it?: ItalianDay } = {}
  const same = async (name: string, keys: Keys): Promise<void> => {
    const [fr, it] = [await frenchDay(name, keys), await italianDay(name, keys)]
    expect(likeness(fr)).toBe(likeness(played.fr as Day))
    expect(italianLikeness(it)).toBe(italianLikeness(played.it as ItalianDay))
  }
  beforeAll(async () => {
    played.fr = await frenchDay('software', software)
    played.it = await italianDay('software', software)
  }, 60_000)

  it('the French day starts, sells, gives back, annuls and closes', () => {
    const { answers, records } = played.fr as Day
    expect([refused(played.fr as Day), answers.length]).toEqual([['POS-FAUX FR_SUM_MISMATCH'], requests.length])
    const said = requests.map(({ type, op }) => op ?? type)
    expect([said[0], said.at(-1)]).toEqual(['start', 'closing'])
    expect(said).toEqual(expect.arrayContaining(['cash-in', 'ticket', 'note', 'refund', 'cancellation']))
    expect(records.filter(({ body }) => body.type === 'ticket').length).toBeGreaterThan(100)
  })

  it('the Italian day enrols, sells, takes back, annuls, closes, and its files are accepted and sound', () => {
    const day = played.it as ItalianDay
    expect(refused(day)).toEqual(['SBAGLIATO IT_PAYMENTS'])
    const types = day.records.map(({ body }) => body.type)
    expect(types).toEqual(expect.arrayContaining(['it.sale', 'it.return', 'it.void', 'it.closing', 'it.lottery', 'it.outcome']))
    expect(day.files.map(({ route, sound }) => [route, sound])).toEqual([
      ['activate', true],
      ['receipts', true],
      ['lottery', true],
    ])
  })

  it('the comparison sees a receipt of another amount, a file of another day and a verdict that differs', () => {
    const fr = played.fr as Day
    const [first, ...others] = fr.records.map((record) =>
      record.body.type === 'ticket' ? { ...record, payload: { ...(record.payload as object), total: 1 } } : record,
    )
    expect(likeness({ ...fr, records: [first as Day['records'][number], ...others] })).not.toBe(likeness(fr))
    expect(likeness({ ...fr, later: { ...fr.later, sound: false } })).not.toBe(likeness(fr))
    const day = played.it as ItalianDay
    const files = day.files.map((file) => ({ ...file, xml: file.xml.replace('2026-11-20', '2026-11-21') }))
    expect(italianLikeness({ ...day, files })).not.toBe(italianLikeness(day))
    const resealed = day.files.map((file) => ({
      ...file,
      xml: file.xml.replace(/SignatureValue>[^<]{9}/, 'SignatureValue>other'),
    }))
    expect(resealed).not.toEqual(day.files)
    expect(italianLikeness({ ...day, files: resealed })).toBe(italianLikeness(day))
  })

  describe.skipIf(module === undefined)(`SoftHSM${module === undefined ? ' (skipped: softhsm2 is not installed)' : ''}`, () => {
    let store: TokenStore
    beforeAll(() => {
      store = tokenStore()
      store.init(TOKEN)
      const maker = otherComponent(module as string)
      maker.makeKey({ token: TOKEN, label: 'record', id: 1, type: 'P-256' })
      maker.makeKey({ token: TOKEN, label: 'device', id: 2, type: 'RSA' })
    })
    afterAll(() => store.dispose())

    it('both days run unchanged on a token and verify alike', { timeout: 60_000 }, () =>
      same('softhsm', {
        record: () => hsmSigner(module as string),
        device: () => hsmSigner(module as string, {}, 'device'),
      }),
    )
  })

  describe.skipIf(noCard !== undefined)(`virtual card${noCard === undefined ? '' : ` (skipped: ${noCard})`}`, () => {
    const [card, sealing] = [new VirtualCard(), new VirtualCard('0102030405060709')]
    let daemon: PcscDaemon
    beforeAll(async () => {
      daemon = await startPcsc()
      await daemon.plug(card)
      await daemon.plug(sealing, 1)
    }, 200_000)
    afterAll(() => daemon?.stop())

    it(
      'both days run unchanged on cards and verify alike, with one PIN for each time a card is opened',
      { timeout: 120_000 },
      async () => {
        await same('card', {
          record: () => cardSigner(card),
          device: () => cardSigner(sealing, { key: 'seal', publicJwk: sealing.publicJwk('rsa'), reader: '00 01' }),
        })
        const pins = [card, sealing].map(({ trace }) => trace.filter(({ apdu }) => apdu.startsWith('0020')).length)
        expect([pins, card.tries, sealing.tries]).toEqual([[2, 1], 3, 3])
      },
    )
  })
})
