// The store of the off-line log: files of one till, by path below its folder. Small enough for a folder or a browser database;
// `offlineKit` of @sigillo/testing holds what every one of them must do.
import { FiscalError } from '../errors.js'

/**
 * Files of one till. Paths use `/`; folders come into being with their first file. What a call cannot do, or has not made durable,
 * it says by throwing: a FiscalError of kind storage (STORAGE_FULL when space is short) after which the file is as it was before.
 */
export interface OfflineStore {
  /**
   * Keeps every other writer out until the returned function is called.
   * @throws FiscalError OFFLINE_LOCKED when another writer holds it
   */
  lock(): Promise<() => Promise<void>>
  /** Names directly below a folder (`''` for the till's own), files and folders, sorted; empty when it does not exist. */
  list(folder: string): Promise<readonly string[]>
  /** Bytes of a file, or undefined when there is no file of this name. */
  read(path: string): Promise<Uint8Array | undefined>
  /**
   * Makes a new file; its bytes and its name are durable when this returns.
   * @throws FiscalError STORAGE_CONFLICT when the file exists
   */
  create(path: string, bytes: Uint8Array): Promise<void>
  /** Replaces a file whole, durably: after a loss of power either the old or the new bytes are there. */
  replace(path: string, bytes: Uint8Array): Promise<void>
  /**
   * Moves a file, bytes untouched.
   * @throws FiscalError STORAGE_CONFLICT when there is a file of the new name: nothing is ever overwritten
   */
  move(from: string, to: string): Promise<void>
}

/**
 * The parts of a path. Names come from core, but a path must never leave the store whoever asks.
 * @throws FiscalError OPTION_INVALID
 */
export function offlinePath(path: string): readonly string[] {
  const parts = path.split('/')
  if (parts.every((part) => /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}$/.test(part))) return parts
  throw new FiscalError('OPTION_INVALID', {
    message: 'a name of the off-line log holds other characters than letters, digits, dot, - and _',
  })
}
