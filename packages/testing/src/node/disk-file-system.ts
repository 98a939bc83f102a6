// The calls of the simulated disk. Shapes are those of storage-fs's FileSystem, which this package does not import.
import { systemError, type DiskCall, type DiskFault, type DiskOperation } from './disk-faults.js'
import {
  BLOCK,
  flushDirectory,
  flushFile,
  newDirectory,
  newFile,
  readCache,
  writeCache,
  type DirectoryNode,
} from './disk-nodes.js'
import type { SimulatedDisk } from './simulated-disk.js'
import { CHANGING } from './disk-faults.js'

/** How a file is opened; see storage-fs. */
export type DiskOpenMode = 'read' | 'create' | 'append' | 'rewrite'

/** One open file of the disk. */
export interface DiskFile {
  writeNow(bytes: Uint8Array): number
  write(bytes: Uint8Array): Promise<number>
  writeAt(bytes: Uint8Array, position: number): Promise<number>
  read(into: Uint8Array, position: number): Promise<number>
  readNow(into: Uint8Array, position: number): number
  datasync(): void | Promise<void>
  sync(): Promise<void>
  sizeBytes(): Promise<number>
  close(): Promise<void>
}

/** The calls. */
export interface DiskFileSystem {
  list(directory: string): Promise<readonly string[]>
  listNow(directory: string): readonly string[]
  existsNow(path: string): boolean
  open(path: string, mode: DiskOpenMode): Promise<DiskFile>
  makeDirectory(path: string): Promise<void>
  syncDirectory(path: string): Promise<void>
  rename(from: string, to: string): Promise<void>
  unlink(path: string): Promise<void>
  removeDirectory(path: string): Promise<void>
  stat(
    path: string,
  ): Promise<{ readonly sizeBytes: number; readonly dev: string; readonly ino: string; readonly directory: boolean } | undefined>
  volume(path: string): Promise<{ readonly type: number; readonly freeBytes: number }>
  volumeNow(path: string): { readonly type: number; readonly freeBytes: number }
}

const EXT4_MAGIC = 0xef53

/** The calls over a disk. */
export function diskFileSystem(disk: SimulatedDisk): DiskFileSystem {
  const list = (path: string): readonly string[] =>
    call(disk, { operation: 'list', path }, () => [...directoryAt(disk, path, 'list').cache.keys()])
  const volume = (path: string): { type: number; freeBytes: number } =>
    call(disk, { operation: 'volume', path }, () => ({ type: EXT4_MAGIC, freeBytes: disk.freeBytes() }))
  return {
    list: async (path) => list(path),
    listNow: list,
    existsNow: (path) => call(disk, { operation: 'stat', path }, () => statOn(disk, path)) !== undefined,
    open: async (path, mode) => openOn(disk, path, mode),
    makeDirectory: async (path) =>
      call(disk, { operation: 'makeDirectory', path }, () => {
        const ino = disk.nextIno++
        addName(disk, path, ino, 'mkdir')
        disk.nodes.set(ino, newDirectory(ino, disk.owner))
      }),
    syncDirectory: async (path) =>
      call(disk, { operation: 'syncDirectory', path }, () =>
        flushDirectory(disk.ownedDirectory(directoryAt(disk, path, 'fsync').ino)),
      ),
    rename: async (from, to) => call(disk, { operation: 'rename', path: from, to }, () => renameOn(disk, from, to)),
    unlink: async (path) => call(disk, { operation: 'unlink', path }, () => removeName(disk, path, 'file')),
    removeDirectory: async (path) =>
      call(disk, { operation: 'removeDirectory', path }, () => removeName(disk, path, 'directory')),
    stat: async (path) => call(disk, { operation: 'stat', path }, () => statOn(disk, path)),
    volume: async (path) => volume(path),
    volumeNow: volume,
  }
}

