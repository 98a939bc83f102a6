// Local time of the establishment, business days and financial years (9.1, 9.4). UTC is stored; local strings may repeat at the
// autumn change. The zone data is the platform's; nothing here reads a clock.

const QUARTER_MS = 900_000

/** Local wall time of one zone. */
export interface Zone {
  readonly name: string
  /** Minutes to add to UTC at an instant. */
  offsetMinutes(ms: number): number
}

/** @throws RangeError when the platform does not know the zone */
export function openZone(name: string): Zone {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: name,
    hourCycle: 'h23',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
  })
  // Offsets change only at quarter hours, and receipts come minutes apart: the last quarter is remembered.
  let quarter = Number.NaN
  let minutes = 0
  const offsetMinutes = (ms: number): number => {
    const at = Math.floor(ms / QUARTER_MS)
    if (at !== quarter) {
      minutes = offsetAt(format, at * QUARTER_MS)
      quarter = at
    }
    return minutes
  }
  return { name, offsetMinutes }
}

function offsetAt(format: Intl.DateTimeFormat, ms: number): number {
  const part: Record<string, number> = {}
  for (const { type, value } of format.formatToParts(ms)) part[type] = Number(value)
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = part
  return Math.round((Date.UTC(year, month - 1, day, hour, minute, second) - ms) / 60_000)
}

/** Local wall time as `YYYY-MM-DDThh:mm:ss`. */
export function localTime(zone: Zone, ms: number): string {
  return new Date(ms + zone.offsetMinutes(ms) * 60_000).toISOString().slice(0, 19)
}

/** `YYYYMMDDHHMMSS` of local wall time (5.4). */
export function compact(local: string): string {
  return (
    local.slice(0, 4) + local.slice(5, 7) + local.slice(8, 10) + local.slice(11, 13) + local.slice(14, 16) + local.slice(17, 19)
  )
}

/** `JJ/MM/AAAA HH:MM:SS` of a compact moment. */
export function frenchMoment(moment: string): string {
  const at = (from: number, to: number): string => moment.slice(from, to)
  return `${at(6, 8)}/${at(4, 6)}/${at(0, 4)} ${at(8, 10)}:${at(10, 12)}:${at(12, 14)}`
}

/** Business date `YYYY-MM-DD`: the local date of wall time minus the cut-off (9.1). */
export function businessDate(zone: Zone, ms: number, cutoffMinutes: number): string {
  return new Date(ms + (zone.offsetMinutes(ms) - cutoffMinutes) * 60_000).toISOString().slice(0, 10)
}

/** Last date of the financial year a date lies in, for a year that ends on `MM-DD`. */
export function yearEndOf(date: string, end: string): string {
  const year = Number(date.slice(0, 4))
  const own = endIn(year, end)
  return date <= own ? own : endIn(year + 1, end)
}

// 29 February is the last of February in every year.
function endIn(year: number, end: string): string {
  const leap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0
  const day = end === '02-29' && !leap ? '02-28' : end
  return `${String(year).padStart(4, '0')}-${day}`
}

/** A date so many months later; the 31st becomes the last of a shorter month. */
export function addMonths(date: string, months: number): string {
  const [year, month, day] = date.split('-').map(Number) as [number, number, number]
  const first = new Date(Date.UTC(year, month - 1 + months, 1))
  const last = new Date(Date.UTC(first.getUTCFullYear(), first.getUTCMonth() + 1, 0)).getUTCDate()
  first.setUTCDate(Math.min(day, last))
  return first.toISOString().slice(0, 10)
}

/** Whole days from one date to another. */
export function daysBetween(from: string, to: string): number {
  return Math.round((Date.parse(`${to}T00:00:00Z`) - Date.parse(`${from}T00:00:00Z`)) / 86_400_000)
}

/** Instant of local wall time; of two equal wall times the earlier instant. */
export function instantOf(zone: Zone, local: string): number {
  const wall = Date.parse(`${local}Z`)
  const first = wall - zone.offsetMinutes(wall - 86_400_000) * 60_000
  if (localTime(zone, first) === local) return first
  return wall - zone.offsetMinutes(wall + 86_400_000) * 60_000
}
