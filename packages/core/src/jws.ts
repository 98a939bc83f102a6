// Compact JWS as it arrives from outside, on paper or by wire (RFC 7515, RFC 8725; signing specification 16): the algorithm comes from
// the key and never from the header, and nothing unknown is passed over.
import { fromBase64url, fromUtf8 } from './bytes.js'
import { isCanonical, type JsonObject } from './canonical.js'
import type { PublicJwk, RecordAlg } from './crypto-contract.js'
import { algsOf, thumbprint } from './keys.js'
import { headerOf, type Body } from './record.js'
import { importPublicKey } from '#crypto'

/** Why a JWS is not accepted. */
export type JwsProblem = 'malformed' | 'algorithm' | 'key' | 'critical' | 'type' | 'signature'

/** A JWS found good, or the first thing wrong with it. */
export type JwsResult = { readonly header: JsonObject; readonly payload: Uint8Array } | { readonly problem: JwsProblem }

const MAX_CHARACTERS = 1 << 20

/** What is expected of a JWS. */
export interface JwsExpectation {
  /** Value of `typ`, where one is expected. */
  readonly typ?: string
  /** The one algorithm to accept; for RSA keys, which leave a choice of two. */
  readonly alg?: RecordAlg
}

/** Checks a compact JWS against a key. `none`, HMAC and any algorithm that is not the key's are refused; so is every `crit`. Never throws for bad data. */
export function checkJws(text: string, key: PublicJwk, { typ, alg: wanted }: JwsExpectation = {}): JwsResult {
  const parts = text.length > MAX_CHARACTERS ? [] : text.split('.')
  const [head, payload, signature] = parts.map(fromBase64url)
  if (parts.length !== 3 || head === undefined || payload === undefined || signature === undefined)
    return { problem: 'malformed' }
  const header = headerIn(head)
  if (header === undefined) return { problem: 'malformed' }
  const alg = algsOf(key).find((own) => own === header['alg'] && (wanted ?? own) === own)
  if (alg === undefined) return { problem: 'algorithm' }
  if (header['kid'] !== undefined && header['kid'] !== thumbprint(key)) return { problem: 'key' }
  if (header['crit'] !== undefined || header['b64'] !== undefined) return { problem: 'critical' }
  if (typ !== undefined && header['typ'] !== typ) return { problem: 'type' }
  return holds(key, alg, text.slice(0, text.lastIndexOf('.')), signature) ? { header, payload } : { problem: 'signature' }
}

/**
 * Checks a record's seal, as read from a QR code: header, key and algorithm must be exactly what the body inside says. What it proves is
 * that this key signed this body; whether the record stands in a journal is another question.
 */
export function checkSeal(seal: string, key: PublicJwk): { readonly body: Body } | { readonly problem: JwsProblem } {
  const result = checkJws(seal, key, { typ: 'sigillo-record+jws' })
  if ('problem' in result) return result
  const text = fromUtf8(result.payload)
  if (text === undefined || !isCanonical(text)) return { problem: 'malformed' }
  const body = JSON.parse(text) as Body
  if (typeof body !== 'object' || body === null || body.kid !== thumbprint(key)) return { problem: 'key' }
  return seal.startsWith(`${headerOf(body.alg, body.kid)}.`) ? { body } : { problem: 'algorithm' }
}

function headerIn(bytes: Uint8Array): JsonObject | undefined {
  try {
    const value = JSON.parse(fromUtf8(bytes) ?? '') as unknown
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : undefined
  } catch {
    return undefined
  }
}

function holds(key: PublicJwk, alg: RecordAlg, input: string, signature: Uint8Array): boolean {
  try {
    return importPublicKey(key).verify(alg, input, signature)
  } catch {
    return false
  }
}
