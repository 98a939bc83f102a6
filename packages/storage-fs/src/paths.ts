// Names of everything in a queue's folder (FORMAT 8). The only file that knows them; anything else in the folder is ignored.
import { posix, win32 } from 'node:path'

const path = process.platform === 'win32' ? win32 : posix

/** Directories made at creation. */
export const DIRECTORIES: readonly string[] = ['claims', 'refs', 'anchors', 'cursors', 'blobs']
export const QUEUE_FILE = 'queue.json'
export const HINT_FILE = 'hint.json'
export const RESERVE_FILE = 'reserve.bin'
/** What a purge has removed, so that opening need not search for the record that says so. Derived. */
export const PURGE_FILE = 'purge.json'
/** Orders to blank contents that have not ended. Derived. */
export const BLANKS_FILE = 'blanks.json'
/** Lines and state that stay of a purged beginning. */
export const KEPT_FILE = 'kept.jsonl'
export const BASE_FILE = 'base.json'
export const CLAIMS = 'claims'
export const REFS = 'refs'
export const ANCHORS = 'anchors'
export const CURSORS = 'cursors'
export const BLOBS = 'blobs'

const digits = (value: number, width: number): string => String(value).padStart(width, '0')

/** Live records of one epoch from `first` on, inside one segment. */
export interface LiveFile {
  readonly name: string
  readonly first: number
  readonly epoch: number
}

/** References of the records `first` … `last`, both included. */
export interface RunFile {
  readonly name: string
  readonly first: number
  readonly last: number
}

export function liveName(first: number, epoch: number): string {
  return `j-${digits(first, 12)}-${digits(epoch, 8)}.jsonl`
}

export function sealedName(first: number): string {
  return `s-${digits(first, 12)}.jsonl`
}

/** Byte offsets of the lines of a sealed segment. */
export function indexName(first: number): string {
  return `s-${digits(first, 12)}.idx`
}

export function snapshotName(seq: number): string {
  return `snapshot-${digits(seq, 12)}.json`
}

export function claimName(epoch: number): string {
  return digits(epoch, 8)
}

export function runName(first: number, last: number): string {
  return `${digits(first, 12)}-${digits(last, 12)}.run`
}

export function anchorName(size: bigint, source: string): string {
  return `${size}-${source}.note`
}

/** A name under which a file is built before it is renamed into place. The epoch keeps writers apart. */
export function temporaryName(name: string, epoch: number): string {
  return `${name}.${epoch}.tmp`
}

/** The epoch a temporary file belongs to. */
export function parseTemporary(name: string): number | undefined {
  const found = /\.(\d{1,15})\.tmp$/.exec(name)
  return found === null ? undefined : Number(found[1])
}

export function parseLive(name: string): LiveFile | undefined {
  const found = /^j-(\d{12})-(\d{8,})\.jsonl$/.exec(name)
  return found === null ? undefined : { name, first: Number(found[1]), epoch: Number(found[2]) }
}

/** First number of a sealed segment. */
export function parseSealed(name: string): number | undefined {
  const found = /^s-(\d{12})\.jsonl$/.exec(name)
  return found === null ? undefined : Number(found[1])
}

export function parseSnapshot(name: string): number | undefined {
  const found = /^snapshot-(\d{12})\.json$/.exec(name)
  return found === null ? undefined : Number(found[1])
}

/** The epoch of a claim file. */
export function parseClaim(name: string): number | undefined {
  return /^\d{8,15}$/.test(name) ? Number(name) : undefined
}

export function parseRun(name: string): RunFile | undefined {
  const found = /^(\d{12})-(\d{12})\.run$/.exec(name)
  return found === null ? undefined : { name, first: Number(found[1]), last: Number(found[2]) }
}

export function parseAnchor(name: string): { readonly size: bigint; readonly source: string } | undefined {
  const found = /^(\d{1,19})-([A-Za-z0-9._-]{1,64})\.note$/.exec(name)
  return found === null ? undefined : { size: BigInt(found[1] as string), source: found[2] as string }
}

/** Joins a folder and names below it. */
export function join(folder: string, ...names: readonly string[]): string {
  return path.join(folder, ...names)
}

/** The directory a path stands in. */
export function parentOf(folder: string): string {
  return path.dirname(folder)
}

/** Last component of a path. */
export function baseName(folder: string): string {
  return path.basename(folder)
}

/** Absolute form of a path given by a caller. */
export function absolute(folder: string): string {
  return path.resolve(folder)
}

/** Place where a new folder is built before it is renamed to its name. */
export function birthplace(folder: string, random: string): string {
  return `${folder}.new-${random}`
}
