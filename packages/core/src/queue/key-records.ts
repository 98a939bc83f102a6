// Records about keys, certificates, policies and approvals (FORMAT 3.1, reserved names; signing specification 4): ordinary records of the
// journal that core writes for whoever looks after the keys, and the audit log's head that each closing takes along.
import { sha256 } from '@noble/hashes/sha2.js'
import { toHex } from '../bytes.js'
import { EMPTY_AUDIT, type AuditHead } from '../audit.js'
import type { Json, JsonObject } from '../canonical.js'
import type { GuardedSigner } from '../signer-guard-contract.js'
import { optionInvalid } from './check-options.js'
import type { SealDraft } from './seal.js'

const WORDS: ReadonlySet<string> = new Set([
  'sys',
  'key',
  'cert',
  'policy',
  'approval',
  'signer',
  'pin',
  'backup',
  'anchor',
  'number',
])
const TYPES = [
  'key.created',
  'key.imported',
  'key.activated',
  'key.suspended',
  'key.retired',
  'key.compromised',
  'cert.bound',
  'cert.renewed',
  'policy.set',
  'approval.granted',
  'approval.used',
  'signer.unlocked',
  'signer.sealed',
  'signer.audit',
  'pin.failed',
  'pin.latched',
  'pin.cleared',
  'backup.taken',
  'anchor.timestamped',
] as const

/** A type of record about keys. For the record key itself `sys.key` tells of a change. */
export type KeyRecordType = (typeof TYPES)[number]

/** One event about a key. */
export interface KeyRecord {
  readonly type: KeyRecordType
  /** Who decided. */
  readonly actor: string
  readonly reason: string
  /** Certificate it is about, DER. */
  readonly certificate?: Uint8Array
  /** Lower-case hex SHA-256 of the certificate it takes the place of. */
  readonly previousCertificateId?: string
  /** What else belongs to it; never a secret. Names of this list's own members are refused. */
  readonly details?: JsonObject
}

/** True for a type the journal itself writes, whatever the country: `sys.*` and the reserved names. Countries count none of them. */
export function isJournalType(type: string): boolean {
  const dot = type.indexOf('.')
  return dot > 0 && WORDS.has(type.slice(0, dot))
}

/**
 * The draft of a record about keys.
 * @throws FiscalError OPTION_INVALID for a type that is none, or members nobody may set
 */
export function keyRecordDraft(record: KeyRecord, signer: GuardedSigner): SealDraft {
  const { type, actor, reason, certificate, previousCertificateId, details = {} } = record
  if (!(TYPES as readonly string[]).includes(type)) throw optionInvalid('type', `there is no record ${String(type)} about keys`)
  const { keyId, publicKeySpki } = signer.describe()
  const own = {
    actor,
    reason,
    keyId,
    spki: base64(publicKeySpki),
    ...(certificate !== undefined && { certificate: base64(certificate), certificateId: toHex(sha256(certificate)) }),
    ...(previousCertificateId !== undefined && { previousCertificateId }),
  }
  const taken = Object.keys(details).find((name) => Object.hasOwn(own, name) || name === 'effective' || name === 'request')
  if (taken !== undefined) throw optionInvalid('details', `${taken} is not set by the caller`)
  // From the next record on: this one still stands under what was valid before it.
  return { type, write: (place) => ({ payload: { ...details, ...own, effective: Number(place.seq) + 1 } }) }
}

/** What the journal tells of the audit log of a signer; undefined for a payload that tells of another key's, or of none. */
function auditToldIn(payload: Json | undefined, keyId: string): AuditHead | undefined {
  const { count, hash, keyId: own } = (payload ?? {}) as JsonObject
  return own === keyId && typeof count === 'number' && typeof hash === 'string' ? { count, hash } : undefined
}

/**
 * The audit log's place, for a closing request; undefined for a signer without a log that lasts. A log that does not hold what the journal told
 * of it before, or was changed behind this process, is told of as well: the closing is due all the same.
 */
export async function auditDraft(
  signer: GuardedSigner,
  payloadBefore: () => Promise<Json | undefined>,
): Promise<{ readonly draft: SealDraft; readonly broken: boolean } | undefined> {
  if (!signer.keepsAudit) return undefined
  const { keyId, signerId } = signer.describe()
  const told = auditToldIn(await payloadBefore(), keyId) ?? EMPTY_AUDIT
  const found = await signer.auditStanding(told)
  const broken = found !== 'holds'
  const write: SealDraft['write'] = () => {
    const { count, hash } = signer.auditHead()
    return { payload: { count, hash, keyId, signerId, ...(broken && { broken: { ...told, found } }) } }
  }
  return { draft: { type: 'signer.audit', write }, broken }
}

function base64(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += String.fromCharCode(byte)
  return btoa(text)
}
