// The keyless till protocol and the printer's dialect: bytes as in the worked chain, codes as in the table, and a till before each.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { fixedClock } from '@sigillo/testing'
import { nodeTransport } from '@sigillo/transport-node'
import { has, italy } from '../../../documents/src/pki.fixture.js'
import { readDocument, type DeviceDocument } from './document.js'
import { keylessDialect, receiptElement } from './keyless.js'
import { keylessVerdict } from './keyless-codes.js'
import { fiscalPrinter, keylessServer, xmlCode, type EmulatedDevice } from './keyless.fixture.js'
import { openVolatileMemory } from './memory.js'
import { fiscalReceipt, printerDialect } from './printer.js'
import { controlCode, readToken } from './seal.js'
import { serve, type Served } from './serve.fixture.js'
import { openDeviceTill, type DeviceTill } from './till.js'

const TILL = '00010001'
const SERVER = 'ZZSTT000001'
const rules = { rates: [2200, 1000, 500, 400], activityCodes: false, cashRounding: false }
const coffee = (amount: number): DeviceDocument => ({
  kind: 'sale',
  lines: [{ description: 'Caffè', amount, rateBp: 2200 }],
  payments: [{ kind: 'cash', amount }],
})
const basket: DeviceDocument = {
  kind: 'sale',
  lines: [
    { description: 'Pane', quantity: '1.250', unitPrice: 400, rateBp: 400 },
    { description: 'Vino "rosso" & bianco', amount: 2000, rateBp: 2200 },
    { kind: 'gift', amount: 500, rateBp: 2200 },
    { kind: 'discount', amount: 100 },
    { kind: 'singleUseVoucherRedeemed', amount: 300, rateBp: 2200 },
    { description: 'Farmaco', amount: 700, nature: 'N4' },
  ],
  payments: [
    { kind: 'electronic', amount: 1000 },
    { kind: 'ticket', amount: 500, count: 2 },
    { kind: 'uncollected', of: 'invoice', amount: 300 },
    { kind: 'cash', amount: 2000 },
  ],
  customer: { taxCode: 'RSSMRA80A01H501U', vat: '01234567897' },
}

const examples = italy && join(italy, 'examples', 'server-rt-vectors.json')
it.skipIf(examples === undefined || !existsSync(examples))(
  'IT-63 the till side of the keyless chain: both receipts come out byte for byte, with their control codes [reference files]',
  () => {
    const { keylessChain } = JSON.parse(readFileSync(examples as string, 'utf8')) as {
      keylessChain: {
        token: string
        tokenFields: Record<string, string>
        receipts: { receiptElement: string; controlCode: string }[]
      }
    }
    const token = readToken(keylessChain.token)
    expect(token).toEqual({ matricola: SERVER, till: TILL, random: '51363', date: '20261120', z: 56, next: 1, daily: 0 })
    expect(readToken(keylessChain.token.slice(1))).toBeUndefined()
    let [fingerPrint, daily] = [keylessChain.token, 0]
    for (const [i, expected] of keylessChain.receipts.entries()) {
      const read = readDocument(coffee(122 * (i + 1)), rules)
      daily += read.total
      const moment = `2026-11-20T10:1${i + 1}:00+01:00`
      const place = { fingerPrint, till: TILL, matricola: SERVER, z: 56, n: i + 1, moment, daily }
      const text = receiptElement(read, place)
      expect(text).toBe(expected.receiptElement)
      expect(controlCode(text)).toBe(expected.controlCode)
      fingerPrint = expected.controlCode
    }
  },
)

it('12.4 every code of the table has its class; an unknown one is a refusal', () => {
  const is = (code: number): string => keylessVerdict(String(code)).is
  for (const code of [-1, -2, -3, -4, -5, -6, -7, -20, -24, -28, -29, -30, -31, -32, -33, -34, -99])
    expect(is(code), `${code}`).toBe('refused')
  for (const code of [-21, -22, -23, -25]) expect(is(code), `${code}`).toBe('outOfStep')
  for (const code of [0, -27, -35, -36, -37, -38, -39, -40, -41, -42, -43, -44, -45, -46, -47, -48, -49, -50, -51, -52])
    expect(is(code), `${code}`).toBe('accepted')
  expect([is(-8), is(-26)]).toEqual(['busy', 'closeFirst'])
  expect(keylessVerdict('-43')).toMatchObject({ warnings: ['IT_DEVICE_43', 'IT_DEVICE_NO_LOTTERY'] })
  expect(keylessVerdict('-37')).toMatchObject({ warnings: [] })
  expect(keylessVerdict('-52')).toMatchObject({ warnings: ['IT_DEVICE_52'] })
})

