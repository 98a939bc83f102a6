// `sigillo fr archive DIR [FILE]`: the archive of everything since the last one up to a closed day (15). FILE is opened before
// anything is signed, so that a place that cannot be written costs no archive.
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { systemClock, toTimestamp } from '@sigillo/core'
import type { Archive, ArchiveOptions } from '@sigillo/country-fr'
import { EXIT, textFlag, type Call, type Command } from '../command.js'
import { usageError } from '../errors.js'
import { passphraseOptions } from '../passphrase.js'
import { writerOptions } from '../till.js'
import { writeWhole } from '../whole-file.js'
import { openFrench, type FrenchTill } from './french-till.js'
import { outageFiles } from './outage-files.js'

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
  const target = args[1] ?? '.'
  const isFolder = await stat(target).then(
    (found) => found.isDirectory(),
    () => false,
  )
  if (!isFolder) await refuseExisting(target, call)
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
    ...outagesOf(call),
  }
  const made = { key, archive: undefined as Archive | undefined }
  try {
    const written = isFolder
      ? await intoFolder(till, options, target, call, made)
      : await write(target, lazily(till, options, made), call)
    await tell(call, { ...written, key, archive: made.archive as Archive })
    return EXIT.ok
  } catch (error) {
    if (made.archive !== undefined)
      call.out.note(`The archive is signed as record #${made.archive.record.body.seq}; --key ${key} writes it again.`)
    throw error
  }
}

async function refuseExisting(file: string, { flags }: Call): Promise<void> {
  const exists = (await stat(file).catch(() => undefined)) !== undefined
  if (exists && flags['force'] !== true) throw usageError(`${file} exists; --force replaces it`)
}

function outagesOf({ flags, out }: Call): Pick<ArchiveOptions, 'degraded'> {
  const folder = textFlag(flags, 'outages')
  return folder === undefined ? {} : { degraded: (episodes) => outageFiles(folder, episodes, out.note) }
}

type Made = { archive: Archive | undefined }

async function make({ queue, france }: FrenchTill, options: ArchiveOptions, made: Made): Promise<Archive> {
  const { createArchive } = await import('@sigillo/country-fr')
  return (made.archive = await createArchive(queue, france, options))
}

// Asked for its first piece once the file is open: only then is anything signed.
async function* lazily(till: FrenchTill, options: ArchiveOptions, made: Made): AsyncIterable<Uint8Array> {
  yield* (await make(till, options, made)).stream()
}

// The name depends on what is archived.
async function intoFolder(
  till: FrenchTill,
  options: ArchiveOptions,
  folder: string,
  call: Call,
  made: Made,
): Promise<{ file: string; bytes: number; sha256: string }> {
  const { name, stream } = await make(till, options, made)
  const file = folder === '.' ? name : join(folder, name)
  await refuseExisting(file, call)
  return write(file, stream(), call)
}

async function write(
  file: string,
  source: AsyncIterable<Uint8Array>,
  { out, world }: Call,
): Promise<{ file: string; bytes: number; sha256: string }> {
  const { createHash } = await import('node:crypto')
  const hash = createHash('sha256')
  const progress = out.progress('Archiving', 'bytes')
  let done = 0
  async function* watched(): AsyncIterable<Uint8Array> {
    for await (const piece of source) {
      hash.update(piece)
      progress.at((done += piece.length), 0)
      yield piece
    }
  }
  try {
    const bytes = await writeWhole(file, watched(), world.signal)
    return { file, bytes, sha256: hash.digest('hex') }
  } finally {
    progress.end()
  }
}

interface Written {
  readonly file: string
  readonly bytes: number
  readonly sha256: string
  readonly key: string
  readonly archive: Archive
}

async function tell({ out }: Call, { archive: { manifest, manifestSha256, record }, ...written }: Written): Promise<void> {
  const { number, kind, from, to, totals } = manifest
  const { seq } = record.body
  if (out.json) return out.object({ ...written, seq, number, kind, from, to, manifestSha256, total: totals.ttc })
  const { file, bytes, sha256 } = written
  await out.line(
    `${out.paint.green('✔')} ${file}: ${bytes} bytes, archive ${number}, records #${from} to #${to}, signed as record #${seq}`,
  )
  await out.line(`  SHA-256 ${sha256}`)
}
