// Forming lottery batches (11.2): documents of one till and one day, at most a hundred, below the size limit, one batch in ten minutes,
// never in the closed hours, and only when the batch before is finished.
import type { FiscalRecord } from '@sigillo/core'
import { lotteryEntry } from './lottery.js'
import { lotteryMessage } from './messages.js'
import type { Settings } from './options.js'
import { firstOf } from './outbox.js'
import { documentOf, isDocument } from './reference.js'
import { afterClosedHours, BATCH_WAIT_MS } from './schedule.js'
import type { State } from './state.js'

/** Documents a file may hold. */
const MOST = 100
/** Room the signature and its certificate take. */
const SIGNATURE_BYTES = 6000

/** Milliseconds when the next batch may be formed; undefined while none is to be, or the one before is not finished. */
export function batchDue(settings: Settings, state: State, nowMs: number): number | undefined {
  // Before it is in service a device's batches are refused (00303).
  if (state.device !== 'IN_SERVIZIO' || firstOf(state, 'lottery') !== undefined) return undefined
  const { items, lastBatchMs } = state.lottery
  if (items.length === 0) return undefined
  const spaced = lastBatchMs === 0 ? nowMs : Math.max(nowMs, lastBatchMs + BATCH_WAIT_MS)
  return afterClosedHours(settings, spaced, 'lottery')
}

/** Record numbers of the next batch, or undefined while none is due. */
export async function nextBatch(
  settings: Settings,
  state: State,
  find: (seq: number) => Promise<FiscalRecord | undefined>,
  { nowMs, lotteryLimit }: { readonly nowMs: number; readonly lotteryLimit: number },
): Promise<number[] | undefined> {
  const [first] = state.lottery.items
  const due = batchDue(settings, state, nowMs)
  if (first === undefined || due === undefined || due > nowMs) return undefined
  const most = Math.min(first.most ?? MOST, MOST)
  let items = state.lottery.items.filter(({ till, date }) => till === first.till && date === first.date).slice(0, most)
  const records: FiscalRecord[] = []
  for (const { seq } of items) {
    const record = await find(seq)
    if (record !== undefined && isDocument(record)) records.push(record)
  }
  while (items.length > 1 && sizeOf(records.slice(0, items.length), first.till) > lotteryLimit)
    items = items.slice(0, Math.ceil(items.length / 2))
  return items.map(({ seq }) => seq)
}

function sizeOf(records: readonly FiscalRecord[], till: string): number {
  const [first] = records
  const name = first === undefined ? '' : documentOf(first).issuer.name
  return (
    lotteryMessage({ batch: 0, till, date: '', name, documents: [], simulation: true }, records.map(lotteryEntry)).length +
    SIGNATURE_BYTES
  )
}
