import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cents, decimal, priceOf, roundDiv, vatInside } from './money.js'
import { computeVat, breakdown } from './vat.js'

const code = (run: () => unknown): string => {
  try {
    run()
  } catch (error) {
    return (error as { code: string }).code
  }
  return 'accepted'
}

describe('money', () => {
  it('FR-07 three decimals are refused, "0.30" is 30 cents, fractions of numbers are refused', () => {
    expect(code(() => cents('10.005', 'a'))).toBe('FR_AMOUNT_PRECISION')
    expect(cents('0.30', 'a')).toBe(30)
    expect(cents('30', 'a')).toBe(3000)
    expect(cents(30, 'a')).toBe(30)
    expect(cents('-0.00', 'a')).toBe(0)
    for (const bad of [0.1 + 0.2, Number.NaN, Infinity, 2 ** 60]) expect(code(() => cents(bad, 'a'))).toBe('REQUEST_INVALID')
    for (const bad of ['', '1e3', ' 1', '1,5', '+1', '.5', '1.', '--1', '0x1'])
      expect(code(() => cents(bad, 'a'))).toBe('REQUEST_INVALID')
  })
  it('reads quantities and prices exactly', () => {
    expect(decimal('1.5', 4, 'q')).toBe(15_000)
    expect(priceOf(15_000, 1_234_567)).toBe(185)
    expect(priceOf(-15_000, 1_234_567)).toBe(-185)
  })
  it('rounds half away from zero, symmetrically', () => {
    fc.assert(
      fc.property(fc.bigInt(-(10n ** 15n), 10n ** 15n), fc.bigInt(1n, 10n ** 6n), (n, d) => {
        const rounded = BigInt(roundDiv(n, d))
        expect(roundDiv(-n, d)).toBe(rounded === 0n ? 0 : Number(-rounded))
        const twice = 2n * (n - rounded * d)
        expect(twice <= d && twice >= -d).toBe(true)
        if (twice === d || twice === -d) expect(n < 0n ? rounded * d < n : rounded * d > n).toBe(true)
      }),
    )
  })
})

describe('VAT', () => {
  it.each([
    [420, 550, 22, 398],
    [999, 2000, 167, 832],
    [-999, 2000, -167, -832],
    [3, 2000, 1, 2],
    [210, 210, 4, 206],
    [1000, 850, 78, 922],
    [1000, 1300, 115, 885],
    [1000, 90, 9, 991],
  ])('FR-28 of %i cents at %i is %i, net %i', (ttc, rate, vat, ht) => {
    expect(vatInside(ttc, rate)).toBe(vat)
    expect(computeVat([{ ttc, rate }]).rates[rate]).toEqual({ ttc, vat, ht })
  })
  it('FR-29 three lines share 1.67 as 0.56, 0.55, 0.56; the refund mirrors it', () => {
    const lines = [333, 333, 334].map((ttc) => ({ ttc, rate: 2000 }))
    expect(computeVat(lines).lines.map(({ vat }) => vat)).toEqual([56, 55, 56])
    expect(computeVat(lines.map(({ ttc, rate }) => ({ ttc: -ttc, rate }))).lines.map(({ vat }) => vat)).toEqual([-56, -55, -56])
  })
  const taxed = fc.array(
    fc.record({
      ttc: fc.integer({ min: -5_000_000, max: 5_000_000 }),
      rate: fc.constantFrom(0, 90, 105, 175, 210, 550, 850, 1000, 1300, 2000),
    }),
    { minLength: 1, maxLength: 30 },
  )
  it('7.4 lines sum to their rate, shares are within a cent, refunds mirror', () => {
    fc.assert(
      fc.property(taxed, (lines) => {
        const { lines: shares, rates } = computeVat(lines)
        const mirrored = computeVat(lines.map(({ ttc, rate }) => ({ ttc: -ttc, rate })))
        for (const [rate, sum] of Object.entries(rates)) {
          const own = shares.filter((_, i) => String(lines[i]?.rate) === rate)
          expect(own.reduce((total, { vat }) => total + vat, 0)).toBe(sum.vat)
          expect(own.reduce((total, { ht }) => total + ht, 0)).toBe(sum.ht)
          expect(sum.vat).toBe(roundDiv(BigInt(sum.ttc) * BigInt(rate), 10_000n + BigInt(rate)))
        }
        shares.forEach(({ ttc, vat }, i) => {
          const rate = lines[i]?.rate ?? 0
          expect(Math.abs(vat - (ttc * rate) / (10_000 + rate))).toBeLessThanOrEqual(1)
          expect(mirrored.lines[i]?.vat).toBe(vat === 0 ? 0 : -vat)
        })
      }),
    )
  })
  it('7.5 supplied VAT is accepted within a cent per line and then shared out', () => {
    const lines = [333, 333, 334].map((ttc) => ({ ttc, rate: 2000 }))
    const { rates, lines: shares } = computeVat(lines, new Map([[2000, 170]]))
    expect(rates['2000']).toEqual({ ttc: 1000, vat: 170, ht: 830 })
    expect(shares.reduce((sum, { vat }) => sum + vat, 0)).toBe(170)
    expect(code(() => computeVat(lines, new Map([[2000, 171]])))).toBe('FR_VAT_MISMATCH')
    expect(code(() => computeVat(lines, new Map([[1000, 1]])))).toBe('FR_VAT_MISMATCH')
    expect(computeVat([{ ttc: 999, rate: 2000 }], new Map([[2000, 166]])).rates['2000']?.vat).toBe(166)
  })
  it('breakdown lists rates descending, also those that cancel out', () => {
    expect(
      breakdown(
        computeVat([
          { ttc: 420, rate: 550 },
          { ttc: 1, rate: 2000 },
          { ttc: -1, rate: 2000 },
          { ttc: 5, rate: 0 },
        ]).rates,
      ),
    ).toBe('2000:0|0550:420|0000:5')
    expect(breakdown({})).toBe('0000:0')
  })
})
