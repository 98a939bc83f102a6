// The off-line log for an inspector: its files, byte for byte, under the names they have in a folder (france 13.2), whatever
// store keeps them. The ZIP unpacks to a folder that any store over folders opens.
import { concat } from '../bytes.js'
import { startZip } from '../bundle/zip-writer.js'
import type { OfflineStore } from './store.js'

/** One file of the log. */
export interface OfflineFile {
  /** Path below the till's folder, with `/`. */
  readonly path: string
  readonly bytes: Uint8Array
}

/**
 * All files of a log, or of one episode of it, in the order of their names. Reads while the till sells: a file made meanwhile may be
 * there or not, none is ever half.
 */
export async function* offlineFiles(store: OfflineStore, episode: string = ''): AsyncGenerator<OfflineFile> {
  for (const name of await store.list(episode)) {
    const path = episode === '' ? name : `${episode}/${name}`
    const bytes = await store.read(path)
    if (bytes === undefined) yield* offlineFiles(store, path)
    else yield { path, bytes }
  }
}

/**
 * The same as a ZIP whose bytes depend on the files alone.
 * @example
 * const zip = await zipOffline(store, episodeId)
 */
export async function zipOffline(store: OfflineStore, episode: string = ''): Promise<Uint8Array> {
  const zip = startZip()
  const parts: Uint8Array[] = []
  for await (const { path, bytes } of offlineFiles(store, episode)) parts.push(...zip.bytes(path, bytes))
  parts.push(...zip.end())
  return concat(...parts)
}
