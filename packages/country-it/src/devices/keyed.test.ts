// The keyed till protocol: bytes as in the worked chain, and a till that goes through faults before an emulated server.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { nodeTransport } from '@sigillo/transport-node'
import { fixedClock } from '@sigillo/testing'
import { has, italy } from '../../../documents/src/pki.fixture.js'
import { readDocument, type DeviceDocument } from './document.js'
import { keyedDialect } from './keyed.js'
import { fiscalData } from './keyed-document.js'
import { keyedCode, keyedServer, type KeyedServer } from './keyed.fixture.js'
import { openVolatileMemory } from './memory.js'
import { keyedSeal } from './seal.js'
import { serve, type Served } from './serve.fixture.js'
import { openDeviceTill, type DeviceTill } from './till.js'

const TILL = '00010001'
const PASSWORD = 'till-password'
const rules = { rates: [2200, 1000, 500, 400], activityCodes: false, cashRounding: false }
const coffee = (amount: number): DeviceDocument => ({
  kind: 'sale',
  lines: [{ description: 'Caffè', amount, rateBp: 2200 }],
  payments: [{ kind: 'cash', amount }],
})

const examples = italy && join(italy, 'examples', 'server-rt-vectors.json')
it.skipIf(examples === undefined || !existsSync(examples))(
  'IT-63 the till side of the keyed chain: the three documents come out byte for byte, with their seals [reference files]',
  () => {
    const { keyedChain } = JSON.parse(readFileSync(examples as string, 'utf8')) as {
      keyedChain: {
        cashHmacKey: string
        cashToken: string
        documents: { fiscalData: string; qrData: { shaMetadata: string; signature: string } }[]
      }
    }
    const documents: DeviceDocument[] = [
      coffee(122),
      coffee(244),
      { ...coffee(122), kind: 'void', reference: { z: 56, n: 1, date: '2026-11-20' } },
    ]
    let [previous, grandTotal] = [keyedChain.cashToken, 500_000]
    for (const [i, expected] of keyedChain.documents.entries()) {
      const read = readDocument(documents[i] as DeviceDocument, rules)
      const text = fiscalData(read, { till: TILL, moment: `2026-11-20 10:1${i + 1}:00`, z: 56, n: i + 1, previous, grandTotal })
      expect(text).toBe(expected.fiscalData)
      const seal = keyedSeal(text, keyedChain.cashHmacKey)
      expect(seal).toEqual({ shaMetadata: expected.qrData.shaMetadata, signature: expected.qrData.signature })
      previous = seal.signature
      if (read.kind === 'sale') grandTotal += read.total
    }
  },
)

