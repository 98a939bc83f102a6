// Files and directories of the simulated disk in two layers: what the page cache shows, and what the medium holds. Blocks are never
// changed in place, so that copies of a disk share them.

/** Bytes of one block: the unit that reaches the medium or does not. A sector of real disks, so that larger blocks can tear. */
export const BLOCK = 512

/** A file. */
export interface FileNode {
  readonly kind: 'file'
  readonly ino: number
  /** The disk that may change this node; others copy it first. */
  readonly owner: object
  readonly cache: Map<number, Uint8Array>
  sizeBytes: number
  readonly medium: Map<number, Uint8Array>
  mediumSizeBytes: number
  /** Blocks whose cached content the medium has not been given yet. A failed sync takes them out without giving them. */
  readonly dirty: Set<number>
}

/** A change of names that the medium may not have yet. Kept or lost as a whole. */
export interface NameChange {
  readonly id: number
  /** Names taken away and names set, in this order. */
  readonly remove?: string
  readonly set?: { readonly name: string; readonly ino: number }
}

/** A directory. */
export interface DirectoryNode {
  readonly kind: 'directory'
  readonly ino: number
  readonly owner: object
  readonly cache: Map<string, number>
  readonly medium: Map<string, number>
  pending: NameChange[]
}

export type DiskNode = FileNode | DirectoryNode

export function newFile(ino: number, owner: object): FileNode {
  return { kind: 'file', ino, owner, cache: new Map(), sizeBytes: 0, medium: new Map(), mediumSizeBytes: 0, dirty: new Set() }
}

export function newDirectory(ino: number, owner: object): DirectoryNode {
  return { kind: 'directory', ino, owner, cache: new Map(), medium: new Map(), pending: [] }
}

/** A copy another disk may change. */
export function copyNode(node: DiskNode, owner: object): DiskNode {
  if (node.kind === 'directory') {
    return { ...node, owner, cache: new Map(node.cache), medium: new Map(node.medium), pending: [...node.pending] }
  }
  return { ...node, owner, cache: new Map(node.cache), medium: new Map(node.medium), dirty: new Set(node.dirty) }
}

/** Puts bytes into the cache; a gap before them reads as zeros. */
export function writeCache(file: FileNode, bytes: Uint8Array, position: number): void {
  for (let done = 0; done < bytes.length;) {
    const at = position + done
    const number = Math.floor(at / BLOCK)
    const part = Math.min(bytes.length - done, BLOCK - (at % BLOCK))
    const block = file.cache.get(number)?.slice() ?? new Uint8Array(BLOCK)
    block.set(bytes.subarray(done, done + part), at % BLOCK)
    file.cache.set(number, block)
    file.dirty.add(number)
    done += part
  }
  // An empty write beyond the end leaves the size as it is.
  if (bytes.length > 0) file.sizeBytes = Math.max(file.sizeBytes, position + bytes.length)
}

/** Reads from the cache; returns the count, 0 at the end. */
export function readCache(file: FileNode, into: Uint8Array, position: number): number {
  const count = Math.max(0, Math.min(into.length, file.sizeBytes - position))
  for (let done = 0; done < count;) {
    const at = position + done
    const part = Math.min(count - done, BLOCK - (at % BLOCK))
    const block = file.cache.get(Math.floor(at / BLOCK))
    const start = at % BLOCK
    if (block === undefined) into.fill(0, done, done + part)
    else into.set(block.subarray(start, start + part), done)
    done += part
  }
  return count
}

/** Gives the medium every dirty block and the size. */
export function flushFile(file: FileNode): void {
  for (const number of file.dirty) file.medium.set(number, file.cache.get(number) as Uint8Array)
  file.dirty.clear()
  file.mediumSizeBytes = file.sizeBytes
}

/** Gives the medium every pending name. */
export function flushDirectory(directory: DirectoryNode): void {
  for (const change of directory.pending) applyChange(directory.medium, change)
  directory.pending = []
}

export function applyChange(names: Map<string, number>, { remove, set }: NameChange): void {
  if (remove !== undefined) names.delete(remove)
  if (set !== undefined) names.set(set.name, set.ino)
}

/** Forgets what lies beyond a size: it is not read, and shows zeros should the file grow again. */
export function cutBlocks(blocks: Map<number, Uint8Array>, sizeBytes: number): void {
  for (const [number, block] of blocks) {
    const rest = sizeBytes - number * BLOCK
    if (rest <= 0) blocks.delete(number)
    else if (rest < BLOCK) {
      const shorter = block.slice()
      shorter.fill(0, rest)
      blocks.set(number, shorter)
    }
  }
}

/** Shortens a file in both layers. */
export function cutFile(file: FileNode, sizeBytes: number): void {
  flushFile(file)
  cutBlocks(file.cache, sizeBytes)
  cutBlocks(file.medium, sizeBytes)
  file.sizeBytes = Math.min(file.sizeBytes, sizeBytes)
  file.mediumSizeBytes = file.sizeBytes
}
