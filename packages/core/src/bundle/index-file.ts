// The table of contents of a bundle (FORMAT 21, bundle.json). It is not signed: what it says is checked against the records. It may
// come from an attacker, so its form is looked at to the last member before anything of it is used.
import { fromUtf8 } from '../bytes.js'
import { parseCanonical, type Json, type JsonObject } from '../canonical.js'
import { isTimestamp, isTypeName } from '../body-form.js'
import { isObject } from '../verify/payload-forms.js'

/** What bundle.json holds. */
export interface BundleIndex {
  readonly format: 'sigillo-bundle/1'
  readonly queue: string
  readonly profile: string
  readonly segBits: number
  /** First and last record. */
  readonly from: number
  readonly to: number
  readonly count: number
  /** Record `to`. */
  readonly head: { readonly hash: string; readonly seq: number }
  /** The queue had newer records than `to`. */
  readonly continues?: true
  /** State behind record from − 1, when the range does not begin with genesis; totals are left out of it. */
  readonly start?: { readonly genesis: string; readonly state: JsonObject }
  readonly keys: readonly {
    readonly fromSeq: number
    readonly jwk: JsonObject
    readonly kid: string
    readonly x5c?: readonly string[]
  }[]
  readonly files: readonly { readonly bytes: number; readonly name: string; readonly sha256: string }[]
  readonly created: string
  readonly software: string
  readonly notes?: readonly string[]
}

type Rule = (value: Json | undefined) => boolean

const isCount: Rule = (value) => Number.isSafeInteger(value) && (value as number) >= 0
const isAbove0: Rule = (value) => isCount(value) && value !== 0
const isText: Rule = (value) => typeof value === 'string'
const fits =
  (pattern: RegExp): Rule =>
  (value) =>
    typeof value === 'string' && pattern.test(value)
const isHash = fits(/^[0-9a-f]{64}$/)
const isKid = fits(/^[A-Za-z0-9_-]{43}$/)
const listOf =
  (rule: Rule): Rule =>
  (value) =>
    Array.isArray(value) && value.every((item: Json) => rule(item))

// An object of exactly these members; those of `optional` may be missing.
const exactly =
  (members: Readonly<Record<string, Rule>>, optional: Readonly<Record<string, Rule>> = {}): Rule =>
  (value) =>
    isObject(value) &&
    Object.entries(members).every(([name, rule]) => rule(value[name])) &&
    Object.entries(value).every(
      ([name, item]) => Object.hasOwn(members, name) || (Object.hasOwn(optional, name) && (optional[name] as Rule)(item)),
    )

const isHead = exactly({ hash: isHash, seq: isCount })
const isTypeHead = exactly({ hash: isHash, tseq: isAbove0 })
const isTypes: Rule = (value) =>
  isObject(value) && Object.entries(value).every(([name, head]) => isTypeName(name) && isTypeHead(head))
const isState = exactly(
  { epoch: isAbove0, frontier: listOf(isHash), head: isHead, kid: isKid, lastTs: isTimestamp, types: isTypes },
  { totals: (value) => isObject(value) },
)

const isIndex = exactly(
  {
    format: (value) => value === 'sigillo-bundle/1',
    queue: fits(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/),
    profile: fits(/^[A-Z][A-Z0-9]{1,15}$/),
    segBits: (value) => isCount(value) && (value as number) >= 6 && (value as number) <= 16,
    from: isCount,
    to: isCount,
    count: isCount,
    head: isHead,
    keys: listOf(exactly({ fromSeq: isCount, jwk: (value) => isObject(value), kid: isText }, { x5c: listOf(isText) })),
    files: listOf(exactly({ bytes: isCount, name: isText, sha256: isHash })),
    created: isTimestamp,
    software: isText,
  },
  {
    continues: (value) => value === true,
    start: exactly({ genesis: isHash, state: isState }),
    notes: listOf(isText),
  },
)

/** Reads bundle.json: canonical, exactly the members above. Undefined when it is not, or its start is not that of its range. */
export function parseBundleIndex(bytes: Uint8Array): BundleIndex | undefined {
  const value = parseCanonical(fromUtf8(bytes) ?? '')
  if (!isIndex(value)) return undefined
  const index = value as unknown as BundleIndex
  return index.start === undefined || startFits(index.start.state, index.from) ? index : undefined
}

// The tree over 0 … seq has one perfect subtree for each 1 bit of its size.
function startFits({ head, frontier }: JsonObject, from: number): boolean {
  const { seq } = head as { readonly seq: number }
  const ones = [...(seq + 1).toString(2)].filter((bit) => bit === '1').length
  return seq === from - 1 && (frontier as readonly Json[]).length === ones
}
