// The bare country passes the kit every country passes, and countries with one thing wrong do not.
import { describe, expect, it } from 'vitest'
import { bareCountry, countryKit, type CountryKitOptions } from './index.js'

const sample: Omit<CountryKitOptions, 'country'> = {
  requests: [
    { type: 'ticket', key: 'A-1', amount: 1250 },
    {
      type: 'ticket',
      key: 'A-2',
      amount: '3.50',
      lines: [
        { text: 'tea', amount: 150 },
        { text: 'cake', amount: '2' },
      ],
    },
    { type: 'invoice', key: 'B-1', amount: 9900, events: 2 },
    { type: 'ticket', key: 'A-3', amount: -1250, of: 'A-1' },
    { type: 'closing', key: 'Z-1', events: 1 },
    { type: 'ticket', key: 'A-4', amount: 1 },
    { type: 'closing', key: 'Z-2' },
  ],
  refused: [
    { request: { type: 'invoice', key: 'B-9', amount: -1 }, code: 'XX_INVOICE_NEGATIVE' },
    { request: { type: 'ticket', key: 'A-9', amount: 5, of: 'nothing' }, code: 'XX_ORIGINAL_MISSING' },
    { request: { type: 'ticket', key: 'A-1', amount: 5 }, code: 'XX_KEY_REUSED' },
    { request: { type: 'ticket', key: 'A-8', amount: '10.005' }, code: 'REQUEST_INVALID' },
    { request: { type: 'ticket', key: 'A-7', amount: 10, lines: [{ text: 'a', amount: 9 }] }, code: 'REQUEST_INVALID' },
  ],
}
const good = bareCountry({ refunds: true })

describe('the bare country', () => {
  for (const { name, run } of countryKit({ ...sample, country: () => bareCountry({ refunds: true }) })) it(name, run)
})
describe('the bare country with notices', () => {
  for (const { name, run } of countryKit({ ...sample, country: () => bareCountry({ refunds: true, notices: true }) }))
    it(name, run)
})

async function failing(spoilt: CountryKitOptions['country']): Promise<string> {
  const failed: string[] = []
  for (const { name, run } of countryKit({ ...sample, country: spoilt }))
    await run().catch((error: Error) => failed.push(`${name}: ${error.message}`))
  return failed.join('\n')
}

describe('the country kit notices', () => {
  it('a clock', async () => {
    expect(
      await failing(() => ({ ...good, print: (record) => [...good.print(record), { kind: 'text', text: String(Date.now()) }] })),
    ).toContain('the clock was read')
  })
  it('chance in what is sealed', async () => {
    const decide: typeof good.decide = (state, request, context) => {
      const decision = good.decide(state, request, context)
      const drafts = decision.drafts.map((draft) => ({
        ...draft,
        write: (place: never) => ({ payload: { lucky: Math.floor(Math.random() * 1e9), ...draft.write(place).payload } }),
      }))
      return { ...decision, drafts }
    }
    const text = await failing(() => ({ ...good, decide }))
    expect(text).toContain('chance was read')
    expect(text).toContain('same bytes')
  })
  it('a decision that changes the state', async () => {
    const decide: typeof good.decide = (state, request, context) => {
      state.gt += 1n
      return good.decide(state, request, context)
    }
    expect(await failing(() => ({ ...good, decide }))).toContain('deciding changes no state')
  })
  it('totals that forget something', async () => {
    const totals: typeof good.totals = (state) => ({ ...good.totals(state), gt: '0' })
    expect(await failing(() => ({ ...good, totals }))).toContain('J-41')
  })
  it('a schema that lets unknown members pass', async () => {
    const parse: typeof good.parse = ({ kitUnknownMember: _unknown, ...input }) => good.parse(input)
    expect(await failing(() => ({ ...good, parse }))).toContain('unknown types and members')
  })
  it('types that are core’s', async () => {
    const decide: typeof good.decide = (state, request, context) => {
      const { drafts, ...rest } = good.decide(state, request, context)
      return { ...rest, drafts: drafts.map((draft) => (draft.type === 'event' ? { ...draft, type: 'key.event' } : draft)) }
    }
    expect(await failing(() => ({ ...good, decide }))).toContain('types are its own')
  })
  it('an auditor that falls over hostile content', async () => {
    const auditor = () => ({
      ...(good.auditor as NonNullable<typeof good.auditor>)(),
      next: ({ payload }: { payload: unknown }) => ((payload as { a: { b: string } }).a.b, []),
    })
    expect(await failing(() => ({ ...good, auditor }))).toContain('hostile content')
  })
})
