// `sigillo fr close DIR --level LEVEL`: a closing by the French rules (9.3), or with --due whatever lies in a period that has ended.
import { randomBytes, systemClock, toHex, toTimestamp } from '@sigillo/core'
import { closePeriod } from '../close.js'
import { EXIT, textFlag, type Call, type Command } from '../command.js'
import { usageError } from '../errors.js'
import { passphraseOptions } from '../passphrase.js'
import { writerOptions } from '../till.js'
import { findingText } from '../verify.js'
import { openFrench, type FrenchTill } from './french-till.js'

const LEVELS = ['shift', 'day', 'month', 'year'] as const

/** The command. */
export const closeCommand: Command = {
  name: 'fr close',
  summary: 'Close a shift, day, month or year (clôture)',
  args: 'DIR',
  arity: [1, 1],
  options: {
    level: { type: 'string', value: 'LEVEL', help: `${LEVELS.join(', ')}; what is open below month and year is closed first` },
    due: {
      type: 'boolean',
      help: 'Instead of --level: close what lies in a day, month or financial year that has ended; nothing due is no error',
    },
    drawer: { type: 'string', value: 'EUROS', help: 'Cash counted in the drawer, as 152.30; the difference is recorded' },
    key: { type: 'string', value: 'TEXT', help: 'Idempotency key of the closing; by default made from level and moment' },
    operator: { type: 'string', value: 'NAME', help: 'Who closes; default cli' },
    'no-check': { type: 'boolean', help: 'Do not verify the open day first' },
    ...passphraseOptions,
    ...writerOptions,
  },
  notes: [
    'Before a day, month or year is closed every record since the newest closed day is verified; what is wrong is recorded as event 90 and\ntold, and the closing goes on.',
    'A day may be closed late: the closing bears the present moment, shows the days it really covers and says that it is late. A closing\nwithout records is allowed and shows zero. Closed periods cannot be opened again.',
    'Exit code: 0 closed, or nothing was due; 1 refused; 2 the till could not be opened; 3 not known.\nJSON: as one line of record, with print; with --due and nothing due only {"due": []}.',
  ],
  run: close,
}

async function close(call: Call): Promise<number> {
  const { flags, out } = call
  const wanted = textFlag(flags, 'level')
  const due = flags['due'] === true
  if (due === (wanted !== undefined)) throw usageError(`name a level (--level ${LEVELS.join('|')}), or --due, one of the two`)
  if (wanted !== undefined && !LEVELS.some((level) => level === wanted))
    throw usageError(`France closes ${LEVELS.join(', ')}, not ${wanted}`)
  const drawer = drawerOf(call)
  await using till = await openFrench(call)
  const level = wanted ?? (await highestDue(till))
  if (level === undefined) {
    await (out.json ? out.object({ due: [] }) : out.line('Nothing is due: every period that has ended is closed.'))
    return EXIT.ok
  }
  const operatorId = textFlag(flags, 'operator') ?? 'cli'
  if (level !== 'shift' && flags['no-check'] !== true) await control(till, operatorId, call)
  return await closePeriod(call, till, level, (key, posMoment) => ({
    type: 'closing',
    kind: level,
    key,
    operatorId,
    posMoment,
    ...(drawer !== undefined && { drawer }),
  }))
}

// A string is euros; `--drawer 150` therefore means 150.00.
function drawerOf({ flags }: Call): string | undefined {
  const text = textFlag(flags, 'drawer')
  if (text !== undefined && !/^-?\d{1,12}(?:[.,]\d{1,2})?$/.test(text))
    throw usageError('--drawer takes an amount in euros, as 152.30')
  return text?.replace(',', '.')
}

// A defect stops nothing: refusing to close would push the user out of the system (17.4).
async function control({ queue }: FrenchTill, operatorId: string, { out }: Call): Promise<void> {
  const { checkOpenDay, dayDefect } = await import('@sigillo/country-fr')
  const check = await checkOpenDay(queue)
  const defect = dayDefect(check)
  if (defect === undefined) return
  for (const finding of check.findings.slice(0, 20)) for (const line of findingText(finding)) out.note(line)
  const posMoment = toTimestamp(systemClock.now())
  const key = `day-check-${posMoment}-${toHex(randomBytes(3))}`
  const outcome = await queue.record({ type: 'event', key, operatorId, posMoment, ...defect })
  const told = outcome.outcome === 'registered' ? `recorded as event 90, #${outcome.seq}` : `NOT recorded: ${outcome.error.code}`
  out.note(`warning: ${check.findings.length} defects in the open day, ${told}; run sigillo verify`)
}

// The closing of the highest level closes what is open below it.
async function highestDue({ france, queue }: FrenchTill): Promise<string | undefined> {
  const { dueClosings } = await import('@sigillo/country-fr')
  return dueClosings(france, queue.totals(), systemClock.now()).at(-1)
}
