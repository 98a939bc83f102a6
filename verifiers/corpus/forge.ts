// Forgeries by somebody who holds a key: records altered and signed again, with or without everything behind them. Only the rules
// of content (FORMAT 5.5) can notice these.
import { payloadDigest, canonical } from '@sigillo/core'
import type { Json, JsonObject } from '@sigillo/core'
import type { Random } from '@sigillo/testing/node'
import { another, type Damage } from './damage.js'
import { apart, seal, together, type Journal, type Loose } from './journal.js'
import { corpusKey, type CorpusKey } from './keys.js'

const STRANGER = corpusKey('corpus stranger')
const utf8 = new TextEncoder()

type Edit = (record: Loose, random: Random, all: readonly Loose[]) => Loose

const body =
  (change: (body: Record<string, Json>, random: Random, all: readonly Loose[]) => Record<string, Json | undefined>): Edit =>
  (record, random, all) => ({ ...record, body: tidy({ ...record.body, ...change(record.body, random, all) }) })

function tidy(members: Record<string, Json | undefined>): Record<string, Json> {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as Record<string, Json>
}

const number = (value: Json | undefined): number => Number(value ?? 0)

const edits: Record<string, Edit> = {
  'seq changed': body(({ seq }, random) => ({ seq: Math.max(0, number(seq) + random.pick([-2, -1, 1, 2, 5, 64])) })),
  'base changed': body(({ base }, random) => ({ base: Math.max(0, number(base) + random.pick([-64, -2, -1, 1, 3])) })),
  'epoch changed': body(({ epoch }, random) => ({ epoch: Math.max(1, number(epoch) + random.pick([-1, 1, 4])) })),
  'more changed': body(({ more }, random) => ({ more: random.pick([undefined, 1, number(more) + 1, 199, 200]) })),
  'prev changed': body((_, random, all) => ({ prev: random.pick(all).hash })),
  'tprev changed': body((_, random, all) => ({ tprev: random.pick(all).hash })),
  'tseq changed': body(({ tseq }, random) => ({ tseq: Math.max(1, number(tseq) + random.pick([-1, 1])) })),
  'ts changed': body(({ ts }, random) => ({
    ts: new Date(Date.parse(String(ts)) + random.pick([-1, 1, -60_000, 86_400_000])).toISOString(),
  })),
  'tsBack changed': body(({ tsBack }, random) => ({ tsBack: random.pick([undefined, 1, number(tsBack) + 1, 2 ** 53 - 1]) })),
  'type changed': body((_, random) => ({
    type: random.pick([
      'ticket',
      'invoice',
      'nota',
      'sys.checkpoint',
      'sys.open',
      'sys.key',
      'sys.close',
      'sys.genesis',
      'sys.redact',
      'sys.purge',
      'sys.incident',
    ]),
  })),
  'a reference used before': body((_, random, all) => {
    const used = all.filter(({ body }) => body['ref'] !== undefined)
    return used.length === 0 ? {} : { ref: random.pick(used).body['ref'] as Json, req: '0'.repeat(64) }
  }),
  'reference or digest taken away': body(({ ref }, random) =>
    ref === undefined
      ? { req: '1'.repeat(64) }
      : (random.pick<object>([{ ref: undefined }, { req: undefined }, { ref: undefined, req: undefined }]) as Record<
          string,
          undefined
        >),
  ),
  'another queue': body(() => ({ queue: '00000000-0000-4000-8000-000000000000' })),
  'another algorithm': body((_, random) => ({ alg: random.pick(['ES256', 'ES384', 'EdDSA', 'PS256']) })),
  'a form broken': (record, random, all) => {
    const name = random.pick(Object.keys(record.body))
    return { ...record, body: { ...record.body, [name]: another(record.body[name], random, all) } }
  },
  'x changed': body((_, random) => ({
    x: random.pick<Json>([{}, { a: 1 }, { hash: 'a' }, { A: 1 }, { a: true }, { a: 'b'.repeat(2050) }, { a: {} }, 5]),
  })),
  'payload changed': (record, random, all) => ({ ...record, payload: otherPayload(record.payload, random, all) }),
  'payload null': (record) => ({ ...record, payload: null }),
  nothing: (record) => record,
}

