// The whole journals of vectors/core/journals.json, sound and damaged, against core's verifier: verdict and exact findings (FORMAT 5, 19).
import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { concat, fromHex, utf8 } from './bytes.js'
import type { JsonObject } from './canonical.js'
import type { PublicJwk } from './crypto-contract.js'
import { verifyChunks, type HeadStatement, type Start, type TreeStatement, type VerifyOptions } from './verify/index.js'

interface Given {
  readonly lines: readonly string[]
  readonly keys?: readonly PublicJwk[]
  readonly endorsers?: readonly PublicJwk[]
  readonly witness?: HeadStatement
  readonly notes?: readonly TreeStatement[]
  readonly continues?: boolean
  readonly start?: { readonly genesis: string; readonly profile: string; readonly segBits: number; readonly state: JsonObject }
  readonly purge?: { readonly floor: number; readonly frontier: readonly string[]; readonly last: string }
}
interface Test {
  readonly id: string
  readonly comment: string
  readonly input: Given
  readonly result: {
    readonly verdict: 'sound' | 'unsound'
    readonly findings: readonly { readonly seq: number; readonly code: string; readonly severity: string }[]
  }
}

const file = JSON.parse(readFileSync(new URL('../../../vectors/core/journals.json', import.meta.url), 'utf8')) as {
  readonly pool: Readonly<Record<string, string | { readonly hex: string }>>
  readonly tests: readonly Test[]
}

// A line as text gets its line feed here; bytes stand as they are.
function bytesOf(name: string): Uint8Array {
  const line = file.pool[name]
  if (line === undefined) return expect.unreachable(`line ${name} is not in the pool`)
  return typeof line === 'string' ? utf8(`${line}\n`) : concat(fromHex(line.hex) as Uint8Array, utf8('\n'))
}

function startOf({ start, purge }: Given): Start | undefined {
  if (purge !== undefined) return { seq: purge.floor - 1, hash: purge.last, frontier: purge.frontier }
  if (start === undefined) return undefined
  const head = start.state['head'] as { seq: number; hash: string }
  return { ...head, ...start }
}

function optionsOf(given: Given): VerifyOptions {
  const { keys, endorsers, witness, notes, continues } = given
  const start = startOf(given)
  return {
    ...(keys !== undefined && { offeredKeys: keys }),
    ...(endorsers !== undefined && { endorserKeys: endorsers }),
    ...(witness !== undefined && { witnesses: [witness] }),
    ...(notes !== undefined && { notes }),
    ...(continues !== undefined && { continues }),
    ...(start !== undefined && { start }),
  }
}

it('has far more damaged journals than sound ones', () => {
  expect(file.tests.filter(({ result }) => result.verdict === 'unsound').length).toBeGreaterThan(200)
})

it.each(file.tests)('J-04 J-05 J-06 J-12 J-13 journal $id: $comment', async ({ input, result }) => {
  const report = await verifyChunks([{ bytes: concat(...input.lines.map(bytesOf)) }], { ...optionsOf(input), bytesExpected: 0 })
  expect(report.findings.map(({ seq, code, severity }) => ({ seq: seq ?? -1, code, severity }))).toEqual(result.findings)
  expect(report.sound).toBe(result.verdict === 'sound')
})
