// The store of the off-line log in a folder: one till, one file for each receipt, every file durable under its name before it
// counts. A lock file, numbered like a claim, keeps a second process out and dies with its holder.
import { FiscalError, fromUtf8, parseCanonical, utf8, canonical, type JsonObject } from '@sigillo/core'
import { offlinePath, type OfflineStore } from '@sigillo/core/offline'
import { createFile, placeFile, readFile } from './durable.js'
import { asStorageError, errnoOf } from './faults.js'
import type { FileSystem } from './file-system.js'
import type { Host } from './host.js'
import { nodeFileSystem } from './node-file-system.js'
import { nodeHost } from './node-host.js'
import { absolute, baseName, join, parentOf } from './paths.js'

/** Parts an off-line folder works with; this machine's by default. */
export interface OfflineFolderOptions {
  readonly fileSystem?: FileSystem
  readonly host?: Host
}

const LOCK = /^lock\.(\d{8})$/
const PLACING = { epoch: 0, durable: true } as const

/**
 * A folder as the store of one till's off-line log. It is made, with mode 0700, when the first file is written.
 * @example
 * openTill({ offline: { store: openOfflineFolder('./degraded/CAISSE-01') }, … })
 */
export function openOfflineFolder(path: string, options: OfflineFolderOptions = {}): OfflineStore {
  const root = absolute(path)
  const { fileSystem: fs = nodeFileSystem, host = nodeHost } = options
  const place = (name: string): string => join(root, ...offlinePath(name))
  const put = (target: string, bytes: Uint8Array): Promise<void> =>
    saying('cannot be written', async () => {
      await makeFolders(fs, root, parentOf(target))
      await placeFile(fs, parentOf(target), baseName(target), bytes, PLACING)
    })
  // The lock keeps other processes out; looking whether a name is free and taking it must not be split within this one either.
  let turn: Promise<unknown> = Promise.resolve()
  const inTurn = (work: () => Promise<void>): Promise<void> => {
    const result = turn.then(work)
    turn = result.catch(() => undefined)
    return result
  }
  const free = async (target: string): Promise<void> => {
    if ((await fs.stat(target)) === undefined) return
    throw new FiscalError('STORAGE_CONFLICT', { message: `${baseName(target)} exists already`, retry: 'never' })
  }
  return {
    lock: () => lockFolder(fs, host, root),
    list: async (folder) => {
      const path = folder === '' ? root : place(folder)
      const names = await saying('cannot be listed', () => fs.list(path), NOTHING_LISTED)
      return (names ?? []).filter((name) => !LOCK.test(name) && !name.endsWith('.tmp')).sort()
    },
    read: async (name) => {
      const path = place(name)
      return saying('cannot be read', () => readFile(fs, path), NOTHING_READ)
    },
    create: async (name, bytes) => {
      const [target, own] = [place(name), bytes.slice()]
      await inTurn(async () => {
        await free(target)
        await put(target, own)
      })
    },
    replace: async (name, bytes) => put(place(name), bytes.slice()),
    move: async (from, to) => {
      const [source, target] = [place(from), place(to)]
      await inTurn(async () => {
        await free(target)
        await saying('cannot be written', async () => {
          await makeFolders(fs, root, parentOf(target))
          await fs.rename(source, target)
          await fs.syncDirectory(parentOf(target))
          await fs.syncDirectory(parentOf(source))
        })
      })
    },
  }
}

// Answers of the system that mean "there is no such folder" and "there is no such file".
const NOTHING_LISTED: ReadonlySet<string> = new Set(['ENOENT', 'ENOTDIR'])
const NOTHING_READ: ReadonlySet<string> = new Set(['ENOENT', 'ENOTDIR', 'EISDIR'])

async function saying<T>(what: string, work: () => Promise<T>, nothing?: ReadonlySet<string>): Promise<T | undefined> {
  try {
    return await work()
  } catch (error) {
    if (nothing?.has(errnoOf(error) ?? '') === true) return undefined
    throw asStorageError(error, `the off-line log ${what}`)
  }
}

// From the outermost missing one inwards; each entry durable before anything is put into it.
async function makeFolders(fs: FileSystem, root: string, folder: string): Promise<void> {
  if ((await fs.stat(folder)) !== undefined) return
  if (folder !== root && folder.startsWith(root)) await makeFolders(fs, root, parentOf(folder))
  else if ((await fs.stat(parentOf(folder))) === undefined) await makeFolders(fs, root, parentOf(folder))
  try {
    await fs.makeDirectory(folder)
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error
  }
  await fs.syncDirectory(parentOf(folder))
}

async function lockFolder(fs: FileSystem, host: Host, root: string): Promise<() => Promise<void>> {
  await makeFolders(fs, root, root)
  for (;;) {
    const numbers = (await fs.list(root))
      .map((name) => LOCK.exec(name)?.[1])
      .filter((digits) => digits !== undefined)
      .map(Number)
    const newest = Math.max(0, ...numbers)
    if (newest > 0 && (await isHeld(fs, host, root, newest))) {
      throw new FiscalError('OFFLINE_LOCKED', { message: `another process holds the off-line log ${baseName(root)}` })
    }
    const pulse = await host.listen(root)
    const facts = {
      boot: host.boot,
      machine: host.machine,
      pid: host.pid,
      socket: pulse.address,
      started: new Date(host.now()).toISOString(),
    }
    try {
      await createFile(fs, lockPath(root, newest + 1), utf8(`${canonical(facts)}\n`), true)
    } catch (error) {
      await pulse.close()
      if (errnoOf(error) === 'EEXIST') continue
      throw asStorageError(error, 'the off-line log cannot be locked')
    }
    for (const number of numbers) await fs.unlink(lockPath(root, number)).catch(() => undefined)
    return async () => {
      // The lock stays behind as a dead one: removing it could remove a successor's.
      await pulse.close()
    }
  }
}

function lockPath(root: string, number: number): string {
  return join(root, `lock.${String(number).padStart(8, '0')}`)
}

async function isHeld(fs: FileSystem, host: Host, root: string, number: number): Promise<boolean> {
  const bytes = await readFile(fs, lockPath(root, number))
  const text = bytes === undefined ? undefined : fromUtf8(bytes)
  const facts = text === undefined ? undefined : (parseCanonical(text.trimEnd()) as JsonObject | undefined)
  const socket = facts?.['socket']
  if (typeof socket !== 'string') return false
  if (facts?.['machine'] === host.machine && facts['boot'] !== host.boot && host.boot !== '') return false
  // Unknown counts as held: two tills writing one log is worse than one that waits for a person.
  return (await host.probe(root, socket)) !== 'dead'
}
