// Forming lottery batches (11.2): documents of one till and one day, at most a hundred, below the size limit, one batch in ten minutes,
// never in the closed hours, and only when the batch before is finished.
import type { FiscalRecord } from '@sigillo/core'
import { lotteryEntry } from './lottery.js'
import { lotteryMessage } from './messages.js'
import type { Settings } from './options.js'
import { firstOf } from './outbox.js'
import { documentOf, isDocument } from './reference.js'
import { BATCH_WAIT_MS, isClosed } from './schedule.js'
import type { State } from './state.js'

/** Documents a file may hold. */
const MOST = 100
/** Room the signature and its certificate take. */
const SIGNATURE_BYTES = 6000

/** Record numbers of the next batch, or undefined while none is due. */
export async function nextBatch(
  settings: Settings,
  state: State,
  find: (seq: number) => Promise<FiscalRecord | undefined>,
  { nowMs, lotteryLimit }: { readonly nowMs: number; readonly lotteryLimit: number },
): Promise<number[] | undefined> {
  // Before it is in service a device's batches are refused (00303).
  if (state.device !== 'IN_SERVIZIO') return undefined
  const [first] = state.lottery.items
  const early = state.lottery.lastBatchMs !== 0 && nowMs - state.lottery.lastBatchMs < BATCH_WAIT_MS
  if (first === undefined || early || isClosed(settings, nowMs) || firstOf(state, 'lottery') !== undefined) return undefined
  let items = state.lottery.items.filter(({ till, date }) => till === first.till && date === first.date).slice(0, MOST)
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
