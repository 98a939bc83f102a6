// What the authority has been told and has answered, one JSON line each, exact bytes included. A line is on the disk before its
// answer leaves, so a kill loses nothing that was answered; a line cut short was never answered and is dropped at the next start.
import {
  closeSync,
  existsSync,
  fdatasyncSync,
  fstatSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  unlinkSync,
  writeSync,
} from 'node:fs'
import { join, resolve } from 'node:path'
import { FiscalError } from '@sigillo/core'
import { syncFolder, writeWhole } from './durable.js'
import type { Effect } from './effects.js'
import type { Route } from './tables.js'

/** One line without its bytes. */
export interface Entry {
  /** From 1. */
  readonly n: number
  /** The authority's clock, ISO 8601. */
  readonly at: string
  /** Undefined for what the control interface did. */
  readonly route?: Route
  /** Common name of the certificate that signed, once it was believed. */
  readonly sender?: string
  /** Of the request's bytes, hex. */
  readonly sha256?: string
  readonly status?: number
  /** IdOperazione of the answer. */
  readonly id?: string
  readonly accepted: boolean
  readonly codes: readonly string[]
  /** What was found odd but not refused. */
  readonly warnings: readonly string[]
  /** Where a refused message does not fit, in words. */
  readonly problem?: string
  readonly effects: readonly Effect[]
}

/** Everything in order. */
export interface Ledger {
  readonly entries: readonly Entry[]
  /** Makes a line durable; returns it with its number. */
  append(entry: Omit<Entry, 'n'>, request?: Uint8Array, answer?: Uint8Array): Entry
  /** Exact bytes that came. */
  request(n: number): Uint8Array | undefined
  /** Exact bytes that were answered. */
  answer(n: number): Uint8Array | undefined
  /** Writes part of a line and nothing after it, as a kill in the middle of a write would leave it. For tests. */
  tear(entry: Omit<Entry, 'n'>, request?: Uint8Array, answer?: Uint8Array): void
  close(): void
}

interface Line extends Entry {
  readonly request?: string
  readonly answer?: string
}

const lineOf = (entry: Entry, request?: Uint8Array, answer?: Uint8Array): Line => ({
  ...entry,
  ...(request !== undefined && { request: Buffer.from(request).toString('base64') }),
  ...(answer !== undefined && { answer: Buffer.from(answer).toString('base64') }),
})
const bytesOf = (text: string | undefined): Uint8Array | undefined =>
  text === undefined ? undefined : new Uint8Array(Buffer.from(text, 'base64'))

/** A ledger in memory. */
export function memoryLedger(): Ledger {
  const entries: Entry[] = []
  const lines: Line[] = []
  return {
    entries,
    append(entry, request, answer) {
      const numbered = { n: entries.length + 1, ...entry }
      lines.push(lineOf(numbered, request, answer))
      entries.push(numbered)
      return numbered
    },
    request: (n) => bytesOf(lines[n - 1]?.request),
    answer: (n) => bytesOf(lines[n - 1]?.answer),
    tear: () => undefined,
    close: () => undefined,
  }
}

/**
 * A ledger in a folder, made when it is not there.
 * @throws FiscalError QUEUE_LOCKED when another process has it, STORAGE_FAILED when a line inside cannot be read
 */
export function folderLedger(folder: string): Ledger {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const release = claim(join(resolve(folder), 'lock'))
  try {
    return openLedger(join(folder, 'ledger.jsonl'), folder, release)
  } catch (error) {
    release()
    throw error
  }
}

function openLedger(path: string, folder: string, release: () => void): Ledger {
  const entries: Entry[] = []
  const places: { readonly from: number; readonly length: number }[] = []
  const file = openSync(path, existsSync(path) ? 'r+' : 'w+', 0o600)
  let end = 0
  for (const line of linesOf(file)) {
    const { request: _request, answer: _answer, ...entry } = readLine(line, entries.length + 1)
    entries.push(entry)
    places.push({ from: end, length: line.length })
    end += line.length + 1
  }
  if (end < fstatSync(file).size) ftruncateSync(file, end)
  fdatasyncSync(file)
  syncFolder(folder)

  const write = (bytes: Buffer): void => {
    for (let done = 0; done < bytes.length;) done += writeSync(file, bytes, done, bytes.length - done, end + done)
    fdatasyncSync(file)
  }
  const read = (n: number): Line | undefined => {
    const place = places[n - 1]
    if (place === undefined) return undefined
    const bytes = Buffer.alloc(place.length)
    readSync(file, bytes, 0, place.length, place.from)
    return readLine(bytes, n)
  }
  return {
    entries,
    append(entry, request, answer) {
      const numbered = { n: entries.length + 1, ...entry }
      const bytes = Buffer.from(`${JSON.stringify(lineOf(numbered, request, answer))}\n`)
      write(bytes)
      places.push({ from: end, length: bytes.length - 1 })
      end += bytes.length
      entries.push(numbered)
      return numbered
    },
    request: (n) => bytesOf(read(n)?.request),
    answer: (n) => bytesOf(read(n)?.answer),
    tear(entry, request, answer) {
      const line = JSON.stringify(lineOf({ n: entries.length + 1, ...entry }, request, answer))
      write(Buffer.from(line.slice(0, Math.floor(line.length / 2))))
    },
    close() {
      closeSync(file)
      release()
    },
  }
}

const CHUNK = 1_048_576

// Whole lines, without their line feeds; a ledger may be larger than a string or a buffer can be.
function* linesOf(file: number): Generator<Buffer> {
  let rest = Buffer.alloc(0)
  for (let at = 0; ;) {
    const chunk = Buffer.alloc(CHUNK)
    const size = readSync(file, chunk, 0, CHUNK, at)
    if (size === 0) return
    at += size
    let begin = 0
    const content = Buffer.concat([rest, chunk.subarray(0, size)])
    for (let cut = content.indexOf(10); cut >= 0; cut = content.indexOf(10, begin)) {
      yield content.subarray(begin, cut)
      begin = cut + 1
    }
    rest = content.subarray(begin)
  }
}

function readLine(bytes: Buffer, n: number): Line {
  try {
    const line = JSON.parse(bytes.toString('utf8')) as Line
    if (line.n === n) return line
  } catch {
    // Told below.
  }
  throw new FiscalError('STORAGE_FAILED', {
    message: `line ${n} of the authority's ledger cannot be read`,
    remedy: 'Restore the folder from a copy, or start with an empty one.',
  })
}

/** Folders this process serves. */
const held = new Set<string>()

// A process that was killed leaves its number behind; it is nobody's once no such process runs.
function claim(path: string): () => void {
  const holder = existsSync(path) ? Number(readFileSync(path, 'utf8')) : 0
  if (holder > 0 && (holder === process.pid ? held.has(path) : isRunning(holder)))
    throw new FiscalError('QUEUE_LOCKED', { message: `process ${holder} serves this authority folder`, path: 'folder' })
  writeWhole(path, String(process.pid))
  held.add(path)
  return () => {
    held.delete(path)
    if (existsSync(path) && readFileSync(path, 'utf8') === String(process.pid)) unlinkSync(path)
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
