// Bytes of the off-line log: one header and one JSON file for each receipt, linked by bare SHA-256 over canonical JSON. The chain
// shows accidents and naive edits; who rewrites every later file can recompute it, which the optional seal prevents.
import { fromUtf8, utf8 } from '../bytes.js'
import { canonical, type Json, type JsonObject } from '../canonical.js'
import { sha256Hex } from '#crypto'
import { isObject } from '../verify/payload-forms.js'

/** Header of an episode: one outage. Its hash is the first link. */
export interface EpisodeHeader {
  readonly v: 1
  /** `<country prefix>.episode`. */
  readonly kind: string
  readonly episode: string
  readonly queue: string
  readonly till: string
  /** Local time with offset. */
  readonly opened: string
  readonly reason: string
  /** Failure counter of the first receipt. */
  readonly counterStart: number
  /** Newest record the till knew; 0 and 64 zeros when none. */
  readonly anchorNumber: number
  readonly anchorHash: string
  /** Last hash of the till's episode before; 64 zeros when none. */
  readonly prevEpisodeHash: string
  readonly software: string
}

/** One receipt made off line. */
export interface OfflineReceipt {
  readonly v: 1
  /** `<country prefix>.receipt`. */
  readonly kind: string
  readonly episode: string
  readonly till: string
  /** 1, 2, 3, … in the episode; also the file's name. */
  readonly seq: number
  /** The till's failure counter, never reset. */
  readonly counter: number
  readonly moment: string
  /** Exactly what the queue will be asked. */
  readonly request: JsonObject
  readonly prev: string
  readonly hash: string
  readonly seal?: OfflineSeal
}

/** Optional signature over `hash` by a key of the till. */
export interface OfflineSeal {
  readonly alg: string
  readonly kid: string
  readonly sig: string
}

/** Hash of a header: SHA-256 of its canonical JSON. It is not stored in it. */
export function headerHash(header: JsonObject | EpisodeHeader): string {
  return sha256Hex(canonical(header))
}

/** Hash of a receipt: SHA-256 of its canonical JSON without `hash` and `seal`. */
export function receiptHash(receipt: JsonObject | Omit<OfflineReceipt, 'hash'>): string {
  const { hash: _hash, seal: _seal, ...content } = receipt as OfflineReceipt
  return sha256Hex(canonical(content))
}

/** Bytes of a file of the log. */
export function fileBytes(value: unknown): Uint8Array {
  return utf8(`${canonical(value)}\n`)
}

/** The object in a file, or undefined when it cannot be read as one. Bytes may have been altered by anybody. */
export function parseFile(bytes: Uint8Array | undefined): JsonObject | undefined {
  const text = bytes === undefined ? undefined : fromUtf8(bytes)
  if (text === undefined) return undefined
  try {
    const value = JSON.parse(text) as Json
    canonical(value)
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

/** Number in the name of a receipt's file, or undefined when it is the name of none. */
export function receiptNumber(name: string): number | undefined {
  const digits = /^(\d{8,15})\.json$/.exec(name)?.[1]
  const seq = Number(digits)
  return digits === undefined || seq === 0 || receiptName(seq) !== name ? undefined : seq
}

/** Name of a receipt's file. */
export function receiptName(seq: number): string {
  return `${String(seq).padStart(8, '0')}.json`
}

/** Name of the answer kept beside it. */
export function ackName(seq: number): string {
  return `${String(seq).padStart(8, '0')}.ack.json`
}
