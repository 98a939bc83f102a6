// The text of FORMAT.md, which every bundle carries: beside the built command, or at the root of the sources.
import { readFile } from 'node:fs/promises'
import { cliError } from './errors.js'

/** @throws FiscalError UNREADABLE when the package is incomplete */
export async function formatText(): Promise<string> {
  for (const place of ['./FORMAT.md', '../FORMAT.md', '../../../FORMAT.md']) {
    try {
      return await readFile(new URL(place, import.meta.url), 'utf8')
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    }
  }
  throw cliError('UNREADABLE', 'FORMAT.md is missing from this package: install @sigillo/cli again')
}
