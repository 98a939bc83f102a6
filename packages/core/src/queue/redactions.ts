// Blanking what `sys.redact` records order (FORMAT 14): the record is durable first, then the store rewrites what it has sealed, one
// order after the other, beside the sales. What could not be done yet (a segment that is still open, a failure, a lost process) is taken up
// again when a segment is complete and at the next opening.
import type { JsonObject } from '../canonical.js'
import type { Country, Redaction, RequestEnvelope } from '../country.js'
import type { Body, FiscalRecord } from '../record.js'
import type { StorageWriter } from '../storage.js'
import { recordAt } from './load.js'
import { redactDraft } from './system.js'
import type { SealDraft } from './seal.js'

/** How far one order has come. */
export interface Blanking {
  /** Number of the `sys.redact` record. */
  readonly record: bigint
  /** Contents blanked since the queue was opened. */
  readonly blanked: number
  /** First record that must wait until its segment is complete. */
  readonly remainingFrom?: bigint
}

/** The orders of one open queue. */
export interface Redactions {
  /** Orders found in a batch that is durable; true when there is work. */
  noticed(records: readonly FiscalRecord[]): boolean
  /** Orders an earlier process left unfinished; `newest` is the newest `sys.redact`. True when there is work. */
  resume(writer: StorageWriter, newest: bigint): Promise<boolean>
  /** Does what can be done now. @throws FiscalError what the store throws; the order stays open */
  work(writer: StorageWriter): Promise<void>
  /** True while an order is open. */
  pending(): boolean
  /** All orders seen since opening, oldest first. */
  standing(): readonly Blanking[]
}

/** The record that orders a redaction. */
export function redactionDraft({ from, to, types, archive, reason }: Redaction): SealDraft {
  return redactDraft({ archive, from, reason, to, types: [...types] })
}

/** No orders yet. */
export function openRedactions(country: Pick<Country<RequestEnvelope, unknown, unknown>, 'redactable'>): Redactions {
  const open = new Set<bigint>()
  const seen = new Map<bigint, Blanking>()
  const add = (record: bigint): void => {
    open.add(record)
    seen.set(record, seen.get(record) ?? { record, blanked: 0 })
  }

  async function workOn(writer: StorageWriter, record: bigint): Promise<void> {
    const range = rangeOf((await recordAt(writer, record))?.payload as JsonObject | null | undefined)
    if (range === undefined || writer.blank === undefined) return void open.delete(record)
    const { from, to, types } = range
    const select = (body: Body): boolean => types.has(body.type) && country.redactable?.(body) !== false
    const { blanked, remainingFrom } = await writer.blank({ from, to, record, select })
    const before = seen.get(record)?.blanked ?? 0
    seen.set(record, { record, blanked: before + blanked, ...(remainingFrom !== undefined && { remainingFrom }) })
    if (remainingFrom === undefined) open.delete(record)
  }

  return {
    noticed(records) {
      const orders = records.filter(({ body }) => body.type === 'sys.redact')
      for (const { body } of orders) add(BigInt(body.seq))
      return orders.length > 0
    },
    async resume(writer, newest) {
      for (const record of (await writer.unfinishedBlanks?.(newest)) ?? []) add(record)
      return open.size > 0
    },
    async work(writer) {
      for (const record of [...open].sort((a, b) => Number(a - b))) await workOn(writer, record)
    },
    pending: () => open.size > 0,
    standing: () => [...seen.values()],
  }
}

function rangeOf(
  payload: JsonObject | null | undefined,
): { readonly from: bigint; readonly to: bigint; readonly types: ReadonlySet<string> } | undefined {
  const [from, to, types] = ['from', 'to', 'types'].map((name) => payload?.[name])
  if (!Number.isSafeInteger(from) || !Number.isSafeInteger(to) || !Array.isArray(types)) return undefined
  return { from: BigInt(from as number), to: BigInt(to as number), types: new Set(types as string[]) }
}
