// manifest.json of an archive (15.2): its type, and the strict reading of one that may come from anywhere.
import { canonical, fromUtf8, parseCanonical, type JsonObject } from '@sigillo/core'
import type { State } from '../state.js'
import type { Totals } from '../totals.js'
import type { FileFacts } from './zip.js'

/** What stands before the range: heads, levels and perpetual totals it goes on from. */
export interface RangeStart {
  readonly after: {
    readonly seq: number
    readonly hash: string
    readonly epoch: number
    readonly high: string
    readonly genesis: string
    readonly kid: string
    readonly segBits: number
  }
  readonly heads: Readonly<Record<string, { readonly tseq: number; readonly hash: string; readonly sig: string }>>
  /** Undefined for a range that does not begin behind a closing. */
  readonly state?: Pick<State, 'levels' | 'closed' | 'perpetual' | 'offsets' | 'profile' | 'to' | 'toDate'>
}

/** Place of one type's records in the range. */
export interface ChainRange {
  readonly letter: string
  readonly first: number
  readonly last: number
  readonly count: number
  readonly prevTypeOfFirst: string
  readonly lastTypeHash: string
}

/** The manifest. */
export interface Manifest {
  readonly format: 'fr-archive/1'
  readonly queue: string
  readonly establishment: JsonObject
  readonly till: string
  readonly software: { readonly name: string; readonly version: string; readonly fingerprint: string | null }
  readonly conformity: JsonObject
  readonly number: number
  readonly kind: 'period' | 'year' | 'export'
  readonly from: number
  readonly to: number
  readonly firstMoment: string
  readonly lastMoment: string
  readonly created: string
  readonly previous: { readonly number: number; readonly manifest: string } | null
  readonly start: RangeStart | null
  readonly chains: Readonly<Record<string, ChainRange>>
  readonly totals: Totals
  readonly perpetual: {
    readonly start: { readonly alg: number; readonly abs: number }
    readonly end: { readonly alg: number; readonly abs: number }
  }
  readonly keys: readonly { readonly kid: string; readonly jwk: JsonObject; readonly file: string }[]
  readonly breaks: readonly { readonly seq: number | null; readonly code: string; readonly where: string }[]
  readonly episodes: readonly string[]
  /** Records whose content was purged before this copy was made. */
  readonly purged: number
  readonly files: readonly (FileFacts & { readonly rows?: number })[]
}

/** Bytes of a manifest: canonical JSON without a line feed, which is what is hashed and signed. */
export function manifestText(manifest: Manifest): string {
  return canonical(manifest)
}

/** A manifest from bytes, or undefined when they are none. Only what the verifier uses is checked in form. */
export function parseManifest(bytes: Uint8Array): Manifest | undefined {
  const text = fromUtf8(bytes)
  const value = text === undefined ? undefined : parseCanonical(text)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  const manifest = value as unknown as Manifest
  const { format, from, to, files, keys, till, queue } = manifest
  const lists = Array.isArray(files) && Array.isArray(keys) && Array.isArray(manifest.breaks)
  const numbers = Number.isSafeInteger(from) && Number.isSafeInteger(to) && from >= 0 && to >= from
  if (format !== 'fr-archive/1' || !lists || !numbers || typeof till !== 'string' || typeof queue !== 'string') return undefined
  return files.every(isFile) && keys.every((key) => typeof key === 'object' && key !== null && typeof key.kid === 'string')
    ? manifest
    : undefined
}

function isFile(file: unknown): boolean {
  const { name, bytes, sha256 } = (file ?? {}) as Partial<FileFacts>
  return typeof name === 'string' && Number.isSafeInteger(bytes) && typeof sha256 === 'string'
}
