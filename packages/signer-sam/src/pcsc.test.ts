// The card signer through a real PC/SC daemon and the pcsc-mini binding, the virtual card in a virtual reader. About 50 ms a command: few signatures.
import { execFileSync } from 'node:child_process'
import { memoryAudit, utf8, FiscalError, type GuardedSigner } from '@sigillo/core'
import { signerKit } from '@sigillo/testing'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { openSam, pcscReaders, type CardReaders, type SamOptions } from './index.js'
import { pcscMissing, startPcsc, type PcscDaemon } from './fixtures/pcsc.js'
import { CARD_PIN, VirtualCard, virtualProfile } from './fixtures/virtual-card.js'

const missing = pcscMissing()
const isLong = process.env['SIGILLO_LONG'] === '1'

/** Numbers of [0, 1), the same for the same seed. */
function seeded(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}

describe.skipIf(missing !== undefined)(`PC/SC${missing === undefined ? '' : ` (skipped: ${missing})`}`, () => {
  const card = new VirtualCard()
  let daemon: PcscDaemon
  let readers: CardReaders
  beforeAll(async () => {
    daemon = await startPcsc()
    await daemon.plug(card)
    readers = await pcscReaders()
  }, 200_000)
  afterAll(async () => {
    await readers?.close()
    await daemon?.stop()
  })
  // What a failing test leaves open would keep the card from the next one.
  const opened: GuardedSigner[] = []
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((signer) => signer.close().catch(() => undefined)))
  })
  const open = async (over: Partial<SamOptions> = {}): Promise<GuardedSigner> => {
    const signer = await openSam({
      profile: virtualProfile(),
      key: 'record',
      pin: () => utf8(CARD_PIN),
      audit: memoryAudit(),
      publicJwk: card.publicJwk('ec'),
      readers,
      reader: '00 00',
      recoverMs: 4_000,
      ...over,
    })
    opened.push(signer)
    return signer
  }
  const record = (signer: GuardedSigner, text = 'a receipt'): ReturnType<GuardedSigner['sign']> =>
    signer.sign({ operation: 'record', suite: 'es256', input: { message: utf8(text) } })

  for (const { name, run } of signerKit({ open: () => open(), signatures: 3 })) it(name, run)

  it('S-37 two shared signers take turns', async () => {
    const second = await pcscReaders()
    const [one, two] = [await open({ mode: 'shared' }), await open({ mode: 'shared', readers: second })]
    card.trace.length = 0
    await Promise.all(Array.from({ length: 4 }, (_, i) => record(i % 2 === 0 ? one : two, `${i}`)))
    const sequences = card.trace
      .map(({ apdu }) => apdu.slice(2, 4))
      .join(' ')
      .split('2a')
      .slice(0, -1)
    for (const sequence of sequences) expect(sequence.trim().split(' ').slice(-3)).toEqual(['a4', '22', '20'])
    await Promise.all([one.close(), two.close()])
    await second.close()
  })

  it('S-35 a reset by another program is recovered from', async () => {
    const [signer, other] = [
      await open({ mode: 'shared' }),
      await readers.connect((await readers.list()).find((name) => name.includes('00 00')) as string, 'shared'),
    ]
    await record(signer)
    await other.disconnect('reset')
    expect((await record(signer)).signature).toHaveLength(64)
    await signer.close()
  })

  it('S-36 the card taken out and put back recovers; another one gets no PIN', async () => {
    await daemon.unplug()
    await daemon.plug(card)
    const signer = await open()
    await record(signer)
    await daemon.unplug()
    const waiting = record(signer, 'while it is out')
    waiting.catch(() => undefined)
    await daemon.plug(card)
    expect((await waiting).signature).toHaveLength(64)
    const stranger = new VirtualCard('9999999999999999')
    await daemon.unplug()
    await daemon.plug(stranger)
    const error = await record(signer).catch((thrown: unknown) => thrown)
    expect((error as FiscalError).code).toBe('KEY_MISMATCH')
    expect(stranger.trace.filter(({ apdu }) => apdu.startsWith('0020'))).toEqual([])
    await signer.close()
    await daemon.unplug()
    await daemon.plug(card)
  })

  it('S-09 opening and closing again and again neither blocks nor leaves a process behind', { timeout: 600_000 }, async () => {
    const rounds = Number(process.env['SIGILLO_COUNT'] ?? (isLong ? 200 : 6))
    const random = seeded(Number(process.env['SIGILLO_SEED'] ?? 20261124))
    for (let round = 0; round < rounds; round++) {
      const own = await pcscReaders()
      // Closed before, while and after the card is reached.
      const step = Math.floor(random() * 4)
      if (step > 0) {
        const [name] = await own.list()
        const connecting = own.connect(name as string, 'shared')
        if (step > 1) {
          const connection = await connecting
          if (step > 2) await connection.disconnect('leave')
          else connection.transmit(Uint8Array.of(0, 0xa4, 4, 0)).catch(() => undefined)
        } else connecting.catch(() => undefined)
      }
      await own.close()
    }
    const hosts = (): number =>
      execFileSync('ps', ['-o', 'args=', '--ppid', String(process.pid)], { encoding: 'utf8' })
        .split('\n')
        .filter((line) => line.includes('pcsc-host.mjs')).length
    // The one of the readers this file shares.
    await vi.waitFor(() => expect(hosts()).toBeLessThanOrEqual(1), { timeout: 5_000, interval: 50 })
  })

  it('S-35 a daemon that was killed and started anew is found again by the same signer', async () => {
    const signer = await open({ recoverMs: 6_000 })
    await record(signer)
    await daemon.restart()
    const waiting = record(signer)
    waiting.catch(() => undefined)
    await daemon.plug(card)
    expect((await waiting).signature).toHaveLength(64)
    expect((await signer.health()).state).toBe('ready')
    await signer.close()
  })

  it('a card another program holds exclusively is DEVICE_BUSY', async () => {
    const name = (await readers.list()).find((each) => each.includes('00 00')) as string
    const held = await readers.connect(name, 'exclusive')
    const error = await open().catch((thrown: unknown) => thrown)
    expect((error as FiscalError).code).toBe('DEVICE_BUSY')
    await held.disconnect('leave')
  })
})
