// What a successor may name of the queue it continues (FORMAT 10.6). A journal whose key is lost, or whose end is damaged, is never mended: a
// new one begins and says how much of the old one was good.
import type { PurgedBeginning } from '../storage.js'
import { treeRoot } from '../tree.js'
import type { Finding } from './finding.js'
import type { Predecessor } from './predecessor.js'
import { purgedStart } from './purged.js'
import { verifyChunks, type Chunk, type Report, type VerifyOptions } from './verify.js'

/** A journal read for its successor. */
export interface LastGood {
  /** What the successor's genesis may name; undefined when not even the first request is good. */
  readonly predecessor: Predecessor | undefined
  /** The finding that ended the good part, if one did. */
  readonly fault: Finding | undefined
  readonly report: Report
}

/**
 * The good part of a journal: everything before the first record at fault by the journal's rules, ending with a whole request. `open` gives the
 * lines from the start and is called twice; `kept` are the lines a purge has left. A key changed without the old one is no fault of the
 * records.
 */
export async function lastGood(
  open: () => AsyncIterable<Chunk>,
  options: Pick<VerifyOptions, 'bytesExpected' | 'progress'> & { readonly kept?: PurgedBeginning['kept'] } = {},
): Promise<LastGood> {
  const { kept, ...rest } = options
  const purged = await purgedStart(open(), kept)
  const first = (purged?.start.seq ?? -1) + 1
  const leaves: string[] = []
  const ends: boolean[] = []
  const report = await verifyChunks(open(), {
    ...rest,
    ...purged,
    placed: ({ body, hash }) => {
      if (body.seq !== first + leaves.length) return
      leaves.push(hash)
      ends.push(body.more === undefined)
    },
  })
  const fault = report.findings.find(({ seq, code, severity }) => seq !== null && severity === 'error' && code !== 'KEY_RECOVERY')
  let count = Math.min(leaves.length, (fault?.seq ?? Infinity) - first)
  while (count > 0 && ends[count - 1] !== true) count -= 1
  if (count <= 0) return { predecessor: undefined, fault, report }
  const good = leaves.slice(0, count)
  const before = { size: first, roots: purged?.start.frontier ?? [] }
  const predecessor = { queue: report.queue, size: first + count, root: treeRoot(good, before), hash: good.at(-1) as string }
  return { predecessor, fault, report }
}
