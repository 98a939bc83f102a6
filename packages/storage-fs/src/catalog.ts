// What lies in a queue's folder, from the names alone (FORMAT 8).
import type { FileSystem } from './file-system.js'
import { parseLive, parseSealed, parseSnapshot, type LiveFile } from './paths.js'

/** Names of the folder, sorted. */
export interface Catalog {
  readonly live: readonly LiveFile[]
  /** First numbers of sealed segments, ascending. */
  readonly sealed: readonly number[]
  /** Numbers of snapshots, newest first. */
  readonly snapshots: readonly number[]
  readonly names: ReadonlySet<string>
}

export async function readCatalog(fs: FileSystem, path: string): Promise<Catalog> {
  const names = await fs.list(path)
  const live: LiveFile[] = []
  const sealed: number[] = []
  const snapshots: number[] = []
  for (const name of names) {
    const file = parseLive(name)
    if (file !== undefined) live.push(file)
    const segment = parseSealed(name)
    if (segment !== undefined) sealed.push(segment)
    const snapshot = parseSnapshot(name)
    if (snapshot !== undefined) snapshots.push(snapshot)
  }
  live.sort((a, b) => a.epoch - b.epoch || a.first - b.first)
  sealed.sort((a, b) => a - b)
  snapshots.sort((a, b) => b - a)
  return { live, sealed, snapshots, names: new Set(names) }
}
