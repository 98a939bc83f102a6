// `sigillo key policy DIR`: shows the key policy, or sets a new one: checked, agreed to by two persons where the old one names approvers, and
// told in the journal by its hash.
import { readFile } from 'node:fs/promises'
import { checkPolicy, policyHash, signerError, type KeyPolicy } from '@sigillo/core'
import { EXIT, textFlag, type Call, type Command } from '../command.js'
import { usageError } from '../errors.js'
import { passphraseOf, passphraseOptions } from '../passphrase.js'
import { keyOfJournal, openKey, openWith, readTill, secretName, writerOptions } from '../till.js'
import { approvalRecord, decide, decisionOptions } from './decision.js'
import { putPolicy } from './policy-file.js'
import { policyFile, policyInForce } from './policy-in-force.js'
import { policyLines } from './test-key.js'

/** The command. */
export const policyCommand: Command = {
  name: 'key policy',
  summary: 'Show or set what a till’s key may be used for',
  args: 'DIR',
  arity: [1, 1],
  options: {
    set: { type: 'string', value: 'FILE', help: 'The new policy, JSON; its version is above the old one’s' },
    ...decisionOptions,
    ...passphraseOptions,
    ...writerOptions,
  },
  notes: [
    'Without a policy the key signs what its holder asks. With one, every operation it does not list is refused: a till needs record,\nand key-possession to change keys. keyId may be left out: the key in use is meant.',
    'Exit code: 0 shown or set; 2 not set.\nJSON: policy, hash.',
  ],
  run: policyOf,
}

async function policyOf(call: Call): Promise<number> {
  const { args, flags, out } = call
  const till = await readTill(args[0] as string)
  const old = await policyInForce(till, out.note)
  const source = textFlag(flags, 'set')
  if (source === undefined) {
    if (out.json) await out.object({ policy: old ?? null, hash: old === undefined ? null : policyHash(old) })
    else for (const line of policyLines(old)) await out.line(line)
    return EXIT.ok
  }
  const policy = await newPolicy(source, await keyOfJournal(till))
  if (old !== undefined && policy.version <= old.version)
    throw usageError(`the policy in force has version ${old.version}; a new one needs a higher one`)
  if (policy.operations['record'] === undefined) throw usageError('a till’s key must be allowed the operation record')
  const hash = policyHash(policy)
  const decision = await decide(call, till, 'policy-change', { hash })
  await putPolicy(policyFile(till.paths), policy)
  // Under the new one already: the old one may have ended.
  const signer = await openKey(till, passphraseOf(call, false, secretName(till)), out.note, policy)
  await using open = await openWith(till, call, signer)
  const used = approvalRecord(decision)
  if (used !== undefined) await open.queue.recordKey(used)
  const { actor, reason } = decision
  const outcome = await open.queue.recordKey({
    type: 'policy.set',
    actor,
    reason,
    details: {
      policyHash: hash,
      policyId: policy.policyId,
      version: policy.version,
      policy: policy as unknown as Record<string, never>,
    },
  })
  if (outcome.outcome !== 'registered') throw outcome.error
  if (out.json) await out.object({ policy, hash })
  else {
    await out.line(
      `${out.paint.green('✔')} policy ${policy.policyId} version ${policy.version} is in force (${hash.slice(0, 16)})`,
    )
    for (const line of policyLines(policy).slice(1)) await out.line(`  ${line}`)
  }
  return EXIT.ok
}

async function newPolicy(path: string, keyId: string): Promise<KeyPolicy> {
  let value: Record<string, unknown>
  try {
    value = JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>
  } catch {
    throw usageError(`${path} holds no policy`)
  }
  const policy: unknown = { keyId, ...value }
  checkPolicy(policy)
  if (policy.keyId !== keyId)
    throw signerError('KEY_MISMATCH', { message: 'the policy binds another key than the one in use', keyId })
  return policy
}
