// `sigillo it close DIR`: the daily closing, with the days not worked reported before it (9.2, 9.3).
import { closePeriod } from '../close.js'
import { EXIT, textFlag, type Call, type Command } from '../command.js'
import { systemClock } from '@sigillo/core'
import { openItalian, openSending, sendingOptions, stateOf, type ItalianTill, type SendingTill } from './italian-till.js'
import { drain } from './sending.js'
import { exitOf } from './words.js'

/** The command. */
export const closeCommand: Command = {
  name: 'it close',
  summary: 'Close the day; days not worked are reported first',
  args: 'DIR',
  arity: [1, 1],
  options: {
    till: { type: 'string', value: 'ID', help: 'One till of a server; by default all of them, then the server' },
    inactivity: { type: 'boolean', help: 'Only report the days not worked, as a device does when it starts in the morning' },
    from: { type: 'string', value: 'YYYY-MM-DD', help: 'First day not worked; by default the day after the last one covered' },
    to: { type: 'string', value: 'YYYY-MM-DD', help: 'Last day not worked; by default yesterday' },
    send: { type: 'boolean', help: 'Send what is due afterwards' },
    key: { type: 'string', value: 'TEXT', help: 'Idempotency key of the closing; by default made from the moment' },
    operator: { type: 'string', value: 'NAME', help: 'Who closes; default cli' },
    ...sendingOptions,
  },
  notes: [
    'A period in which nothing was sold gives a closing of zeros. Days between the last closing and today on which the device was off\nare reported as inactivity, unless a period is open or the device was out of service.',
    'Exit code: 0 closed; 1 refused; 2 the till could not be opened; 3 not known, or with --send not delivered yet.',
    'JSON: a line for each closing as close has; with --send a line for each step as it send has.',
  ],
  run: close,
}

async function close(call: Call): Promise<number> {
  const { flags } = call
  if (flags['send'] !== true) {
    await using till = await openItalian(call)
    return await closeAll(call, till)
  }
  await using till = await openSending(call)
  const code = await closeAll(call, till)
  return code === EXIT.ok ? await sendAfter(call, till) : code
}

async function sendAfter(call: Call, till: SendingTill): Promise<number> {
  await drain(till, call, false)
  return exitOf(stateOf(till).outbox)
}

async function closeAll(call: Call, till: ItalianTill): Promise<number> {
  const { flags } = call
  const one = textFlag(flags, 'till')?.toUpperCase()
  const base = { operatorId: textFlag(flags, 'operator') ?? 'cli', ...(one !== undefined && { till: one }) }
  const [from, to] = [textFlag(flags, 'from'), textFlag(flags, 'to')]
  const days = { ...(from !== undefined && { from }), ...(to !== undefined && { to }) }
  const idle = await idleTills(till, one)
  const only = flags['inactivity'] === true || from !== undefined || to !== undefined
  // Days that are named, or none to report: one request, which the rules answer.
  if (only && (Object.keys(days).length > 0 || idle.length === 0))
    return closePeriod(call, till, 'inactivity', (key) => ({ type: 'inactivity', key, ...base, ...days }))
  for (const id of idle) {
    const where = id === '' ? {} : { till: id }
    const code = await closePeriod(keyless(call), till, 'inactivity', (key) => ({ type: 'inactivity', key, ...base, ...where }))
    if (code !== EXIT.ok) return code
  }
  return only ? EXIT.ok : closePeriod(call, till, 'day', (key) => ({ type: 'closing', key, ...base }))
}

// A key given is the closing's; several reports cannot share it.
function keyless(call: Call): Call {
  return { ...call, flags: { ...call.flags, key: undefined } }
}

// Tills with days nobody reported; out of service such days are not reported (9.3).
async function idleTills({ italy, queue }: ItalianTill, one: string | undefined): Promise<string[]> {
  const { statusOf } = await import('@sigillo/country-it')
  const { idle, device } = statusOf(italy.settings, stateOf({ queue }), systemClock.now())
  if (device === 'FUORI_SERVIZIO') return []
  return Object.keys(idle).filter((id) => one === undefined || id === one)
}
