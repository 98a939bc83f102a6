// Local Italian time (4): what a message without an offset means, and what an answer shows.
import { normalise, dateTime } from './types.js'

const format = new Intl.DateTimeFormat('en-CA', {
  timeZone: 'Europe/Rome',
  year: 'numeric',
  month: '2-digit',
  day: '2-digit',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
})

/** Date and time in Rome, as `2026-11-20T20:14:07`. */
export function romeTime(ms: number): string {
  const parts = Object.fromEntries(format.formatToParts(ms).map(({ type, value }) => [type, value]))
  const { year, month, day, hour, minute, second } = parts as Record<string, string>
  return `${year}-${month}-${day}T${hour}:${minute}:${second}`
}

/** Date in Rome, as `2026-11-20`. */
export function romeDate(ms: number): string {
  return romeTime(ms).slice(0, 10)
}

/** Milliseconds of a date and time in a message; without offset it is Rome's. The message was checked before. */
export function momentOf(value: string): number {
  const clean = normalise(dateTime, value)
  if (clean.startsWith('-')) return Number.NEGATIVE_INFINITY
  if (/(Z|[+-]\d\d:\d\d)$/.test(clean)) return known(Date.parse(clean))
  // The offset at that local time: the first guess may lie on the other side of a change of clock.
  const local = Date.parse(`${clean}Z`)
  if (Number.isNaN(local)) return Number.POSITIVE_INFINITY
  const offset = (at: number): number => Date.parse(`${romeTime(at)}Z`) - Math.floor(at / 1000) * 1000
  const guess = local - offset(local)
  return known(local - offset(guess))
}

// A year beyond what the platform counts is far in the future.
const known = (ms: number): number => (Number.isNaN(ms) ? Number.POSITIVE_INFINITY : ms)
