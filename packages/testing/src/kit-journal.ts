// Records made without core's queue, so that kits can also make the ones a queue never would: real keys, real hashes, real links
// (FORMAT 3). Signs with WebCrypto, which every platform has.
import {
  canonical,
  concat,
  fromHex,
  payloadDigest,
  recordHash,
  sha256Hex,
  signingInput,
  thumbprint,
  toBase64url,
  utf8,
  ZERO_HASH,
} from '@sigillo/core'
import type { Body, Head, JsonObject, PublicJwk, SealedRecord, StorageWriter } from '@sigillo/core'

/** What a record holds besides its place. */
export interface Content {
  readonly type: string
  readonly payload: JsonObject
  readonly ref?: string
  readonly more?: number
  readonly x?: Readonly<Record<string, string | number>>
}

/** A journal in the making: knows the heads and seals what follows. */
export interface KitJournal {
  readonly queue: string
  readonly genesis: SealedRecord
  /** Newest record the journal was told to keep. */
  head(): Head
  /** Seals one batch after the head; nothing is kept until {@link keep}. `change` may spoil a body before it is signed. */
  seal(epoch: number, contents: readonly Content[], change?: (body: Body) => Body): Promise<readonly SealedRecord[]>
  /** The first records of this journal as one that goes on differently, as after a crash that lost the rest. */
  upTo(records: number): KitJournal
  /** Takes a batch for stored. */
  keep(batch: readonly SealedRecord[]): void
  /** All records kept, in order. */
  readonly kept: readonly SealedRecord[]
}

/** One key for a whole run; making one costs more than a record. */
export interface KitKey {
  readonly jwk: PublicJwk
  sign(message: string): Promise<string>
}

/** A fresh P-256 key. */
export async function kitKey(): Promise<KitKey> {
  const pair = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify'])
  const { x, y } = (await crypto.subtle.exportKey('jwk', pair.publicKey)) as { x: string; y: string }
  const sign = async (message: string): Promise<string> => {
    const signature = await crypto.subtle.sign(
      { name: 'ECDSA', hash: 'SHA-256' },
      pair.privateKey,
      utf8(message) as Uint8Array<ArrayBuffer>,
    )
    return toBase64url(new Uint8Array(signature))
  }
  return { jwk: { kty: 'EC', crv: 'P-256', x, y }, sign }
}

/** A journal with its genesis record. `segBits` is 6 unless said otherwise, so that a segment is soon full. */
export async function kitJournal(
  key: KitKey,
  options: { readonly segBits?: number; readonly profile?: string } = {},
): Promise<KitJournal> {
  const { segBits = 6, profile = 'XX' } = options
  const payload = {
    digest: 'SHA-256',
    key: { ...key.jwk },
    nonce: '00'.repeat(16),
    predecessor: null,
    profile,
    segBits,
    software: 'kit',
  }
  const context = { queue: crypto.randomUUID(), epoch: 1, base: 0, kid: thumbprint(key.jwk), before: [] }
  const genesis = await sealed(bodyOf({ type: 'sys.genesis', payload }, context), payload, key)
  return journalFrom(key, [genesis])
}

function journalFrom(key: KitKey, records: readonly SealedRecord[]): KitJournal {
  const kept = [...records]
  const genesis = kept[0] as SealedRecord
  const { queue, kid } = genesis.body
  return {
    queue,
    genesis,
    kept,
    head: () => {
      const { body, hash } = kept.at(-1) as SealedRecord
      return { seq: BigInt(body.seq), hash }
    },
    seal: async (epoch, contents, change = (body) => body) => {
      const batch: SealedRecord[] = []
      for (const content of contents) {
        const body = bodyOf(content, { before: [...kept, ...batch], queue, epoch, base: kept.length, kid })
        batch.push(await sealed(change(body), content.payload, key))
      }
      return batch
    },
    keep: (batch) => void kept.push(...batch),
    upTo: (count) => journalFrom(key, kept.slice(0, count)),
  }
}

const START_MS: number = Date.UTC(2026, 0, 1)

