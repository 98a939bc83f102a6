// Ways to damage a record's line, as a forger or a bad disk would (FORMAT 5.8).
import { digest, TAGS } from './bytes.mjs'
import { assemble, recordHash, seal } from './journal.mjs'
import { looseSpelling, twinOf } from './primitives.mjs'

/** The line with one text replaced by another; it must be there exactly once or `all` be said. */
export function replaced(record, from, to) {
  if (!record.line.includes(from)) throw new Error(`${from} is not in ${record.line}`)
  return record.line.replace(from, to)
}

/** One hex digit of a hash changed to another one. */
export const otherDigit = (hash) => (hash[0] === '0' ? '1' : '0') + hash.slice(1)

/** Body members changed, canonical again, hash and signature as they were. */
export function bodyChanged(record, members) {
  return assemble({ ...record, bodyText: text({ ...record.body, ...members }) }).line
}

/** As {@link bodyChanged}, and the hash computed again. */
export function bodyForged(record, members) {
  const bodyText = text({ ...record.body, ...members })
  return assemble({ ...record, bodyText, hash: recordHash(bodyText, record.sig) }).line
}

/** Sealed anew by a key of one's own. */
export function resealed(record, members, key) {
  return seal({ ...record.body, kid: key.kid, alg: key.alg, ...members }, record.payload, key).line
}

export const payloadChanged = (record, payload) => assemble({ ...record, payloadText: text(payload) }).line

/** Payload and its digest changed, hash computed again: only the signature tells. */
export function payloadForged(record, payload) {
  const bodyText = text({ ...record.body, pay: digest(TAGS.payload, payload) })
  return assemble({ ...record, bodyText, payloadText: text(payload), hash: recordHash(bodyText, record.sig) }).line
}

export const blanked = (record) => assemble({ ...record, payloadText: 'null' }).line
export const hashChanged = (record) => assemble({ ...record, hash: otherDigit(record.hash) }).line
export const twin = (record) => assemble({ ...record, sig: twinOf(record.sig) }).line
export const loose = (record) => assemble({ ...record, sig: looseSpelling(record.sig) }).line

/** The twin with its own right hash. */
export function twinRehashed(record) {
  const sig = twinOf(record.sig)
  return assemble({ ...record, sig, hash: recordHash(record.bodyText, sig) }).line
}

/** The signature with one bit changed. */
export function sigChanged(record) {
  const bytes = Buffer.from(record.sig, 'base64url')
  bytes[20] ^= 4
  return assemble({ ...record, sig: bytes.toString('base64url') }).line
}

// Members in canonical order without judging values: damaged bodies may hold what a sound one may not.
function text(value) {
  if (value === null || typeof value !== 'object') return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(text).join(',')}]`
  const names = Object.keys(value).filter((name) => value[name] !== undefined)
  return `{${names
    .sort()
    .map((name) => `${JSON.stringify(name)}:${text(value[name])}`)
    .join(',')}}`
}
