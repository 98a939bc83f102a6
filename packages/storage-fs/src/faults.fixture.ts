// What the fault tests share: a folder on a simulated disk, a working day on it with every kind of step, and the judgement of whatever
// a crash leaves (statements J-14 to J-29). Violations are returned, so that tests of deliberate defects can count them.
import type { SealedRecord, StorageReader } from '@sigillo/core'
import { lineOf } from '@sigillo/core'
import {
  appendTo,
  checkpoint,
  fillSegment,
  kitJournal,
  kitKey,
  openEpoch,
  tickets,
  type Content,
  type KitJournal,
  type KitKey,
} from '@sigillo/testing'
import { simulatedDisk, simulatedMachine, type DiskCall, type SimulatedDisk, type SimulatedMachine } from '@sigillo/testing/node'
import type { FileSystem } from './file-system.js'
import { openFolder, type FolderStorage, type FolderWriter } from './open-folder.js'

/** Where the queue lies on a simulated disk. */
export const PLACE = '/shop/queue'

/** Puts a spoilt file system over a disk's; used for deliberate defects. */
export type Spoil = (fileSystem: FileSystem) => FileSystem

/** How a queue is reached. */
export interface World {
  readonly disk: SimulatedDisk
  readonly machine: SimulatedMachine
  readonly spoil: Spoil
  /** Opens the folder; a patched copy of the package in tests of deliberate defects. */
  readonly open: typeof openFolder
  /** A real file system and a place on it, instead of the simulated disk. */
  readonly real?: { readonly fileSystem: FileSystem; readonly place: string }
}

export function newWorld(change: Partial<World> = {}): World {
  return {
    disk: simulatedDisk(),
    machine: simulatedMachine(() => Date.UTC(2026, 0, 1)),
    spoil: (fs) => fs,
    open: openFolder,
    ...change,
  }
}

/** A new process opens the folder. */
export function folderIn(world: World): Promise<FolderStorage> {
  const { fileSystem, place } = world.real ?? { fileSystem: world.disk.fileSystem, place: PLACE }
  return world.open(place, { fileSystem: world.spoil(fileSystem), host: world.machine.start(), reserveBytes: 0 })
}

let sharedKey: Promise<KitKey> | undefined
export function testKey(): Promise<KitKey> {
  return (sharedKey ??= kitKey())
}

/** What was promised so far, as the caller of the storage knows it. */
export interface Promised {
  /** Creation was acknowledged. */
  created: boolean
  /** Number of records acknowledged, counted from genesis; they are the first of the journal's. */
  records: number
  /** Names of blobs acknowledged. */
  readonly blobs: string[]
}

/** A moment of a working day at which the machine could have stopped. */
export interface Moment {
  readonly call: string
  readonly disk: SimulatedDisk
  readonly promised: Promised
}

/** A day that was worked, and every moment of it. */
export interface Day {
  readonly world: World
  readonly journal: KitJournal
  readonly moments: readonly Moment[]
  readonly promised: Promised
  /** Every record that was ever handed to the storage: nothing else may ever be read. */
  readonly offered: readonly SealedRecord[]
}

/** Works a day; a copy of the simulated disk is kept before every call that changes it. */
export async function workDay(world: World, steps: (worker: Worker) => Promise<void>, segBits = 3): Promise<Day> {
  const plain = await kitJournal(await testKey(), { segBits })
  const offered: SealedRecord[] = [plain.genesis]
  // Whatever was sealed may turn out to be stored, also when its batch was refused.
  const seal: KitJournal['seal'] = async (...args) => {
    const batch = await plain.seal(...args)
    for (const record of batch) offered[record.body.seq] = record
    return batch
  }
  const journal = { ...plain, seal }
  const promised: Promised = { created: false, records: 0, blobs: [] }
  const moments: Moment[] = []
  const keep = (call: DiskCall | undefined): void => {
    const what = call === undefined ? 'end' : `${call.index} ${call.operation} ${call.path}`
    moments.push({ call: what, disk: world.disk.copy(), promised: { ...promised, blobs: [...promised.blobs] } })
  }
  world.disk.onChange = keep
  await steps(new Worker(world, journal, promised))
  keep(undefined)
  world.disk.onChange = undefined
  return { world, journal, moments, promised, offered }
}

/** Does the steps of a day and notes what was promised. */
export class Worker {
  readonly world: World
  readonly journal: KitJournal
  readonly promised: Promised
  #writer: FolderWriter | undefined

