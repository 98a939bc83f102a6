// Change of the signing key (FORMAT 4, `sys.key`). Rollover: the old key signs the record that names the new one. Recovery: the
// old key is lost, the new one signs and an endorsement vouches for it; a verifier reports the discontinuity.
import { toBase64url } from '../bytes.js'
import type { JsonObject } from '../canonical.js'
import type { Notice } from '../country.js'
import { POSSESSION_TAG } from '../digest.js'
import { FiscalError } from '../errors.js'
import type { Signer, SuiteId } from '../signer.js'
import { guarded } from '../signer-guard.js'
import { refused, type Outcome } from './answer.js'
import { placesLeft, type ChainState } from './chain.js'
import type { Job, Moment } from './committer.js'
import type { SealDraft } from './seal.js'
import { possessionMessage } from './system.js'

/** A wanted change of key. */
export interface KeyChange {
  readonly signer: Signer
  /** Why, in a few words; stored. */
  readonly reason: string
  /** Base64url signature of the organisation's key; present exactly when the old key is lost (mode recovery). */
  readonly endorsement?: string
}

/** What the queue lends for it. */
export interface KeyChangeTools {
  chain(): ChainState
  reaction(notice: Notice, moment: Moment): readonly SealDraft[]
  submit(plan: Job['plan']): Promise<Outcome>
  /** Makes a signer known: it signs as soon as the chain names its key. */
  know(signer: Signer): void
  warn(text: string): void
}

/**
 * Writes `sys.key` with the country's events around it. After a recovery near the end of a segment the events follow in the next one, as a
 * request of their own: nobody could fill the places before for the lost key.
 */
export async function changeKey(change: KeyChange, tools: KeyChangeTools): Promise<Outcome> {
  const { reason, endorsement } = change
  const signer = guarded(change.signer)
  const { keyId: kid, publicJwk, certificates } = signer.describe()
  const recovery = endorsement !== undefined
  const jwk = publicJwk as unknown as JsonObject
  if (kid === tools.chain().kid) return refused(undefined, inUse())
  tools.know(signer)
  let owed: Notice | undefined
  const outcome = await tools.submit(async (moment) => {
    const chain = tools.chain()
    // Another change may have come first.
    if (kid === chain.kid) throw inUse()
    const notice: Notice = { kind: 'key-changed', kid, prevKid: chain.kid, jwk, reason, oldKeyAvailable: !recovery }
    const events = tools.reaction(notice, moment)
    // Rollover: events, then sys.key. Recovery: sys.key first, so that the new key signs what follows.
    const seq = chain.seq + 1 + (recovery ? 0 : events.length)
    const possession = await possessionOf(signer, { kid, prevKid: chain.kid, queue: chain.queue, seq })
    const payload: JsonObject = {
      ...(recovery && { endorsement }),
      key: jwk,
      kid,
      mode: recovery ? 'recovery' : 'rollover',
      possession,
      reason,
      ...(certificates.length > 0 && { x5c: certificates.map((der) => btoa(String.fromCharCode(...der))) }),
    }
    const record: SealDraft = { type: 'sys.key', write: () => ({ payload }) }
    if (!recovery) return { drafts: [...events, record] }
    const fits = 1 + events.length < placesLeft(chain)
    owed = fits || events.length === 0 ? undefined : notice
    return { drafts: fits ? [record, ...events] : [record], signer }
  })
  if (outcome.outcome === 'registered' && owed !== undefined) await tellLater(owed, tools)
  return outcome
}

async function tellLater(notice: Notice, tools: KeyChangeTools): Promise<void> {
  const told = await tools.submit((moment) => ({ drafts: tools.reaction(notice, moment) }))
  if (told.outcome !== 'registered')
    tools.warn(`what the country tells of the change of key could not be written: ${told.error.code}`)
}

function inUse(): FiscalError {
  return new FiscalError('KEY_MISMATCH', { message: 'the new key is the one in use' })
}

async function possessionOf(
  signer: Signer,
  statement: { kid: string; prevKid: string; queue: string; seq: number },
): Promise<string> {
  const message = possessionMessage(statement, POSSESSION_TAG)
  const suite = signer.describe().suites[0] as SuiteId
  const { signature } = await signer.sign({ operation: 'key-possession', suite, input: { message } })
  return toBase64url(signature)
}
