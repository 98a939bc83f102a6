// A key policy looked at before it is used (signing specification 9.1), so that a slip is found at start and not at the first sale. Members
// nobody knows are refused: a rule that was meant and misspelt would otherwise allow what it should forbid.
import { canonical, type Json } from './canonical.js'
import type { KeyPolicy, OperationRule, PolicyWindow } from './key-policy.js'
import { parsePublicJwk, thumbprint } from './keys.js'
import { signerError } from './signer-codes.js'
import { suites } from './suites.js'

type Check = (value: unknown) => boolean
interface Member {
  readonly check: Check
  readonly required?: true
}
type Form = Readonly<Record<string, Member>>

const isText: Check = (value) => typeof value === 'string' && value.length > 0 && value.length <= 256
const isCount: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 0
const isPositive: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 1
const isFlag: Check = (value) => typeof value === 'boolean'
const isInstant: Check = (value) => typeof value === 'string' && !Number.isNaN(Date.parse(value))
const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const listOf =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(check)
const isSuite: Check = (value) => typeof value === 'string' && Object.hasOwn(suites, value)
const needed = (check: Check): Member => ({ check, required: true })
const may = (check: Check): Member => ({ check })

const FORMATS: readonly unknown[] = [
  'record',
  'key-possession',
  'key-endorsement',
  'approval',
  'software-seal',
  'probe',
  'csr',
  'signed-attributes',
  'note',
  'xml',
  'other',
]

const policyForm: Form = {
  policyId: needed(isText),
  version: needed(isPositive),
  keyId: needed(isText),
  validFrom: may(isInstant),
  validUntil: may(isInstant),
  operations: needed(isObject),
  approvers: may(Array.isArray),
  approvalMinutes: may(isPositive),
  requireHardware: may(isFlag),
  requireQualifiedDevice: may(isFlag),
  acceptedWeaknesses: may(Array.isArray),
  suspend: may(isObject),
}
const ruleForm: Form = {
  suites: needed((value) => listOf(isSuite)(value) && (value as unknown[]).length > 0),
  callers: may(listOf(isText)),
  documentClasses: may(listOf(isText)),
  maxPerBatch: may(isCount),
  maxBytes: may(isCount),
  maxPerHour: may(isCount),
  maxPerDay: may(isCount),
  windows: may(Array.isArray),
  approvals: may((value) => value === 1 || value === 2),
  rawDigest: may(isFlag),
  formats: may(listOf((value) => FORMATS.includes(value))),
}
const windowForm: Form = {
  days: needed(listOf((value) => Number.isInteger(value) && (value as number) >= 1 && (value as number) <= 7)),
  from: needed(isTime),
  to: needed(isTime),
  zone: needed(isZone),
}
const approverForm: Form = { person: needed(isText), key: needed((value) => parsePublicJwk(value as Json) !== undefined) }
const weaknessForm: Form = { name: needed(isText), reason: needed(isText), until: may(isInstant) }
const suspendForm: Form = { violations: needed(isPositive), minutes: needed(isPositive) }

/** The first member that breaks its form, as a path below `at`. */
function faultIn(form: Form, value: unknown, at: string): string | undefined {
  if (!isObject(value)) return at
  const path = (name: string): string => (at === '' ? name : `${at}.${name}`)
  for (const [name, { check, required }] of Object.entries(form)) {
    if (value[name] === undefined ? required === true : !check(value[name])) return path(name)
  }
  const unknown = Object.keys(value).find((name) => !Object.hasOwn(form, name))
  return unknown === undefined ? undefined : path(unknown)
}

function faultsOf(policy: unknown): string | undefined {
  const own = faultIn(policyForm, policy, '')
  if (own !== undefined) return own
  const { operations, approvers = [], acceptedWeaknesses = [], suspend } = policy as KeyPolicy
  for (const [i, approver] of approvers.entries()) {
    const fault = faultIn(approverForm, approver, `approvers.${i}`)
    if (fault !== undefined) return fault
  }
  // One person under two names, or the key itself as a person, would be fewer eyes than it looks.
  const keys = [(policy as KeyPolicy).keyId, ...approvers.map(({ key }) => thumbprint(key))]
  const persons = new Set(approvers.map(({ person }) => person))
  if (persons.size !== approvers.length || new Set(keys).size !== keys.length) return 'approvers'
  for (const [i, weakness] of acceptedWeaknesses.entries()) {
    const fault = faultIn(weaknessForm, weakness, `acceptedWeaknesses.${i}`)
    if (fault !== undefined) return fault
  }
  if (suspend !== undefined && faultIn(suspendForm, suspend, 'suspend') !== undefined) return 'suspend'
  for (const [name, rule] of Object.entries(operations)) {
    const fault = ruleFault(rule, `operations.${name}`, approvers.length)
    if (fault !== undefined) return fault
  }
  return undefined
}

function ruleFault(rule: OperationRule, at: string, approvers: number): string | undefined {
  const own = faultIn(ruleForm, rule, at)
  if (own !== undefined) return own
  if ((rule.approvals ?? 0) > approvers) return `${at}.approvals`
  const inOrder = (window: PolicyWindow): boolean => faultIn(windowForm, window, '') === undefined && window.from < window.to
  return (rule.windows ?? []).every(inOrder) ? undefined : `${at}.windows`
}

/**
 * Looks at a policy, also one that comes from a file.
 * @throws FiscalError CONFIG_INVALID naming the member
 */
export function checkPolicy(policy: unknown): asserts policy is KeyPolicy {
  const member = faultsOf(policy)
  if (member === undefined) return
  throw signerError('CONFIG_INVALID', {
    message: `the key policy is wrong at ${member === '' ? 'its root' : member}`,
    reason: `policy ${member}`,
  })
}

/**
 * The policy as it stands now, looked at: what whoever holds the object given does to it later changes nothing.
 * @throws FiscalError CONFIG_INVALID naming the member
 */
export function takenPolicy(policy: unknown): KeyPolicy {
  let text: string
  try {
    text = canonical(policy)
  } catch (cause) {
    throw signerError('CONFIG_INVALID', { message: 'the key policy is not plain data', reason: 'policy ', cause })
  }
  const taken: unknown = JSON.parse(text)
  checkPolicy(taken)
  return taken
}

function isTime(value: unknown): boolean {
  return typeof value === 'string' && /^(([01]\d|2[0-3]):[0-5]\d|24:00)$/.test(value)
}

function isZone(zone: unknown): boolean {
  try {
    return typeof zone === 'string' && new Intl.DateTimeFormat('en', { timeZone: zone }).resolvedOptions().timeZone !== ''
  } catch {
    return false
  }
}
