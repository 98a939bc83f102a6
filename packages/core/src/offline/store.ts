// The store of the off-line log: files of one till, by path below its folder. Small enough for a folder or a browser database.

/** Files of one till. Paths use `/`; folders come into being with their first file. */
export interface OfflineStore {
  /**
   * Keeps every other writer out until the returned function is called.
   * @throws FiscalError OFFLINE_LOCKED when another writer holds it
   */
  lock(): Promise<() => Promise<void>>
  /** Names directly below a folder (`''` for the till's own), files and folders, sorted; empty when it does not exist. */
  list(folder: string): Promise<readonly string[]>
  /** Bytes of a file, or undefined when it does not exist. */
  read(path: string): Promise<Uint8Array | undefined>
  /** Makes a new file; its bytes and its name are durable when this returns. @throws when the file exists or cannot be written */
  create(path: string, bytes: Uint8Array): Promise<void>
  /** Replaces a file whole, durably: after a loss of power either the old or the new bytes are there. */
  replace(path: string, bytes: Uint8Array): Promise<void>
  /** Moves a file, bytes untouched. */
  move(from: string, to: string): Promise<void>
}
