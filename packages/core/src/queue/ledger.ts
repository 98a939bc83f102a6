// The ledger of an open queue: chain and country state, always the fold of the records sealed so far. Sealing a request is
// all or nothing: a signer that fails half-way leaves chain, totals and numbers as they were.
import type { JsonObject } from '../canonical.js'
import type { Country, RequestEnvelope } from '../country.js'
import { FiscalError } from '../errors.js'
import { MAX_REQUEST_RECORDS, type FiscalRecord, type SealedRecord } from '../record.js'
import type { StoredSnapshot } from '../storage.js'
import type { Signer } from '../signer.js'
import { copyChain, foldChain, stateOf, type ChainState } from './chain.js'
import { sealNext, type SealContext, type SealDraft } from './seal.js'
import { checkpointDraft, closeDraft, type CheckpointReason } from './system.js'

/** What one request becomes, before its place is known. */
export interface Plan {
  readonly drafts: readonly SealDraft[]
  readonly closing?: boolean | undefined
  readonly ends?: boolean | undefined
  readonly successor?: string | undefined
  /** Reason of the checkpoint that ends a closing plan. */
  readonly reason?: CheckpointReason
  /** Signs this plan in place of the valid key: the new key of a recovery. */
  readonly signer?: Signer
}

/** Chain and country state of one queue. */
export interface Ledger {
  chain: ChainState
  state: unknown
  readonly country: Country<RequestEnvelope, unknown, unknown>
}

/** Records of a sealed plan, and the state to keep when they are durable. */
export interface SealedPlan {
  readonly records: readonly SealedRecord[]
  readonly snapshot?: StoredSnapshot
}

/** Takes a record that is in the journal, or will be together with its batch. */
export function foldLedger(ledger: Ledger, record: FiscalRecord): void {
  foldChain(ledger.chain, record)
  ledger.country.fold(ledger.state, record)
}

/** Number of records a plan makes. */
export function sizeOfPlan(plan: Plan): number {
  return plan.drafts.length + (plan.closing === true || plan.ends === true ? 1 : 0) + (plan.ends === true ? 1 : 0)
}

/**
 * Seals all records of a plan and folds them.
 * @throws FiscalError of the signer or the format; the ledger is then unchanged
 */
export async function sealPlan(ledger: Ledger, plan: Plan, context: Omit<SealContext, 'chain'>): Promise<SealedPlan> {
  const count = sizeOfPlan(plan)
  if (count > MAX_REQUEST_RECORDS)
    throw new FiscalError('RECORD_TOO_LARGE', { message: `a request became ${count} records, 200 are allowed` })
  if (count === 1 && plan.closing !== true) return sealSingle(ledger, plan.drafts[0] as SealDraft, context)
  return sealMany(ledger, plan, count, context)
}

async function sealSingle(ledger: Ledger, draft: SealDraft, context: Omit<SealContext, 'chain'>): Promise<SealedPlan> {
  const record = await sealNext(draft, 0, { ...context, chain: ledger.chain })
  foldLedger(ledger, record)
  return { records: [record] }
}

async function sealMany(ledger: Ledger, plan: Plan, count: number, context: Omit<SealContext, 'chain'>): Promise<SealedPlan> {
  const { country } = ledger
  const closes = plan.closing === true || plan.ends === true
  const before = { chain: ledger.chain, totals: closes ? country.totals(ledger.state) : undefined }
  ledger.chain = copyChain(ledger.chain)
  const records: SealedRecord[] = []
  let snapshot: StoredSnapshot | undefined
  const seal = async (draft: SealDraft): Promise<void> => {
    const record = await sealNext(draft, count - 1 - records.length, { ...context, chain: ledger.chain })
    records.push(record)
    foldChain(ledger.chain, record)
  }
  let folded = 0
  const foldCountry = (): void => {
    for (; folded < records.length; folded++) country.fold(ledger.state, records[folded] as SealedRecord)
  }
  try {
    for (const draft of plan.drafts) await seal(draft)
    if (closes) {
      foldCountry()
      const totals = country.totals(ledger.state)
      snapshot = snapshotOf(ledger.chain, totals)
      await seal(checkpointDraft(plan.reason ?? 'closing', () => ({ state: ledger.chain, totals })))
    }
    if (plan.ends === true) await seal(closeDraft(() => ledger.chain, plan.successor))
    foldCountry()
    return { records, ...(snapshot !== undefined && { snapshot }) }
  } catch (error) {
    ledger.chain = before.chain
    if (before.totals !== undefined && folded > 0) ledger.state = country.restore(before.totals)
    throw error
  }
}

/** The state as a store keeps it. */
export function snapshotOf(chain: ChainState, totals: JsonObject): StoredSnapshot {
  const heads = Object.fromEntries([...chain.types].map(([type, head]) => [type, Number(head.seq)]))
  // A copy: the country may go on changing what it handed out.
  const state = JSON.parse(JSON.stringify(stateOf(chain, totals))) as JsonObject
  return { seq: BigInt(chain.seq), hash: chain.hash, state, heads }
}
