// What every country must do (country.ts, style 3 "Add a country"), as named cases that know no test runner. The country brings sample
// requests; the kit asks for the properties, never for a rule of the law.
import type { KitCase } from './check.js'
import type { CountryKitOptions } from './country-bench.js'
import { repeatingKey } from './country-drive.js'
import { auditCases } from './country-kit-audit.js'
import { pureCases } from './country-kit-pure.js'
import { queueCases } from './country-kit-queue.js'
import { refusalCases } from './country-kit-refusals.js'
import { kitKey, type KitKey } from './kit-journal.js'

const START = '2026-01-02T09:00:00.000Z'
/**
 * The cases every country passes.
 * @example
 * for (const { name, run } of countryKit({ country: () => bareCountry(), requests })) it(name, run)
 */
export function countryKit(options: CountryKitOptions): readonly KitCase[] {
  let key: Promise<KitKey> | undefined
  return [...queueCases, ...pureCases, ...refusalCases, ...auditCases].map(({ name, run }) => ({
    name,
    run: async () => {
      key ??= kitKey().then(repeatingKey)
      const startMs = Date.parse(options.start ?? START)
      await run({ ...options, key: await key, startMs, step: options.stepMs ?? 60_000 })
    },
  }))
}
