// Forms of the journal's own payloads (FORMAT 4): members that must be there; others may stand beside them.
import type { Json, JsonObject } from '../canonical.js'
import { thumbprint, usableJwk } from '../keys.js'
import type { Body } from '../record.js'

type Form = (payload: JsonObject, body: Body) => string | undefined

const text = (value: Json | undefined): boolean => typeof value === 'string'
const count = (value: Json | undefined): boolean => typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
const fits =
  (pattern: RegExp) =>
  (value: Json | undefined): boolean =>
    typeof value === 'string' && pattern.test(value)
const hash = fits(/^[0-9a-f]{64}$/)
const hex32 = fits(/^[0-9a-f]{32}$/)
const uuid = fits(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
const typeName = fits(/^[a-z][a-z0-9._-]{0,63}$/)
const oneOf =
  (...words: readonly string[]) =>
  (value: Json | undefined): boolean =>
    typeof value === 'string' && words.includes(value)
const nullOr =
  (rule: (value: Json | undefined) => boolean) =>
  (value: Json | undefined): boolean =>
    value === null || rule(value)
const listOf =
  (rule: (value: Json | undefined) => boolean, least: number) =>
  (value: Json | undefined): boolean =>
    Array.isArray(value) && value.length >= least && value.every((item: Json) => rule(item))
const object =
  (members: Readonly<Record<string, (value: Json | undefined) => boolean>>) =>
  (value: Json | undefined): boolean =>
    isObject(value) && Object.entries(members).every(([name, rule]) => rule(value[name]))

/** True for an object, not an array. */
export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

const table =
  (members: Readonly<Record<string, (value: Json | undefined) => boolean>>): Form =>
  (payload) =>
    Object.entries(members).find(([name, rule]) => !rule(payload[name]))?.[0]

const certificates = (value: Json | undefined): boolean => value === undefined || listOf(text, 0)(value)
const checkpoint = table({ reason: oneOf('segment', 'closing', 'manual'), size: count, root: hash, state: hash })
const range = table({ from: count, to: count, types: listOf(typeName, 1), archive: text, reason: text })
const single = table({ seq: count, pay: hash, reason: text })

/** True for what a genesis may name as its predecessor. */
export const predecessorFits: (value: Json | undefined) => boolean = object({
  queue: uuid,
  size: count,
  root: hash,
  hash,
  reason: (value) => value === undefined || text(value),
})

const forms: Readonly<Record<string, Form>> = {
  'sys.genesis': (payload, body) =>
    table({
      digest: oneOf('SHA-256'),
      key: (value) => keyNames(value, body.kid),
      nonce: hex32,
      predecessor: nullOr(predecessorFits),
      profile: fits(/^[A-Z][A-Z0-9]{1,15}$/),
      segBits: (value) => count(value) && (value as number) >= 6 && (value as number) <= 16,
      software: text,
      name: (value) => value === undefined || text(value),
      x5c: certificates,
    })(payload, body),
  'sys.open': table({
    adopted: object({ epoch: count, seq: count, hash }),
    dead: nullOr(object({ bytes: count, sha256: hash })),
    host: text,
    nonce: hex32,
    reason: oneOf('start', 'takeover', 'write-error', 'restore', 'moved'),
    software: text,
  }),
  'sys.key': (payload, body) =>
    table({
      mode: oneOf('rollover', 'recovery'),
      key: (value) => keyNames(value, payload['kid']),
      kid: text,
      possession: text,
      reason: text,
      endorsement: (value) => payload['mode'] !== 'recovery' || text(value),
      x5c: certificates,
    })(payload, body),
  'sys.checkpoint': checkpoint,
  'sys.purge': table({
    floor: count,
    last: hash,
    root: hash,
    frontier: listOf(hash, 0),
    archive: object({ name: text, sha256: hash }),
  }),
  'sys.redact': (payload, body) => (payload['seq'] === undefined ? range(payload, body) : single(payload, body)),
  'sys.incident': table({ ack: text }),
  'sys.close': table({ successor: nullOr(uuid), size: count, root: hash }),
}

function keyNames(value: Json | undefined, kid: Json | undefined): boolean {
  const jwk = usableJwk(value)
  return jwk !== undefined && thumbprint(jwk) === kid
}

/** The first member of a `sys.*` payload that breaks FORMAT 4; undefined when it is in form. */
export function payloadFault(payload: Json, body: Body): string | undefined {
  if (!isObject(payload)) return ''
  return forms[body.type]?.(payload, body)
}
