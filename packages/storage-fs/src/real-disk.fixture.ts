// Real file systems on loop devices whose power is cut: the kernel's forced shutdown drops every byte that was not flushed
// (statement J-28). Linux, root and loop devices only.
import { spawnSync } from 'node:child_process'
import { mkdir, mkdtemp, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { tickets } from '@sigillo/testing'
import { randomFrom, simulatedMachine } from '@sigillo/testing/node'
import { judge, newWorld, workDay, type Spoil, type Worker, type World } from './faults.fixture.js'
import type { FileSystem, OpenFile } from './file-system.js'
import { nodeFileSystem } from './node-file-system.js'

/** A mounted image. */
export interface RealDisk {
  readonly mount: string
  /** Drops everything unflushed; from then on every call fails until {@link RealDisk.remount}. */
  shutdown(): void
  remount(): void
  dispose(): Promise<void>
}

function run(command: string, ...args: readonly string[]): { readonly ok: boolean; readonly text: string } {
  const { status, stderr, error } = spawnSync(command, args, { encoding: 'utf8' })
  return { ok: status === 0, text: error === undefined ? stderr.trim() : error.message }
}

function must(command: string, ...args: readonly string[]): void {
  const { ok, text } = run(command, ...args)
  if (!ok) throw new Error(`${command} ${args.join(' ')}: ${text}`)
}

/** Smallest images the tools accept, sparse. */
const IMAGE_BYTES = { ext4: 67_108_864, xfs: 335_544_320 } as const
export type RealKind = 'ext4' | 'xfs'

/** Makes and mounts an image. @throws Error saying which step this machine does not allow */
export async function mountImage(kind: RealKind): Promise<RealDisk> {
  const directory = await mkdtemp(join(tmpdir(), `sigillo-${kind}-`))
  const [image, mount] = [join(directory, 'image'), join(directory, 'mount')]
  try {
    await writeFile(image, '')
    await truncate(image, IMAGE_BYTES[kind])
    await mkdir(mount)
    must(`mkfs.${kind}`, '-q', ...(kind === 'ext4' ? ['-F'] : ['-f']), image)
    must('mount', '-t', kind, '-o', 'loop', image, mount)
  } catch (error) {
    await rm(directory, { recursive: true, force: true })
    throw error
  }
  let off = false
  return {
    mount,
    shutdown: () => {
      // Without a flag the shutdown flushes neither data nor the log.
      if (!off) must('xfs_io', '-x', '-c', 'shutdown', mount)
      off = true
    },
    remount: () => {
      off = false
      must('umount', mount)
      must('mount', '-t', kind, '-o', 'loop', image, mount)
    },
    dispose: async () => {
      run('umount', '-l', mount)
      await rm(directory, { recursive: true, force: true })
    },
  }
}

/** Why real disks cannot be tested here, or undefined when they can. */
export async function whyNot(): Promise<string | undefined> {
  if (process.platform !== 'linux') return 'a forced shutdown of a file system needs Linux'
  if (process.getuid?.() !== 0) return 'mounting needs root'
  for (const kind of ['ext4', 'xfs'] as const) {
    try {
      const disk = await mountImage(kind)
      try {
        disk.shutdown()
        disk.remount()
      } finally {
        await disk.dispose()
      }
    } catch (error) {
      return `${kind} on a loop device: ${(error as Error).message}`
    }
  }
  return undefined
}

/** Calls `cut` before the n-th call that changes something. */
function cutBefore(fs: FileSystem, nth: number, cut: () => void): FileSystem {
  let count = 0
  const step = (): void => {
    count += 1
    if (count === nth) cut()
  }
  const counted = (file: OpenFile): OpenFile => ({
    writeNow: (bytes) => (step(), file.writeNow(bytes)),
    write: (bytes) => (step(), file.write(bytes)),
    writeAt: (bytes, position) => (step(), file.writeAt(bytes, position)),
    read: (into, position) => file.read(into, position),
    readNow: (into, position) => file.readNow(into, position),
    datasync: () => (step(), file.datasync()),
    sync: () => (step(), file.sync()),
    sizeBytes: () => file.sizeBytes(),
    close: () => file.close(),
  })
  return {
    ...fs,
    open: async (path, mode) => {
      if (mode === 'create' || mode === 'append') step()
      return counted(await fs.open(path, mode))
    },
    makeDirectory: (path) => (step(), fs.makeDirectory(path)),
    syncDirectory: (path) => (step(), fs.syncDirectory(path)),
    rename: (from, to) => (step(), fs.rename(from, to)),
    unlink: (path) => (step(), fs.unlink(path)),
  }
}

/** What the rounds showed. */
export interface RealReport {
  readonly rounds: number
  readonly acknowledged: number
  /** Rounds that lost or spoilt something. */
  readonly failedRounds: number
  readonly violations: readonly string[]
}

/** Cuts the power in each round before a random call of a day, and judges what is left. */
export async function cutRounds(
  disk: RealDisk,
  rounds: number,
  seed: number,
  options: {
    readonly steps: (worker: Worker) => Promise<void>
    readonly cutAt: readonly [from: number, to: number]
    readonly spoil?: Spoil
  },
): Promise<RealReport> {
  const random = randomFrom(seed)
  const violations: string[] = []
  let [acknowledged, failedRounds] = [0, 0]
  for (let round = 0; round < rounds; round++) {
    const [from, to] = options.cutAt
    const nth = from + random.below(to - from + 1)
    const place = join(disk.mount, `day-${round}`, 'queue')
    const fileSystem = cutBefore(nodeFileSystem, nth, () => disk.shutdown())
    const world: World = newWorld({
      machine: simulatedMachine(),
      real: { fileSystem, place },
      ...(options.spoil && { spoil: options.spoil }),
    })
    const found = await dayUntilCut(world, options.steps)
    disk.shutdown()
    disk.remount()
    world.machine.reboot()
    const after: World = { ...world, real: { fileSystem: nodeFileSystem, place } }
    const faults = await judge(after, found.promised, found.offered)
    acknowledged += found.promised.records
    if (faults.length > 0) failedRounds += 1
    violations.push(...faults.map((fault) => `round ${round}, cut before call ${nth}: ${fault}`))
    await rm(join(disk.mount, `day-${round}`), { recursive: true, force: true })
  }
  return { rounds, acknowledged, failedRounds, violations }
}

function dayUntilCut(world: World, steps: (worker: Worker) => Promise<void>): ReturnType<typeof workDay> {
  return workDay(world, async (worker) => {
    try {
      await steps(worker)
    } catch {
      // The power is gone; what was promised until then counts.
    }
    await worker.end(false).catch(() => undefined)
  })
}

/** A few sales after opening, for rounds that must find something to lose. */
export async function shortDay(worker: Worker): Promise<void> {
  await worker.create()
  await worker.open()
  for (let i = 0; i < 5; i++) await worker.append(tickets(`s${i}`, 1))
}