it('13 parts of a printer’s receipt stand in its order, with the reference of a return first', () => {
  const text = fiscalReceipt(
    readDocument({ ...basket, kind: 'return', reference: { z: 12, n: 3, date: '2026-11-02', matricola: '99IEB041967' } }, rules),
    SERVER,
  )
  const names = [...text.matchAll(/<(\w+) /g)].map((match) => match[1])
  expect(names).toEqual([
    'printRecMessage',
    'beginFiscalReceipt',
    'printRecItem',
    'printRecItem',
    'printRecItemAdjustment',
    'printRecSubtotalAdjustment',
    'printRecItemAdjustment',
    'printRecItem',
    'printRecTotal',
    'printRecTotal',
    'printRecTotal',
    'printRecTotal',
    'directIO',
    'endFiscalReceipt',
  ])
  expect(text).toContain('message="REFUND 0012 0003 02112026 99IEB041967"')
  // One place for the customer: the tax code goes before the VAT number (10.6).
  expect(text).toContain('data="01RSSMRA80A01H501U"')
})

interface Bench {
  readonly name: string
  readonly make: () => EmulatedDevice
  readonly dialect: (served: Served) => ReturnType<typeof keylessDialect>
  readonly tls: boolean
}
const common = (
  served: Served,
): { transport: ReturnType<typeof nodeTransport>; baseUrl: string; timeoutMs: number; askTimeoutMs: number } => ({
  transport: nodeTransport(served.ca === '' ? {} : { ca: served.ca }),
  baseUrl: served.url,
  timeoutMs: 10_000,
  askTimeoutMs: 20_000,
})
const benches: readonly Bench[] = [
  {
    name: 'the keyless protocol',
    make: () => keylessServer(SERVER, TILL, { z: 55 }),
    dialect: (served) => keylessDialect({ ...common(served), till: TILL, matricola: SERVER }),
    tls: true,
  },
  {
    name: 'a fiscal printer',
    make: () => fiscalPrinter(SERVER, { z: 55 }),
    dialect: (served) => printerDialect({ ...common(served), matricola: SERVER }),
    tls: false,
  },
]

