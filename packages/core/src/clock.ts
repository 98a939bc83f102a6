// The Clock port: time as it arrives from outside, so that the middle stays pure.

/** A source of wall-clock time. */
export interface Clock {
  /** Milliseconds since 1970-01-01T00:00:00Z; may step back, which the journal records (FORMAT 16.3). */
  now(): number
}

/** The machine's own clock. */
export const systemClock: Clock = { now: () => Date.now() }

let lastMs = Number.NaN
let lastText = ''

/** The form of `ts` in a body: UTC with exactly three decimals. */
export function toTimestamp(ms: number): string {
  // Many records fall into one millisecond.
  if (ms !== lastMs) [lastMs, lastText] = [ms, new Date(ms).toISOString()]
  return lastText
}
