// The file system of this machine through Node. File descriptors instead of FileHandle objects: the hot append is one write and one
// data sync on the calling thread (measured: promises cost 1.4 times as much). Platform differences: README, "Platforms".
import * as fs from 'node:fs'
import { promisify } from 'node:util'
import type { FileFacts, FileSystem, OpenFile, OpenMode, VolumeFacts } from './file-system.js'

const { O_APPEND, O_CREAT, O_EXCL, O_RDONLY, O_RDWR, O_WRONLY } = fs.constants
const flagsOf: Readonly<Record<OpenMode, number>> = {
  read: O_RDONLY,
  create: O_CREAT | O_EXCL | O_WRONLY,
  append: O_CREAT | O_EXCL | O_WRONLY | O_APPEND,
  rewrite: O_RDWR,
}

const openFd = promisify(fs.open)
const closeFd = promisify(fs.close)
const fsync = promisify(fs.fsync)
const fdatasync = promisify(fs.fdatasync)
const WINDOWS: boolean = process.platform === 'win32'

/** A sync that takes longer is slow. */
const SLOW_MS = 1
/** How long a rename is tried again on Windows while somebody has the target open. */
const RENAME_PATIENCE_MS = 2000

// The last eight data syncs, a bit each, set when slow: syncs run on the thread pool while half of them were. An average would send the
// syncs after every hiccup of a fast disk there. One history for the process: queues of one process nearly always share a disk.
let slowOnes = 0

function noteSync(startedMs: number): void {
  slowOnes = ((slowOnes << 1) | (performance.now() - startedMs > SLOW_MS ? 1 : 0)) & 0xff
}

function isSlowDisk(): boolean {
  let count = 0
  for (let bits = slowOnes; bits !== 0; bits &= bits - 1) count += 1
  return count >= 4
}

/** The real file system. */
export const nodeFileSystem: FileSystem = {
  list: (directory) => fs.promises.readdir(directory),
  listNow: (directory) => fs.readdirSync(directory),
  existsNow: (path) => fs.existsSync(path),
  open: async (path, mode) => openFile(await openFd(path, flagsOf[mode], 0o600)),
  makeDirectory: (path) => fs.promises.mkdir(path, { mode: 0o700 }),
  syncDirectory,
  rename,
  unlink: (path) => fs.promises.unlink(path),
  removeDirectory: (path) => fs.promises.rmdir(path),
  stat,
  volume: async (path) => volumeOf(await fs.promises.statfs(path)),
  volumeNow: (path) => volumeOf(fs.statfsSync(path)),
}

function openFile(fd: number): OpenFile {
  return {
    writeNow: (bytes) => fs.writeSync(fd, bytes),
    write: (bytes) =>
      new Promise((resolve, reject) => fs.write(fd, bytes, (error, count) => (error === null ? resolve(count) : reject(error)))),
    writeAt: (bytes, position) =>
      new Promise((resolve, reject) =>
        fs.write(fd, bytes, 0, bytes.length, position, (error, count) => (error === null ? resolve(count) : reject(error))),
      ),
    read: (into, position) =>
      new Promise((resolve, reject) =>
        fs.read(fd, into, 0, into.length, position, (error, count) => (error === null ? resolve(count) : reject(error))),
      ),
    readNow: (into, position) => fs.readSync(fd, into, 0, into.length, position),
    datasync: () => datasync(fd),
    sync: () => fsync(fd),
    sizeBytes: async () => (await promisify(fs.fstat)(fd)).size,
    close: () => closeFd(fd),
  }
}

function datasync(fd: number): void | Promise<void> {
  const started = performance.now()
  if (isSlowDisk()) return fdatasync(fd).finally(() => noteSync(started))
  fs.fdatasyncSync(fd)
  noteSync(started)
}

async function syncDirectory(path: string): Promise<void> {
  if (WINDOWS) return
  const fd = await openFd(path, O_RDONLY)
  try {
    await fsync(fd)
  } finally {
    await closeFd(fd)
  }
}

async function rename(from: string, to: string): Promise<void> {
  const started = performance.now()
  for (let waitMs = 10; ; waitMs *= 2) {
    try {
      return await fs.promises.rename(from, to)
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      const passing = WINDOWS && (code === 'EPERM' || code === 'EBUSY' || code === 'EACCES')
      if (!passing || performance.now() - started > RENAME_PATIENCE_MS) throw error
      await new Promise((resolve) => setTimeout(resolve, waitMs))
    }
  }
}

async function stat(path: string): Promise<FileFacts | undefined> {
  try {
    const facts = await fs.promises.stat(path, { bigint: true })
    return { sizeBytes: Number(facts.size), dev: String(facts.dev), ino: String(facts.ino), directory: facts.isDirectory() }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

function volumeOf({ type, bavail, bsize }: fs.StatsFs): VolumeFacts {
  return { type, freeBytes: bavail * bsize }
}