// Every call passes here: counted, offered as a cut point, failed when asked.
function call<T>(disk: SimulatedDisk, what: Omit<DiskCall, 'index'>, work: (fault: DiskFault | undefined) => T): T {
  const made: DiskCall = { index: disk.trace.length, ...what }
  if (!disk.dead && CHANGING.has(made.operation)) disk.onChange?.(made)
  disk.trace.push(made)
  const { operation, path } = made
  if (disk.dead) {
    made.failed = 'ENODEV'
    throw systemError('ENODEV', operation, path)
  }
  const fault = disk.faults.due(made)
  if (fault === undefined) return work(undefined)
  const { when = 'before', errno = 'EIO' } = fault
  made.failed = errno
  if (errno === 'none') return work(fault)
  if (when === 'after' || fault.bytes !== undefined) work(fault)
  throw systemError(errno, operation, path)
}

function openOn(disk: SimulatedDisk, path: string, mode: DiskOpenMode): DiskFile {
  const making = mode === 'create' || mode === 'append'
  const ino = call(disk, { operation: making ? 'create' : 'open', path }, () => {
    if (making) {
      const fresh = disk.nextIno++
      addName(disk, path, fresh, 'open')
      disk.nodes.set(fresh, newFile(fresh, disk.owner))
      return fresh
    }
    const found = inoAt(disk, path, 'open')
    if (disk.nodes.get(found)?.kind !== 'file') throw systemError('EISDIR', 'open', path)
    return found
  })
  return new OpenDiskFile(disk, path, ino)
}

class OpenDiskFile implements DiskFile {
  readonly #disk: SimulatedDisk
  readonly #path: string
  readonly #ino: number

