// A clock that stands where a test puts it: the Clock port of core, settable and steppable, also backwards (FORMAT 16.3).
import type { Clock } from '@sigillo/core'

/** A clock in the hands of a test. */
export interface FixedClock extends Clock {
  /** Puts the clock to an instant: ISO 8601 text with zone, or milliseconds since 1970. May lie before the present one. */
  set(instant: string | number): void
  /** Moves the clock by milliseconds; a negative number moves it back. */
  step(ms: number): void
}

/**
 * A clock that starts at `start` and moves only when told to, or by `tickMs` after every reading.
 * @example
 * const clock = fixedClock('2026-03-01T09:00:00.000Z')
 * clock.step(60_000)
 */
export function fixedClock(
  start: string | number = '2026-01-01T08:00:00.000Z',
  options: { readonly tickMs?: number } = {},
): FixedClock {
  const { tickMs = 0 } = options
  let ms = instantOf(start)
  return {
    now: () => {
      const reading = ms
      ms += tickMs
      return reading
    },
    set: (instant) => {
      ms = instantOf(instant)
    },
    step: (by) => {
      ms = instantOf(ms + by)
    },
  }
}

function instantOf(instant: string | number): number {
  const ms = typeof instant === 'number' ? instant : Date.parse(instant)
  if (!Number.isSafeInteger(ms)) throw new RangeError(`not an instant: ${instant}`)
  return ms
}
