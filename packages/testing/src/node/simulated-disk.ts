// A disk in memory that loses power, fails and fills up on request, with the two layers of a real one: the page cache every process
// sees, and the medium that only syncs reach. Implements storage-fs's FileSystem by shape; deterministic from its seed.
import { FaultPlan, type DiskCall, type DiskFault } from './disk-faults.js'
import { diskFileSystem, inoAt, type DiskFileSystem } from './disk-file-system.js'
import {
  BLOCK,
  copyNode,
  cutFile,
  flushDirectory,
  flushFile,
  newDirectory,
  readCache,
  writeCache,
  type DirectoryNode,
  type DiskNode,
  type FileNode,
} from './disk-nodes.js'
import { CORNERS, countEffects, fateBy, fateOf, survivors, type Fate } from './power-loss.js'
import { randomFrom } from './random.js'

const UNLIMITED = 2 ** 40

/** A simulated disk. Its root directory exists and is stable. */
export class SimulatedDisk {
  /** The calls a storage makes. */
  readonly fileSystem: DiskFileSystem
  /** Every call so far, in order. */
  readonly trace: DiskCall[] = []
  /** Bytes files may hold together. */
  capacityBytes: number = UNLIMITED
  /** Called before each call that changes something takes effect, with the disk as it is. */
  onChange: ((call: DiskCall) => void) | undefined
  readonly faults: FaultPlan = new FaultPlan()
  /** Nodes by number; 1 is the root. For the parts of the simulation only. */
  nodes: Map<number, DiskNode>
  nextIno = 2
  nextChange = 1
  // What this disk may change in place. A copy takes the right away from both, so that neither sees the other's changes.
  #owner: object = {}
  #dead = false

  constructor() {
    this.nodes = new Map([[1, newDirectory(1, this.#owner)]])
    this.fileSystem = diskFileSystem(this)
  }

  /** Adds a failure; counting starts now. */
  fail(fault: DiskFault): void {
    this.faults.add(fault)
  }
  /** Takes every failure back that has not happened. */
  heal(): void {
    this.faults.clear()
  }
  /** From now on every call fails, as for a process whose machine is gone. */
  powerOff(): void {
    this.#dead = true
  }
  /** Mark of the nodes this disk may change in place. */
  get owner(): object {
    return this.#owner
  }
  get dead(): boolean {
    return this.#dead
  }

  /** The same disk as a process finds it that starts after this moment: page cache and all. Later changes do not touch each other. */
  copy(): SimulatedDisk {
    this.#owner = {}
    const copy = new SimulatedDisk()
    copy.nodes = new Map(this.nodes)
    copy.nextIno = this.nextIno
    copy.nextChange = this.nextChange
    copy.capacityBytes = this.capacityBytes
    return copy
  }

  /** The disk after a loss of power now. */
  afterPowerLoss(fate: Fate): SimulatedDisk {
    const disk = this.copy()
    disk.nodes = survivors(this.nodes.values(), fate, disk.owner)
    return disk
  }

  /** Separate effects that a loss of power now could keep or lose. */
  unsynced(): number {
    return countEffects(this.nodes.values())
  }

  /**
   * Disks a loss of power now could leave: every combination when there are few, else the corners and a sample by the seed.
   * At most `most`, at least one.
   */
  *explore(most: number, seed: number): Generator<SimulatedDisk> {
    const effects = this.unsynced()
    if (effects === 0) {
      yield this.afterPowerLoss(CORNERS[0] as Fate)
      return
    }
    if (effects <= 16 && 2 ** effects <= most) {
      for (let bits = 0; bits < 2 ** effects; bits++) yield this.afterPowerLoss(fateOf(bits))
      return
    }
    const random = randomFrom(seed)
    for (let i = 0; i < most; i++) yield this.afterPowerLoss(CORNERS[i] ?? fateBy(random))
  }

  /** Shortens a file, on the medium too, as if the end had never been written. */
  cut(path: string, sizeBytes: number): void {
    const file = this.ownedFile(inoAt(this, path, 'cut'))
    cutFile(file, sizeBytes)
  }
  /** Turns bits of one byte of a file, on the medium too. */
  damage(path: string, offset: number, mask: number = 1): void {
    const file = this.ownedFile(inoAt(this, path, 'damage'))
    const byte = new Uint8Array(1)
    readCache(file, byte, offset)
    writeCache(file, new Uint8Array([(byte[0] as number) ^ mask]), offset)
    flushFile(file)
  }

  /** Makes everything stable. */
  settle(): void {
    for (const ino of this.nodes.keys()) {
      const node = this.owned(ino)
      if (node.kind === 'file') flushFile(node)
      else flushDirectory(node)
    }
  }

  /** Bytes in use: what no name leads to any more takes no room. */
  usedBytes(): number {
    let used = 0
    const waiting = [1]
    for (let ino = waiting.pop(); ino !== undefined; ino = waiting.pop()) {
      const node = this.nodes.get(ino)
      if (node?.kind === 'directory') waiting.push(...node.cache.values())
      else if (node !== undefined) used += Math.ceil(node.sizeBytes / BLOCK) * BLOCK
    }
    return used
  }
  /** Bytes still free. */
  freeBytes(): number {
    return this.capacityBytes === UNLIMITED ? UNLIMITED : Math.max(0, this.capacityBytes - this.usedBytes())
  }

  /** A node this disk may change. */
  owned(ino: number): DiskNode {
    const node = this.nodes.get(ino) as DiskNode
    if (node.owner === this.#owner) return node
    const own = copyNode(node, this.#owner)
    this.nodes.set(ino, own)
    return own
  }
  ownedFile(ino: number): FileNode {
    return this.owned(ino) as FileNode
  }
  ownedDirectory(ino: number): DirectoryNode {
    return this.owned(ino) as DirectoryNode
  }
}

/** A fresh disk with a root directory. */
export function simulatedDisk(): SimulatedDisk {
  return new SimulatedDisk()
}
