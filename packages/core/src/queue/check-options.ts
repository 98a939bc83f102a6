// Options as a caller without types may give them: all are looked at before anything is touched, so that a slip is told by its path and
// not by whatever first stumbles over it. Only shapes are judged here; what an option means is judged where it is used.
import { FiscalError, isFiscalError } from '../errors.js'
import type { QueueOptions } from './options.js'

type Members = Readonly<Record<string, unknown>>
type Kind = keyof typeof WORDS

const WORDS = {
  string: 'text',
  boolean: 'true or false',
  number: 'a number',
  function: 'a function',
  object: 'an object',
  array: 'a list',
  bytes: 'bytes',
} as const
const METHODS = {
  country: ['parse', 'initial', 'decide', 'fold', 'totals', 'restore', 'print'],
  storage: ['create', 'exists', 'openWriter', 'openReader'],
  signer: ['describe', 'sign', 'close'],
  clock: ['now'],
  witness: ['read', 'write'],
} as const
const OPTIONAL: Readonly<Record<string, Kind>> = {
  id: 'string',
  software: 'string',
  acknowledge: 'string',
  takeover: 'boolean',
  restore: 'boolean',
  moved: 'boolean',
  afterWriteError: 'boolean',
}
const DESCRIPTION: Readonly<Record<string, Kind>> = {
  keyId: 'string',
  alg: 'string',
  suites: 'array',
  publicJwk: 'object',
  publicKeySpki: 'bytes',
  certificates: 'array',
  limits: 'object',
  capabilities: 'object',
}
const LIMITS: Readonly<Record<string, Kind>> = { maxConcurrent: 'number', maxQueue: 'number', maxMessageBytes: 'number' }
const PREDECESSOR: Readonly<Record<string, Kind>> = { queue: 'string', size: 'number', root: 'string', hash: 'string' }

/**
 * Judges the shape of all options of a queue.
 * @throws FiscalError OPTION_INVALID with the path, or what the signer says when it is asked to describe itself
 */
export function checkOptions(given: QueueOptions): void {
  const options = membersOf(given, 'options')
  for (const name of ['country', 'storage'] as const) checkPort(options[name], name)
  checkMember(options['country'], 'country', 'profile', 'string')
  checkSigner(options['signer'], 'signer')
  for (const name of ['clock', 'witness'] as const) if (options[name] !== undefined) checkPort(options[name], name)
  for (const [name, kind] of Object.entries(OPTIONAL)) if (options[name] !== undefined) requireKind(options[name], name, kind)
  const { create, maxWaiting, predecessor } = options
  if (create !== undefined && create !== 'never' && create !== 'if-missing')
    throw optionInvalid('create', 'must be never or if-missing')
  if (maxWaiting !== undefined && !(Number.isInteger(maxWaiting) && (maxWaiting as number) > 0))
    throw optionInvalid('maxWaiting', 'must be a whole number above 0')
  if (predecessor !== undefined) checkPredecessor(predecessor)
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
const HASH = /^[0-9a-f]{64}$/

// What would make a genesis that no verifier takes.
function checkPredecessor(given: unknown): void {
  checkMembers(given, 'predecessor', PREDECESSOR)
  const { queue, size, root, hash, reason } = given as Readonly<Record<string, unknown>>
  if (!UUID.test(queue as string)) throw optionInvalid('predecessor.queue', 'must be the UUID of a queue')
  if (!Number.isSafeInteger(size) || (size as number) < 1) throw optionInvalid('predecessor.size', 'must be a number of records')
  if (!HASH.test(root as string)) throw optionInvalid('predecessor.root', 'must be 64 hex digits')
  if (!HASH.test(hash as string)) throw optionInvalid('predecessor.hash', 'must be 64 hex digits')
  if (reason !== undefined) requireKind(reason, 'predecessor.reason', 'string')
}

/**
 * Judges the shape of a signer and of its description.
 * @throws FiscalError OPTION_INVALID with the path, or what the signer says when it is asked to describe itself
 */
export function checkSigner(signer: unknown, path: string): void {
  checkPort(signer, path, METHODS.signer)
  const description = described(signer as { describe(): unknown }, path)
  checkMembers(description, `${path}.describe()`, DESCRIPTION)
  checkMembers((description as Members)['limits'], `${path}.describe().limits`, LIMITS)
  const certificates = (description as Members)['certificates'] as readonly unknown[]
  for (const [i, der] of certificates.entries()) requireKind(der, `${path}.describe().certificates.${i}`, 'bytes')
}

/** An option that cannot be used. */
export function optionInvalid(path: string, message: string): FiscalError {
  return new FiscalError('OPTION_INVALID', { message: `${path}: ${message}`, path })
}

function described(signer: { describe(): unknown }, path: string): unknown {
  try {
    return signer.describe()
  } catch (error) {
    if (isFiscalError(error)) throw error
    throw optionInvalid(`${path}.describe`, 'throws')
  }
}

function checkPort(value: unknown, name: string, methods: readonly string[] = METHODS[name as keyof typeof METHODS]): void {
  for (const method of methods) checkMember(value, name, method, 'function')
}

function checkMembers(value: unknown, path: string, kinds: Readonly<Record<string, Kind>>): void {
  for (const [name, kind] of Object.entries(kinds)) checkMember(value, path, name, kind)
}

function checkMember(value: unknown, path: string, name: string, kind: Kind): void {
  requireKind(membersOf(value, path)[name], `${path}.${name}`, kind)
}

function membersOf(value: unknown, path: string): Members {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null)
    throw optionInvalid(path, value === undefined ? 'is missing' : 'must be an object')
  return value as Members
}

function requireKind(value: unknown, path: string, kind: Kind): void {
  if (isKind(value, kind)) return
  throw optionInvalid(path, value === undefined ? 'is missing' : `must be ${WORDS[kind]}`)
}

function isKind(value: unknown, kind: Kind): boolean {
  if (kind === 'array') return Array.isArray(value)
  if (kind === 'bytes') return value instanceof Uint8Array
  if (kind === 'object') return typeof value === 'object' && value !== null && !Array.isArray(value)
  return typeof value === kind
}
