// `sigillo close DIR LEVEL`: closes a period by the country's rules.
import { randomBytes, systemClock, toHex, toTimestamp, type JsonObject } from '@sigillo/core'
import { EXIT, textFlag, type Call, type Command } from './command.js'
import { usageError } from './errors.js'
import { passphraseOptions } from './passphrase.js'
import { printText } from './print-text.js'
import { asJson, asText } from './record.js'
import { openTill, writerOptions, type OpenTill } from './till.js'

/** The command. */
export const closeCommand: Command = {
  name: 'close',
  summary: 'Close a period: day, month or year (France also: shift)',
  args: 'DIR day|month|year',
  arity: [2, 2],
  options: {
    key: { type: 'string', value: 'TEXT', help: 'Idempotency key of the closing; by default made from level and moment' },
    operator: { type: 'string', value: 'NAME', help: 'Who closes; default cli' },
    ...passphraseOptions,
    ...writerOptions,
  },
  notes: [
    'What lower levels are still open is closed with it, when the country wants that.',
    'Exit code: 0 closed; 1 refused; 2 the till could not be opened; 3 not known.\nJSON: as one line of record, with print.',
  ],
  run: close,
}

async function close(call: Call): Promise<number> {
  const { args, flags } = call
  const [dir, level] = args as [string, string]
  await using till = await openTill(dir, call)
  const { entry } = till
  if (!entry.levels.includes(level)) throw usageError(`${entry.title} closes ${entry.levels.join(', ')}, not ${level}`)
  const operator = textFlag(flags, 'operator') ?? 'cli'
  return await closePeriod(call, till, level, (key, moment) => entry.closing({ level, key, operator, moment }))
}

/** Records a closing under the key of `--key`, or a fresh one, and tells the outcome; returns the exit code. */
export async function closePeriod(
  { flags, out }: Call,
  till: OpenTill,
  level: string,
  requestAt: (key: string, moment: string) => object,
): Promise<number> {
  const moment = toTimestamp(systemClock.now())
  // A day may be closed twice by mistake; a second call is another request unless the caller gives the key of the first.
  const key = textFlag(flags, 'key') ?? `close-${level}-${moment}-${toHex(randomBytes(3))}`
  const outcome = await till.queue.record(requestAt(key, (await earlierMoment(till, key)) ?? moment))
  if (out.json) await out.object(asJson({ line: 1 }, outcome, true))
  if (outcome.outcome === 'registered') {
    if (!out.json) for (const text of printText(outcome.print)) await out.line(text)
    return EXIT.ok
  }
  if (!out.json) out.note(asText(out, { line: 1 }, outcome))
  return outcome.outcome === 'rejected' ? EXIT.findings : EXIT.unknown
}

// The same call again, with the key of the first, must be the same request: it gets the moment of the first.
async function earlierMoment({ queue, entry }: OpenTill, key: string): Promise<string | undefined> {
  const request = ((await queue.byKey(key))?.payload as { request?: JsonObject } | null | undefined)?.request
  return request === undefined ? undefined : entry.momentIn(request)
}
