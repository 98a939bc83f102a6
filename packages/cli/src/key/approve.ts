// `sigillo key approve DIR`: a person's agreement to one operation on a till's key, signed with the person's own key (signing 9.3).
import {
  approvalMessage,
  policyHash,
  randomBytes,
  thumbprint,
  toBase64url,
  type ApprovalStatement,
  type SuiteId,
} from '@sigillo/core'
import { openKeyFile } from '@sigillo/signer-software'
import { EXIT, numberFlag, textFlag, type Call, type Command } from '../command.js'
import { usageError } from '../errors.js'
import { passphraseOf, passphraseOptions } from '../passphrase.js'
import { readTill } from '../till.js'
import { policyInForce } from './policy-in-force.js'

/** The command. */
export const approveCommand: Command = {
  name: 'key approve',
  summary: 'Agree to an operation on a key, as one of its approvers',
  args: 'DIR',
  arity: [1, 1],
  options: {
    operation: { type: 'string', value: 'NAME', help: 'The operation, as the refused command said it' },
    digest: { type: 'string', value: 'HEX', help: 'What is agreed to, as the refused command said it' },
    as: { type: 'string', value: 'NAME', help: 'Who agrees: an approver the key policy names' },
    key: { type: 'string', value: 'FILE', help: 'That person’s key file' },
    minutes: { type: 'string', value: 'N', help: 'How long it counts; default 60, or what the policy allows' },
    ...passphraseOptions,
  },
  notes: [
    'The approval goes to standard output as JSON; it counts once, for this till, this policy and this digest only. An approver is never the\none who asked.',
    'Exit code: 0 made; 2 not made.\nJSON: the approval itself, {statement, signature}.',
  ],
  run: approve,
}

async function approve(call: Call): Promise<number> {
  const { args, flags, out } = call
  const [operation, digest, person, file] = ['operation', 'digest', 'as', 'key'].map((name) => textFlag(flags, name))
  if (operation === undefined || digest === undefined || person === undefined || file === undefined)
    throw usageError('an approval needs --operation, --digest, --as and --key')
  if (!/^[0-9a-f]{64}$/.test(digest)) throw usageError('--digest takes 64 hexadecimal digits')
  const till = await readTill(args[0] as string)
  const policy = await policyInForce(till)
  if (policy === undefined) throw usageError('this till has no key policy, so nobody approves')
  const minutes = numberFlag(flags, 'minutes', [1, 1440]) ?? policy.approvalMinutes ?? 60
  const from = Date.now()
  const statement: ApprovalStatement = {
    policy: policyHash(policy),
    keyId: policy.keyId,
    operation,
    digest,
    person,
    notBefore: new Date(from).toISOString(),
    notAfter: new Date(from + minutes * 60_000).toISOString(),
    nonce: toBase64url(randomBytes(24)),
  }
  const signer = await openKeyFile(file, { passphrase: passphraseOf(call, false, `Passphrase of ${person}`) })
  try {
    const { keyId, suites } = signer.describe()
    const own = policy.approvers?.find((one) => one.person === person)
    if (own === undefined) throw usageError(`the key policy names no approver ${person}`)
    if (thumbprint(own.key) !== keyId) throw usageError(`this is not the key of ${person} in the key policy`)
    const input = { message: approvalMessage(statement) }
    const { signature } = await signer.sign({ operation: 'approval', suite: suites[0] as SuiteId, input })
    const approval = { statement, signature: toBase64url(signature) }
    await (out.json ? out.object(approval) : out.line(JSON.stringify(approval, null, 2)))
    return EXIT.ok
  } finally {
    await signer.close()
  }
}
