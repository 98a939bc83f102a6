// `sigillo inspect DIR`: where a queue stands, read beside a running till if need be.
import {
  parseLine,
  viewQueue,
  type FiscalRecord,
  type JsonObject,
  type PurgedBeginning,
  type QueueView,
  type StoredLine,
  type StorageReader,
} from '@sigillo/core'
import { successorIn, type Predecessor } from '@sigillo/core/verify'
import { EXIT, numberFlag, type Call, type Command } from './command.js'
import { columns, plain } from './output.js'
import { predecessorOf, predecessorText } from './predecessor.js'
import type { AnyCountry } from './registry.js'
import { findTill, openReading, type Till } from './till.js'

/** The command. */
export const inspectCommand: Command = {
  name: 'inspect',
  summary: 'Show where a queue stands: heads, totals, keys, open periods, newest records',
  args: 'DIR',
  arity: [1, 1],
  options: {
    last: { type: 'string', value: 'N', help: 'Newest records shown, 0 to 10000; default 10' },
    totals: { type: 'boolean', help: 'In words too: all the country’s totals' },
  },
  notes: [
    'Reads only; checks links and hashes of what it reads, no signatures: for that, verify.',
    'Exit code: 0 shown; 2 cannot be read.',
    'JSON: queue, name, profile, records, head {seq, hash}, durableThrough, floor, epoch, lastTs, ended, predecessor {queue, size, root, hash, reason} or\nnull, successor or null, key, keys [{kid, alg, fromSeq, reason}],\nheads [{type, seq, tseq, hash}], totals, standing [{label, value}], last [{seq, type, tseq, ts, key, hash}], warnings.',
  ],
  run: inspect,
}

// A journal without settings is still shown; only its totals are not known then.
const unknownCountry: AnyCountry = {
  profile: '',
  parse: () => ({ type: '' }),
  initial: () => ({}),
  decide: () => ({ drafts: [] }),
  fold: () => undefined,
  totals: () => ({}),
  restore: () => ({}),
  print: () => [],
}

async function inspect(call: Call): Promise<number> {
  const { args, flags, out } = call
  const dir = args[0] as string
  const till = await findTill(dir)
  const reader = await openReading(dir)
  try {
    const view = await viewQueue(reader, till?.country ?? unknownCountry)
    const { durableThrough } = await reader.head()
    const purged = await reader.purged()
    const keys = await keysOf(reader, view.head.seq, purged, call)
    const last = await newest(reader, view.head.seq, purged?.floor ?? 0n, numberFlag(flags, 'last', [0, 10_000]) ?? 10)
    const predecessor = await predecessorOf(reader)
    const successor = await successorOf(reader, view)
    const shown = { till, view, durableThrough, purged, predecessor, successor, keys, last }
    await (out.json ? out.object(asJson(shown)) : tell(call, shown))
    return EXIT.ok
  } finally {
    await reader.close()
  }
}

interface Shown {
  readonly till: Till | undefined
  readonly view: QueueView
  readonly durableThrough: bigint
  readonly purged: PurgedBeginning | undefined
  readonly predecessor: Predecessor | undefined
  readonly successor: string | undefined
  readonly keys: readonly KeyRow[]
  readonly last: readonly FiscalRecord[]
}

interface KeyRow {
  readonly kid: string
  readonly alg: string
  readonly fromSeq: number
  readonly reason: string
}

function asJson({ till, view, durableThrough, purged, predecessor, successor, keys, last }: Shown): object {
  const { queue, profile, head, epoch, lastTs, ended, kid, totals, warnings } = view
  return {
    queue,
    name: till?.settings.name ?? null,
    profile,
    records: head.seq + 1n,
    head,
    durableThrough,
    floor: purged?.floor ?? 0n,
    epoch,
    lastTs,
    ended,
    predecessor: predecessor ?? null,
    successor: successor ?? null,
    key: kid,
    keys,
    heads: [...view.heads].map(([type, { seq, tseq, hash }]) => ({ type, seq, tseq, hash })),
    totals: till === undefined ? null : totals,
    standing: (till?.entry.standing(totals) ?? []).map(([label, value]) => ({ label, value })),
    last: last.map(({ body, hash }) => ({
      seq: body.seq,
      type: body.type,
      tseq: body.tseq,
      ts: body.ts,
      key: body.ref ?? null,
      hash,
    })),
    warnings,
  }
}

