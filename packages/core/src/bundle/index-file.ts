// The table of contents of a bundle (FORMAT 21, bundle.json). It is not signed: what it says is checked against the records.
import { fromUtf8 } from '../bytes.js'
import { parseCanonical, type Json, type JsonObject } from '../canonical.js'
import { isObject } from '../verify/payload-forms.js'

/** What bundle.json holds. */
export interface BundleIndex {
  readonly format: 'sigillo-bundle/1'
  readonly queue: string
  readonly profile: string
  readonly segBits: number
  readonly range: { readonly from: number; readonly to: number }
  readonly count: number
  /** Newest durable record of the queue when the export was made. */
  readonly head: { readonly hash: string; readonly seq: number }
  /** State behind record from − 1, when the range does not begin with genesis. */
  readonly start: null | { readonly genesis: string; readonly state: JsonObject }
  readonly keys: readonly { readonly fromSeq: number; readonly jwk: JsonObject; readonly kid: string; readonly x5c?: readonly string[] }[]
  readonly files: readonly { readonly bytes: number; readonly name: string; readonly sha256: string }[]
  readonly created: string
  readonly software: string
  readonly notes: readonly string[]
}

const isCount = (value: Json | undefined): boolean => Number.isSafeInteger(value) && (value as number) >= 0
const isText = (value: Json | undefined): boolean => typeof value === 'string'
const isHash = (value: Json | undefined): boolean => typeof value === 'string' && /^[0-9a-f]{64}$/.test(value)
const isList =
  (rule: (item: JsonObject) => boolean) =>
  (value: Json | undefined): boolean =>
    Array.isArray(value) && value.every((item: Json) => isObject(item) && rule(item))

const rules: Readonly<Record<keyof BundleIndex, (value: Json | undefined) => boolean>> = {
  format: (value) => value === 'sigillo-bundle/1',
  queue: isText,
  profile: isText,
  segBits: (value) => isCount(value) && (value as number) >= 6 && (value as number) <= 16,
  range: (value) => isObject(value) && isCount(value['from']) && isCount(value['to']),
  count: isCount,
  head: (value) => isObject(value) && isHash(value['hash']) && isCount(value['seq']),
  start: (value) => value === null || (isObject(value) && isHash(value['genesis']) && isObject(value['state'])),
  keys: isList((key) => isCount(key['fromSeq']) && isObject(key['jwk']) && isText(key['kid'])),
  files: isList((file) => isCount(file['bytes']) && isText(file['name']) && isHash(file['sha256'])),
  created: isText,
  software: isText,
  notes: (value) => Array.isArray(value) && value.every(isText),
}

/** Reads bundle.json: canonical, one line, the members above. Undefined when it is not. */
export function parseBundleIndex(bytes: Uint8Array): BundleIndex | undefined {
  const text = fromUtf8(bytes)
  if (text?.endsWith('\n') !== true) return undefined
  const value = parseCanonical(text.slice(0, -1))
  if (!isObject(value)) return undefined
  const good = Object.entries(rules).every(([name, rule]) => rule(value[name]))
  return good ? (value as unknown as BundleIndex) : undefined
}
