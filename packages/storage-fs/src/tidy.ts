// Removing what earlier epochs left lying about: temporary files nobody will rename any more, and claims below the newest ones.
import { isFenced, listClaims } from './claim.js'
import { removeFile } from './durable.js'
import { isMissing } from './faults.js'
import type { Folder } from './folder.js'
import { ANCHORS, BLOBS, CLAIMS, claimName, join, parseTemporary, REFS } from './paths.js'

/** Old claims kept for people who look into the folder. */
const CLAIMS_KEPT = 3

/** Removes leftovers of epochs before this one. */
export async function tidy(folder: Folder, epoch: number): Promise<void> {
  const { fs, path } = folder
  if (isFenced(folder, epoch)) return
  for (const directory of [path, ...[REFS, BLOBS, ANCHORS].map((name) => join(path, name))]) {
    for (const name of await namesIn(folder, directory)) {
      const owner = parseTemporary(name)
      // Epoch 0 is the reserve being rebuilt, by whoever is the writer.
      if (owner !== undefined && owner > 0 && owner < epoch) await removeFile(fs, join(directory, name))
    }
  }
  // The highest claim is never removed: it is the fence. Ascending, one after the other: an earlier writer's look rests on it.
  const old = (await listClaims(fs, path)).filter((claim) => claim < epoch).slice(0, -CLAIMS_KEPT)
  for (const claim of old) await removeFile(fs, join(path, CLAIMS, claimName(claim)))
}

async function namesIn(folder: Folder, directory: string): Promise<readonly string[]> {
  try {
    return await folder.fs.list(directory)
  } catch (error) {
    if (isMissing(error)) return []
    throw error
  }
}