describe.skipIf(!has('openssl'))('a till on the keyed protocol (needs openssl)', () => {
  let server: KeyedServer
  let served: Served
  let till: DeviceTill
  const clock = fixedClock('2026-11-20T09:11:00.000Z')
  const memory = { current: openVolatileMemory() }
  const waits: number[] = []
  const open = async (password = PASSWORD, timeoutMs = 10_000): Promise<DeviceTill> =>
    openDeviceTill({
      dialect: keyedDialect({
        transport: nodeTransport({ ca: served.ca }),
        baseUrl: served.url,
        till: TILL,
        password,
        timeoutMs,
        askTimeoutMs: 20_000,
      }),
      memory: memory.current,
      clock,
      wait: (ms) => {
        waits.push(ms)
        return Promise.resolve()
      },
    })
  beforeAll(async () => {
    served = await serve((request) => server.handle(request), keyedCode)
  })
  afterAll(() => served.close())
  beforeEach(async () => {
    served.faults.length = 0
    served.seen.length = 0
    server = keyedServer(TILL, PASSWORD, { z: 55, grandTotal: 500_000 })
    memory.current = openVolatileMemory()
    till = await open()
  })

  it('a day: opened, documents one by one, each kind, closed; the next one starts on a new token', async () => {
    const first = await till.issue('A', coffee(122))
    expect(first).toMatchObject({ state: 'registered', z: 56, n: 1, warnings: [] })
    expect(first.seal).toBe(server.documents[0]?.signature)
    await till.issue('B', {
      kind: 'sale',
      lines: [
        { description: 'Pane', quantity: '1.250', unitPrice: 400, rateBp: 400 },
        { description: 'Vino', amount: 2000, rateBp: 2200 },
        { kind: 'gift', description: 'Vino', amount: 500, rateBp: 2200 },
        { kind: 'discount', amount: 100 },
        { kind: 'depositRedeemed', amount: 300, rateBp: 2200 },
        { description: 'Farmaco', amount: 700, nature: 'N4' },
        { kind: 'text', description: 'Grazie' },
      ],
      payments: [
        { kind: 'electronic', amount: 1000 },
        { kind: 'ticket', amount: 500, count: 2 },
        { kind: 'uncollected', of: 'services', amount: 300 },
        { kind: 'cash', amount: 2000 },
      ],
      lotteryCode: 'ABCD1234',
    })
    await till.issue('C', { ...coffee(122), kind: 'return', reference: { z: 56, n: 1, date: '2026-11-20' } })
    await till.issue('D', { ...coffee(122), kind: 'void', reference: { other: 'ND', date: '2026-11-02' } })
    expect(server.documents.map(({ doctype, amount }) => [doctype, amount])).toEqual([
      [1, 122],
      [1, 2300],
      [3, 122],
      [5, 122],
    ])
    expect(await till.close()).toEqual({ z: 56, warnings: [] })
    expect(server.closings).toEqual([{ z: 56, amount: 502_422, documents: 4 }])
    expect(await till.issue('E', coffee(100))).toMatchObject({ state: 'registered', z: 57, n: 1 })
  })

  it('the same key makes no second document, with other content it is refused', async () => {
    await till.issue('A', coffee(122))
    expect(await till.issue('A', coffee(122))).toMatchObject({ state: 'registered', n: 1 })
    await expect(till.issue('A', coffee(123))).rejects.toMatchObject({ code: 'KEY_REUSED' })
    expect(server.documents).toHaveLength(1)
  })

  it('a lost answer: the device is asked, nothing is sent twice', async () => {
    await till.issue('A', coffee(122))
    served.faults.push({ kind: 'lostAfter' })
    expect(await till.issue('B', coffee(244))).toMatchObject({ state: 'doubt', n: 2 })
    till = await open()
    served.seen.length = 0
    expect(await till.deliver()).toEqual([])
    expect(served.seen).toEqual(['/getDailyStatus.php'])
    expect(till.find('B')).toMatchObject({ state: 'registered', n: 2 })
    expect(server.documents).toHaveLength(2)
  })

  it('a request that never arrived is sent again with the same bytes, after asking', async () => {
    await till.issue('A', coffee(122))
    served.faults.push({ kind: 'lostBefore' })
    const doubt = await till.issue('B', coffee(244))
    served.seen.length = 0
    await till.deliver()
    expect(served.seen).toEqual(['/getDailyStatus.php', '/insertFiscalDocument2.php'])
    expect(till.find('B')).toMatchObject({ state: 'registered', seal: doubt.seal })
  })

  it('a slow server that does it after all', async () => {
    await till.issue('A', coffee(122))
    till = await open(PASSWORD, 300)
    served.faults.push({ kind: 'slow', ms: 900 })
    expect(await till.issue('B', coffee(244))).toMatchObject({ state: 'doubt' })
    await till.deliver()
    expect(till.find('B')).toMatchObject({ state: 'registered', n: 2 })
    expect(server.documents).toHaveLength(2)
  })

  it('off line the till goes on upon its own chain and delivers in order, before anything new and before the closing', async () => {
    await till.issue('A', coffee(122))
    const dead = Array.from({ length: 30 }, () => ({ kind: 'status', status: 503 }) as const)
    served.faults.push(...dead)
    for (const key of ['B', 'C', 'D']) await till.issue(key, coffee(200))
    await expect(till.close()).rejects.toMatchObject({ code: 'IT_DEVICE_PENDING' })
    served.faults.length = 0
    till = await open()
    await till.issue('E', coffee(300))
    expect(server.documents.map(({ n, amount }) => [n, amount])).toEqual([
      [1, 122],
      [2, 200],
      [3, 200],
      [4, 200],
      [5, 300],
    ])
    expect(await till.close()).toMatchObject({ z: 56 })
  })

  it('a refused document uses no number; the next one takes it', async () => {
    const gone = await till.issue('A', { ...coffee(100), kind: 'return', reference: { z: 12, n: 7, date: '2026-10-02' } })
    expect(gone).toMatchObject({ state: 'refused', code: '1201' })
    expect(await till.issue('B', coffee(100))).toMatchObject({ state: 'registered', n: 1 })
    expect(await till.issue('A', { ...coffee(100), kind: 'return', reference: { z: 12, n: 7, date: '2026-10-02' } })).toEqual(
      gone,
    )
  })

  it('a chain given another start: the till asks, writes the document anew, and says so', async () => {
    await till.issue('A', coffee(122))
    server.reseed()
    expect(await till.issue('B', coffee(244))).toMatchObject({ state: 'registered', n: 2, warnings: ['IT_DEVICE_RESEALED'] })
  })

  it('a server that closed the till by itself: documents in doubt are found by the grand total, others go into the next period', async () => {
    await till.issue('A', coffee(122))
    served.faults.push({ kind: 'lostAfter' })
    await till.issue('B', coffee(244))
    server.forceClosing()
    await till.issue('C', coffee(300))
    expect(till.find('B')).toMatchObject({ state: 'registered', z: 56, n: 2 })
    expect(till.find('C')).toMatchObject({ state: 'registered', z: 57, n: 1 })
    expect(server.documents.map(({ z, amount }) => [z, amount])).toEqual([
      [56, 122],
      [56, 244],
      [57, 300],
    ])
  })

  it('what cannot be told apart stops the till until a person has looked', async () => {
    await till.issue('A', coffee(122))
    served.faults.push({ kind: 'lostAfter' })
    await till.issue('B', { ...coffee(122), kind: 'void', reference: { z: 56, n: 1, date: '2026-11-20' } })
    server.forceClosing()
    expect(await till.deliver()).toMatchObject([{ key: 'B', state: 'stuck' }])
    await expect(till.issue('C', coffee(1))).rejects.toMatchObject({ code: 'IT_DEVICE_STUCK' })
    await till.settle('B', 'registered')
    expect(await till.issue('C', coffee(1))).toMatchObject({ state: 'registered', z: 57, n: 1 })
  })

  it('a closing whose answer was lost is asked for, and done once', async () => {
    await till.issue('A', coffee(122))
    served.faults.push(undefined, { kind: 'lostAfter' })
    await expect(till.close()).rejects.toMatchObject({ code: 'IT_DEVICE_DOUBT', registered: 'unknown' })
    till = await open()
    expect(await till.close()).toMatchObject({ z: 56 })
    expect(server.closings).toHaveLength(1)
  })

  it('IT-81 a wrong password: nothing is taken, and no secret is in the error', async () => {
    till = await open('wrong-password')
    const error: unknown = await till.issue('A', coffee(122)).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'UNREACHABLE' })
    expect(JSON.stringify(error)).not.toContain('wrong-password')
    expect(JSON.stringify(await memory.current.load())).not.toContain('password')
    expect(server.documents).toEqual([])
  })

  it('the device’s state is told without its secrets', async () => {
    await till.issue('A', coffee(122))
    const status = await till.status()
    expect(status).toMatchObject({ numberClosure: '55', cashLastDocNumber: '1', grandTotalDB: '500122', cashStatus: '1' })
    expect(Object.keys(status)).not.toContain('cashHmacKey')
    expect(Object.keys(status)).not.toContain('cashToken')
  })
})
