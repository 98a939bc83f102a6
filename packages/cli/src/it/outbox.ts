// `sigillo it outbox DIR`: every message of the device with its state and what to do about it (16.3); takes sealed files out.
import { writeFile } from 'node:fs/promises'
import { viewQueue, type FiscalRecord, type JsonObject, type StorageReader } from '@sigillo/core'
import type { OutcomePayload, State, TransmissionPayload } from '@sigillo/country-it'
import { explain } from '@sigillo/country-it'
import { EXIT, numberFlag, type Call, type Command } from '../command.js'
import { usageError } from '../errors.js'
import { columns, plain } from '../output.js'
import { openReading } from '../till.js'
import { readItalian, recordsWith } from './italian-till.js'
import { momentText, nameOfMessage, whatNext } from './words.js'

/** The command. */
export const outboxCommand: Command = {
  name: 'it outbox',
  summary: 'Show the messages of the device and what to do about them',
  args: 'DIR [FILE]',
  arity: [1, 2],
  options: {
    all: { type: 'boolean', help: 'Finished messages too' },
    save: { type: 'string', value: 'N', help: 'Write the sealed bytes of message N to FILE, as for the portal' },
    answer: { type: 'string', value: 'N', help: 'Write the authority’s last answer to message N to FILE' },
  },
  notes: [
    'Reads only. States: owed (not sealed yet), ready, sending, unknown, blocked, rejected; finished ones are accepted,\nacceptedPresumed (a duplicate after a lost answer), releasedByOperator, recordedOutside, replaced.',
    'Exit code: 0 shown; 1 shown, and something waits for somebody; 2 cannot be read.',
    'JSON, a line for each message: message, lane, what, progressive, till, state, attempts, since, last, sha256, replaces, operation,\ncodes [{code, meaning, class}], problem, next.',
  ],
  run: outbox,
}

interface Row {
  readonly message: number
  readonly lane: TransmissionPayload['lane']
  readonly what: string
  readonly progressive: number
  readonly till: string
  readonly state: string
  readonly attempts: number
  readonly since: string
  readonly last: string
  readonly sha256: string
  readonly replaces: number
  readonly operation: string
  readonly codes: readonly string[]
  readonly problem: string
  readonly answer: string
  readonly next: string
}

async function outbox(call: Call): Promise<number> {
  const { args, flags, out } = call
  const [dir = '', file] = args
  const till = await readItalian(dir)
  const reader = await openReading(dir)
  try {
    const rows = await rowsOf(reader, (await viewQueue(reader, till.country)).totals as unknown as State)
    const [save, answer] = ['save', 'answer'].map((name) => numberFlag(flags, name, [1, 999_999_999_999]))
    if (save !== undefined || answer !== undefined) return await saveOne(call, reader, rows, { save, answer, file })
    const shown = flags['all'] === true ? rows : rows.filter(({ next }) => next !== '')
    if (out.json) for (const row of shown) await out.object(asJson(row))
    else await tell(call, shown, rows.length)
    return shown.some(({ state }) => state === 'rejected' || state === 'blocked') ? EXIT.findings : EXIT.ok
  } finally {
    await reader.close()
  }
}

// Unfinished messages come from the state, finished ones and what was said of them from the records.
async function rowsOf(reader: StorageReader, state: State): Promise<Row[]> {
  const records = await recordsWith(reader.read(0n), ['it.transmission', 'it.outcome', 'it.event'])
  const rows = new Map<number, Row>()
  const whats = new Map(records.filter(({ body }) => body.type === 'it.event').map((record) => [record.body.seq, whatOf(record)]))
  for (const record of records) if (record.body.type !== 'it.event') take(rows, record, whats)
  for (const message of state.outbox) {
    const known = rows.get(message.made)
    const { made, lane, what, progressive, till, attempts, sinceMs, lastMs, sha256, replaces } = message
    const base = { message: made, lane, what, progressive, till, attempts, sha256, replaces }
    const told = { operation: '', codes: [], problem: '', answer: '', ...known }
    const times = { since: momentText(sinceMs), last: momentText(lastMs) }
    rows.set(made === 0 ? -message.source : made, { ...told, ...base, ...times, state: message.state, next: whatNext(message) })
  }
  return [...rows.values()]
}

