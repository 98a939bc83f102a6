// The file-system calls this package makes, and no others: everything that touches the disk goes through here (FORMAT 8 to 14).
// A simulated disk that drops, tears or fails any of them implements this interface; node-file-system.ts is the real one.

/**
 * How a file is opened.
 * - `read`: existing, read only
 * - `create`: O_CREAT | O_EXCL | O_WRONLY, mode 0600: claims and temporary files
 * - `append`: the same with O_APPEND: live journal files
 * - `rewrite`: existing, read and write, never shortened: only for writing identical bytes again (FORMAT 10.4)
 */
export type OpenMode = 'read' | 'create' | 'append' | 'rewrite'

/** What identifies a file or directory, and its size in bytes. */
export interface FileFacts {
  readonly sizeBytes: number
  /** Device and inode as decimal text: they may exceed 2^53. */
  readonly dev: string
  readonly ino: string
  readonly directory: boolean
}

/** The volume a path lies on. */
export interface VolumeFacts {
  /** `statfs().type`: the magic number of the file system. */
  readonly type: number
  /** Bytes an unprivileged process may still use. */
  readonly freeBytes: number
}

/** One open file. Errors carry Node's `code` (`ENOSPC`, `EIO`, …). */
export interface OpenFile {
  /**
   * Writes at the end (`create`, `append`) in one call, on the calling thread. Returns the count written, which may be short
   * without any error when the disk fills.
   */
  writeNow(bytes: Uint8Array): number
  /** {@link writeNow} on another thread, for bulk data. */
  write(bytes: Uint8Array): Promise<number>
  /** Writes at a position (`rewrite` only). Returns the count written. */
  writeAt(bytes: Uint8Array, position: number): Promise<number>
  /** Reads at a position. Returns the count read, 0 at the end of the file. */
  read(into: Uint8Array, position: number): Promise<number>
  /** {@link read} on the calling thread: small index blocks on the way of a sale. */
  readNow(into: Uint8Array, position: number): number
  /**
   * Makes data and size durable. May finish before it returns (then the result is undefined) or later (a promise): on a fast
   * disk the calling thread costs less than a promise, a slow disk must not stop the event loop.
   */
  datasync(): void | Promise<void>
  /** Makes data and all attributes durable. */
  sync(): Promise<void>
  sizeBytes(): Promise<number>
  close(): Promise<void>
}

/** The calls. Paths are absolute. */
export interface FileSystem {
  /** Names in a directory, in no order. @throws ENOENT */
  list(directory: string): Promise<readonly string[]>
  /** {@link list} on the calling thread: the fence check of rarer work. */
  listNow(directory: string): readonly string[]
  /** Whether a name leads to a file, on the calling thread: the fence check after each sync. An error reads as no. */
  existsNow(path: string): boolean
  open(path: string, mode: OpenMode): Promise<OpenFile>
  /** Makes a directory with mode 0700. @throws EEXIST */
  makeDirectory(path: string): Promise<void>
  /** Makes the entries of a directory durable. Does nothing on Windows, where NTFS journals them (FORMAT 16.5). */
  syncDirectory(path: string): Promise<void>
  /** Replaces `to` if it exists. On Windows tried again for 2 s while another process has it open. */
  rename(from: string, to: string): Promise<void>
  /** @throws ENOENT */
  unlink(path: string): Promise<void>
  /** Removes an empty directory. */
  removeDirectory(path: string): Promise<void>
  /** Undefined when nothing has this name. */
  stat(path: string): Promise<FileFacts | undefined>
  volume(path: string): Promise<VolumeFacts>
  /** {@link volume} on the calling thread: only asked while the disk is nearly full. */
  volumeNow(path: string): VolumeFacts
}
