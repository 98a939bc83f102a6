// A journal whose beginning was purged (FORMAT 14, 5.7): where verification starts, and the record that answers for what is gone. A
// partial start is only as good as the `sys.purge` that names it.
import type { JsonObject } from '../canonical.js'
import type { PublicJwk } from '../crypto-contract.js'
import { parsePublicJwk } from '../keys.js'
import { parseLine, type ParsedLine } from '../read-line.js'
import type { PurgedBeginning } from '../storage.js'
import { isObject, payloadFault } from './payload-forms.js'
import type { Start } from './state.js'
import { linesOf } from './line-check.js'
import { holds, markOf } from './marks.js'
import { faultOfPurge } from './system-rules.js'
import type { Chunk } from './verify.js'

const PURGE = markOf('sys.purge')

/** What `verifyChunks` is given for a purged journal, as members of its options. */
export interface PurgedStart {
  readonly start: Start
  readonly offeredKeys: readonly PublicJwk[]
}

/**
 * Where the verification of a journal starts whose first records were purged: behind the floor that a `sys.purge` among its lines names.
 * Undefined when the first line is record 0, or no such record names it: then what is missing is missing. `kept` are the lines the
 * purge has left, if the store has them; of them only what verification proves is believed.
 */
export async function purgedStart(
  source: AsyncIterable<Chunk> | Iterable<Chunk>,
  kept: PurgedBeginning['kept'] = [],
): Promise<PurgedStart | undefined> {
  let first: number | undefined
  for await (const { bytes } of source) {
    for (const { line } of linesOf(bytes)) {
      if (first !== undefined && !holds(line, PURGE)) continue
      const record = parseLine(line)
      if (record === undefined) continue
      first ??= record.body.seq
      if (first === 0) return undefined
      const named = floorNamed(record)
      if (named !== undefined && named.seq === first - 1) return withKept(named, kept)
    }
  }
  return undefined
}

function floorNamed(record: ParsedLine): Start | undefined {
  const { body, payload, payloadMatches } = record
  if (body.type !== 'sys.purge' || !payloadMatches || !isObject(payload)) return undefined
  if (payloadFault(payload, body) !== undefined || faultOfPurge(payload, body.seq, undefined) !== undefined) return undefined
  const { floor, last, frontier } = payload as {
    readonly floor: number
    readonly last: string
    readonly frontier: readonly string[]
  }
  return { seq: floor - 1, hash: last, frontier }
}

function withKept(start: Start, kept: PurgedBeginning['kept']): PurgedStart {
  const records = kept.flatMap(({ line }) => parseLine(line) ?? [])
  const payloads = records
    .filter(({ body }) => body.type === 'sys.genesis' || body.type === 'sys.key')
    .flatMap(({ payload }) => (isObject(payload) ? [payload] : []))
  const offeredKeys = payloads.flatMap((payload) => parsePublicJwk(payload['key']) ?? [])
  const genesis = records.find(({ body }) => body.seq === 0 && body.type === 'sys.genesis')
  if (genesis === undefined) return { start, offeredKeys }
  const { profile, segBits } = genesis.payload as JsonObject
  const known = { ...(typeof profile === 'string' && { profile }), ...(typeof segBits === 'number' && { segBits }) }
  return { start: { ...start, queue: genesis.body.queue, genesis: genesis.hash, ...known }, offeredKeys }
}

/** Watches for a believed `sys.purge` that bears exactly the floor, last hash and frontier of a partial start. */
export function watchPurge(start: Start | undefined): { placed(record: ParsedLine): void; unexplained(): boolean } {
  const frontier = start?.state === undefined ? start?.frontier : undefined
  let named = false
  return {
    placed: (record) => {
      if (start === undefined || frontier === undefined || record.body.type !== 'sys.purge' || !record.payloadMatches) return
      const { payload } = record
      if (!isObject(payload)) return
      const { floor, last, frontier: stated } = payload
      named ||= floor === start.seq + 1 && last === start.hash && JSON.stringify(stated) === JSON.stringify(frontier)
    },
    unexplained: () => frontier !== undefined && !named,
  }
}