// One place somewhere in the payload takes another value, is taken away, or a member is added.
function otherPayload(payload: Json, random: Random, all: readonly Loose[]): Json {
  if (typeof payload !== 'object' || payload === null) return another(payload, random, all)
  if (Array.isArray(payload))
    return payload.length === 0 || random.chance(0.3)
      ? [...payload, 1]
      : payload.map((item: Json, i) => (i === 0 ? otherPayload(item, random, all) : item))
  const names = Object.keys(payload)
  if (names.length === 0 || random.chance(0.1)) return { ...payload, beside: 1 }
  const name = random.pick(names)
  const copy: Record<string, Json> = { ...(payload as JsonObject) }
  if (random.chance(0.2)) delete copy[name]
  else copy[name] = otherPayload(copy[name] as Json, random, all)
  return copy
}

/** Signs an edited record: by the key its body names, or a stranger's; with the payload's digest, or the one it had. */
function signed(record: Loose, random: Random, keys: ReadonlyMap<string, CorpusKey>): Loose {
  const own = keys.get(String(record.body['kid']))
  const key = own === undefined || random.chance(0.1) ? STRANGER : own
  const body = random.chance(0.05) ? { ...record.body, kid: key.kid, alg: key.alg } : record.body
  return seal(key, body, record.payload, random.chance(0.1))
}

const parse = (line: Uint8Array): Loose | undefined => {
  try {
    const record = apart(new TextDecoder().decode(line))
    return typeof record.body === 'object' && record.body !== null ? record : undefined
  } catch {
    return undefined
  }
}

// Two forgeries one after the other may leave a number that no record can hold.
function isWritable(record: Loose): boolean {
  try {
    together(record)
    return true
  } catch {
    return false
  }
}

const forgery =
  (edit: Edit, behind: boolean): Damage =>
  (work, random, { journal }) => {
    const at = random.below(Math.max(1, work.lines.length))
    const old = work.lines[at] === undefined ? undefined : parse(work.lines[at])
    if (old === undefined) return
    const all = journal.lines.map(apart)
    const edited = edit(old, random, all)
    if (!isWritable(edited)) return
    const forged = signed(edited, random, journal.keys)
    work.lines[at] = utf8.encode(together(forged))
    if (behind) relink(work.lines, at, { old, forged }, journal)
  }

/** Signs everything behind a forged record again, so that both chains and the checkpoints' own links follow it. */
function relink(
  lines: Uint8Array[],
  at: number,
  first: { readonly old: Loose; readonly forged: Loose },
  { keys }: Journal,
): void {
  const renamed = new Map([[first.old.hash, first.forged.hash]])
  const now = (hash: Json | undefined): Json => renamed.get(String(hash)) ?? hash ?? null
  for (let i = at + 1; i < lines.length; i++) {
    const record = parse(lines[i] as Uint8Array)
    const key = keys.get(String(record?.body['kid']))
    if (record === undefined || key === undefined || !isWritable(record)) continue
    const moved = { ...record.body, prev: now(record.body['prev']), tprev: now(record.body['tprev']) }
    // A blanked payload has no digest to work out, and an opener names the record before it in its payload too.
    const blank = record.payload === null && record.body['pay'] !== payloadDigest(canonical(null))
    const payload = record.body['type'] === 'sys.open' ? adoptedAnew(record.payload, now) : record.payload
    const again = seal(key, moved, payload, blank)
    renamed.set(record.hash, again.hash)
    lines[i] = utf8.encode(together(again))
  }
}

function adoptedAnew(payload: Json, now: (hash: Json | undefined) => Json): Json {
  // Damage done before may have blanked it.
  const { adopted } = (payload ?? {}) as { readonly adopted?: JsonObject }
  return adopted === undefined ? payload : { ...(payload as JsonObject), adopted: { ...adopted, hash: now(adopted['hash']) } }
}

/** Every forgery by its name: of one record alone, and with all behind it signed again. */
export const forgeries: Readonly<Record<string, Damage>> = Object.fromEntries(
  Object.entries(edits).flatMap(([name, edit]) => [
    [`forged: ${name}`, forgery(edit, false)],
    [`forged with all behind it: ${name}`, forgery(edit, true)],
  ]),
)
