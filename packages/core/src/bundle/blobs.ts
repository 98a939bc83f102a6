// Which kept files records name (FORMAT 3.2): a member `blob` with a SHA-256, at any depth of a payload.
import type { Json } from '../canonical.js'
import { linesOf } from '../verify/line-check.js'
import { parseLine } from '../record.js'

/** Digests named in one payload. */
export function blobsOf(payload: Json): string[] {
  if (typeof payload !== 'object' || payload === null) return []
  if (Array.isArray(payload)) return payload.flatMap((item: Json) => blobsOf(item))
  return Object.entries(payload as Record<string, Json>).flatMap(([name, value]) =>
    name === 'blob' && typeof value === 'string' && /^[0-9a-f]{64}$/.test(value) ? [value] : blobsOf(value),
  )
}

/** Digests named in the payloads of a chunk of lines; lines without the word are not parsed. */
export function blobsNamedIn(bytes: Uint8Array): string[] {
  const found: string[] = []
  const decoder = new TextDecoder('latin1')
  if (!decoder.decode(bytes).includes('"blob":"')) return found
  for (const { line } of linesOf(bytes))
    if (decoder.decode(line).includes('"blob":"')) found.push(...blobsOf(parseLine(line)?.payload ?? null))
  return found
}
