// A journal of the corpus: its lines and the keys that signed them; records sealed by hand where a queue would not write them.
import { canonical, payloadDigest, recordHash, signingInput, treeRoot, ZERO_HASH } from '@sigillo/core'
import type { Json, JsonObject, PublicJwk } from '@sigillo/core'
import type { CorpusKey } from './keys.js'

/** A sound journal. Lines are texts without their line feed. */
export interface Journal {
  readonly name: string
  readonly lines: readonly string[]
  /** By kid. */
  readonly keys: ReadonlyMap<string, CorpusKey>
  /** Keys whose endorsement of a recovery is trusted. */
  readonly endorsers: readonly PublicJwk[]
}

/** A record as a forger handles it: whatever he likes in the body. */
export interface Loose {
  readonly body: Record<string, Json>
  readonly payload: Json
  readonly hash: string
  readonly sig: string
}

/** A line taken apart without judging it. */
export function apart(line: string): Loose {
  return JSON.parse(line) as Loose
}

/** A line put together. */
export function together({ body, payload, hash, sig }: Loose): string {
  return `{"body":${canonical(body)},"hash":"${hash}","payload":${canonical(payload)},"sig":"${sig}"}`
}

/** The hash of a body and a signature. */
export function hashOf(body: Record<string, Json>, sig: string): string {
  return recordHash(canonical(body), sig)
}

/** Signs a body and gives its line; `pay` is worked out from the payload unless it is to stay. */
export function seal(key: CorpusKey, body: Record<string, Json>, payload: Json, keepPay: boolean = false): Loose {
  const signed = keepPay ? body : { ...body, pay: payloadDigest(canonical(payload)) }
  const sig = key.sign(signingInput(String(signed['alg']), String(signed['kid']), canonical(signed)))
  return { body: signed, payload, hash: hashOf(signed, sig), sig }
}

/** The journal with one more record, rightly linked, in a batch of its own. `change` has the last word on the body. */
export function extended(
  journal: Journal,
  key: CorpusKey,
  type: string,
  payload: JsonObject,
  change: Record<string, Json> = {},
): Journal {
  const before = journal.lines.map(apart)
  const [first, last] = [before[0] as Loose, before.at(-1) as Loose]
  const sibling = before.findLast(({ body }) => body['type'] === type)
  const highest = before.map(({ body }) => String(body['ts'])).reduce((a, b) => (a > b ? a : b))
  const body: Record<string, Json> = {
    alg: key.alg,
    base: before.length,
    epoch: last.body['epoch'] as number,
    kid: key.kid,
    pay: ZERO_HASH,
    prev: last.hash,
    queue: last.body['queue'] as string,
    seq: before.length,
    tprev: sibling?.hash ?? first.hash,
    ts: new Date(Date.parse(highest) + 1000).toISOString(),
    tseq: Number(sibling?.body['tseq'] ?? 0) + 1,
    type,
    v: 1,
    ...change,
  }
  const keys = new Map([...journal.keys, [key.kid, key]])
  return { ...journal, keys, lines: [...journal.lines, together(seal(key, body, payload))] }
}

/** The root over the first records. */
export function rootAt(journal: Journal, size: number): string {
  return treeRoot(journal.lines.slice(0, size).map((line) => apart(line).hash))
}
