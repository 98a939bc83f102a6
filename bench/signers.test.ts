// The signers' case of the bench in a tiny form: not how fast this machine is, but that its JSON tells what section 22 of the signing specification asks.
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, it } from 'vitest'
import { hostProgram } from '../packages/signer-pkcs11/src/fixtures/shim.js'
import { softHsmModule } from '../packages/signer-pkcs11/src/fixtures/softhsm.js'

interface Row {
  readonly name: string
  readonly value: number
  readonly unit: string
  readonly floor: number | null
  readonly ratio: number | null
  readonly target?: string
  readonly met?: boolean
  readonly also?: readonly { readonly name: string; readonly floor: number; readonly ratio: number }[]
}

interface Report {
  isMet(result: object): boolean | null
  jsonOf(on: object, results: readonly object[]): object
  machine(): object
  tableOf(on: object, results: readonly object[]): string
}
interface Case {
  signers(options: object): Promise<readonly object[]>
}

// The bench is plain JavaScript, so that it runs as it stands.
const load = <T>(path: string): Promise<T> =>
  import(/* @vite-ignore */ fileURLToPath(new URL(path, import.meta.url))) as Promise<T>

describe('bench: signers', () => {
  let report: Report
  beforeAll(async () => {
    report = await load<Report>('report.mjs')
  })

  it('an aim is met or missed by the number it speaks of', () => {
    const of = (target: string, value: number, ratio: number | null = null): boolean | null =>
      report.isMet({ value, ratio, target })
    expect([of('≥ 4,000 /s', 4000, 0.1), of('≥ 4,000 /s', 3999.9, 9)]).toEqual([true, false])
    expect([of('≥ 0.7', 1, 0.7), of('≥ 0.7', 9999, 0.69)]).toEqual([true, false])
    expect([of('≤ 50 ms', 50, 99), of('≤ 50 ms', 51, 0.1), of('≤ 1.3', 99, 1.3)]).toEqual([true, false, true])
    expect([of('< 1000', 1000), of('< 1000', 999)]).toEqual([false, true])
    expect([of('flat', 1, 1), report.isMet({ value: 1, ratio: 1 })]).toEqual([null, null])
  })

  const module = softHsmModule()
  const skipped = module === undefined ? ' (skipped: softhsm2 is not installed)' : ''
  it.skipIf(module === undefined)(
    `S-89 the benchmark's JSON holds each figure of section 22 about signers, its aim, its floor and whether it was met${skipped}`,
    { timeout: 60_000 },
    async () => {
      const results = await (
        await load<Case>('cases/signers.mjs')
      ).signers({ rounds: 1, say: () => undefined, share: 0.01, host: hostProgram() })
      const { machine: on, results: rows } = JSON.parse(JSON.stringify(report.jsonOf(report.machine(), results))) as {
        machine: object
        results: readonly Row[]
      }
      expect(on).toMatchObject({
        cpu: expect.any(String),
        cores: expect.any(Number),
        node: process.version,
        date: expect.any(String),
      })
      const row = (name: string): Row => rows.find((one) => one.name === name) as Row
      const figures: readonly (readonly [name: string, unit: string, target: string, measured: 'value' | 'ratio'])[] = [
        ['signer-software-es256', 'signatures/s', '≥ 4,000 /s', 'value'],
        ['signer-software-rs256', 'signatures/s', '≥ 1,500 /s', 'value'],
        ['signer-pkcs11-rs256', 'signatures/s', '≥ 0.7', 'ratio'],
        ['signer-pkcs11-loop-p99', 'ms', '≤ 50 ms', 'value'],
        ['signer-sam-overhead', 'ms beyond the card', '≤ 10 ms', 'value'],
      ]
      for (const [name, unit, target, measured] of figures) {
        const found = row(name)
        expect([found.unit, found.target]).toEqual([unit, target])
        expect(found.value).toBeGreaterThan(0)
        // A card that answers at once is its own floor; everything else stands beside one.
        if (name !== 'signer-sam-overhead') expect(found.ratio).toBeCloseTo(found.value / (found.floor as number), 6)
        const [least, most] = [target.startsWith('≥'), Number(target.replaceAll(/[^\d.]/g, ''))]
        expect(found.met).toBe(least ? (found[measured] as number) >= most : (found[measured] as number) <= most)
      }
      for (const suite of ['es256', 'rs256', 'isolated-es256', 'isolated-rs256']) {
        const found = row(`signer-pkcs11-${suite}`)
        expect(found.also).toEqual([{ name: 'module, each checked once', floor: expect.any(Number), ratio: expect.any(Number) }])
        expect(found.also?.[0]?.ratio).toBeCloseTo(found.value / (found.also?.[0]?.floor as number), 6)
      }
      const table = report.tableOf(report.machine(), [{ ...row('signer-pkcs11-rs256'), ratio: 0.5 }])
      expect(table).toContain('≥ 0.7 (missed)')
      expect(table).toContain('module, each checked once')
    },
  )
})