  constructor(world: World, journal: KitJournal, promised: Promised) {
    this.world = world
    this.journal = journal
    this.promised = promised
  }
  get writer(): FolderWriter {
    if (this.#writer === undefined) throw new Error('the day has not opened the folder')
    return this.#writer
  }
  async create(): Promise<void> {
    await (await folderIn(this.world)).create(this.journal.genesis)
    this.promised.created = true
    this.promised.records = 1
  }
  async open(): Promise<void> {
    this.#writer = await (await folderIn(this.world)).openWriter()
    await openEpoch(this.journal, this.writer)
    this.promised.records = this.journal.kept.length
  }
  async append(contents: readonly Content[]): Promise<void> {
    await appendTo(this.journal, this.writer, contents)
    this.promised.records = this.journal.kept.length
  }
  /** A closing with its events and its checkpoint: one request of several records. */
  async closeDay(name: string, events: number): Promise<void> {
    await this.append(closingRequest(this.journal, name, events))
  }
  async fillSegment(name: string): Promise<void> {
    await fillSegment(this.journal, this.writer, name, 3)
    this.promised.records = this.journal.kept.length
  }
  async putBlob(bytes: Uint8Array): Promise<void> {
    this.promised.blobs.push(await this.writer.putBlob(bytes))
  }
  async end(clean: boolean): Promise<void> {
    await this.writer.close({ clean })
    this.#writer = undefined
  }
}

export function closingRequest(journal: KitJournal, name: string, events: number): readonly Content[] {
  const total = events + 2
  const noted = Array.from({ length: events }, (_, i): Content => ({
    type: 'event',
    payload: { i, text: 'n'.repeat(200) },
    more: total - 1 - i,
  }))
  const { payload } = checkpoint(journal, 'manual')
  // Its size is its own number; the root over what is not sealed yet is the queue's business, not the store's.
  const end: Content = { type: 'sys.checkpoint', payload: { ...payload, size: journal.kept.length + total - 1 } }
  return [...noted, { type: 'closing', payload: { name }, ref: name, more: 1 }, end]
}

/** A short day that has everything: creation, batches of several sizes, full segments, sealing, blobs, a second opening. */
export async function fullDay(worker: Worker): Promise<void> {
  await worker.create()
  await worker.open()
  await worker.append(tickets('a', 1))
  await worker.append([{ type: 'ticket', payload: { text: 'long '.repeat(300) }, ref: 'long' }, ...tickets('b', 2)])
  await worker.fillSegment('c')
  await worker.writer.maintain()
  await worker.closeDay('z-1', 2)
  await worker.putBlob(new Uint8Array(1500).fill(7))
  await worker.end(true)
  await worker.open()
  await worker.append(tickets('d', 2))
  await worker.fillSegment('e')
  await worker.append(tickets('f', 1))
  await worker.writer.maintain()
  await worker.end(false)
  await worker.open()
  await worker.closeDay('z-2', 1)
  await worker.end(true)
}

/** What a folder holds after a crash, judged; an empty list is what is wanted. */
export async function judge(world: World, promised: Promised, offered: readonly SealedRecord[]): Promise<readonly string[]> {
  const faults: string[] = []
  let writer: FolderWriter
  try {
    writer = await (await folderIn(world)).openWriter()
  } catch (error) {
    const { code, message } = error as { code?: string; message: string }
    return !promised.created && code === 'QUEUE_MISSING' ? [] : [`opening failed: ${code} ${message}`]
  }
  await compare(writer, promised, offered, faults)
  if (world.real !== undefined) {
    await writer.close({ clean: false })
    return faults
  }
  // J-17: what an opened queue shows survives an immediate loss of power that keeps nothing unsynced.
  const head = await writer.head()
  const after = { ...world, disk: world.disk.afterPowerLoss(LOSE_ALL) }
  faults.push(...(await judgeReader(after, promised, offered, Number(head.seq))))
  await writer.close({ clean: false })
  return faults
}

const LOSE_ALL = { block: () => false, name: () => false, size: (sizes: readonly number[]) => sizes[0] as number }

async function judgeReader(
  world: World,
  promised: Promised,
  offered: readonly SealedRecord[],
  seq: number,
): Promise<readonly string[]> {
  const faults: string[] = []
  try {
    const reader = await (await folderIn(world)).openReader()
    await compare(reader, promised, offered, faults)
    const again = await reader.head()
    if (Number(again.seq) !== seq) faults.push(`J-17: opened with head ${seq}, after a loss of power the head is ${again.seq}`)
    await reader.close()
  } catch (error) {
    faults.push(`J-17: after a loss of power the folder does not open: ${String(error)}`)
  }
  return faults
}

async function compare(
  reader: StorageReader,
  promised: Promised,
  offered: readonly SealedRecord[],
  faults: string[],
): Promise<void> {
  const { seq } = await reader.head()
  if (Number(seq) + 1 < promised.records) faults.push(`lost: ${promised.records} records were acknowledged, the head is ${seq}`)
  let next = 0
  try {
    for await (const { line } of reader.read(0n)) {
      const expected = offered[next]
      if (expected === undefined) faults.push(`record ${next} was never offered`)
      else if (new TextDecoder().decode(line) !== lineOf(expected)) faults.push(`record ${next} has other bytes`)
      next += 1
    }
  } catch (error) {
    faults.push(`record ${next} cannot be read: ${String(error)}`)
  }
  if (next !== Number(seq) + 1) faults.push(`the head is ${seq}, ${next} records can be read`)
  if (offered[next - 1]?.body.more !== undefined) faults.push(`J-64: the journal ends inside a request, at record ${next - 1}`)
  for (const name of promised.blobs)
    if ((await reader.blob(name).catch(() => undefined)) === undefined) faults.push(`lost: blob ${name}`)
}