async function tell({ out, flags }: Call, shown: Shown): Promise<void> {
  const { till, view, durableThrough, purged, predecessor, successor, keys, last } = shown
  const { paint } = out
  const section = async (title: string, rows: readonly (readonly string[])[]): Promise<void> => {
    if (rows.length === 0) return
    await out.line(`\n${paint.bold(title)}`)
    for (const line of columns(rows.map((row) => row.map(plain)))) await out.line(`  ${line}`)
  }
  await out.line(paint.bold(`${plain(till?.settings.name ?? 'Queue')}  ${view.queue}`))
  await out.line(
    `  profile ${plain(view.profile)}, ${view.head.seq + 1n} records, epoch ${view.epoch}, newest ${view.lastTs}${view.ended ? paint.red(', ENDED') : ''}`,
  )
  await out.line(`  head #${view.head.seq}  ${view.head.hash}`)
  if (durableThrough < view.head.seq) await out.line(`  known to be durable through #${durableThrough}`)
  if (predecessor !== undefined) await out.line(`  ${predecessorText(predecessor)}`)
  if (successor !== undefined) await out.line(`  queue ${plain(successor)} continues it`)
  if (purged !== undefined) await out.line(`  records below #${purged.floor} were archived and purged`)
  await section('Standing', till?.entry.standing(view.totals) ?? [])
  await section(
    'Heads',
    [...view.heads].map(([type, { seq, tseq, hash }]) => [type, `${tseq}`, `#${seq}`, hash.slice(0, 16)]),
  )
  await section(
    'Keys',
    keys.map(({ kid, alg, fromSeq, reason }) => [kid, alg, `from #${fromSeq}`, reason]),
  )
  await section(
    'Newest records',
    last.map(({ body, hash }) => [`#${body.seq}`, body.type, `${body.tseq}`, body.ts, body.ref ?? '', hash.slice(0, 16)]),
  )
  if (flags['totals'] === true) await out.line(`\n${paint.bold('Totals')}\n${JSON.stringify(view.totals, null, 2)}`)
  for (const warning of view.warnings) await out.line(paint.yellow(`! ${plain(warning)}`))
}

async function successorOf(reader: StorageReader, { heads }: QueueView): Promise<string | undefined> {
  const seq = heads.get('sys.close')?.seq
  if (seq === undefined) return undefined
  for await (const { line } of reader.read(seq, seq)) return successorIn(parseLine(line)?.payload)
  return undefined
}

const KEY_MARK = Buffer.from('"type":"sys.key"')

/** Keys in the order in which they sign. Records are searched for the mark; only those that hold it are parsed. */
async function keysOf(
  reader: StorageReader,
  last: bigint,
  purged: PurgedBeginning | undefined,
  { out }: Call,
): Promise<readonly KeyRow[]> {
  const rows: KeyRow[] = []
  const progress = out.progress('Looking for keys', 'records')
  for await (const { seq, line } of linesLeft(reader, purged)) {
    progress.at(Number(seq), Number(last) + 1)
    if (seq > 0n && !Buffer.from(line.buffer, line.byteOffset, line.byteLength).includes(KEY_MARK)) continue
    const record = parseLine(line)
    if (record !== undefined && (record.body.type === 'sys.genesis' || record.body.type === 'sys.key')) rows.push(keyRow(record))
  }
  progress.end()
  return rows
}

async function* linesLeft(reader: StorageReader, purged: PurgedBeginning | undefined): AsyncIterable<StoredLine> {
  yield* purged?.kept ?? []
  yield* reader.read(purged?.floor ?? 0n)
}

function keyRow({ body, payload }: FiscalRecord): KeyRow {
  const content = (payload ?? {}) as JsonObject
  const first = body.type === 'sys.genesis'
  if (first) return { kid: body.kid, alg: body.alg, fromSeq: 0, reason: 'first key' }
  const text = (value: unknown): string => (typeof value === 'string' ? value : '')
  const key = content['key'] as JsonObject | undefined
  return {
    kid: text(content['kid']),
    alg: text(content['alg'] ?? key?.['alg']),
    fromSeq: body.seq + 1,
    reason: text(content['reason']),
  }
}

async function newest(reader: StorageReader, head: bigint, floor: bigint, count: number): Promise<readonly FiscalRecord[]> {
  if (count === 0) return []
  const from = head - BigInt(count) + 1n
  const records: FiscalRecord[] = []
  for await (const { line } of reader.read(from < floor ? floor : from, head)) {
    const record = parseLine(line)
    if (record !== undefined) records.push(record)
  }
  return records.toReversed()
}
