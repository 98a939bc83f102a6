// vectors/it holds what any implementation must produce: figures of closings, tax identifiers. The files are written by
// scripts/vectors-it.mjs, which shares no code with this library.
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { canonical } from '@sigillo/core'
import { parseVectors } from '@sigillo/testing'
import { describe, expect, it } from 'vitest'
import { rowOf } from './figures.js'
import type { Accumulators } from './state.js'
import { taxCode, vatNumber } from './tax-id.js'

const load = <Input, Result>(name: string): ReturnType<typeof parseVectors<Input, Result>> =>
  parseVectors<Input, Result>(readFileSync(fileURLToPath(new URL(`../../../vectors/it/${name}.json`, import.meta.url)), 'utf8'))

describe('vectors/it', () => {
  it('closings.json: figures come out, claimed ones do not', () => {
    const { tests } = load<{ group: string; accumulators: Accumulators; claimed?: object }, object>('closings')
    expect(tests.length).toBeGreaterThan(150)
    for (const { id, flags, input, result } of tests) {
      const row = rowOf(input.group, input.accumulators)
      if (flags.includes('valid')) expect(row, id).toEqual(result)
      else expect(canonical(row), id).not.toBe(canonical(input.claimed ?? {}))
    }
  })

  it('IT-59 identifiers.json: right ones are read, wrong ones refused', () => {
    const { tests } = load<{ value: string }, { accepted: boolean; value?: string }>('identifiers')
    expect(tests.length).toBeGreaterThan(100)
    for (const { id, flags, input, result } of tests) {
      const read = flags.includes('vat') ? vatNumber(input.value) : taxCode(input.value)
      expect(read, id).toBe(result.value)
      expect(read !== undefined, id).toBe(result.accepted)
    }
  })
})
