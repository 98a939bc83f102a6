// A case of the corpus: bytes of a journal, and what a verifier is told besides (FORMAT 5.1). Both verifiers get the same.
import type { JsonObject, PublicJwk } from '@sigillo/core'

/** What a verifier is told besides the lines; the shape of vectors/core/journals.json. */
export interface Told {
  readonly keys?: readonly PublicJwk[]
  readonly endorsers?: readonly PublicJwk[]
  readonly witness?: { readonly queue: string; readonly seq: number; readonly hash: string }
  readonly notes?: readonly { readonly size: number; readonly root: string }[]
  readonly continues?: boolean
  readonly start?: {
    readonly genesis: string
    readonly profile: string
    readonly segBits: number
    readonly state: JsonObject
  }
  readonly purge?: { readonly floor: number; readonly last: string; readonly frontier: readonly string[] }
}

/** One case. */
export interface Case {
  readonly label: string
  /** Each with its line feed, unless it was cut off. */
  readonly chunks: readonly Uint8Array[]
  readonly told: Told
}
