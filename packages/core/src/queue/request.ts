// A request at the border: envelope checked, transport fields taken out, canonical text and digest made (FORMAT 3.1, `req`).
import { canonical } from '../canonical.js'
import { requestDigest } from '../digest.js'
import { FiscalError } from '../errors.js'

/** What the envelope of a request holds. */
export interface Incoming {
  /** The request as received, all members. */
  readonly input: Readonly<Record<string, unknown>>
  readonly key: string | undefined
  /** Digest of the canonical text. */
  readonly req: string
  /** Canonical text without transport fields. */
  readonly text: string
  /** Till echo (FORMAT 15). */
  readonly seen: { readonly seq: bigint; readonly hash: string } | undefined
}

const invalid = (path: string, message: string): FiscalError =>
  new FiscalError('REQUEST_INVALID', { message: `${path}: ${message}`, path })

/**
 * Reads the envelope.
 * @throws FiscalError REQUEST_INVALID with the path
 */
export function readRequest(input: unknown): Incoming {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) throw invalid('request', 'must be an object')
  // `seen` and `degraded` describe the way here, not the sale: a retry may carry other values and is still the same request.
  const { seen, degraded: _transport, ...content } = input as Record<string, unknown>
  const { type, key } = content
  if (typeof type !== 'string') throw invalid('type', 'must name what is to be recorded')
  if (key !== undefined && (typeof key !== 'string' || !/^[\u0021-\u007e]{1,128}$/.test(key))) {
    throw invalid('key', 'must be 1 to 128 characters from ! to ~')
  }
  const text = canonical(content)
  // Looking at one character makes the engine join the pieces the text was put together from; else each lives until the sale is
  // durable (measured: half of what a sale leaves for the garbage collector to keep).
  text.charCodeAt(0)
  return { input: input as Readonly<Record<string, unknown>>, key, req: requestDigest(text), text, seen: readSeen(seen) }
}

/** Key of a request that was refused: it may be anything, and looking for it may throw. */
export function keyOf(request: unknown): string | undefined {
  try {
    const key: unknown = (request as { key?: unknown } | null)?.key
    return typeof key === 'string' ? key : undefined
  } catch {
    return undefined
  }
}

function readSeen(seen: unknown): Incoming['seen'] {
  if (seen === undefined) return undefined
  const { seq, hash } = (seen ?? {}) as Record<string, unknown>
  const number = typeof seq === 'number' && Number.isSafeInteger(seq) ? BigInt(seq) : seq
  if (typeof number !== 'bigint' || number < 0n) throw invalid('seen.seq', 'must be the number of a record')
  if (typeof hash !== 'string' || !/^[0-9a-f]{64}$/.test(hash)) throw invalid('seen.hash', 'must be 64 lower-case hex digits')
  return { seq: number, hash }
}

/** Path of the first difference of two values, as `lines[2].amount`; undefined when they are equal. */
export function firstDifference(a: unknown, b: unknown, path = ''): string | undefined {
  if (Object.is(a, b)) return undefined
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return path === '' ? 'request' : path
  const names = new Set([...Object.keys(a), ...Object.keys(b)])
  for (const name of [...names].sort()) {
    const at = Array.isArray(a) || Array.isArray(b) ? `${path}[${name}]` : path === '' ? name : `${path}.${name}`
    const difference = firstDifference((a as Record<string, unknown>)[name], (b as Record<string, unknown>)[name], at)
    if (difference !== undefined) return difference
  }
  return undefined
}