interface Around {
  readonly before: readonly SealedRecord[]
  readonly queue: string
  readonly epoch: number
  readonly base: number
  readonly kid: string
}

function bodyOf(content: Content, { before, queue, epoch, base, kid }: Around): Body {
  const sibling = before.findLast((record) => record.body.type === content.type)
  return {
    alg: 'ES256',
    base,
    epoch,
    kid,
    ...(content.more !== undefined && { more: content.more }),
    pay: payloadDigest(canonical(content.payload)),
    prev: before.at(-1)?.hash ?? ZERO_HASH,
    queue,
    ...(content.ref !== undefined && { ref: content.ref, req: payloadDigest(canonical(content.ref)) }),
    seq: before.length,
    tprev: sibling?.hash ?? before[0]?.hash ?? ZERO_HASH,
    ts: new Date(START_MS + before.length).toISOString(),
    tseq: (sibling?.body.tseq ?? 0) + 1,
    type: content.type,
    v: 1,
    ...(content.x !== undefined && { x: content.x }),
  }
}

async function sealed(body: Body, payload: JsonObject, key: KitKey): Promise<SealedRecord> {
  const bodyText = canonical(body)
  const sig = await key.sign(signingInput(body.alg, body.kid, bodyText))
  return { body, payload, sig, hash: recordHash(bodyText, sig), bodyText, payloadText: canonical(payload) }
}

/** Seals a batch, appends it and keeps it. */
export async function appendTo(
  journal: KitJournal,
  writer: StorageWriter,
  contents: readonly Content[],
): Promise<readonly SealedRecord[]> {
  const batch = await journal.seal(Number(writer.adoption.epoch), contents)
  await writer.append(journal.head(), batch)
  journal.keep(batch)
  return batch
}

/** The first record of a writer's epoch (FORMAT 4, `sys.open`). */
export async function openEpoch(journal: KitJournal, writer: StorageWriter): Promise<void> {
  const { adopted, dead, reason, host } = writer.adoption
  await appendTo(journal, writer, [
    {
      type: 'sys.open',
      payload: {
        adopted: { ...adopted },
        dead: dead === null ? null : { ...dead },
        host,
        nonce: '11'.repeat(16),
        reason,
        software: 'kit',
      },
    },
  ])
}

/** Tickets with keys `name-0`, `name-1`, … */
export function tickets(name: string, count: number): Content[] {
  return Array.from({ length: count }, (_, i) => ({
    type: i % 3 === 2 ? 'invoice' : 'ticket',
    payload: { amount: i, text: `${name} № ${i} — €` },
    ref: `${name}-${i}`,
  }))
}

/** A checkpoint over everything kept; its state digest is only of the right form, which a store cannot know better. */
export function checkpoint(journal: KitJournal, reason: 'segment' | 'manual' = 'segment'): Content {
  const hashes = journal.kept.map((record) => record.hash)
  return { type: 'sys.checkpoint', payload: { reason, root: treeRoot(hashes), size: hashes.length, state: ZERO_HASH } }
}

// RFC 9162 2.1.1 by its recursive definition: slow and plainly right.
function treeRoot(leaves: readonly string[]): string {
  if (leaves.length === 0) return sha256Hex('')
  if (leaves.length === 1) return leaves[0] as string
  let half = 1
  while (half * 2 < leaves.length) half *= 2
  const sides = [treeRoot(leaves.slice(0, half)), treeRoot(leaves.slice(half))].map((side) => fromHex(side) as Uint8Array)
  return sha256Hex(concat(new Uint8Array([1]), ...sides))
}

/** Fills the journal up to and including the last place of the present segment, in batches of at most `batch`. */
export async function fillSegment(journal: KitJournal, writer: StorageWriter, name: string, batch: number = 20): Promise<void> {
  const size = 2 ** writer.segBits
  for (let part = 0; ; part++) {
    const left = size - (journal.kept.length % size)
    if (left === 1) return void (await appendTo(journal, writer, [checkpoint(journal)]))
    await appendTo(journal, writer, tickets(`${name}-${part}`, Math.min(batch, left - 1)))
  }
}
