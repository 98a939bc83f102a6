// Which epochs make up the newest history, and up to which record of each (FORMAT 10.1). Files of records that are sealed already are
// left aside; the walk back ends where the sealed part begins.
import type { JsonObject, ParsedLine } from '@sigillo/core'
import { readRange } from './durable.js'
import { corrupt } from './faults.js'
import type { Folder } from './folder.js'
import { intact } from './lines.js'
import { join, type LiveFile } from './paths.js'

/** Longest line with its line feed. */
const LINE_BYTES: number = 1024 * 1024 + 1
const FIRST_LOOK_BYTES = 16 * 1024

/** The newest sealed record, which the first live record follows. */
export interface SealedEnd {
  readonly seq: number
  readonly hash: string
  readonly epoch: number
}

/** An intact first line of an epoch. */
export interface Opener {
  readonly epoch: number
  readonly seq: number
  /** What it continues; absent for genesis. */
  readonly adopted?: { readonly epoch: number; readonly seq: number; readonly hash: string }
}

/** One epoch of the plan with its files, ascending. */
export interface PlannedEpoch {
  readonly epoch: number
  readonly files: readonly LiveFile[]
  /** Last record taken from it, and its hash as the next epoch names it; no limit for the head epoch. */
  readonly limit: number
  readonly limitHash?: string
}

/** The plan, oldest epoch first, and the epochs above the head that no intact opener vouches for. */
export interface Plan {
  readonly epochs: readonly PlannedEpoch[]
  readonly unopened: readonly PlannedEpoch[]
}

/** Files of each epoch that reach beyond the sealed part, ascending by epoch. */
export function byEpoch(live: readonly LiveFile[], sealedTo: number): ReadonlyMap<number, readonly LiveFile[]> {
  const epochs = new Map<number, LiveFile[]>()
  for (const file of live) {
    if (file.first <= sealedTo) continue
    const files = epochs.get(file.epoch)
    if (files === undefined) epochs.set(file.epoch, [file])
    else files.push(file)
  }
  return epochs
}

/**
 * The plan of FORMAT 10.1.
 * @throws FiscalError JOURNAL_CORRUPT when an adopted epoch is missing or its opener cannot be read
 */
export async function planLineage(folder: Folder, live: readonly LiveFile[], sealed: SealedEnd | undefined): Promise<Plan> {
  const epochs = byEpoch(live, sealed?.seq ?? -1)
  const known = new Map<number, Opener | 'continues' | undefined>()
  const openerOf = async (epoch: number): Promise<Opener | 'continues' | undefined> => {
    if (!known.has(epoch)) known.set(epoch, await findOpener(folder, epoch, epochs.get(epoch), sealed))
    return known.get(epoch)
  }
  const unopened: PlannedEpoch[] = []
  const candidates = [...new Set([...epochs.keys(), ...(sealed === undefined ? [] : [sealed.epoch])])].sort((a, b) => b - a)
  for (const epoch of candidates) {
    const opener = await openerOf(epoch)
    const files = epochs.get(epoch) ?? []
    if (opener === undefined) unopened.unshift({ epoch, files, limit: Number.POSITIVE_INFINITY })
    else return { epochs: await walkBack(folder, epoch, epochs, openerOf, sealed), unopened }
  }
  throw corrupt(
    { file: live[0]?.name ?? folder.path, offset: 0, firstBad: (sealed?.seq ?? -1) + 1 },
    'no epoch has a readable first record',
  )
}

async function walkBack(
  folder: Folder,
  head: number,
  epochs: ReadonlyMap<number, readonly LiveFile[]>,
  openerOf: (epoch: number) => Promise<Opener | 'continues' | undefined>,
  sealed: SealedEnd | undefined,
): Promise<readonly PlannedEpoch[]> {
  const plan: PlannedEpoch[] = [{ epoch: head, files: epochs.get(head) ?? [], limit: Number.POSITIVE_INFINITY }]
  for (let opener = await openerOf(head); opener !== 'continues' && opener?.adopted !== undefined;) {
    const { adopted } = opener
    const file = plan[0]?.files[0]?.name ?? folder.path
    const evidence = { file, offset: 0, firstBad: adopted.seq, provenBy: opener.seq }
    if (adopted.seq === sealed?.seq) {
      if (adopted.epoch !== sealed.epoch || adopted.hash !== sealed.hash)
        throw corrupt(evidence, `epoch ${opener.epoch} continues another record ${adopted.seq}`)
      break
    }
    const files = (epochs.get(adopted.epoch) ?? []).filter(({ first }) => first <= adopted.seq)
    const earlier = adopted.epoch < opener.epoch && files.length > 0 ? await openerOf(adopted.epoch) : undefined
    if (earlier === undefined)
      throw corrupt(evidence, `epoch ${adopted.epoch}, which epoch ${opener.epoch} continues, cannot be read`)
    plan.unshift({ epoch: adopted.epoch, files, limit: adopted.seq, limitHash: adopted.hash })
    opener = earlier
  }
  return plan
}

// The sealed part's own epoch may go on in a new file, or have none yet: its opener is sealed already.
async function findOpener(
  folder: Folder,
  epoch: number,
  files: readonly LiveFile[] | undefined,
  sealed: SealedEnd | undefined,
): Promise<Opener | 'continues' | undefined> {
  const first = files?.[0]
  if (epoch === sealed?.epoch && (first === undefined || first.first === sealed.seq + 1)) return 'continues'
  if (first === undefined) return undefined
  const record = await firstRecord(folder, first)
  return record === undefined ? undefined : openerIn(record, first.first)
}

async function firstRecord(folder: Folder, { name, epoch }: LiveFile): Promise<ParsedLine | undefined> {
  const file = await folder.fs.open(join(folder.path, name), 'read')
  try {
    for (let size = FIRST_LOOK_BYTES; ; size *= 8) {
      const bytes = await readRange(file, 0, Math.min(size, LINE_BYTES))
      const end = bytes.indexOf(0x0a)
      if (end >= 0) return intact(bytes.subarray(0, end), { queue: folder.queue, epoch })
      if (bytes.length < size) return undefined
    }
  } finally {
    await file.close()
  }
}

function openerIn({ body, payload }: ParsedLine, first: number): Opener | undefined {
  if (body.seq !== first) return undefined
  if (body.type === 'sys.genesis' && first === 0 && body.epoch === 1) return { epoch: 1, seq: 0 }
  if (body.type !== 'sys.open') return undefined
  const adopted = (payload as JsonObject | null)?.['adopted'] as JsonObject | undefined
  const [epoch, seq, hash] = [adopted?.['epoch'], adopted?.['seq'], adopted?.['hash']]
  if (seq !== first - 1 || hash !== body.prev || !Number.isSafeInteger(epoch)) return undefined
  return { epoch: body.epoch, seq: first, adopted: { epoch: epoch as number, seq, hash } }
}
