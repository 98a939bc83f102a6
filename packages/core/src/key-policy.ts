// What a key may be used for (signing specification 9.1): a versioned object named by its hash, and the decision on one request. Pure:
// time and counts come in as arguments; the guard in front of the key asks here and nowhere else.
import { canonical } from './canonical.js'
import type { SignedFormat } from './signed-format.js'
import { signerError } from './signer-codes.js'
import type { FiscalError } from './errors.js'
import type { PublicJwk } from './crypto-contract.js'
import type { SuiteId } from './signer.js'
import { sha256Hex } from '#crypto'

/** Days and hours in which signing is allowed. */
export interface PolicyWindow {
  /** 1 Monday … 7 Sunday. */
  readonly days: readonly number[]
  /** `HH:MM`, inclusive; earlier than `to`. */
  readonly from: string
  /** `HH:MM`, exclusive; `24:00` for the end of the day. */
  readonly to: string
  /** IANA zone the hours are read in, as `Europe/Rome`. */
  readonly zone: string
}

/** What is allowed for one operation. An operation without a rule is refused; there is no wildcard. */
export interface OperationRule {
  readonly suites: readonly SuiteId[]
  /** Application identities; absent means any. */
  readonly callers?: readonly string[]
  /** Classes of documents, as the request's context names them in `documentClass`; absent means any, and none needed. */
  readonly documentClasses?: readonly string[]
  /** Most bytes of a message. */
  readonly maxBytes?: number
  /** Signatures within any 60 minutes, and any 24 hours. */
  readonly maxPerHour?: number
  readonly maxPerDay?: number
  /** Signatures for one batch, which the request's context then has to name in `batch`. */
  readonly maxPerBatch?: number
  readonly windows?: readonly PolicyWindow[]
  /** Persons who must agree to each signature: none unless given. */
  readonly approvals?: 1 | 2
  /** A digest without the message it stands for may be signed; default false. */
  readonly rawDigest?: boolean
  /** Kinds of message; by default an operation of the product signs its own kind only, and any other operation none of the product's. */
  readonly formats?: readonly SignedFormat[]
}

/** A person whose approvals count. */
export interface Approver {
  readonly person: string
  readonly key: PublicJwk
}

/** An immutable policy for one key. */
export interface KeyPolicy {
  readonly policyId: string
  readonly version: number
  /** Thumbprint of the key it binds. */
  readonly keyId: string
  /** RFC 3339 instants; absent means open. */
  readonly validFrom?: string
  readonly validUntil?: string
  readonly operations: Readonly<Record<string, OperationRule>>
  readonly approvers?: readonly Approver[]
  /** Longest life of an approval; 60 minutes unless given. */
  readonly approvalMinutes?: number
  readonly requireHardware?: boolean
  readonly requireQualifiedDevice?: boolean
  /** Named exceptions of a device's attributes, each with its reason; see the device's adapter. */
  readonly acceptedWeaknesses?: readonly { readonly name: string; readonly reason: string; readonly until?: string }[]
  /** After so many refusals within so many minutes the key is suspended until a new version of the policy. */
  readonly suspend?: { readonly violations: number; readonly minutes: number }
}

/** The facts a decision rests on. */
export interface PolicyFacts {
  readonly operation: string
  readonly suite: SuiteId
  /** Length of the message; undefined for a bare digest. */
  readonly messageBytes: number | undefined
  readonly caller: string | undefined
  readonly documentClass: string | undefined
  readonly batch: string | undefined
  readonly nowMs: number
  /** Signatures of this operation in the last 60 minutes and 24 hours. */
  readonly lastHour: number
  readonly lastDay: number
  /** Signatures of this operation for this batch, ever. */
  readonly inBatch: number
}

/** Lower-case hex SHA-256 of the canonical policy: what audit lines and approvals name it by. */
export function policyHash(policy: KeyPolicy): string {
  return sha256Hex(`sigillo/v1/key-policy\n${canonical(policy)}`)
}

/** Why the request is refused, or undefined when it is allowed (approvals are checked separately). */
export function policyRefusal(policy: KeyPolicy, facts: PolicyFacts): FiscalError | undefined {
  const { operation, suite, nowMs } = facts
  const rule = Object.hasOwn(policy.operations, operation) ? policy.operations[operation] : undefined
  if (rule === undefined) return refuse('OPERATION_NOT_ALLOWED', `the key policy does not list ${operation}`, 'not-listed')
  if (!rule.suites.includes(suite)) return refuse('SUITE_NOT_ALLOWED', `${operation} may not be signed with ${suite}`, 'suite')
  if (rule.callers !== undefined && !rule.callers.includes(facts.caller ?? ''))
    return refuse('OPERATION_NOT_ALLOWED', 'this caller may not', 'caller')
  if (rule.documentClasses !== undefined && !rule.documentClasses.includes(facts.documentClass ?? ''))
    return refuse('OPERATION_NOT_ALLOWED', `${operation} is not allowed for this class of document`, 'document-class')
  if (rule.maxPerBatch !== undefined && facts.batch === undefined)
    return refuse('OPERATION_NOT_ALLOWED', `${operation} needs to be told its batch`, 'batch-unknown')
  if (facts.messageBytes === undefined && rule.rawDigest !== true)
    return refuse('OPERATION_NOT_ALLOWED', `${operation} needs its message`, 'raw-digest')
  if ((facts.messageBytes ?? 0) > (rule.maxBytes ?? Infinity))
    return refuse('OPERATION_NOT_ALLOWED', `${operation} is limited to ${rule.maxBytes} bytes`, 'size')
  if (!isValid(policy, nowMs)) return refuse('OUTSIDE_WINDOW', 'the key policy is not valid at this time', 'validity')
  if (rule.windows !== undefined && !rule.windows.some((window) => contains(window, nowMs))) {
    return refuse('OUTSIDE_WINDOW', `${operation} is not allowed at this hour`, 'window')
  }
  if (facts.lastHour >= (rule.maxPerHour ?? Infinity))
    return refuse('QUOTA_EXCEEDED', `${operation}: hourly limit reached`, 'hour')
  if (facts.lastDay >= (rule.maxPerDay ?? Infinity)) return refuse('QUOTA_EXCEEDED', `${operation}: daily limit reached`, 'day')
  if (facts.inBatch >= (rule.maxPerBatch ?? Infinity))
    return refuse('QUOTA_EXCEEDED', `${operation}: limit of the batch reached`, 'batch')
  return undefined
}

function isValid({ validFrom, validUntil }: KeyPolicy, nowMs: number): boolean {
  return nowMs >= Date.parse(validFrom ?? '1970-01-01T00:00:00Z') && (validUntil === undefined || nowMs < Date.parse(validUntil))
}

const DAYS: Readonly<Record<string, number>> = { Mon: 1, Tue: 2, Wed: 3, Thu: 4, Fri: 5, Sat: 6, Sun: 7 }

function contains({ days, from, to, zone }: PolicyWindow, nowMs: number): boolean {
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone: zone,
    weekday: 'short',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  })
  const parts = Object.fromEntries(format.formatToParts(nowMs).map(({ type, value }) => [type, value]))
  const time = `${parts['hour']}:${parts['minute']}`
  return days.includes(DAYS[parts['weekday'] ?? ''] ?? 0) && time >= from && time < to
}

function refuse(
  code: 'OPERATION_NOT_ALLOWED' | 'SUITE_NOT_ALLOWED' | 'OUTSIDE_WINDOW' | 'QUOTA_EXCEEDED',
  message: string,
  reason: string,
): FiscalError {
  return signerError(code, { message, reason })
}
