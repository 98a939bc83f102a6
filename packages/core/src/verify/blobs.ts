// Which kept files records name (FORMAT 3.2): a member `blob` with a SHA-256, at any depth of a payload.
import type { Json } from '../canonical.js'
import { parseLine, type ParsedLine } from '../read-line.js'
import { sha256Hex } from '#crypto'
import type { Finding } from './finding.js'
import { linesOf } from './line-check.js'

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

/** Files named by records that were believed and placed, to be looked at when the walk is over. */
export interface NamedFiles {
  note(record: ParsedLine): void
  /** What is missing or has other bytes (FORMAT 13, 21). `read` gives undefined, or throws, for a file that cannot be had. */
  missing(read: (sha256: string) => Promise<Uint8Array | undefined>): Promise<readonly Finding[]>
}

/** None named yet. */
export function collectNamedFiles(): NamedFiles {
  const named = new Map<string, number[]>()
  return {
    note(record) {
      if (!record.payloadMatches || !record.payloadText.includes('"blob":"')) return
      for (const sha256 of new Set(blobsOf(record.payload))) named.set(sha256, [...(named.get(sha256) ?? []), record.body.seq])
    },
    async missing(read) {
      const findings: Finding[] = []
      for (const [sha256, seqs] of named) {
        const bytes = await read(sha256).catch(() => undefined)
        if (bytes !== undefined && sha256Hex(bytes) === sha256) continue
        const what = {
          code: 'BLOB_WRONG',
          where: `blobs/${sha256}`,
          message: 'the file a record names is missing or was changed',
        } as const
        for (const seq of seqs) findings.push({ seq, ...what, severity: 'error' })
      }
      return findings
    },
  }
}
