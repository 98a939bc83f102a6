// The journal's own records (FORMAT 4): what core writes besides the country's.
import { toHex, utf8 } from '../bytes.js'
import { canonical, type JsonObject } from '../canonical.js'
import { stateDigest } from '../digest.js'
import { rootOf } from '../tree.js'
import { randomBytes } from '#crypto'
import type { PublicJwk } from '../crypto-contract.js'
import type { Adoption } from '../storage.js'
import type { Predecessor } from '../verify/predecessor.js'
import { stateOf, type ChainState } from './chain.js'
import type { SealDraft } from './seal.js'

/** Name and version written into `sys.*` records. */
export const CORE_SOFTWARE = 'sigillo/0.1.0'

/** Why a checkpoint is written. */
export type CheckpointReason = 'segment' | 'closing' | 'manual'

const fixed = (type: string, payload: JsonObject): SealDraft => ({ type, write: () => ({ payload }) })
const nonce = (): string => toHex(randomBytes(16))

/** What genesis needs. */
export interface GenesisFacts {
  readonly key: PublicJwk
  readonly certificates: readonly Uint8Array[]
  readonly segBits: number
  readonly profile: string
  readonly software: string
  readonly name?: string | undefined
  readonly predecessor?: Predecessor | undefined
}

/** The first record of a queue. */
export function genesisDraft(facts: GenesisFacts): SealDraft {
  return fixed('sys.genesis', {
    digest: 'SHA-256',
    key: facts.key as unknown as JsonObject,
    ...(facts.name !== undefined && { name: facts.name }),
    nonce: nonce(),
    predecessor: facts.predecessor === undefined ? null : named(facts.predecessor),
    profile: facts.profile,
    segBits: facts.segBits,
    software: facts.software,
    ...x5c(facts.certificates),
  })
}

// Copied member by member: nothing else of a caller's object gets into the journal.
function named({ queue, size, root, hash, reason }: Predecessor): JsonObject {
  return { queue, size, root, hash, ...(reason !== undefined && { reason }) }
}

function x5c(certificates: readonly Uint8Array[]): JsonObject {
  return certificates.length === 0 ? {} : { x5c: certificates.map((der) => btoa(String.fromCharCode(...der))) }
}

/** The first record of an epoch. */
export function openDraft(adoption: Adoption, software: string): SealDraft {
  const { adopted, dead, reason, host } = adoption
  return fixed('sys.open', { adopted, dead, host, nonce: nonce(), reason, software })
}

/** A stop an operator overrode. */
export function incidentDraft(payload: JsonObject): SealDraft {
  return fixed('sys.incident', payload)
}

/**
 * A checkpoint over everything before it. State and root are taken at the place where it will stand, so it can end a request
 * whose other records are not folded yet: `settle` folds them first and gives the state.
 */
export function checkpointDraft(
  reason: CheckpointReason,
  settled: () => { readonly state: ChainState; readonly totals: JsonObject },
): SealDraft {
  return {
    type: 'sys.checkpoint',
    write: (place) => {
      const { state, totals } = settled()
      const digest = stateDigest(stateOf(state, totals))
      return { payload: { reason, root: rootOf(state.frontier), size: Number(place.seq), state: digest } }
    },
  }
}

/** The end of a queue for ever. */
export function closeDraft(settled: () => ChainState, successor: string | undefined): SealDraft {
  return {
    type: 'sys.close',
    write: (place) => ({ payload: { root: rootOf(settled().frontier), size: Number(place.seq), successor: successor ?? null } }),
  }
}

/** What a new key signs to prove that whoever brings it holds it (FORMAT 4). */
export function possessionMessage(
  statement: { kid: string; prevKid: string; queue: string; seq: number },
  tag: string,
): Uint8Array {
  return utf8(tag + canonical(statement))
}

/** A payload whose earlier content was blanked. */
export function redactDraft(payload: JsonObject): SealDraft {
  return fixed('sys.redact', payload)
}
