// Anchors: tree heads handed to somebody else, so that a lost end or a rewritten history is noticed (FORMAT 6, 15).
import { utf8 } from '../bytes.js'
import { requestCosignature } from '../cosign.js'
import { FiscalError } from '../errors.js'
import { signNote } from '../note.js'
import type { StorageReader, StorageWriter } from '../storage.js'
import type { Transport } from '../transport.js'
import { consistencyProof, treeRoot } from '../tree.js'

/** The key notes are signed with: Ed25519, apart from the fiscal key. */
export interface AnchorKey {
  /** 32 bytes. */
  readonly publicKey: Uint8Array
  sign(text: Uint8Array): Promise<Uint8Array> | Uint8Array
}

/** A wanted anchor. */
export interface AnchorRequest {
  /** Domain of the operator; the note's origin is `<domain>/<queue uuid>`. */
  readonly domain: string
  readonly key: AnchorKey
  /** A witness to ask for its cosignature, with the size it cosigned last. */
  readonly witness?: { readonly name: string; readonly transport: Transport; readonly url: string; readonly oldSize?: number }
}

/** An anchor that was made. */
export interface Anchor {
  readonly size: number
  readonly root: string
  /** The note, with the witness's line when one was asked. */
  readonly note: string
}

/** Hashes of the records `from` … `size` − 1; by default from the first. A million take 64 MB for the moment. */
export async function leavesOf(reader: StorageReader, size: number, from: number = 0): Promise<string[]> {
  const leaves: string[] = []
  if (size <= from) return leaves
  for await (const { seq, line } of reader.read(BigInt(from), BigInt(size - 1))) leaves.push(storedHash(line) ?? missing(seq))
  return leaves
}

const HASH_START = utf8(',"hash":"')

// The first `,"hash":"` ends the body (FORMAT 3.5), and no body is shorter than 300 bytes: no need to parse a line for its hash.
function storedHash(line: Uint8Array): string | undefined {
  for (let at = line.indexOf(0x2c, 300); at >= 0; at = line.indexOf(0x2c, at + 1)) {
    if (HASH_START.every((byte, i) => line[at + i] === byte)) return String.fromCharCode(...line.subarray(at + 9, at + 73))
  }
  return undefined
}

function missing(seq: bigint): never {
  throw new FiscalError('JOURNAL_CORRUPT', { message: `record ${seq} cannot be read`, details: { firstBad: Number(seq) } })
}

/** Makes an anchor over the first `size` records and keeps it. */
export async function anchorQueue(
  { domain, key, witness }: AnchorRequest,
  { queue, size, writer }: { readonly queue: string; readonly size: number; readonly writer: StorageWriter },
): Promise<Anchor> {
  const leaves = await leavesOf(writer, size)
  const root = treeRoot(leaves)
  const own = await signNote({ origin: `${domain}/${queue}`, size, root }, key.publicKey, (text) => key.sign(text))
  await writer.putAnchor(BigInt(size), 'operator', own)
  if (witness === undefined) return { size, root, note: own }
  const { name, transport, url, oldSize = 0 } = witness
  const note = await requestCosignature({ transport, url, note: own, size, oldSize, proof: consistencyProof(oldSize, leaves) })
  await writer.putAnchor(BigInt(size), name, note)
  return { size, root, note }
}
