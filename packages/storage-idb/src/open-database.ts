// The off-line log of one till in a database of the browser (france 13.2). A call that writes answers when the browser has said that
// its transaction is complete under strict durability, and each transaction is whole or absent.
import { isFiscalError } from '@sigillo/core'
import { offlinePath, type OfflineStore } from '@sigillo/core/offline'
import { connect } from './connection.js'
import {
  checkWriter,
  createFile,
  forgetLoss,
  listFolder,
  moveFile,
  nextWriter,
  readFile,
  readLoss,
  replaceFile,
  type Result,
} from './files.js'
import { askToKeep, dataLost, lookAt, type HealthWarning, type OfflineHealth } from './health.js'
import { takeLock } from './lock.js'
import { browserParts, type BrowserParts } from './parts.js'

/** How a database is opened. */
export interface OfflineDatabaseOptions {
  /** Told when the browser refuses to promise that it keeps the data, and when it has lost them. */
  readonly onWarning?: (warning: HealthWarning) => void
  /** Milliseconds a page that is being left may need to let go of the lock; default 1,000. */
  readonly lockWaitMs?: number
  /** Milliseconds another page may keep the database from opening; default 5,000. */
  readonly openWaitMs?: number
  readonly parts?: BrowserParts
}

/** The log of one till in the browser. */
export interface OfflineDatabase extends OfflineStore {
  /** Whether the browser keeps its data, and how much space is left. */
  health(): Promise<OfflineHealth>
  /** A person has seen that the browser lost data (`DATA_LOST`). */
  acknowledgeLoss(): Promise<void>
  /** Lets go of the database. Calls after it open it again. */
  close(): void
}

/**
 * A browser's database as the store of one till's off-line log; `name` is the till's, each till has a database of its own. Asks the
 * browser to keep the site's data.
 * @throws FiscalError STORAGE_UNSUPPORTED when the browser has no databases, no locks or no strict durability for this page;
 * OFFLINE_LOCKED when another page keeps the database from opening; FORMAT_UNSUPPORTED when a newer version of this package wrote it
 * @example
 * openTill({ offline: { store: await openOfflineDatabase('CAISSE-01') }, … })
 */
export async function openOfflineDatabase(name: string, options: OfflineDatabaseOptions = {}): Promise<OfflineDatabase> {
  const { parts = browserParts(), lockWaitMs = 1000, openWaitMs = 5000 } = options
  const place = `sigillo-offline/${offlinePath(name).join('/')}`
  const connection = connect(parts.databases, place, openWaitMs)
  // The number under which this object holds the lock: a write of one who lost it fails inside its own transaction.
  let writer: number | undefined
  const read = <T>(work: (transaction: IDBTransaction) => Result<T>): Promise<T> =>
    connection.run('readonly', 'cannot be read', work)
  const write = async (work: (transaction: IDBTransaction) => Result<void>): Promise<void> => {
    let refusal: (() => unknown) | undefined
    try {
      await connection.run('readwrite', 'cannot be written', (transaction) => {
        refusal = writer === undefined ? undefined : checkWriter(transaction, writer)
        return work(transaction)
      })
    } catch (error) {
      const refused = refusal?.()
      throw isFiscalError(refused) ? refused : error
    }
  }
  const path = (text: string): string => offlinePath(text).join('/')
  const lost = await read(readLoss)
  if (lost !== undefined) options.onWarning?.(dataLost(lost))
  askToKeep(parts, options.onWarning)
  return {
    lock: async () => {
      const unlock = await takeLock(parts.locks, place, lockWaitMs)
      try {
        const mine = await connection.run('readwrite', 'cannot be locked', nextWriter)
        writer = mine
        return async () => {
          if (writer === mine) writer = undefined
          await unlock()
        }
      } catch (error) {
        await unlock()
        throw error
      }
    },
    list: async (folder) => {
      const at = folder === '' ? '' : path(folder)
      return read((transaction) => listFolder(transaction, at))
    },
    read: async (file) => {
      const at = path(file)
      return read((transaction) => readFile(transaction, at))
    },
    // A view into a larger buffer would be stored with all of it, and the caller may go on writing into it.
    create: async (file, bytes) => {
      const [at, own] = [path(file), bytes.slice()]
      await write((transaction) => createFile(transaction, at, own))
    },
    replace: async (file, bytes) => {
      const [at, own] = [path(file), bytes.slice()]
      await write((transaction) => replaceFile(transaction, at, own))
    },
    move: async (from, to) => {
      const [source, target] = [path(from), path(to)]
      await write((transaction) => moveFile(transaction, source, target))
    },
    health: async () => lookAt(parts, await read(readLoss)),
    acknowledgeLoss: () => write(forgetLoss),
    close: () => connection.close(),
  }
}
