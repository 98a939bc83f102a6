// Damage that needs no key: bytes and lines changed, moved, doubled, lost, put in. Each takes lines without line feeds.
import { toBase64url, fromBase64url, fromHex, toHex } from '@sigillo/core'
import type { Json } from '@sigillo/core'
import type { Random } from '@sigillo/testing/node'
import { apart, hashOf, together, type Journal, type Loose } from './journal.js'

/** Lines under damage; `tail` is what stands behind the last line feed. */
export interface Work {
  lines: Uint8Array[]
  tail: Uint8Array | undefined
}

/** Something that happens to a journal. `others` are journals to take foreign lines from. */
export type Damage = (
  work: Work,
  random: Random,
  context: { readonly journal: Journal; readonly others: readonly Journal[] },
) => void

const utf8 = new TextEncoder()
const text = (line: Uint8Array): string => new TextDecoder().decode(line)
const place = ({ lines }: Work, random: Random): number => random.below(Math.max(1, lines.length))

/** Changes a line's text; a line that no longer is JSON stays as it is. */
function retell(work: Work, random: Random, change: (line: Loose) => Loose | string): void {
  const at = place(work, random)
  const line = work.lines[at]
  if (line === undefined) return
  let record: Loose
  try {
    record = apart(text(line))
    if (typeof record !== 'object' || record === null || typeof record.body !== 'object') return
  } catch {
    return
  }
  try {
    const changed = change(record)
    work.lines[at] = utf8.encode(typeof changed === 'string' ? changed : together(changed))
  } catch {
    // An earlier damage may have left what has no canonical form; then this one has nothing to change.
  }
}

const bytes: Record<string, Damage> = {
  'a bit flipped': (work, random) => alterByte(work, random, (byte) => byte ^ (1 << random.below(8))),
  'a byte replaced': (work, random) => alterByte(work, random, () => random.below(256)),
  'a digit or letter replaced': (work, random) => alterByte(work, random, (byte) => (byte % 2 === 0 ? 0x31 : 0x61)),
  'a byte taken out': (work, random) => splice(work, random, 1, 0),
  'a byte put in': (work, random) => splice(work, random, 0, 1),
  'a hole of zeros': (work, random) => {
    const line = work.lines[place(work, random)]
    const from = random.below(line?.length ?? 1)
    line?.fill(0, from, from + 1 + random.below(80))
  },
}

function alterByte(work: Work, random: Random, change: (byte: number) => number): void {
  const line = work.lines[place(work, random)]
  if (line === undefined || line.length === 0) return
  const at = random.below(line.length)
  line[at] = change(line[at] as number)
}

function splice(work: Work, random: Random, out: number, put: number): void {
  const at = place(work, random)
  const line = work.lines[at]
  if (line === undefined) return
  const from = random.below(line.length)
  const parts = [line.slice(0, from), new Uint8Array(put).fill(random.below(128)), line.slice(from + out)]
  work.lines[at] = joined(parts)
}

/** Bytes one after another. */
export function joined(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return all
}

const order: Record<string, Damage> = {
  'a line removed': (work, random) => void work.lines.splice(place(work, random), 1),
  'several lines removed': (work, random) => void work.lines.splice(place(work, random), 2 + random.below(6)),
  'a line doubled': (work, random) => {
    const at = place(work, random)
    work.lines.splice(at, 0, ...work.lines.slice(at, at + 1))
  },
  'a line repeated elsewhere': (work, random) => {
    const at = place(work, random)
    work.lines.splice(place(work, random), 0, ...work.lines.slice(at, at + 1))
  },
  'two neighbours swapped': (work, random) => {
    const at = place(work, random)
    work.lines.splice(at, 2, ...work.lines.slice(at, at + 2).reverse())
  },
  'two lines swapped': (work, random) => {
    const [a, b] = [place(work, random), place(work, random)]
    const [first, second] = [work.lines[a], work.lines[b]]
    if (first !== undefined && second !== undefined) [work.lines[a], work.lines[b]] = [second, first]
  },
  'a line moved': (work, random) => {
    const [line] = work.lines.splice(place(work, random), 1)
    if (line !== undefined) work.lines.splice(place(work, random), 0, line)
  },
  'a run reversed': (work, random) => {
    const at = place(work, random)
    const run = work.lines.slice(at, at + 2 + random.below(4)).reverse()
    work.lines.splice(at, run.length, ...run)
  },
  'the end cut between lines': (work, random) => void work.lines.splice(place(work, random)),
  'the beginning cut': (work, random) => void work.lines.splice(0, 1 + random.below(5)),
  'the end cut within a line': (work, random) => {
    const [line] = work.lines.splice(place(work, random))
    work.tail = line?.slice(0, random.below(line.length))
  },
  'no line feed at the end': (work) => {
    work.tail = work.lines.pop()
  },
  'the journal twice': (work) => void work.lines.push(...work.lines.map((line) => line.slice())),
}

