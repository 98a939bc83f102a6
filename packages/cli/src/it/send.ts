// `sigillo it send DIR`: drains the outbox by lanes, and takes an operator's word about refused messages (9.4, 9.5).
import { systemClock } from '@sigillo/core'
import { numberFlag, textFlag, type Call, type Command } from '../command.js'
import { usageError } from '../errors.js'
import { openSending, sendingOptions, stateOf, type SendingTill } from './italian-till.js'
import { drain } from './sending.js'
import { freshKey, registered } from './setup.js'
import { exitOf, momentText, nameOfMessage, whatNext } from './words.js'

const NUMBERS = [1, 999_999_999_999] as const

/** The command. */
export const sendCommand: Command = {
  name: 'it send',
  summary: 'Send what is due; decide about refused messages',
  args: 'DIR',
  arity: [1, 1],
  options: {
    now: { type: 'boolean', help: 'Try everything once, without waiting for schedule and hours' },
    watch: { type: 'boolean', help: 'Stay, and send as messages become due, until nothing is left or Ctrl-C' },
    replace: {
      type: 'string',
      value: 'N',
      help: 'Replace refused receipts by a new file (same figures, next number), a refused lottery batch by its halves',
    },
    annul: { type: 'string', value: 'N', help: 'Let a refused message go: the ones behind it are sent' },
    accepted: { type: 'string', value: 'N', help: 'Message N was uploaded on the portal and accepted there' },
    operation: { type: 'string', value: 'TEXT', help: 'With --accepted: the receipt the portal gave' },
    operator: { type: 'string', value: 'NAME', help: 'Who decides; default cli' },
    ...sendingOptions,
  },
  notes: [
    'N is the number sigillo it outbox shows. Bytes are sealed once, kept, and sent as they are, again after every answer nobody can\nbelieve; waits are 1, 5, 15, 30, 60 minutes, then hourly. While it stays, it is the writer of the till.',
    'Exit code: 0 nothing is left; 1 something was refused and waits for somebody; 2 the till could not be opened; 3 something is not\ndelivered yet.',
    'JSON, a line for each step: did (made, batched, recovered, sent), of; when sent also result, lane, what, progressive, class, codes,\noperation, problem. Then one line: left, until.',
  ],
  run: send,
}

async function send(call: Call): Promise<number> {
  const { flags, out } = call
  const decisions = decisionsOf(call)
  await using till = await openSending(call)
  for (const decision of decisions) await registered(till, decision)
  await drain(till, call, flags['now'] === true)
  if (flags['watch'] === true) await watch(till, call)
  const { outbox } = stateOf(till)
  const until = till.transmitter.until()
  if (out.json) await out.object({ left: outbox.length, until: until === undefined ? null : new Date(until).toISOString() })
  else await tell(call, till, until)
  return exitOf(outbox)
}

// One decision a call: what it means depends on the state, which the next one would change.
function decisionsOf({ flags }: Call): object[] {
  const operator = textFlag(flags, 'operator') ?? 'cli'
  const operation = textFlag(flags, 'operation')
  const [replace, annul, accepted] = ['replace', 'annul', 'accepted'].map((name) => numberFlag(flags, name, NUMBERS))
  const given = [replace, annul, accepted].filter((one) => one !== undefined)
  if (given.length > 1) throw usageError('one of --replace, --annul, --accepted at a time')
  if (replace !== undefined)
    return [{ type: 'transmission', key: freshKey('replace'), op: 'replace', of: replace, operatorId: operator }]
  const outcome = { type: 'outcome', key: freshKey('decided'), operator, operatorId: operator }
  if (annul !== undefined) return [{ ...outcome, of: annul, result: 'released' }]
  if (accepted === undefined) return []
  return [{ ...outcome, of: accepted, result: 'recordedOutside', ...(operation !== undefined && { operation }) }]
}

const LONGEST_WAIT_MS = 60_000

async function watch(till: SendingTill, call: Call): Promise<void> {
  const { signal } = call.world
  while (!signal.aborted) {
    const until = till.transmitter.until()
    if (until === undefined) return
    await sleep(Math.min(Math.max(until - systemClock.now(), 0), LONGEST_WAIT_MS), signal)
    await drain(till, call, false)
  }
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms)
    function done(): void {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    signal.addEventListener('abort', done, { once: true })
  })
}

async function tell({ out }: Call, till: SendingTill, until: number | undefined): Promise<void> {
  const { outbox, lottery } = stateOf(till)
  for (const message of outbox)
    await out.line(`  left: ${nameOfMessage(message)} (message ${message.made}), ${message.state}: ${whatNext(message)}`)
  if (lottery.items.length > 0) await out.line(`  ${lottery.items.length} lottery documents wait for their batch`)
  if (outbox.length === 0 && lottery.items.length === 0) await out.line('nothing is left to send')
  else if (until !== undefined) await out.line(`  next at ${momentText(until)}`)
}
