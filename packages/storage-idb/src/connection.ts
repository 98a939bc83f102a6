// The connection to the database: opened when needed, let go when a newer page wants to change its form, opened again when the
// browser closed it. Two object stores: `files`, bytes by path, and `meta`, whose `writer` counts who has held the lock.
import { FiscalError } from '@sigillo/core'
import { asOpeningError, asStorageError, faultName } from './faults.js'
import { unsupported } from './parts.js'

/** Version of the database's form. */
const VERSION = 1
/** Bytes by path. */
export const FILES = 'files'
/** `writer`: number of the newest holder of the lock. */
export const META = 'meta'
/** `lost`: what the browser said when it had found the database damaged and begun a new one. */
export const LOST = 'lost'

/** Runs work in a transaction of its own; a connection lost before it began is opened again, once. */
export interface Connection {
  /** `work` starts its requests at once and gives what is read from them when the transaction is complete. */
  run<T>(mode: IDBTransactionMode, doing: string, work: (transaction: IDBTransaction) => () => T): Promise<T>
  close(): void
}

/** Opens lazily. `waitMs`: how long another page may keep the database from opening. */
export function connect(databases: IDBFactory, name: string, waitMs: number): Connection {
  let open: Promise<IDBDatabase> | undefined
  const database = (): Promise<IDBDatabase> =>
    (open ??= openDatabase(databases, name, waitMs, () => (open = undefined)).catch((error: unknown) => {
      open = undefined
      throw error
    }))
  return {
    run: async (mode, doing, work) => {
      try {
        const transaction = await begin(database, mode, () => (open = undefined))
        return await complete(transaction, work)
      } catch (error) {
        throw asStorageError(error, doing)
      }
    },
    close: () => {
      void open?.then((one) => one.close()).catch(() => undefined)
      open = undefined
    },
  }
}

async function begin(
  database: () => Promise<IDBDatabase>,
  mode: IDBTransactionMode,
  forget: () => void,
): Promise<IDBTransaction> {
  try {
    return start(await database(), mode)
  } catch (error) {
    // Closed between two calls: by a newer page, or by the browser itself.
    if (faultName(error) !== 'InvalidStateError') throw error
    forget()
    return start(await database(), mode)
  }
}

function start(database: IDBDatabase, mode: IDBTransactionMode): IDBTransaction {
  const transaction = database.transaction([FILES, META], mode, { durability: 'strict' })
  if (mode === 'readonly' || transaction.durability === 'strict') return transaction
  transaction.abort()
  throw unsupported(
    'this browser does not say when a write is durable',
    'Use a browser that knows the strict durability of IndexedDB transactions.',
  )
}

function complete<T>(transaction: IDBTransaction, work: (transaction: IDBTransaction) => () => T): Promise<T> {
  return new Promise((resolve, reject) => {
    let result: () => T
    transaction.addEventListener('complete', () => {
      try {
        resolve(result())
      } catch (error) {
        reject(error as Error)
      }
    })
    let stopped: unknown
    transaction.addEventListener('abort', () => reject((stopped ?? transaction.error ?? new Error('aborted')) as Error))
    try {
      result = work(transaction)
    } catch (error) {
      stopped = error
      transaction.abort()
    }
  })
}

function openDatabase(databases: IDBFactory, name: string, waitMs: number, forget: () => void): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    let given = false
    const give = (settle: () => void): void => {
      if (given) return
      given = true
      clearTimeout(timer)
      settle()
    }
    // Another page that holds an older form, or a deletion that waits for it, keeps this request waiting without any event.
    const timer = setTimeout(() => give(() => reject(kept(name))), waitMs)
    let request: IDBOpenDBRequest
    try {
      request = databases.open(name, VERSION)
    } catch (error) {
      return give(() => reject(asOpeningError(error)))
    }
    request.addEventListener('upgradeneeded', (event) => {
      for (const store of [FILES, META]) request.result.createObjectStore(store)
      // Chromium begins anew when it finds its files damaged, and says so here alone. It must not pass for a log that was never there.
      const { dataLoss = 'none', dataLossMessage = '' } = event as {
        readonly dataLoss?: string
        readonly dataLossMessage?: string
      }
      if (dataLoss !== 'none') request.transaction?.objectStore(META).put(`${dataLoss}: ${dataLossMessage}`, LOST)
    })
    request.addEventListener('error', () => give(() => reject(asOpeningError(request.error))))
    request.addEventListener('success', () => {
      const database = request.result
      // Too late: whoever waits for it was told that it failed, and must not be in a later page's way.
      if (given) return database.close()
      // A newer page changes the form, or a person deletes the site's data: neither is to be held up.
      database.addEventListener('versionchange', () => {
        database.close()
        forget()
      })
      database.addEventListener('close', forget)
      give(() => resolve(database))
    })
  })
}

function kept(name: string): FiscalError {
  return new FiscalError('OFFLINE_LOCKED', {
    message: `another page keeps the database ${name} from opening`,
    remedy: 'Close the other tabs and windows of this till, then open it again.',
  })
}
