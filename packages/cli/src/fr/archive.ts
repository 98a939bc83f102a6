// `sigillo fr archive DIR [FILE]`: the archive of everything since the last one up to a closed day (15). FILE is opened before
// anything is signed, so that a place that cannot be written costs no archive.
import { systemClock, toTimestamp } from '@sigillo/core'
import type { ArchiveOptions } from '@sigillo/country-fr'
import { EXIT, textFlag, type Call, type Command } from '../command.js'
import { usageError } from '../errors.js'
import { passphraseOptions } from '../passphrase.js'
import { writerOptions } from '../till.js'
import { checkTarget, writeContainer, type WrittenContainer } from './container-file.js'
import { openFrench } from './french-till.js'
import { checkLog, outageFiles } from './outage-files.js'

/** The command. */
export const archiveCommand: Command = {
  name: 'fr archive',
  summary: 'Make the signed archive of all closed days since the last one',
  args: 'DIR [FILE]',
  arity: [1, 2],
  options: {
    until: { type: 'string', value: 'DATE', help: 'Last closed day to archive, as 2026-03-31; default the newest one' },
    kind: { type: 'string', value: 'KIND', help: 'period or year; by default year when the range ends with a year closing' },
    'auto-close': { type: 'boolean', help: 'Close an open day first' },
    outages: {
      type: 'string',
      value: 'FOLDER',
      help: 'The till’s off-line log: files of outages that ended in the range are put in',
    },
    key: {
      type: 'string',
      value: 'TEXT',
      help: 'Idempotency key: the same key gives the same archive again; by default made from the moment',
    },
    operator: { type: 'string', value: 'NAME', help: 'Who archives; default cli' },
    force: { type: 'boolean', help: 'Replace FILE' },
    ...passphraseOptions,
    ...writerOptions,
  },
  notes: [
    'FILE may be a folder; by default the archive is put into the current one under the name it is given by its till, days and number.\nAn archive covers twelve months at most. sigillo fr verify-archive FILE judges it without this till.',
    'Exit code: 0 written; 2 not written (the message says whether it was signed, and the key that gives it again).\nJSON: file, bytes, sha256, seq (the record that signs it), key, number, kind, from, to, manifestSha256, total (cents).',
  ],
  run: archive,
}

async function archive(call: Call): Promise<number> {
  const { args, flags } = call
  const until = textFlag(flags, 'until')
  if (until !== undefined && Number.isNaN(Date.parse(/^\d{4}-\d\d-\d\d$/.test(until) ? `${until}T00:00:00Z` : '')))
    throw usageError('--until takes a date, as 2026-03-31')
  const kind = textFlag(flags, 'kind')
  if (kind !== undefined && kind !== 'period' && kind !== 'year') throw usageError('--kind takes period or year')
  const log = textFlag(flags, 'outages')
  if (log !== undefined) await checkLog(log)
  await checkTarget(args[1], call)
  await using till = await openFrench(call)
  const moment = toTimestamp(systemClock.now())
  const key = textFlag(flags, 'key') ?? `archive-${moment}`
  const options: ArchiveOptions = {
    key,
    operatorId: textFlag(flags, 'operator') ?? 'cli',
    posMoment: moment,
    autoClose: flags['auto-close'] === true,
    ...(until !== undefined && { until }),
    ...(kind !== undefined && { kind }),
    ...(log !== undefined && { degraded: (episodes: readonly string[]) => outageFiles(log, episodes, call.out.note) }),
  }
  const { createArchive } = await import('@sigillo/country-fr')
  const written = await writeContainer(call, args[1], () => createArchive(till.queue, till.france, options), {
    label: 'Archiving',
    signed: ({ record }) => `The archive is signed as record #${record.body.seq}; --key ${key} writes it again.`,
  })
  await tell(call, key, written)
  return EXIT.ok
}

async function tell({ out }: Call, key: string, { file, bytes, sha256, archive: made }: WrittenContainer): Promise<void> {
  const { manifest, manifestSha256, record } = made
  const { number, kind, from, to, totals } = manifest
  const { seq } = record.body
  if (out.json) return out.object({ file, bytes, sha256, key, seq, number, kind, from, to, manifestSha256, total: totals.ttc })
  const what = `archive ${number}, records #${from} to #${to}, signed as record #${seq}`
  await out.line(`${out.paint.green('✔')} ${file}: ${bytes} bytes, ${what}`)
  await out.line(`  SHA-256 ${sha256}`)
}
