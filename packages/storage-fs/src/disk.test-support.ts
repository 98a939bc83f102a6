// Queues on the simulated disk of @sigillo/testing/node, for tests that open thousands of times or cut the power.
import { kitJournal, kitKey, openEpoch, type KitJournal, type KitKey } from '@sigillo/testing'
import { simulatedDisk, simulatedMachine, type SimulatedDisk, type SimulatedMachine } from '@sigillo/testing/node'
import { openFolder, type FolderStorage, type FolderWriter } from './open-folder.js'
import type { FileSystem } from './file-system.js'
import { join } from './paths.js'

/** Where the queue lies on every simulated disk. */
export const QUEUE = '/shop/queue'

let key: Promise<KitKey> | undefined

/** A queue on a simulated disk. */
export interface DiskPlace {
  readonly disk: SimulatedDisk
  readonly journal: KitJournal
  readonly machine: SimulatedMachine
  /** The folder as a new process sees it. */
  storage(disk?: SimulatedDisk): Promise<FolderStorage>
  /** Opens the writer and writes its `sys.open`. */
  begin(options?: Parameters<FolderStorage['openWriter']>[0]): Promise<FolderWriter>
}

/** A journal that is not stored anywhere yet. */
export async function newJournal(segBits: number): Promise<KitJournal> {
  return kitJournal(await (key ??= kitKey()), { segBits })
}

/** A place with a journal that `create` has not been called for. */
export async function diskPlace(segBits = 4, fileSystem?: (disk: SimulatedDisk) => FileSystem): Promise<DiskPlace> {
  const disk = simulatedDisk()
  const journal = await newJournal(segBits)
  const machine = simulatedMachine()
  const storage = (on: SimulatedDisk = disk): Promise<FolderStorage> =>
    openFolder(QUEUE, { fileSystem: fileSystem?.(on) ?? on.fileSystem, host: machine.start(), reserveBytes: 1024 })
  const begin: DiskPlace['begin'] = async (options) => {
    const writer = await (await storage()).openWriter(options)
    await openEpoch(journal, writer)
    return writer
  }
  return { disk, journal, machine, storage, begin }
}

/** Bytes of a file in the queue's folder. */
export async function bytesOf(disk: SimulatedDisk, name: string): Promise<Uint8Array> {
  const file = await disk.fileSystem.open(join(QUEUE, name), 'read')
  const bytes = new Uint8Array(await file.sizeBytes())
  await file.read(bytes, 0)
  await file.close()
  return bytes
}

/** A disk that differs from another in one file. The other is not touched. */
export async function withFile(disk: SimulatedDisk, name: string, bytes: Uint8Array | undefined): Promise<SimulatedDisk> {
  disk.settle()
  const copy = disk.afterPowerLoss({ block: () => true, name: () => true, size: (sizes) => sizes.at(-1) as number })
  await copy.fileSystem.unlink(join(QUEUE, name)).catch(() => undefined)
  if (bytes !== undefined) {
    const file = await copy.fileSystem.open(join(QUEUE, name), 'create')
    file.writeNow(bytes)
    await file.sync()
    await copy.fileSystem.syncDirectory(QUEUE)
  }
  return copy
}
