// Properties of the arithmetic: nothing is lost between gross, base, tax and components.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cash, card, line, openDevice } from './device.fixture.js'
import { partialOf, rowOf } from './figures.js'
import { partsOf } from './groups.js'
import { baseOf, cents, MAX_CENTS, printed, split, wire } from './money.js'
import { ACCUMULATORS, emptyAccumulators } from './state.js'

const runs = { numRuns: Number(process.env['SIGILLO_RUNS'] ?? 200) }

describe('arithmetic', () => {
  it('IT-24 gross 2,570.20 at 10 % gives 2336.55 and 233.65', () => {
    expect(rowOf('1000', { ...emptyAccumulators(), sales: 257020 })).toMatchObject({ partial: 233655, tax: 23365 })
  })

  it('IT-12 amounts print exactly: no artefact, no negative zero', () => {
    expect(wire(cents('0.1', 'a') + cents('0.2', 'a'))).toBe('0.30')
    expect(wire(cents('99999999999.99', 'a'))).toBe('99999999999.99')
    expect([wire(-1), wire(0), wire(-0), wire(-12345), printed(-5)]).toEqual(['-0.01', '0.00', '0.00', '-123.45', '-0,05'])
    for (const bad of ['1.005', '1e3', ' 1', '+1', '', 'NaN', '100000000000.00', '1,00'])
      expect(() => cents(bad, 'a')).toThrow(expect.objectContaining({ code: 'IT_AMOUNT' }))
    for (const bad of [0.1, Number.NaN, Infinity, MAX_CENTS + 1])
      expect(() => cents(bad, 'a')).toThrow(expect.objectContaining({ code: 'IT_AMOUNT', path: 'a' }))
  })

  it('IT-27 base and tax add up to the partial gross; components match the amount within a cent each', () => {
    const amount = fc.integer({ min: 0, max: 10_000_000 })
    const accumulators = fc.record(
      Object.fromEntries(ACCUMULATORS.map((name) => [name, amount])) as Record<(typeof ACCUMULATORS)[number], typeof amount>,
    )
    fc.assert(
      fc.property(accumulators, fc.constantFrom('2200', '1000', '500', '400', '1', '10000', 'N4', 'VI'), (given, group) => {
        const row = rowOf(group, given)
        expect(row.partial + (row.tax ?? 0)).toBe(partialOf(given))
        const parts = [row.partial, row.returns, row.voids, row.suspended, row.services, row.invoice, row.health].filter(
          (part) => part !== undefined,
        )
        expect(Math.abs(parts.reduce((sum, part) => sum + part, 0) - row.amount)).toBeLessThanOrEqual(parts.length)
        for (const value of Object.values(row)) expect(Object.is(value, -0)).toBe(false)
        expect(partsOf(group).rateBp === undefined).toBe(row.tax === undefined)
      }),
      runs,
    )
  })

  it('base is the nearest cent, half away from zero, at any size', () => {
    fc.assert(
      fc.property(fc.integer({ min: -MAX_CENTS, max: MAX_CENTS }), fc.integer({ min: 1, max: 10_000 }), (gross, rate) => {
        const [numerator, denominator] = [BigInt(gross) * 10_000n, BigInt(10_000 + rate)]
        const error = 2n * (BigInt(baseOf(gross, rate)) * denominator - numerator)
        const magnitude = error < 0n ? -error : error
        expect(magnitude <= denominator).toBe(true)
        if (magnitude === denominator)
          expect(Math.abs(baseOf(gross, rate)) * Number(denominator)).toBeGreaterThan(Math.abs(Number(numerator)))
      }),
      runs,
    )
  })

  it('IT-28 a split adds up to the cent and does not depend on the order of lines', () => {
    expect(
      split(1000, [
        { weight: 15000, rank: 1 },
        { weight: 5000, rank: 2 },
        { weight: 10000, rank: 3 },
      ]),
    ).toEqual([500, 167, 333])
    const share = fc.record({ weight: fc.integer({ min: 0, max: 1_000_000 }), rank: fc.integer({ min: 0, max: 40 }) })
    fc.assert(
      fc.property(
        fc.integer({ min: -1_000_000, max: 1_000_000 }),
        fc.uniqueArray(share, { minLength: 1, maxLength: 12, selector: ({ rank }) => rank }),
        (amount, shares) => {
          fc.pre(shares.some(({ weight }) => weight > 0))
          const parts = split(amount, shares)
          expect(parts.reduce((sum, part) => sum + part, 0)).toBe(amount)
          const turned = split(amount, [...shares].reverse()).reverse()
          expect(turned).toEqual(parts)
          for (const [i, { weight }] of shares.entries()) if (weight === 0) expect(parts[i]).toBe(0)
        },
      ),
      runs,
    )
  })

  it('IT-29 cash is rounded only when everything is cash', async () => {
    const device = await openDevice({ cashRounding: true })
    const lines = (amount: number): object[] => [line(amount, 2200)]
    expect((await device.sell(lines(30002), [cash(30000)])).record.payload).toMatchObject({
      cash: 30000,
      discount: 2,
      rounding: -2,
      total: 30002,
    })
    expect((await device.sell(lines(30009), [cash(30010)])).record.payload).toMatchObject({
      cash: 30010,
      discount: 0,
      rounding: 1,
      total: 30009,
    })
    expect((await device.sell(lines(30002), [cash(30001), card(1)])).record.payload).toMatchObject({
      cash: 30001,
      electronic: 1,
      discount: 0,
      rounding: 0,
    })
    expect(await device.refused({ type: 'sale', lines: lines(30002), payments: [cash(29999), card(1)] })).toMatchObject({
      code: 'IT_PAYMENTS',
    })
    expect(
      await device.refused({ type: 'sale', lines: lines(30002), payments: [cash(30000), card(1)], rounding: -1 }),
    ).toMatchObject({ code: 'IT_ROUNDING', path: 'rounding' })
    expect(await device.refused({ type: 'sale', lines: lines(30003), payments: [cash(30000)], rounding: -3 })).toMatchObject({
      code: 'IT_ROUNDING',
    })
    for (const [total, kept] of [
      [1, 0],
      [2, 0],
      [3, 5],
      [4, 5],
      [5, 5],
      [6, 5],
      [7, 5],
      [8, 10],
      [9, 10],
    ] as const) {
      expect((await device.sell(lines(100 + total), [cash(200)])).record.payload).toMatchObject({
        cash: 100 + kept,
        change: 100 - kept,
      })
    }
  })

  it('IT-30 a gift keeps its VAT, lowers what is paid and appears as gift', async () => {
    const device = await openDevice()
    const sale = await device.sell([line(1220, 2200), line(1220, 2200), line(1220, 2200, { kind: 'gift' })], [cash(1220)])
    expect(sale.record.payload).toMatchObject({ total: 1220, groups: [{ gross: 1220, sales: 2440, gifts: 1220 }] })
    expect((await device.close()).rows).toEqual([{ group: '2200', tax: 440, amount: 2000, partial: 2000, gifts: 1000 }])
  })

  it('IT-33 grand totals never decrease, and the totals of all closings add up to them', async () => {
    const device = await openDevice()
    let [gross, before] = [0, 0]
    for (const amount of [1220, 610, 2440]) {
      const sale = await device.sell([line(amount, 2200)], [cash(amount)])
      if (amount === 610) await device.ok({ type: 'void', reference: { key: sale.key } })
      const { grand, accumulators } = await device.close()
      gross += accumulators['2200']!.sales
      expect(grand.sales).toBeGreaterThanOrEqual(before)
      before = grand.sales
    }
    expect(device.state().tills['']!.grand).toEqual({ sales: gross, returns: 0, voids: 610 })
  })
})
