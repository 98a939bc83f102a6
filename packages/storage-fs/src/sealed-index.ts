// Where each line of a sealed segment begins (FORMAT 12, sequence index): 2^segBits + 1 offsets of four bytes, big-endian, and a line of
// JSON with their digest and what they were built from. Derived: checked when used, rebuilt by one pass when it fails.
import { canonical, fromUtf8, parseCanonical, sha256Hex, utf8, type JsonObject } from '@sigillo/core'
import { readFile } from './durable.js'
import type { Folder } from './folder.js'
import { cutLines } from './lines.js'
import { indexName, join, sealedName } from './paths.js'

/** Offsets of the lines of one sealed segment; the last one is the size of the file. */
export type Offsets = Uint32Array

/** The file of an index. */
export function encodeIndex(offsets: Offsets, last: { readonly seq: number; readonly hash: string }): Uint8Array {
  const table = bigEndian(offsets)
  const trailer = utf8(
    `${canonical({ digest: sha256Hex(table), hash: last.hash, seq: last.seq, size: offsets.at(-1) as number })}\n`,
  )
  const bytes = new Uint8Array(table.length + trailer.length)
  bytes.set(table)
  bytes.set(trailer, table.length)
  return bytes
}

function bigEndian(offsets: Offsets): Uint8Array {
  const table = new Uint8Array(offsets.length * 4)
  const view = new DataView(table.buffer)
  for (const [at, offset] of offsets.entries()) view.setUint32(at * 4, offset)
  return table
}

/** The offsets in an index file, or undefined when it is damaged or was built from another file. */
export function decodeIndex(bytes: Uint8Array, segment: number, first: number, sizeBytes: number): Offsets | undefined {
  const table = bytes.subarray(0, (segment + 1) * 4)
  const text = fromUtf8(bytes.subarray(table.length))
  const trailer = text?.endsWith('\n') === true ? (parseCanonical(text.slice(0, -1)) as JsonObject | undefined) : undefined
  const sound =
    trailer?.['digest'] === sha256Hex(table) && trailer['size'] === sizeBytes && trailer['seq'] === first + segment - 1
  if (!sound) return undefined
  const view = new DataView(table.buffer, table.byteOffset, table.length)
  return Uint32Array.from({ length: segment + 1 }, (_, at) => view.getUint32(at * 4))
}

/** Offsets from lengths of lines, line feeds included. */
export function offsetsOf(lengths: readonly number[]): Offsets {
  const offsets = new Uint32Array(lengths.length + 1)
  for (const [at, length] of lengths.entries()) offsets[at + 1] = (offsets[at] as number) + length
  return offsets
}

/** Offsets by one pass over a segment's bytes; undefined when it does not hold exactly its lines. */
export function scanOffsets(bytes: Uint8Array, first: number, segment: number): Offsets | undefined {
  const offsets = new Uint32Array(segment + 1)
  let count = 0
  for (const { seq, start, end } of cutLines(bytes, first)) {
    if (seq !== first + count || count === segment || end >= bytes.length) return undefined
    offsets[count++] = start
    offsets[count] = end + 1
  }
  return count === segment ? offsets : undefined
}

/** The offsets of a segment: from its index file, else by reading the segment. Undefined when its lines cannot be told apart. */
export async function readOffsets(folder: Folder, first: number, sizeBytes: number): Promise<Offsets | undefined> {
  const stored = await readFile(folder.fs, join(folder.path, indexName(first)))
  const known = stored === undefined ? undefined : decodeIndex(stored, folder.segment, first, sizeBytes)
  if (known !== undefined) return known
  const bytes = await readFile(folder.fs, join(folder.path, sealedName(first)))
  return bytes === undefined ? undefined : scanOffsets(bytes, first, folder.segment)
}
