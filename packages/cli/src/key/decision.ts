// Decisions about keys (signing specification 9.3): who decided, why, and the approvals of two other persons where the key policy names
// approvers. Used approvals are written to the audit log before anything is done, and to the journal with it.
import { join } from 'node:path'
import { readFile } from 'node:fs/promises'
import {
  approvalRefusal,
  canonical,
  policyHash,
  sha256Hex,
  type Approval,
  type AuditLog,
  type JsonObject,
  type KeyPolicy,
  type KeyRecord,
} from '@sigillo/core'
import { openAuditFile } from '@sigillo/signer-software'
import { textFlag, type Call, type OptionSpec } from '../command.js'
import { usageError } from '../errors.js'
import type { Till } from '../till.js'
import { KEY_FILES, keyPlace, type KeyPlace } from './open-signer.js'
import { policyInForce } from './policy-in-force.js'

/** An operation two persons must agree to. */
export type KeyOperation =
  | 'policy-change'
  | 'key-rotation'
  | 'key-retirement'
  | 'certificate-install'
  | 'latch-override'
  | 'ceremony'

/** Options of commands that decide something about a key. */
export const decisionOptions: Readonly<Record<string, OptionSpec>> = {
  actor: { type: 'string', value: 'NAME', help: 'Who decides; recorded' },
  reason: { type: 'string', value: 'TEXT', help: 'Why; recorded' },
  approval: {
    type: 'string',
    value: 'FILE',
    multiple: true,
    help: 'An approval made by sigillo key approve; again for the second person',
  },
}

/** A decision with what vouches for it. */
export interface Decision {
  readonly operation: KeyOperation
  readonly actor: string
  readonly reason: string
  readonly digest: string
  readonly approvals: readonly Approval[]
}

/** Lower-case hex of what approvals of an operation are bound to. */
export function operationDigest(operation: KeyOperation, subject: JsonObject): string {
  return sha256Hex(`sigillo/v1/key-operation\n${canonical({ operation, ...subject })}`)
}

/**
 * Who decides this and with whom.
 * @throws FiscalError USAGE without actor or reason; APPROVAL_REQUIRED, APPROVAL_INVALID when the policy names two approvers or more
 */
export async function decide(call: Call, till: Till, operation: KeyOperation, subject: JsonObject): Promise<Decision> {
  const [actor, reason] = [textFlag(call.flags, 'actor'), textFlag(call.flags, 'reason')]
  if (actor === undefined || reason === undefined) throw usageError('who decides and why? --actor NAME --reason TEXT')
  // The persons are those of the policy in force, not of a file somebody may have written since.
  const policy = await policyInForce(till)
  const digest = operationDigest(operation, subject)
  const approvals = await Promise.all(((call.flags['approval'] ?? []) as readonly string[]).map(readApproval))
  const decision = { operation, actor, reason, digest, approvals }
  if (policy === undefined || (policy.approvers ?? []).length < 2) return decision
  await withAudit(keyPlace(till.paths.folder), (audit) => checkAndUse(decision, policy, audit, call))
  return decision
}

async function checkAndUse(
  { operation, actor, digest, approvals }: Decision,
  policy: KeyPolicy,
  audit: AuditLog,
  call: Call,
): Promise<void> {
  const used = new Set<string>()
  for await (const line of audit.read()) {
    const nonces = line['approvals']
    if (Array.isArray(nonces)) for (const nonce of nonces) used.add(String(nonce))
  }
  const refusal = approvalRefusal(approvals, {
    policy,
    policyHash: policyHash(policy),
    operation,
    digest,
    requester: actor,
    count: 2,
    nowMs: Date.now(),
    isUsed: (nonce) => used.has(nonce),
  })
  if (refusal !== undefined) {
    await audit.append({ event: 'refused', code: refusal.code, operation, keyId: policy.keyId, input: digest, caller: actor })
    call.out.note(
      `  two persons agree with: sigillo key approve DIR --operation ${operation} --digest ${digest} --as NAME --key FILE`,
    )
    throw refusal
  }
  await audit.append({
    event: 'approval-used',
    operation,
    keyId: policy.keyId,
    input: digest,
    caller: actor,
    policy: policyHash(policy),
    approvals: approvals.map(({ statement }) => statement.nonce),
  })
}

/** Runs work with the audit log of a place. */
export async function withAudit<T>({ folder }: KeyPlace, work: (audit: AuditLog) => Promise<T>): Promise<T> {
  const audit = await openAuditFile(join(folder, KEY_FILES.audit))
  try {
    return await work(audit)
  } finally {
    await audit.close()
  }
}

async function readApproval(path: string): Promise<Approval> {
  try {
    const { statement, signature } = JSON.parse(await readFile(path, 'utf8')) as Approval
    if (typeof statement?.person !== 'string' || typeof statement.nonce !== 'string' || typeof signature !== 'string')
      throw new TypeError('form')
    return { statement, signature }
  } catch {
    throw usageError(`${path} holds no approval`)
  }
}

/** The journal's record of the approvals a decision used; undefined when it needed none. */
export function approvalRecord({ operation, actor, reason, digest, approvals }: Decision): KeyRecord | undefined {
  if (approvals.length === 0) return undefined
  const details = { operation, digest, approvals: approvals as unknown as JsonObject[] }
  return { type: 'approval.used', actor, reason, details }
}
