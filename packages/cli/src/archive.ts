// `sigillo archive DIR [FILE]`: the archive a country's law asks for (France: the signed ZIP of all closed days since the last one).
import { stat } from 'node:fs/promises'
import { systemClock, toTimestamp } from '@sigillo/core'
import { EXIT, textFlag, type Call, type Command } from './command.js'
import { usageError } from './errors.js'
import { passphraseOptions } from './passphrase.js'
import { openTill, writerOptions } from './till.js'
import { writeWhole } from './whole-file.js'

/** The command. */
export const archiveCommand: Command = {
  name: 'archive',
  summary: 'Make the archive the country’s law asks for, signed as a record',
  args: 'DIR [FILE]',
  arity: [1, 2],
  options: {
    key: {
      type: 'string',
      value: 'TEXT',
      help: 'Idempotency key: the same key gives the same archive again; by default made from the moment',
    },
    operator: { type: 'string', value: 'NAME', help: 'Who archives; default cli' },
    'auto-close': { type: 'boolean', help: 'Close an open day first' },
    force: { type: 'boolean', help: 'Replace FILE' },
    ...passphraseOptions,
    ...writerOptions,
  },
  notes: [
    'FILE is by default the name the country gives it, in the current folder. sigillo verify FILE judges it without this till.',
    'Exit code: 0 written; 2 not written.\nJSON: file, bytes, seq (the record that signs it), key.',
  ],
  run: archive,
}

async function archive(call: Call): Promise<number> {
  const { args, flags, out, world } = call
  // Before anything is signed; a name the country gives is only known afterwards.
  if (args[1] !== undefined) await refuseTaken(args[1], call)
  await using till = await openTill(args[0] as string, call)
  const { entry, queue, country } = till
  if (entry.archive === undefined) throw usageError(`${entry.title} has no archive of its own; sigillo export makes a bundle`)
  const moment = toTimestamp(systemClock.now())
  const key = textFlag(flags, 'key') ?? `archive-${moment}`
  const wish = { key, operator: textFlag(flags, 'operator') ?? 'cli', moment, autoClose: flags['auto-close'] === true }
  const made = await entry.archive(queue, country, wish)
  const file = args[1] ?? made.name
  // Already signed: with the same key the next call writes it to another place.
  await refuseTaken(file, call)
  const bytes = await writeWhole(file, made.stream(), world.signal)
  if (out.json) await out.object({ file, bytes, seq: made.seq, key })
  else await out.line(`${out.paint.green('✔')} ${file}: ${bytes} bytes, signed as record #${made.seq}`)
  return EXIT.ok
}

async function refuseTaken(file: string, { flags }: Call): Promise<void> {
  const there = await stat(file).catch(() => undefined)
  if (there?.isDirectory() === true) throw usageError(`${file} is a folder; name a file`)
  if (there !== undefined && flags['force'] !== true) throw usageError(`${file} exists; --force replaces it`)
}
