// Reading a folder without a claim, also beside a live writer (FORMAT 13). It writes nothing. What the writer has not finished is not
// there yet; records of the newest batch are tentative. A damaged end is shown as it is stored, for verification to name.
import type { Awaitable, PurgedBeginning, ReadHead, StorageHealth, StoredLine, StoredSnapshot } from '@sigillo/core'
import { readAnchors } from './anchors.js'
import { readBlob } from './blobs.js'
import { readCatalog, type Catalog } from './catalog.js'
import { holderOf, listClaims, type Holder } from './claim.js'
import { readFile, readRange } from './durable.js'
import { isMissing } from './faults.js'
import type { Folder } from './folder.js'
import { readHint } from './hint.js'
import { loadHistory, type History, type HistoryHead } from './history.js'
import { Journal, type Chunk } from './journal.js'
import { takeLines, wholeRequests } from './lines.js'
import type { FolderView } from './open-folder.js'
import { join } from './paths.js'
import { readPurged } from './purge.js'
import { RefIndex, type RefHit } from './refs.js'
import { snapshotsWithBase } from './kept.js'

/** Opens a reader on what the folder holds now. */
export async function startReader(folder: Folder, warnings: readonly string[]): Promise<FolderView> {
  const reader = new Reader(folder, warnings)
  await reader.refresh()
  return reader
}

interface View {
  readonly history: History
  readonly journal: Journal
  readonly refs: RefIndex
  head: HistoryHead
}

class Reader implements FolderView {
  readonly #folder: Folder
  readonly #warnings: readonly string[]
  #view: View | undefined
  #refreshing: Promise<View> | undefined

  constructor(folder: Folder, warnings: readonly string[]) {
    this.#folder = folder
    this.#warnings = warnings
  }

  get queue(): string {
    return this.#folder.queue
  }

  get segBits(): number {
    return this.#folder.segBits
  }

  /** Looks at the folder again. */
  refresh(): Promise<View> {
    this.#refreshing ??= this.#refresh().finally(() => (this.#refreshing = undefined))
    return this.#refreshing
  }

