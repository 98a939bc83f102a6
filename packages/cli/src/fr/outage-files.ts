// Files an outage left at the till, for the archive: each episode's files of the off-line log, byte for byte (13.2, 15.2).
import { stat } from 'node:fs/promises'
import { offlineFiles } from '@sigillo/core/offline'
import type { OutageFile } from '@sigillo/country-fr'
import { openOfflineFolder } from '@sigillo/storage-fs'
import { usageError } from '../errors.js'

/** Episodes are UUIDs; nothing else may become part of a path. */
const EPISODE = /^[0-9A-Za-z][0-9A-Za-z-]{0,63}$/

/** @throws FiscalError USAGE when there is no such folder: said before anything is opened */
export async function checkLog(folder: string): Promise<void> {
  const found = await stat(folder).catch(() => undefined)
  if (found?.isDirectory() !== true) throw usageError(`${folder}: there is no such folder`)
}

/** Files of these episodes in the off-line log; one that is not there is told of and left out. */
export async function outageFiles(
  folder: string,
  episodes: readonly string[],
  note: (text: string) => void,
): Promise<readonly OutageFile[]> {
  const store = openOfflineFolder(folder)
  const files: OutageFile[] = []
  for (const episode of episodes.filter((id) => EPISODE.test(id))) {
    const before = files.length
    for await (const file of offlineFiles(store, episode)) files.push(file)
    if (files.length === before) note(`warning: the outage ${episode} has no files in ${folder}`)
  }
  return files
}
