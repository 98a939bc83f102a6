// Group commit (FORMAT 9.2): while one batch is being made durable, requests wait; then everything waiting becomes the next
// batch. No timer and no artificial delay: a lone caller pays one sync, 256 callers share one.
import type { Json } from '../canonical.js'
import { asFiscal, FiscalError } from '../errors.js'
import type { SealedRecord } from '../record.js'
import type { StoredSnapshot } from '../storage.js'
import { toTimestamp, type Clock } from '../clock.js'
import type { Signer } from '../signer.js'
import { guarded } from '../signer-guard.js'
import { placesLeft } from './chain.js'
import { auditDraft, isJournalType } from './key-records.js'
import { checkKeyEnd } from './key-standing.js'
import { sealPlan, sizeOfPlan, snapshotOf, type Ledger, type Plan } from './ledger.js'
import { checkpointDraft } from './system.js'

/** Most records and bytes of one batch. */
const BATCH_RECORDS = 256
const BATCH_BYTES = 1024 * 1024

/** The moment a request is planned at. */
export interface Moment {
  readonly now: string
  readonly tsBack: number
}

/** One waiting request. */
export interface Job {
  /** Decides what is written. Runs when its turn has come; may refuse by throwing a FiscalError. */
  plan(moment: Moment): Plan | Promise<Plan>
  readonly signal?: AbortSignal | undefined
  /** Called once its records are durable. */
  done(records: readonly SealedRecord[]): void
  /** Called when nothing of it is, or may be, in the journal. */
  failed(error: FiscalError): void
  /** Called right after sealing, before anything is durable. */
  sealed?(records: readonly SealedRecord[]): void
}

/** A sealed request waiting for its batch to become durable. */
export interface Sealed {
  readonly job: Job
  readonly records: readonly SealedRecord[]
}

/** A batch ready to be appended. */
export interface Batch {
  readonly expect: { readonly seq: bigint; readonly hash: string }
  readonly records: readonly SealedRecord[]
  readonly requests: readonly Sealed[]
  readonly snapshots: readonly StoredSnapshot[]
  /** The batch completed a segment. */
  readonly segment: boolean
}

/** What a batch is sealed with. */
export interface BatchContext {
  readonly ledger: Ledger
  /** Of the key that is valid for the next record. */
  readonly signer: () => Signer
  readonly clock: Clock
  readonly epoch: number
  /** Only closings and the journal's own records are accepted (full disk). */
  readonly emergency: boolean
  /** Payload of the newest `signer.audit`. */
  readonly auditTold: () => Promise<Json | undefined>
  readonly warn: (text: string) => void
  /** Called for a signer's failure, and with undefined for a success. */
  signed(error: FiscalError | undefined): void
}

/** Takes jobs from the front of the line and seals them until the batch or the segment is full. */
export async function fillBatch(line: Job[], context: BatchContext): Promise<Batch> {
  const { ledger } = context
  const expect = { seq: BigInt(ledger.chain.seq), hash: ledger.chain.hash }
  const base = ledger.chain.seq + 1
  const draft: { records: SealedRecord[]; requests: Sealed[]; snapshots: StoredSnapshot[]; segment: boolean } = {
    records: [],
    requests: [],
    snapshots: [],
    segment: false,
  }
  let bytes = 0
  while (line.length > 0 && draft.records.length < BATCH_RECORDS && bytes < BATCH_BYTES && !draft.segment) {
    const job = line[0] as Job
    const outcome = await sealJob(job, base, context)
    if (outcome === 'segment-full') {
      const failure = await fillSegment(base, context, draft)
      // Nothing of the request is sealed: it may be sent again. Checkpoints that were sealed stay, the rest is owed.
      if (failure !== undefined) line.shift()?.failed(failure)
      break
    }
    line.shift()
    if (outcome instanceof FiscalError) {
      job.failed(outcome)
      continue
    }
    for (const record of outcome.records) bytes += record.payloadText.length + record.bodyText.length
    draft.records.push(...outcome.records)
    draft.requests.push({ job, records: outcome.records })
    if (outcome.snapshot !== undefined) draft.snapshots.push(outcome.snapshot)
    job.sealed?.(outcome.records)
    // Nothing follows sys.close, not even a segment's checkpoint.
    if (ledger.chain.ended) continue
    const left = placesLeft(ledger.chain)
    // A checkpoint that fails here is owed: the request before it is whole, and the next batch begins with filling the segment.
    if (left === 1 && (await fillSegment(base, context, draft)) !== undefined) break
    if (left === segmentSize(ledger)) draft.segment = true
  }
  return { expect, ...draft }
}