  async #refresh(): Promise<View> {
    const view = this.#view
    if (view !== undefined && (await this.#grow(view))) return view
    let history = await loadHistory(this.#folder, true)
    // Damage seen beside a busy writer is believed when a second look shows it too.
    if (history.damage !== undefined) history = await loadHistory(this.#folder, true)
    const purged = await readPurged(this.#folder, history.sealed, history.tail?.pieces.at(-1)?.kept)
    const journal = new Journal(this.#folder, history, purged, true)
    const refs = new RefIndex(journal, [...history.unread.keys()])
    for (const { ref, seq } of history.marks) if (ref !== undefined && seq <= history.head.seq) refs.add(ref, seq)
    await view?.refs.close()
    this.#view = { history, journal, refs, head: history.head }
    return this.#view
  }

  // The usual case: the same files, the newest of them longer. False when everything must be looked at again.
  async #grow({ history, journal, refs }: View): Promise<boolean> {
    const { tail, damage } = history
    const piece = tail?.pieces.at(-1)
    if (tail === undefined || piece === undefined || damage !== undefined) return false
    if (!sameFiles(history.catalog, await readCatalog(this.#folder.fs, this.#folder.path))) return false
    try {
      const file = await this.#folder.fs.open(join(this.#folder.path, piece.file), 'read')
      try {
        const bytes = await readRange(file, piece.end, await file.sizeBytes())
        const limit = tail.first + this.#folder.segment - 1
        const owner = { queue: this.#folder.queue, epoch: piece.epoch }
        const taken = takeLines(bytes, owner, { seq: journal.head.seq, hash: journal.head.hash }, limit)
        const marks = taken.marks.slice(0, wholeRequests(taken.marks))
        const last = marks.at(-1)
        // A whole line that does not come next may be damage.
        if (taken.marks.length === 0 && bytes.includes(0x0a)) return false
        if (last === undefined) return true
        const ends = marks.map(({ end }) => piece.end + end)
        tail.extend(ends, bytes.subarray(0, last.end + 1))
        tail.letGo()
        for (const { ref, seq } of marks) if (ref !== undefined) refs.add(ref, seq)
        journal.head = { seq: last.seq, hash: last.hash }
        if (this.#view !== undefined) this.#view.head = { seq: last.seq, hash: last.hash, epoch: piece.epoch, base: last.base }
        return true
      } finally {
        await file.close()
      }
    } catch (error) {
      if (isMissing(error)) return false
      throw error
    }
  }

  async head(): Promise<ReadHead> {
    const { head } = await this.refresh()
    return { seq: BigInt(head.seq), hash: head.hash, durableThrough: BigInt(await this.#durableThrough(head)) }
  }

  // A record's base vouches for what lies before its batch; the hint, where the writer names as its head only what is durable, for
  // the batch itself. Without it an export after closing time would leave the closing out.
  async #durableThrough(head: HistoryHead): Promise<number> {
    const hint = await readHint(this.#folder).catch(() => undefined)
    return typeof hint === 'object' && hint.seq === head.seq && hint.hash === head.hash ? head.seq : head.base - 1
  }

  async *read(from: bigint, to?: bigint): AsyncGenerator<StoredLine> {
    const { journal } = await this.refresh()
    yield* journal.lines(Math.max(0, Number(from)), Math.min(Number(to ?? journal.head.seq), journal.head.seq))
  }

  async *chunks(from = 0n): AsyncGenerator<Chunk> {
    const { journal } = await this.refresh()
    yield* journal.chunks(Number(from))
  }

  async *rest(): AsyncGenerator<Chunk> {
    const { history } = await this.refresh()
    if ((await this.#holder()) === 'alive') return
    for (const { file, offset } of history.behind) {
      const bytes = await readFile(this.#folder.fs, join(this.#folder.path, file))
      if (bytes !== undefined && bytes.length > offset) yield { bytes: bytes.subarray(offset), file, offset }
    }
  }

  byRef(ref: string): Awaitable<RefHit | undefined> {
    return this.refresh().then(({ refs }) => refs.find(ref))
  }

  async purged(): Promise<PurgedBeginning | undefined> {
    return (await this.refresh()).journal.purged()
  }

  async snapshots(): Promise<readonly StoredSnapshot[]> {
    const { head } = await this.refresh()
    return snapshotsWithBase(this.#folder, head.seq)
  }

  blob(sha256: string): Promise<Uint8Array | undefined> {
    return readBlob(this.#folder, sha256)
  }

  anchors(): ReturnType<typeof readAnchors> {
    return readAnchors(this.#folder)
  }

  async health(): Promise<StorageHealth> {
    const { history, journal, head } = await this.refresh()
    const { damage } = history
    const { freeBytes } = await this.#folder.fs.volume(this.#folder.path)
    const warnings = [...this.#warnings, ...(damage === undefined ? [] : [damage.message])]
    const found = damage === undefined ? {} : { damage: damage.details as Record<string, string | number> }
    const dead = history.dead === null ? {} : { dead: { ...history.dead } }
    const holder = await this.#holder()
    const details = { epoch: head.epoch, floor: journal.floor, holder, sealed: history.sealed.length, ...found, ...dead }
    return { kind: 'folder', state: damage === undefined ? 'good' : 'failed', warnings, freeBytes, details }
  }

  // Who has the queue open now: `none` after a clean close, `dead` after a crash.
  async #holder(): Promise<'none' | Holder> {
    const { fs, path } = this.#folder
    const epoch = (await listClaims(fs, path)).at(-1)
    const facts = await fs.stat(path)
    const hint = await readHint(this.#folder).catch(() => undefined)
    if (epoch === undefined || facts === undefined || (typeof hint === 'object' && hint.clean && hint.epoch === epoch))
      return 'none'
    return holderOf(this.#folder, epoch, { dev: facts.dev, ino: facts.ino })
  }

  async close(): Promise<void> {
    await this.#refreshing?.catch(() => undefined)
    await this.#view?.refs.close()
    this.#view = undefined
  }
}

function sameFiles(before: Catalog, now: Catalog): boolean {
  const same = before.live.length === now.live.length && before.sealed.length === now.sealed.length
  return (
    same &&
    now.live.every(({ name }) => before.names.has(name)) &&
    now.sealed.at(-1) === before.sealed.at(-1) &&
    now.sealed[0] === before.sealed[0]
  )
}