describe.skipIf(!has('openssl')).each(benches)('a till on $name (needs openssl)', ({ name, make, dialect, tls }) => {
  let device: EmulatedDevice
  let served: Served
  let till: DeviceTill
  let memory = openVolatileMemory()
  const chains = name !== 'a fiscal printer'
  const waits: number[] = []
  const clock = fixedClock('2026-11-20T09:11:00.000Z')
  const open = (): Promise<DeviceTill> =>
    openDeviceTill({
      dialect: dialect(served),
      memory,
      clock,
      wait: (ms) => {
        waits.push(ms)
        return Promise.resolve()
      },
    })
  beforeAll(async () => {
    served = await serve((request) => device.handle(request), xmlCode, { tls })
  })
  afterAll(() => served.close())
  beforeEach(async () => {
    served.faults.length = 0
    device = make()
    memory = openVolatileMemory()
    till = await open()
  })

  it('a day with each kind of document, closed; the next one begins anew', async () => {
    expect(await till.issue('A', coffee(122))).toMatchObject({ state: 'registered', z: 56, n: 1, warnings: [] })
    expect(await till.issue('B', basket)).toMatchObject({ state: 'registered', z: 56, n: 2 })
    const reference = { z: 56, n: 1, date: '2026-11-20' }
    expect(await till.issue('C', { ...coffee(22), kind: 'return', reference })).toMatchObject({ state: 'registered', n: 3 })
    expect(await till.issue('D', { ...coffee(122), kind: 'void', reference })).toMatchObject({ state: 'registered', n: 4 })
    expect(device.documents.map(({ amount }) => amount)).toEqual([122, 2300, 22, 122])
    expect(await till.close()).toMatchObject({ z: 56 })
    expect(device.closings).toEqual([{ z: 56, documents: 4 }])
    expect(await till.issue('E', coffee(100))).toMatchObject({ state: 'registered', z: 57, n: 1 })
    if (chains) expect((await till.issue('F', coffee(1))).seal).toBe(device.documents.at(-1)?.controlCode)
  })

  it('a lost answer is asked for; a request that never arrived is sent after asking', async () => {
    await till.issue('A', coffee(122))
    const ask = chains ? [] : [undefined]
    served.faults.push(...ask, { kind: 'lostAfter' })
    expect(await till.issue('B', coffee(244))).toMatchObject({ state: 'doubt' })
    till = await open()
    await till.deliver()
    expect(till.find('B')).toMatchObject({ state: 'registered', z: 56, n: 2, code: 'found' })
    served.faults.push(...ask, { kind: 'lostBefore' })
    expect(await till.issue('C', coffee(366))).toMatchObject({ state: 'doubt' })
    await till.deliver()
    expect(till.find('C')).toMatchObject({ state: 'registered', n: 3 })
    expect(device.documents.map(({ amount }) => amount)).toEqual([122, 244, 366])
  })

  it('busy: the same again after pauses, and no more often than makes sense', async () => {
    const code = { kind: 'code', code: chains ? '-8' : 'EPTR_BUSY' } as const
    served.faults.push(undefined, code, code)
    expect(await till.issue('A', coffee(122))).toMatchObject({ state: 'registered' })
    expect(waits.splice(0)).toEqual([200, 500])
    expect(device.documents).toHaveLength(1)
  })

  it('a return of what the device does not know is refused and takes no number', async () => {
    const back = { ...coffee(100), kind: 'return', reference: { z: 12, n: 7, date: '2026-10-02' } } as const
    expect(await till.issue('A', back)).toMatchObject({ state: 'refused', code: chains ? '-32' : 'REFERENCE_ERROR' })
    expect(await till.issue('B', coffee(100))).toMatchObject({ state: 'registered', n: 1 })
  })

  it('a closing whose answer was lost is done once', async () => {
    await till.issue('A', coffee(122))
    served.faults.push(undefined, { kind: 'lostAfter' })
    await expect(till.close()).rejects.toMatchObject({ code: 'IT_DEVICE_DOUBT' })
    till = await open()
    expect(await till.close()).toMatchObject({ z: 56 })
    expect(device.closings).toHaveLength(1)
  })

  it('a closing that is refused or put off leaves the till where it was', async () => {
    await till.issue('A', coffee(122))
    const refusal = { kind: 'code', code: chains ? '-28' : 'NOT_NOW' } as const
    served.faults.push(undefined, refusal)
    await expect(till.close()).rejects.toMatchObject({ code: 'IT_DEVICE_REFUSED' })
    expect(await till.issue('B', coffee(244))).toMatchObject({ state: 'registered', z: 56, n: 2, warnings: [] })
    served.faults.push(undefined, { kind: 'lostBefore' })
    await expect(till.close()).rejects.toMatchObject({ code: 'IT_DEVICE_DOUBT' })
    expect(await till.issue('C', coffee(366))).toMatchObject({ state: 'registered', z: 56, n: 3, warnings: [] })
    expect(await till.close()).toMatchObject({ z: 56 })
    expect(device.closings).toEqual([{ z: 56, documents: 3 }])
  })

  it('a question that fails has changed nothing, and its error says so', async () => {
    served.faults.push({ kind: 'lostAfter' })
    await expect(till.issue('A', coffee(122))).rejects.toMatchObject({ code: 'UNREACHABLE', registered: 'no' })
    expect(await till.issue('A', coffee(122))).toMatchObject({ state: 'registered', n: 1 })
  })

  it('off line: a chain goes on and is delivered in order; a printer takes nothing, and says so', async () => {
    await till.issue('A', coffee(122))
    served.faults.push(...Array.from({ length: 9 }, () => ({ kind: 'status', status: 503 }) as const))
    if (!chains) {
      await expect(till.issue('B', coffee(1))).rejects.toMatchObject({ code: 'UNREACHABLE' })
      served.faults.length = 0
      expect(await till.issue('B', coffee(1))).toMatchObject({ state: 'registered', n: 2 })
      return
    }
    for (const key of ['B', 'C']) await till.issue(key, coffee(200))
    served.faults.length = 0
    expect(await till.issue('D', coffee(300))).toMatchObject({ state: 'registered', n: 4, warnings: [] })
    expect(device.documents.map(({ amount }) => amount)).toEqual([122, 200, 200, 300])
  })

  if (chains)
    it('the server wants its own closing first, and gets it once', async () => {
      await till.issue('A', coffee(122))
      device.wantsClosing = true
      expect(await till.issue('B', coffee(244))).toMatchObject({ state: 'registered' })
      expect(device.refusals).toEqual(['-26'])
    })

  if (chains)
    it('a server that closed by itself: out of step, a new token, sealed again once', async () => {
      await till.issue('A', coffee(122))
      device.forceClosing()
      expect(await till.issue('B', coffee(244))).toMatchObject({
        state: 'registered',
        z: 57,
        n: 1,
        warnings: ['IT_DEVICE_RESEALED'],
      })
      expect(device.refusals).toContain('-21')
    })

  if (!chains)
    it('a document of somebody else in between stops the till until a person has looked', async () => {
      served.faults.push(undefined, { kind: 'lostBefore' })
      await till.issue('A', coffee(122))
      const stranger = await openDeviceTill({
        dialect: dialect(served),
        memory: openVolatileMemory(),
        clock,
        wait: () => Promise.resolve(),
      })
      await stranger.issue('X', coffee(999))
      expect(await till.deliver()).toMatchObject([{ key: 'A', state: 'stuck' }])
      await expect(till.issue('B', coffee(1))).rejects.toMatchObject({ code: 'IT_DEVICE_STUCK' })
      await till.settle('A', 'refused')
      expect(await till.issue('B', coffee(1))).toMatchObject({ state: 'registered', n: 2 })
    })
})
