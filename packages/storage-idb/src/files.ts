// The calls of the store on an open transaction: requests started at once, results read when the transaction is complete.
import { FiscalError } from '@sigillo/core'
import { FILES, LOST, META } from './connection.js'

/** What is read when the transaction is complete. */
export type Result<T> = () => T

/** Bytes of a file. */
export function readFile(transaction: IDBTransaction, path: string): Result<Uint8Array | undefined> {
  const request = transaction.objectStore(FILES).get(path) as IDBRequest<Uint8Array | undefined>
  return () => request.result
}

/** Names directly below a folder, sorted. Whole folders are passed over in one step, however many files they hold. */
export function listFolder(transaction: IDBTransaction, folder: string): Result<readonly string[]> {
  const prefix = folder === '' ? '' : `${folder}/`
  // `0` follows `/` in the order of the keys: what begins with `a/` ends before `a0`.
  const range = folder === '' ? undefined : IDBKeyRange.bound(prefix, `${folder}0`, true, true)
  const names = new Set<string>()
  const request = transaction.objectStore(FILES).openKeyCursor(range)
  request.addEventListener('success', () => {
    const cursor = request.result
    if (cursor === null) return
    const rest = String(cursor.key).slice(prefix.length)
    const end = rest.indexOf('/')
    names.add(end === -1 ? rest : rest.slice(0, end))
    if (end === -1) cursor.continue()
    else cursor.continue(`${prefix}${rest.slice(0, end)}0`)
  })
  return () => [...names].sort()
}

/** Makes a file; one that is there makes the transaction fail with ConstraintError. */
export function createFile(transaction: IDBTransaction, path: string, bytes: Uint8Array): Result<void> {
  transaction.objectStore(FILES).add(bytes, path)
  return () => undefined
}

/** Makes or replaces a file. */
export function replaceFile(transaction: IDBTransaction, path: string, bytes: Uint8Array): Result<void> {
  transaction.objectStore(FILES).put(bytes, path)
  return () => undefined
}

/** Gives a file another name, in one transaction. */
export function moveFile(transaction: IDBTransaction, from: string, to: string): Result<void> {
  const files = transaction.objectStore(FILES)
  const request = files.get(from) as IDBRequest<Uint8Array | undefined>
  request.addEventListener('success', () => {
    if (request.result === undefined) return
    files.add(request.result, to)
    files.delete(from)
  })
  return () => {
    if (request.result === undefined)
      throw new FiscalError('STORAGE_FAILED', { message: `the off-line log has no file ${from}`, retry: 'never' })
  }
}

/** What the browser said when it had begun a new database in place of a damaged one. */
export function readLoss(transaction: IDBTransaction): Result<string | undefined> {
  const request = transaction.objectStore(META).get(LOST) as IDBRequest<string | undefined>
  return () => request.result
}

/** A person has seen the loss. */
export function forgetLoss(transaction: IDBTransaction): Result<void> {
  transaction.objectStore(META).delete(LOST)
  return () => undefined
}

/** Counts a new holder of the lock. */
export function nextWriter(transaction: IDBTransaction): Result<number> {
  const meta = transaction.objectStore(META)
  const request = meta.get('writer') as IDBRequest<number | undefined>
  let next = 0
  request.addEventListener('success', () => {
    next = (request.result ?? 0) + 1
    meta.put(next, 'writer')
  })
  return () => next
}

/** Lets the transaction fail unless this is still the newest holder of the lock: the last guard, inside the write itself. */
export function checkWriter(transaction: IDBTransaction, writer: number): () => FiscalError | undefined {
  let refusal: FiscalError | undefined
  const request = transaction.objectStore(META).get('writer') as IDBRequest<number | undefined>
  request.addEventListener('success', () => {
    if (request.result === writer) return
    refusal =
      request.result === undefined
        ? new FiscalError('STORAGE_FAILED', {
            message: 'the browser deleted the data of this site while the till was open',
            remedy: 'Find out who cleared the site’s data; receipts not handed over yet are lost. Then open the till again.',
          })
        : new FiscalError('STORAGE_FENCED', {
            message: 'another page has taken this log over',
            remedy: 'Sell on the page that took over, and close this one.',
          })
    transaction.abort()
  })
  return () => refusal
}
