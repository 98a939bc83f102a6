// Whose record is it (FORMAT 5.3): which key may have signed here, and whether it did. A line that is not genuine is put aside;
// nothing it says is believed.
import type { JsonObject } from '../canonical.js'
import type { PublicJwk } from '../crypto-contract.js'
import { algsOf, thumbprint, usableJwk } from '../keys.js'
import type { ParsedLine } from '../read-line.js'
import { importPublicKey } from '#crypto'
import type { FindingCode } from './finding.js'
import { KEY_UNKNOWN, SIGNATURE_FAILS, signatureHolds, type KeyRing } from './line-check.js'
import { isObject } from './payload-forms.js'
import type { VerifyState } from './state.js'

/** A fault of origin: what is reported before the line is put aside, or as a warning with it believed. */
export interface OriginFault {
  readonly code: FindingCode
  readonly where: string
  readonly message: string
  readonly warning?: boolean
}

/** What 5.3 found. */
export interface Origin {
  readonly believed: boolean
  readonly faults: readonly OriginFault[]
  readonly key: PublicJwk | undefined
  readonly unproven: boolean
}

/** What the search for a key works with. */
export interface OriginContext {
  readonly state: VerifyState
  readonly offered: ReadonlyMap<string, PublicJwk>
  readonly ring: KeyRing
  /** Lines are waiting to be placed. */
  readonly pending: boolean
}

/** Judges where a readable, well-formed line comes from. */
export function judgeOrigin(record: ParsedLine, flags: number, context: OriginContext): Origin {
  const { body } = record
  const { state } = context
  const found = findKey(record, context)
  const jwk = found === 'unproven' ? undefined : found
  const key = jwk !== undefined && algsOf(jwk).includes(body.alg) ? jwk : undefined
  const algOnly = jwk !== undefined && key === undefined
  const unproven = found === 'unproven'
  const ours = state.queue === undefined || body.queue === state.queue
  const hashDiffers = record.hash !== record.recomputedHash
  const hashFault: OriginFault = {
    code: 'HASH_WRONG',
    where: 'hash',
    message: 'the stored hash is not that of body and signature',
  }
  const refuse = (fault: OriginFault): Origin => ({ believed: false, faults: [fault], key, unproven: false })
  if (!ours) return refuse({ code: 'QUEUE_WRONG', where: 'body.queue', message: `the record is of queue ${body.queue}` })
  if (unproven) {
    if (hashDiffers) return refuse(hashFault)
    const fault: OriginFault = {
      code: 'KEY_WRONG',
      where: 'body.kid',
      message: 'the key cannot be known because of an earlier finding',
      warning: true,
    }
    return { believed: true, faults: [fault], key: undefined, unproven: true }
  }
  if (key === undefined) {
    const message = `signed with ${body.alg} by ${body.kid}, which is not the valid key here`
    return refuse({ code: 'KEY_WRONG', where: algOnly ? 'body.alg' : 'body.kid', message })
  }
  if (!isSigned(record, flags, key, context.ring)) {
    return refuse({ code: 'SIGNATURE_WRONG', where: 'sig', message: 'the signature is not the key’s over this body' })
  }
  return { believed: true, faults: hashDiffers ? [hashFault] : [], key, unproven: false }
}

function findKey(record: ParsedLine, { state, offered, pending }: OriginContext): PublicJwk | 'unproven' | undefined {
  const { body } = record
  if (body.type === 'sys.genesis' && state.last === undefined) return keyInPayload(record, body.kid)
  if (body.type === 'sys.key' && body.kid !== state.kid && record.payloadMatches) {
    const payload = record.payload
    if (isObject(payload) && payload['mode'] === 'recovery' && payload['kid'] === body.kid) return keyInPayload(record, body.kid)
  }
  if (body.kid === state.kid && state.key !== undefined) return state.key
  if (body.seq <= state.g && state.former.has(body.kid)) return state.former.get(body.kid)
  if (!(state.doubt || pending || body.seq > state.g + 1)) return undefined
  return offered.get(body.kid) ?? 'unproven'
}

function keyInPayload(record: ParsedLine, kid: string): PublicJwk | undefined {
  const jwk = usableJwk((record.payload as JsonObject | null)?.['key'])
  return jwk !== undefined && thumbprint(jwk) === kid ? jwk : undefined
}

// The thumbprint ties key and kid, so a check made elsewhere with a key of this kid is a check with this key.
function isSigned(record: ParsedLine, flags: number, jwk: PublicJwk, ring: KeyRing): boolean {
  if ((flags & KEY_UNKNOWN) === 0) return (flags & SIGNATURE_FAILS) === 0
  const { kid } = record.body
  const key = ring.get(kid) ?? importPublicKey(jwk)
  ring.set(kid, key)
  return signatureHolds(record, key)
}