const lines: Record<string, Damage> = {
  'two lines joined': (work, random) => {
    const at = place(work, random)
    const run = work.lines.slice(at, at + 2)
    const between = random.pick([new Uint8Array(), utf8.encode(' '), utf8.encode('\r')])
    if (run.length === 2) work.lines.splice(at, 2, joined([run[0] as Uint8Array, between, run[1] as Uint8Array]))
  },
  'a line split': (work, random) => {
    const at = place(work, random)
    const line = work.lines[at]
    const cut = random.below(line?.length ?? 1)
    if (line !== undefined) work.lines.splice(at, 1, line.slice(0, cut), line.slice(cut + random.below(2)))
  },
  'an empty line': (work, random) => void work.lines.splice(place(work, random), 0, new Uint8Array()),
  garbage: (work, random) => {
    const kinds = [
      '{}',
      'null',
      '[1,2]',
      '{"body":{},"hash":"","payload":null,"sig":""}',
      '\u{feff}',
      '\u0000',
      '{"body":1,"hash":2,"payload":3,"sig":4}',
      'x'.repeat(70_000),
    ]
    work.lines.splice(place(work, random), 0, utf8.encode(random.pick(kinds)))
  },
  'a line of another journal put in': (work, random, { others }) => {
    const foreign = random.pick(random.pick(others).lines)
    work.lines.splice(place(work, random), random.below(2), utf8.encode(foreign))
  },
  'carriage returns': (work) => {
    work.lines = work.lines.map((line) => joined([line, utf8.encode('\r')]))
  },
}

const members: Record<string, Damage> = {
  'members in another order': (work, random) =>
    retell(work, random, ({ body, hash, payload, sig }) =>
      JSON.stringify(
        random.pick<object>([
          { hash, body, payload, sig },
          { body: reversed(body), hash, payload, sig },
        ]),
      ),
    ),
  'white space': (work, random) =>
    retell(work, random, (record) => together(record).replace(random.pick([',', ':', '{']), (found) => `${found} `)),
  'a member more': (work, random) =>
    retell(work, random, (record) =>
      random.pick<Loose>([
        { ...record, body: { ...record.body, zz: 1 } },
        { ...record, body: { ...record.body, x: {}, more: 1 } },
      ]),
    ),
  'a member of the line more': (work, random) => retell(work, random, (record) => together(record).replace(/}$/, ',"z":1}')),
  'a member less': (work, random) =>
    retell(work, random, (record) => {
      const body = { ...record.body }
      delete body[random.pick(Object.keys(body))]
      return { ...record, body }
    }),
  'a number written otherwise': (work, random) =>
    retell(work, random, (record) =>
      together(record).replace(
        /"seq":(\d+)/,
        random.pick(['"seq":$1.0', '"seq":0$1', '"seq":-0', '"seq":$1e0', '"seq":9007199254740993']),
      ),
    ),
  'an escape written otherwise': (work, random) =>
    retell(work, random, (record) => together(record).replace('"type":"', '"type":"\\u0074')),
}

function reversed(body: Record<string, Json>): Record<string, Json> {
  return Object.fromEntries(Object.entries(body).reverse())
}

