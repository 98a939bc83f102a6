// What this package asks of a browser: databases, locks and the storage manager. Each may be missing or refused, and is then named.
import { FiscalError } from '@sigillo/core'

/** The parts of a browser. Those of this page or worker by default. */
export interface BrowserParts {
  readonly databases: IDBFactory
  readonly locks: LockManager
  /** Tells of space and of what the browser may delete; missing in old browsers, then the health says so. */
  readonly storage?: StorageManager
}

/** The parts of this page or worker. @throws FiscalError STORAGE_UNSUPPORTED when the browser has or gives no database or lock */
export function browserParts(): BrowserParts {
  const { databases, locks, storage } = { databases: ownDatabases(), ...ownNavigator() }
  if (databases === undefined) {
    throw unsupported(
      'this browser keeps no databases here',
      'Leave the private window, or allow this site to keep data; without it no receipt can be kept off line.',
    )
  }
  if (locks === undefined) {
    throw unsupported(
      'this page has no Web Locks, so two tabs could write one log',
      'Serve the till over HTTPS (or from localhost) to a current browser.',
    )
  }
  return { databases, locks, ...(storage !== undefined && { storage }) }
}

// Reading the property itself throws where site data are blocked.
function ownDatabases(): IDBFactory | undefined {
  try {
    return (globalThis as { readonly indexedDB?: IDBFactory | null }).indexedDB ?? undefined
  } catch {
    return undefined
  }
}

function ownNavigator(): { readonly locks?: LockManager | undefined; readonly storage?: StorageManager | undefined } {
  const { navigator } = globalThis as { readonly navigator?: Partial<Pick<Navigator, 'locks' | 'storage'>> }
  return { locks: navigator?.locks, storage: navigator?.storage }
}

/** The refusal of a browser that cannot keep what a till needs. */
export function unsupported(message: string, remedy: string, cause?: unknown): FiscalError {
  return new FiscalError('STORAGE_UNSUPPORTED', { message, remedy, ...(cause !== undefined && { cause }) })
}
