// Local time of the shop: date-times with offset, as messages carry them and paper shows them (4). Zone data is the platform's;
// nothing here reads a clock.

/** A zone. */
export interface Zone {
  /** Minutes to add to UTC at an instant. */
  offsetMinutes(ms: number): number
}

const QUARTER_MS = 900_000

/** @throws RangeError when the platform does not know the zone */
export function openZone(timeZone: string): Zone {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
  })
  let [quarter, minutes] = [Number.NaN, 0]
  return {
    offsetMinutes(ms) {
      const at = Math.floor(ms / QUARTER_MS)
      if (at !== quarter) [quarter, minutes] = [at, offsetAt(format, at * QUARTER_MS)]
      return minutes
    },
  }
}

function offsetAt(format: Intl.DateTimeFormat, ms: number): number {
  const part: Record<string, number> = {}
  for (const { type, value } of format.formatToParts(ms)) part[type] = Number(value)
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = part
  return Math.round((Date.UTC(year, month - 1, day, hour, minute, second) - ms) / 60_000)
}

/** `2026-11-20T20:14:07+01:00`. */
export function dateTime(zone: Zone, ms: number): string {
  const offset = zone.offsetMinutes(ms)
  const local = new Date(ms + offset * 60_000).toISOString().slice(0, 19)
  const [hours, minutes] = [Math.floor(Math.abs(offset) / 60), Math.abs(offset) % 60]
  return `${local}${offset < 0 ? '-' : '+'}${String(hours).padStart(2, '0')}:${String(minutes).padStart(2, '0')}`
}

/** Local date `YYYY-MM-DD`. */
export function dateOf(zone: Zone, ms: number): string {
  return dateTime(zone, ms).slice(0, 10)
}

/** Minutes since local midnight. */
export function minuteOfDay(zone: Zone, ms: number): number {
  const local = dateTime(zone, ms)
  return Number(local.slice(11, 13)) * 60 + Number(local.slice(14, 16))
}

/** Instant of local wall time `YYYY-MM-DDThh:mm:ss`; of two equal wall times the earlier instant. */
export function instantOf(zone: Zone, local: string): number {
  const wall = Date.parse(`${local}Z`)
  const first = wall - zone.offsetMinutes(wall - 86_400_000) * 60_000
  if (dateTime(zone, first).startsWith(local)) return first
  return wall - zone.offsetMinutes(wall + 86_400_000) * 60_000
}

/** A date so many days later. */
export function addDays(date: string, days: number): string {
  return new Date(Date.parse(`${date}T00:00:00Z`) + days * 86_400_000).toISOString().slice(0, 10)
}

/** Whole days from one date to another. */
export function daysBetween(from: string, to: string): number {
  return Math.round((Date.parse(`${to}T00:00:00Z`) - Date.parse(`${from}T00:00:00Z`)) / 86_400_000)
}

/** `dd-mm-yyyy hh:mm` of a date-time. */
export function paperMoment(moment: string): string {
  return `${paperDate(moment)} ${moment.slice(11, 16)}`
}

/** `dd-mm-yyyy` of a date or date-time. */
export function paperDate(moment: string): string {
  return `${moment.slice(8, 10)}-${moment.slice(5, 7)}-${moment.slice(0, 4)}`
}