/** Another value of the same kind, mostly near the old one. */
export function another(value: Json | undefined, random: Random, from: readonly Loose[]): Json {
  if (typeof value === 'number')
    return random.pick([
      value + 1,
      Math.max(0, value - 1),
      value + 64,
      0,
      1,
      200,
      2 ** 53 - 1,
      -1,
      value + 0.5 > 1e6 ? 3 : value + 2,
    ])
  if (typeof value !== 'string') return random.pick<Json>([null, true, '', 0, {}, [], value ?? null])
  if (/^[0-9a-f]{64}$/.test(value))
    return random.pick([random.pick(from).hash, '0'.repeat(64), `${value.slice(0, -1)}0`, value.toUpperCase(), value.slice(1)])
  if (/^\d{4}-/.test(value))
    return random.pick([
      new Date(Date.parse(value) + random.pick([1, -1, 1000, -86_400_000])).toISOString(),
      '2026-02-30T00:00:00.000Z',
      '0000-02-29T23:59:59.999Z',
      value.replace('Z', '+00:00'),
      '2026-12-31T24:00:00.000Z',
    ])
  return random.pick([
    random.pick([
      'ticket',
      'invoice',
      'closing',
      'sys.checkpoint',
      'sys.open',
      'sys.key',
      'sys.close',
      'sys.genesis',
      'sys.nothing',
    ]),
    `${value}x`,
    '',
    value.slice(0, -1),
    'é€\u{1f600}',
  ])
}

const values: Record<string, Damage> = {
  'a member of the body altered': (work, random, { journal }) =>
    retell(work, random, (record) => ({ ...record, body: alteredBody(record.body, random, journal) })),
  'a member of the body altered, the hash computed again': (work, random, { journal }) =>
    retell(work, random, (record) => {
      const body = alteredBody(record.body, random, journal)
      return { ...record, body, hash: hashOf(body, record.sig) }
    }),
  'the payload altered': (work, random) =>
    retell(work, random, (record) => ({
      ...record,
      payload: random.pick<Json>([{ ...(record.payload as object), more: 1 }, [], 'text', 0, false, {}]),
    })),
  'the payload blanked': (work, random) => retell(work, random, (record) => ({ ...record, payload: null })),
  'another stored hash': (work, random, { journal }) =>
    retell(work, random, (record) => ({
      ...record,
      hash: random.pick([apart(random.pick(journal.lines)).hash, '0'.repeat(64), record.hash.toUpperCase(), '']),
    })),
  'the signature of another record': (work, random, { journal }) =>
    retell(work, random, (record) => {
      const { sig } = apart(random.pick(journal.lines))
      return { ...record, sig, hash: random.chance(0.5) ? record.hash : hashOf(record.body, sig) }
    }),
  'a signature that is none': (work, random) =>
    retell(work, random, (record) => {
      const sig = random.pick([
        '',
        'A',
        record.sig.slice(0, -1),
        `${record.sig}AA`,
        record.sig.replace(/.$/, 'B'),
        'A'.repeat(86),
      ])
      return { ...record, sig, hash: random.chance(0.5) ? record.hash : hashOf(record.body, sig) }
    }),
  'the twin of a signature': (work, random) =>
    retell(work, random, (record) => {
      const sig = twin(record.sig, String(record.body['alg']))
      return { ...record, sig, hash: random.chance(0.5) ? record.hash : hashOf(record.body, sig) }
    }),
  'body and hash of one, payload of another': (work, random, { journal }) =>
    retell(work, random, (record) => ({ ...record, payload: apart(random.pick(journal.lines)).payload })),
}

function alteredBody(body: Record<string, Json>, random: Random, journal: Journal): Record<string, Json> {
  const name = random.pick([...Object.keys(body), 'more', 'tsBack', 'ref', 'req', 'x'])
  return { ...body, [name]: another(body[name], random, [apart(random.pick(journal.lines))]) }
}

const ORDER: Readonly<Record<string, bigint>> = {
  ES256: 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n,
  ES384: 0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n,
}

// (r, n − s) is as valid an ECDSA signature as (r, s).
function twin(sig: string, alg: string): string {
  const [n, raw] = [ORDER[alg], fromBase64url(sig)]
  if (n === undefined || raw === undefined) return sig
  const half = raw.length / 2
  const s = n - BigInt(`0x${toHex(raw.slice(half))}`)
  const other = fromHex(s.toString(16).padStart(half * 2, '0')) as Uint8Array
  return toBase64url(joined([raw.slice(0, half), other]))
}

/** Every kind of damage by its name. */
export const damages: Readonly<Record<string, Damage>> = { ...bytes, ...order, ...lines, ...members, ...values }
