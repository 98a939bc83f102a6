// `sigillo fr export DIR [FILE]`: data for the tax administration in the form of an archive (15.4): any range, signed by the event that tells
// of it, and no archive counter moves.
import { systemClock, toTimestamp, type Queue } from '@sigillo/core'
import type { ExportOptions } from '@sigillo/country-fr'
import { EXIT, textFlag, type Call, type Command, type Flags } from '../command.js'
import { usageError } from '../errors.js'
import { passphraseOptions } from '../passphrase.js'
import { writerOptions } from '../till.js'
import { checkTarget, writeContainer } from './container-file.js'
import { openFrench, type FrenchTill } from './french-till.js'
import { checkLog, outageFiles } from './outage-files.js'

/** The command. */
export const exportCommand: Command = {
  name: 'fr export',
  summary: 'Hand data to the tax administration: a signed container over any range',
  args: 'DIR [FILE]',
  arity: [1, 2],
  options: {
    from: {
      type: 'string',
      value: 'DATE|N',
      help: 'First day (local time of the shop, as 2026-03-14) or number of the first record; default all',
    },
    to: { type: 'string', value: 'DATE|N', help: 'Last day or record; default the newest' },
    officer: { type: 'string', value: 'TEXT', help: 'Reference of the administration’s request: event 295 instead of 110' },
    outages: {
      type: 'string',
      value: 'FOLDER',
      help: 'The till’s off-line log: files of outages that ended in the range are put in',
    },
    operator: { type: 'string', value: 'NAME', help: 'Who exports; default cli' },
    force: { type: 'boolean', help: 'Replace FILE' },
    ...passphraseOptions,
    ...writerOptions,
  },
  notes: [
    'The container is that of an archive, with the same tables and notice; archives and their counters are as before. sigillo fr\nverify-archive FILE judges it without this till.',
    'Exit code: 0 written; 2 not written.\nJSON: file, bytes, sha256, seq (the record that signs it), from, to, manifestSha256, total (cents).',
  ],
  run: exportData,
}

async function exportData(call: Call): Promise<number> {
  const { args, flags, out } = call
  const [from, to] = [limitOf(flags, 'from'), limitOf(flags, 'to')]
  const log = textFlag(flags, 'outages')
  if (log !== undefined) await checkLog(log)
  await checkTarget(args[1], call)
  await using till = await openFrench(call)
  const range = await rangeOf(till, from, to)
  const moment = toTimestamp(systemClock.now())
  const officer = textFlag(flags, 'officer')
  const options: ExportOptions = {
    key: `export-${moment}`,
    operatorId: textFlag(flags, 'operator') ?? 'cli',
    posMoment: moment,
    ...range,
    ...(officer !== undefined && { officer }),
    ...(log !== undefined && { degraded: (episodes: readonly string[]) => outageFiles(log, episodes, out.note) }),
  }
  const { exportFiscal } = await import('@sigillo/country-fr')
  const { file, bytes, sha256, archive } = await writeContainer(
    call,
    args[1],
    () => exportFiscal(till.queue, till.france, options),
    {
      label: 'Exporting',
      signed: ({ record }) =>
        `The export is told by record #${record.body.seq} but was not written; the same call makes another one.`,
    },
  )
  const { manifest, manifestSha256, record } = archive
  const { seq } = record.body
  const made = { from: manifest.from, to: manifest.to, manifestSha256, total: manifest.totals.ttc }
  if (out.json) await out.object({ file, bytes, sha256, seq, ...made })
  else
    await out.line(
      `${out.paint.green('✔')} ${file}: ${bytes} bytes, records #${made.from} to #${made.to}, told by record #${seq}`,
    )
  return EXIT.ok
}

type Limit = { readonly day: string } | { readonly seq: number } | undefined

function limitOf(flags: Flags, name: string): Limit {
  const text = textFlag(flags, name)
  if (text === undefined) return undefined
  if (/^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(Date.parse(`${text}T00:00:00Z`))) return { day: text }
  if (/^#?\d{1,15}$/.test(text)) return { seq: Number(text.replace('#', '')) }
  throw usageError(`--${name} takes a day, as 2026-03-14, or the number of a record`)
}

// A day is that of the shop's zone; records of the journal itself count by the moment they were made.
async function rangeOf({ queue, france }: FrenchTill, from: Limit, to: Limit): Promise<{ from: number; to: number }> {
  const head = Number(queue.head().seq)
  const byDay = (from !== undefined && 'day' in from) || (to !== undefined && 'day' in to)
  const days = byDay ? await daysOf(queue, (ms) => france.settings.zone.offsetMinutes(ms)) : []
  const first = from === undefined ? 0 : 'seq' in from ? from.seq : days.findIndex((day) => day >= from.day)
  const last = to === undefined ? head : 'seq' in to ? Math.min(to.seq, head) : days.findLastIndex((day) => day <= to.day)
  if (first < 0 || last < first || first > head) throw usageError('there is no record in this range')
  return { from: first, to: last }
}

// Local day of every record, by its number.
async function daysOf(queue: Queue, offsetMinutes: (ms: number) => number): Promise<readonly string[]> {
  const days: string[] = []
  for await (const { body } of queue.records()) {
    const ms = Date.parse(body.ts)
    days.push(new Date(ms + offsetMinutes(ms) * 60_000).toISOString().slice(0, 10))
  }
  return days
}
