// The week's requests by day of business, and the clock both sides of the demo read: the week lies in the past, and records bear the
// hour of their sale.
import { readFileSync, renameSync, writeFileSync } from 'node:fs'

const data = new URL('../../data/', import.meta.url)

/** Settings of the restaurant, as `sigillo init --config` takes them. */
export const settings = JSON.parse(readFileSync(new URL('restaurant.json', data), 'utf8'))

const HOUR_MS = 3_600_000
// Winter in Brittany; services end after midnight, the day of business at five.
const localTime = (ms) => new Date(ms + HOUR_MS).toISOString()
const dayOf = (ms) => localTime(ms - 5 * HOUR_MS).slice(0, 10)

/** `2026-02-26T19:42:07.000+01:00`. */
export const localMoment = (ms) => localTime(ms).replace('Z', '+01:00')

const requests = readFileSync(new URL('restaurant-week.jsonl', data), 'utf8')
  .trimEnd()
  .split('\n')
  .map((line) => JSON.parse(line))

/** Days of business, each with its requests in order. */
export const days = [...new Set(requests.map(({ posMoment }) => dayOf(Date.parse(posMoment))))].map((date) => ({
  date,
  name: new Date(`${date}T12:00:00Z`).toLocaleDateString('en-GB', {
    weekday: 'long',
    day: 'numeric',
    month: 'long',
    timeZone: 'UTC',
  }),
  requests: requests.filter(({ posMoment }) => dayOf(Date.parse(posMoment)) === date),
}))

/** A clock in a file, so that a second process can read it. */
export function openClock(file) {
  let now = 0
  const set = (ms) => {
    now = Math.max(now, ms)
    writeFileSync(`${file}.new`, String(now))
    renameSync(`${file}.new`, file)
  }
  set(Date.parse(requests[0].posMoment) - 60_000)
  return { file, now: () => now, set, at: (moment) => set(Date.parse(moment)) }
}
