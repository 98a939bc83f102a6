// `sigillo key stop DIR`: ends a key in the journal (signing specification 10): compromised at once, by whoever finds out; retired by two persons
// where the policy names approvers. Nothing is sealed with it afterwards, until another key has taken over.
import { EXIT, textFlag, type Call, type Command } from '../command.js'
import { usageError } from '../errors.js'
import { passphraseOptions } from '../passphrase.js'
import { keyOfJournal, openTill, readTill, writerOptions } from '../till.js'
import { approvalRecord, decide, decisionOptions } from './decision.js'

/** The command. */
export const stopCommand: Command = {
  name: 'key stop',
  summary: 'End the key in use: compromised or retired, it seals nothing more',
  args: 'DIR',
  arity: [1, 1],
  options: {
    as: { type: 'string', value: 'WORD', help: 'compromised or retired' },
    since: {
      type: 'string',
      value: 'TIME',
      help: 'With compromised: since when others may have signed, RFC 3339; now unless given',
    },
    ...decisionOptions,
    ...passphraseOptions,
    ...writerOptions,
  },
  notes: [
    'The last record of the key says so. A retired key still signs the change to the next one; a compromised one is replaced with\nsigillo key rotate --recovery. One person is enough to call a key compromised: waiting for a second would leave it in use.',
    'Exit code: 0 ended; 2 nothing changed.\nJSON: keyId, as, since, seq.',
  ],
  run: stop,
}

async function stop(call: Call): Promise<number> {
  const { args, flags, out } = call
  const as = textFlag(flags, 'as')
  if (as !== 'compromised' && as !== 'retired') throw usageError('what became of the key? --as compromised or --as retired')
  const since = as === 'compromised' ? instantOf(textFlag(flags, 'since') ?? new Date().toISOString()) : undefined
  if (as === 'retired' && textFlag(flags, 'since') !== undefined) throw usageError('--since goes with --as compromised')
  const till = await readTill(args[0] as string)
  const keyId = await keyOfJournal(till)
  const { actor, reason, used } = await decided(call, as, keyId)
  await using open = await openTill(args[0] as string, call)
  if (used !== undefined) await open.queue.recordKey(used)
  const details = since === undefined ? {} : { since }
  const outcome = await open.queue.recordKey({ type: `key.${as}`, actor, reason, details })
  if (outcome.outcome !== 'registered') throw outcome.error
  const { seq } = outcome
  if (out.json) await out.object({ keyId, as, since: since ?? null, seq })
  else await out.line(`${out.paint.green('✔')} ${keyId} is ${as}: nothing is sealed with it after record ${seq}`)
  return EXIT.ok
}

async function decided(
  call: Call,
  as: 'compromised' | 'retired',
  keyId: string,
): Promise<{ readonly actor: string; readonly reason: string; readonly used: ReturnType<typeof approvalRecord> }> {
  const [actor, reason] = [textFlag(call.flags, 'actor'), textFlag(call.flags, 'reason')]
  if (actor === undefined || reason === undefined) throw usageError('who decides and why? --actor NAME --reason TEXT')
  if (as === 'compromised') return { actor, reason, used: undefined }
  const decision = await decide(call, await readTill(call.args[0] as string), 'key-retirement', { keyId })
  return { actor, reason, used: approvalRecord(decision) }
}

function instantOf(text: string): string {
  const ms = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/.test(text) ? Date.parse(text) : Number.NaN
  if (Number.isNaN(ms)) throw usageError('--since takes an instant, as 2026-11-30T18:00:00Z')
  return new Date(ms).toISOString()
}
