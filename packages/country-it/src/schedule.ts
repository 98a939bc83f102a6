// When a message is due (9.4): at once, or after the closed hours at a moment spread over the morning; then by growing waits. The
// spread comes from the message's own digest, so that the same journal always gives the same times and no two devices the same.
import type { Settings } from './options.js'
import type { Message, State } from './state.js'
import { addDays, dateOf, instantOf, minuteOfDay } from './time.js'

const MINUTE = 60_000
const WAITS = [1, 5, 15, 30, 60]
const JITTER = 0.2
const MORNING_FROM = 5
const MORNING_TO = 360
const DAY_MS = 86_400_000
/** Least time between two lottery batches of a device. */
export const BATCH_WAIT_MS = 600_000

/** Milliseconds when a message may next be sent; undefined while it waits for a person or a state. */
export function dueAt(settings: Settings, state: State, message: Message, nowMs: number): number | undefined {
  if (!mayGo(state, message)) return undefined
  const { lane, attempts, sinceMs, lastMs, sha256 } = message
  const fraction = fractionOf(sha256, attempts)
  const wait = (WAITS[Math.min(attempts, WAITS.length) - 1] ?? 0) * (1 - JITTER + 2 * JITTER * fraction)
  const wanted = attempts === 0 ? sinceMs : lastMs + Math.round(wait * MINUTE)
  if (lane === 'setup' || lane === 'event') return wanted
  const opened = Math.max(afterClosedHours(settings, wanted, lane, fraction), nowMs)
  return afterClosedHours(settings, opened, lane, fraction)
}

// A refusal for the device's state waits until somebody has changed it; one for the clock is tried again by schedule.
function mayGo({ device }: State, { state, reason, lane }: Message): boolean {
  if (state === 'ready' || state === 'unknown') return true
  if (state !== 'blocked') return false
  return reason === 'clock' || (lane === 'lottery' && device === 'IN_SERVIZIO')
}

/** True between the hours in which nothing is sent. */
export function isClosed({ zone, closedFrom, closedTo }: Settings, ms: number): boolean {
  const minute = minuteOfDay(zone, ms)
  return minute >= closedFrom && minute < closedTo
}

/** The moment itself, or the first after the closed hours it lies in; receipts are spread over the morning by `fraction`. */
export function afterClosedHours(settings: Settings, ms: number, lane: Message['lane'], fraction = 0): number {
  if (!isClosed(settings, ms)) return ms
  const { zone, closedTo } = settings
  const date = dateOf(zone, ms)
  const end =
    closedTo >= 1440 ? instantOf(zone, `${addDays(date, 1)}T00:00:00`) : instantOf(zone, `${date}T00:00:00`) + closedTo * MINUTE
  if (lane === 'lottery') return end
  return end + Math.round((MORNING_FROM + fraction * (MORNING_TO - MORNING_FROM)) * MINUTE)
}

function fractionOf(sha256: string, attempts: number): number {
  const at = (attempts * 4) % 60
  return Number.parseInt(sha256.slice(at, at + 4) || '0', 16) / 0xffff
}

/** What somebody should know about a message. */
export interface Alarm {
  readonly code: 'IT_MANUAL_INTERVENTION' | 'IT_LATE' | 'IT_LANE_BLOCKED' | 'IT_REJECTED'
  readonly message: Message
}

/** Alarms of the outbox: 5 days without success, 12 days, lanes that wait for a person (9.4, 9.5). Nothing is ever given up. */
export function alarmsOf(state: State, nowMs: number): Alarm[] {
  const out: Alarm[] = []
  for (const message of state.outbox) {
    const days = (nowMs - message.sinceMs) / DAY_MS
    if (message.state === 'rejected') out.push({ code: 'IT_REJECTED', message })
    if (message.state === 'blocked') out.push({ code: 'IT_LANE_BLOCKED', message })
    if (message.lane !== 'receipts') continue
    if (days >= 5) out.push({ code: 'IT_MANUAL_INTERVENTION', message })
    if (days >= 12) out.push({ code: 'IT_LATE', message })
  }
  return out
}
