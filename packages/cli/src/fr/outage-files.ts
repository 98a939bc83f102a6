// Files an outage left at the till, for the archive: each episode's folder of the off-line log, byte for byte (13.2, 15.2).
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { OutageFile } from '@sigillo/country-fr'
import { folderFiles } from '../evidence.js'
import { usageError } from '../errors.js'

/** Episodes are UUIDs; nothing else may become part of a path. */
const EPISODE = /^[0-9A-Za-z][0-9A-Za-z-]{0,63}$/

/**
 * Files of these episodes in the off-line log; one that is not there is told of and left out.
 * @throws FiscalError USAGE when the folder cannot be read
 */
export async function outageFiles(
  folder: string,
  episodes: readonly string[],
  note: (text: string) => void,
): Promise<readonly OutageFile[]> {
  const found = await stat(folder).catch(() => undefined)
  if (found?.isDirectory() !== true) throw usageError(`${folder}: there is no such folder`)
  const files: OutageFile[] = []
  for (const episode of episodes.filter((id) => EPISODE.test(id))) {
    const place = join(folder, episode)
    if ((await stat(place).catch(() => undefined))?.isDirectory() !== true) {
      note(`warning: the outage ${episode} has no files in ${folder}`)
      continue
    }
    for await (const { name, bytes } of folderFiles(place)) {
      const parts: Uint8Array[] = []
      for await (const part of bytes) parts.push(part)
      files.push({ path: `${episode}/${name}`, bytes: new Uint8Array(Buffer.concat(parts)) })
    }
  }
  return files
}
