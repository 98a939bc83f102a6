// `sigillo key unlock DIR`: lifts the latch a wrong PIN left (signing specification 3.5.4): two persons where the policy names approvers, told in
// the audit log first and in the journal as soon as the key signs again.
import { latchedPins } from '@sigillo/core'
import { EXIT, type Call, type Command } from '../command.js'
import { readTill } from '../till.js'
import { decide, decisionOptions, withAudit } from './decision.js'
import { keyPlace } from './open-signer.js'

/** The command. */
export const unlockCommand: Command = {
  name: 'key unlock',
  summary: 'Lift the latch that a failed PIN left on a token or card',
  args: 'DIR',
  arity: [1, 1],
  options: { ...decisionOptions },
  notes: [
    'Only after the PIN was put right: the next start submits it once. A PIN corrected under a new --secret-version needs no unlocking.\nThis does not unblock a token: that takes the tools of its issuer.',
    'Exit code: 0 lifted; 1 nothing was latched; 2 refused.\nJSON: cleared [{token, secret}].',
  ],
  run: unlock,
}

async function unlock(call: Call): Promise<number> {
  const { args, out } = call
  const till = await readTill(args[0] as string)
  const place = keyPlace(till.paths.folder)
  const latched = await withAudit(place, latchedPins)
  if (latched.length === 0) {
    await (out.json ? out.object({ cleared: [] }) : out.line('Nothing is latched.'))
    return EXIT.findings
  }
  const tokens = latched.map(({ token, secret }) => ({ token, secret }))
  const { actor, reason } = await decide(call, till, 'latch-override', { tokens })
  await withAudit(place, async (audit) => {
    for (const { token, secret } of tokens) await audit.append({ event: 'pin-cleared', token, secret, actor, reason })
  })
  if (out.json) await out.object({ cleared: tokens })
  else
    for (const { token, secret } of tokens)
      await out.line(`${out.paint.green('✔')} token ${token}: the PIN of version ${secret} is submitted again`)
  return EXIT.ok
}
