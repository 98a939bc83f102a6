// What every store of the off-line log must do (france 13.2), as named cases that know no test runner. Each case gets a place of its own.
import type { OfflineStore } from '@sigillo/core/offline'
import type { KitCase } from './check.js'
import { fileCases } from './offline-kit-files.js'
import { tillCases } from './offline-kit-till.js'

/** A fresh, empty place for a log and the ways to it. */
export interface OfflinePlace {
  readonly store: OfflineStore
  /** The same place through a new object, as another process or page would see it; by default the same object. */
  readonly again?: () => Promise<OfflineStore>
  /** Leaves no space for another file of 64 KiB until the returned function is called. */
  readonly fill?: () => Promise<() => Promise<void>>
  /** Removes the place. */
  readonly dispose?: () => Promise<void>
}

/** A case before it has a place. */
export interface OfflineCase {
  readonly name: string
  /** The case needs a place that can be filled. */
  readonly full?: true
  readonly run: (place: Required<Omit<OfflinePlace, 'dispose'>>) => Promise<void>
}

/**
 * The cases every off-line store passes. `open` gives an empty place each time it is called. The cases about a full medium are
 * there with `full: true` alone: the place must then have `fill`.
 * @example
 * for (const { name, run } of offlineKit(async () => ({ store: memoryOfflineStore() }))) it(name, run)
 */
export function offlineKit(open: () => Promise<OfflinePlace>, options: { readonly full?: boolean } = {}): readonly KitCase[] {
  return [...fileCases, ...tillCases]
    .filter(({ full }) => full === undefined || options.full === true)
    .map(({ name, run }) => ({
      name,
      run: async () => {
        const { store, again = async () => store, fill = unfillable, dispose } = await open()
        try {
          await run({ store, again, fill })
        } finally {
          await dispose?.()
        }
      },
    }))
}

function unfillable(): Promise<never> {
  return Promise.reject(new Error('this place cannot be filled'))
}
