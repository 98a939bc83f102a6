// manifest.json of an archive (15.2): its type, and the strict reading of one that may come from anywhere.
import { canonical, fromUtf8, parseCanonical, type JsonObject } from '@sigillo/core'
import { z } from 'zod'
import { profiles, type ProfileName } from '../profiles.js'
import type { State } from '../state.js'
import type { Totals } from '../totals.js'
import type { FileFacts } from './zip.js'

/** What stands before the range: heads, levels and perpetual totals it goes on from. */
export interface RangeStart {
  readonly after: {
    readonly seq: number
    readonly hash: string
    readonly epoch: number
    readonly high: string
    readonly genesis: string
    readonly kid: string
    readonly segBits: number
  }
  readonly heads: Readonly<Record<string, { readonly tseq: number; readonly hash: string; readonly sig: string }>>
  /** Undefined for a range that does not begin behind a closing. */
  readonly state?: Pick<State, 'levels' | 'closed' | 'perpetual' | 'offsets' | 'profile' | 'to' | 'toDate'>
}

/** Place of one type's records in the range. */
export interface ChainRange {
  readonly letter: string
  readonly first: number
  readonly last: number
  readonly count: number
  readonly prevTypeOfFirst: string
  readonly lastTypeHash: string
}

/** The manifest. */
export interface Manifest {
  readonly format: 'fr-archive/1'
  readonly queue: string
  readonly establishment: JsonObject
  readonly till: string
  readonly software: { readonly name: string; readonly version: string; readonly fingerprint: string | null }
  readonly conformity: JsonObject
  readonly number: number
  readonly kind: 'period' | 'year' | 'export'
  readonly from: number
  readonly to: number
  readonly firstMoment: string
  readonly lastMoment: string
  readonly created: string
  readonly previous: { readonly number: number; readonly manifest: string } | null
  readonly start: RangeStart | null
  readonly chains: Readonly<Record<string, ChainRange>>
  readonly totals: Totals
  readonly perpetual: {
    readonly start: { readonly alg: number; readonly abs: number }
    readonly end: { readonly alg: number; readonly abs: number }
  }
  readonly keys: readonly { readonly kid: string; readonly jwk: JsonObject; readonly file: string }[]
  readonly breaks: readonly { readonly seq: number | null; readonly code: string; readonly where: string }[]
  readonly episodes: readonly string[]
  /** Records whose content was purged before this copy was made. */
  readonly purged: number
  readonly files: readonly (FileFacts & { readonly rows?: number })[]
}

/** Bytes of a manifest: canonical JSON without a line feed, which is what is hashed and signed. */
export function manifestText(manifest: Manifest): string {
  return canonical(manifest)
}

const int = z.int()
const hex = z.string().regex(/^[0-9a-f]{64}$/)
const ints = z.record(z.string(), int)
const json = z.record(z.string(), z.unknown())
const amountsSchema = z.strictObject({ ttc: int, ht: int, vat: int })
const totalsSchema = z.strictObject({
  ttc: int,
  ht: int,
  vat: int,
  outside: int,
  discounts: int,
  rates: z.record(z.string(), amountsSchema),
  pay: ints,
  counts: ints,
})
const levelSchema = z.strictObject({
  totals: totalsSchema,
  from: z.string(),
  date: z.string(),
  fromMs: int,
  first: z.record(z.string(), z.tuple([int, z.string()])),
})
const startSchema = z.strictObject({
  after: z.strictObject({
    seq: int.min(0),
    hash: hex,
    epoch: int,
    high: z.string(),
    genesis: hex,
    kid: z.string(),
    segBits: int.min(6).max(16),
  }),
  heads: z.record(z.string(), z.strictObject({ tseq: int, hash: hex, sig: z.string() })),
  state: z
    .strictObject({
      levels: z.strictObject({
        shift: levelSchema,
        day: levelSchema,
        month: levelSchema,
        year: levelSchema,
        archive: levelSchema,
      }),
      closed: z.strictObject({ days: int, months: int }),
      perpetual: z.strictObject({ alg: int, abs: int, rates: ints }),
      offsets: ints,
      profile: z.enum(Object.keys(profiles) as [ProfileName, ...ProfileName[]]),
      to: z.string(),
      toDate: z.string(),
    })
    .optional(),
})
const perpetualSchema = z.strictObject({ alg: int, abs: int })
const manifestSchema = z.object({
  format: z.literal('fr-archive/1'),
  queue: z.string(),
  establishment: json,
  till: z.string(),
  software: z.object({ name: z.string(), version: z.string(), fingerprint: z.string().nullable() }),
  conformity: json,
  number: int.min(0),
  kind: z.enum(['period', 'year', 'export']),
  from: int.min(0),
  to: int.min(0),
  firstMoment: z.string(),
  lastMoment: z.string(),
  created: z.string(),
  previous: z.strictObject({ number: int, manifest: hex }).nullable(),
  start: startSchema.nullable(),
  chains: z.record(z.string(), z.object({ first: int, last: int, count: int, lastTypeHash: z.string() })),
  totals: totalsSchema,
  perpetual: z.strictObject({ start: perpetualSchema, end: perpetualSchema }),
  keys: z.array(z.object({ kid: z.string(), jwk: json, file: z.string() })),
  breaks: z.array(json),
  episodes: z.array(z.string()),
  purged: int.min(0),
  files: z.array(z.object({ name: z.string(), bytes: int.min(0), sha256: z.string(), rows: int.optional() })),
})

/** A manifest from bytes, or undefined when they are none: everything the verifier reads has its form. */
export function parseManifest(bytes: Uint8Array): Manifest | undefined {
  const text = fromUtf8(bytes)
  const value = text === undefined ? undefined : parseCanonical(text)
  const checked = manifestSchema.safeParse(value)
  // The value itself is handed on: what the schema does not know stays in it.
  return checked.success && checked.data.to >= checked.data.from ? (value as unknown as Manifest) : undefined
}