function segmentSize(ledger: Ledger): number {
  return 2 ** ledger.chain.segBits
}

async function sealJob(
  job: Job,
  base: number,
  context: BatchContext,
): Promise<Awaited<ReturnType<typeof sealPlan>> | FiscalError | 'segment-full'> {
  const { ledger } = context
  try {
    if (job.signal?.aborted === true) throw new FiscalError('ABORTED', { message: 'cancelled before anything was signed' })
    // The request before it in the line may have been the last of the queue.
    if (ledger.chain.ended) throw new FiscalError('QUEUE_ENDED', { message: 'the queue has ended' })
    const moment = momentOf(context)
    const planned = await job.plan(moment)
    checkKeyEnd(ledger.chain, planned)
    const signer = planned.signer ?? context.signer()
    const plan = planned.closing === true && planned.reason === undefined ? await withAudit(planned, signer, context) : planned
    if (
      context.emergency &&
      plan.closing !== true &&
      plan.ends !== true &&
      !plan.drafts.every((draft) => isJournalType(draft.type))
    ) {
      throw new FiscalError('STORAGE_FULL', { message: 'the medium is full; only closings are accepted until space is free' })
    }
    if (!fits(plan, ledger)) return 'segment-full'
    const { epoch } = context
    const sealed = await sealPlan(ledger, plan, {
      base,
      epoch,
      signer,
      ts: moment.now,
      tsBack: moment.tsBack,
      signal: job.signal,
    })
    context.signed(undefined)
    return sealed
  } catch (error) {
    return noted(error, context)
  }
}

// Each closing of the country takes along where the signer's audit log stands, so that nothing can be taken from it unseen later.
async function withAudit(plan: Plan, signer: Signer, context: BatchContext): Promise<Plan> {
  const audit = await auditDraft(guarded(signer), context.auditTold)
  if (audit?.broken === true) context.warn('the audit log of the signer is not the one told of in the journal')
  return audit === undefined ? plan : { ...plan, drafts: [...plan.drafts, audit.draft] }
}

function fits(plan: Plan, ledger: Ledger): boolean {
  const size = sizeOfPlan(plan)
  const places = placesLeft(ledger.chain)
  if (size >= segmentSize(ledger))
    throw new FiscalError('RECORD_TOO_LARGE', { message: `a request of ${size} records does not fit into a segment` })
  if (size !== places) return size < places
  // In the last place: the checkpoint of a closing; and the new key of a recovery, whose predecessor can sign no checkpoint any more.
  return (plan.closing === true && plan.ends !== true) || (size === 1 && plan.signer !== undefined)
}

/** The clock as records carry it: true, with the step back stated (FORMAT 16.3). */
export function momentOf(context: Pick<BatchContext, 'clock' | 'ledger'>): Moment {
  const ms = context.clock.now()
  const { lastTs } = context.ledger.chain
  const last = lastTs === '' ? ms : Date.parse(lastTs)
  return { now: toTimestamp(ms), tsBack: last > ms ? last - ms : 0 }
}

// Checkpoints up to and including the last place of the segment; a request that does not fit starts in the next one. Returns why it
// could not be filled; what was sealed until then is in the draft and stays.
async function fillSegment(
  base: number,
  context: BatchContext,
  draft: { records: SealedRecord[]; snapshots: StoredSnapshot[]; segment: boolean },
): Promise<FiscalError | undefined> {
  const { ledger, epoch } = context
  const { now: ts, tsBack } = momentOf(context)
  try {
    for (let places = placesLeft(ledger.chain); places > 0; places--) {
      const totals = ledger.country.totals(ledger.state)
      const snapshot = places === 1 ? snapshotOf(ledger.chain, totals) : undefined
      const plan = { drafts: [checkpointDraft('segment', () => ({ state: ledger.chain, totals }))] }
      const sealed = await sealPlan(ledger, plan, { base, epoch, signer: context.signer(), ts, tsBack })
      draft.records.push(...sealed.records)
      if (snapshot !== undefined) draft.snapshots.push(snapshot)
    }
    draft.segment = true
    context.signed(undefined)
    return undefined
  } catch (error) {
    return noted(error, context)
  }
}

function noted(error: unknown, context: BatchContext): FiscalError {
  const failure = asFiscal(error)
  if (failure.kind === 'signer') context.signed(failure)
  return failure
}
