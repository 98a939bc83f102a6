// Four eyes (signing specification 9.3): an approval is a statement signed by a person's key over exactly what is approved. Single use,
// short-lived, bound to policy, key, operation and digest.
import { canonical } from './canonical.js'
import type { PublicJwk } from './crypto-contract.js'
import type { FiscalError } from './errors.js'
import { fromBase64url, utf8 } from './bytes.js'
import { algsOf } from './keys.js'
import type { KeyPolicy } from './key-policy.js'
import { isLabel } from './label.js'
import { signerError } from './signer-codes.js'
import { importPublicKey } from '#crypto'

/** What a person agrees to. */
export interface ApprovalStatement {
  readonly policy: string
  readonly keyId: string
  readonly operation: string
  /** Lower-case hex SHA-256 of the message, or the digest given, that will be signed. */
  readonly digest: string
  readonly person: string
  /** RFC 3339 instants. */
  readonly notBefore: string
  readonly notAfter: string
  /** Unique per approval, 16 characters at least. */
  readonly nonce: string
}

/** A statement with the person's signature over {@link approvalMessage}, base64url. */
export interface Approval {
  readonly statement: ApprovalStatement
  readonly signature: string
}

/** What must be approved, and by whom it was asked. */
export interface ApprovalNeed {
  readonly policy: KeyPolicy
  readonly policyHash: string
  readonly operation: string
  readonly digest: string
  readonly requester: string | undefined
  readonly count: 1 | 2
  readonly nowMs: number
  readonly isUsed: (nonce: string) => boolean
}

const MEMBERS = ['policy', 'keyId', 'operation', 'digest', 'person', 'notBefore', 'notAfter', 'nonce'] as const
const MOST_APPROVALS = 16

/**
 * Approvals as they are judged and written down: copies, each member of the caller's read once. Undefined when they are not in form: eight
 * texts and nothing else in the statement, a text as signature, 16 approvals at most.
 */
export function takenApprovals(given: unknown): readonly Approval[] | undefined {
  if (!Array.isArray(given) || given.length > MOST_APPROVALS) return undefined
  const taken = Array.from(given as readonly unknown[], takenApproval)
  return taken.every((one) => one !== undefined) ? taken : undefined
}

function takenApproval(given: unknown): Approval | undefined {
  const { statement, signature } = (given ?? {}) as { readonly statement?: unknown; readonly signature?: unknown }
  if (typeof statement !== 'object' || statement === null || typeof signature !== 'string') return undefined
  const names = Object.keys(statement)
  const copy = Object.fromEntries(MEMBERS.map((name) => [name, (statement as Readonly<Record<string, unknown>>)[name]]))
  if (names.length !== MEMBERS.length || !Object.values(copy).every(isLabel)) return undefined
  return Object.freeze({ statement: Object.freeze(copy) as unknown as ApprovalStatement, signature })
}

/** The bytes a person's key signs. */
export function approvalMessage(statement: ApprovalStatement): Uint8Array {
  return utf8(`sigillo/v1/approval\n${canonical(statement)}`)
}

/** Why the approvals do not suffice, or undefined when they do. */
export function approvalRefusal(given: readonly Approval[], need: ApprovalNeed): FiscalError | undefined {
  const approvals = takenApprovals(given)
  if (approvals === undefined)
    return signerError('APPROVAL_INVALID', { message: 'the approvals are not in form', reason: 'form' })
  if (need.requester === undefined) {
    const message = `${need.operation} needs approvals of others than the one who asks; name that one as caller`
    return signerError('APPROVAL_REQUIRED', { message, reason: 'requester-unknown' })
  }
  if (approvals.length < need.count) {
    return signerError('APPROVAL_REQUIRED', {
      message: `${need.operation} needs ${need.count} approvals, ${approvals.length} given`,
      reason: 'missing',
    })
  }
  for (const approval of approvals) {
    const reason = fault(approval, need)
    if (reason !== undefined) return signerError('APPROVAL_INVALID', { message: `an approval does not count: ${reason}`, reason })
  }
  const persons = new Set(approvals.map(({ statement }) => statement.person))
  const nonces = new Set(approvals.map(({ statement }) => statement.nonce))
  if (persons.size >= need.count && nonces.size === approvals.length) return undefined
  return signerError('APPROVAL_INVALID', { message: 'the approvals come from the same person', reason: 'same-person' })
}

function fault({ statement, signature }: Approval, need: ApprovalNeed): string | undefined {
  const approver = need.policy.approvers?.find(({ person }) => person === statement.person)
  if (approver === undefined) return 'unknown-person'
  if (statement.person === need.requester) return 'requester'
  if (statement.policy !== need.policyHash) return 'other-policy'
  if (statement.keyId !== need.policy.keyId) return 'other-key'
  if (statement.operation !== need.operation) return 'other-operation'
  if (statement.digest !== need.digest) return 'other-content'
  const [from, to] = [Date.parse(statement.notBefore), Date.parse(statement.notAfter)]
  if (!(from <= need.nowMs && need.nowMs < to)) return 'expired'
  if (to - from > (need.policy.approvalMinutes ?? 60) * 60_000) return 'too-long'
  if (statement.nonce.length < 16 || need.isUsed(statement.nonce)) return 'used'
  return isSigned(approver.key, statement, signature) ? undefined : 'signature'
}

function isSigned(key: PublicJwk, statement: ApprovalStatement, signature: string): boolean {
  const bytes = fromBase64url(signature)
  const alg = algsOf(key)[0]
  if (bytes === undefined || alg === undefined) return false
  try {
    return importPublicKey(key).verify(alg, approvalMessage(statement), bytes)
  } catch {
    return false
  }
}
