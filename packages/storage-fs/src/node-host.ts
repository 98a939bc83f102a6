// This machine through Node. The sign of life is a Unix socket beside the folder (or in it, where the folder is a volume of its own),
// so that another container on the same volume finds it too; on Windows a named pipe. A socket's path may have 107 bytes only: on
// Linux a longer one is reached through an open directory, elsewhere the socket moves to the temporary directory.
import { readFileSync } from 'node:fs'
import { open, stat, unlink, type FileHandle } from 'node:fs/promises'
import { connect, createServer, type Server } from 'node:net'
import { hostname, tmpdir } from 'node:os'
import { randomBytes, sha256Hex, toHex } from '@sigillo/core'
import type { Host, Pulse } from './host.js'
import { baseName, join, parentOf } from './paths.js'

const LINUX: boolean = process.platform === 'linux'
const WINDOWS: boolean = process.platform === 'win32'
/** Longest socket path without a detour, with room for the shortest limit (macOS: 103 bytes). */
const PLAIN_PATH_BYTES = 100
const PROBE_PATIENCE_MS = 2000

/** The real machine. */
export const nodeHost: Host = {
  machine: machineName(),
  boot: LINUX ? firstLine('/proc/sys/kernel/random/boot_id') : '',
  name: hostname(),
  pid: process.pid,
  now: () => Date.now(),
  wait: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  listen,
  probe,
}

// The machine id is confidential by its own documentation: only a digest of it leaves this file.
function machineName(): string {
  const id = LINUX ? firstLine('/etc/machine-id') : hostname()
  return id === '' ? '' : sha256Hex(`sigillo/v1/machine\n${id}`).slice(0, 32)
}

function firstLine(path: string): string {
  try {
    return (readFileSync(path, 'utf8').split('\n')[0] as string).trim()
  } catch {
    return ''
  }
}

async function listen(folder: string): Promise<Pulse> {
  const name = `.${baseName(folder).slice(0, 40)}.live-${toHex(randomBytes(6))}`
  for (const address of await addressesFor(folder, name)) {
    const pulse = await tryListen(folder, address)
    if (pulse !== undefined) return pulse
  }
  return { address: 'none', close: () => Promise.resolve() }
}

async function addressesFor(folder: string, name: string): Promise<readonly string[]> {
  if (WINDOWS) return [`pipe:sigillo${name}`]
  const [own, parent] = await Promise.all([stat(folder), stat(parentOf(folder))])
  const nearby = own.dev === parent.dev ? [`beside:${name}`, `inside:${name}`] : [`inside:${name}`]
  return [...nearby, `temporary:${name}`]
}

async function tryListen(folder: string, address: string): Promise<Pulse | undefined> {
  const place = await socketPlace(folder, address)
  if (place === undefined) return undefined
  try {
    const server = createServer((socket) => socket.destroy())
    await listening(server, place.path)
    server.unref()
    // Closing removes the socket file; the detour must stay open until then.
    return {
      address,
      close: async () => {
        await new Promise<void>((resolve) => server.close(() => resolve()))
        await place.detour?.close()
      },
    }
  } catch {
    await place.detour?.close()
    return undefined
  }
}

function listening(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(path, () => {
      server.off('error', reject)
      resolve()
    })
  })
}

async function socketPlace(folder: string, address: string): Promise<{ path: string; detour?: FileHandle } | undefined> {
  const [kind, name] = address.split(/:(.*)/s) as [string, string | undefined]
  if (name === undefined || name === '' || /[\\/]/.test(name)) return undefined
  if (kind === 'pipe') return { path: `\\\\.\\pipe\\${name}` }
  const directory =
    kind === 'beside' ? parentOf(folder) : kind === 'inside' ? folder : kind === 'temporary' ? tmpdir() : undefined
  if (directory === undefined) return undefined
  const path = join(directory, name)
  if (new TextEncoder().encode(path).length <= PLAIN_PATH_BYTES) return { path }
  if (!LINUX) return undefined
  const detour = await open(directory, 'r')
  return { path: `/proc/self/fd/${detour.fd}/${name}`, detour }
}

async function probe(folder: string, address: string): Promise<'alive' | 'dead' | 'unknown'> {
  const place = await socketPlace(folder, address).catch(() => undefined)
  if (place === undefined) return 'unknown'
  try {
    const answer = await knock(place.path)
    // In the temporary directory of another container there is no such name even while the holder lives.
    if (answer === 'ENOENT' && address.startsWith('temporary:')) return 'unknown'
    if (answer === 'ECONNREFUSED' && !WINDOWS) await unlink(place.path).catch(() => undefined)
    return answer === 'alive' ? 'alive' : answer === 'ECONNREFUSED' || answer === 'ENOENT' ? 'dead' : 'unknown'
  } finally {
    await place.detour?.close()
  }
}

function knock(path: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(path)
    const finish = (answer: string): void => {
      socket.destroy()
      resolve(answer)
    }
    socket.setTimeout(PROBE_PATIENCE_MS, () => finish('ETIMEDOUT'))
    socket.once('connect', () => finish('alive'))
    socket.once('error', (error: NodeJS.ErrnoException) => finish(error.code ?? 'EUNKNOWN'))
  })
}
