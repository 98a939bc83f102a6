// What a verifier is told besides the lines: heads and roots seen elsewhere, rightly or wrongly, keys, a trusted start.
import { toTimestamp } from '@sigillo/core'
import type { JsonObject } from '@sigillo/core'
import { verifyChunks } from '@sigillo/core/verify'
import type { Random } from '@sigillo/testing/node'
import type { Told } from './case.js'
import { apart, rootAt, type Journal } from './journal.js'

const WRONG = '5'.repeat(64)

/** Statements about a journal, drawn by chance; most are true. */
export function tellOf(journal: Journal, random: Random): Told {
  const { lines, keys, endorsers } = journal
  const size = lines.length
  const seq = random.below(size)
  const { hash, body } = apart(lines[seq] as string)
  const queue = random.chance(0.05) ? '00000000-0000-4000-8000-000000000000' : String(body['queue'])
  const witness = random.chance(0.7)
    ? { queue, seq, hash: random.chance(0.85) ? hash : WRONG }
    : { queue, seq: size - 1, hash: apart(lines.at(-1) as string).hash }
  const notes = [random.below(size + 1), size].map((at) => ({
    size: at,
    root: random.chance(0.85) ? rootAt(journal, at) : WRONG,
  }))
  return {
    ...(random.chance(0.8) && { endorsers }),
    ...(random.chance(0.3) && { keys: [...keys.values()].map(({ jwk }) => jwk) }),
    ...(random.chance(0.35) && { witness }),
    ...(random.chance(0.35) && { notes }),
    ...(random.chance(0.1) && { continues: true }),
  }
}

/** The range behind a seq, and the start that makes it judgeable (FORMAT 12, 21). */
export async function startBehind(
  journal: Journal,
  seq: number,
  random: Random,
): Promise<{ readonly journal: Journal; readonly told: Told }> {
  const before = journal.lines.slice(0, seq + 1).map((line) => `${line}\n`)
  const report = await verifyChunks([{ bytes: new TextEncoder().encode(before.join('')) }], {
    bytesExpected: 0,
    endorserKeys: journal.endorsers,
    continues: true,
  })
  const { state } = report.resume
  const { tree, kid, high, heads, epoch } = state
  if (tree === undefined || kid === undefined || high === undefined) throw new Error(`${journal.name} is not sound up to ${seq}`)
  const types = Object.fromEntries([...heads].map(([type, { hash, tseq }]) => [type, { hash, tseq }]))
  const { payload, hash: genesis } = apart(journal.lines[0] as string)
  const { segBits, profile } = payload as { readonly segBits: number; readonly profile: string }
  const known = profile === 'NONE' && random.chance(0.6) ? { totals: {} } : {}
  const head = { hash: report.head?.hash ?? '', seq }
  const whole = {
    epoch: epoch ?? 0,
    frontier: [...tree.roots],
    head,
    kid,
    lastTs: toTimestamp(high),
    types,
    ...known,
  } as JsonObject
  const keys = random.chance(0.8) ? { keys: [...journal.keys.values()].map(({ jwk }) => jwk) } : {}
  return {
    journal: { ...journal, lines: journal.lines.slice(seq + 1) },
    told: { ...keys, endorsers: journal.endorsers, start: { genesis, profile, segBits, state: whole } },
  }
}

/** A journal whose first segment was purged, and what the `sys.purge` says of it (FORMAT 14). */
export function behindPurge(journal: Journal, random: Random): { readonly journal: Journal; readonly told: Told } {
  const { floor, last, frontier } = journal.lines.map(apart).find(({ body }) => body['type'] === 'sys.purge')
    ?.payload as unknown as NonNullable<Told['purge']>
  const stated = random.chance(0.15) ? WRONG : last
  const keys = random.chance(0.8) ? { keys: [...journal.keys.values()].map(({ jwk }) => jwk) } : {}
  return {
    journal: { ...journal, lines: journal.lines.slice(floor) },
    told: { ...keys, purge: { floor, last: stated, frontier } },
  }
}
