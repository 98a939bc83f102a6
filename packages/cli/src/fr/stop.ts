// `sigillo fr stop DIR [FILE]`: the end of a till (17.7). It proposes the archive first, because a stopped till can make none: without
// --yes it only tells what would be done, and with it FILE is written before the last record is.
import { systemClock, toTimestamp } from '@sigillo/core'
import type { DueArchive } from '@sigillo/country-fr'
import { EXIT, textFlag, type Call, type Command } from '../command.js'
import { usageError } from '../errors.js'
import { passphraseOptions } from '../passphrase.js'
import { printText } from '../print-text.js'
import { asJson, asText } from '../record.js'
import { writerOptions } from '../till.js'
import { checkTarget, writeContainer, type WrittenContainer } from './container-file.js'
import { openFrench, refuseInSchool, type FrenchTill } from './french-till.js'
import { checkLog, outageFiles } from './outage-files.js'

/** The command. */
export const stopCommand: Command = {
  name: 'fr stop',
  summary: 'End a till for ever, after its last archive; without --yes only show what would be done',
  args: 'DIR [FILE]',
  arity: [1, 2],
  options: {
    yes: { type: 'boolean', help: 'Do it; it cannot be undone' },
    'no-archive': { type: 'boolean', help: 'Stop although records are in no archive; none can be made afterwards' },
    outages: {
      type: 'string',
      value: 'FOLDER',
      help: 'The till’s off-line log: files of outages that ended in the range are put in',
    },
    key: { type: 'string', value: 'TEXT', help: 'Idempotency key; by default made from the moment' },
    operator: { type: 'string', value: 'NAME', help: 'Who stops it; default cli' },
    force: { type: 'boolean', help: 'Replace FILE' },
    ...passphraseOptions,
    ...writerOptions,
  },
  notes: [
    'Shift, day, month and year are closed, what no archive holds yet is archived into FILE (by default into the current folder, under its own\nname), then the till is stopped and refuses everything. Keep its folder: it can be verified, and exported with sigillo export, for ever.',
    'Exit code: 0 shown or stopped; 1 refused; 2 could not be done (what was closed or archived by then stays so); 3 not known.\nJSON: without --yes stopped (false) and unarchived (null, or from, since, dayOpen); with it archive (null, or file, sha256, number), then\nthe stop as one line of record, with print.',
  ],
  run: stop,
}

async function stop(call: Call): Promise<number> {
  const { args, flags, out } = call
  const archiving = flags['no-archive'] !== true
  if (!archiving && args[1] !== undefined) throw usageError('FILE is for the archive that --no-archive leaves out')
  const log = textFlag(flags, 'outages')
  if (log !== undefined) await checkLog(log)
  await checkTarget(args[1], call)
  await using till = await openFrench(call)
  refuseInSchool(till)
  const { dueArchive } = await import('@sigillo/country-fr')
  const due = dueArchive(till.queue.totals())
  if (flags['yes'] !== true) {
    if (out.json) await out.object({ stopped: false, unarchived: due ?? null })
    else await propose(call, due, archiving)
    return EXIT.ok
  }
  const key = textFlag(flags, 'key') ?? `stop-${toTimestamp(systemClock.now())}`
  const written = due !== undefined && archiving ? await archive(call, till, key, log) : undefined
  await tellArchive(call, written)
  return end(call, till, key)
}

async function propose({ out }: Call, due: DueArchive | undefined, archiving: boolean): Promise<void> {
  if (due === undefined) await out.line('Everything is archived. Open periods would be closed and the till stopped for ever.')
  else {
    await out.line(
      `Records from #${due.from} on, sold since ${due.since}, are in no archive${due.dayOpen ? '; a day is open' : ''}.`,
    )
    await out.line(
      archiving
        ? 'Open periods would be closed, the archive made, and the till stopped for ever.'
        : 'They would stay so for ever: a stopped till makes no archive.',
    )
  }
  await out.line('Nothing was changed. --yes does it; it cannot be undone.')
}

// Everything is closed first: closings belong into the last archive, which ends with a closing of the day.
async function archive(call: Call, till: FrenchTill, key: string, log: string | undefined): Promise<WrittenContainer> {
  const { createArchive, dueArchive } = await import('@sigillo/country-fr')
  const { queue, france } = till
  const operatorId = operatorOf(call)
  const posMoment = toTimestamp(systemClock.now())
  const dayOpen = dueArchive(queue.totals())?.dayOpen === true
  const close = async (kind: string): Promise<void> => {
    const outcome = await queue.record({ type: 'closing', kind, key: `${key}-${kind}`, operatorId, posMoment })
    if (outcome.outcome !== 'registered') throw outcome.error
  }
  await close('shift')
  await close('year')
  if (!dayOpen) await close('day')
  const options = {
    key: `${key}-archive`,
    operatorId,
    posMoment,
    ...(log !== undefined && { degraded: (episodes: readonly string[]) => outageFiles(log, episodes, call.out.note) }),
  }
  return writeContainer(call, call.args[1], () => createArchive(queue, france, options), {
    label: 'Archiving',
    signed: ({ record }) =>
      `The archive is signed as record #${record.body.seq}; sigillo fr archive --key ${options.key} writes it again.`,
  })
}

async function tellArchive({ out }: Call, written: WrittenContainer | undefined): Promise<void> {
  if (out.json) {
    const { file, sha256, archive: made } = written ?? {}
    return out.object({ archive: made === undefined ? null : { file, sha256, number: made.manifest.number } })
  }
  if (written === undefined) return
  const { file, bytes, sha256, archive: made } = written
  await out.line(`${out.paint.green('✔')} ${file}: ${bytes} bytes, archive ${made.manifest.number}`)
  await out.line(`  SHA-256 ${sha256}`)
}

async function end(call: Call, { queue }: FrenchTill, key: string): Promise<number> {
  const { out } = call
  const posMoment = toTimestamp(systemClock.now())
  const outcome = await queue.record({ type: 'stop', key, operatorId: operatorOf(call), posMoment })
  if (out.json) await out.object(asJson({ line: 1 }, outcome, true))
  if (outcome.outcome === 'registered') {
    if (!out.json) for (const text of printText(outcome.print)) await out.line(text)
    return EXIT.ok
  }
  if (!out.json) out.note(asText(out, { line: 1 }, outcome))
  return outcome.outcome === 'rejected' ? EXIT.findings : EXIT.unknown
}

function operatorOf({ flags }: Call): string {
  return textFlag(flags, 'operator') ?? 'cli'
}
