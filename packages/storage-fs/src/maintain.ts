// Work that may be left out or interrupted: sealing complete segments and keeping the reference runs few (FORMAT 11, 12). It gives way
// to other work between its parts, so that sales are not held up.
import { readCatalog } from './catalog.js'
import type { Journal } from './journal.js'
import { saveRun, tidyRuns } from './merge.js'
import { buildRun, type RefIndex } from './refs.js'
import { removeCovered, sealSegment } from './seal.js'

/** Seals every complete segment, oldest first, and tidies the runs. Stops early when `going` says so. */
export async function sealComplete(journal: Journal, refs: RefIndex, epoch: number, going: () => boolean): Promise<void> {
  const { folder } = journal
  await refs.load()
  for (const first of journal.liveFirsts()) {
    if (!going() || first + folder.segment - 1 > journal.head.seq) break
    const segment = await journal.live(first)
    if (segment === undefined || segment.next !== first + folder.segment) break
    await sealSegment(journal, segment, epoch, async ({ last, hash }) => {
      // The references are in a run before the segment counts as sealed, so that opening need not read it for them.
      const run = buildRun({ first, last, hash }, await refs.entriesOf(first, last))
      await (await saveRun(folder, run, epoch)).close()
    })
    await refs.cover(first, first + folder.segment - 1)
  }
  if (!going()) return
  await removeLeftovers(journal, epoch)
  await tidyRuns(folder, refs, epoch)
}

// Live files of segments that were sealed just before a crash.
async function removeLeftovers(journal: Journal, epoch: number): Promise<void> {
  const last = journal.sealedFirsts().at(-1)
  if (last === undefined) return
  const sealedTo = last + journal.folder.segment
  const { live } = await readCatalog(journal.folder.fs, journal.folder.path)
  if (live.some(({ first }) => first < sealedTo)) await removeCovered(journal.folder, sealedTo, epoch)
}
