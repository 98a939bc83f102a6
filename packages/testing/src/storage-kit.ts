// What every storage must do (FORMAT 18), as named cases that know no test runner. Each case gets a place of its own.
import type { KitCase } from './check.js'
import { kitKey, type KitKey } from './kit-journal.js'
import { benchOf, type KitPlace } from './storage-bench.js'
import { appendCases } from './storage-kit-append.js'
import { besidesCases } from './storage-kit-besides.js'
import { openCases } from './storage-kit-open.js'
import { readCases } from './storage-kit-read.js'

/**
 * The cases every storage passes. `open` gives an empty place each time it is called.
 * @example
 * for (const { name, run } of storageKit(async () => ({ storage: memoryStorage() }))) it(name, run)
 */
export function storageKit(open: () => Promise<KitPlace>): readonly KitCase[] {
  let key: Promise<KitKey> | undefined
  return [...openCases, ...appendCases, ...readCases, ...besidesCases].map(({ name, run }) => ({
    name,
    run: async () => {
      const place = await open()
      try {
        await run(benchOf(place, await (key ??= kitKey())))
      } finally {
        await place.dispose?.()
      }
    },
  }))
}
