// State of the bare country: totals folded from the signed statements alone, so that a blanked payload changes nothing.
import type { FiscalRecord, Json, JsonObject } from '@sigillo/core'

/** Running totals in cents. Sums are exact at any size. */
export interface BareState {
  /** Over all types. */
  gt: bigint
  /** By type of record. */
  readonly totals: Map<string, bigint>
  /** Closings so far. */
  closings: number
  /** Events so far. */
  events: number
}

/** State before the first record. */
export function initialBare(): BareState {
  return { gt: 0n, totals: new Map(), closings: 0, events: 0 }
}

/** Takes one record in. */
export function foldBare(state: BareState, { body }: FiscalRecord): void {
  if (body.type === 'closing') state.closings += 1
  else if (body.type === 'event') state.events += 1
  else if (body.type === 'ticket' || body.type === 'invoice') {
    const amount = centsIn(body.x?.['amount'])
    state.gt += amount
    state.totals.set(body.type, (state.totals.get(body.type) ?? 0n) + amount)
  }
}

/** The state as JSON: decimal strings of cents. */
export function totalsOfBare(state: BareState): JsonObject {
  const byType = Object.fromEntries([...state.totals].map(([type, cents]) => [type, String(cents)]))
  return { byType, closings: state.closings, events: state.events, gt: String(state.gt) }
}

/** The state a snapshot's totals stand for. */
export function restoreBare(totals: Json): BareState {
  const { byType, closings, events, gt } = totals as {
    byType: Record<string, string>
    closings: number
    events: number
    gt: string
  }
  return {
    gt: BigInt(gt),
    totals: new Map(Object.entries(byType).map(([type, cents]) => [type, BigInt(cents)])),
    closings,
    events,
  }
}

/** Cents in a signed statement, which may come from anyone; 0 for what is no whole number. */
export function centsIn(value: string | number | undefined): bigint {
  return /^-?\d{1,40}$/.test(String(value)) ? BigInt(value as string | number) : 0n
}
