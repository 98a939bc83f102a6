// vectors/fr holds what any implementation must produce: data strings in both signing profiles, VAT, amounts at the border. The
// files are written by scripts/vectors-fr.mjs, which shares no code with this library.
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { sha256Hex } from '@sigillo/core'
import { describe, expect, it } from 'vitest'
import { dataString, type DataContext } from './data-string.js'
import { cents } from './money.js'
import type { ChainType } from './profiles.js'
import { computeVat } from './vat.js'

interface Case<Input, Result> {
  readonly id: string
  readonly comment: string
  readonly flags: readonly string[]
  readonly input: Input
  readonly result: Result
}

function load<Input, Result>(name: string): Case<Input, Result>[] {
  const path = fileURLToPath(new URL(`../../../vectors/fr/${name}.json`, import.meta.url))
  return (JSON.parse(readFileSync(path, 'utf8')) as { tests: Case<Input, Result>[] }).tests
}

interface DataStringInput {
  readonly type: ChainType
  readonly payload: Record<string, unknown>
  readonly context: DataContext
  readonly previous?: string
  readonly school?: boolean
  readonly claimed?: string
}

describe('vectors/fr/data-strings.json', () => {
  it.each(
    load<DataStringInput, { ds?: string; sha256?: string; accepted?: boolean }>('data-strings').map(
      (test) => [test.id, test] as const,
    ),
  )('FR-13 %s', (_, { input, result }) => {
    const { type, payload, context, previous, school, claimed } = input
    const ds = dataString(type, payload, context, previous === undefined ? undefined : { sig: previous }, school)
    if (claimed !== undefined) expect(ds === claimed).toBe(result.accepted)
    else expect({ ds, sha256: sha256Hex(ds) }).toEqual(result)
  })
})

describe('vectors/fr/vat.json', () => {
  it.each(
    load<
      { lines: { ttc: number; rate: number }[] },
      { lines?: number[]; vat?: Record<string, number>; accepted?: boolean } & { claimed?: Record<string, number> }
    >('vat').map((test) => [test.id, test] as const),
  )('FR-28 %s', (_, test) => {
    const { input, result } = test
    const { lines, rates } = computeVat(input.lines)
    const vat = Object.fromEntries(Object.entries(rates).map(([rate, amounts]) => [rate, amounts.vat]))
    if (result.accepted === false) expect(vat).not.toEqual((input as { claimed?: object }).claimed)
    else expect({ lines: lines.map((line) => line.vat), vat }).toEqual({ lines: result.lines, vat: result.vat })
  })
})

describe('vectors/fr/amounts.json', () => {
  it.each(
    load<{ amount: number | string }, { accepted: boolean; cents?: number; code?: string }>('amounts').map(
      (test) => [test.id, test] as const,
    ),
  )('FR-07 %s', (_, { input, result }) => {
    let out: object
    try {
      out = { accepted: true, cents: cents(input.amount, 'amount') }
    } catch (error) {
      out = { accepted: false, code: (error as { code: string }).code }
    }
    expect(out).toEqual(result)
  })
})