  constructor(disk: SimulatedDisk, path: string, ino: number) {
    this.#disk = disk
    this.#path = path
    this.#ino = ino
  }
  #call<T>(operation: DiskOperation, work: (fault: DiskFault | undefined) => T, bytes?: number): T {
    return call(this.#disk, { operation, path: this.#path, ...(bytes !== undefined && { bytes }) }, work)
  }
  #put(bytes: Uint8Array, position: number, fault: DiskFault | undefined): number {
    const file = this.#disk.ownedFile(this.#ino)
    const room = this.#disk.freeBytes() + (Math.ceil(file.sizeBytes / BLOCK) * BLOCK - file.sizeBytes)
    const growth = Math.max(0, position + bytes.length - file.sizeBytes)
    const fits = growth <= room ? bytes.length : Math.max(0, bytes.length - (growth - room))
    const count = Math.min(fits, fault?.bytes ?? bytes.length)
    // A full disk keeps what fits and says so by the count; only when nothing fits there is an error.
    if (fits === 0 && bytes.length > 0) throw systemError('ENOSPC', 'write', this.#path)
    writeCache(file, bytes.subarray(0, count), position)
    return count
  }
  writeNow(bytes: Uint8Array): number {
    return this.#call('write', (fault) => this.#put(bytes, this.#disk.ownedFile(this.#ino).sizeBytes, fault), bytes.length)
  }
  async write(bytes: Uint8Array): Promise<number> {
    return this.writeNow(bytes)
  }
  async writeAt(bytes: Uint8Array, position: number): Promise<number> {
    return this.#call('writeAt', (fault) => this.#put(bytes, position, fault), bytes.length)
  }
  async read(into: Uint8Array, position: number): Promise<number> {
    return this.readNow(into, position)
  }
  readNow(into: Uint8Array, position: number): number {
    return this.#call('read', () => readCache(this.#disk.ownedFile(this.#ino), into, position))
  }
  datasync(): void {
    this.#sync('datasync')
  }
  async sync(): Promise<void> {
    this.#sync('sync')
  }
  #sync(operation: 'datasync' | 'sync'): void {
    try {
      this.#call(operation, () => flushFile(this.#disk.ownedFile(this.#ino)))
    } catch (error) {
      // Linux: after a failed sync the pages count as clean; the next sync succeeds without writing them.
      if (!this.#disk.dead) this.#disk.ownedFile(this.#ino).dirty.clear()
      throw error
    }
  }
  async sizeBytes(): Promise<number> {
    return this.#call('size', () => this.#disk.ownedFile(this.#ino).sizeBytes)
  }
  async close(): Promise<void> {
    // Also a process without a disk can let go of its files.
    if (!this.#disk.dead) this.#call('close', () => undefined)
  }
}

function partsOf(path: string): string[] {
  return path.split('/').filter((part) => part !== '')
}

/** Number of the node a path names. */
export function inoAt(disk: SimulatedDisk, path: string, operation: string): number {
  let ino = 1
  for (const part of partsOf(path)) {
    const node = disk.nodes.get(ino)
    if (node?.kind !== 'directory') throw systemError('ENOTDIR', operation, path)
    const next = node.cache.get(part)
    if (next === undefined) throw systemError('ENOENT', operation, path)
    ino = next
  }
  return ino
}

function directoryAt(disk: SimulatedDisk, path: string, operation: string): DirectoryNode {
  const node = disk.nodes.get(inoAt(disk, path, operation))
  if (node?.kind !== 'directory') throw systemError('ENOTDIR', operation, path)
  return node
}

function splitPath(path: string): { readonly parent: string; readonly name: string } {
  const parts = partsOf(path)
  return { name: parts.at(-1) ?? '', parent: `/${parts.slice(0, -1).join('/')}` }
}

function addName(disk: SimulatedDisk, path: string, ino: number, operation: string): void {
  const { parent, name } = splitPath(path)
  const directory = disk.ownedDirectory(directoryAt(disk, parent, operation).ino)
  if (directory.cache.has(name)) throw systemError('EEXIST', operation, path)
  directory.cache.set(name, ino)
  directory.pending.push({ id: disk.nextChange++, set: { name, ino } })
}

function removeName(disk: SimulatedDisk, path: string, kind: 'file' | 'directory'): void {
  const operation = kind === 'file' ? 'unlink' : 'rmdir'
  const { parent, name } = splitPath(path)
  const node = disk.nodes.get(inoAt(disk, path, operation))
  if (node?.kind !== kind) throw systemError(kind === 'file' ? 'EISDIR' : 'ENOTDIR', operation, path)
  if (node.kind === 'directory' && node.cache.size > 0) throw systemError('ENOTEMPTY', operation, path)
  const directory = disk.ownedDirectory(directoryAt(disk, parent, operation).ino)
  directory.cache.delete(name)
  directory.pending.push({ id: disk.nextChange++, remove: name })
}

function renameOn(disk: SimulatedDisk, from: string, to: string): void {
  const ino = inoAt(disk, from, 'rename')
  const [source, target] = [splitPath(from), splitPath(to)]
  const id = disk.nextChange++
  const before = disk.ownedDirectory(directoryAt(disk, source.parent, 'rename').ino)
  const after = disk.ownedDirectory(directoryAt(disk, target.parent, 'rename').ino)
  const replaced = disk.nodes.get(after.cache.get(target.name) ?? -1)
  if (`${to}/`.startsWith(`${from}/`) && to !== from) throw systemError('EINVAL', 'rename', to)
  if (replaced !== undefined && replaced.kind !== disk.nodes.get(ino)?.kind) {
    throw systemError(replaced.kind === 'directory' ? 'EISDIR' : 'ENOTDIR', 'rename', to)
  }
  if (replaced?.kind === 'directory' && replaced.ino !== ino && replaced.cache.size > 0)
    throw systemError('ENOTEMPTY', 'rename', to)
  before.cache.delete(source.name)
  after.cache.set(target.name, ino)
  const set = { name: target.name, ino }
  if (before === after) before.pending.push({ id, remove: source.name, set })
  else {
    before.pending.push({ id, remove: source.name })
    after.pending.push({ id, set })
  }
}

function statOn(disk: SimulatedDisk, path: string): Awaited<ReturnType<DiskFileSystem['stat']>> {
  try {
    const ino = inoAt(disk, path, 'stat')
    const node = disk.nodes.get(ino)
    return {
      sizeBytes: node?.kind === 'file' ? node.sizeBytes : 0,
      dev: '1',
      ino: String(ino),
      directory: node?.kind === 'directory',
    }
  } catch (error) {
    if ((error as { code?: string }).code === 'ENOENT') return undefined
    throw error
  }
}