function whatOf({ payload }: FiscalRecord): string {
  const { kind, event } = (payload ?? {}) as JsonObject
  return String(kind === 'event' ? event : kind)
}

const FINISHED: Readonly<Record<string, string>> = { released: 'releasedByOperator' }

function take(rows: Map<number, Row>, { body, payload }: FiscalRecord, whats: ReadonlyMap<number, string>): void {
  if (payload === null) return
  if (body.type === 'it.transmission') return takeTransmission(rows, body, payload as unknown as TransmissionPayload, whats)
  const { made, result, operation = '', codes = [], problem = '', answer } = payload as unknown as OutcomePayload
  const row = rows.get(made)
  if (row === undefined) return
  const state = FINISHED[result] ?? result
  // A decision of an operator keeps what the authority had said.
  const said =
    result === 'released' || result === 'recordedOutside'
      ? { operation: operation || row.operation }
      : { operation, codes, problem }
  rows.set(made, { ...row, state, ...said, answer: answer?.blob ?? row.answer })
}

function takeTransmission(
  rows: Map<number, Row>,
  body: FiscalRecord['body'],
  { op, lane, progressive, till, blob = '', made, replaces = 0, source }: TransmissionPayload,
  whats: ReadonlyMap<number, string>,
): void {
  if (op === 'made') {
    const base = {
      message: body.seq,
      lane,
      what: whats.get(source) ?? '',
      progressive,
      till,
      sha256: blob,
      replaces,
      since: momentText(Date.parse(body.ts)),
    }
    rows.set(body.seq, {
      ...base,
      state: 'ready',
      attempts: 0,
      last: '',
      operation: '',
      codes: [],
      problem: '',
      answer: '',
      next: '',
    })
  } else if (op === 'attempt') {
    const row = rows.get(made)
    if (row !== undefined) rows.set(made, { ...row, attempts: row.attempts + 1, last: momentText(Date.parse(body.ts)) })
  } else if (op === 'replace') {
    const row = rows.get(replaces)
    if (row !== undefined) rows.set(replaces, { ...row, state: 'replaced' })
  }
}

function asJson({ codes, answer: _, ...row }: Row): object {
  return { ...row, codes: codes.map(explain) }
}

async function saveOne(
  { out }: Call,
  reader: StorageReader,
  rows: readonly Row[],
  { save, answer, file }: { save: number | undefined; answer: number | undefined; file: string | undefined },
): Promise<number> {
  if (file === undefined) throw usageError('--save and --answer need FILE')
  const number = save ?? answer
  const row = rows.find(({ message }) => message === number)
  const digest = save === undefined ? row?.answer : row?.sha256
  const bytes = digest === undefined || digest === '' ? undefined : await reader.blob(digest)
  if (bytes === undefined) throw usageError(`there is no ${save === undefined ? 'answer to ' : ''}message ${number}`)
  await writeFile(file, bytes, { flag: 'wx' }).catch((error: NodeJS.ErrnoException) => {
    throw usageError(`${file} cannot be written (${error.code ?? 'unknown'})`)
  })
  if (out.json) await out.object({ file, bytes: bytes.length, sha256: digest })
  else await out.line(`✔ ${file}: ${bytes.length} bytes, sha256 ${digest}`)
  return EXIT.ok
}

async function tell({ out }: Call, rows: readonly Row[], all: number): Promise<void> {
  if (rows.length === 0)
    return out.line(all === 0 ? 'no message was made yet' : `nothing is left; ${all} messages are finished (--all shows them)`)
  const table = rows.map((row) => [
    row.message === 0 ? '-' : String(row.message),
    `${nameOfMessage(row)}${row.till === '' ? '' : ` ${row.till}`}`,
    row.state,
    `${row.attempts}`,
    row.last || row.since,
    row.operation,
    row.next,
  ])
  for (const line of columns(
    [['message', 'what', 'state', 'tries', 'last', 'receipt', 'next'], ...table].map((row) => row.map(plain)),
  ))
    await out.line(line)
  for (const { message, codes, problem } of rows) {
    for (const code of codes) await out.line(`  message ${message}: ${plain(code)} ${explain(code).meaning}`)
    if (codes.length === 0 && problem !== '') await out.line(`  message ${message}: ${plain(problem)}`)
  }
}
