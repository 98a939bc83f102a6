// `sigillo fr jet DIR`: the technical events of a journal (10), in order, beside a running till if need be.
import { parseLine } from '@sigillo/core'
import type { JetRow } from '@sigillo/country-fr'
import { EXIT, textFlag, type Call, type Command, type Flags } from '../command.js'
import { usageError } from '../errors.js'
import { plain } from '../output.js'
import { readFrenchJournal } from './french-till.js'

/** The command. */
export const jetCommand: Command = {
  name: 'fr jet',
  summary: 'List the technical events (JET) with their French labels',
  args: '[DIR]',
  arity: [0, 1],
  options: {
    code: { type: 'string', value: 'LIST', multiple: true, help: 'Only these codes, as 90,95 or 900-918; again for more' },
    from: { type: 'string', value: 'DATE', help: 'First day, local time of the shop, as 2026-03-14' },
    to: { type: 'string', value: 'DATE', help: 'Last day' },
    operator: { type: 'string', value: 'NAME', help: 'Only events of this operator' },
    kept: { type: 'boolean', help: 'Only events that are never purged' },
    csv: { type: 'boolean', help: 'As CSV, in the columns of csv/jet.csv in an archive' },
    codes: { type: 'boolean', help: 'List all codes with their labels; needs no DIR' },
  },
  notes: [
    'Reads only. K marks events that are kept for ever, P those a partial purge may drop; what was purged is still listed, without its data.',
    'Exit code: 0 listed, even when nothing matches; 1 listed, and an event was altered or is damaged; 2 cannot be read.',
    'JSON, an event a line: seq, number, code, label, keep, info, moment (local, YYYYMMDDHHMMSS), ts (UTC), operator, till, data, purged,\nsig, kid. With --codes: code, label, keep, till (whether a till may send it).',
  ],
  run: jet,
}

async function jet(call: Call): Promise<number> {
  const { args, flags, out } = call
  if (out.json && flags['csv'] === true) throw usageError('--json or --csv, one of the two')
  if (flags['codes'] === true) return listCodes(call)
  const [dir] = args
  if (dir === undefined) throw usageError('name the folder of the till, or --codes')
  const wanted = await filterOf(flags)
  const reader = await readFrenchJournal(dir)
  const progress = out.progress('Reading', 'records')
  try {
    const show = await shower(call)
    const last = Number((await reader.head()).seq)
    let damaged = 0
    for await (const { seq, line } of reader.read(0n)) {
      progress.at(Number(seq), last + 1)
      const { row, sound } = await eventIn(line)
      if (!sound) {
        damaged += 1
        out.note(`warning: record #${seq} was altered or cannot be read; run sigillo verify`)
      }
      if (row === undefined || !wanted(row)) continue
      progress.end()
      await show(row)
      if (out.gone) break
    }
    return damaged === 0 ? EXIT.ok : EXIT.findings
  } finally {
    progress.end()
    await reader.close()
  }
}

const MARK = Buffer.from('"type":"event"')

// Few records are events; the others are not parsed. Hash and content are looked at, signatures are left to verify.
async function eventIn(line: Uint8Array): Promise<{ readonly row?: JetRow | undefined; readonly sound: boolean }> {
  if (!Buffer.from(line.buffer, line.byteOffset, line.byteLength).includes(MARK)) return { sound: true }
  const record = parseLine(line)
  if (record === undefined) return { sound: false }
  const content = record.payloadMatches || record.payloadText === 'null'
  return { row: (await import('@sigillo/country-fr')).jetRow(record), sound: content && record.hash === record.recomputedHash }
}

async function shower({ out, flags }: Call): Promise<(row: JetRow) => Promise<void>> {
  if (out.json) return (row) => out.object({ ...row, data: row.data ?? null })
  const { jetCsvHeader, jetCsvLine, events } = await import('@sigillo/country-fr')
  // The line feed is the output's own.
  if (flags['csv'] === true) {
    await out.line(jetCsvHeader().slice(0, -1))
    return (row) => out.line(jetCsvLine(row).slice(0, -1))
  }
  const width = Math.max(...Object.values(events).map(({ label }) => label.length))
  return ({ number, code, label, keep, info, moment, operator, purged }) =>
    out.line(
      plain(
        `L${String(number).padEnd(5)} ${shownMoment(moment)}  ${String(code).padStart(3)} ${keep ? 'K' : 'P'}  ${label.padEnd(width)}  ${operator.padEnd(8)}  ${info}${purged ? ' [purgé]' : ''}`,
      ),
    )
}

function shownMoment(moment: string): string {
  return moment.replace(/^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$/, '$3/$2/$1 $4:$5:$6')
}

async function listCodes({ out }: Call): Promise<number> {
  const { events } = await import('@sigillo/country-fr')
  for (const [code, { label, keep, till }] of Object.entries(events)) {
    if (out.json) await out.object({ code: Number(code), label, keep, till })
    else await out.line(`${code.padStart(3)} ${keep ? 'K' : 'P'} ${till ? 'till  ' : 'system'}  ${label}`)
  }
  return EXIT.ok
}

async function filterOf(flags: Flags): Promise<(row: JetRow) => boolean> {
  const codes = await codesOf(flags['code'] as readonly string[] | undefined)
  const [from, to, operator] = [dateOf(flags, 'from'), dateOf(flags, 'to'), textFlag(flags, 'operator')]
  return (row) => {
    const day = row.moment.slice(0, 8)
    return (
      (codes === undefined || codes.some(([low, high]) => row.code >= low && row.code <= high)) &&
      (from === undefined || day >= from) &&
      (to === undefined || day <= to) &&
      (operator === undefined || row.operator === operator) &&
      (flags['kept'] !== true || row.keep)
    )
  }
}

function dateOf(flags: Flags, name: string): string | undefined {
  const text = textFlag(flags, name)
  if (text === undefined) return undefined
  if (!/^\d{4}-\d\d-\d\d$/.test(text) || Number.isNaN(Date.parse(`${text}T00:00:00Z`)))
    throw usageError(`--${name} takes a date, as 2026-03-14`)
  return text.replaceAll('-', '')
}

type Range = readonly [low: number, high: number]

async function codesOf(lists: readonly string[] | undefined): Promise<readonly Range[] | undefined> {
  if (lists === undefined) return undefined
  const { events } = await import('@sigillo/country-fr')
  return lists
    .flatMap((list) => list.split(','))
    .map((text): Range => {
      const [, low, high] = /^(\d{1,3})(?:-(\d{1,3}))?$/.exec(text.trim()) ?? []
      const range: Range = [Number(low), Number(high ?? low)]
      if (low === undefined || range[1] < range[0]) throw usageError(`--code takes codes as 90,95 or 900-918, not ${text}`)
      const known = Object.keys(events).some((code) => Number(code) >= range[0] && Number(code) <= range[1])
      if (!known && range[1] < 900) throw usageError(`there is no event ${text}; --codes lists all`)
      return range
    })
}
