// The Italian commands in this process, on days of the test's choosing: days not worked, tills of a server, wrong use.
import { existsSync, readFileSync } from 'node:fs'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { openPlace, type Place } from '../fr/french-shop.fixture.js'

let place: Place
beforeAll(() => {
  place = openPlace()
})
afterAll(() => place.remove())
afterEach(() => void vi.useRealTimers())

const on = (moment: string): void => void vi.useFakeTimers({ now: Date.parse(moment), toFake: ['Date'] })
const merchant = ['--merchant', 'Bar Esempio', '--address', 'Via Roma 1', '--vat', '01234567897', '--starts-as', 'IN_SERVIZIO']
const sale = (key: string, more: object = {}): string =>
  `${JSON.stringify({ type: 'sale', key, lines: [{ description: 'Caffè', amount: 120, rateBp: 1000 }], payments: [{ kind: 'cash', amount: 120 }], ...more })}\n`

async function openBar(name: string, ...more: string[]): Promise<string> {
  await place.json(['init', place.path(name), '--country', 'it', '--matricola', 'ZZITT000001', ...merchant, ...more])
  return place.path(name)
}

type Line = {
  readonly seq: number
  readonly type: string
  readonly outcome: string
  readonly answer: { readonly z: number; readonly progressive: number; readonly till?: string }
  readonly error?: { readonly code: string }
}
const lines = async (args: readonly string[], code = 0): Promise<Line[]> => (await place.json(args, code)) as unknown as Line[]
const refusal = async (args: readonly string[]): Promise<string> => (await lines(args, 2))[0]?.error?.code ?? ''

describe('it close', () => {
  it('IT-36 days not worked are reported before the day’s closing, and only once', async () => {
    on('2026-11-20T18:00:00Z')
    const bar = await openBar('bar')
    await place.json(['record', bar], 0, sale('S-1'))
    expect(await lines(['it', 'close', bar])).toMatchObject([{ type: 'it.closing', answer: { z: 1 } }])
    on('2026-11-23T07:00:00Z')
    const [status] = (await place.json(['it', 'status', bar], 1)) as unknown as { idle: object; next: string }[]
    expect(status).toMatchObject({
      idle: { '': { from: '2026-11-21', to: '2026-11-22' } },
      next: 'sigillo it close --inactivity',
    })
    const both = await lines(['it', 'close', bar, '--key', 'Z-23'])
    expect(both.map(({ answer: { z, progressive } }) => [z, progressive])).toEqual([
      [2, 2],
      [3, 3],
    ])
    const words = (await place.sigillo(['show', bar, String(both[0]?.seq)])).stdout
    expect(words).toContain('PERIODO INATTIVO')
    expect(await lines(['it', 'close', bar, '--key', 'Z-23'])).toMatchObject([{ answer: { z: 3 } }])
    expect(await lines(['it', 'close', bar, '--inactivity'], 1)).toMatchObject([
      { outcome: 'rejected', error: { code: 'IT_INACTIVITY' } },
    ])
  })

  it('IT-36 every till of a server reports its own days; days that are named go as they are named', async () => {
    on('2026-11-20T18:00:00Z')
    const server = ['--set', 'kind="serverRt"', '--set', 'tills=["00010001","00010002","00010003"]']
    const shop = await openBar('shop', ...server)
    await place.json(['record', shop], 0, sale('S-1', { till: '00010001' }) + sale('S-2', { till: '00010002' }))
    expect((await lines(['it', 'close', shop])).map(({ type }) => type)).toEqual(['it.server-closing'])
    on('2026-11-22T07:00:00Z')
    const one = await lines([
      'it',
      'close',
      shop,
      '--inactivity',
      '--till',
      '00010002',
      '--from',
      '2026-11-21',
      '--to',
      '2026-11-21',
    ])
    expect(one).toMatchObject([{ type: 'it.closing', answer: { z: 2, till: '00010002' } }])
    const rest = await lines(['it', 'close', shop, '--inactivity'])
    expect(rest.map(({ answer }) => answer.till)).toEqual(['00010001', '00010003'])
  })
})

describe('it status', () => {
  it('IT-21 says in words what asks for somebody: the periodic check, the memory', async () => {
    on('2026-11-20T18:00:00Z')
    const bar = await openBar('warned')
    const technician = { taxCode: 'RSSMRA80A01H501U', firm: { country: 'IT', code: '09876543217' } }
    const requests = [
      { type: 'intervention', key: 'I-1', ...technician, code: '06', nextVerificationDue: '2026-12-01' },
      { type: 'memory', key: 'M-1', percent: 91 },
    ]
    await place.json(['record', bar], 0, requests.map((one) => `${JSON.stringify(one)}\n`).join(''))
    const { stdout, code } = await place.sigillo(['it', 'status', bar])
    expect(code).toBe(0)
    expect(stdout).toContain('! IT_MEMORY_90: the detail memory is full to 90 %')
    expect(stdout).toContain('! IT_VERIFICATION_DUE: the periodic check is due within 60 days')
    expect(stdout).not.toContain('see the documentation')
  })
})

describe('it: wrong use', () => {
  it.each([
    [['it', 'enrol', 'BAR'], 'USAGE'],
    [['it', 'activate', 'BAR', '--technician', 'RSSMRA80A01H501U'], 'USAGE'],
    [['it', 'send', 'BAR'], 'USAGE'],
    [['it', 'send', 'BAR', '--replace', '1', '--annul', '2'], 'USAGE'],
    [['it', 'outbox', 'BAR', '--save', '3'], 'USAGE'],
    [['it', 'status', 'NOWHERE'], 'SETTINGS_MISSING'],
    [['it', 'authority', '--style', 'baroque'], 'USAGE'],
    [['it', 'check', 'NOWHERE'], 'USAGE'],
  ])('%j is refused with %s', async (args, code) => {
    const bar = existsSync(place.path('plain')) ? place.path('plain') : await openBar('plain')
    const before = readFileSync(`${bar}.witness.json`, 'utf8')
    const told = args.map((one) => (one === 'BAR' ? bar : one === 'NOWHERE' ? place.path('nowhere') : one))
    expect(await refusal(told)).toBe(code)
    expect(JSON.parse(readFileSync(`${bar}.witness.json`, 'utf8')) as object).toMatchObject({
      queue: (JSON.parse(before) as { queue: string }).queue,
    })
  })

  it('a till of another country is told from an Italian one', async () => {
    const config = { country: 'fr', options: { siret: '12345678900012', legalName: 'Café', address: '1 quai', tillId: 'C1' } }
    await place.json(['init', place.path('cafe'), '--config', place.write('cafe.json', JSON.stringify(config))])
    for (const command of ['status', 'outbox', 'lottery', 'close', 'send'])
      expect(await refusal(['it', command, place.path('cafe')])).toBe('USAGE')
  })
})
