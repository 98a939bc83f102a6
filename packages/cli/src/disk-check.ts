// What can be learnt about a disk from outside: how long a sync takes, and whether there are signs that it answers before the bytes
// are safe. No program can prove honesty; only pulling the plug can. So signs of the opposite are reported.
import { closeSync, fdatasyncSync, openSync, unlinkSync, writeSync } from 'node:fs'
import { readFile, realpath, stat, statfs } from 'node:fs/promises'
import { join } from 'node:path'

/** What was measured and read. Times in microseconds. */
export interface DiskFacts {
  /** Median and worst of 50 appends of 4 KiB, each synced. */
  readonly syncMedianUs: number
  readonly syncWorstUs: number
  /** One append of 4 MiB, synced. */
  readonly bulkUs: number
  readonly fileSystem: string
  readonly mountOptions: string
  /** What the kernel says of the device: `write back`, `write through`, or undefined when it says nothing. */
  readonly writeCache: string | undefined
  readonly freeBytes: number
}

const ROUNDS = 50
const PIECE = 4096
const BULK = 4 * 1024 * 1024

/** Measures the disk a folder lies on, with a file that is removed again. */
export async function diskFacts(folder: string): Promise<DiskFacts> {
  const [mount, volume, cache] = await Promise.all([mountOf(folder), statfs(folder), writeCacheOf(folder)])
  return {
    ...measure(join(folder, `probe-${process.pid}.tmp`)),
    ...mount,
    writeCache: cache,
    freeBytes: volume.bavail * volume.bsize,
  }
}

function measure(path: string): Pick<DiskFacts, 'syncMedianUs' | 'syncWorstUs' | 'bulkUs'> {
  const file = openSync(path, 'wx', 0o600)
  try {
    const piece = new Uint8Array(PIECE).fill(0x20)
    const times = Array.from({ length: ROUNDS }, () => timed(() => synced(file, piece))).sort((a, b) => a - b)
    const bulkUs = timed(() => synced(file, new Uint8Array(BULK).fill(0x20)))
    return {
      syncMedianUs: Math.round(times[ROUNDS / 2] as number),
      syncWorstUs: Math.round(times.at(-1) as number),
      bulkUs: Math.round(bulkUs),
    }
  } finally {
    closeSync(file)
    unlinkSync(path)
  }
}

function synced(file: number, bytes: Uint8Array): void {
  writeSync(file, bytes)
  fdatasyncSync(file)
}

function timed(work: () => void): number {
  const began = process.hrtime.bigint()
  work()
  return Number(process.hrtime.bigint() - began) / 1000
}

async function mountOf(folder: string): Promise<{ fileSystem: string; mountOptions: string }> {
  const path = await realpath(folder)
  const lines = (await readFile('/proc/self/mountinfo', 'utf8').catch(() => '')).split('\n')
  let best = { point: '', fileSystem: 'unknown', mountOptions: '' }
  for (const line of lines) {
    const [left = '', right = ''] = line.split(' - ')
    const point = (left.split(' ')[4] ?? '').replaceAll(/\\(\d{3})/g, (_, octal: string) =>
      String.fromCharCode(Number.parseInt(octal, 8)),
    )
    const within = point === '/' || path === point || path.startsWith(`${point}/`)
    // Later lines lie above earlier ones of the same point.
    if (point === '' || !within || point.length < best.point.length) continue
    const [fileSystem = 'unknown', , superOptions = ''] = right.split(' ')
    best = { point, fileSystem, mountOptions: `${left.split(' ')[5] ?? ''},${superOptions}` }
  }
  return { fileSystem: best.fileSystem, mountOptions: best.mountOptions }
}

async function writeCacheOf(folder: string): Promise<string | undefined> {
  if (process.platform !== 'linux') return undefined
  const { dev } = await stat(folder, { bigint: true })
  // Linux packs 12 bits of major and 20 of minor number (glibc gnu_dev_major, gnu_dev_minor).
  const major = ((dev >> 8n) & 0xfffn) | ((dev >> 32n) & ~0xfffn)
  const minor = (dev & 0xffn) | ((dev >> 12n) & ~0xffn)
  for (const place of ['queue', '../queue']) {
    const text = await readFile(`/sys/dev/block/${major}:${minor}/${place}/write_cache`, 'utf8').catch(() => undefined)
    if (text !== undefined) return text.trim()
  }
  return undefined
}

/** Signs that a sync does not mean what it should, in words; empty when there are none. */
export function signsOfDishonesty({ syncMedianUs, bulkUs, fileSystem, mountOptions }: DiskFacts): readonly string[] {
  const signs: string[] = []
  if (/^(tmpfs|ramfs)$/.test(fileSystem)) signs.push(`${fileSystem} is memory: nothing survives a loss of power`)
  if (/^(nfs4?|cifs|smb3?|9p|fuse(\..*)?|virtiofs)$/.test(fileSystem))
    signs.push(`${fileSystem} is not a local disk: what a sync means is decided elsewhere`)
  if (/(^|,)(nobarrier|barrier=0)(,|$)/.test(mountOptions)) signs.push('the file system is mounted without write barriers')
  if (/(^|,)(volatile)(,|$)/.test(mountOptions)) signs.push('the overlay is mounted volatile: syncs do nothing')
  if (syncMedianUs < 15) signs.push(`a sync takes ${syncMedianUs} µs, less than any known medium needs`)
  // 4 MiB in less than this would be 40 GB/s.
  if (bulkUs < 100) signs.push('4 MiB are said to be safe faster than memory can be copied')
  return signs
}
