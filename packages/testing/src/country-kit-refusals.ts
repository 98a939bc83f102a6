// Country kit: refusals leave no trace and name what is wrong.
import { canonical } from '@sigillo/core'
import { check, checkSame } from './check.js'
import { worked, type CountryCase } from './country-bench.js'
import type { AnyRequest } from './country-drive.js'

/** Cases about what is refused. */
export const refusalCases: readonly CountryCase[] = [
  {
    name: 'country: unknown types and members, fractions and other shapes are refused with a path, and nothing is recorded',
    run: async (bench) => {
      const { queue } = await worked(bench)
      const head = queue.head()
      const odd = bench.requests.flatMap((request, i) => [
        { ...request, key: `kit-odd-${i}`, kitUnknownMember: 1 },
        { ...request, key: `kit-type-${i}`, type: 'kit.unknown' },
        ...numberPaths(request).map((path, j) => withFraction({ ...request, key: `kit-fraction-${i}-${j}` }, path)),
      ])
      for (const request of [...odd, {}, { type: 1 }]) {
        const outcome = await queue.record(request)
        check(outcome.outcome === 'rejected', `was not refused: ${JSON.stringify(request).slice(0, 200)}`)
        check(outcome.error.kind === 'input', `refused as ${outcome.error.kind}, not as input: ${outcome.error.message}`)
        check(
          outcome.error.path !== undefined || Object.keys(request).length === 0,
          `refused without a path: ${outcome.error.message}`,
        )
      }
      checkSame(queue.head(), head, 'head after the refusals')
      await queue.close()
    },
  },
  {
    name: 'country: what it refuses, it refuses with its code, and nothing is recorded',
    run: async (bench) => {
      const { queue } = await worked(bench)
      for (const { request, code } of bench.refused ?? []) {
        const [head, totals] = [queue.head(), canonical(queue.totals())]
        const outcome = await queue.record(request)
        check(outcome.outcome === 'rejected', `${code}: ${JSON.stringify(request).slice(0, 200)} was not refused`)
        check(
          outcome.error.code === code || outcome.error.national === code,
          `expected ${code}, got ${outcome.error.code}: ${outcome.error.message}`,
        )
        checkSame([queue.head(), canonical(queue.totals())], [head, totals], `${code}: head and totals`)
      }
      await queue.close()
    },
  },
]

// Paths of numbers in a request.
function numberPaths(value: unknown, path: readonly string[] = []): (readonly string[])[] {
  if (typeof value === 'number') return [path]
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([name, member]) => numberPaths(member, [...path, name]))
}

function withFraction(request: AnyRequest, path: readonly string[]): AnyRequest {
  const copy = structuredClone(request) as Record<string, unknown>
  let target = copy
  for (const name of path.slice(0, -1)) target = target[name] as Record<string, unknown>
  target[path.at(-1) as string] = (target[path.at(-1) as string] as number) + 0.5
  return copy
}
