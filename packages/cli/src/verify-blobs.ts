// The files records name (FORMAT 3.2), looked at beside the journal: sealed device files, the authority's answers, archives. Their names
// are gathered while the journal passes by; each is then read once and compared with its digest.
import { isFiscalError, parseLine, sha256Hex, type Json } from '@sigillo/core'
import type { Chunk, Finding } from '@sigillo/core/verify'

/** Digests of named files, each with the first record that names it. */
export type NamedBlobs = Map<string, number>

const MARK = Buffer.from('"blob":"')
const LINE_FEED = 10

/** The same chunks; what their records name is added to `named`. */
export async function* watchingBlobs(chunks: AsyncIterable<Chunk>, named: NamedBlobs): AsyncIterable<Chunk> {
  for await (const chunk of chunks) {
    const { bytes } = chunk
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    if (text.includes(MARK)) gather(text, named)
    yield chunk
  }
}

function gather(text: Buffer, named: NamedBlobs): void {
  for (let at = text.indexOf(MARK); at >= 0;) {
    const end = text.indexOf(LINE_FEED, at)
    const line = text.subarray(text.lastIndexOf(LINE_FEED, at) + 1, end < 0 ? text.length : end)
    const record = parseLine(line)
    // A payload that is not the one signed names nothing.
    if (record?.payloadMatches === true)
      for (const sha256 of blobsIn(record.payload)) if (!named.has(sha256)) named.set(sha256, record.body.seq)
    at = end < 0 ? -1 : text.indexOf(MARK, end)
  }
}

function blobsIn(payload: Json): string[] {
  if (typeof payload !== 'object' || payload === null) return []
  if (Array.isArray(payload)) return payload.flatMap((item: Json) => blobsIn(item))
  return Object.entries(payload as { readonly [name: string]: Json }).flatMap(([name, value]) =>
    name === 'blob' && typeof value === 'string' && /^[0-9a-f]{64}$/.test(value) ? [value] : blobsIn(value),
  )
}

/** Findings for named files that are missing or were changed. */
export async function blobFindings(
  named: NamedBlobs,
  read: (sha256: string) => Promise<Uint8Array | undefined>,
): Promise<Finding[]> {
  const findings: Finding[] = []
  for (const [sha256, seq] of named) {
    const bytes = await read(sha256).catch((error: unknown) => {
      if (isFiscalError(error)) return undefined
      throw error
    })
    if (bytes === undefined || sha256Hex(bytes) !== sha256)
      findings.push({
        seq,
        code: 'BLOB_WRONG',
        where: `blobs/${sha256}`,
        message: 'the file a record names is missing or was changed',
        severity: 'error',
      })
  }
  return findings
}
