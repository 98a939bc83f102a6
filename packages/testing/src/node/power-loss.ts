// What a loss of power leaves of the effects nobody synced: any subset of blocks, sizes and names, as POSIX allows and journalling
// file systems practise within it. Synced effects always survive.
import { applyChange, BLOCK, cutBlocks, type DirectoryNode, type DiskNode, type FileNode } from './disk-nodes.js'
import type { Random } from './random.js'

/** Decides what happens to one unsynced effect. */
export interface Fate {
  /** Whether a changed block reaches the medium. */
  block(): boolean
  /** Which of the possible sizes the file keeps. */
  size(sizes: readonly number[]): number
  /** Whether a change of names reaches the medium. */
  name(): boolean
}

/** Nothing that was not synced survives. */
export const NOTHING: Fate = { block: () => false, size: (sizes) => sizes[0] as number, name: () => false }
/** Everything survives: the cache had been written back by chance. */
export const EVERYTHING: Fate = { block: () => true, size: (sizes) => sizes.at(-1) as number, name: () => true }
/** The fates at the corners, where most defects show. */
export const CORNERS: readonly Fate[] = [
  NOTHING,
  EVERYTHING,
  // Names without data: an empty or old file under its new name.
  { ...NOTHING, name: () => true },
  // Data without names: files that nobody finds.
  { ...EVERYTHING, name: () => false },
  // Sizes without data: holes of zeros.
  { block: () => false, size: (sizes) => sizes.at(-1) as number, name: () => true },
]

/** Fate by the bits of a number: used to go through every combination when there are few. */
export function fateOf(bits: number): Fate {
  let rest = bits
  const bit = (): boolean => {
    const value = rest & 1
    rest >>>= 1
    return value === 1
  }
  return { block: bit, name: bit, size: (sizes) => (bit() ? sizes.at(-1) : sizes[0]) as number }
}

/** Fate by chance, with its own mood: mostly lost, mostly kept, or even. */
export function fateBy(random: Random): Fate {
  const [blocks, names] = [random.pick([0.1, 0.5, 0.9]), random.pick([0.1, 0.5, 0.9])]
  return { block: () => random.chance(blocks), size: (sizes) => random.pick(sizes), name: () => random.chance(names) }
}

/** Number of separate effects a loss of power could keep or lose. */
export function countEffects(nodes: Iterable<DiskNode>): number {
  const changes = new Set<number>()
  let others = 0
  for (const node of nodes) {
    if (node.kind === 'directory') for (const { id } of node.pending) changes.add(id)
    else others += node.dirty.size + (node.sizeBytes === node.mediumSizeBytes ? 0 : 1)
  }
  return others + changes.size
}

/** The nodes as they are found when power is back; the cache is what the medium holds. */
export function survivors(nodes: Iterable<DiskNode>, fate: Fate, owner: object): Map<number, DiskNode> {
  const kept = new Map<number, boolean>()
  const keeps = (id: number): boolean => {
    // A rename between two directories is one change.
    const known = kept.get(id) ?? fate.name()
    kept.set(id, known)
    return known
  }
  const found = new Map<number, DiskNode>()
  for (const node of nodes)
    found.set(node.ino, node.kind === 'file' ? fileAfter(node, fate, owner) : directoryAfter(node, keeps, owner))
  return found
}

function fileAfter(file: FileNode, fate: Fate, owner: object): FileNode {
  const medium = new Map(file.medium)
  for (const number of file.dirty) if (fate.block()) medium.set(number, file.cache.get(number) as Uint8Array)
  const sizes = possibleSizes(file)
  const sizeBytes = sizes.length === 1 ? (sizes[0] as number) : fate.size(sizes)
  cutBlocks(medium, sizeBytes)
  return { ...file, owner, cache: new Map(medium), medium, sizeBytes, mediumSizeBytes: sizeBytes, dirty: new Set() }
}

// Between the size the medium knows and the one the process saw, a file may have been cut at every block and in the middle of one.
function possibleSizes({ mediumSizeBytes, sizeBytes }: FileNode): number[] {
  const sizes = [mediumSizeBytes]
  if (sizeBytes === mediumSizeBytes) return sizes
  const first = Math.floor(mediumSizeBytes / BLOCK) + 1
  const last = Math.ceil(sizeBytes / BLOCK) - 1
  const step = Math.max(1, Math.floor((last - first) / 16))
  for (let number = first; number <= last; number += step) sizes.push(number * BLOCK)
  const middle = Math.floor((mediumSizeBytes + sizeBytes) / 2)
  if (middle > mediumSizeBytes) sizes.push(middle)
  return [...sizes, sizeBytes]
}

function directoryAfter(directory: DirectoryNode, keeps: (id: number) => boolean, owner: object): DirectoryNode {
  const medium = new Map(directory.medium)
  for (const change of directory.pending) if (keeps(change.id)) applyChange(medium, change)
  return { ...directory, owner, cache: new Map(medium), medium, pending: [] }
}
