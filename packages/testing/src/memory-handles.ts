// Reader and writer of memory storage. A writer acknowledges nothing once a later epoch exists (FORMAT 9.2, fence check).
import { FiscalError, parseLine, sha256Hex, utf8 } from '@sigillo/core'
import type {
  Adoption,
  Awaitable,
  BlankOrder,
  BlankResult,
  Head,
  OpenWriterOptions,
  ReadHead,
  SealedRecord,
  StorageHealth,
} from '@sigillo/core'
import type { StorageReader, StorageWriter, StoredLine, StoredSnapshot } from '@sigillo/core'
import { checkBatch, headOf, keep, type MemoryPlace } from './memory-place.js'

const KEPT_SNAPSHOTS = 2
const WARNING = 'kept in memory only: everything is lost when the process ends'

class MemoryReader implements StorageReader {
  readonly queue: string
  readonly segBits: number
  protected readonly place: MemoryPlace
  protected state: StorageHealth['state'] = 'good'

  constructor(place: MemoryPlace) {
    this.place = place
    this.queue = place.queue
    this.segBits = place.segBits
  }

  protected alive(): MemoryPlace {
    if (this.state !== 'good') throw new FiscalError('QUEUE_CLOSED', { message: 'the handle is closed' })
    return this.place
  }
  async head(): Promise<ReadHead> {
    const head = headOf(this.alive())
    return { ...head, durableThrough: head.seq }
  }
  async *read(from: bigint, to?: bigint): AsyncIterable<StoredLine> {
    const { lines } = this.alive()
    for (let seq = Number(from); seq < lines.length && (to === undefined || BigInt(seq) <= to); seq++) {
      yield { seq: BigInt(seq), line: utf8(lines[seq] as string) }
    }
  }
  byRef(ref: string): Awaitable<{ readonly seq: bigint; readonly line?: Uint8Array } | undefined> {
    const { refs, lines } = this.alive()
    const seq = refs.get(ref)
    return seq === undefined ? undefined : { seq: BigInt(seq), line: utf8(lines[seq] as string) }
  }
  async snapshots(): Promise<readonly StoredSnapshot[]> {
    return structuredClone(this.alive().snapshots)
  }
  async blob(sha256: string): Promise<Uint8Array | undefined> {
    return this.alive().blobs.get(sha256)?.slice()
  }
  async anchors(): Promise<readonly { readonly size: bigint; readonly source: string; readonly note: string }[]> {
    return [...this.alive().anchors]
  }
  async health(): Promise<StorageHealth> {
    const { lines, epoch, blobs } = this.place
    return {
      kind: 'memory',
      state: this.state,
      warnings: [WARNING],
      details: { blobs: blobs.size, epoch, records: lines.length },
    }
  }
  async close(): Promise<void> {
    this.state = 'closed'
  }
}

class MemoryWriter extends MemoryReader implements StorageWriter {
  readonly adoption: Adoption

  constructor(place: MemoryPlace, adoption: Adoption) {
    super(place)
    this.adoption = adoption
  }

  // Dead for good once fenced: the caller reopens, which makes a new epoch.
  #holding(): MemoryPlace {
    const place = this.alive()
    const epoch = Number(this.adoption.epoch)
    if (place.epoch !== epoch) {
      this.state = 'failed'
      throw new FiscalError('STORAGE_FENCED', {
        message: `epoch ${place.epoch} has taken over from ${epoch}`,
        details: { epoch: place.epoch },
      })
    }
    return place
  }
  async append(expect: Head, batch: readonly SealedRecord[]): Promise<void> {
    const place = this.#holding()
    checkBatch(place, Number(this.adoption.epoch), expect, batch)
    keep(place, batch)
  }
  async putSnapshot(snapshot: StoredSnapshot): Promise<void> {
    const place = this.#holding()
    const newer = [structuredClone(snapshot), ...place.snapshots.filter(({ seq }) => seq !== snapshot.seq)]
    place.snapshots = newer.sort((a, b) => Number(b.seq - a.seq)).slice(0, KEPT_SNAPSHOTS)
  }
  async putBlob(bytes: Uint8Array): Promise<string> {
    const place = this.#holding()
    const name = sha256Hex(bytes)
    place.blobs.set(name, bytes.slice())
    return name
  }
  async putAnchor(size: bigint, source: string, note: string): Promise<void> {
    const { anchors } = this.#holding()
    const root = rootIn(note, size)
    const other = anchors.find(
      (known) => known.size === size && root !== undefined && (rootIn(known.note, size) ?? root) !== root,
    )
    if (other !== undefined) {
      throw new FiscalError('FORK_SUSPECTED', { message: `${source} names another root for size ${size} than ${other.source}` })
    }
    if (!anchors.some((known) => known.size === size && known.source === source)) anchors.push({ size, source, note })
  }
  async blank({ from, to, select, record }: BlankOrder): Promise<BlankResult> {
    const { lines } = this.#holding()
    if (parseLine(utf8(lines[Number(record)] ?? ''))?.body.type !== 'sys.redact')
      throw new FiscalError('OPTION_INVALID', { message: `record: record ${record} is no sys.redact`, path: 'record' })
    let blanked = 0
    for (let seq = Number(from); seq <= Number(to) && seq < lines.length; seq++) {
      const line = parseLine(utf8(lines[seq] as string))
      if (line === undefined || line.payloadText === 'null' || line.body.type.startsWith('sys.') || !select(line.body)) continue
      lines[seq] = `{"body":${line.bodyText},"hash":"${line.hash}","payload":null,"sig":"${line.sig}"}`
      blanked += 1
    }
    return { blanked }
  }
  async maintain(): Promise<void> {
    this.#holding()
  }
  emergency(): boolean {
    return false
  }
  override async close(_options?: { readonly clean?: boolean }): Promise<void> {
    if (this.state !== 'closed' && this.place.holder === Number(this.adoption.epoch)) this.place.holder = undefined
    this.state = 'closed'
  }
}

// Third line of a signed note whose second line is the size (FORMAT 6); receipts of another form carry no root.
function rootIn(note: string, size: bigint): string | undefined {
  const [, second, third] = note.split('\n')
  return second === String(size) ? third : undefined
}

/** A reader of a place. */
export function memoryReader(place: MemoryPlace): StorageReader {
  return new MemoryReader(place)
}

/**
 * The next writer of a place, with an epoch above every earlier one.
 * @throws FiscalError QUEUE_LOCKED while another handle is open and `takeover` was not asked for
 */
export function memoryWriter(place: MemoryPlace, name: string, options: OpenWriterOptions): StorageWriter {
  if (place.holder !== undefined && options.takeover !== true) {
    throw new FiscalError('QUEUE_LOCKED', {
      message: `another handle holds the queue in ${name}`,
      details: { epoch: place.holder },
    })
  }
  const taken = place.holder !== undefined
  place.epoch += 1
  place.holder = place.epoch
  const { seq, hash } = headOf(place)
  const adopted = { epoch: place.epochs.at(-1) as number, seq: Number(seq), hash }
  return new MemoryWriter(place, {
    epoch: BigInt(place.epoch),
    adopted,
    dead: null,
    reason: reasonOf(options, taken),
    host: 'memory',
  })
}

function reasonOf(options: OpenWriterOptions, taken: boolean): Adoption['reason'] {
  if (options.restore === true) return 'restore'
  if (options.moved === true) return 'moved'
  if (taken) return 'takeover'
  return options.afterWriteError === true ? 'write-error' : 'start'
}
