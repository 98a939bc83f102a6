// The suites of pulled.test.ts and pulled.long.test.ts: the module's token and the card pulled out under load, so many times.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createQueue, memoryAudit } from '@sigillo/core'
import { france } from '@sigillo/country-fr'
import { openFolder } from '@sigillo/storage-fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hostProgram, hostsOf, shimOf, type Shim } from '../../packages/signer-pkcs11/src/fixtures/shim.js'
import { otherComponent, softHsmModule, tokenStore, type TokenStore } from '../../packages/signer-pkcs11/src/fixtures/softhsm.js'
import { pcscMissing, startPcsc, type PcscDaemon } from '../../packages/signer-sam/src/fixtures/pcsc.js'
import { VirtualCard, virtualProfile } from '../../packages/signer-sam/src/fixtures/virtual-card.js'
import { shop } from './day-fr.fixture.js'
import { sellWhilePulled, type Account } from './pull.fixture.js'
import { cardSigner, hsmSigner, pinsIn, TOKEN } from './signers.fixture.js'

const seed = Number(process.env['SIGILLO_SEED'] ?? 20261124)
const TIMEOUT = 3_600_000

function expectNothingLost({ sold, wrong, own, later, recoveredMs }: Account, rounds: number): void {
  expect(wrong).toEqual([])
  expect(recoveredMs).toHaveLength(rounds)
  // At least one receipt between two pulls.
  expect(sold).toBeGreaterThan(rounds)
  expect([own.sound, own.findings, later.sound, later.findings]).toEqual([true, [], true, []])
}

function tell(what: string, account: Account, more: string): void {
  if (process.env['SIGILLO_LONG'] !== '1') return
  const { sold, refused, replayed, recoveredMs } = account
  const sorted = [...recoveredMs].sort((a, b) => a - b)
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] as number
  process.stderr.write(
    `${what}, seed ${seed}: ${recoveredMs.length} pulls, ${sold} receipts registered once each, ${refused} answers "not now", ${replayed} replays; ` +
      `first receipt after putting back: median ${at(0.5)} ms, longest ${at(1)} ms; ${more}\n`,
  )
}

/** Declares the suites. */
export function pulledSuites(rounds: number): void {
  const folder = mkdtempSync(join(tmpdir(), 'sigillo-pulled-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  const module = softHsmModule()
  const shim = module === undefined ? undefined : shimOf(module)
  const noHsm = module === undefined ? 'softhsm2 is not installed' : shim === undefined ? 'there is no C compiler' : undefined
  describe.skipIf(noHsm !== undefined)(`SoftHSM${noHsm === undefined ? '' : ` (skipped: ${noHsm})`}`, () => {
    const device = shim as Shim
    let store: TokenStore
    beforeAll(() => {
      store = tokenStore()
      store.init(TOKEN)
      otherComponent(module as string).makeKey({ token: TOKEN, label: 'record', id: 1, type: 'P-256' })
    })
    afterAll(() => {
      store.dispose()
      device.dispose()
    })

    for (const [name, host] of [
      ['in this process', undefined],
      ['in a process of its own, which is killed now and then', hostProgram()],
    ] as const) {
      it(
        `S-26 S-12 the token pulled out ${rounds} times under load, its module ${name}: no receipt lost or doubled, no wrong PIN`,
        { timeout: TIMEOUT },
        async () => {
          for (const what of ['log', 'tokens', 'out']) device.takeBack(what)
          const audit = memoryAudit()
          const signer = await hsmSigner(device.module, {
            module: device.module,
            audit,
            recoverMs: 300,
            ...(host !== undefined && { isolate: { host } }),
          })
          const account = await sellWhilePulled({
            signer,
            folder: join(folder, host === undefined ? 'hsm' : 'isolated'),
            rounds,
            seed,
            pull: async (round) => {
              device.tell('out')
              if (host !== undefined && round % 25 === 1) for (const pid of hostsOf(host)) process.kill(pid, 'SIGSEGV')
            },
            putBack: async () => device.takeBack('out'),
          })
          await signer.close()
          expectNothingLost(account, rounds)
          const { sent, failed } = await pinsIn(audit)
          const logins = device.logins()
          // What the module saw: the right PIN to the right token, once for each time it had been away; nothing else, ever.
          expect(logins.filter((login) => login !== 'accepted')).toEqual([])
          expect(new Set(device.tokens())).toEqual(new Set([signer.describe().hardware?.serial]))
          expect([failed, sent]).toEqual([0, logins.length])
          expect(sent).toBeLessThanOrEqual(1 + 2 * rounds)
          tell(`SoftHSM ${name}`, account, `${sent} logins, none refused`)
        },
      )
    }

    it('a module that crashes at every signature costs its receipts nothing but time: refused whole, sold when it is back', async () => {
      const signer = await hsmSigner(device.module, { module: device.module, isolate: { host: hostProgram() } })
      const queue = await createQueue({ country: france(shop), storage: await openFolder(join(folder, 'crashing')), signer })
      const start = { type: 'start', key: 'START', operatorId: 'OP-1', posMoment: new Date().toISOString() }
      device.tell('crash-always')
      const refused = await queue.record(start)
      expect(refused).toMatchObject({ outcome: 'rejected', error: { code: 'SIGNER_UNAVAILABLE', registered: 'no' } })
      expect((await queue.health()).state).toBe('open')
      device.takeBack('crash-always')
      expect(await queue.record(start)).toMatchObject({ outcome: 'registered', replayed: false })
      expect((await queue.verify()).findings).toEqual([])
      await queue.close()
      await signer.close()
    })
  })

  const noCard = pcscMissing()
  describe.skipIf(noCard !== undefined)(`virtual card${noCard === undefined ? '' : ` (skipped: ${noCard})`}`, () => {
    const card = new VirtualCard()
    let daemon: PcscDaemon
    beforeAll(async () => {
      daemon = await startPcsc()
      await daemon.plug(card)
    }, 200_000)
    afterAll(() => daemon?.stop())

    it(
      `S-36 S-12 the card pulled out ${rounds} times under load: no receipt lost or doubled, no wrong PIN, no try spent`,
      { timeout: TIMEOUT },
      async () => {
        const audit = memoryAudit()
        const profile = virtualProfile({ statusQueryIsFree: true })
        const signer = await cardSigner(card, { audit, profile, recoverMs: 600 })
        let lowest = card.tries
        card.before = () => (lowest = Math.min(lowest, card.tries))
        const account = await sellWhilePulled({
          signer,
          folder: join(folder, 'card'),
          rounds,
          seed,
          pull: () => daemon.unplug(),
          putBack: () => daemon.plug(card),
        })
        await signer.close()
        expectNothingLost(account, rounds)
        const { sent, failed } = await pinsIn(audit)
        expect([failed, lowest, card.tries]).toEqual([0, 3, 3])
        const block = `${Buffer.from('271828').toString('hex')}ffff`
        const verifies = card.trace.filter(({ apdu }) => apdu.startsWith('002000') && apdu.length > 10)
        expect(new Set(verifies.map(({ apdu }) => apdu))).toEqual(new Set([`0020008108${block}`]))
        expect(verifies.length).toBeLessThanOrEqual(sent)
        tell('virtual card', account, `${sent} PINs sent, none refused, 3 of 3 tries left throughout`)
      },
    )
  })
}
