// One shop day on three kinds of key: the same records, answers and paper, signatures aside, and each folder verifies.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { memoryAudit, type Signer } from '@sigillo/core'
import { softwareSigner } from '@sigillo/signer-software'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { otherComponent, softHsmModule, tokenStore, type TokenStore } from '../../packages/signer-pkcs11/src/fixtures/softhsm.js'
import { pcscMissing, startPcsc, type PcscDaemon } from '../../packages/signer-sam/src/fixtures/pcsc.js'
import { VirtualCard } from '../../packages/signer-sam/src/fixtures/virtual-card.js'
import { dayRequests, likeness, playDay, type Day } from './day.fixture.js'
import { cardSigner, hsmSigner, TOKEN } from './signers.fixture.js'

const requests = dayRequests(60)
const module = softHsmModule()
const noCard = pcscMissing()
const folder = mkdtempSync(join(tmpdir(), 'sigillo-day-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

async function dayOf(name: string, signer: Signer): Promise<Day> {
  try {
    return await playDay(signer, join(folder, name), requests)
  } finally {
    await signer.close()
  }
}

function expectSound({ own, later, answers, records }: Day, signer: Signer): void {
  expect([own.sound, own.findings, later.sound, later.findings]).toEqual([true, [], true, []])
  expect(own.records).toBeGreaterThan(requests.length)
  expect(later.records).toBeGreaterThanOrEqual(own.records)
  // One request of the day is wrong on purpose, or none: the same with every key, see the comparison.
  expect(answers.filter(({ outcome }) => outcome === 'registered').length).toBeGreaterThanOrEqual(requests.length - 1)
  expect(new Set(records.map(({ body }) => body.kid))).toEqual(new Set([signer.describe().keyId]))
}

describe('a French shop day on any key', () => {
  let software: Day
  beforeAll(async () => {
    // A device's log tells of its PIN, and its closings carry how long that log is: this one has as many lines.
    const audit = memoryAudit()
    for (const event of ['pin-intent', 'pin-outcome']) await audit.append({ event })
    const signer = await softwareSigner({ guard: { selfCheck: true, audit } })
    software = await dayOf('software', signer)
    expectSound(software, signer)
    expect(software.answers.at(-1)).toMatchObject({ outcome: 'registered', type: 'closing' })
  })

  describe.skipIf(module === undefined)(`SoftHSM${module === undefined ? ' (skipped: softhsm2 is not installed)' : ''}`, () => {
    let store: TokenStore
    beforeAll(() => {
      store = tokenStore()
      store.init(TOKEN)
      otherComponent(module as string).makeKey({ token: TOKEN, label: 'record', id: 1, type: 'P-256' })
    })
    afterAll(() => store.dispose())

    it('S-01 runs unchanged on a token and verifies alike', async () => {
      const signer = await hsmSigner(module as string)
      const day = await dayOf('softhsm', signer)
      expectSound(day, signer)
      expect(likeness(day)).toBe(likeness(software))
    })
  })

  describe.skipIf(noCard !== undefined)(`virtual card${noCard === undefined ? '' : ` (skipped: ${noCard})`}`, () => {
    const card = new VirtualCard()
    let daemon: PcscDaemon
    beforeAll(async () => {
      daemon = await startPcsc()
      await daemon.plug(card)
    }, 200_000)
    afterAll(() => daemon?.stop())

    it('S-01 runs unchanged on a card and verifies alike, with one PIN', async () => {
      const signer = await cardSigner(card)
      const day = await dayOf('card', signer)
      expectSound(day, signer)
      expect(likeness(day)).toBe(likeness(software))
      expect(card.trace.filter(({ apdu }) => apdu.startsWith('0020'))).toHaveLength(1)
      expect(card.tries).toBe(3)
    })
  })
})
