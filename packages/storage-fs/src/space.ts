// Free space and the reserve (FORMAT 16.1): near a full disk receipts are refused and closings go on, on 4 MiB kept for them.
import { createFile, removeFile } from './durable.js'
import { isFull } from './faults.js'
import type { Folder } from './folder.js'
import { join, RESERVE_FILE, temporaryName } from './paths.js'

const MIB: number = 1024 * 1024
/** Below this free space is looked at before each batch; above, before every 100th. */
const WATCH_BYTES: number = 64 * MIB
const WARN_BYTES: number = 32 * MIB
const EMERGENCY_BYTES: number = 8 * MIB
const LOOK_EVERY = 100
/** How long an emergency lasts at least when the system said "full" although space seems free (a quota). */
const QUOTA_PATIENCE_MS = 30_000
/** Size of the reserve. */
export const RESERVE_BYTES: number = 4 * MIB

/** Real zeros: a sparse file would reserve nothing. */
export function reserveBytes(size: number): Uint8Array {
  return new Uint8Array(size)
}

/** Watches the free space of one queue's disk. */
export class SpaceWatch {
  readonly #folder: Folder
  readonly #reserve: number
  #freeBytes: number | undefined
  #batches = 0
  #emergency = false
  #notBeforeMs = 0
  #mending: Promise<void> | undefined

  constructor(folder: Folder, reserve: number) {
    this.#folder = folder
    this.#reserve = reserve
  }

  /** Free bytes at the last look. */
  get freeBytes(): number | undefined {
    return this.#freeBytes
  }

  /** At opening: a reserve that is gone means the emergency of a former process may not be over. */
  async begin(inEmergency: boolean): Promise<void> {
    const { fs, path } = this.#folder
    this.#freeBytes = (await fs.volume(path)).freeBytes
    const reserved = this.#reserve === 0 || (await fs.stat(join(path, RESERVE_FILE))) !== undefined
    if (inEmergency && this.#freeBytes >= WATCH_BYTES) this.#notBeforeMs = this.#folder.host.now() + QUOTA_PATIENCE_MS
    if (inEmergency || this.#freeBytes < EMERGENCY_BYTES || (!reserved && this.#freeBytes < WATCH_BYTES))
      await this.enterEmergency()
    else if (!reserved) this.#mend()
  }

  /** Before a batch: looks when it is time to. */
  async beforeBatch(): Promise<void> {
    this.#batches += 1
    this.#freeBytes = (await this.#folder.fs.volume(this.#folder.path)).freeBytes
    if (this.#freeBytes < EMERGENCY_BYTES) await this.enterEmergency()
  }

  /** True when {@link beforeBatch} is due; counts the batch otherwise. */
  isDue(): boolean {
    if (this.#emergency || (this.#freeBytes ?? 0) < WATCH_BYTES) return true
    this.#batches += 1
    return this.#batches % LOOK_EVERY === 0
  }

  /** Frees the reserve so that closings can be written. */
  async enterEmergency(): Promise<void> {
    this.#emergency = true
    await this.#mending
    await removeFile(this.#folder.fs, join(this.#folder.path, RESERVE_FILE)).catch(() => undefined)
  }

  /** True until enough is free; then the reserve is rebuilt. */
  emergency(): boolean {
    if (!this.#emergency) return false
    this.#freeBytes = this.#folder.fs.volumeNow(this.#folder.path).freeBytes
    if (this.#freeBytes < WATCH_BYTES || this.#folder.host.now() < this.#notBeforeMs) return true
    this.#emergency = false
    this.#mend()
    return false
  }

  #mend(): void {
    this.#mending ??= this.#rebuildReserve().finally(() => (this.#mending = undefined))
  }

  async #rebuildReserve(): Promise<void> {
    const { fs, path } = this.#folder
    const temporary = join(path, temporaryName(RESERVE_FILE, 0))
    try {
      await removeFile(fs, temporary)
      await createFile(fs, temporary, reserveBytes(this.#reserve), true)
      await fs.rename(temporary, join(path, RESERVE_FILE))
    } catch (error) {
      await removeFile(fs, temporary).catch(() => undefined)
      if (isFull(error)) this.#emergency = true
    }
  }

  /** What a person should know. */
  warnings(): readonly string[] {
    if (this.#emergency) return ['the disk is full: only closings are accepted until 64 MiB are free']
    return this.#freeBytes !== undefined && this.#freeBytes < WARN_BYTES
      ? [`only ${Math.floor(this.#freeBytes / MIB)} MiB are free on the disk`]
      : []
  }

  /** Waits for a reserve that is being rebuilt. */
  async settle(): Promise<void> {
    await this.#mending
  }
}
