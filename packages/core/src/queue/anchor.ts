// Anchors: tree heads handed to somebody else, so that a lost end or a rewritten history is noticed (FORMAT 6, 15).
import { requestCosignature } from '../cosign.js'
import { signNote } from '../note.js'
import type { StorageWriter } from '../storage.js'
import type { Transport } from '../transport.js'
import { consistencyProof, treeRoot } from '../tree.js'
import type { ChainState } from './chain.js'
import { optionInvalid } from './check-options.js'
import { leavesUpTo } from './leaves.js'

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

/**
 * Makes an anchor over the first `size` records and keeps it.
 * @throws FiscalError RECORD_PURGED, before anything is signed, when the witness last cosigned a tree that ends within what was purged
 */
export async function anchorQueue(
  { domain, key, witness }: AnchorRequest,
  { chain, size, writer }: { readonly chain: ChainState; readonly size: number; readonly writer: StorageWriter },
): Promise<Anchor> {
  const oldSize = witness?.oldSize ?? 0
  if (!Number.isSafeInteger(oldSize) || oldSize < 0) throw optionInvalid('witness.oldSize', 'must be a number of records')
  const { before, leaves } = await leavesUpTo(writer, chain, size)
  const root = treeRoot(leaves, before)
  const proof = oldSize > size ? [] : consistencyProof(oldSize, leaves, before)
  const own = await signNote({ origin: `${domain}/${chain.queue}`, size, root }, key.publicKey, (text) => key.sign(text))
  await writer.putAnchor(BigInt(size), 'operator', own)
  if (witness === undefined) return { size, root, note: own }
  const { name, transport, url } = witness
  // Of an oldSize above ours there is no proof; the witness's answer says what it knows, and that stops the queue.
  const note = await requestCosignature({ transport, url, note: own, size, oldSize, proof })
  await writer.putAnchor(BigInt(size), name, note)
  return { size, root, note }
}
